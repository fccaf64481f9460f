"""What is done with words that were heard: carried out, asked back, or taken for other people's talk. Plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from edge_nav.dialogue.intents import COMMANDS, NO, SAFETY, YES, Intent
from edge_nav.listening.ears import RecognisedUtterance

STOP_NEEDED = 0.08
"""To stop an answer, a weak match is enough: silence endangers nobody, and hazards are spoken all the same."""
ASK_BACK = 0.55
"""From this share of the needed confidence on, words after the button are asked back; below, nothing was understood."""

Verdict = Literal["answer", "confirm", "listen", "not_understood", "ask_again", "ignore"]
"""answer: it is answered or carried out. confirm: asked back first. listen: its name alone, more will follow."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When words are taken for a question: how sure they must be, and what they must begin with."""

    needed: float
    wake_words: tuple[str, ...] = ()

    def after_wake_words(self, text: str) -> tuple[str, bool]:
        """The text without the wake words, and whether it began with them."""
        wake = self.wake_words
        words = re.findall(r"[\w']+", text.lower())
        if wake and tuple(words[: len(wake)]) == wake:
            return " ".join(words[len(wake) :]), True
        return text, False

    def judge(self, heard: RecognisedUtterance, intent: Intent | None, *, woken: bool, sounding: bool) -> Verdict:
        """``intent``: of the words after the wake words; ``woken``: they were there; ``sounding``: an answer is being
        given, which "stop talking" always ends.

        Without the button or the wake words, talk may be anyone's: questions are answered, commands are asked back.
        """
        if sounding and intent is not None and intent.name == "stop_talking" and heard.confidence >= STOP_NEEDED:
            return "answer"
        meant = heard.pushed or woken
        if not meant and self.wake_words:
            return "ignore"
        if heard.confidence < self.needed * (ASK_BACK if meant else 1.0):
            return "not_understood" if heard.pushed else "ignore"
        if woken and not self.after_wake_words(heard.text)[0]:
            return "listen"
        if not heard.whole:
            return "ask_again"
        return self._judge_whole(heard, intent, meant=meant)

    def _judge_whole(self, heard: RecognisedUtterance, intent: Intent | None, *, meant: bool) -> Verdict:
        sure = heard.confidence >= self.needed
        if intent is None:
            return "ignore" if not meant else "answer" if sure else "not_understood"
        if intent.name == SAFETY:  # a remark on it is no question
            return "answer" if meant or heard.about_safety or intent.whole or "?" in heard.text else "ignore"
        if intent.name in (YES, NO) and not meant:
            return "ignore"
        if intent.name in COMMANDS:
            if not meant:
                return "confirm" if intent.whole else "ignore"
            return "answer" if sure and intent.whole else "confirm"
        return "answer" if sure else "confirm"
