"""`bench guidance`: how much is said on a walk whose truth is known, how much of it is true, and what is told in time.

Every walk is perceived once and then walked by the policy and the voice's rules alone, at two speaking rates. Whoever
walks follows the path whatever is said. In the rows: `callouts_per_min` and `stops_per_min` were begun;
`words_per_min` is what the voice would have to say to say everything; `unheard` never had its turn. A warning counts
from the moment at which its noun has been spoken (`edge_nav/record/debrief.py`).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import Progress

from edge_nav.config import Profile
from edge_nav.errors import UsageError
from edge_nav.guidance.alerts import alerts
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.lab.bench.guidance_walks import CAMERA, walk_names, walk_spec
from edge_nav.lab.bench.options import GuidanceBenchOptions
from edge_nav.lab.bench.perceived import PerceivedWalk, read_perceived, write_perceived
from edge_nav.lab.bench.report import Row, report
from edge_nav.lab.sim.scene import load_scene, save_scene
from edge_nav.lab.sim.source import SimSource
from edge_nav.record.debrief import Debrief, debrief
from edge_nav.record.debrief_spoken import CalloutCollector
from edge_nav.record.debrief_table import debrief_table
from edge_nav.sources.filmed_walk import SCENE, TRUTH, read_truth
from edge_nav.sources.spec import open_source
from edge_nav.sources.walk import FOLDER
from edge_nav.speech.earcons import tone_s
from edge_nav.speech.timeline import NOMINAL_LATENCY_S, VoiceTimeline
from edge_nav.types import PRIORITIES, Callout, KnowsTruth, VoiceFate
from edge_nav.walk.build import make_loop, open_measuring
from edge_nav.walk.options import WalkOptions
from edge_nav.walk.profile import profile_of
from edge_nav.writable import check_writable

FILMED = "filmed"
SLOW_WPM = 200
GROUPS = {
    "clear": "clear:",
    "hazard": "hazard:",
    "tuning": ("place:pavement", "place:home", "place:park"),
    "kept": ("place:shop", "place:platform", "place:office_night"),
}
"""Several walks by one name."""


def bench(options: GuidanceBenchOptions) -> int:
    """A row for each walk, way of measuring depth and speaking rate."""
    cv2.setNumThreads(1)
    if options.json_file is not None:
        check_writable(options.json_file, "--json")
    names = walks_of(options.walks)
    bundles = [None] if options.bundle is None else [None, options.bundle]
    rows: list[Row] = []
    screen = Console()
    for name in names:
        for bundle in bundles:
            profile, walk = perceived(name, bundle, options)
            for rate_wpm in (SLOW_WPM, profile.speech.rate_wpm):
                result = walked(walk, profile, rate_wpm)
                title = name if bundle is None else f"{name}, {bundle}"
                rows.append(row(title, rate_wpm, walk, result))
                if options.tell:
                    screen.print(f"{title}, {rate_wpm} words a minute", debrief_table(result))
    report("what is said on walks whose truth is known", rows, options.json_file)
    return 0


def walks_of(asked: Sequence[str]) -> list[str]:
    """The walks to judge: the filmed one where none is asked for. Raises UsageError for an unknown name."""
    known = (FILMED, *walk_names())
    found: list[str] = []
    for name in asked or (FILMED,):
        group = GROUPS.get(name)
        some = [
            n for n in known if group is not None and (n.startswith(group) if isinstance(group, str) else n in group)
        ]
        if group is None and name not in known:
            raise UsageError(f"walk {name} is unknown; use one of {', '.join((*GROUPS, *known))}.")
        found += [n for n in (some or [name]) if n not in found]
    return found


def perceived(name: str, bundle: str | None, options: GuidanceBenchOptions) -> tuple[Profile, PerceivedWalk]:
    """A walk's settings and scenes; from the disk where they are there."""
    with tempfile.TemporaryDirectory() as folder:
        source, description = _source(name, bundle, Path(folder))
        profile = profile_of(WalkOptions(source=source, bundle=bundle))
        told = [description, bundle, options.seconds, profile.perception.model_dump(mode="json")]
        sha256 = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        title = name if bundle is None else f"{name}, {Path(bundle).name}"
        opened = open_source(profile.source, SimSource)
        try:
            kept = None
            if options.scenes is not None:
                kept = read_perceived(options.scenes, title, sha256, opened.intrinsics)
            if kept is not None:
                return profile, kept
            if not isinstance(opened, KnowsTruth):
                raise UsageError(f"walk {name} knows no truth: choose another.")
            depth, _ = open_measuring(profile, live=False)
            loop, scenes = make_loop(profile, depth), []
            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task(title, total=opened.frame_count)
                while (frame := opened.read()) is not None:
                    if options.seconds is not None and frame.t >= options.seconds:
                        break
                    step = loop.step(frame)
                    if step.scene is not None:
                        scenes.append(step.scene)
                    bar.advance(task)
            until_s = scenes[-1].t if scenes else 0.0
            # However the filmed walk is measured, it is held against the truth of its film.
            known = read_truth(FOLDER / TRUTH) if name == FILMED else opened.truth(until_s)
            walk = PerceivedWalk(opened.intrinsics, scenes, [frame for frame in known if frame.t <= until_s])
        finally:
            opened.close()
    if options.scenes is not None:
        write_perceived(options.scenes, title, sha256, walk)
    return profile, walk


def walked(walk: PerceivedWalk, profile: Profile, rate_wpm: int) -> Debrief:
    """What the policy says on a walk, spoken by the voice's rules, against what stood there."""
    policy = GuidancePolicy(profile.guidance, profile.perception.companion)
    tones: dict[str, float] = {p: tone_s(p) for p in PRIORITIES} if profile.speech.earcons else {}
    heard = CalloutCollector(tones, rate_wpm)

    def on_fate(fate: VoiceFate) -> None:
        heard.fate(fate)
        if fate.state == "expired":
            policy.unsaid(fate.callout_id)

    def is_current(callout: Callout) -> bool:
        return policy.is_current(callout)

    voice = VoiceTimeline(rate_wpm, earcons=profile.speech.earcons, is_current=is_current, on_fate=on_fate)
    at = 0.0
    for scene in walk.scenes:
        at = scene.t + NOMINAL_LATENCY_S
        for callout in policy.update(scene):
            heard.callout(callout)
            voice.say(callout, at)
        voice.tick(at)
    voice.close(at)
    return debrief(heard, walk.truth, frozenset(h.kind for h in alerts().hazards if h.band == "drop"))


def row(name: str, rate_wpm: int, walk: PerceivedWalk, result: Debrief) -> Row:
    """The figures of a walk."""
    seconds = walk.scenes[-1].t - walk.scenes[0].t if walk.scenes else 0.0
    minutes = seconds / 60 or float("nan")
    return {
        "walk": name,
        "rate_wpm": rate_wpm,
        "seconds": round(seconds, 1),
        "callouts_per_min": len(result.sentences) / minutes,
        "stops_per_min": result.stops / minutes,
        "words_per_min": result.words / minutes,
        "speaking_ratio": result.speaking_s / (seconds or float("nan")),
        "false": len(result.judged("false")),
        "beside_way": len(result.judged("beside the way")),
        "repeats": result.repeats,
        "unheard": result.unheard,
        "hazards": len(result.hazards),
        "in_time": result.count("in time"),
        "late": result.count("late"),
        "missed": result.count("missed"),
    }


def _source(name: str, bundle: str | None, folder: Path) -> tuple[str, str]:
    """A walk as a source, and a text that changes with it. The filmed one is its video where a network measures it."""
    if name == FILMED and bundle is not None:
        return "walk", FILMED
    if name == FILMED:
        spec = load_scene(FOLDER / SCENE).spec
        size = {"width": CAMERA["width"], "height": CAMERA["height"]}
        spec = spec.model_copy(update={"camera": spec.camera.model_copy(update=size)})
    else:
        spec = walk_spec(name)
    file = folder / "scene.yaml"
    save_scene(spec, file)
    return f"sim:{file}", file.read_text(encoding="utf-8")
