"""A view that is lost is told; a dull or dim one that still shows something is not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.sources.health import HealthSettings, ViewMonitor, ViewState
from edge_nav.sources.images import ImagesSource, ImagesSourceSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Frame, Intrinsics

H, W = 480, 640
FPS = 10
INTRINSICS = Intrinsics.from_fov(W, H, 69.0)
Y, X = np.mgrid[0:H, 0:W].astype(np.float32)


def rgb(grey: np.ndarray | float, noise: float, seed: int, tint: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    plane = np.broadcast_to(np.float32(grey), (H, W))[..., None] * np.float32(tint)
    return np.clip(plane + rng.normal(0, noise, (H, W, 1)), 0, 255).astype(np.uint8)


def room() -> np.ndarray:
    """Furniture-like edges and texture, grey 20..220."""
    grey = 120 + 40 * np.sign(np.sin(X / 23)) * np.sign(np.sin(Y / 31)) + 30 * np.sin(X / 5 + Y / 7)
    return np.asarray(np.clip(grey, 20, 220), dtype=np.float32)


def corridor(top: float) -> np.ndarray:
    """A vanishing corridor: walls, floor and door frames between grey 3 and ``top``."""
    angle = np.arctan2(Y - H / 2, X - W / 2)
    bands = 0.35 + 0.35 * np.sign(np.sin(6 * angle)) + 0.3 * np.sign(np.sin(np.hypot(X - W / 2, Y - H / 2) / 14))
    return np.asarray(3 + (top - 3) * np.clip(bands, 0, 1), dtype=np.float32)


def play(pictures: Iterable[np.ndarray], monitor: ViewMonitor | None = None, start_s: float = 0.0) -> list[ViewState]:
    monitor = monitor or ViewMonitor()
    return [monitor.update(Frame(i, start_s + i / FPS, p, INTRINSICS)) for i, p in enumerate(pictures)]


def finger(seed: int, noise: float, level: float) -> np.ndarray:
    """Skin on the lens: a red glow from one side, no edges."""
    glow = np.exp(-((X - 500) ** 2 + (Y - 240) ** 2) / (2 * 260.0**2))
    return rgb(level * glow, noise, seed, tint=(1.0, 0.55, 0.5))


def fog(seed: int) -> np.ndarray:
    return rgb(cv2.GaussianBlur(room(), (0, 0), 40) * 0.3 + 130, 2, seed)


LOST = {
    "black": ("dark", lambda i: rgb(0, 1, i)),
    "night": ("dark", lambda i: rgb(room() * 0.03, 3, i)),
    "black with noise": ("dark", lambda i: rgb(3, 8, i)),
    "saturated": ("bright", lambda i: rgb(400, 5, i)),
    "dazzled": ("bright", lambda i: rgb(room() * 8, 5, i)),
    "finger": ("covered", lambda i: finger(i, 2, 130)),
    "finger in bright light": ("covered", lambda i: finger(i, 2, 250)),
    "fogged": ("covered", fog),
    "grey card": ("covered", lambda i: rgb(120, 1, i)),
}

USABLE = {
    "room": lambda i: rgb(room(), 2, i),
    "room in bad light": lambda i: rgb(room() * 0.2, 3, i),
    "dark corridor": lambda i: rgb(corridor(45), 2, i),
    "very dark corridor": lambda i: rgb(corridor(22), 1, i),
    "white wall with texture": lambda i: rgb(
        205 - X / 25 + 5 * cv2.resize(np.random.default_rng(i).normal(0, 1, (H // 6, W // 6)), (W, H)), 2, i
    ),
    "bright snow with tracks": lambda i: rgb(np.where(np.sin(X / 40 + Y / 25) > 0.2, 255, 215), 2, i),
    "motion blur": lambda i: cv2.blur(rgb(room(), 2, i), (45, 1)),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_view_is_named_within_a_second_and_its_end_too(name: str) -> None:
    expected, picture = LOST[name]
    monitor = ViewMonitor()
    good = play((rgb(room(), 2, i) for i in range(10)), monitor)
    lost = play((picture(i) for i in range(10)), monitor, start_s=1.0)
    back = play((rgb(room(), 2, i) for i in range(10)), monitor, start_s=2.0)
    assert {s.view for s in good} == {"ok"}
    assert [s.view for s in lost] == ["ok"] * 5 + [expected] * 5
    assert [s.view for s in back] == [expected] * 5 + ["ok"] * 5
    assert not any(s.frozen for s in good + back)


@pytest.mark.parametrize("name", USABLE)
def test_a_view_that_still_shows_something_is_never_called_lost(name: str) -> None:
    states = play(USABLE[name](i) for i in range(12))
    assert set(states) == {ViewState("ok", False)}


def test_a_plain_room_through_a_small_noisy_camera_is_seen() -> None:
    rng = np.random.default_rng(1)
    plaster = cv2.GaussianBlur(rng.normal(0, 1, (180, 240)), (0, 0), 3)
    wall = 110 + 9 * plaster / plaster.std()
    wall[120:, ::24] += 40  # a few tiles
    camera = Intrinsics.from_fov(240, 180, 90.0)
    monitor = ViewMonitor()
    for i in range(12):
        picture = np.clip(wall[..., None] + rng.normal(0, 3, (180, 240, 3)), 0, 255).astype(np.uint8)
        assert monitor.update(Frame(i, i / FPS, picture, camera)).view == "ok"


def test_a_hand_that_passes_is_not_told() -> None:
    pictures = [finger(i, 2, 130) if i % 5 in (1, 2, 3) else rgb(room(), 2, i) for i in range(20)]
    assert {s.view for s in play(pictures)} == {"ok"}


def test_a_view_that_flickers_between_dark_and_covered_is_lost_all_the_while() -> None:
    states = play(finger(i, 2, 130) if i % 2 else rgb(0, 1, i) for i in range(8))
    assert states[-1].view in ("dark", "covered")


def test_a_view_at_the_bound_does_not_chatter() -> None:
    settings = HealthSettings(hold_s=0.0)
    up_and_down = [40, 23, 27, 22, 28, 23, 26, 40, 60]
    states = play((rgb(level, 1, i) for i, level in enumerate(up_and_down)), ViewMonitor(settings))
    assert [s.view for s in states][1:7] == ["dark"] * 6
    assert states[-1].view != "dark"


def test_identical_pictures_for_a_second_are_frozen_until_they_move() -> None:
    still = rgb(room(), 2, 0)
    states = play([rgb(room(), 2, 9), *(still.copy() for _ in range(15)), rgb(room(), 2, 1)])
    assert [s.frozen for s in states] == [False] * 11 + [True] * 5 + [False]
    assert {s.view for s in states} == {"ok"}


def test_a_still_scene_with_sensor_noise_is_not_frozen() -> None:
    assert not any(s.frozen for s in play(rgb(room(), 1, i) for i in range(20)))


def test_a_saturated_view_is_bright_but_not_frozen() -> None:
    states = play(np.full((H, W, 3), 255, np.uint8) for _ in range(20))
    assert states[-1] == ViewState("bright", False)


def test_a_new_walk_starts_anew() -> None:
    monitor = ViewMonitor()
    assert play((rgb(0, 1, i) for i in range(10)), monitor)[-1].view == "dark"
    assert play([rgb(0, 1, 99)], monitor)[0].view == "ok"


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (120, 160), (1080, 1920)])
def test_any_size_of_picture_is_judged(size: tuple[int, int]) -> None:
    height, width = size
    picture = np.zeros((height, width, 3), np.uint8)
    frame = Frame(0, 0.0, picture, Intrinsics.from_fov(width, height, 69.0))
    assert ViewMonitor(HealthSettings(hold_s=0.0)).update(frame).view == "dark"


@pytest.mark.parametrize("name", ["kitchen", "livingroom_rendered"])
def test_a_real_walk_raises_no_alarm(shared_data: Path, name: str) -> None:
    source = RgbdSource(RgbdSourceSettings(path=shared_data / "rgbd" / name))
    monitor = ViewMonitor(HealthSettings(hold_s=0.0))
    states = set()
    while (frame := source.read()) is not None:
        states.add(monitor.update(frame))
    assert states == {ViewState("ok", False)}


def test_no_real_photo_counts_as_lost_nor_when_dimmed(shared_data: Path) -> None:
    source = ImagesSource(ImagesSourceSettings(path=shared_data / "photos"))
    seen = 0
    while (frame := source.read()) is not None:
        dim = Frame(frame.index, frame.t, (frame.rgb * 0.25).astype(np.uint8), frame.intrinsics)
        for view in (frame, dim):
            assert ViewMonitor(HealthSettings(hold_s=0.0)).update(view).view == "ok", f"photo {frame.index}"
        seen += 1
    assert seen == 24


def test_a_real_walk_under_a_hand_is_covered(shared_data: Path) -> None:
    source = RgbdSource(RgbdSourceSettings(path=shared_data / "rgbd/kitchen"))
    monitor = ViewMonitor(HealthSettings(hold_s=0.0))
    rng = np.random.default_rng(0)
    for _ in range(10):
        frame = source.read()
        assert frame is not None
        blurred = cv2.GaussianBlur(frame.rgb, (0, 0), 60) * 0.5 + rng.normal(0, 2, frame.rgb.shape)
        covered = np.clip(blurred, 0, 255).astype(np.uint8)
        assert monitor.update(Frame(frame.index, frame.t, covered, frame.intrinsics)).view == "covered"
