"""A bundle's vision encoder, its tower and modality projector in one graph: a picture in, embeddings for the language
model out.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import Bundle, VisionEntry
from edge_nav.errors import EdgeNavError, UsageError
from edge_nav.perception.depth.providers import choose
from edge_nav.types import Picture
from edge_nav.vlm.prompt import Image
from edge_nav.vlm.resize import fit_square

F32 = NDArray[np.float32]
PICTURES = 4
"""The embeddings of so many pictures are kept."""


class VisionNetwork(Protocol):
    """float32 [1, 3, S, S] -> [1, tokens, width]."""

    describe: str

    def run(self, pixels: F32) -> NDArray[Any]: ...

    def interrupt(self) -> None:
        """Cut a running :meth:`run` short, which then raises. Any thread."""
        ...


class VisionEncoder:
    """Prepares a picture as the manifest says, and runs the network."""

    def __init__(
        self, bundle: Bundle, *, variant: str | None, backend: Literal["onnx", "openvino"], threads: int
    ) -> None:
        """Raises UsageError where the network cannot run here, or is not as the manifest states."""
        if bundle.manifest.vision is None:
            raise UsageError(f"bundle {bundle.manifest.name} has no vision tower: give another bundle.")
        self.entry: VisionEntry = bundle.manifest.vision
        self._name = bundle.manifest.name
        file = variant_file(self._name, "vision", self.entry.file, self.entry.variants, variant)
        make = _OpenVino if backend == "openvino" else _Onnx
        self._network: VisionNetwork = make(bundle.folder / file, self._name, self.entry, threads)
        self.describe = self._network.describe
        # (x / 255 - mean) / std as one multiplication and one addition.
        std = np.array(self.entry.std, np.float32)
        self._gain = (1.0 / (255.0 * std)).reshape(3, 1, 1).astype(np.float32)
        self._offset = (-np.array(self.entry.mean, np.float32) / std).reshape(3, 1, 1).astype(np.float32)

    def pixels(self, rgb: Picture) -> F32:
        """uint8 [H, W, 3] -> float32 [1, 3, S, S], as the network takes it."""
        e = self.entry
        square = fit_square(rgb, e.image_size, e.fit, e.interpolation, e.mean)
        pixels: F32 = square.transpose(2, 0, 1)[None] * self._gain + self._offset
        return pixels

    def embed(self, rgb: Picture) -> F32:
        """uint8 [H, W, 3] -> float32 [tokens, width]. Raises EdgeNavError where the network fails or is interrupted."""
        found = np.asarray(self._network.run(self.pixels(rgb)), dtype=np.float32)
        if found.shape != (1, self.entry.tokens, self.entry.width):
            raise UsageError(
                f"bundle {self._name}: the vision tower gives {list(found.shape)} where its manifest says "
                f"[1, {self.entry.tokens}, {self.entry.width}]: export it again."
            )
        return np.ascontiguousarray(found[0])

    def interrupt(self) -> None:
        """Cut a running :meth:`embed` short."""
        self._network.interrupt()


class EncodedPictures:
    """The embeddings of the pictures seen last."""

    def __init__(self, encoder: VisionEncoder, scale: float) -> None:
        """``scale``: what embeddings are multiplied by for the language model."""
        self._encoder, self._scale = encoder, np.float32(scale)
        self._rows: dict[str, F32] = {}

    def look(self, rgb: Picture) -> Image:
        """A picture's embeddings, from memory if it was seen before. Raises UsageError for what is no picture, and
        EdgeNavError where the encoder fails or is interrupted.
        """
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
            raise UsageError(f"a picture is uint8 [H, W, 3], not {rgb.dtype} {list(rgb.shape)}: give another.")
        digest = hashlib.blake2b(repr(rgb.shape).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(rgb).data)
        key = digest.hexdigest()
        rows = self._rows.pop(key, None)
        if rows is None:
            rows = self._encoder.embed(rgb) * self._scale
        self._rows[key] = rows  # the last one seen is the last one dropped
        while len(self._rows) > PICTURES:
            del self._rows[next(iter(self._rows))]
        return Image(key, rows)


def variant_file(bundle: str, part: str, default: str, variants: dict[str, str], wanted: str | None) -> str:
    """The file of a variant; UsageError where the bundle has none of that name."""
    if wanted is None:
        return default
    if wanted not in variants:
        here = ", ".join(variants) or "no variants"
        raise UsageError(f"dialogue.vlm.{part} = {wanted!r} is not in bundle {bundle}: it has {here}.")
    return variants[wanted]


class _Onnx:
    """ONNX Runtime."""

    def __init__(self, path: Path, bundle: str, entry: VisionEntry, threads: int) -> None:
        import onnxruntime as ort

        choice = choose()
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        # Between a tower's runs, the threads would otherwise burn the cores that the language model decodes on.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = ort.InferenceSession(str(path), options, providers=list(choice.providers))
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            raise UsageError(f"bundle {bundle}: {path.name} is no usable ONNX model ({_first_line(e)}).") from e
        inputs = self._session.get_inputs()
        side = entry.image_size
        shape = inputs[0].shape if inputs else []
        fits = len(shape) == 4 and all(h == w for h, w in zip(shape, (1, 3, side, side), strict=True) if type(h) is int)
        if len(inputs) != 1 or not fits:
            raise UsageError(
                f"bundle {bundle}: {path.name} takes {shape} where its manifest says [1, 3, {side}, {side}]: "
                "export it again."
            )
        self._input: str = inputs[0].name
        self._options: Any = None
        self._new_options = ort.RunOptions
        self.describe = f"{path.name} on ONNX Runtime {ort.__version__}, {self._session.get_providers()[0]}"

    def run(self, pixels: F32) -> NDArray[Any]:
        self._options = self._new_options()
        self._options.log_severity_level = 4
        try:
            return np.asarray(self._session.run(None, {self._input: pixels}, self._options)[0])
        except Exception as e:  # ONNX Runtime's errors have no class of their own to name
            raise EdgeNavError(f"the vision tower failed ({_first_line(e)}): `models verify` the bundle") from e
        finally:
            self._options = None

    def interrupt(self) -> None:
        options = self._options
        if options is not None:
            options.terminate = True


class _OpenVino:
    """OpenVINO, in bfloat16 where the device has hardware for it."""

    def __init__(self, path: Path, bundle: str, entry: VisionEntry, threads: int) -> None:
        try:
            import openvino
        except ImportError as e:
            raise UsageError(
                "dialogue.vlm.vision_backend = 'openvino': OpenVINO is missing, pip install 'edge-nav[openvino]'."
            ) from e
        core = openvino.Core()
        device = next((d for d in ("GPU", "CPU") if any(a.startswith(d) for a in core.available_devices)), "AUTO")
        config: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if device == "CPU":
            can = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
            config |= {
                "INFERENCE_NUM_THREADS": threads,
                "INFERENCE_PRECISION_HINT": "bf16" if "BF16" in can else "f32",
            }
        try:
            model = core.read_model(str(path))
            model.reshape([1, 3, entry.image_size, entry.image_size])
            self._request: Any = core.compile_model(model, device, config).create_infer_request()
        except RuntimeError as e:
            raise UsageError(f"bundle {bundle}: {path.name} cannot be compiled by OpenVINO ({_first_line(e)}).") from e
        self.describe = f"{path.name} on OpenVINO {openvino.__version__.split('-')[0]}, {device}"

    def run(self, pixels: F32) -> NDArray[Any]:
        try:
            self._request.infer({0: pixels})
            return np.array(self._request.get_output_tensor(0).data)
        except RuntimeError as e:
            raise EdgeNavError(f"the vision tower failed ({_first_line(e)}): `models verify` the bundle") from e

    def interrupt(self) -> None:
        with contextlib.suppress(RuntimeError):  # nothing was running
            self._request.cancel()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
