"""Depth by OpenVINO: Intel processors, GPUs and NPUs; in bfloat16 where the hardware has it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.bundle import Bundle
from edge_nav.errors import DepthFault, UsageError
from edge_nav.perception.depth.network_output import OutputReader, as_planes, depth_entry
from edge_nav.perception.depth.preprocess import Preprocessor
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import DepthMap, Frame


class OpenVinoDepthSettings(Settings):
    """How OpenVINO is to run."""

    type: Literal["openvino"] = "openvino"
    device: Literal["AUTO", "CPU", "GPU", "NPU"] = Field(default="AUTO", description="OpenVINO device.")
    precision: Literal["auto", "f32", "bf16"] = Field(
        default="auto", description="auto takes bf16 where the device has hardware for it."
    )
    threads: int = Field(
        default=1, ge=0, le=64, description="CPU threads; 0 takes all. One core is kept by perception."
    )


class OpenVinoDepth:
    """A bundle's depth network in OpenVINO."""

    def __init__(self, bundle: Bundle, settings: OpenVinoDepthSettings, perception: PerceptionSettings) -> None:
        try:
            import openvino
        except ImportError as e:
            raise UsageError("depth.type = 'openvino': OpenVINO is missing, pip install 'edge-nav[openvino]'.") from e
        self._entry = depth_entry(bundle)
        self._name = bundle.manifest.name
        core = openvino.Core()
        here = [d.split(".")[0] for d in core.available_devices]
        if settings.device != "AUTO" and settings.device not in here:
            raise UsageError(f"depth.device = {settings.device!r}: OpenVINO finds {', '.join(here)}; name one of them.")
        device = settings.device if settings.device != "AUTO" else next(d for d in ("GPU", "CPU", *here) if d in here)
        precision = settings.precision
        if precision == "auto":
            can = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
            precision = "bf16" if "BF16" in can else "f32"
        config: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        if device == "CPU" and settings.threads:
            config["INFERENCE_NUM_THREADS"] = settings.threads
        path = bundle.folder / self._entry.file
        try:
            self._model: Any = core.compile_model(core.read_model(str(path)), device, config)
        except RuntimeError as e:
            first = str(e).strip().splitlines()[0][:200]
            raise UsageError(f"bundle {self._name}: {path.name} cannot be compiled by OpenVINO ({first}).") from e
        self.describe = f"{self._name} on OpenVINO {openvino.__version__.split('-')[0]}, {device} in {precision}"
        self._reader = OutputReader(self._entry, perception)
        self._prepare: Preprocessor | None = None
        self._size = (0, 0)

    def infer(self, frame: Frame) -> DepthMap:
        """Run the network. DepthFault if it fails, UsageError if its shapes are not the manifest's."""
        size = (frame.intrinsics.width, frame.intrinsics.height)
        if self._prepare is None or size != self._size:
            self._prepare, self._size = Preprocessor(self._entry, *size), size
        tensor = self._prepare(frame.rgb)
        try:
            outputs = list(self._model(tensor).values())
        except RuntimeError as e:
            first = str(e).strip().splitlines()[0][:200]
            raise DepthFault(f"the depth network failed ({first}): check the bundle and the device") from e
        size = (tensor.shape[2], tensor.shape[3])
        return self._reader.read(as_planes(outputs, self._entry, size, self._name), frame)
