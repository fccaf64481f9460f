"""A bundle's prompt with a question and a picture in it, as the runs of tokens and embeddings that are decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import ImageRun, LlmEntry, TextRun
from edge_nav.errors import UsageError

QUESTION = "{question}"
WORTH_KEEPING = 16
"""A constant run before the question is decoded on its own, and so kept for the next, from this many tokens on."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token numbers."""

    ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A picture's embeddings, float32 [n, width]; two are the same by their key."""

    key: str
    rows: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


Run: TypeAlias = Tokens | Image


class Tokeniser(Protocol):
    """The part of the language model that knows words."""

    vocabulary: int

    def tokens(self, text: str, *, parse_special: bool) -> list[int]: ...
    def is_special(self, token: int) -> bool: ...
    def spelling(self, token: int) -> str: ...


class Prompt:
    """The template of one bundle."""

    def __init__(self, name: str, entry: LlmEntry, tokeniser: Tokeniser) -> None:
        """Raises UsageError where it holds not one picture, no question, or tokens that do not exist."""
        self._entry, self._tokeniser = entry, tokeniser
        kinds = [run.run for run in entry.prompt]
        asked = [run for run in entry.prompt if isinstance(run, TextRun) and QUESTION in run.text]
        if kinds.count("image") != 1 or not asked:
            raise UsageError(
                f"bundle {name}: llm.prompt needs one image and a {QUESTION}, it has {kinds.count('image')} and "
                f"{len(asked)}: export it again."
            )
        ids = [i for run in entry.prompt if run.run == "tokens" for i in run.ids]
        for i in (*ids, *entry.stop_ids):
            if not 0 <= i < tokeniser.vocabulary:
                raise UsageError(
                    f"bundle {name}: token {i} of its manifest is not among the {tokeniser.vocabulary} of "
                    f"{entry.file}: export it again."
                )

    def runs(self, question: str, image: Image) -> list[Run]:
        """In order of decoding. Neighbouring tokens are one run, but for long constants, which can be kept."""
        runs: list[Run] = []
        open_ended = False
        for part in self._entry.prompt:
            if isinstance(part, ImageRun):
                runs.append(image)
                open_ended = False
                continue
            constant = not (isinstance(part, TextRun) and QUESTION in part.text)
            ids = self._ids(part.text, question) if isinstance(part, TextRun) else part.ids
            last = runs[-1] if runs else None
            if isinstance(last, Tokens) and open_ended and (constant or len(last) < WORTH_KEEPING):
                runs[-1] = Tokens(last.ids + tuple(ids))
            elif ids:
                runs.append(Tokens(tuple(ids)))
            open_ended = bool(runs) and isinstance(runs[-1], Tokens)
        return runs

    def constant(self) -> list[Run]:
        """The runs before anything that changes from question to question."""
        found: list[Run] = []
        nothing = Image("", np.zeros((0, 0), np.float32))
        for one, other in zip(self.runs("a", nothing), self.runs("of what", nothing), strict=True):
            if one != other or isinstance(one, Image):
                break
            found.append(one)
        return found

    def around(self) -> int:
        """Tokens of the prompt beside the picture and the question."""
        return sum(len(run) for run in self.runs("", Image("", np.zeros((0, 0), np.float32))))

    def _ids(self, template: str, question: str) -> tuple[int, ...]:
        # In one piece, as the model saw it in training: apart, words at the border would be split otherwise.
        text = template.replace(QUESTION, self._plain(question)) if QUESTION in template else template
        return tuple(self._tokeniser.tokens(text, parse_special=True))

    def _plain(self, question: str) -> str:
        """The question such that nothing in it is taken for a special token: what spells one is broken by a space."""
        for _ in range(8):
            special = [i for i in self._tokeniser.tokens(question, parse_special=True) if self._tokeniser.is_special(i)]
            if not special:
                return question
            for spelling in {self._tokeniser.spelling(i) for i in special}:
                question = question.replace(spelling, f"{spelling[:1]} {spelling[1:]}")
        return re.sub(r"[^\w\s?.,!'’-]", " ", question)
