from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import tiny_checkpoints
import torch

from edge_nav.bundle import open_bundle
from edge_nav.errors import UsageError
from edge_nav.vlm.vision_encoder import VisionEncoder
from export import onnx_quantise, onnx_stream
from export.assemble import About, Part, assemble
from export.onnx_pictures import drawn_picture
from export.vision import VisionOptions, export_vision, pixels_of
from models.checkpoints import VlmCheckpoint, open_checkpoint

SEEDS = ["llava_hf", "llava_original", "paligemma", "capstone", "own"]
LINEAR = {"llava_hf": 3 * 6 + 2, "paligemma": 4 * 6 + 1}
"""Linear layers in the layers that are run, and in the projector."""


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], VlmCheckpoint]:
    opened: dict[str, VlmCheckpoint] = {}

    def get(seed: str) -> VlmCheckpoint:
        if seed not in opened:
            folder = getattr(tiny_checkpoints, f"write_{seed}")(tmp_path_factory.mktemp(seed))
            opened[seed] = open_checkpoint(folder, kind="vlm")
        return opened[seed]

    return get


def bundled(checkpoint: VlmCheckpoint, folder: Path, options: VisionOptions) -> Path:
    def make(work: Path) -> list[Part]:
        result = export_vision(checkpoint, work, options)
        return [Part("vision", result.entry, result.files, result.parity)]

    assemble(folder, About("MIT", ("tests",)), {"vision"}, 0, make)
    return folder


def tower_of(folder: Path, variant: str | None = None) -> VisionEncoder:
    return VisionEncoder(open_bundle(str(folder)), variant=variant, backend="onnx", threads=1)


def torch_embeddings(checkpoint: VlmCheckpoint, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return checkpoint.build_vision()(torch.from_numpy(pixels))[0].numpy()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_runtime_sees_what_torch_sees(
    checkpoints: Callable[[str], VlmCheckpoint], tmp_path: Path, seed: str
) -> None:
    checkpoint = checkpoints(seed)
    folder = bundled(checkpoint, tmp_path / "bundle", VisionOptions())

    tower, picture = tower_of(folder), drawn_picture(90, 60, 2)
    found, expected = tower.embed(picture), torch_embeddings(checkpoint, tower.pixels(picture))

    architecture = checkpoint.architecture
    assert {p.name for p in folder.iterdir()} == {"manifest.json", "parity.json", "vision.onnx"}
    assert found.shape == (architecture.image_tokens, architecture.decoder.width)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    entry = tower.entry
    assert (entry.image_size, entry.fit) == (architecture.tower.image_size, architecture.preprocess.fit)
    assert (entry.mean, entry.std) == (architecture.preprocess.mean, architecture.preprocess.std)
    # What the export was checked and calibrated with is prepared as the runtime prepares it.
    np.testing.assert_allclose(pixels_of(picture, entry), tower.pixels(picture), atol=1e-6)


@pytest.mark.parametrize("seed", sorted(LINEAR))
def test_precisions_lie_side_by_side(checkpoints: Callable[[str], VlmCheckpoint], tmp_path: Path, seed: str) -> None:
    checkpoint = checkpoints(seed)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(3):
        cv2.imwrite(str(pictures / f"{n}.jpg"), drawn_picture(120, 80, n))
    options = VisionOptions(precisions=("int8", "fp32", "fp16", "int8-static"), calibration=pictures)

    folder = bundled(checkpoint, tmp_path / "bundle", options)

    assert tower_of(folder).entry.variants == {
        "int8": "vision.onnx",
        "fp32": "vision-fp32.onnx",
        "fp16": "vision-fp16.onnx",
        "int8-static": "vision-int8-static.onnx",
    }
    kinds = [node.op_type for node in onnx.load(str(folder / "vision.onnx")).graph.node]
    assert kinds.count("MatMulInteger") == LINEAR[seed]
    picture = drawn_picture(90, 60, 7)
    expected = torch_embeddings(checkpoint, tower_of(folder).pixels(picture))
    for variant, share in (("fp32", 1e-5), ("fp16", 5e-3), ("int8", 0.06), ("int8-static", 0.1)):
        off = np.linalg.norm(tower_of(folder, variant).embed(picture) - expected) / np.linalg.norm(expected)
        assert off < share, variant
    size = {p.name: p.stat().st_size for p in folder.iterdir()}
    assert size["vision.onnx"] < size["vision-fp32.onnx"] > size["vision-fp16.onnx"]


def test_weights_too_large_for_one_file_lie_beside_it(
    checkpoints: Callable[[str], VlmCheckpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (onnx_stream, onnx_quantise):
        monkeypatch.setattr(module, "ONE_FILE_LIMIT", 10_000)
    monkeypatch.setattr("export.onnx_graph.ONE_FILE_LIMIT", 10_000)
    checkpoint = checkpoints("llava_hf")

    folder = bundled(checkpoint, tmp_path / "bundle", VisionOptions(precisions=("fp32", "fp16", "int8")))

    listed = open_bundle(str(folder)).manifest.files
    for variant in ("fp32", "fp16", "int8"):
        tower = tower_of(folder, variant)
        file = tower.entry.variants[variant]
        assert listed[f"{file}.data"].bytes > 10_000
        picture = drawn_picture(60, 60, 1)
        expected = torch_embeddings(checkpoint, tower.pixels(picture))
        assert np.linalg.norm(tower.embed(picture) - expected) / np.linalg.norm(expected) < 0.06


def test_precisions_that_cannot_be(checkpoints: Callable[[str], VlmCheckpoint], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name one twice"):
        export_vision(checkpoints("own"), tmp_path, VisionOptions(precisions=("int8", "int8")))
    with pytest.raises(UsageError, match="give --calibration FOLDER"):
        export_vision(checkpoints("own"), tmp_path, VisionOptions(precisions=("int8-static",)))
    assert list(tmp_path.iterdir()) == []
