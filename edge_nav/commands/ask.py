"""`ask`: one question about one picture, answered in text; with measured depth, the answer is held against it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from edge_nav.bundle import FOLDER, Bundle, open_bundle
from edge_nav.commands.options import AskOptions
from edge_nav.commands.picture import read_depth_map, read_picture
from edge_nav.config import Profile, load_profile
from edge_nav.dialogue.intents import SAFETY, Understanding
from edge_nav.dialogue.measured import Measured, Verdict, guarded, said
from edge_nav.errors import UsageError
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.listening.recording import question_of
from edge_nav.perception.depth.backends import open_depth
from edge_nav.perception.depth.sensor import SensorDepth
from edge_nav.sources.exif import focal_px
from edge_nav.sources.lens import Lens, LensSettings
from edge_nav.types import DepthModel, Frame, Language, Picture, Scene
from edge_nav.vlm.trial import try_out
from edge_nav.vlm.vlm import Vlm, entries, llm_file
from edge_nav.walk.build import make_loop
from edge_nav.walk.build_conversation import vocabulary

LOOKS, EVERY_S = 5, 0.15
"""Perception is sure of a thing once it saw it a few times: a single picture is shown to it as often."""


def ask(options: AskOptions) -> int:
    """Print the answer as it comes. Exit code 0; raises UsageError for whatever cannot be used."""
    profile = _profile(options)
    rgb = read_picture(options.image)
    size = (rgb.shape[1], rgb.shape[0])
    depth_m = None if options.depth_map is None else read_depth_map(options.depth_map, size, options.depth_scale)
    question = _question(options, profile)
    bundle = _bundle(options, profile)
    measured = None
    if options.depth or depth_m is not None or options.depth_bundle is not None:
        measured = Measured(_scene(profile, options, bundle, rgb, depth_m), profile.guidance)
    language = profile.guidance.language
    intent = Understanding(language).intent(question)
    if intent is not None and intent.name == SAFETY:  # no model is asked that, and nothing measured tells it
        sys.stdout.write(f"{Phrasebook(profile.guidance).answer('not_safety')}\n")
        return 0
    try_out(*llm_file(bundle, profile.dialogue.vlm), _never)
    with Vlm(bundle, profile.dialogue.vlm) as vlm:
        if measured is None:
            answer = guarded(vlm.answer(rgb, question, _never), language, question)
            _print(answer, said(language, "nothing"), said(language, "silent"))
        else:
            answer = measured.checked(vlm.answer(rgb, measured.prompt(question), _never), question)
            _print(answer, measured.instead(), measured.instead())
    return 0


def _never() -> bool:
    return False


def _profile(options: AskOptions) -> Profile:
    profile = load_profile(options.config)
    if options.language is None:
        return profile
    if options.language not in get_args(Language):
        raise UsageError(f"--language = {options.language!r} is unknown: give {', '.join(get_args(Language))}.")
    guidance = profile.guidance.model_copy(update={"language": options.language})
    return profile.model_copy(update={"guidance": guidance})


def _question(options: AskOptions, profile: Profile) -> str:
    if (options.question is None) == (options.audio is None):
        raise UsageError('ask needs one question: give it as text, ask IMAGE "question", or --audio WAV.')
    if options.audio is not None:
        language = profile.guidance.language
        return question_of(options.audio, profile.dialogue.backend, vocabulary(language, None), language)
    question = " ".join((options.question or "").split())
    if not question:
        raise UsageError("the question is empty: ask something.")
    return question


def _bundle(options: AskOptions, profile: Profile) -> Bundle:
    """The bundle asked for, the profile's, or the only one here that can look at pictures."""
    name = options.bundle or profile.dialogue.vlm.bundle or profile.bundle
    if name is None:
        able = [b for b in map(_opened, _names()) if b is not None]
        if len(able) == 1:
            return able[0]
        here = ", ".join(b.manifest.name for b in able)
        raise UsageError(
            f"there are several bundles that can look at pictures: name one of {here} with --bundle."
            if able
            else "no bundle that can look at pictures is here: give --bundle, or fetch one with `models pull`."
        )
    bundle = open_bundle(name)
    entries(bundle)
    return bundle


def _names() -> list[str]:
    return [folder.parent.name for folder in sorted(FOLDER.glob("*/manifest.json"))]


def _opened(name: str) -> Bundle | None:
    try:
        bundle = open_bundle(name)
        entries(bundle)
    except UsageError:
        return None
    return bundle


def _scene(
    profile: Profile, options: AskOptions, bundle: Bundle, rgb: Picture, depth_m: NDArray[np.float32] | None
) -> Scene:
    """What is measured in the picture."""
    lens = profile.source if isinstance(profile.source, LensSettings) else LensSettings()
    straight, intrinsics = Lens(lens).straighten(
        rgb, focal_px(options.image, rgb.shape[1], rgb.shape[0]) if options.image else None
    )
    depth: DepthModel = SensorDepth()
    if depth_m is None:
        if options.depth_bundle is not None:
            bundle = open_bundle(options.depth_bundle)
        elif bundle.manifest.depth is None:
            if profile.bundle is None:
                raise UsageError(
                    f"--depth: bundle {bundle.manifest.name} measures no depth: give --depth-bundle or --depth-map."
                )
            bundle = open_bundle(profile.bundle)
        depth = open_depth(profile.depth, bundle, profile.perception)
    else:
        straight = rgb  # the depth belongs to the picture as it is
    loop = make_loop(profile, depth)
    scene: Scene | None = None
    trouble = "no depth came"
    for n in range(LOOKS):
        step = loop.step(Frame(n, n * EVERY_S, straight, intrinsics, depth_m))
        scene = step.scene or scene
        trouble = next((fault.message for fault in step.faults if fault.component == "depth"), trouble)
    if scene is None:
        raise UsageError(f"--depth: {options.image} could not be measured ({trouble}): ask without --depth.")
    return scene


def _print(verdicts: Iterator[Verdict], otherwise: str, silent: str) -> None:
    """Sentence by sentence, as they come; ``otherwise`` where none may be said, ``silent`` where none came."""
    told = came = False
    for verdict in verdicts:
        came = True
        text = "".join(c for c in verdict.text if c.isprintable())  # a model's control characters reach no terminal
        if text.strip():
            sys.stdout.write((" " if told else "") + text)
            sys.stdout.flush()
            told = True
    sys.stdout.write("\n" if told else f"{otherwise if came else silent}\n")
