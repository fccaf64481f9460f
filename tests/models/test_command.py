"""Errors of the tools' commands: one sentence and an exit code."""

from __future__ import annotations

import errno
import os
import sys

import pytest
import typer

from edge_nav.errors import UsageError
from models.command import run_command


def ran(monkeypatch: pytest.MonkeyPatch, fault: BaseException | None, *arguments: str) -> int:
    """The exit code of a command that ends in a fault."""
    app = typer.Typer()

    @app.command()
    def work(count: int = 1) -> None:
        if fault is not None:
            raise fault

    monkeypatch.setattr(sys, "argv", ["tool", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_command(app, "python -m tool")
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (None, 0, ""),
        (UsageError("x is wrong: mend it."), 2, "x is wrong: mend it."),
        (FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), "out"), 2, "out cannot be used (File exists): mend"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2, "(No space left on device): mend that or give another"),
        (KeyError("average"), 1, "python -m tool failed with KeyError ('average'): run the same command with --debug"),
        (KeyboardInterrupt(), 130, "Interrupted"),
    ],
)
def test_a_fault_is_one_sentence_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: BaseException | None,
    code: int,
    said: str,
) -> None:
    assert ran(monkeypatch, fault, "--count", "2") == code
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == (1 if said else 0)


def test_bad_usage_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(monkeypatch, None, "--count", "many") == 2
    told = capsys.readouterr().err
    assert "'--count'" in told
    assert told.endswith("See `python -m tool --help`.\n")
    assert told.count("\n") == 1


def test_who_asks_for_it_sees_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        ran(monkeypatch, KeyError("average"), "--count", "2", "--debug")
