"""One plan, carried out: checkpoints opened, parts written and checked, the bundle assembled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_nav.bundle import Manifest
from edge_nav.errors import UsageError
from export import depth as depth_part
from export import llm as llm_part
from export import nano as nano_part
from export import vision as vision_part
from export.assemble import About, Part, PartName, assemble, check_target
from export.gguf.memory import trim
from export.parity.report import ParityRow
from export.plan import ExportPlan, VlmPlan
from export.progress import Progress
from models.checkpoints import DepthCheckpoint, VlmCheckpoint, open_checkpoint


@dataclass(frozen=True, slots=True)
class Exported:
    """The bundle as its manifest has it, and what this run checked."""

    folder: Path
    manifest: Manifest
    parity: list[ParityRow]


def run_plan(plan: ExportPlan, say: Callable[[str], None], progress: Progress | None = None) -> Exported:
    """Export. ``say`` is told the licences. UsageError for whatever cannot be done; ``plan.out`` is as before then."""
    before = check_target(plan.out)
    depth = open_checkpoint(plan.depth.checkpoint, kind="depth") if plan.depth else None
    vlm = open_checkpoint(plan.vlm.checkpoint, adapter=plan.vlm.adapter, kind="vlm") if plan.vlm else None
    if before is not None and vlm is not None:
        _check_width(plan, before, vlm)
    licences = [c.licence for c in (depth, vlm) if c is not None]
    if plan.nano:
        nano_part.nano_checkpoint(plan.nano.checkpoint)
        licences.append(nano_part.LICENCE)
    for checkpoint in (depth, vlm):
        if checkpoint is not None:
            say(f"{checkpoint.source}: licence {checkpoint.licence}")
    if plan.licence:
        say(f"recorded as {plan.licence}, as given")
    about = About(
        licence=plan.licence or " AND ".join(dict.fromkeys(licences)),
        sources=_sources(plan, depth, vlm),
        name=plan.name,
        intended_use=plan.intended_use,
    )
    made: list[Part] = []

    def make(work: Path) -> Sequence[Part]:
        if plan.depth and depth:
            found = depth_part.export_depth(depth, work, plan.depth, progress)
            made.append(Part("depth", found.entry, found.files, found.parity))
        if plan.nano:
            found = nano_part.export_nano(plan.nano, work, progress)
            made.append(Part("depth", found.entry, found.files, found.parity))
        if plan.vlm and vlm:
            made.extend(_vlm_parts(plan.vlm, vlm, work, progress))
        return made

    manifest = assemble(plan.out, about, _wanted(plan), _space(plan, depth, vlm), make)
    return Exported(plan.out, manifest, [row for part in made for row in part.parity])


def _vlm_parts(plan: VlmPlan, checkpoint: VlmCheckpoint, work: Path, progress: Progress | None) -> list[Part]:
    parts = []
    if plan.vision:
        vision = vision_part.export_vision(checkpoint, work, plan.vision, progress)
        parts.append(Part("vision", vision.entry, vision.files, vision.parity))
        trim()
    if plan.llm:
        llm = llm_part.export_llm(checkpoint, work, plan.llm, progress)
        parts.append(Part("llm", llm.entry, llm.files, llm.parity))
    return parts


def _check_width(plan: ExportPlan, before: Manifest, checkpoint: VlmCheckpoint) -> None:
    """A half that stays in the bundle has to fit the one that is made: known before hours of work."""
    wanted, width = _wanted(plan), checkpoint.architecture.decoder.width
    for name, entry in (("vision", before.vision), ("llm", before.llm)):
        if entry is not None and name not in wanted and entry.width != width:
            raise UsageError(
                f"bundle {plan.out} keeps its {name} of width {entry.width} and {checkpoint.source} has width {width}: "
                "export both from the same checkpoint, with vlm, or give another --out."
            )


def _wanted(plan: ExportPlan) -> set[PartName]:
    wanted: set[PartName] = {"depth"} if plan.depth or plan.nano else set()
    if plan.vlm and plan.vlm.vision:
        wanted.add("vision")
    if plan.vlm and plan.vlm.llm:
        wanted.add("llm")
    return wanted


def _space(plan: ExportPlan, depth: DepthCheckpoint | None, vlm: VlmCheckpoint | None) -> int:
    """Bytes of everything that is made, so that a disk too small is known before the first part."""
    needed = depth_part.space(depth, plan.depth.precision) if plan.depth and depth else 0
    needed += 4 * nano_part.MOST_BYTES if plan.nano else 0
    if plan.vlm and plan.vlm.vision and vlm:
        needed += vision_part.space(vlm, plan.vlm.vision.precisions)
    if plan.vlm and plan.vlm.llm and vlm:
        needed += llm_part.space(vlm, plan.vlm.llm)
    return needed


def _sources(plan: ExportPlan, depth: DepthCheckpoint | None, vlm: VlmCheckpoint | None) -> tuple[str, ...]:
    """Hub ids as they are; of folders the name alone, which is all that means anything on another machine."""
    named: list[str] = [c.source for c in (depth, vlm) if c is not None]
    sources = [Path(source).resolve().name if Path(source).exists() else source for source in named]
    if plan.nano:
        sources.append(
            f"trained by python -m models.train depth: {nano_part.nano_checkpoint(plan.nano.checkpoint).stem}"
        )
    if plan.vlm and plan.vlm.adapter:
        sources.append(f"adapter {plan.vlm.adapter.resolve().name}")
    return tuple(sources)
