"""Settings of the tools, read from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from edge_nav.errors import UsageError
from edge_nav.yaml_text import NotYaml, parse_yaml

S = TypeVar("S", bound=BaseModel)


def read_yaml(path: Path, kind: type[S]) -> S:
    """Settings from a file. UsageError names the first field that is wrong."""
    try:
        data = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"settings {path} cannot be read ({type(e).__name__}): give a YAML file.") from e
    except NotYaml as e:
        raise UsageError(f"settings {path} are no valid YAML{e.where} ({e}): mend or quote it there.") from e
    try:
        return kind.model_validate(data)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"]))
        # A rule about several settings names them itself.
        said = f": {where} = {first['input']!r} is wrong" if where else " are wrong"
        raise UsageError(f"settings {path}{said} ({first['msg'].removeprefix('Value error, ')}).") from e
