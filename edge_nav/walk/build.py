"""Builds one walk: what the profile and the command line ask for, opened and wired together."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import asdict, dataclass, replace
from functools import partial

from edge_nav import __version__
from edge_nav.bundle import check_use, open_bundle
from edge_nav.config import Profile
from edge_nav.dialogue.dialogue import Dialogue
from edge_nav.errors import SourceFault, UsageError
from edge_nav.guidance.alerts import alerts
from edge_nav.perception.depth.backends import open_depth
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.record import records
from edge_nav.record.log import GuidanceLog
from edge_nav.record.overlay import OverlayWriter
from edge_nav.record.session import LOG_NAME, SessionRecorder
from edge_nav.sources.sim import OpenSim
from edge_nav.sources.spec import open_source, source_name
from edge_nav.speech.earcons import tone_s
from edge_nav.speech.voice import open_voice
from edge_nav.types import PRIORITIES, DepthModel, Fault, HasNotices, KnowsTruth, Source
from edge_nav.vlm.background_vlm import BackgroundVlm
from edge_nav.walk.app import Walk
from edge_nav.walk.build_conversation import open_conversation, open_picture_model, with_preferences
from edge_nav.walk.conversation import Conversation
from edge_nav.walk.loop import Loop
from edge_nav.walk.no_camera import announce_no_camera
from edge_nav.walk.options import WalkOptions
from edge_nav.walk.outputs import Outputs, WalkProgress
from edge_nav.walk.profile import profile_of
from edge_nav.walk.results import DebriefTruth

WITH_DEPTH = ("raycast", "rgbd", "stereo", "sim")
"""Sources that measure depth themselves."""


@dataclass(frozen=True, slots=True)
class OpenedWalk:
    """Everything that a walk needs, opened. Source and outputs are closed by the walk, the rest by :meth:`close`."""

    profile: Profile
    source: Source
    depth: DepthModel
    loop: Loop
    outputs: Outputs
    conversation: Conversation | None
    picture_model: BackgroundVlm | None
    faults: tuple[Fault, ...]
    """What could not be opened, and does not keep anyone from walking: told at the begin."""

    def close(self) -> None:
        """Whatever happens, the terminal and the memory are given back."""
        with contextlib.ExitStack() as closing:
            if self.picture_model is not None:
                closing.callback(self.picture_model.close)
            if self.conversation is not None:
                closing.callback(self.conversation.close)


def open_walk(options: WalkOptions, open_sim: OpenSim | None = None) -> OpenedWalk:
    """Open what one walk needs. Raises UsageError or SourceFault; a camera that is not there is said aloud, too."""
    profile, dialogue = with_preferences(profile_of(options))
    try:
        source = open_source(profile.source, open_sim)
    except SourceFault as e:
        announce_no_camera(profile, options.log, Fault("camera", str(e)))
        raise
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(source.close)
        depth, warning = open_measuring(profile, live=source.live, force=options.force)
        # The recording's folder last: a start that fails must not leave one behind, which the next would refuse.
        overlay = OverlayWriter(options.overlay) if options.overlay else None
        loop = make_loop(profile, depth)
        log = GuidanceLog(options.log) if options.log else None
        conversation, model, faults = _open_questions(profile, dialogue, on_failure)
        recorder = SessionRecorder(options.record) if options.record else None
        if options.record and log is None:
            log = GuidanceLog(options.record / LOG_NAME)
        on_failure.pop_all()
    if warning:
        faults = (Fault("bundle", warning), *faults)
    if isinstance(source, HasNotices):
        faults = (*source.notices, *faults)
    return OpenedWalk(profile, source, depth, loop, Outputs(log, recorder, overlay), conversation, model, faults)


def _open_questions(
    profile: Profile, dialogue: Dialogue | None, on_failure: contextlib.ExitStack
) -> tuple[Conversation | None, BackgroundVlm | None, tuple[Fault, ...]]:
    """The conversation and what looks at pictures, where questions are on; and what of them does not work."""
    if dialogue is None:
        return None, None, ()
    model, blind = open_picture_model(profile)
    if model is not None:
        on_failure.callback(model.close)
    conversation, deaf = open_conversation(profile.dialogue, dialogue, model)
    on_failure.callback(conversation.close)
    return conversation, model, tuple(fault for fault in (blind, deaf) if fault is not None)


def make_walk(opened: OpenedWalk, options: WalkOptions, progress: WalkProgress | None = None) -> Walk:
    """Wire it together."""
    profile = opened.profile
    walk = Walk(
        opened.source,
        opened.loop,
        partial(open_voice, profile.speech, language=profile.guidance.language),
        replace(opened.outputs, progress=progress),
        conversation=opened.conversation,
        truth=truth_of(profile, opened.source),
        every_frame=options.every_frame,
        max_seconds=options.max_seconds,
        session=session_of(profile, options, opened.source, opened.depth),
    )
    for fault in opened.faults:
        walk.report(fault)
    return walk


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


def truth_of(profile: Profile, source: Source) -> DebriefTruth | None:
    """The truth of a simulated walk, for the table at its end; None where nobody knows it."""
    if not isinstance(source, KnowsTruth):
        return None
    drops = frozenset(h.kind for h in alerts().hazards if h.band == "drop")
    tones: dict[str, float] = {p: tone_s(p) for p in PRIORITIES} if profile.speech.earcons else {}
    return DebriefTruth(source.truth, drops, tones, profile.speech.rate_wpm)


def _without_password(profile: Profile) -> dict[str, object]:
    """The settings for the log: a camera's address may hold a password."""
    config = profile.model_dump(mode="json")
    if profile.source.type == "camera":
        config["source"]["device"] = source_name(profile.source).partition(":")[2]
    return config
