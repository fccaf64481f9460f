"""What the commands of the tools share: errors as one sentence."""

from __future__ import annotations

import sys

import typer

from edge_nav.errors import EdgeNavError


def run_command(app: typer.Typer) -> None:
    """Run a command line. Known errors become one sentence on standard error and exit code 2."""
    try:
        app()
    except EdgeNavError as e:
        sys.stderr.write(f"{e}\n")
        sys.exit(2)
