"""Which ONNX Runtime provider runs here, and why not a better one. Looked up first: asking for what is not there
makes ONNX Runtime print noise and fall back without a word.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Preference = Literal["auto", "tensorrt", "cuda", "cpu"]

NAMES: dict[str, str] = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
ORDER = ("tensorrt", "cuda", "cpu")
LIBRARIES = {
    "cuda": (
        ("cuda", "no NVIDIA driver", "sudo ubuntu-drivers install"),
        ("cudart", "no CUDA runtime", "pip install onnxruntime-gpu[cuda,cudnn]"),
        ("cudnn", "no cuDNN", "pip install onnxruntime-gpu[cuda,cudnn]"),
    ),
    "tensorrt": (("nvinfer", "no TensorRT", "pip install tensorrt"),),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Providers to ask for, best first; the one that will run; why no better one does, and what mends it."""

    providers: tuple[str, ...]
    running: str
    not_better: str
    mend: str


def choose(
    preference: Preference = "auto",
    available: tuple[str, ...] | None = None,
    has_library: Callable[[str], bool] | None = None,
) -> Choice:
    """The best provider that is really there. ``available`` and ``has_library`` stand in for this machine."""
    if available is None:
        import onnxruntime

        available = tuple(onnxruntime.get_available_providers())
    has_library = has_library or library_loads
    wanted = ORDER[ORDER.index(preference) :] if preference != "auto" else ORDER
    reasons: list[str] = []
    mend = ""
    for name in wanted:
        missing = _missing(name, available, has_library)
        if missing is None:
            order = tuple(NAMES[n] for n in ORDER[ORDER.index(name) :] if NAMES[n] in available)
            return Choice(order, NAMES[name], "; ".join(reasons), mend)
        reasons.append(f"not {NAMES[name]}: {missing[0]}")
        mend = mend or missing[1]
    return Choice((NAMES["cpu"],), NAMES["cpu"], "; ".join(reasons), mend)


def library_loads(name: str) -> bool:
    """Whether a shared library can be loaded, also one that pip installed beside ONNX Runtime."""
    found = ctypes.util.find_library(name)
    if found is None:
        return False
    try:
        ctypes.CDLL(found)
    except OSError:
        return False
    return True


def _missing(name: str, available: tuple[str, ...], has_library: Callable[[str], bool]) -> tuple[str, str] | None:
    """What a provider lacks and how to mend it, None if it can run."""
    if NAMES[name] not in available:
        return "this build of ONNX Runtime lacks it", "pip install onnxruntime-gpu (on Jetson: NVIDIA's wheel)"
    needed = LIBRARIES["cuda"] + LIBRARIES["tensorrt"] if name == "tensorrt" else LIBRARIES.get(name, ())
    for library, lack, mend in needed:
        if not has_library(library):
            return lack, mend
    return None
