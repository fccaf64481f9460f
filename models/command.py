"""What the commands of the tools share: arguments, and errors as one sentence."""

from __future__ import annotations

import sys

import typer

from edge_nav.cli import CLICK_ERROR, INTERRUPTED
from edge_nav.errors import EdgeNavError


def run_command(app: typer.Typer, name: str) -> None:
    """Run a command line and end the process: exit code 0 done, 1 a bug, 2 bad usage or input, 130 stopped.

    ``name`` is what the command is called by, such as ``python -m models.train``.
    """
    sys.exit(_run(app, name, sys.argv[1:]))


def _run(app: typer.Typer, name: str, arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        code = app([a for a in arguments if a != "--debug"] or ["--help"], standalone_mode=False)
    except CLICK_ERROR as e:
        return _say(f"{e.format_message()} See `{name} --help`.", 2)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except EdgeNavError as e:
        return _say(str(e), 2)
    except OSError as e:
        if debug:
            raise
        what = f"{e.filename} cannot be used" if e.filename else "the disk or the network failed"
        return _say(f"{what} ({e.strerror or e}): mend that or give another, and run the same command again.", 2)
    except Exception as e:  # a bug: one sentence, the traceback for who asks for it
        if debug:
            raise
        return _say(f"{name} failed with {type(e).__name__} ({e}): run the same command with --debug for more.", 1)
    if code == INTERRUPTED:  # newer versions of typer make a code of it, older ones raise
        _say("Interrupted: the same command goes on, or begins anew.", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _say(sentence: str, code: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code
