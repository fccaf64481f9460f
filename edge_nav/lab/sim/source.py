"""A simulated scene, walked along its path: pictures of the worn camera, with a depth camera's depth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from edge_nav.errors import UsageError
from edge_nav.sources.sim import SimSourceSettings
from edge_nav.types import Frame, Intrinsics

if TYPE_CHECKING:
    from edge_nav.lab.sim.scene import SimulatedScene
    from edge_nav.types import TruthFrame

TRUTH_HZ = 5
FAMILY_AND_SEED = re.compile(r"([a-z_]+):([0-9]{1,9})")


class SimSource:
    """Plays like a recording. Raises UsageError for a scene that cannot be had, and without MuJoCo or OpenGL.

    The first frame is drawn when it is opened, so that whatever is missing is told then.
    """

    live = False
    skipped = 0

    def __init__(self, settings: SimSourceSettings) -> None:
        from edge_nav.lab.sim.mujoco_renderer import MujocoRenderer
        from edge_nav.lab.sim.sensor import Sensor

        self._settings = settings
        self._scene = open_scene(settings.scene)
        self._camera = self._scene.camera
        self._sensor = Sensor(self._scene.sensor, self._camera)
        self._renderer = MujocoRenderer(shadows=settings.shadows)
        self._next = 0
        try:
            self._first: Frame | None = self._draw(0)
        except BaseException:
            self._renderer.close()
            raise

    @property
    def intrinsics(self) -> Intrinsics:
        return self._camera

    @property
    def frame_count(self) -> int:
        """All frames of the walk."""
        return max(1, round(self._scene.seconds * self._settings.fps))

    def read(self) -> Frame | None:
        """The next frame, None at the end."""
        if self._next >= self.frame_count:
            return None
        index, self._next = self._next, self._next + 1
        first, self._first = self._first, None
        return first if index == 0 and first is not None else self._draw(index)

    def truth(self, until_s: float) -> list[TruthFrame]:
        """What stood about the walker up to a time, several times a second."""
        from edge_nav.lab.sim.ground_truth import truth_at

        until = min(until_s, (self.frame_count - 1) / self._settings.fps)
        return [truth_at(self._scene, n / TRUTH_HZ) for n in range(int(until * TRUTH_HZ + 1e-6) + 1)]

    def close(self) -> None:
        self._next = self.frame_count
        self._renderer.close()

    def _draw(self, index: int) -> Frame:
        from edge_nav.lab.sim.sensor import smear

        scene, fps, spec = self._scene, self._settings.fps, self._scene.sensor
        t = index / fps
        pose = scene.pose(t)
        seen = self._renderer.render(scene.world(t), pose, self._camera)
        half = max(spec.shutter_s, 1e-3) / 2
        turn = smear(
            scene.pose(max(t - half, 0.0)), scene.pose(t + half), t + half - max(t - half, 0.0), self._camera, spec
        )
        return Frame(
            index,
            t,
            self._sensor.picture(seen.rgb, index, turn),
            self._camera,
            self._sensor.depth(seen.depth_m, index, self._settings.depth_noise),
        )


def open_scene(name: str) -> SimulatedScene:
    """The scene of a YAML file, or of FAMILY:SEED where there is no such file.

    Raises UsageError for a file that is no scene, an unknown family or an impossible seed.
    """
    from edge_nav.lab.sim.families import generate
    from edge_nav.lab.sim.scene import SimulatedScene, load_scene

    drawn = FAMILY_AND_SEED.fullmatch(name.strip())
    file = _existing(name)
    if file is None:
        if drawn is not None:
            return SimulatedScene(generate(drawn[1], int(drawn[2])))
        raise UsageError(
            f"scene {name[:100]} is not here; give the path of a scene's YAML file, or FAMILY:SEED, such as corridor:7."
        )
    return load_scene(file)


def _existing(name: str) -> Path | None:
    try:
        file = Path(name).expanduser()
        return file if file.exists() else None
    except (OSError, RuntimeError, ValueError):  # a name that is too long, or an unknown user's
        return None
