from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from optimum.exporters.onnx.model_patcher import ModelPatcher
from tiny_checkpoints import write_depth_anything

from edge_nav.bundle import FixedInput, MultipleInput, open_bundle
from edge_nav.errors import UsageError
from edge_nav.perception.depth.onnx_runtime import OnnxDepth, OnnxDepthSettings
from edge_nav.perception.depth.preprocess import Preprocessor
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import Frame, Intrinsics
from export import depth as depth_export
from export.assemble import About, Part, assemble
from export.depth import DepthOptions, DepthResult, export_depth
from export.onnx_configs import DepthAnythingOnnxConfig
from export.onnx_pictures import drawn_picture
from export.parity.onnx import Limits
from models.checkpoints import DepthCheckpoint, open_checkpoint


@pytest.fixture(scope="module", params=["metric", "relative"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DepthCheckpoint:
    return opened(tmp_path_factory.mktemp(request.param), metric=request.param == "metric")


@pytest.fixture(scope="module")
def metric(tmp_path_factory: pytest.TempPathFactory) -> DepthCheckpoint:
    return opened(tmp_path_factory.mktemp("metric"), metric=True)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(4):  # upright and lying, as what it is checked with
        for width, height in ((320, 240), (240, 320)):
            cv2.imwrite(str(folder / f"{width}-{seed}.png"), drawn_picture(width, height, seed)[:, :, ::-1])
    return folder


def opened(folder: Path, *, metric: bool) -> DepthCheckpoint:
    return open_checkpoint(write_depth_anything(folder, metric=metric), kind="depth")


def torch_depth(checkpoint: DepthCheckpoint, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return checkpoint.build()(pixel_values=torch.from_numpy(pixels)).predicted_depth.numpy()


def run_graph(path: Path, pixels: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"pixel_values": pixels})[0]


def frame_of(rgb: np.ndarray) -> Frame:
    height, width = rgb.shape[:2]
    return Frame(0, 0.0, rgb, Intrinsics(width, height, 0.8 * width, 0.8 * width, width / 2, height / 2))


def as_bundle(folder: Path, result: DepthResult, out: Path) -> Path:
    def make(work: Path) -> list[Part]:
        for file in result.files:
            (work / file).write_bytes((out / file).read_bytes())
        return [Part("depth", result.entry, result.files, result.parity)]

    assemble(folder, About("Apache-2.0", ("tests",)), {"depth"}, 0, make)
    return folder


def test_one_graph_takes_two_sizes_and_equals_torch_at_both(checkpoint: DepthCheckpoint, tmp_path: Path) -> None:
    result = export_depth(checkpoint, tmp_path, DepthOptions())

    assert result.files == ["depth.onnx"]
    assert {p.name for p in tmp_path.iterdir()} == {"depth.onnx"}
    assert result.entry.input == MultipleInput(multiple=14, shorter_side=70)
    shapes = set()
    for width, height in ((100, 70), (70, 182), (70, 70)):  # the last is the size the positions were trained at
        pixels = Preprocessor(result.entry, width, height)(drawn_picture(width, height, 5))
        found, expected = run_graph(tmp_path / "depth.onnx", pixels), torch_depth(checkpoint, pixels)
        shapes.add(found.shape)
        assert found.shape == (1, *pixels.shape[2:])
        assert expected.std() > 0.01 * expected.max() > 0  # a flat picture would equal anything
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * expected.max())
    assert len(shapes) == 3
    checked = {row.what for row in result.parity if row.tolerance is not None}
    assert checked == {"depth fp32 70x98", "depth fp32 98x70"}


def test_kind_and_range_go_into_the_manifest(checkpoint: DepthCheckpoint, tmp_path: Path) -> None:
    entry = export_depth(checkpoint, tmp_path, DepthOptions(size="56x70")).entry
    graph = onnx.load(str(tmp_path / "depth.onnx")).graph

    ends_in_sigmoid = "Sigmoid" in [node.op_type for node in graph.node]
    if checkpoint.kind == "metric":
        assert (entry.kind, entry.max_depth_m, entry.output.quantity) == ("metric", 20.0, "depth")
        assert ends_in_sigmoid
    else:
        assert (entry.kind, entry.max_depth_m, entry.output.quantity) == ("relative", None, "inverse_depth")
        assert not ends_in_sigmoid


def test_the_runtime_measures_what_the_transformers_pipeline_does(metric: DepthCheckpoint, tmp_path: Path) -> None:
    from PIL import Image
    from transformers import AutoImageProcessor, pipeline

    result = export_depth(metric, tmp_path, DepthOptions())
    bundle = open_bundle(str(as_bundle(tmp_path / "bundle", result, tmp_path)))
    runtime = OnnxDepth(bundle, OnnxDepthSettings(), PerceptionSettings())
    processor = AutoImageProcessor.from_pretrained(metric.folder, use_fast=False)
    estimate = pipeline("depth-estimation", model=metric.build(), image_processor=processor, device="cpu")

    def differences(width: int, height: int) -> tuple[np.ndarray, float]:
        rgb = drawn_picture(width, height, 3)
        found = runtime.infer(frame_of(rgb)).depth_m
        expected = estimate(Image.fromarray(rgb))["predicted_depth"].numpy()
        assert found.shape == expected.shape == (height, width)
        seen = np.isfinite(found)  # the runtime calls a depth of nothing unknown
        assert seen.mean() > 0.99
        return np.abs(found - expected)[seen], float(expected.std())

    # Where neither resizes, it is the network alone: 2 mm at most, in depths of up to 20 m.
    assert differences(98, 70)[0].max() < 0.002
    # OpenCV's bicubic filter and Pillow's, which also smooths, differ, and so does how depth is resized back. A network
    # of random weights changes from pixel to pixel: held to 5 % of its spread, on average.
    off, spread = differences(100, 72)
    assert off.mean() < 0.05 * spread


def test_a_fixed_size_is_the_only_one_it_takes(metric: DepthCheckpoint, tmp_path: Path) -> None:
    result = export_depth(metric, tmp_path, DepthOptions(size="84x112"))

    assert result.entry.input == FixedInput(height=84, width=112)
    session = ort.InferenceSession(str(tmp_path / "depth.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [1, 3, 84, 112]
    assert session.get_outputs()[0].shape == [1, 84, 112]
    bundle = open_bundle(str(as_bundle(tmp_path / "bundle", result, tmp_path)))
    runtime = OnnxDepth(bundle, OnnxDepthSettings(), PerceptionSettings())
    assert runtime.infer(frame_of(drawn_picture(90, 60, 1))).depth_m.shape == (60, 90)


@pytest.mark.parametrize("precision", ["fp16", "int8", "int8-static"])
def test_lower_precisions(
    metric: DepthCheckpoint, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    if precision == "int8-static":  # 48 random values wide, a network has few to average its rounding over
        monkeypatch.setitem(depth_export.DEPTH_LIMITS, precision, Limits(None, 0.05))
    # Smaller than the positions were trained at, as every real use is.
    options = DepthOptions(size="42", precision=precision, calibration=pictures if precision == "int8-static" else None)

    result = export_depth(metric, tmp_path, options)

    assert {p.name for p in tmp_path.iterdir()} == {"depth.onnx"}
    graph = onnx.load(str(tmp_path / "depth.onnx")).graph
    kinds = [node.op_type for node in graph.node]
    weights = {t.name: t.data_type for t in graph.initializer}
    convolutions = [weights[n.input[1]] for n in graph.node if n.op_type == "Conv" and n.input[1] in weights]
    assert graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    linear = 4 * 6  # query, key, value, output and two of the MLP in each of the four layers
    if precision == "fp16":
        assert set(convolutions) == {onnx.TensorProto.FLOAT16}
    elif precision == "int8":
        assert kinds.count("MatMulInteger") == linear
        assert set(convolutions) == {onnx.TensorProto.FLOAT}
    else:
        assert list(weights.values()).count(onnx.TensorProto.INT8) >= linear
        assert set(convolutions) == {onnx.TensorProto.FLOAT}
    held = [row for row in result.parity if row.tolerance is not None]
    assert {row.what for row in held} >= {f"depth {precision} 42x56", f"depth {precision} 56x42"}
    assert all(row.passed and 0 < row.value < 0.05 for row in held)
    assert {row.measure for row in result.parity} >= {"largest absolute difference", "median ms", "bytes"}


def test_a_step_that_bakes_the_size_fails_the_export(
    metric: DepthCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DepthAnythingOnnxConfig, "_MODEL_PATCHER", ModelPatcher)  # the head as transformers has it

    with pytest.raises(UsageError, match=r"keeps the size 84x112 it was traced with \(modeling_depth_anything"):
        export_depth(metric, tmp_path, DepthOptions())


def test_a_graph_beyond_its_tolerance_fails_the_export(
    metric: DepthCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(depth_export.DEPTH_LIMITS, "int8", Limits(None, 1e-7))

    with pytest.raises(UsageError, match=r"depth int8 56x70: mean relative difference 0\.0\d+ against 1e-07"):
        export_depth(metric, tmp_path, DepthOptions(size="56x70", precision="int8"))


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        ("big", "--size big is no size"),
        ("300x400", "such as 294x406"),
        ("7", "sides of 14 to 4096"),
        ("308x99999", "sides of 14 to 4096"),
    ],
)
def test_sizes_that_cannot_be(metric: DepthCheckpoint, tmp_path: Path, size: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        export_depth(metric, tmp_path, DepthOptions(size=size))
    assert list(tmp_path.iterdir()) == []


def test_calibration_pictures_that_are_none(metric: DepthCheckpoint, tmp_path: Path, pictures: Path) -> None:
    def refused(calibration: Path | None) -> str:
        with pytest.raises(UsageError) as error:
            export_depth(metric, tmp_path / "out", DepthOptions(precision="int8-static", calibration=calibration))
        return str(error.value)

    (tmp_path / "empty").mkdir()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.png").write_bytes((pictures / "320-0.png").read_bytes()[:40])
    (tmp_path / "torn" / "b.jpg").write_bytes(b"")
    assert "give --calibration FOLDER" in refused(None)
    assert "is no folder" in refused(tmp_path / "nowhere")
    assert "holds no picture" in refused(tmp_path / "empty")
    assert "a.png is no readable picture" in refused(tmp_path / "torn")
