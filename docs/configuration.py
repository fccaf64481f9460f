"""Writes configuration.md and scenes.md from the settings themselves: `python docs/configuration.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edge_nav.config import Profile
from edge_nav.lab.sim.scene import SceneSpec

FOLDER = Path(__file__).parent
TELLS_APART = ("type", "kind")
"""Settings that say which of several sections one is."""
INTRO = """# Configuration

A profile is a YAML file; `python main.py run --config FILE` walks with it. Every setting has a default, an unknown name
or an impossible value is refused with one sentence. The profiles in `configs/` are examples. This page is written by
`docs/configuration.py` from the settings themselves.
"""

SCENES = """# Scenes

A scene is a YAML file that a person can write: what stands where, who walks through it, the light and the camera. An
accident that was reported can become one, and be walked again: `python main.py run --source sim:FILE`. Lengths are
metres, angles degrees clockwise seen from above; x is to the right and y ahead of someone who sets out, and things
stand on the ground below them. This page is written by `docs/configuration.py` from the settings themselves.

```yaml
schema: edge-nav/scene/1
family: corridor
things:
- {kind: room, from: [-1.0, -1.0], to: [1.0, 12.0]}
- {kind: chair, at: [0.3, 4.0], heading_deg: 160}
- {kind: hanging_sign, at: [0.0, 8.0]}
walk: {path: [[0, 0], [0, 3], [-0.5, 4], [0, 5], [0, 11]], speed_mps: 1.1}
```

`--source sim:FAMILY:SEED` draws one instead, of the families corridor, interior, pavement and stairs. Seeds below
900000 are for training, those below 950000 for tuning, and the rest up to 999999 for tests; each has textures and
furniture of its own.
"""


def configuration() -> str:
    """All of configuration.md."""
    return _page(INTRO, "profile", Profile)


def scenes() -> str:
    """All of scenes.md."""
    return _page(SCENES, "scene", SceneSpec)


def _page(intro: str, title: str, model: type[BaseModel]) -> str:
    parts = [intro]
    _section(parts, title, model)
    return "\n".join(parts) + "\n"


def _section(parts: list[str], title: str, model: type[BaseModel]) -> None:
    doc = (model.__doc__ or "").strip().splitlines()[0]
    parts += [f"\n## {title}\n", doc + "\n", "| setting | default | allowed | meaning |", "|---|---|---|---|"]
    nested: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        if name in TELLS_APART and _kind(field) is not None:
            continue
        models = _models(field.annotation)
        nested += [(f"{title}.{name}".removeprefix("profile.").removeprefix("scene.") + _choice(m), m) for m in models]
        default = "" if models else _default(field)
        parts.append(f"| `{field.alias or name}` | {default} | {_allowed(field, models)} | {field.description or ''} |")
    for name, inner in nested:
        _section(parts, name, inner)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models(part)]


def _choice(model: type[BaseModel]) -> str:
    return "".join(f" ({name}: {kind})" for name, kind in _kinds(model))


def _kinds(model: type[BaseModel]) -> list[tuple[str, str]]:
    """The setting that tells a section from its siblings, and its only value."""
    found = [(name, _kind(model.model_fields[name])) for name in TELLS_APART if name in model.model_fields]
    return [(name, kind) for name, kind in found if kind is not None]


def _kind(field: FieldInfo) -> str | None:
    allowed = get_args(field.annotation)
    return allowed[0] if len(allowed) == 1 and isinstance(allowed[0], str) else None


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "null" if field.default is None else f"`{field.default}`"


def _allowed(field: FieldInfo, models: list[type[BaseModel]]) -> str:
    if models:
        kinds = [kind for m in models for _, kind in _kinds(m)]
        return ", ".join(f"`{k}`" for k in kinds) or "a section"
    literals = [
        a for part in (field.annotation, *get_args(field.annotation)) for a in get_args(part) if isinstance(a, str)
    ]
    if literals:
        return ", ".join(f"`{a}`" for a in dict.fromkeys(literals))
    limits = [
        f"{words} {getattr(bound, name):.10g}"
        for name, words in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
        for bound in field.metadata
        if hasattr(bound, name)
    ]
    return ", ".join(limits)


if __name__ == "__main__":
    (FOLDER / "configuration.md").write_text(configuration(), encoding="utf-8")
    (FOLDER / "scenes.md").write_text(scenes(), encoding="utf-8")
