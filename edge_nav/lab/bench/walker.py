"""`bench walker`: a simulated person who obeys the guidance, against the same person without it.

The person is 1.8 m tall and 0.5 m wide, hears everything, never misunderstands and never tires of asking. They know at
every moment which way leads round the building's walls to their goal, and nothing of what stands in that way. They walk
straight; their turns on the spot err by 2 degrees and a twentieth. The camera sees 90 degrees across, is worn 1.4 m
high and looks down by 20 degrees, and its height is known; its pictures are noisy, but sharp and not compressed. "True
depth" tells what guidance can do at best: no network errs, and there is no noise.

Touching a thing again near by within ten seconds is not counted anew; all that is built, walls and door frames, is one
thing. A fall down a flight of stairs is one fall; who fell climbs back over steps until they are up again. What a cane
finds is not counted, nor are people who walk into who stands: they look at nothing. Accidents are set against metres
walked, in scenes without a way, too: without aid most happen to walkers who never arrive. Intervals hold 95 % of what
other scenes of the same kinds would give: of accidents by resampling the scenes (Efron, 1979), of goals by Wilson's
score (1927).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.progress import Progress

from edge_nav.errors import UsageError
from edge_nav.lab.bench.options import WalkerOptions
from edge_nav.lab.bench.report import Row, report
from edge_nav.lab.sim.source import open_scene
from edge_nav.lab.sim.split import SEEDS, TEST_FROM
from edge_nav.lab.walker.runs import Condition, Job, open_depth_model, run_jobs
from edge_nav.lab.walker.trial import WalkResult
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.writable import check_writable

FAMILIES = ("corridor", "interior", "pavement", "stairs")
RESAMPLES, RESAMPLES_SEED, Z_95 = 2000, 0, 1.96
SCENES = re.compile(r"(?P<family>[a-z_]+):(?P<first>\d+)-(?P<last>\d+)")


def bench(options: WalkerOptions) -> int:
    """Walk every scene under every condition and compare."""
    json_file = options.json_file
    conditions = conditions_of(options)
    scenes = scenes_of(options)
    for scene in scenes:
        family, _, seed = scene.partition(":")
        if not (family in FAMILIES and seed.isdecimal() and int(seed) < SEEDS):
            open_scene(scene)  # raises UsageError before the first walk
    if options.keep is not None and json_file is not None and options.keep.resolve() == json_file.resolve():
        raise UsageError(f"--keep and --json are both {json_file}: give two files.")
    for path, name in ((options.keep, "--keep"), (json_file, "--json")):
        if path is not None:
            check_writable(path, name)
    jobs = [Job(scene, condition) for scene in scenes for condition in conditions]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("walks", total=len(jobs))
        results = run_jobs(jobs, options.workers, options.keep, lambda done: bar.update(task, completed=done))
    walks = {c: [results[j] for j in jobs if j.condition == c] for c in conditions}
    baseline = next((accidents_per_100m(w) for c, w in walks.items() if c.name == "no aid"), None)
    rows = [row(c.name, w, baseline) for c, w in walks.items()]
    counted = "1 scene" if len(scenes) == 1 else f"{len(scenes)} scenes"
    report(f"a walker who obeys, {counted}; fewer: accidents per 100 m against no aid", rows, json_file)
    return 0


def conditions_of(options: WalkerOptions) -> list[Condition]:
    """What is compared. Raises UsageError for a bundle that is not here."""
    name = options.bundle or "nano"
    guided = [Condition("true depth", "true"), Condition(f"bundle {name}", "bundle", bundle=name)]
    made = [Condition("no aid"), Condition("cane alone", cane=True)]
    for c in guided:
        fps = [replace(c, name=f"{c.name}, {fps:g} fps", fps=fps) for fps in options.fps]
        delays = [replace(c, name=f"{c.name}, +{1000 * s:.0f} ms", latency_s=s) for s in options.latency_s]
        made += [c, replace(c, name=f"{c.name}, cane", cane=True)]
        made += [o for o in dict.fromkeys((*fps, *delays)) if (o.fps, o.latency_s) != (c.fps, c.latency_s)]
    names = [c.name for c in made]
    for asked in options.conditions:
        if asked not in names:
            raise UsageError(f"--condition {asked!r} is unknown: use one of {', '.join(map(repr, names))}.")
    chosen = [c for c in made if c.name in (options.conditions or names)]
    if any(c.bundle for c in chosen):
        open_depth_model(guided[1], PerceptionSettings())
    return chosen


def scenes_of(options: WalkerOptions) -> list[str]:
    """FAMILY:SEED of the test split, or the files and scenes that were named: FAMILY:FIRST-LAST is many. Each once."""
    if "" in options.only:
        raise UsageError("--only '' names no scene: give a family, FAMILY:SEED or a file.")
    families = [name for name in options.only if name in FAMILIES]
    named = [scene for name in options.only if name not in FAMILIES for scene in _named(name)]
    if named and not families and options.scenes is not None:
        raise UsageError(f"--only {options.only[0]} says which scenes: leave out --scenes.")
    if not named:
        families = families or list(FAMILIES)
    drawn = [f"{family}:{TEST_FROM + n}" for n in range(options.scenes or 1) for family in families]
    return list(dict.fromkeys([*drawn, *named]))


def _named(name: str) -> list[str]:
    many = SCENES.fullmatch(name)
    if many is None:
        return [name]
    first, last = int(many["first"]), int(many["last"])
    if not first <= last < SEEDS:
        raise UsageError(f"--only {name}: give FAMILY:FIRST-LAST, LAST not before FIRST and not above {SEEDS - 1}.")
    return [f"{many['family']}:{seed}" for seed in range(first, last + 1)]


def row(name: str, walks: Sequence[WalkResult], baseline: float | None) -> Row:
    """One condition's figures; rates per 100 m walked, the time against the shortest way's at 1.2 m/s."""
    hundred_m, minutes = sum(r.walked_m for r in walks) / 100, sum(r.seconds for r in walks) / 60
    solvable = [r for r in walks if r.solvable]
    reached = [r for r in solvable if r.goal]
    accidents = accidents_per_100m(walks)
    low, high = bootstrap_95(walks)
    goal_low, goal_high = wilson_95(len(reached), len(solvable))
    return {
        "condition": name,
        "scenes": len(walks),
        "walked_m": 100 * hundred_m,
        "accidents_per_100m": accidents,
        "accidents_per_100m_low": low,
        "accidents_per_100m_high": high,
        "collisions_per_100m": _per(sum(r.collisions for r in walks), hundred_m),
        "ground_per_100m": _per(sum(r.ground for r in walks), hundred_m),
        "body_per_100m": _per(sum(r.body for r in walks), hundred_m),
        "head_per_100m": _per(sum(r.head for r in walks), hundred_m),
        "falls_per_100m": _per(sum(r.falls for r in walks), hundred_m),
        "fewer_rate": None if not baseline or accidents is None else 1 - accidents / baseline,
        "solvable": len(solvable),
        "goal_rate": _per(len(reached), len(solvable)),
        "goal_rate_low": goal_low,
        "goal_rate_high": goal_high,
        "time_ratio": _per(sum(r.seconds for r in reached), sum(r.shortest_m for r in reached) / 1.2),
        "callouts_per_min": _per(sum(r.callouts for r in walks), minutes),
        "stops_per_min": _per(sum(r.stops for r in walks), minutes),
    }


def accidents_per_100m(walks: Sequence[WalkResult]) -> float | None:
    """Collisions and falls; None where nobody walked."""
    return _per(sum(r.accidents for r in walks), sum(r.walked_m for r in walks) / 100)


def bootstrap_95(walks: Sequence[WalkResult]) -> tuple[float | None, float | None]:
    """The interval of accidents per 100 m, scenes drawn with replacement from a fixed seed."""
    drawn = np.random.default_rng(RESAMPLES_SEED).integers(len(walks), size=(RESAMPLES, len(walks)))
    metres = np.array([r.walked_m for r in walks])[drawn].sum(axis=1)
    accidents = np.array([r.accidents for r in walks])[drawn].sum(axis=1)
    if not (metres > 0).all():
        return None, None
    low, high = np.percentile(100 * accidents / metres, (2.5, 97.5))
    return float(low), float(high)


def wilson_95(count: int, of: int) -> tuple[float | None, float | None]:
    """The interval of a share."""
    if of == 0:
        return None, None
    share, z2 = count / of, Z_95**2 / of
    middle, half = share + z2 / 2, math.sqrt(z2 * (share * (1 - share) + z2 / 4))
    return max(0.0, (middle - half) / (1 + z2)), min(1.0, (middle + half) / (1 + z2))


def _per(count: float, of: float) -> float | None:
    return count / of if of > 0 else None
