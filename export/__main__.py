"""`python -m export`: torch checkpoints -> a bundle. Arguments and exit codes alone; the work is imported when used."""

from __future__ import annotations

import errno
import os
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_nav.commands.command_line import explained, run_app
from edge_nav.errors import UsageError

if TYPE_CHECKING:
    from export.plan import ExportPlan

app = typer.Typer(
    help="Make a model bundle of torch checkpoints, and compare it with them. A bundle that is there keeps its other "
    "parts; nothing is left behind by an export that fails.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Precision(str, Enum):
    """Of an ONNX graph."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"
    INT8_STATIC = "int8-static"


class Quantisation(str, Enum):
    """Of a GGUF file."""

    Q4_K_M = "Q4_K_M"
    Q4_0 = "Q4_0"
    Q5_K_M = "Q5_K_M"
    Q8_0 = "Q8_0"
    F16 = "F16"


class Use(str, Enum):
    """What a bundle may be used for."""

    REAL = "real"
    SIMULATOR = "simulator"


Checkpoint = Annotated[str, typer.Argument(help="Folder, or hub id such as owner/name.", show_default=False)]
Out = Annotated[Path, typer.Option(help="The bundle's folder.", show_default=False)]
Name = Annotated[str | None, typer.Option(help="The bundle's name; that of the folder if not given.")]
Licence = Annotated[str | None, typer.Option(help="Licence to record, where the checkpoint states none.")]
IntendedUse = Annotated[
    Use | None, typer.Option(help="simulator for a new bundle, if not given. A live camera takes real ones alone.")
]
Calibration = Annotated[
    Path | None, typer.Option(help="Folder of pictures like those it will see; int8-static needs it.")
]
Precisions = Annotated[
    list[Precision] | None,
    typer.Option(help="fp32 if not given. Several times: several graphs; the first is used unless asked otherwise."),
]
Adapter = Annotated[Path | None, typer.Option(help="LoRA folder as peft saves it, merged on the way.")]
Quants = Annotated[
    list[Quantisation] | None,
    typer.Option(help="Q4_K_M if not given. Several times: several files; the first is used unless asked otherwise."),
]
Text = Annotated[Path | None, typer.Option(help="UTF-8 text that quantised files are compared on.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]


@app.command()
def depth(
    checkpoint: Checkpoint,
    out: Out,
    size: Annotated[
        str | None, typer.Option(help="308: the shorter side, any aspect. 308x406: height x width alone.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="int8 takes in linear layers; fp16 is for GPUs.")] = (
        Precision.FP32
    ),
    calibration: Calibration = None,
    name: Name = None,
    licence: Licence = None,
    intended_use: IntendedUse = None,
    _debug: Debug = False,
) -> None:
    """Depth Anything V1 or V2, relative or metric, to depth.onnx."""
    part = {"checkpoint": checkpoint, "size": size, "precision": precision.value, "calibration": calibration}
    _export({**_whole(out, name, licence, intended_use), "depth": part})


@app.command()
def nano(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a training run, or a checkpoint.", show_default=False)],
    out: Out,
    frames: Annotated[
        list[Path], typer.Option(help="Generated frames to calibrate confidence on; may be given many times.")
    ],
    name: Name = None,
    licence: Licence = None,
    intended_use: IntendedUse = None,
    _debug: Debug = False,
) -> None:
    """The depth network of `python -m models.train depth` to depth.onnx."""
    part = {"checkpoint": checkpoint, "frames": tuple(frames)}
    _export({**_whole(out, name, licence, intended_use), "nano": part})


@app.command()
def vision(
    checkpoint: Checkpoint,
    out: Out,
    precision: Precisions = None,
    adapter: Adapter = None,
    calibration: Calibration = None,
    name: Name = None,
    licence: Licence = None,
    intended_use: IntendedUse = None,
    _debug: Debug = False,
) -> None:
    """Vision tower and projector of a vision-language model to vision.onnx."""
    part = {"checkpoint": checkpoint, "adapter": adapter, "vision": _vision(precision, calibration), "llm": None}
    _export({**_whole(out, name, licence, intended_use), "vlm": part})


@app.command()
def llm(
    checkpoint: Checkpoint,
    out: Out,
    quant: Quants = None,
    adapter: Adapter = None,
    text: Text = None,
    name: Name = None,
    licence: Licence = None,
    intended_use: IntendedUse = None,
    _debug: Debug = False,
) -> None:
    """Language model of a vision-language model to llm.gguf."""
    part = {"checkpoint": checkpoint, "adapter": adapter, "vision": None, "llm": _llm(quant, text)}
    _export({**_whole(out, name, licence, intended_use), "vlm": part})


@app.command()
def vlm(
    checkpoint: Checkpoint,
    out: Out,
    precision: Precisions = None,
    quant: Quants = None,
    adapter: Adapter = None,
    calibration: Calibration = None,
    text: Text = None,
    name: Name = None,
    licence: Licence = None,
    intended_use: IntendedUse = None,
    _debug: Debug = False,
) -> None:
    """A whole vision-language model: vision.onnx and llm.gguf."""
    part = {
        "checkpoint": checkpoint,
        "adapter": adapter,
        "vision": _vision(precision, calibration),
        "llm": _llm(quant, text),
    }
    _export({**_whole(out, name, licence, intended_use), "vlm": part})


@app.command(name="all")
def everything(
    config: Annotated[Path, typer.Argument(help="A YAML file; see configs/export/.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The bundle's folder, instead of the file's.")] = None,
    _debug: Debug = False,
) -> None:
    """All that a file names, into one bundle."""
    from export.plan import ExportPlan
    from models.yaml_settings import read_yaml

    plan = read_yaml(config, ExportPlan)
    _run(plan if out is None else plan.model_copy(update={"out": out}))


def _whole(out: Path, name: str | None, licence: str | None, use: Use | None) -> dict[str, object]:
    return {"out": out, "name": name, "licence": licence, "intended_use": use.value if use else None}


def _vision(precisions: list[Precision] | None, calibration: Path | None) -> dict[str, object]:
    given = {"precisions": tuple(p.value for p in precisions)} if precisions else {}
    return {**given, "calibration": calibration}


def _llm(quants: list[Quantisation] | None, text: Path | None) -> dict[str, object]:
    """F16 is the file that the others are made from: asked for, it is kept."""
    if not quants:
        return {"text": text}
    made = tuple(q.value for q in quants if q is not Quantisation.F16)
    return {"quantisations": made, "keep_base": Quantisation.F16 in quants, "text": text}


def _export(fields: dict[str, object]) -> None:
    from pydantic import ValidationError

    from export.plan import ExportPlan

    try:
        plan = ExportPlan.model_validate(fields)
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the command"
        raise UsageError(f"{where} = {first['input']!r} is wrong ({first['msg']}): see --help.") from e
    _run(plan)


def _run(plan: ExportPlan) -> None:
    from rich.console import Console

    from export.parity.report import table
    from export.progress import shown
    from export.run import run_plan

    with shown() as progress:
        exported = run_plan(plan, _say, progress)
    Console().print(table(exported.parity))
    manifest = exported.manifest
    sys.stdout.write(f"{exported.folder}: {manifest.name}, licence {manifest.licence}, for {manifest.intended_use}\n")


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def main(arguments: list[str]) -> int:
    """Exit code: 0 done, 1 a bug, 2 bad usage, a bad checkpoint, a full disk, or a failed check."""
    # Weights are read from local files; the libraries' own bars and hints would only stand beside ours.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    interrupted = "interrupted; nothing was left behind."
    return run_app(app, arguments, "python -m export", _explained, prefix="export: ", interrupted=interrupted)


def _explained(error: Exception) -> tuple[str, int]:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full, nothing was left behind: free some, or give --out on another disk.", 2
    return explained(error, "the export")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
