from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
from edge_nav.lab.sim.scene import SceneSpec, SimulatedScene, save_scene
from edge_nav.types import Intrinsics, Pose
from models.data.classes import CLASSES, classified, feet_m
from models.data.dataset import FrameRef, TrueFrame, list_frames, read_frame
from models.data.layout import frame_line, scene_folder, write_frame

CAMERA = Intrinsics.from_fov(96, 128, 60.0)
LOWER, FLOOR, STAIRS = (CLASSES.index(name) for name in ("lower_floor", "floor", "stairs"))


@pytest.fixture(scope="module")
def renderer() -> MujocoRenderer:
    try:
        return MujocoRenderer()
    except UsageError as e:
        pytest.skip(str(e))


def frame_of(renderer: MujocoRenderer, root: Path, thing: dict[str, object], pose: Pose) -> tuple[FrameRef, TrueFrame]:
    """What a dataset with one scene and one view of it gives."""
    scene = SimulatedScene(SceneSpec.model_validate({"things": [thing], "walk": {"path": [[0.0, 0.0], [0.0, 1.0]]}}))
    folder = scene_folder(root, 1)
    folder.mkdir(parents=True)
    save_scene(scene.spec, folder / "scene.yaml")
    hashes = write_frame(folder, 0, renderer.render(scene.world(0.0), pose, CAMERA))
    (folder / "frames.jsonl").write_text(frame_line(0, 0.0, pose, CAMERA, hashes), encoding="utf-8")
    (ref,) = list_frames([root], 0, 10)
    return ref, classified(read_frame(ref), ref)


def away_m(label: np.ndarray, camera_m: float, pitch_deg: float) -> np.ndarray:
    """How far ahead the middle column's rays meet the level that one stands on, metres."""
    v = np.radians(pitch_deg) + np.arctan((np.arange(label.shape[0]) - CAMERA.cy) / CAMERA.fy)
    return camera_m / np.tan(np.maximum(v, 1e-3))


def test_the_treads_of_stairs_down_are_lower_and_the_floor_before_them_is_not(
    renderer: MujocoRenderer, tmp_path: Path
) -> None:
    stairs = {"kind": "stairs_down", "at": [0, 2], "heading_deg": 0, "width_m": 1.6, "railings": False}
    label = frame_of(renderer, tmp_path, stairs, Pose(height_m=1.5, pitch_deg=30))[1].label
    ahead, column = away_m(label, 1.5, 30), label[:, CAMERA.width // 2]
    assert set(column[(ahead > 1) & (ahead < 1.9)]) == {FLOOR}
    assert set(column[(ahead > 2.2) & (ahead < 3)]) == {LOWER}


def test_stairs_up_are_not_lower(renderer: MujocoRenderer, tmp_path: Path) -> None:
    stairs = {"kind": "stairs_up", "at": [0, 2], "heading_deg": 0, "railings": False}
    label = frame_of(renderer, tmp_path, stairs, Pose(height_m=1.5, pitch_deg=30))[1].label
    assert LOWER not in label
    assert STAIRS in label


def test_a_ramp_down_is_no_edge_and_the_ground_at_its_foot_is_lower(renderer: MujocoRenderer, tmp_path: Path) -> None:
    # Up towards the walker, who stands on its landing.
    ramp = {"kind": "ramp", "at": [0, 5], "heading_deg": 180, "length_m": 4, "height_m": 0.4, "landing_m": 4}
    ref, frame = frame_of(renderer, tmp_path, ramp, Pose(0.0, 0.0, 1.9, 0.0, 30.0))
    label = frame.label
    assert feet_m(ref) == pytest.approx(0.4)
    ahead, column = away_m(label, 1.9, 30), label[:, CAMERA.width // 2]  # as rays meet the lower ground
    assert set(column[(ahead > 1.9) & (ahead < 4.8)]) == {FLOOR}
    assert set(column[(ahead > 5.2) & (ahead < 7)]) == {LOWER}


def test_a_missing_scene_is_named(renderer: MujocoRenderer, tmp_path: Path) -> None:
    frame_of(renderer, tmp_path, {"kind": "stairs_up", "at": [0, 4]}, Pose())
    (tmp_path / "s000001" / "scene.yaml").rename(tmp_path / "elsewhere.yaml")
    (ref,) = list_frames([tmp_path.rename(tmp_path.with_name("moved"))], 0, 10)
    with pytest.raises(UsageError, match=r"scene.yaml cannot be read: remove .* and generate it again"):
        classified(read_frame(ref), ref)
