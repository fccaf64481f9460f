"""Writes configuration.md from the settings themselves: `python docs/configuration.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge_nav.config import Profile

PAGE = Path(__file__).with_suffix(".md")
INTRO = """# Configuration

A profile is a YAML file; `python main.py run --config FILE` walks with it. Every setting has a default, an unknown name
or an impossible value is refused with one sentence. The profiles in `configs/` are examples. This page is written by
`docs/configuration.py` from the settings themselves.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRO]
    _section(parts, "profile", Profile)
    return "\n".join(parts)


def _section(parts: list[str], title: str, model: type[BaseModel]) -> None:
    doc = (model.__doc__ or "").strip().splitlines()[0]
    parts += [f"\n## {title}\n", doc + "\n", "| setting | default | allowed | meaning |", "|---|---|---|---|"]
    nested: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        if name == "type":
            continue
        models = _models(field.annotation)
        nested += [(f"{title}.{name}".removeprefix("profile.") + _choice(m), m) for m in models]
        default = "" if models else _default(field)
        parts.append(f"| `{name}` | {default} | {_allowed(field, models)} | {field.description or ''} |")
    for name, inner in nested:
        _section(parts, name, inner)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models(part)]


def _choice(model: type[BaseModel]) -> str:
    kind = model.model_fields.get("type")
    return f" (type: {kind.default})" if kind is not None else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "null" if field.default is None else f"`{field.default}`"


def _allowed(field: FieldInfo, models: list[type[BaseModel]]) -> str:
    if models:
        kinds = [m.model_fields["type"].default for m in models if "type" in m.model_fields]
        return ", ".join(f"`{k}`" for k in kinds) or "a section"
    literals = [
        a for part in (field.annotation, *get_args(field.annotation)) for a in get_args(part) if isinstance(a, str)
    ]
    if literals:
        return ", ".join(f"`{a}`" for a in dict.fromkeys(literals))
    limits = [
        f"{words} {getattr(bound, name):g}"
        for name, words in (("ge", "at least"), ("gt", "above"), ("le", "at most"))
        for bound in field.metadata
        if hasattr(bound, name)
    ]
    return ", ".join(limits)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
