"""Tensors that stay on disk until they are read: headers alone are opened, of safetensors and of torch files."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from edge_nav.errors import UsageError

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_REMAP = 2**30
_HEADER_LIMIT = 100 * 2**20  # of the format itself


@dataclass(frozen=True, slots=True)
class LazyTensor:
    """Shape and dtype are known; ``read`` fetches the values, each time anew, so that nothing is kept."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    _read: Callable[[], torch.Tensor]

    def read(self) -> torch.Tensor:
        """The values, in ``dtype`` and ``shape``, on the CPU. Not to be written to: it may be the file itself."""
        return self._read()


class Tensors(Mapping[str, LazyTensor]):
    """Named tensors of one part of a model, in the order of their names' first appearance."""

    def __init__(self, tensors: Mapping[str, LazyTensor]) -> None:
        self._tensors = dict(tensors)

    def __getitem__(self, name: str) -> LazyTensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def given(tensor: torch.Tensor) -> LazyTensor:
    """One that is in memory already."""
    return LazyTensor(tuple(tensor.shape), tensor.dtype, lambda: tensor)


def open_weights(folder: Path, *, stems: tuple[str, ...] = ("model", "pytorch_model")) -> dict[str, LazyTensor]:
    """All tensors of a folder as transformers and peft save them, by the names they have in the files.

    Looked for in this order: one safetensors file, an index of safetensors shards, one torch file, an index of torch
    shards. Raises UsageError where none is there, one is damaged, or a shard is missing.
    """
    for suffix, opener in ((".safetensors", open_safetensors), (".bin", open_torch)):
        for stem in stems:
            whole = folder / f"{stem}{suffix}"
            if whole.is_file():
                return opener(whole)
            index = folder / f"{stem}{suffix}.index.json"
            if index.is_file():
                return _open_shards(index, opener)
    names = ", ".join(f"{stem}.safetensors" for stem in stems)
    raise UsageError(f"{folder} holds no weights ({names}, shards of it, or .bin files): give a checkpoint folder.")


def open_file(path: Path) -> dict[str, LazyTensor]:
    """All tensors of one file, safetensors or torch by its ending."""
    return open_safetensors(path) if path.suffix == ".safetensors" else open_torch(path)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; UsageError where it is missing, damaged or something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise UsageError(f"{path.parent} lacks {path.name}: give a complete checkpoint folder.") from e
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as e:
        raise UsageError(f"{path} is not readable JSON ({e}): fetch it again.") from e
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no JSON object: fetch it again.")
    return data


def _open_shards(index: Path, opener: Callable[[Path], dict[str, LazyTensor]]) -> dict[str, LazyTensor]:
    where = read_json(index).get("weight_map")
    if not isinstance(where, dict) or not all(isinstance(file, str) for file in where.values()):
        raise UsageError(f"{index} has no weight_map: fetch it again.")
    files = sorted(set(where.values()))
    if outside := [file for file in files if Path(file).name != file]:
        raise UsageError(f"{index} names {outside[0]}, outside of its folder: do not use it.")
    if missing := [file for file in files if not (index.parent / file).is_file()]:
        raise UsageError(f"{index.parent} lacks {', '.join(missing)}: fetch it again.")
    tensors: dict[str, LazyTensor] = {}
    for file in files:
        tensors.update(opener(index.parent / file))
    if absent := sorted(set(where) - set(tensors)):
        raise UsageError(f"{index} promises tensors that its shards lack: {', '.join(absent)}; fetch it again.")
    return tensors


def open_safetensors(path: Path) -> dict[str, LazyTensor]:
    """Headers of a safetensors file, checked against its size, so that a truncated one is known before it is used."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            prefix = file.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else _HEADER_LIMIT + 1
            raw = file.read(length) if length <= min(_HEADER_LIMIT, size) else b""
    except OSError as e:
        raise UsageError(f"{path} cannot be read ({e.strerror}): give a readable safetensors file.") from e
    try:
        header = json.loads(raw)
        entries = {
            name: (
                _DTYPES.get(e["dtype"]),
                str(e["dtype"]),
                tuple(int(n) for n in e["shape"]),
                int(e["data_offsets"][1]),
            )
            for name, e in header.items()
            if name != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as e:
        raise UsageError(f"{path} is no safetensors file or is cut short within its header: fetch it again.") from e
    end = 8 + length + max((end for *_, end in entries.values()), default=0)
    if size != end:
        raise UsageError(f"{path} has {size} bytes instead of {end}: it is cut short or damaged, fetch it again.")
    if strange := sorted(f"{name} ({kind})" for name, (dtype, kind, *_) in entries.items() if dtype is None):
        raise UsageError(
            f"{path} holds tensors of unsupported types: {', '.join(strange)}; save it as float16 or wider."
        )
    return {
        name: LazyTensor(shape, dtype, _SafetensorsReader(path, name))
        for name, (dtype, _, shape, _) in entries.items()
        if dtype is not None
    }


def open_torch(path: Path) -> dict[str, LazyTensor]:
    """Names, shapes and dtypes of a state dict saved by torch.save; only plain tensors are unpickled, never code."""
    state, file = _load_torch(path, "meta"), _TorchFile(path)
    return {name: LazyTensor(tuple(t.shape), t.dtype, partial(file.read, name)) for name, t in state.items()}


def _load_torch(path: Path, device: str) -> dict[str, torch.Tensor]:
    try:
        try:
            data = torch.load(path, map_location=device, weights_only=True, mmap=True)
        except RuntimeError as e:
            if "mmap" not in str(e):
                raise
            data = torch.load(path, map_location=device, weights_only=True)  # the format before torch 1.6
    except Exception as e:  # the unpickler fails in many ways on damaged files
        reason = (str(e).splitlines() or [type(e).__name__])[0][:120]
        raise UsageError(f"{path} is no state dict of torch or is damaged ({reason}): fetch it again.") from e
    for wrapper in ("state_dict", "model_state_dict", "model"):
        if isinstance(data, dict) and isinstance(data.get(wrapper), dict):
            data = data[wrapper]
    if not isinstance(data, dict) or not all(isinstance(t, torch.Tensor) for t in data.values()):
        raise UsageError(f"{path} holds no state dict: save one with torch.save(model.state_dict(), ...).")
    return data


@dataclass(frozen=True, slots=True)
class _SafetensorsReader:
    path: Path
    name: str

    def __call__(self) -> torch.Tensor:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, framework="pt") as file:
                tensor: torch.Tensor = file.get_tensor(self.name)
                return tensor
        except (OSError, SafetensorError) as e:
            raise UsageError(f"{self.path} can no longer be read ({e}): leave it in place until all is done.") from e


class _TorchFile:
    """Reads tensors of one torch file. Opening it unpickles all names anew, so that it is kept open for a while."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: dict[str, torch.Tensor] = {}
        self._taken = 0

    def read(self, name: str) -> torch.Tensor:
        """A copy. After every gibibyte the file is mapped anew: pages once read count as this process's memory."""
        if not self._state or self._taken > _REMAP:
            self._state, self._taken = _load_torch(self._path, "cpu"), 0
        tensor = self._state[name].clone()
        self._taken += tensor.nbytes
        return tensor
