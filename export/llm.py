"""The language model of a checkpoint as GGUF: written, quantised, and compared with what it was made from."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.bundle import LlmEntry, TokensRun
from edge_nav.errors import UsageError
from edge_nav.vlm.llama_library import load_llama_cpp
from edge_nav.vlm.llama_model import LlamaModel
from export.gguf.metadata import Origin, check_supported
from export.gguf.plan import Base, Planned, planned_bytes
from export.gguf.quantise import BITS, Quantisation, fallen_back, foresee, quantise, summary
from export.gguf.tensors import plan_tensors
from export.gguf.tokenizer import load_tokenizer, read_vocabulary
from export.gguf.writer import HEADER_BYTES, check_space, write_gguf
from export.parity.llm import PromptShape, encode, quantised_rows, tokenizer_rows, torch_rows
from export.parity.report import ParityRow, demand, told
from export.parity.texts import PROSE
from export.progress import Progress

if TYPE_CHECKING:
    from models.architecture import Prompt
    from models.checkpoints import VlmCheckpoint

FILE = "llm.gguf"


class LlmOptions(Settings):
    """How the language model is exported."""

    quantisations: tuple[Quantisation, ...] = Field(
        default=("Q4_K_M",), description="Files to make; the first is the bundle's default. None: the base alone."
    )
    base: Base = Field(default="F16", description="Type of the matrices before quantising.")
    keep_base: bool = Field(default=False, description="Whether the unquantised file stays in the bundle.")
    text: Path | None = Field(
        default=None, description="UTF-8 text on which quantised files are compared; without one, a built-in text."
    )
    checks: Literal["all", "tokenizer"] = Field(
        default="all",
        description="all: answers against torch's and the quantised files' perplexity, too; llama.cpp maps the "
        "unquantised file whole for it, and memory that does not hold it makes it slow.",
    )
    threads: int = Field(default=0, ge=0, le=256, description="Threads of the quantiser; 0: one a core.")


@dataclass(frozen=True, slots=True)
class LlmResult:
    """The manifest's entry, the files written, relative to the folder, and what they were checked for."""

    entry: LlmEntry
    files: list[str]
    parity: list[ParityRow]


def space(checkpoint: VlmCheckpoint, options: LlmOptions) -> int:
    """Bytes that it will write. Raises UsageError for a decoder that cannot be exported."""
    check_supported(checkpoint.decoder_config)
    return _space(plan_tensors(checkpoint.decoder_config, checkpoint.decoder, options.base), options.quantisations)


def export_llm(
    checkpoint: VlmCheckpoint, out: Path, options: LlmOptions, progress: Progress | None = None
) -> LlmResult:
    """Write the GGUF files into ``out``, an existing folder. Raises UsageError for what cannot be exported, before
    anything is written where that can be known, and where a file differs from the checkpoint by more than it may."""
    config, architecture = checkpoint.decoder_config, checkpoint.architecture
    check_supported(config)
    load_llama_cpp()
    if len(set(options.quantisations)) != len(options.quantisations):
        raise UsageError(f"quantisations {', '.join(options.quantisations)} name one twice: name each once.")
    text = _text(options.text)
    tokenizer = load_tokenizer(checkpoint.tokenizer_folder)
    plan = plan_tensors(config, checkpoint.decoder, options.base)
    rows = next(t.shape[0] for t in plan if t.name == "token_embd.weight")
    vocabulary = read_vocabulary(tokenizer, rows)
    _check_prompt(architecture.prompt, rows)
    fallbacks = {q: foresee(q, plan) for q in options.quantisations}
    check_space(out, _space(plan, options.quantisations))

    base = out / (f"llm-{options.base}.gguf" if options.quantisations else FILE)
    # A folder's path means nothing on another machine.
    source = "" if Path(checkpoint.source).exists() else f"https://huggingface.co/{checkpoint.source}"
    origin = Origin(architecture.name, checkpoint.licence, source)
    parity: list[ParityRow] = []
    started = time.monotonic()
    write_gguf(base, config, plan, vocabulary, options.base, origin, progress)
    parity.append(_size(base, time.monotonic() - started, f"matrices {options.base}"))
    shape = PromptShape(architecture.prompt.runs, architecture.prompt.attention, architecture.image_tokens)
    with LlamaModel(base, vocab_only=True) as model:
        parity += tokenizer_rows(model, tokenizer, shape)
    # A wrong token is known in a moment, a wrong weight after minutes: no need to wait for it.
    demand(parity)
    if options.checks == "all":
        parity += torch_rows(base, config, checkpoint.decoder, tokenizer, shape, progress=progress)
        demand(parity)
    files: dict[Quantisation, Path] = {}
    for i, q in enumerate(options.quantisations):
        started = time.monotonic()
        files[q] = out / (FILE if i == 0 else f"llm-{q}.gguf")
        types = quantise(base, files[q], q, plan, threads=options.threads, progress=progress)
        parity.append(_size(files[q], time.monotonic() - started, f"{q}: {summary(types)}"))
        if fallbacks[q]:
            told_of = fallen_back(fallbacks[q], types)
            parity.append(told(files[q].name, f"tensors that cannot be {q}", float(len(fallbacks[q])), told_of))
    if options.checks == "all" and files:
        parity += quantised_rows(base, files, encode(tokenizer, text, add_special=True), progress)
        demand(parity)
    return _result(checkpoint, base, files, options, parity)


def _result(
    checkpoint: VlmCheckpoint,
    base: Path,
    quantised: Mapping[Quantisation, Path],
    options: LlmOptions,
    parity: list[ParityRow],
) -> LlmResult:
    variants: dict[str, str] = {q: path.name for q, path in quantised.items()}
    if options.keep_base or not quantised:
        variants[options.base] = base.name
    else:
        base.unlink()
    prompt = checkpoint.architecture.prompt
    entry = LlmEntry(
        file=FILE,
        variants=variants,
        width=checkpoint.architecture.decoder.width,
        prompt=list(prompt.runs),
        attention=prompt.attention,
        image_scale=prompt.image_scale,
        stop_ids=prompt.stop_ids,
        context=min(prompt.context, int(checkpoint.decoder_config.max_position_embeddings)),
        answer_tokens=prompt.answer_tokens,
    )
    return LlmResult(entry, sorted(variants.values()), parity)


def _check_prompt(prompt: Prompt, rows: int) -> None:
    named = [*prompt.stop_ids, *(i for run in prompt.runs if isinstance(run, TokensRun) for i in run.ids)]
    if beyond := [i for i in named if not 0 <= i < rows]:
        raise UsageError(f"the prompt names token {beyond[0]} of a decoder with {rows}: correct its architecture.yaml.")


def _space(plan: Sequence[Planned], quantisations: Sequence[Quantisation]) -> int:
    base = planned_bytes(plan) + HEADER_BYTES
    values = sum(t.bytes // (4 if t.kind == "F32" else 2) for t in plan)
    return base + sum(int(values * BITS[q] / 8) + HEADER_BYTES for q in quantisations)


def _size(path: Path, seconds: float, detail: str) -> ParityRow:
    return told(path.name, "megabytes", path.stat().st_size / 1e6, f"{detail}; {seconds:.1f} s")


def _text(path: Path | None) -> str:
    if path is None:
        return PROSE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"the text {path} cannot be read ({e}): give a UTF-8 file.") from e
