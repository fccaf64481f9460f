"""Verbs made of frozen dataclasses: what is typed becomes the object, and what is wrong a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer

from edge_nav.command_option import CommandOption
from edge_nav.commands.command_line import explained, run_app, verb


@dataclass(frozen=True, slots=True)
class FlyOptions:
    """A verb's options."""

    where: Annotated[Path, CommandOption("A place.", positional=True)]
    loud: Annotated[bool, CommandOption("Aloud.")] = False
    speeds: Annotated[tuple[float, ...], CommandOption("Several.", name="--speed", least=1, most=9)] = ()
    most_seconds: Annotated[int | None, CommandOption("An end.", least=2)] = None


def fly(*arguments: str) -> tuple[int, list[FlyOptions]]:
    """The exit code of a command line, and the options that reached the work."""
    app, given = typer.Typer(), []

    @verb(app, "fly")
    def _fly(options: FlyOptions) -> int:
        given.append(options)
        return 3 if options.loud else 0

    @verb(app, "land")
    def _land() -> int:
        raise KeyError("ground")

    return run_app(app, list(arguments), "fly", lambda e: explained(e, "Flying")), given


def test_what_is_typed_becomes_the_object() -> None:
    assert fly("fly", "north") == (0, [FlyOptions(Path("north"))])
    typed = ("fly", "--speed", "2", "north", "--loud", "--speed", "3.5", "--most-seconds", "4", "--debug")
    assert fly(*typed) == (3, [FlyOptions(Path("north"), True, (2.0, 3.5), 4)])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("fly", "north", "--speed", "2", "--speed", "10"), 2, "--speed = 10 is not allowed: give 1 to 9."),
        (("fly", "north", "--most-seconds", "1"), 2, "--most-seconds = 1 is not allowed: give 2 or more."),
        (("fly",), 2, "Missing argument 'where'. See `fly --help`."),
        (("fly", "north", "--no-loud"), 2, "No such option: --no-loud (Possible options: --loud) See `fly --help`."),
        (("land",), 1, "Flying failed with KeyError ('ground'): run the same command with --debug for more."),
    ],
)
def test_what_is_wrong_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, told: str
) -> None:
    assert fly(*arguments) == (code, [])
    assert capsys.readouterr().err == f"{told}\n"


def test_with_debug_anywhere_an_error_is_raised_as_it_was() -> None:
    with pytest.raises(KeyError):
        fly("--debug", "land")
