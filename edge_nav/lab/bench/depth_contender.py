"""`python -m edge_nav.lab.bench.depth_contender`: a bundle's depth network as the walk runs it, for `bench depth`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edge_nav.bundle import open_bundle
from edge_nav.errors import EdgeNavError
from edge_nav.lab.bench.contender import load, own_output, peak_mb, refuse, serve
from edge_nav.perception.depth.backends import DepthBackend, open_depth
from edge_nav.perception.depth.network_output import depth_entry
from edge_nav.perception.depth.onnx_runtime import OnnxDepthSettings
from edge_nav.perception.depth.openvino import OpenVinoDepthSettings
from edge_nav.perception.depth.preprocess import Preprocessor
from edge_nav.perception.depth.providers import NAMES
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import Frame, Intrinsics

CAMERA_HEIGHT_M = 1.4
"""Relative networks want one; its value costs nothing."""


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("--backend", choices=("onnx", "openvino"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    out = own_output()
    settings: DepthBackend = (
        OnnxDepthSettings(provider="cpu", threads=given.threads)
        if given.backend == "onnx"
        else OpenVinoDepthSettings(device="CPU", threads=given.threads)
    )
    try:
        side = _DepthServer(given.bundle, settings)
    except EdgeNavError as e:
        refuse(out, str(e))
        return
    serve(side.describe, {"infer": side.infer, "plane": side.plane, "memory": peak_mb}, out)


class _DepthServer:
    def __init__(self, name: str, settings: DepthBackend) -> None:
        self._bundle = open_bundle(name)
        self._entry = depth_entry(self._bundle)
        self._settings = settings
        self._depth = open_depth(settings, self._bundle, PerceptionSettings(camera_height_m=CAMERA_HEIGHT_M))
        self._graph: Callable[[Any], Any] | None = None
        self.describe = self._depth.describe

    def infer(self, request: dict[str, Any]) -> dict[str, Any]:
        """A picture to a depth map of its size, as the walk does it: preprocessing, network, resizing."""
        rgb = load(request["picture"])
        height, width = rgb.shape[:2]
        intrinsics = Intrinsics(width, height, 0.7 * width, 0.7 * width, (width - 1) / 2, (height - 1) / 2)
        frame = Frame(0, 0.0, rgb, intrinsics)
        began = time.perf_counter()
        self._depth.infer(frame)
        return {"ms": (time.perf_counter() - began) * 1e3}

    def plane(self, request: dict[str, Any]) -> dict[str, Any]:
        """The network's input for a picture, and what it gives for it, to be compared with the original's."""
        rgb = load(request["picture"])
        pixels = Preprocessor(self._entry, rgb.shape[1], rgb.shape[0])(rgb)
        np.save(request["pixels"], pixels)
        self._graph = self._graph or self._open()
        np.save(request["depth"], np.squeeze(self._graph(pixels)))
        return {"rows": pixels.shape[2], "columns": pixels.shape[3]}

    def _open(self) -> Callable[[Any], Any]:
        """The graph alone, set up as the walk's backend sets it up: that one gives metres only."""
        path = str(self._bundle.folder / self._entry.file)
        if isinstance(self._settings, OnnxDepthSettings):
            import onnxruntime as ort

            options = ort.SessionOptions()
            options.intra_op_num_threads = self._settings.threads
            session = ort.InferenceSession(path, options, providers=[NAMES["cpu"]])
            return lambda pixels: session.run(None, {session.get_inputs()[0].name: pixels})[0]
        import openvino

        core = openvino.Core()
        can = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        hint = {"INFERENCE_PRECISION_HINT": "bf16" if "BF16" in can else "f32", "PERFORMANCE_HINT": "LATENCY"}
        model = core.compile_model(core.read_model(path), "CPU", hint)
        return lambda pixels: model(pixels)[0]


if __name__ == "__main__":
    main()
