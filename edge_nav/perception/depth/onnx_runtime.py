"""Depth by ONNX Runtime: TensorRT, CUDA or the CPU, whichever is the best that is really there."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.bundle import Bundle
from edge_nav.errors import DepthFault, UsageError
from edge_nav.perception.depth.network_output import OutputReader, as_planes, depth_entry
from edge_nav.perception.depth.preprocess import Preprocessor, input_size
from edge_nav.perception.depth.providers import Preference, choose
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.types import DepthMap, Frame


class OnnxDepthSettings(Settings):
    """How ONNX Runtime is to run."""

    type: Literal["onnx"] = "onnx"
    provider: Preference = Field(default="auto", description="auto takes the best of TensorRT, CUDA, CPU that is here.")
    threads: int = Field(
        default=1, ge=0, le=64, description="CPU threads; 0 takes all. One core is kept by perception."
    )


class OnnxDepth:
    """A bundle's depth network in ONNX Runtime."""

    def __init__(self, bundle: Bundle, settings: OnnxDepthSettings, perception: PerceptionSettings) -> None:
        import onnxruntime as ort

        self._entry = depth_entry(bundle)
        self._name = bundle.manifest.name
        choice = choose(settings.provider)
        options = ort.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.log_severity_level = 3
        path = bundle.folder / self._entry.file
        try:
            self._session: Any = ort.InferenceSession(str(path), options, providers=list(choice.providers))
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            raise UsageError(f"bundle {self._name}: {path.name} is no usable ONNX model ({_first_line(e)}).") from e
        running = self._session.get_providers()[0]
        why = choice.not_better
        if running != choice.running:
            why = f"{choice.running} was asked for and did not start; {why}".rstrip("; ")
        self.describe = f"{self._name} on ONNX Runtime {ort.__version__}, {running}" + (f" ({why})" if why else "")
        self._input = self._session.get_inputs()[0]
        self._reader = OutputReader(self._entry, perception)
        self._prepare: Preprocessor | None = None
        self._size = (0, 0)
        _check_input(self._name, self._input.shape, self._entry.input.rule)

    def infer(self, frame: Frame) -> DepthMap:
        """Run the network. DepthFault if it fails, UsageError if its shapes are not the manifest's."""
        size = (frame.intrinsics.width, frame.intrinsics.height)
        if self._prepare is None or size != self._size:
            self._fit(size)
        assert self._prepare is not None
        tensor = self._prepare(frame.rgb)
        try:
            outputs = self._session.run(None, {self._input.name: tensor})
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            raise DepthFault(f"the depth network failed ({_first_line(e)}): check the bundle and the provider") from e
        size = (tensor.shape[2], tensor.shape[3])
        return self._reader.read(as_planes(outputs, self._entry, size, self._name), frame)

    def _fit(self, size: tuple[int, int]) -> None:
        rows, columns = input_size(self._entry.input, *size)
        for wanted, have in zip((rows, columns), self._input.shape[2:], strict=True):
            if isinstance(have, int) and have != wanted:
                raise UsageError(
                    f"bundle {self._name} takes {self._input.shape} and its manifest asks for {rows}x{columns}: "
                    "export it with a dynamic size, or state the fixed one."
                )
        self._prepare, self._size = Preprocessor(self._entry, *size), size


def _check_input(name: str, shape: list[object], rule: str) -> None:
    if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
        raise UsageError(
            f"bundle {name} takes input {shape} instead of [1, 3, height, width] ({rule}): export it again."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
