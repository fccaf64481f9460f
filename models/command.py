"""What the commands of the tools share: settings from YAML, and errors as one sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TypeVar

import typer
import yaml
from pydantic import BaseModel, ValidationError

from edge_nav.errors import EdgeNavError, UsageError

S = TypeVar("S", bound=BaseModel)


def read_yaml(path: Path, kind: type[S]) -> S:
    """Settings from a file. UsageError names the first field that is wrong."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise UsageError(f"settings {path} cannot be read ({type(e).__name__}): give a YAML file.") from e
    except yaml.YAMLError as e:
        raise UsageError(f"settings {path} are no valid YAML ({str(e).splitlines()[0]}): correct them.") from e
    try:
        return kind.model_validate(data)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(f"settings {path}: {where} = {first['input']!r} is wrong ({first['msg']}).") from e


def run_command(app: typer.Typer) -> None:
    """Run a command line. Known errors become one sentence on standard error and exit code 2."""
    try:
        app()
    except EdgeNavError as e:
        sys.stderr.write(f"{e}\n")
        sys.exit(2)
