"""A folder's chat template, turned into the runs of a prompt with one image and one question."""

from __future__ import annotations

from pathlib import Path

from edge_nav.bundle import ImageRun, TextRun, TokensRun
from edge_nav.errors import UsageError
from models.checkpoints.tensors import read_json

Runs = tuple[TokensRun | TextRun | ImageRun, ...]
IMAGE = "<image>"
LLAVA_15 = f"USER: {IMAGE}\n{{question}} ASSISTANT:"
_QUESTION = "{question}"
_JSON = ("chat_template.json", "processor_config.json", "tokenizer_config.json")


def read_runs(folder: Path, bos_id: int | None) -> Runs:
    """What the template makes of an image and a question, after a beginning of sequence; LLaVA-1.5's without one."""
    text = _rendered(folder)
    before, image, after = text.partition(IMAGE)
    if not image or IMAGE in after or before.count(_QUESTION) + after.count(_QUESTION) != 1:
        raise UsageError(f"{folder}: its chat template gives {text!r}, not one {IMAGE} and one question: correct it.")
    begin: Runs = () if bos_id is None else (TokensRun(ids=(bos_id,)),)
    texts: list[Runs] = [(TextRun(text=part),) if part else () for part in (before, after)]
    return (*begin, *texts[0], ImageRun(), *texts[1])


def _rendered(folder: Path) -> str:
    template = _template(folder)
    if template is None:
        return LLAVA_15
    from transformers.utils.chat_template_utils import render_jinja_template

    content = [{"type": "image"}, {"type": "text", "text": _QUESTION}]
    try:
        # In jinja's sandbox; a beginning of sequence in the template is left out, since the runs begin with it.
        texts, _ = render_jinja_template(
            conversations=[[{"role": "user", "content": content}]],
            chat_template=template,
            add_generation_prompt=True,
            bos_token="",
            eos_token="",
        )
    except Exception as e:
        # A template is a small program, and fails in as many ways.
        reason = (str(e).splitlines() or [type(e).__name__])[0]
        raise UsageError(f"{folder}: its chat template cannot be rendered ({reason}): correct it.") from e
    return str(texts[0])


def _template(folder: Path) -> str | None:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8", errors="replace")
    for name in _JSON:
        template = read_json(folder / name).get("chat_template") if (folder / name).is_file() else None
        if isinstance(template, str):
            return template
    return None
