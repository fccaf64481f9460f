"""Reads text in a picture, by Tesseract (extra `ocr`)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import cv2

from edge_nav.errors import EdgeNavError
from edge_nav.types import Cancelled, Language, Picture

LANGUAGES: dict[Language, str] = {"en": "eng", "de": "deu", "es": "spa", "hi": "hin"}
"""Tesseract's names."""
SURE = 55.0
"""Percent: words of less certainty are texture, not text."""
LEAST_HEIGHT_PX = 1000
"""Tesseract wants letters of some 20 pixels: smaller pictures are enlarged to this height."""


_one_at_a_time = threading.Lock()
"""Reading takes a core: two at once would take perception's."""


class ReaderMissing(EdgeNavError):
    """Tesseract or its Python package is not installed."""


def read_text(rgb: Picture, language: Language, cancelled: Cancelled) -> Iterator[str]:
    """The lines of text in a picture, top to bottom. Raises ReaderMissing with the remedy."""
    try:
        import pytesseract
    except ImportError as e:
        raise ReaderMissing("reading text needs an extra: pip install 'edge-nav[ocr]'") from e
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    factor = max(1.0, LEAST_HEIGHT_PX / grey.shape[0])
    grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    try:
        with _one_at_a_time:
            if cancelled():
                return
            found = pytesseract.image_to_data(
                grey,
                lang=LANGUAGES[language],
                config="--psm 11",
                output_type=pytesseract.Output.DICT,
                timeout=10,
                nice=19,
            )
    except pytesseract.TesseractNotFoundError as e:
        raise ReaderMissing("reading text needs Tesseract: sudo apt install tesseract-ocr") from e
    except pytesseract.TesseractError as e:
        what = f"tesseract-ocr-{LANGUAGES[language]}"
        raise ReaderMissing(f"Tesseract cannot read {language}: sudo apt install {what}") from e
    except RuntimeError as e:  # its timeout
        raise EdgeNavError(f"reading failed ({e}): come closer to the text") from e
    lines: dict[tuple[int, int, int], list[str]] = {}
    for block, paragraph, line, word, sure in zip(
        found["block_num"], found["par_num"], found["line_num"], found["text"], found["conf"], strict=True
    ):
        if float(sure) >= SURE and re.search(r"\w", word):
            lines.setdefault((block, paragraph, line), []).append(word.strip())
    for words in lines.values():
        if cancelled():
            return
        yield " ".join(words) + ". "
