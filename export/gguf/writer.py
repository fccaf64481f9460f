"""Writes a GGUF file tensor by tensor: at most one of them is in memory."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_nav.errors import UsageError
from export.gguf.metadata import ARCHITECTURES, Origin, add_metadata
from export.gguf.plan import Base, Planned, planned_bytes
from export.gguf.tokenizer import Vocabulary, add_vocabulary
from export.progress import Progress

if TYPE_CHECKING:
    from gguf import GGUFWriter

HEADER_BYTES = 64 << 20
"""Room for keys and the vocabulary; Gemma's 257 thousand tokens take 8 MB."""


def check_space(folder: Path, needed: int) -> None:
    """Raise UsageError before anything is written where the disk is too small."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UsageError(
            f"the disk of {folder} has {free / 1e9:.3g} GB free and the export needs {needed / 1e9:.3g} GB: "
            "free some, or export to another disk."
        )


def write_gguf(
    path: Path,
    config: Any,
    plan: Sequence[Planned],
    vocabulary: Vocabulary,
    base: Base,
    origin: Origin,
    progress: Progress | None = None,
) -> None:
    """Write PATH.part, then rename it: an interrupted export leaves nothing under the final name, and the next one
    starts afresh. ``config`` is the decoder's transformers configuration."""
    from gguf import GGUFWriter

    check_space(path.parent, planned_bytes(plan) + HEADER_BYTES)
    part = path.with_name(f"{path.name}.part")
    writer = GGUFWriter(part, ARCHITECTURES[str(config.model_type)])
    add_metadata(writer, config, len(vocabulary.tokens), base, origin)
    add_vocabulary(writer, vocabulary)
    try:
        _write(writer, plan, f"writing {path.name}", progress)
        writer.close()
        part.replace(path)
    except BaseException as e:
        with suppress(OSError):  # a full disk fails once more when what is buffered is written
            writer.close()
        part.unlink(missing_ok=True)
        if isinstance(e, OSError):
            raise UsageError(f"{path} could not be written ({e.strerror or e}): check the disk.") from e
        raise


def _write(writer: GGUFWriter, plan: Sequence[Planned], step: str, progress: Progress | None) -> None:
    from gguf import GGMLQuantizationType

    for t in plan:
        writer.add_tensor_info(t.name, t.shape, np.dtype(np.float32), t.bytes, GGMLQuantizationType[t.kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    total, done = planned_bytes(plan), 0
    for t in plan:
        writer.write_tensor_data(t.array())
        done += t.bytes
        if progress is not None:
            progress(step, done, total)
