"""Quantised GGUF files by llama.cpp's own quantiser, with what it will do said before and what it did read back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_nav.errors import UsageError
from edge_nav.vlm.gguf_header import read_header
from edge_nav.vlm.llama_library import listening, load_llama_cpp, reason
from export.gguf.memory import released
from export.gguf.plan import Planned
from export.progress import Progress

Quantisation = Literal["Q4_K_M", "Q4_0", "Q5_K_M", "Q8_0"]
FILE_TYPES: dict[Quantisation, int] = {"Q4_0": 2, "Q8_0": 7, "Q4_K_M": 15, "Q5_K_M": 17}
"""llama.cpp's llama_ftype."""
TYPES: dict[Quantisation, frozenset[str]] = {
    "Q4_0": frozenset({"Q4_0", "Q6_K"}),
    "Q8_0": frozenset({"Q8_0"}),
    "Q4_K_M": frozenset({"Q4_K", "Q5_K", "Q6_K"}),
    "Q5_K_M": frozenset({"Q5_K", "Q6_K"}),
}
"""The types that matrices of such a file have: the K mixtures give more bits to some, and Q4_0 to the output."""
BITS: dict[Quantisation, float] = {"Q4_0": 5.0, "Q8_0": 8.5, "Q4_K_M": 5.7, "Q5_K_M": 6.2}
"""Bits a value, rounded up, for the space needed; embeddings and output count more in small models."""
# What llama.cpp takes where a row is no multiple of 256, from tensor_type_fallback in its llama-quant.cpp.
FALLBACKS = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
K_BLOCK, BLOCK = 256, 32
_ROW_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Fallback:
    """A tensor that cannot have the type asked for, and the types of which it will have one."""

    tensor: str
    row: int
    types: tuple[str, ...]


def foresee(quantisation: Quantisation, plan: Iterable[Planned]) -> list[Fallback]:
    """Tensors whose rows do not fit the quantisation's blocks. Raises UsageError where llama.cpp has no way out."""
    matrices = [t for t in plan if len(t.shape) == 2 and t.name.endswith(".weight")]
    outputs = {"output.weight"} if any(t.name == "output.weight" for t in matrices) else {"token_embd.weight"}
    k_quant = quantisation.endswith("_K_M")
    narrow = [t for t in matrices if t.shape[1] % BLOCK and (not k_quant or t.name in outputs)]
    if narrow:
        names = ", ".join(f"{t.name} (rows of {t.shape[1]})" for t in narrow[:5])
        more = f" and {len(narrow) - 5} more" if len(narrow) > 5 else ""
        raise UsageError(
            f"{quantisation} needs rows that are multiples of {BLOCK}, which {names}{more} are not: "
            "export without quantisation."
        )
    found = []
    for t in matrices:
        if k_quant and t.shape[1] % BLOCK:
            found.append(Fallback(t.name, t.shape[1], ("F16",)))
        elif k_quant and t.shape[1] % K_BLOCK:
            kinds = ("Q8_0",) if t.name in outputs else tuple(FALLBACKS[k] for k in sorted(TYPES[quantisation]))
            found.append(Fallback(t.name, t.shape[1], tuple(dict.fromkeys(kinds))))
        elif quantisation == "Q4_0" and t.name in outputs and t.shape[1] % K_BLOCK:
            found.append(Fallback(t.name, t.shape[1], ("Q8_0",)))
    return found


def quantise(
    source: Path,
    target: Path,
    quantisation: Quantisation,
    plan: Sequence[Planned],
    *,
    threads: int = 0,
    progress: Progress | None = None,
) -> dict[str, str]:
    """From the unquantised file to ``target``, written as NAME.part and renamed once its types have been read back.
    Returns each tensor's type."""
    expected = foresee(quantisation, plan)
    llama = load_llama_cpp()
    parameters = llama.llama_model_quantize_default_params()
    parameters.ftype = FILE_TYPES[quantisation]
    parameters.nthread = threads
    if hasattr(parameters, "max_buf_size"):
        parameters.max_buf_size = _ROW_BYTES
    part = target.with_name(f"{target.name}.part")
    try:
        with listening(_Steps(f"quantising {target.name}", progress)), released(source):
            code = llama.llama_model_quantize(str(source).encode(), str(part).encode(), parameters)
        if code != 0:
            raise UsageError(f"llama.cpp could not write {target} as {quantisation} ({reason()}): check the disk.")
        types = read_types(part)
        _verify(quantisation, plan, expected, types)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return types


def fallen_back(fallbacks: Iterable[Fallback], types: Mapping[str, str]) -> str:
    """Which tensors have what type instead, those of all layers together."""
    counted = Counter((re.sub(r"\.\d+\.", ".*.", f.tensor), f.row, types[f.tensor]) for f in fallbacks)
    return "; ".join(f"{n} {name} (rows of {row}) {kind}" for (name, row, kind), n in counted.items())


def read_types(path: Path) -> dict[str, str]:
    """Tensor -> type of its values, as the file says. Raises UsageError where it is cut off or no GGUF file."""
    return {name: tensor.type.name for name, tensor in read_header(path).tensors.items()}


def summary(types: Mapping[str, str]) -> str:
    """Such as "21 Q4_K, 4 Q6_K, 9 F32"."""
    return ", ".join(f"{n} {kind}" for kind, n in Counter(types.values()).most_common())


def _verify(q: Quantisation, plan: Sequence[Planned], expected: Sequence[Fallback], types: dict[str, str]) -> None:
    fallback = {f.tensor: set(f.types) for f in expected}
    wrong = []
    for t in plan:
        # Vectors stay as they are; nothing else may.
        matrix = len(t.shape) == 2 and t.name.endswith(".weight")
        allowed = fallback.get(t.name, TYPES[q]) if matrix else {t.kind}
        if types.get(t.name) not in allowed:
            wrong.append(f"{t.name} is {types.get(t.name, 'missing')}")
    if wrong:
        raise UsageError(f"llama.cpp wrote other types than {q} has ({'; '.join(wrong[:8])}): choose another.")


class _Steps:
    """Reads llama.cpp's "[  3/ 291]" lines as progress."""

    def __init__(self, name: str, progress: Progress | None) -> None:
        self._name, self._progress = name, progress

    def __call__(self, line: str) -> None:
        found = re.match(r"\[\s*(\d+)/\s*(\d+)\]", line)
        if found and self._progress is not None:
            self._progress(self._name, int(found[1]), int(found[2]))
