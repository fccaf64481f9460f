from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from box_truth import truth_obstacles
from pydantic import ValidationError

from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.record.session import SessionRecorder
from edge_nav.sources import raycast_walk as walk
from edge_nav.sources.raycast import RaycastSource, RaycastSourceSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import DepthMap, Frame, Obstacle


def shot(t: float, seed: int = 1) -> Frame:
    rgb, depth = walk.picture(t, seed)
    return Frame(round(t * 10), t, rgb, walk.CAMERA, depth)


def perceived(start: float, stop: float) -> list[tuple[Frame, tuple[Obstacle, ...]]]:
    """Frames at ten a second, with what perception makes of them; the first three only to warm up."""
    perception = Perception(PerceptionSettings())
    found = []
    for t in np.arange(start - 0.3, stop, 0.1):
        frame = shot(round(float(t), 1))
        assert frame.depth_m is not None
        scene = perception.perceive(frame, DepthMap(frame.depth_m, frame.intrinsics))
        found.append((frame, scene.obstacles))
    return found[3:]


@pytest.mark.parametrize(
    ("name", "start", "stop"), [("crate", 2.8, 3.8), ("sign", 7.8, 8.6), ("table", 11.0, 12.0), ("person", 17.0, 17.8)]
)
def test_each_thing_on_the_way_is_measured_where_it_stands(name: str, start: float, stop: float) -> None:
    errors_m = []
    for frame, obstacles in perceived(start, stop):
        truth = next(o for o in truth_obstacles(walk.world(frame.t), walk.pose(frame.t)) if o.name == name)
        beside = [
            o for o in obstacles if abs(o.bearing_deg - truth.bearing_deg) < 6
        ]  # a flat front has many nearest points
        assert beside, (frame.t, truth)
        errors_m.append(min(abs(o.distance_m - truth.distance_m) for o in beside))
    assert max(errors_m) < 0.10


def test_the_way_leads_round_everything_that_was_announced() -> None:
    for t in np.arange(0, walk.SECONDS, 0.05):
        for thing in truth_obstacles(walk.world(float(t)), walk.pose(float(t))):
            if thing.low_m < 1.8:
                assert thing.distance_m > 0.2, (t, thing)


def test_glass_and_a_hand_take_the_view_and_give_it_back() -> None:
    middle = sum(walk.GLASS_S) / 2
    open_share = np.isfinite(shot(walk.GLASS_S[0] - 0.2).depth_m).mean()
    assert np.isfinite(shot(middle).depth_m).mean() < 0.4 * open_share
    assert np.isfinite(shot(walk.GLASS_S[1]).depth_m).mean() == pytest.approx(open_share, abs=0.1)
    covered = shot(sum(walk.COVERED_S) / 2)
    assert covered.rgb.std() < 6 < shot(walk.COVERED_S[1]).rgb.std()


def test_the_same_seed_gives_the_same_walk_and_another_seed_other_noise() -> None:
    one, again, other = (RaycastSource(RaycastSourceSettings(seconds=0.2, seed=s)) for s in (4, 4, 5))
    for _ in range(2):
        a, b, c = one.read(), again.read(), other.read()
        assert a is not None
        assert b is not None
        assert c is not None
        assert np.array_equal(a.depth_m, b.depth_m, equal_nan=True)
        assert np.array_equal(a.rgb, b.rgb)
        assert not np.array_equal(a.depth_m, c.depth_m, equal_nan=True)
    assert one.read() is None


def test_times_and_count_follow_the_rate() -> None:
    source = RaycastSource(RaycastSourceSettings(seconds=0.5, fps=8))
    times = [f.t for f in iter(source.read, None)]
    assert source.frame_count == len(times) == 4
    assert times == pytest.approx([0.0, 0.125, 0.25, 0.375])


@pytest.mark.parametrize("bad", [{"fps": 0}, {"seconds": 1000}, {"seed": -1}, {"sed": 1}])
def test_impossible_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        RaycastSourceSettings.model_validate(bad)


def test_a_recorded_walk_replays_to_the_same_depth(tmp_path: Path) -> None:
    recorder = SessionRecorder(tmp_path / "walk")
    frames = [shot(t) for t in (0.0, 10.0, 29.0, 35.0)]
    for frame in frames:
        assert frame.depth_m is not None
        recorder.write(frame, DepthMap(frame.depth_m, frame.intrinsics))
    back = RgbdSource(RgbdSourceSettings(path=tmp_path / "walk"))
    for frame in frames:
        replayed = back.read()
        assert replayed is not None
        assert np.array_equal(replayed.depth_m, frame.depth_m, equal_nan=True)
