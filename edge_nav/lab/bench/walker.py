"""`bench walker`: a simulated person who obeys the guidance, against the same person without it.

What flatters, and what does not. The person is 1.8 m tall and 0.5 m wide, hears everything, never misunderstands and
never tires of asking; they stop at the STOP tone, before the words. They know at every moment which way leads round the
building's walls to their goal, as from an exact map and an exact place on it, and nothing of what stands in that way
(`edge_nav/lab/walker/route.py`). They walk straight and know how far; their turns on the spot err by 2 degrees and a
twentieth. The camera sees 90 degrees across, is worn 1.4 m high and looks down by 20 degrees, and its height is known;
its pictures are noisy, but sharp and not compressed. "True depth" tells what guidance can do at best: no network errs,
and there is no noise.

What is counted. Touching a thing again near by within ten seconds is not counted anew, whoever walks; all that is
built, walls and door frames, is one thing. A fall down a flight of stairs is one fall; who fell climbs back over steps
until they are up again. Whoever walks without aid or with a cane alone feels their way round what they touched; whoever
is guided remembers for three minutes where they ran into something, and is not told into it again. A cane's sweep of
0.8 m finds every edge a metre ahead and whatever reaches down to the ground there, up to 0.6 m nearer whatever
reaches down to the knee, and nothing that hangs.

Who is guided and has a cane. They stop at a STOP like others, but then feel for what it named, at half a metre a
second, with the cane held short (a sweep of 0.54 m, 0.6 m ahead) and a forearm before chest and face, and go on where
they meet nothing up to half a metre beyond. As they feel, another STOP is a pause of half a second: cane and arm have
to find what it is. They ask at every fourth try at most, go where they were told that it is free with cane and arm
before them, too, and feel for the way to the goal from there. Between, they feel their way. Where cane or arm found
something, round it as with a hand on a wall: to one side, by the first of five headings (35 to 165 degrees off the
goal's) in which nothing is met, by steps of 0.3 m, 0.6 m where the last one that way was free; after each for a metre
towards the goal, but not from the last two of the five, which lead out of corners; to the other side where all are
barred, and at every sixteenth try. Else aside, farther each time. What cane and arm meet is not counted. The edges and
hanging things among it are remembered as long as what was run into is, and stop them when their way leads there again;
what was run into is passed by 0.27 m from their middle at least, what a hand found by 0.17 m.
Neither cane nor arm is in the pictures, where they would hide a part. Who has a cane alone does none of this, so that
what is between the two is not all guidance's doing; and what hangs between knee and chest is met by neither.

People who walk to and fro look at nothing: that they walk into who stands in their way is not counted, that they cross
before who walks is. A STOP is false where, up to half a metre beyond the distance that it names, nothing stands and no
ground ends, neither in the corridor nor within 20 degrees of where it points: what it calls the thing is not asked.
Accidents are set against metres walked, in scenes without a way, too: without aid most happen to walkers who never
arrive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from edge_nav.errors import UsageError
from edge_nav.lab.bench.options import WalkerOptions
from edge_nav.lab.bench.report import Row, report
from edge_nav.lab.bench.walker_runs import Condition, Job, failed, open_depth_model, run_jobs, save_failure
from edge_nav.lab.bench.walker_trial import Result
from edge_nav.lab.sim.source import open_scene
from edge_nav.lab.sim.split import SEEDS, TEST_FROM
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.writable import check_folder, check_writable

FAMILIES = ("corridor", "interior", "pavement", "stairs")
QUICK, FULL = 1, 50
"""Scenes of each family."""
SCENES = re.compile(r"(?P<family>[a-z_]+):(?P<first>\d+)-(?P<last>\d+)")
NOTE = (
    "1.8 m tall walker, 0.7 s to react, stops at the tone, hears all; camera 90 degrees wide, 1.4 m high, 20 degrees "
    "down. Solvable: a way 0.8 m wide leads to the goal. words_per_min counts answers that were asked for, "
    "callouts_per_min only what was not. Guided with a cane: feels for what a STOP names, goes on where nothing is met."
)


def bench(options: WalkerOptions) -> int:
    """Walk every scene under every condition and compare."""
    json_file = options.json_file
    conditions, missing = conditions_of(options)
    scenes = scenes_of(options)
    _check(scenes)
    if options.keep is not None and json_file is not None and options.keep.resolve() == json_file.resolve():
        raise UsageError(f"--keep and --json are both {json_file}: give two files.")
    for path, name in ((options.keep, "--keep"), (json_file, "--json")):
        if path is not None:
            check_writable(path, name)
    if options.failures is not None:
        check_folder(options.failures, "--failures")
    jobs = [Job.of(scene, condition) for scene in scenes for condition in conditions]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("walks", total=len(jobs))
        results = run_jobs(jobs, options.workers, options.keep, lambda done: bar.update(task, completed=done))
    rows = [row(c, {j: r for j, r in results.items() if j.condition == c}, _baseline(results)) for c in conditions]
    rows += [{"condition": name, "scenes": 0, "note": why} for name, why in missing.items()]
    title = f"a walker who obeys, {_scenes(len(scenes))}; fewer: accidents per 100 m against no aid"
    report(title, rows, json_file)
    Console(stderr=True).print(NOTE)
    if options.failures is not None:
        save_failures(results, options.failures)
    return 0


def conditions_of(options: WalkerOptions) -> tuple[list[Condition], dict[str, str]]:
    """What is compared, and why what cannot be, by name: for want of a bundle."""
    made = [
        Condition("no aid"),
        Condition("cane alone", cane=True),
        Condition("true depth", "true"),
        Condition("true depth, cane", "true", cane=True),
        *_at_other_rates(Condition("true depth", "true"), options),
    ]
    name = options.bundle or "nano"
    network = Condition(f"bundle {name}", "bundle", bundle=name)
    with_cane = Condition(f"bundle {name}, cane", "bundle", cane=True, bundle=name)
    with_it = [network, with_cane, *_at_other_rates(network, options)]
    try:
        open_depth_model(network, PerceptionSettings())
    except UsageError as e:
        if options.bundle is not None or {c.name for c in with_it} & set(options.conditions):
            raise
        return _chosen(made, options), {} if options.conditions else {network.name: str(e)}
    return _chosen([*made, *with_it], options), {}


def _at_other_rates(condition: Condition, options: WalkerOptions) -> list[Condition]:
    """The same at the other frame rates and with the delays that are asked for."""
    rates = [replace(condition, name=f"{condition.name}, {fps:g} fps", fps=fps) for fps in options.fps]
    delays = [replace(condition, name=f"{condition.name}, +{1000 * s:.0f} ms", latency_s=s) for s in options.latency_s]
    others = dict.fromkeys((*rates, *delays))
    return [c for c in others if (c.fps, c.latency_s) != (condition.fps, condition.latency_s)]


def _chosen(made: list[Condition], options: WalkerOptions) -> list[Condition]:
    names = [c.name for c in made]
    for name in options.conditions:
        if name not in names:
            raise UsageError(f"--condition {name!r} is unknown: use one of {', '.join(map(repr, names))}.")
    few = [c.name for c in made if options.full or not (c.cane and c.depth != "none")]
    return [c for c in made if c.name in (options.conditions or few)]


def scenes_of(options: WalkerOptions) -> list[str]:
    """FAMILY:SEED of the test split, or the files and scenes that were named: FAMILY:FIRST-LAST is many. Each once."""
    if options.full and options.scenes is not None:
        raise UsageError(f"--full is {FULL} scenes of each family, and --scenes {options.scenes} others: give one.")
    if "" in options.only:
        raise UsageError("--only '' names no scene: give a family, FAMILY:SEED or a file.")
    families = [name for name in options.only if name in FAMILIES]
    named = [scene for name in options.only if name not in FAMILIES for scene in _named(name)]
    if named and not families and (options.full or options.scenes is not None):
        raise UsageError(f"--only {options.only[0]} says which scenes: leave out --full and --scenes.")
    count = options.scenes if options.scenes is not None else FULL if options.full else QUICK
    if not named:
        families = families or list(FAMILIES)
    drawn = [f"{family}:{TEST_FROM + n}" for n in range(count) for family in families]
    return list(dict.fromkeys([*drawn, *named]))


def _named(name: str) -> list[str]:
    many = SCENES.fullmatch(name)
    if many is None:
        return [name]
    first, last = int(many["first"]), int(many["last"])
    if last < first:
        raise UsageError(f"--only {name}: {last} is before {first}; give FAMILY:FIRST-LAST.")
    if last >= SEEDS:
        raise UsageError(f"--only {name}: there is no scene seed {last}; give one up to {SEEDS - 1}.")
    return [f"{many['family']}:{seed}" for seed in range(first, last + 1)]


def _check(scenes: Sequence[str]) -> None:
    """Raises UsageError before the first walk for a scene that cannot be opened."""
    for scene in scenes:
        family, _, seed = scene.partition(":")
        if not (family in FAMILIES and seed.isdecimal() and int(seed) < SEEDS):
            open_scene(scene)


def row(condition: Condition, results: dict[Job, Result], baseline: float | None) -> Row:
    """One condition's figures; rates per 100 m walked, times and ways against the shortest way."""
    walks = list(results.values())
    metres = sum(r.walked_m for r in walks) / 100
    minutes = sum(r.seconds for r in walks) / 60
    solvable = [r for r in walks if r.solvable]
    reached = [r for r in solvable if r.goal]
    rate = accident_rate(walks)
    bands = {band: sum(c.band == band for r in walks for c in r.collisions) for band in ("ground", "body", "head")}
    return {
        "condition": condition.name,
        "scenes": len(walks),
        "walked_m": 100 * metres,
        "collisions_per_100m": _per(sum(len(r.collisions) for r in walks), metres),
        **{f"{band}_per_100m": _per(n, metres) for band, n in bands.items()},
        "falls_per_100m": _per(sum(len(r.falls) for r in walks), metres),
        "accident_free": _per(sum(r.accidents == 0 for r in walks), len(walks)),
        "fewer": None if not baseline or rate is None else 1 - rate / baseline,
        "solvable": len(solvable),
        "goal_rate": _per(len(reached), len(solvable)),
        "time_ratio": _per(sum(r.seconds for r in reached), sum(r.shortest_m for r in reached) / 1.2),
        "path_ratio": _per(sum(r.walked_m for r in reached), sum(r.shortest_m for r in reached)),
        "words_per_min": _per(sum(r.words for r in walks), minutes),
        "callouts_per_min": _per(sum(r.callouts for r in walks), minutes),
        "stops": sum(r.stops for r in walks),
        "false_stops": sum(r.false_stops for r in walks),
        "note": "",
    }


def accident_rate(walks: Sequence[Result]) -> float | None:
    """Collisions and falls per 100 m; None where nobody walked."""
    return _per(sum(r.accidents for r in walks), sum(r.walked_m for r in walks) / 100)


def _baseline(results: dict[Job, Result]) -> float | None:
    return accident_rate([r for j, r in results.items() if j.condition.name == "no aid"])


def _per(count: float, of: float) -> float | None:
    return count / of if of > 0 else None


def save_failures(results: dict[Job, Result], folder: Path) -> None:
    """Scenes in which guidance did not help enough, with the way that was walked."""
    console = Console(stderr=True)
    some = [(j, r) for j, r in results.items() if failed(j, r)]
    for job, result in some:
        save_failure(job, result, folder)
    if some:
        console.print(f"{_scenes(len(some))} with accidents or without the goal: replay with --source sim:{folder}/…")


def _scenes(count: int) -> str:
    return f"{count} scene" if count == 1 else f"{count} scenes"
