from __future__ import annotations

import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from perception.tiny_bundle import MEAN, STD, write_bundle

from edge_nav.bundle import DepthEntry, FixedInput, MultipleInput, open_bundle
from edge_nav.errors import DepthFault, UsageError
from edge_nav.perception.depth.onnx_runtime import OnnxDepth, OnnxDepthSettings
from edge_nav.perception.depth.openvino import OpenVinoDepth, OpenVinoDepthSettings
from edge_nav.perception.depth.preprocess import Preprocessor, input_size
from edge_nav.perception.depth.providers import choose
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import Frame, Intrinsics

K = Intrinsics.from_fov(640, 480, 70)


def picture(value: int | None = None) -> Frame:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (480, 640, 3)) if value is None else np.full((480, 640, 3), value)
    return Frame(0, 0.0, rgb.astype(np.uint8), K)


def entry(**changes: object) -> DepthEntry:
    base = {
        "file": "x",
        "kind": "metric",
        "input": {"rule": "fixed", "height": 98, "width": 126},
        "mean": MEAN,
        "std": STD,
    }
    return DepthEntry.model_validate({**base, **changes})


def test_the_input_size_follows_the_cameras_aspect() -> None:
    rule = MultipleInput(multiple=14, shorter_side=518)
    assert input_size(rule, 640, 480) == (518, 686)
    assert input_size(rule, 480, 640) == (686, 518)
    assert input_size(rule, 512, 512) == (518, 518)
    assert input_size(FixedInput(height=224, width=308), 640, 480) == (224, 308)


@given(st.integers(64, 2000), st.integers(64, 2000), st.sampled_from([1, 14, 32]), st.integers(98, 600))
def test_input_sizes_are_multiples_and_never_too_small(width: int, height: int, multiple: int, shorter: int) -> None:
    rows, columns = input_size(MultipleInput(multiple=multiple, shorter_side=shorter), width, height)
    assert rows % multiple == columns % multiple == 0
    assert min(rows, columns) >= shorter
    assert abs(rows / columns - height / width) / (height / width) < 2 * multiple / min(rows, columns) + 0.02


@pytest.mark.parametrize(("name", "flag"), [("bicubic", cv2.INTER_CUBIC), ("bilinear", cv2.INTER_LINEAR)])
def test_preprocessing_equals_the_plain_formula(name: str, flag: int) -> None:
    frame = picture()
    got = Preprocessor(entry(interpolation=name), 640, 480)(frame.rgb)
    plain = cv2.resize(frame.rgb, (126, 98), interpolation=flag).astype(np.float64) / 255
    plain = ((plain - MEAN) / STD).transpose(2, 0, 1)[None]
    assert got.dtype == np.float32
    assert np.abs(got - plain).max() < 1e-5


def test_preprocessing_allocates_nothing_once_warm() -> None:
    large = entry(input={"rule": "fixed", "height": 490, "width": 644})
    prepare, frame = Preprocessor(large, 640, 480), picture()
    prepare(frame.rgb)
    tracemalloc.start()
    for _ in range(3):
        prepare(frame.rgb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000  # numpy's casting buffer; one channel of the input alone has 1.2 MB


def test_onnx_runtime_gives_metres_at_the_frames_resolution(tmp_path: Path) -> None:
    model = OnnxDepth(open_bundle(str(write_bundle(tmp_path / "tiny"))), OnnxDepthSettings(), PerceptionSettings())
    depth = model.infer(picture(124))
    expected = 2 + np.mean((124 / 255 - np.array(MEAN)) / np.array(STD))
    assert depth.metric
    assert depth.intrinsics == K
    assert depth.depth_m.shape == (480, 640)
    assert np.allclose(depth.depth_m, expected, atol=1e-3)
    assert "CPUExecutionProvider" in model.describe
    assert "not CUDAExecutionProvider: " in model.describe


def test_depth_can_stay_at_the_networks_resolution(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny", depth={"output": {"resolution": "input", "quantity": "depth"}})
    depth = OnnxDepth(open_bundle(str(folder)), OnnxDepthSettings(), PerceptionSettings()).infer(picture())
    assert depth.depth_m.shape == (98, 126)
    assert depth.intrinsics == K.resized(126, 98)


@pytest.mark.parametrize("precision", ["f32", "auto"])
def test_openvino_agrees_with_onnx_runtime(tmp_path: Path, precision: str) -> None:
    pytest.importorskip("openvino")
    bundle = open_bundle(str(write_bundle(tmp_path / "tiny")))
    onnx = OnnxDepth(bundle, OnnxDepthSettings(), PerceptionSettings()).infer(picture())
    model = OpenVinoDepth(bundle, OpenVinoDepthSettings(device="CPU", precision=precision), PerceptionSettings())
    error = np.abs(model.infer(picture()).depth_m - onnx.depth_m) / np.maximum(onnx.depth_m, 0.1)
    assert np.nanmean(error) < (1e-4 if precision == "f32" else 0.02)
    assert "OpenVINO" in model.describe


@pytest.mark.parametrize("gain", [-1.0, 0.0, float("nan"), float("inf")])
def test_useless_numbers_are_a_fault_and_never_depth(tmp_path: Path, gain: float) -> None:
    model = OnnxDepth(
        open_bundle(str(write_bundle(tmp_path / "tiny", gain=gain))), OnnxDepthSettings(), PerceptionSettings()
    )
    with pytest.raises(DepthFault, match="no usable number"):
        model.infer(picture(124))


def test_values_beyond_the_models_range_are_clipped(tmp_path: Path) -> None:
    model = OnnxDepth(
        open_bundle(str(write_bundle(tmp_path / "t", gain=100.0))), OnnxDepthSettings(), PerceptionSettings()
    )
    assert np.nanmax(model.infer(picture()).depth_m) == 20.0


def test_shapes_that_are_not_the_manifests_are_refused(tmp_path: Path) -> None:
    fixed = write_bundle(tmp_path / "fixed", rows=70, columns=70)
    model = OnnxDepth(open_bundle(str(fixed)), OnnxDepthSettings(), PerceptionSettings())
    with pytest.raises(UsageError, match=r"takes \[1, 3, 70, 70\] and its manifest asks for 98x126"):
        model.infer(picture())
    four = write_bundle(tmp_path / "four", channels=4)
    with pytest.raises(UsageError, match="instead of \\[1, 3, height, width\\]"):
        OnnxDepth(open_bundle(str(four)), OnnxDepthSettings(), PerceptionSettings())


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny")
    (folder / "depth.onnx").write_bytes(b"no model")
    from edge_nav.bundle import write_manifest

    manifest = open_manifest(folder)
    write_manifest(folder, manifest, ["depth.onnx"])
    with pytest.raises(UsageError, match="no usable ONNX model"):
        OnnxDepth(open_bundle(str(folder)), OnnxDepthSettings(), PerceptionSettings())


def open_manifest(folder: Path) -> dict[str, object]:
    import json

    data = json.loads((folder / "manifest.json").read_text())
    return {k: v for k, v in data.items() if k not in ("schema", "files")}


def test_a_relative_model_needs_the_cameras_height(tmp_path: Path) -> None:
    bundle = open_bundle(str(write_bundle(tmp_path / "rel", depth={"kind": "relative"})))
    with pytest.raises(UsageError, match="camera_height_m"):
        OnnxDepth(bundle, OnnxDepthSettings(), PerceptionSettings())
    model = OnnxDepth(bundle, OnnxDepthSettings(), PerceptionSettings(camera_height_m=1.4))
    assert not model.infer(picture()).metric


def test_sensor_depth_is_taken_as_it_is() -> None:
    depth = np.full((480, 640), 1.5, np.float32)
    frame = Frame(0, 0.0, picture().rgb, K, depth)
    assert SensorDepth().infer(frame).depth_m is depth
    with pytest.raises(DepthFault, match="no depth"):
        SensorDepth().infer(picture())


ALL = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")


@pytest.mark.parametrize(
    ("available", "libraries", "running", "why"),
    [
        (ALL, {"cuda", "cudart", "cudnn", "nvinfer"}, "TensorrtExecutionProvider", ""),
        (ALL, {"cuda", "cudart", "cudnn"}, "CUDAExecutionProvider", "no TensorRT"),
        (ALL, {"cuda", "cudart"}, "CPUExecutionProvider", "no cuDNN"),
        (ALL, set(), "CPUExecutionProvider", "no NVIDIA driver"),
        (
            ALL[2:],
            {"cuda", "cudart", "cudnn", "nvinfer"},
            "CPUExecutionProvider",
            "this build of ONNX Runtime lacks it",
        ),
    ],
)
def test_the_best_provider_that_is_really_there(
    available: tuple[str, ...], libraries: set[str], running: str, why: str
) -> None:
    choice = choose("auto", available, libraries.__contains__)
    assert choice.running == choice.providers[0] == running
    assert why in choice.not_better
    assert bool(choice.mend) == bool(why)
