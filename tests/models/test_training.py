from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np
import pytest
import torch
import yaml
from models_frames import write_frames
from starting import wait_for_worker

from edge_nav.errors import UsageError
from edge_nav.types import Intrinsics
from models.data.dataset import TrueFrame, list_frames, read_frame
from models.depth import checkpoint
from models.depth.augment import AugmentSettings, augmented
from models.depth.batches import TrainingBatches
from models.depth.network import NanoDepth, NanoSettings
from models.depth.settings import DataSettings, TrainSettings
from models.depth.training import Stopped, train
from models.lock import alone
from models.yaml_settings import read_yaml

TINY = NanoSettings(
    stem=8, widths=(8, 8, 12, 16), blocks=(1, 1, 1, 1), heads=2, attention=1, decoder=(12, 8, 8, 8), labels=20
)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("frames")
    write_frames(root, range(4))
    return write_frames(root, range(900_000, 900_002))


def recipe(frames: Path, **changes: object) -> TrainSettings:
    data = DataSettings(folders=[frames], workers=0)
    fixed = {"height": 64, "width": 64, "batch": 4, "steps": 8, "warmup": 2, "decay": 2, "log_every": 1}
    return TrainSettings.model_validate({"data": data, "network": TINY, **fixed, "validate_every": 4, **changes})


def weights(path: Path) -> dict[str, torch.Tensor]:
    state = checkpoint.load(path)
    return {**state["network"], **{f"average.{k}": v for k, v in state["average"].items()}}


def test_an_interrupted_run_ends_with_the_same_weights(frames: Path, tmp_path: Path) -> None:
    whole = train(recipe(frames), tmp_path / "whole")
    first = train(recipe(frames), tmp_path / "parts", stop_at=3)
    assert first.name == "step-0000003.pt"
    last = train(recipe(frames), tmp_path / "parts")
    assert last.name == whole.name == "step-0000008.pt"
    a, b = weights(whole), weights(last)
    assert all(torch.equal(a[name], b[name]) for name in a)
    lines = [json.loads(line) for line in (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 9))
    assert [line["step"] for line in lines if "held_out_abs_rel" in line] == [4, 8]
    assert list((tmp_path / "parts" / "tensorboard").iterdir())


def test_steps_that_are_taken_again_are_logged_once(frames: Path, tmp_path: Path) -> None:
    train(recipe(frames, save_every=2), tmp_path, stop_at=5)
    newest = checkpoint.latest(tmp_path / "checkpoints")
    assert newest is not None
    newest.unlink()  # as when the process is killed before it is written
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text(metrics.read_text() + '{"step": 5, "wa')
    train(recipe(frames, save_every=2), tmp_path)
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 9))


def test_the_first_steps_are_taken_at_the_smaller_size(frames: Path, tmp_path: Path) -> None:
    settings = recipe(frames, width=96, small_until=2, small_height=64, small_width=64)
    batches = TrainingBatches(list_frames([frames], 0, 900_000), settings)
    assert [tuple(batches[step].pixels.shape[2:]) for step in range(4)] == [(64, 64), (64, 64), (64, 96), (64, 96)]
    assert tuple(batches[1].log_depth.shape[2:]) == (32, 32)


def test_the_average_begins_anew_where_pictures_grow(frames: Path, tmp_path: Path) -> None:
    def lag(small_until: int) -> float:
        settings = recipe(frames, steps=30, small_until=small_until, small_height=64, small_width=64, width=96)
        state = checkpoint.load(train(settings, tmp_path / str(small_until)))
        return sum(float((state["average"][k] - v).abs().sum()) for k, v in state["network"].items())

    assert lag(28) < 0.5 * lag(30)


def test_it_learns(frames: Path, tmp_path: Path) -> None:
    plain = {"zoom": 1.0, "aspect": 0.0, "colour": 0.0, "sensor": 0.0, "grey": 0.0, "recolour": 0.0, "erase": 0.0}
    train(recipe(frames, steps=60, learning_rate=0.01, validate_every=60, augment=plain), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [line["depth"] for line in lines if "depth" in line]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:3])


def test_a_damaged_checkpoint_names_the_one_before(frames: Path, tmp_path: Path) -> None:
    train(recipe(frames, save_every=2), tmp_path, stop_at=4)
    newest = checkpoint.latest(tmp_path / "checkpoints")
    assert newest is not None
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.raises(UsageError, match=r"step-0000004\.pt is damaged .* go on from step-0000002\.pt"):
        train(recipe(frames), tmp_path)
    newest.unlink()
    assert train(recipe(frames), tmp_path, stop_at=3).name == "step-0000003.pt"


def test_a_checkpoint_with_a_spoilt_weight_is_refused(frames: Path, tmp_path: Path) -> None:
    newest = train(recipe(frames), tmp_path, stop_at=1)
    data = bytearray(newest.read_bytes())
    with ZipFile(newest) as parts:
        weight = parts.read(max(parts.infolist(), key=lambda part: part.file_size))
    data[data.index(weight) + len(weight) // 2] ^= 0xFF
    newest.write_bytes(data)
    with pytest.raises(UsageError, match=r"is damaged \(BadZipFile\): delete it to start anew"):
        train(recipe(frames), tmp_path)


def test_a_checkpoint_without_its_parts_is_refused(frames: Path, tmp_path: Path) -> None:
    newest = train(recipe(frames), tmp_path, stop_at=1)
    whole = checkpoint.load(newest)
    other = {**whole["network"], "stem.0.weight": torch.zeros(1)}
    for spoilt in (
        {"step": 1},
        {**whole, "network_settings": None},
        {**whole, "network": other},
        {**whole, "optimisers": [{}, {}]},
    ):
        torch.save(spoilt, newest)
        with pytest.raises(UsageError, match="is damaged"):
            train(recipe(frames), tmp_path)


def test_copies_beside_the_checkpoints_are_left_alone(frames: Path, tmp_path: Path) -> None:
    first = train(recipe(frames), tmp_path, stop_at=1)
    copies = [first.with_name(name) for name in ("step-0000001-best.pt", "step-last.pt")]
    for copy in copies:
        copy.write_bytes(b"mine")
    assert train(recipe(frames, save_every=1), tmp_path).name == "step-0000008.pt"
    assert all(copy.read_bytes() == b"mine" for copy in copies)


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be written .* run the same command again\.$"):
        checkpoint.save(tmp_path / "file", 1, {"step": 1})
    checkpoint.save(tmp_path, 1, {"step": 1})
    (tmp_path / "step-0000002.part").mkdir()
    with pytest.raises(UsageError, match=r"cannot be written .* again; the checkpoint before it is kept\.$"):
        checkpoint.save(tmp_path, 2, {"step": 2})


@pytest.mark.parametrize("workers", [0, 1])
def test_a_frame_that_cannot_be_read_loses_no_step(tmp_path: Path, workers: int) -> None:
    root = write_frames(write_frames(tmp_path / "frames", range(8)), range(900_000, 900_001))
    settings = recipe(root, batch=1, steps=16)
    settings = settings.model_copy(update={"data": settings.data.model_copy(update={"workers": workers})})
    picture = root / "s000003" / "01.depth.png"
    whole = picture.read_bytes()
    picture.write_bytes(b"no picture")
    with pytest.raises(UsageError) as told:
        train(settings, tmp_path / "out")
    assert str(told.value) == f"picture {picture} cannot be read: remove its folder and generate it again."
    assert not multiprocessing.active_children()  # although the error is held
    found = checkpoint.latest(tmp_path / "out" / "checkpoints")
    assert found is not None
    lost = checkpoint.load(found)["step"]
    picture.write_bytes(whole)
    train(settings, tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 17))
    assert 0 < lost < 16


@pytest.mark.parametrize(("what", "value"), [("label", 250), ("depth", None)])
def test_a_frame_that_is_no_frame_is_refused(tmp_path: Path, what: str, value: int | None) -> None:
    root = write_frames(tmp_path, range(1))
    picture = root / "s000000" / f"00.{what}.png"
    plane = np.full((120, 160), value, np.uint8) if value else np.zeros((60, 160), np.uint16)
    cv2.imwrite(str(picture), plane)
    with pytest.raises(UsageError, match=r"frame 0 of .*s000000 has pictures of other sizes .* generate it again"):
        read_frame(list_frames([root], 0, 1)[0])


@pytest.mark.parametrize("wrong", [{"heads": 5}, {"widths": (8, 0, -5, 32)}, {"decoder": (0, 0, 0, 0)}])
def test_a_network_that_cannot_be_built_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} .*: give"):
        NanoSettings.model_validate({**TINY.model_dump(), **wrong})


def test_another_network_is_refused(frames: Path, tmp_path: Path) -> None:
    train(recipe(frames), tmp_path, stop_at=1)
    with pytest.raises(UsageError, match="another attention"):
        train(recipe(frames, network=TINY.model_copy(update={"attention": 2})), tmp_path)


def test_a_fine_branch_begins_with_what_was_learnt_without(frames: Path, tmp_path: Path) -> None:
    coarse = train(recipe(frames), tmp_path / "coarse", stop_at=2)
    finer = TINY.model_copy(update={"fine": 8})
    settings = recipe(frames, network=finer, height=128, width=128, start=coarse, learning_rate=1e-9, average=0.0)
    fine = train(settings, tmp_path / "fine", stop_at=1)
    a, b = checkpoint.load(coarse)["average"], checkpoint.load(fine)["network"]
    kept = [
        name for name in a if "running" not in name and "num_batches" not in name and a[name].shape == b[name].shape
    ]
    assert any(name.startswith("stages.") for name in kept)
    assert all(torch.allclose(a[name], b[name], atol=1e-6) for name in kept)
    with torch.no_grad():
        network = NanoDepth(finer).eval()
        assert network(torch.zeros(1, 3, 128, 192)).log_depth.shape == (1, 1, 64, 96)
    with pytest.raises(ValueError, match="multiples of 64"):
        recipe(frames, network=finer, height=96, width=128)


def test_a_deeper_network_begins_as_the_one_it_began_with() -> None:
    small, pixels = NanoDepth(TINY).eval(), torch.rand(2, 3, 64, 96)
    for weight in small.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    deeper = TINY.model_copy(update={"blocks": (2, 3, 3, 2), "attention": 3, "refine": 2})
    network = NanoDepth(deeper).eval()
    missing, unexpected = network.load_state_dict(small.state_dict(), strict=False)
    assert missing and not unexpected
    with torch.no_grad():
        for had, now in zip(small(pixels), network(pixels), strict=True):
            assert torch.allclose(had, now, atol=1e-5)


def test_small_pictures_suit_the_fine_branch_too(frames: Path) -> None:
    with pytest.raises(ValueError, match="multiples of 64"):
        recipe(frames, network=TINY.model_copy(update={"fine": 8}), small_until=2, small_height=64, small_width=96)


def test_a_label_head_names_all_classes_or_is_none(frames: Path) -> None:
    with pytest.raises(ValueError, match=r"network.labels 19: give 20, or 0"):
        recipe(frames, network=TINY.model_copy(update={"labels": 19}))


def test_what_is_begun_with_lies_between_two_checkpoints(frames: Path, tmp_path: Path) -> None:
    one = train(recipe(frames), tmp_path / "one", stop_at=2)
    two = train(recipe(frames, start=one, learning_rate=0.05), tmp_path / "two", stop_at=2)
    settings = recipe(frames, start=one, blend=two, blend_share=0.25, learning_rate=1e-9, average=0.0)
    mixed = checkpoint.load(train(settings, tmp_path / "mixed", stop_at=1))["network"]
    a, b = (checkpoint.load(path)["average"] for path in (one, two))
    name = "depth.1.weight"
    assert not torch.allclose(a[name], b[name], atol=1e-4)
    assert torch.allclose(mixed[name], 0.75 * a[name] + 0.25 * b[name], atol=1e-6)
    with pytest.raises(UsageError, match=r"blend .*gone.pt is no file"):
        train(recipe(frames, start=one, blend=tmp_path / "gone.pt"), tmp_path / "none")
    with pytest.raises(ValueError, match="give a start"):
        recipe(frames, blend=two)
    with pytest.raises(ValueError, match="only two checkpoints can be blended"):
        recipe(frames, start=one, blend=tmp_path)  # a folder is a bundle


def test_the_label_head_can_be_taught_alone(frames: Path, tmp_path: Path) -> None:
    one = train(recipe(frames), tmp_path / "one", stop_at=2)
    two = train(recipe(frames, start=one, only_labels=True, average=0.0), tmp_path / "two")
    a, b = checkpoint.load(one)["average"], checkpoint.load(two)["average"]
    changed = {name for name in a if not torch.equal(a[name], b[name])}
    assert changed == {"label.weight", "label.bias"}
    headless = TINY.model_copy(update={"labels": 0})
    for wrong in ({"network": headless, "start": one}, {"start": None}):
        with pytest.raises(ValueError, match="only_labels: give a label head"):
            recipe(frames, only_labels=True, **wrong)


def test_a_start_of_another_kind_is_refused(frames: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        train(recipe(frames, start=tmp_path / "nowhere.pt"), tmp_path / "out")
    other = tmp_path / "step-0000001.pt"
    torch.save({"step": 1, "average": {"nothing": torch.zeros(1)}}, other)
    with pytest.raises(UsageError, match="no weight in common"):
        train(recipe(frames, start=other), tmp_path / "out")


def test_a_second_run_in_the_same_folder_is_refused(frames: Path, tmp_path: Path) -> None:
    with alone(tmp_path, "a network is being trained"), pytest.raises(UsageError, match=r"being trained in .* already"):
        train(recipe(frames), tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def begun(frames: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """A training with a worker, in a process group of its own."""
    config = tmp_path / "recipe.yaml"
    data = DataSettings(folders=[frames], workers=1)
    settings = recipe(frames, steps=5000, data=data).model_dump(mode="json", by_alias=True)
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "models.train", "depth", "--config", str(config), "--out", str(tmp_path / "out")]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_starting_hears_no_signal(frames: Path, tmp_path: Path, number: signal.Signals) -> None:
    with begun(frames, tmp_path) as process:
        wait_for_worker(process)
        os.killpg(process.pid, number)
        _, said = process.communicate()
    assert "Traceback" not in said
    assert "stopped at step 1: the same command goes on from there" in said
    assert process.returncode == 130


def test_being_ended_by_the_system_loses_nothing(frames: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "out" / "metrics.jsonl"
    with begun(frames, tmp_path) as process:
        while not metrics.is_file() or not metrics.read_text().endswith("\n"):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGTERM)  # the workers too, as timeout, systemd and Slurm do
        _, said = process.communicate()
    assert "Traceback" not in said
    assert process.returncode == 130  # so that `train && export` exports no half-trained network
    assert "the same command goes on from there" in said
    found = checkpoint.latest(tmp_path / "out" / "checkpoints")
    assert found is not None
    end = checkpoint.load(found)["step"] + 2
    parts = train(recipe(frames, steps=5000), tmp_path / "out", stop_at=end)
    whole = train(recipe(frames, steps=5000), tmp_path / "whole", stop_at=end)
    a, b = weights(whole), weights(parts)
    assert whole.name == parts.name and all(torch.equal(a[name], b[name]) for name in a)


def test_a_wish_to_stop_that_comes_with_the_last_step_changes_nothing(frames: Path, tmp_path: Path) -> None:
    asked = iter([False, True, True, True])
    with pytest.raises(Stopped):
        train(recipe(frames), tmp_path, asked_to_stop=lambda: next(asked))
    found = checkpoint.latest(tmp_path / "checkpoints")
    assert found is not None and found.name == "step-0000002.pt"
    assert train(recipe(frames), tmp_path, 3, lambda: True).name == "step-0000003.pt"
    assert train(recipe(frames, steps=4), tmp_path, None, lambda: True).name == "step-0000004.pt"


def test_who_asks_twice_does_not_wait() -> None:
    script = (
        "import os, signal, sys\n"
        "from models import train\n"
        "asked = train._asked_to_stop()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "print(asked())\n"
        "train.AGAIN_S = 0.0\n"
        "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "except KeyboardInterrupt:\n    print('at once')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["True", "at once", ""]


@pytest.mark.slow
def test_two_processes_go_on_where_they_stopped(frames: Path, tmp_path: Path) -> None:
    config = tmp_path / "recipe.yaml"
    config.write_text(yaml.safe_dump(recipe(frames, steps=4).model_dump(mode="json", by_alias=True)))

    def run(out: str, *more: str) -> dict[str, torch.Tensor]:
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
        command += ["-m", "models.train", "depth", "--config", str(config), "--out", str(tmp_path / out), *more]
        environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        found = checkpoint.latest(tmp_path / out / "checkpoints")
        assert found is not None
        return weights(found)

    whole = run("whole")
    run("parts", "--stop-at", "2")
    parts = run("parts")
    assert all(torch.allclose(whole[name], parts[name], atol=1e-6) for name in whole)


def test_settings_that_do_not_fit_together_are_named_without_the_whole_file(frames: Path, tmp_path: Path) -> None:
    config = tmp_path / "recipe.yaml"
    settings = {**recipe(frames).model_dump(mode="json", by_alias=True), "decay": 30}
    config.write_text(yaml.safe_dump(settings))
    with pytest.raises(UsageError) as told:
        read_yaml(config, TrainSettings)
    assert str(told.value) == f"settings {config} are wrong (warmup 2 and decay 30 are longer than steps 8)."
    config.write_text(yaml.safe_dump({**settings, "batch": 0}))
    with pytest.raises(UsageError, match=r"recipe.yaml: batch = 0 is wrong \(Input should be greater than"):
        read_yaml(config, TrainSettings)


def test_no_frames(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder: generate it"):
        train(recipe(tmp_path / "nowhere"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_things_are_recoloured_each_in_its_own_way() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    grey[..., 0] = 60
    instance = np.repeat(np.arange(8, dtype=np.uint16), 8).reshape(8, 8)
    frame = TrueFrame(grey, np.full((8, 8), 2.0, np.float32), np.zeros((8, 8), np.uint8), instance)
    others = {"zoom": 1.0, "aspect": 0.0, "colour": 0.0, "sensor": 0.0, "grey": 0.0, "erase": 0.0}
    settings = AugmentSettings.model_validate({**others, "recolour": 1.0})
    sample = augmented(frame, Intrinsics.from_fov(8, 8, 70), (8, 8), settings, np.random.default_rng(3))
    rows = sample.rgb.reshape(8, -1, 3)
    assert all((row == row[0]).all() for row in rows)  # one thing, one colour
    colours = {tuple(row[0].tolist()) for row in rows}
    assert (60, 100, 100) in colours
    assert len(colours) > 3
