"""What the commands of the tools share: arguments, and errors as one sentence."""

from __future__ import annotations

import sys

import typer

from edge_nav.commands.command_line import explained, run_app
from edge_nav.errors import EdgeNavError


def run_command(app: typer.Typer, name: str) -> None:
    """Run a command line and end the process: exit code 0 done, 1 a bug, 2 bad usage or input, 130 stopped.

    ``name`` is what the command is called by, such as ``python -m models.train``.
    """
    interrupted = "Interrupted: the same command goes on, or begins anew."
    arguments = sys.argv[1:] or ["--help"]
    sys.exit(run_app(app, arguments, name, lambda e: _explained(e, name), interrupted=interrupted))


def _explained(error: Exception, name: str) -> tuple[str, int]:
    """The work is on files alone: whatever is wrong with them can be mended."""
    if isinstance(error, EdgeNavError):
        return str(error), 2
    if isinstance(error, OSError):
        what = f"{error.filename} cannot be used" if error.filename else "the disk or the network failed"
        return f"{what} ({error.strerror or error}): mend that or give another, and run the same command again.", 2
    return explained(error, name)
