"""Distances that cannot be true are told within three seconds; true ones, however near or low, never."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from world import SMALL, box, frame, render

from edge_nav.sources.depth_plausibility import DepthPlausibility
from edge_nav.sources.pixels import read_rgb
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.sources.stereo import load_stereo_calibration, stereo_depth
from edge_nav.types import DepthMap, Frame, Source

FPS = 10
TOLD_S = 3.0
Change = Callable[[np.ndarray], np.ndarray]


def same(depth_m: np.ndarray) -> np.ndarray:
    return depth_m


def picture(depth_m: np.ndarray, n: int) -> Frame:
    """A striped picture that moves as the walker does."""
    plain = frame(depth_m, n, FPS, SMALL)
    stripes = (110 + 80 * np.sign(np.sin((np.arange(SMALL.width) + 9 * n) / 17))).astype(np.uint8)
    rgb = np.broadcast_to(stripes[None, :, None], plain.rgb.shape)
    return replace(plain, rgb=np.ascontiguousarray(rgb))


def walk(height: float = 1.4, pitch_deg: float = 15.0, seconds: float = 3.1) -> Iterator[Frame]:
    """Towards a box and a wall."""
    for n in range(round(seconds * FPS)):
        way = 1.2 * n / FPS
        things = [box(0.4, 5.0 - way, 0, 0.5, 0.5, 0.8), box(0, 9.0 - way, 0, 12, 0.2, 3)]
        yield picture(render(things, camera=SMALL, height=height, pitch_deg=pitch_deg), n)


def played(source: Source) -> Iterator[Frame]:
    while (shot := source.read()) is not None:
        yield shot


def slowly(frames: Iterable[Frame], seconds: float = 0.5) -> Iterator[Frame]:
    """Single views, each looked at for a while."""
    for n, shot in enumerate(frames):
        yield replace(shot, t=n * seconds)


def told(frames: Iterable[Frame], change: Change = same) -> tuple[float, str] | None:
    """When it is first told, and what."""
    monitor = DepthPlausibility()
    for shot in frames:
        assert shot.depth_m is not None
        depth = np.asarray(change(shot.depth_m), dtype=np.float32)
        if message := monitor.update(shot.rgb, DepthMap(depth, shot.intrinsics), shot.t):
            return shot.t, message
    return None


WRONG: dict[str, tuple[Change, str]] = {
    "five times too far": (lambda d: d * 5, "depth_scale"),
    "five times too near": (lambda d: d / 5, "depth_scale"),
    "millimetres for metres": (lambda d: d * 1000, "depth_scale"),
    "metres for millimetres": (lambda d: d / 1000, "depth_scale"),
    "negative": (lambda d: -d, "100% .*negative"),
    "partly negative": (lambda d: np.where(np.arange(d.shape[1]) % 9 == 0, -d, d), "negative"),
    "constant": (lambda d: np.full_like(d, 2.5), "one distance, 2.50 m"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_depth_is_told_with_its_remedy(name: str) -> None:
    change, remedy = WRONG[name]
    found = told(walk(), change)
    assert found is not None
    assert found[0] <= TOLD_S
    assert re.search(remedy, found[1])


def test_a_depth_that_stays_while_the_picture_changes_is_told() -> None:
    still = render([box(0.4, 5.0, 0, 0.5, 0.5, 0.8)], camera=SMALL)
    found = told(picture(still, n) for n in range(31))
    assert found is not None
    assert found[0] <= TOLD_S
    assert "stays the same" in found[1]


def test_a_noisy_picture_of_a_scene_that_stands_still_is_believed() -> None:
    still = picture(render([box(0.4, 5.0, 0, 0.5, 0.5, 0.8)], camera=SMALL), 0)
    rng = np.random.default_rng(0)

    def shots() -> Iterator[Frame]:
        for n in range(40):
            rgb = np.clip(still.rgb + rng.normal(0, 6, still.rgb.shape), 0, 255).astype(np.uint8)
            yield replace(still, index=n, t=n / FPS, rgb=rgb)

    assert told(shots()) is None


@pytest.mark.parametrize(
    ("height", "pitch_deg"), [(0.51, 0.0), (0.62, 5.0), (1.0, 0.0), (1.4, 15.0), (1.4, 45.0), (2.0, 10.0)]
)
def test_a_worn_camera_at_any_height_is_believed(height: float, pitch_deg: float) -> None:
    assert told(walk(height, pitch_deg)) is None


def test_a_wall_within_reach_is_believed() -> None:
    wall = (box(0, 0.35 + 0.002 * (n % 5), 0, 12, 0.2, 3) for n in range(40))
    assert told(picture(render([w], camera=SMALL, pitch_deg=5.0), n) for n, w in enumerate(wall)) is None


def test_a_table_under_the_camera_is_believed() -> None:
    table = [box(0, 0.1, 1.15, 1.6, 0.8, 0.03), box(0, 4, 0, 12, 0.2, 3)]
    shots = (picture(render(table, camera=SMALL, pitch_deg=20.0, roll_deg=n % 3), n) for n in range(40))
    assert told(shots) is None


def test_the_head_of_stairs_is_believed() -> None:
    down = [box(0, 0.3 + 0.29 * n, -5, 3, 0.29, 5 - 0.17 * n) for n in range(16)]
    down += [box(1.6, 0, -5, 0.2, 8, 8), box(0, 8, -5, 12, 0.2, 8)]
    shots = (picture(render(down, camera=SMALL, pitch_deg=n % 2, floor=False), n) for n in range(40))
    assert told(shots) is None


def test_a_hand_before_the_lens_is_not_told() -> None:
    def shots() -> Iterator[Frame]:
        for shot in walk():
            if 1.0 <= shot.t < 1.8 and shot.depth_m is not None:
                yield replace(shot, depth_m=(shot.depth_m / 20).astype(np.float32))
            else:
                yield shot

    assert told(shots()) is None


def test_what_is_mended_is_over_and_a_new_walk_starts_anew() -> None:
    monitor = DepthPlausibility()
    shots = list(walk())

    def last(change: Change, start_s: float) -> str:
        message = ""
        for shot in shots:
            assert shot.depth_m is not None
            depth = DepthMap(np.asarray(change(shot.depth_m), np.float32), shot.intrinsics)
            message = monitor.update(shot.rgb, depth, start_s + shot.t)
        return message

    assert last(lambda d: d * 5, 0.0)
    assert last(same, 4.0) == ""
    assert last(lambda d: d * 5, 8.0)
    first = shots[0]
    assert first.depth_m is not None
    assert monitor.update(first.rgb, DepthMap(first.depth_m, first.intrinsics), 0.0) == ""


def test_relative_depth_has_no_scale_to_be_wrong() -> None:
    monitor = DepthPlausibility()
    for shot in walk():
        assert shot.depth_m is not None
        relative = DepthMap(shot.depth_m * np.float32(50), shot.intrinsics, metric=False)
        assert monitor.update(shot.rgb, relative, shot.t) == ""


def test_the_walk_by_ray_casting_is_believed() -> None:
    assert told(played(RaycastSource(RaycastSourceSettings(fps=2)))) is None


REAL = ("rgbd/kitchen", "rgbd/basement", "rgbd/livingroom_rendered", "rgbd/wearable_scene1")
LOW = ("rgbd_train/cmu_aims_office", "rgbd_train/felixchenfy_room")


def recording(folder: Path) -> Iterator[Frame]:
    """A recording in its own time; one of so few frames that they are single views, slowly, and at least 3 s long."""
    source = RgbdSource(RgbdSourceSettings(path=folder))
    frames = list(played(source))
    return iter(frames) if len(frames) > 20 else slowly(frames * (1 + 7 // len(frames)))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("factor", [5.0, 0.2])
def test_a_real_recording_at_a_wrong_scale_is_told(shared_data: Path, name: str, factor: float) -> None:
    found = told(recording(shared_data / name), lambda d: d * factor)
    assert found is not None
    assert found[0] <= TOLD_S
    assert "depth_scale" in found[1]


@pytest.mark.parametrize("name", REAL + LOW)
def test_a_real_recording_is_believed(shared_data: Path, name: str) -> None:
    assert told(recording(shared_data / name)) is None


@pytest.mark.parametrize("name", ["Motorcycle", "Playtable", "Jadeplant"])
def test_swapped_or_turned_stereo_pictures_are_told_and_right_ones_believed(shared_data: Path, name: str) -> None:
    folder = shared_data / "stereo" / name
    calibration = load_stereo_calibration(folder / "calib.txt")
    left, right = read_rgb(folder / "im0.png"), read_rgb(folder / "im1.png")
    assert left is not None
    assert right is not None
    turned = [np.ascontiguousarray(side[::-1, ::-1]) for side in (left, right)]
    for (one, other), wrong in (((left, right), False), ((right, left), True), ((turned[0], turned[1]), True)):
        depth = stereo_depth(one, other, calibration)
        found = told(Frame(n, n / 5, one, calibration.intrinsics, depth) for n in range(16))
        assert (found is not None) == wrong
        if found is not None:
            assert found[0] <= TOLD_S
            assert "left and right" in found[1]
