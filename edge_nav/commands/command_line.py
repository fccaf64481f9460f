"""What every command line of this project shares: verbs made of frozen dataclasses, and errors told in one sentence."""

from __future__ import annotations

import dataclasses
import inspect
import math
import sys
import types
import typing
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from edge_nav.command_option import CommandOption
from edge_nav.errors import EdgeNavError, UsageError

INTERRUPTED = 130
DEBUG = "--debug"

Work = TypeVar("Work", bound=Callable[..., int])


def verb(app: typer.Typer, name: str) -> Callable[[Work], Work]:
    """Make a function a verb: its one parameter, if any, is a frozen dataclass whose fields carry a CommandOption each.

    Its docstring is the verb's help, what it returns the exit code.
    """

    def add(work: Work) -> Work:
        options = next((t for n, t in typing.get_type_hints(work).items() if n != "return"), None)
        hints = {} if options is None else typing.get_type_hints(options, include_extras=True)
        fields = {} if options is None else {f.name: f for f in dataclasses.fields(options)}

        def command(**given: Any) -> None:
            del given["_debug"]
            several = {n: tuple(v or ()) for n, v in given.items() if _is_tuple(hints[n])}
            raise typer.Exit(work() if options is None else work(options(**given | several)))

        signature = [_parameter(hints[n], field) for n, field in fields.items()]
        command.__dict__["__signature__"] = inspect.Signature([*signature, _debug()])  # what typer reads
        command.__doc__ = work.__doc__
        app.command(name)(command)
        return work

    return add


def _is_tuple(hint: Any) -> bool:
    return typing.get_origin(hint.__origin__) is tuple


def _parameter(hint: Any, field: dataclasses.Field[Any]) -> inspect.Parameter:
    """A field as typer takes it: an option that may be repeated is a list there, which may be None."""
    kind, option = hint.__origin__, hint.__metadata__[0]
    default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
    if _is_tuple(hint):
        kind, default = types.GenericAlias(list, typing.get_args(kind)[:1]) | None, None
    name = option.name or f"--{field.name.replace('_', '-')}"
    told = (
        typer.Argument(help=option.help)
        if option.positional
        else typer.Option(name, help=option.help, callback=_bounded(option, name))
    )
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, told]
    )


def _bounded(option: CommandOption, name: str) -> Callable[[Any], Any]:
    """Checks a number, or each of several; the sentence names the option, the value, and what is allowed."""

    def check(value: Any) -> Any:
        for one in value if isinstance(value, Sequence) else (value,):
            if isinstance(one, int | float) and not option.least <= one <= option.most:
                allowed = f"{option.least:g}" + (" or more" if math.isinf(option.most) else f" to {option.most:g}")
                raise UsageError(f"{name} = {one:g} is not allowed: give {allowed}.")
        return value

    return check


def _debug() -> inspect.Parameter:
    """For the help alone: `run_app` takes it off, wherever it stands."""
    told = typer.Option(DEBUG, help="Show a traceback when something fails.")
    return inspect.Parameter("_debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, told])


def explained(error: Exception, name: str) -> tuple[str, int]:
    """What is said of an error, and the exit code: 2 for what the user can mend, 1 for a fault or a bug."""
    if isinstance(error, EdgeNavError):
        return str(error), 2 if isinstance(error, UsageError) else 1
    return f"{name} failed with {type(error).__name__} ({error}): run the same command with {DEBUG} for more.", 1


def run_app(
    app: typer.Typer,
    arguments: list[str],
    command: str,
    explain: Callable[[Exception], tuple[str, int]],
    *,
    prefix: str = "",
    interrupted: str = "Interrupted.",
) -> int:
    """Run a command line; the exit code. Errors are one sentence, with ``--debug`` a traceback.

    ``command`` is what it is called by, such as ``python main.py``; ``explain`` gives an error's sentence and code.
    """
    try:
        done = app([a for a in arguments if a != DEBUG], standalone_mode=False)
    except typer.TyperException as e:
        sentence, code = f"{e.format_message()} See `{command} --help`.", 2
    except (typer.Abort, KeyboardInterrupt):
        sentence, code = interrupted, INTERRUPTED
    except BrokenPipeError:  # whoever read what is printed has gone
        return 1
    except Exception as e:
        if DEBUG in arguments:
            raise
        sentence, code = explain(e)
    else:
        if done != INTERRUPTED:
            return done if isinstance(done, int) else 0
        sentence, code = interrupted, INTERRUPTED
    sys.stderr.write(f"{prefix}{sentence}\n")
    return code
