"""Settings of the tools, read from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from edge_nav.errors import UsageError

S = TypeVar("S", bound=BaseModel)


def read_yaml(path: Path, kind: type[S]) -> S:
    """Settings from a file. UsageError names the first field that is wrong."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"settings {path} cannot be read ({type(e).__name__}): give a YAML file.") from e
    except yaml.YAMLError as e:
        raise UsageError(f"settings {path} are no valid YAML ({str(e).splitlines()[0]}): correct them.") from e
    except (ValueError, RecursionError) as e:  # a date that is none, a number without end, brackets without end
        raise UsageError(f"settings {path} hold what YAML cannot read ({type(e).__name__}): quote or mend it.") from e
    try:
        return kind.model_validate(data)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"]))
        # A rule about several settings names them itself.
        said = f": {where} = {first['input']!r} is wrong" if where else " are wrong"
        raise UsageError(f"settings {path}{said} ({first['msg'].removeprefix('Value error, ')}).") from e
