"""A vision-language checkpoint: its description, and its tensors under canonical names, still on the disk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edge_nav.bundle import ImageRun, TextRun, TokensRun
from edge_nav.errors import UsageError
from models.architecture import Architecture
from models.checkpoints.loading import DERIVED, check_tensors, expected_shapes, fill
from models.checkpoints.tensors import LazyTensor, Tensors
from models.composite import Vision, VisionLanguageModel
from models.decoder import decoder_config

PARTS = ("tower", "projector", "decoder")
UNKNOWN = "unknown"
# A name in the files -> "tower.…", "projector.…" or "decoder.…"; "" for what is not needed; None for what is unknown.
Rename = Callable[[str], "str | None"]


@dataclass(frozen=True)
class VlmCheckpoint:
    """Weights of all three parts by canonical names.

    ``tower`` is named as transformers' CLIPVisionModel or SiglipVisionModel (or models/scratch_vit.py), ``decoder`` as
    LlamaForCausalLM, PhiForCausalLM or GemmaForCausalLM (a tied head has no ``lm_head.weight``), ``projector`` as
    models/projectors.py. Each tensor has the dtype it was saved in; adapters are merged when it is read.
    """

    folder: Path
    architecture: Architecture
    tower: Tensors
    projector: Tensors
    decoder: Tensors
    tokenizer_folder: Path
    licence: str
    source: str

    @property
    def decoder_config(self) -> Any:
        """LlamaConfig, PhiConfig or GemmaConfig of the decoder."""
        return decoder_config(self.architecture.decoder)

    def tokenizer(self) -> Any:
        """The transformers tokenizer. Raises UsageError where there is none."""
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(self.tokenizer_folder)
        except Exception as e:
            # transformers raises whatever its readers stumble over.
            raise UsageError(
                f"{self.tokenizer_folder} holds no tokenizer that can be read ({type(e).__name__}): add its files."
            ) from e

    def prompt(self, question: str, tokenizer: Any) -> list[list[int] | None]:
        """The tokens of the prompt's runs with a question; None where the image's embeddings go.

        Each text run is tokenised on its own, without special tokens of the tokenizer's own adding.
        """
        return [_tokens(run, question, tokenizer) for run in self.architecture.prompt.runs]

    def build_vision(self, dtype: torch.dtype = torch.float32) -> Vision:
        """Tower and projector with their weights: pixels [B, 3, S, S] -> [B, image tokens, width]."""
        return fill(lambda: Vision(self.architecture), self._named("tower", "projector"), dtype)

    def build(self, dtype: torch.dtype = torch.float32) -> VisionLanguageModel:
        """The whole model with its weights."""
        return fill(lambda: VisionLanguageModel(self.architecture), self._named(*PARTS), dtype)

    def _named(self, *parts: str) -> dict[str, LazyTensor]:
        tensors = {"tower": self.tower, "projector": self.projector, "decoder": self.decoder}
        return {f"{part}.{name}": tensor for part in parts for name, tensor in tensors[part].items()}


def _tokens(run: TextRun | TokensRun | ImageRun, question: str, tokenizer: Any) -> list[int] | None:
    match run:
        case TokensRun():
            return list(run.ids)
        case TextRun():
            ids: list[int] = tokenizer.encode(run.text.replace("{question}", question), add_special_tokens=False)
            return ids
    return None


def rename_all(tensors: Mapping[str, LazyTensor], rename: Rename) -> dict[str, LazyTensor]:
    """Canonical names; unknown ones keep theirs, so that the check names them as they are in the file."""
    renamed = {}
    for name, tensor in tensors.items():
        new = rename(name)
        if new != "":
            renamed[name if new is None else new] = tensor
    return renamed


@dataclass(frozen=True)
class Opened:
    """What a layout's reader finds, before it is checked.

    ``tensors`` are named ``tower.…``, ``projector.…`` and ``decoder.…``; ``rename`` makes such names of those in the
    files and of an adapter's modules; ``folders`` are all that it was made from, the checkpoint's own first, and
    ``adapters`` belong to it.
    """

    architecture: Architecture
    tensors: dict[str, LazyTensor]
    rename: Rename
    folders: tuple[Path, ...]
    tokenizer_folder: Path | None = None
    adapters: tuple[Path, ...] = ()


def assemble(opened: Opened, source: str, cards: Sequence[Path]) -> VlmCheckpoint:
    """Check the tensors against the architecture and sort them.

    ``source`` is what the user named, a path or hub id; ``cards`` the folders whose licences hold.
    """
    architecture, folder = opened.architecture, opened.folders[0]
    expected = expected_shapes(lambda: VisionLanguageModel(architecture))
    tensors = {name: tensor for name, tensor in opened.tensors.items() if not name.endswith(DERIVED)}
    if architecture.decoder.tied:
        tensors.pop("decoder.lm_head.weight", None)  # saved beside the embedding by some versions, never used
    check_tensors(source, expected, tensors)
    parts = {
        part: Tensors({n.removeprefix(f"{part}."): tensors[n] for n in expected if n.startswith(f"{part}.")})
        for part in PARTS
    }
    licences = [licence for licence in map(read_licence, cards) if licence != UNKNOWN]
    return VlmCheckpoint(
        folder=folder,
        architecture=architecture,
        tower=parts["tower"],
        projector=parts["projector"],
        decoder=parts["decoder"],
        tokenizer_folder=opened.tokenizer_folder or folder,
        licence=", ".join(dict.fromkeys(licences)) or UNKNOWN,
        source=source,
    )


def read_licence(folder: Path) -> str:
    """What the model card (README.md) states as its licence, else what was shown when it was pulled, else "unknown"."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    header = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    stated = (
        {k: v.strip().strip("\"'") for k, v in re.findall(r"^(license(?:_name)?):(.*)$", header[1], re.M)}
        if header
        else {}
    )
    named = stated.get("license", "")
    return (stated.get("license_name") if named in ("", "other") else named) or named or _pulled_licence(folder)


def _pulled_licence(folder: Path) -> str:
    try:
        pulled = json.loads((folder / "pulled.json").read_text(encoding="utf-8"))
        return str(pulled["licence"])
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN
