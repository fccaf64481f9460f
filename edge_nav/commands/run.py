"""`run`: puts one walk together from its profile and the command line, and reports on it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2

from edge_nav import __version__
from edge_nav.bundle import check_use, open_bundle
from edge_nav.commands.questions import open_conversation, open_eyes, parse_mic, with_kept
from edge_nav.commands.screen import Screen, Terminal
from edge_nav.config import Profile, load_profile
from edge_nav.errors import SourceFault, UsageError
from edge_nav.guidance.alerts import alerts
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.perception.depth.backends import open_depth
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.record import records
from edge_nav.record.debrief_table import debrief_table
from edge_nav.record.log import GuidanceLog
from edge_nav.record.overlay import OverlayWriter
from edge_nav.record.session import LOG_NAME, SessionRecorder
from edge_nav.record.summary import summary_table
from edge_nav.sources.sim import OpenSim
from edge_nav.sources.spec import open_source, parse_source, source_name
from edge_nav.speech.earcons import tone_s
from edge_nav.speech.none import NoneOutputSettings
from edge_nav.speech.voice import open_voice
from edge_nav.types import PRIORITIES, DepthModel, Fault, KnowsTruth, Source
from edge_nav.vlm.background_vlm import LateVlm
from edge_nav.walk.app import Known, Outputs, Walk
from edge_nav.walk.conversation import Conversation
from edge_nav.walk.loop import Loop

WITH_DEPTH = ("raycast", "rgbd", "stereo", "sim")
"""Sources that measure depth themselves."""
WALK_BUNDLE, WALK_CAMERA_M, WALK_CALLOUTS = "nano", 1.4, 15
"""What the walk that comes along is walked with, unless the profile says otherwise: its camera is known, and it has as
many hazards in a minute as others in ten.
"""


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """The command line of `run`."""

    config: Path | None = None
    source: str | None = None
    bundle: str | None = None
    headless: bool = False
    log: Path | None = None
    record: Path | None = None
    overlay: Path | None = None
    max_seconds: float | None = None
    every_frame: bool = False
    force: bool = False
    mic: str | None = None


def run_walk(options: WalkOptions, open_sim: OpenSim | None = None) -> int:
    """Walk, then print the summary. Exit code 0 done, 1 ended on a fault."""
    cv2.setNumThreads(1)  # two cores: one for perception, one for the network; more only get in each other's way
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # the button's signal must never end a walk
    profile = profile_of(options)
    profile, dialogue = with_kept(profile)
    try:
        source = open_source(profile.source, open_sim)
    except SourceFault as e:
        _say_no_camera(profile, options, Fault("camera", str(e)))
        raise
    try:
        depth, warning = open_measuring(profile, live=source.live, force=options.force)
    except UsageError:
        source.close()
        raise
    console = Terminal(stderr=True)
    talk: Conversation | None = None
    eyes: LateVlm | None = None
    early: list[Fault | None] = [Fault("bundle", warning) if warning else None]
    try:
        # The recording's folder last: a start that fails must not leave one behind, which the next would refuse.
        overlay = OverlayWriter(options.overlay) if options.overlay else None
        loop = make_loop(profile, depth)
        log = GuidanceLog(options.log) if options.log else None
        if dialogue is not None:
            eyes, blind = open_eyes(profile)
            talk, deaf = open_conversation(profile.dialogue, dialogue, eyes)
            early += [blind, deaf]
        recorder = SessionRecorder(options.record) if options.record else None
        if options.record and log is None:
            log = GuidanceLog(options.record / LOG_NAME)
    except UsageError:
        for part in (talk, eyes, source):
            if part is not None:
                part.close()
        raise
    with Screen(console, source.frame_count) as screen, contextlib.ExitStack() as undo:
        if eyes is not None:
            undo.callback(eyes.close)
        if talk is not None:
            undo.callback(talk.close)  # whatever happens, the terminal is given back
        walk = Walk(
            source,
            loop,
            partial(open_voice, profile.speech, language=profile.guidance.language),
            Outputs(log, recorder, overlay, screen),
            talk=talk,
            known=known_of(profile, source),
            every_frame=options.every_frame,
            max_seconds=options.max_seconds,
            session=session_of(profile, options, source, depth),
        )
        for fault in early:
            if fault is not None:
                walk.report(fault)
        code = walk.run()
    _copy_log(options)
    _print_end(walk)
    return code


def _print_end(walk: Walk) -> None:
    Terminal().print(summary_table(walk.result))
    if walk.debrief is not None:
        Terminal().print(debrief_table(walk.debrief))
    if walk.no_debrief is not None:
        sys.stderr.write(f"edge-nav: what was in the way is not told: {walk.no_debrief}\n")


def _say_no_camera(profile: Profile, options: WalkOptions, fault: Fault) -> None:
    """Who starts without seeing the screen must hear that the camera is not there, and find it in the log."""
    if options.log is not None:
        log = GuidanceLog(options.log)
        log.write(
            records.session_record(
                version=__version__,
                bundle=profile.bundle,
                source=source_name(profile.source),
                intrinsics=None,
                config_sha256=profile.sha256(),
            )
        )
        log.write(records.fault_record(fault, 0.0))
        log.close()
    began = time.monotonic()

    def now() -> float:
        return time.monotonic() - began

    def nothing(_: object) -> None:
        return None

    voice = open_voice(
        profile.speech,
        language=profile.guidance.language,
        is_current=lambda _: True,
        now=now,
        on_fate=nothing,
        on_fault=nothing,
    )
    for callout in GuidancePolicy(profile.guidance).fault(fault, 0.0):
        voice.say(callout, now())
    voice.close(now())


def _copy_log(options: WalkOptions) -> None:
    """A recording is replayed by its folder alone, so the log goes into it, too."""
    if options.record is None or options.log is None or not options.log.is_file():
        return
    inside = options.record / LOG_NAME
    if not (inside.exists() and inside.samefile(options.log)):
        shutil.copyfile(options.log, inside)


def _without_password(profile: Profile) -> dict[str, object]:
    """The settings for the log: a camera's address may hold a password."""
    config = profile.model_dump(mode="json")
    if profile.source.type == "camera":
        config["source"]["device"] = source_name(profile.source).partition(":")[2]
    return config


def profile_of(options: WalkOptions) -> Profile:
    """The profile with the command line's changes."""
    profile = load_profile(options.config)
    changes: dict[str, object] = {}
    if options.source is not None:
        changes["source"] = parse_source(options.source, profile.source)
    if options.bundle is not None:
        changes["bundle"] = options.bundle
    if options.mic is not None:
        changes["dialogue"] = parse_mic(options.mic, profile.dialogue)
    if options.headless:
        changes["speech"] = profile.speech.model_copy(update={"output": NoneOutputSettings()})
    profile = profile.model_copy(update=changes)
    return _for_the_walk(profile) if profile.source.type == "walk" else profile


def _for_the_walk(profile: Profile) -> Profile:
    """The walk that comes along is pictures alone: it takes a model, and the height of its camera; and more words."""
    height = profile.perception.camera_height_m or WALK_CAMERA_M
    changes: dict[str, object] = {
        "bundle": profile.bundle or WALK_BUNDLE,
        "perception": profile.perception.model_copy(update={"camera_height_m": height}),
    }
    if "max_callouts_per_minute" not in profile.guidance.model_fields_set:
        changes["guidance"] = profile.guidance.model_copy(update={"max_callouts_per_minute": WALK_CALLOUTS})
    return profile.model_copy(update=changes)


def known_of(profile: Profile, source: Source) -> Known | None:
    """The truth of a simulated walk, for the table at its end; None where nobody knows it."""
    if not isinstance(source, KnowsTruth):
        return None
    drops = frozenset(h.kind for h in alerts().hazards if h.band == "drop")
    tones: dict[str, float] = {p: tone_s(p) for p in PRIORITIES} if profile.speech.earcons else {}
    return Known(source.truth, drops, tones, profile.speech.rate_wpm)


def open_measuring(profile: Profile, *, live: bool, force: bool = False) -> tuple[DepthModel, str | None]:
    """What measures depth: the bundle's model if there is one, else the source itself; and a warning for the log."""
    if profile.bundle is None:
        if profile.source.type not in WITH_DEPTH:
            raise UsageError(
                f"source {profile.source.type} has no depth of its own: give --bundle DIR with a depth model "
                "(`python main.py models list` shows those that are here)."
            )
        return SensorDepth(), None
    bundle = open_bundle(profile.bundle)
    warning = check_use(bundle, live=live, force=force)
    return open_depth(profile.depth, bundle, profile.perception), warning


def make_loop(profile: Profile, depth: DepthModel) -> Loop:
    """The chain from frame to callouts."""
    return Loop(
        depth,
        profile.perception,
        profile.guidance,
        profile.health,
        sensor_depth=isinstance(depth, SensorDepth),
    )


def session_of(profile: Profile, options: WalkOptions, source: Source, depth: DepthModel) -> dict[str, object]:
    """The log's first line."""
    return records.session_record(
        version=__version__,
        bundle=profile.bundle,
        source=source_name(profile.source),
        intrinsics=asdict(source.intrinsics),
        config_sha256=profile.sha256(),
        depth=depth.describe,
        every_frame=options.every_frame,
        config=_without_password(profile),
        platform=sys.platform,
    )
