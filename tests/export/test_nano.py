from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from models_frames import write_frames
from torch.nn import functional

from edge_nav.bundle import open_bundle
from edge_nav.errors import UsageError
from edge_nav.perception.depth.onnx_runtime import OnnxDepth, OnnxDepthSettings
from edge_nav.perception.floor.floor_labels import LOWER
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import Frame, Intrinsics
from export.__main__ import main
from models.data.classes import CLASSES
from models.data.dataset import list_frames
from models.depth import checkpoint
from models.depth.augment import normalised
from models.depth.batches import TrainingBatches
from models.depth.canonical import canonical_focal_px
from models.depth.from_bundle import weights_of
from models.depth.loss import LOWER_COUNTS
from models.depth.network import NanoDepth, NanoSettings
from models.depth.settings import DataSettings, TrainSettings
from models.depth.training import train

TINY = NanoSettings(
    stem=8, widths=(8, 8, 12, 16), blocks=(1, 1, 1, 1), heads=2, attention=1, decoder=(12, 8, 8, 8), labels=20, fine=8
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nano")
    frames = write_frames(root / "frames", range(900_000, 900_003))
    torch.manual_seed(3)
    network = NanoDepth(TINY)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    state = {
        "step": 1,
        "network_settings": TINY.model_dump(mode="json"),
        "input": [64, 128],
        "network": network.state_dict(),
        "average": network.state_dict(),
    }
    path = checkpoint.save(root / "checkpoints", 1, state)
    out = root / "nano-tiny"
    assert main(["nano", str(path.parent.parent), "--out", str(out), "--frames", str(frames)]) == 0
    return out


def network_of(bundle: Path) -> NanoDepth:
    found = checkpoint.latest(bundle.parent / "checkpoints")
    assert found is not None
    network = NanoDepth(TINY).eval()
    network.load_state_dict(checkpoint.load(found)["average"])
    return network


@pytest.mark.parametrize(("width", "height"), [(128, 64), (192, 64)])
def test_the_runtime_gives_what_torch_gives(bundle: Path, width: int, height: int) -> None:
    rgb = np.random.default_rng(5).integers(0, 255, (height, width, 3), dtype=np.uint8)
    camera = Intrinsics.from_fov(width, height, 70)
    seen = OnnxDepth(open_bundle(str(bundle)), OnnxDepthSettings(), PerceptionSettings()).infer(
        Frame(0, 0, rgb, camera)
    )
    with torch.no_grad():
        estimate = network_of(bundle)(torch.from_numpy(normalised(rgb))[None])
    log_depth, logits = (  # a small input's output is doubled
        functional.interpolate(part, scale_factor=2.0, mode="bilinear", align_corners=False)[0].numpy()
        for part in (estimate.log_depth, estimate.label)
    )
    expected = np.exp(log_depth[0]) * camera.fx / canonical_focal_px(128)
    assert seen.depth_m.shape == (height, width)
    np.testing.assert_allclose(seen.depth_m, expected, rtol=0.01)
    assert seen.label is not None
    assert seen.confidence is not None
    logits[CLASSES.index(LOWER)] -= np.log(LOWER_COUNTS)
    assert (seen.label == logits.argmax(0)).mean() > 0.98
    assert ((seen.confidence > 0) & (seen.confidence <= 1)).all()
    assert seen.label_names[1] == "floor"


def test_another_focal_length_changes_the_scale_alone(bundle: Path) -> None:
    rgb = np.random.default_rng(5).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    model = OnnxDepth(open_bundle(str(bundle)), OnnxDepthSettings(), PerceptionSettings())
    near = model.infer(Frame(0, 0, rgb, Intrinsics(128, 64, 80, 80, 63.5, 31.5)))
    far = model.infer(Frame(1, 1, rgb, Intrinsics(128, 64, 160, 160, 63.5, 31.5)))
    np.testing.assert_allclose(far.depth_m, 2 * near.depth_m, rtol=1e-5)


def test_the_bundle_says_where_it_comes_from(bundle: Path) -> None:
    manifest = open_bundle(str(bundle)).manifest
    assert manifest.name == "nano-tiny"
    assert manifest.intended_use == "simulator"
    assert manifest.licence == "Apache-2.0"
    assert manifest.sources == ["trained by python -m models.train depth: step-0000001"]
    report = json.loads((bundle / "parity.json").read_text())
    assert report["passed"]
    assert {row["what"] for row in report["rows"]} >= {"depth nano 64x128", "depth nano 128x64"}


def test_a_checkpoint_of_other_classes_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = TINY.model_copy(update={"labels": 19})
    weights = NanoDepth(before).state_dict()
    state = {"network_settings": before.model_dump(mode="json"), "input": [64, 128], "average": weights}
    checkpoint.save(tmp_path / "checkpoints", 1, {"step": 1, "network": weights, **state})
    frames = str(bundle.parent / "frames")
    assert main(["nano", str(tmp_path), "--out", str(tmp_path / "out"), "--frames", frames]) == 2
    assert "names 19 classes, and 20 are known: train on from it" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_folder_without_checkpoint_is_named(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = str(bundle.parent / "frames")
    assert main(["nano", str(tmp_path), "--out", str(tmp_path / "out"), "--frames", frames]) == 2
    assert f"{tmp_path} holds no checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_frames_of_training_scenes_alone_do_not_calibrate(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = write_frames(tmp_path / "frames", range(1))
    run, out = str(bundle.parent), tmp_path / "out"
    assert main(["nano", run, "--out", str(out), "--frames", str(frames)]) == 2
    assert str(frames) in capsys.readouterr().err
    assert not out.exists()


def test_training_goes_on_from_a_bundle_as_if_its_checkpoint_were_here(bundle: Path, tmp_path: Path) -> None:
    frames = write_frames(bundle.parent / "frames", range(4))
    write_frames(bundle.parent / "frames", range(900_010, 900_012))
    recipe = TrainSettings.model_validate(
        {
            "data": DataSettings(folders=[frames], workers=0), "network": TINY, "start": bundle, "batch": 8, "steps": 2,
            "height": 64, "width": 128, "warmup": 0, "decay": 2, "learning_rate": 1e-9, "weight_decay": 0.0,
        }
    )  # fmt: skip
    state = checkpoint.load(train(recipe, tmp_path))
    pixels = TrainingBatches(list_frames([frames], 0, 900_000), recipe)[0].pixels
    exported, taught = network_of(bundle), NanoDepth(TINY)

    def off(network: NanoDepth) -> float:
        """Of what is told of labels, against its own spread."""
        told = network(pixels).label  # coarser while it is taught
        step = expected.shape[-1] // told.shape[-1]
        return float((told - expected[..., ::step, ::step]).abs().mean() / expected.std())

    with torch.no_grad():
        expected = exported(pixels).label
        for weights in (state["average"], state["network"]):
            taught.load_state_dict(weights)
            assert off(taught.eval()) < 0.05
        assert off(taught.train()) < 0.1  # normalised by the batch itself, as it is while it is taught
        assert off(exported.train()) > 0.5  # which the exported network would not bear: its norms are of other pictures


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stem": 16}, r"is of another network, stem\.0 has another shape"),
        ({"attention": 2}, "holds .* unnamed weights where the network has"),
        ({"fine": 0}, "holds .* unnamed weights where the network has"),
    ],
)
def test_a_bundle_of_another_network_is_no_beginning(bundle: Path, change: dict[str, int], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as told:
        weights_of(bundle, NanoDepth(TINY.model_copy(update=change)))
    assert "give the recipe's network the settings" in str(told.value)


def test_a_bundle_that_cannot_be_read_is_no_beginning(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "depth.onnx").write_bytes((bundle / "depth.onnx").read_bytes()[:5000])
    for path in (tmp_path, tmp_path / "other.onnx"):
        with pytest.raises(
            UsageError, match=r"\.onnx cannot be read .* give a bundle of the nano network, or a checkpoint"
        ):
            weights_of(path, NanoDepth(TINY))
