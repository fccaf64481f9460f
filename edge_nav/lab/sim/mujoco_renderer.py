"""Worlds drawn by MuJoCo through OpenGL, a few milliseconds a frame: for walking, testing and bulk data.

MuJoCo only draws here; nothing is simulated. Shapes become meshes with texture coordinates in metres, and the scene
that is handed to its renderer is filled directly, so that moving things need no new model.
"""

from __future__ import annotations

import atexit
import math
import weakref
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.lab.sim.mujoco_lights import lights_of, put_lights
from edge_nav.lab.sim.mujoco_model import MujocoModel
from edge_nav.lab.sim.mujoco_opengl import gl_context, load_mujoco, release
from edge_nav.lab.sim.shapes import FAR_M, LABELS, Rendered, Shape, World
from edge_nav.sources.raycast_renderer import camera_axes
from edge_nav.types import Intrinsics, Pose

NEAR_M = 0.03


class MujocoRenderer:
    """Draws worlds. Keeps the model of the last ``still``; moving shapes cost nothing but their place.

    ``shadows``: the sun casts them, for three times the time. ``fine``: the picture is drawn twice as large each way
    and averaged. Without ``colours`` every shape is one grey of its own, for six tenths of the time; without ``truth``
    depth is NaN, and labels and instances are 0. Raises UsageError without MuJoCo or OpenGL, and for cameras with
    pixels that are not square, which MuJoCo cannot draw.
    """

    def __init__(self, *, shadows: bool = False, fine: bool = False, colours: bool = True, truth: bool = True) -> None:
        if not (colours or truth):
            raise ValueError("colours=False, truth=False: nothing would be drawn; ask for one of them.")
        self._mj = load_mujoco()
        self._shadows, self._times, self._coloured, self._truth = shadows, 2 if fine else 1, colours, truth
        self._gl = gl_context(self._mj)
        self._model: MujocoModel | None = None
        self._balls, self._drawn = np.zeros((0, 4)), np.zeros(0, np.bool_)
        self._tables = (np.zeros(1, np.uint8), np.zeros(1, np.uint16))
        # Contexts that outlive OpenGL crash the interpreter at exit.
        self._at_exit = _Closer(self)
        atexit.register(self._at_exit)

    def render(self, world: World, pose: Pose, camera: Intrinsics) -> Rendered:
        """One picture with its exact depth. Two passes: colours, then shape numbers with depth."""
        if self._gl is None:
            raise RuntimeError("this renderer is closed")
        if abs(camera.fx - camera.fy) > 1e-3 * camera.fx:
            raise UsageError(
                f"the camera has fx = {camera.fx:g} and fy = {camera.fy:g}, but MuJoCo draws square pixels alone: "
                "make them equal."
            )
        mj = self._mj
        self._gl.make_current()
        try:
            model = self._fit(world, camera)
            model.place(world.moving)
            self._label(world)
            self._look(world, pose, camera, model.scene)
            if not self._shadows:  # what is out of sight still casts them
                self._cull(pose, camera, model.scene)
            put_lights(lights_of(world.lights, pose, world.seed), model.scene, shadows=self._shadows)
            rgb = self._colours(camera, model) if self._coloured else None
            ids = np.zeros((camera.height, camera.width, 3), np.uint8)
            buffer = np.zeros((camera.height, camera.width), np.float32)
            if self._truth:
                rect = mj.MjrRect(0, 0, camera.width, camera.height)
                self._flags(model.scene, segment=True)
                mj.mjr_render(rect, model.scene, model.context)
                mj.mjr_readPixels(ids, buffer, rect, model.context)
        finally:
            release()
        which = ids[::-1, :, 0].astype(np.uint16) | (ids[::-1, :, 1].astype(np.uint16) << 8)
        # The depth buffer is reversed: 1 near, 0 far, in 32-bit floats, which keeps far things exact.
        depth = np.float32(NEAR_M * FAR_M) / (np.float32(NEAR_M) + buffer[::-1] * np.float32(FAR_M - NEAR_M))
        depth[which == 0] = np.nan
        labels, instances = self._tables
        if rgb is None:
            rgb = np.repeat(_greys(which, depth)[..., None], 3, axis=2)
        return Rendered(rgb, depth, instances[which], labels[which])

    def close(self) -> None:
        """Free what OpenGL holds. May be called twice."""
        if self._gl is None:
            return
        atexit.unregister(self._at_exit)
        self._gl.make_current()
        if self._model is not None:
            self._model.free()
        self._gl.free()
        self._gl = self._model = None

    def __enter__(self) -> MujocoRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fit(self, world: World, camera: Intrinsics) -> MujocoModel:
        """A new model where the world or what moves in it is new, or the picture is larger than before."""
        size = camera.width * self._times, camera.height * self._times
        if self._model is not None:
            size = max(self._model.size[0], size[0]), max(self._model.size[1], size[1])
            if self._model.holds(world, size):
                return self._model
            self._model.free()
            self._model = None
        self._model = MujocoModel(self._mj, world, size, shadows=self._shadows)
        self._balls = np.array([(*s.centre, _radius(s)) for s in world.still]).reshape(-1, 4)
        self._drawn = np.ones(len(world.still), np.bool_)
        return self._model

    def _label(self, world: World) -> None:
        """Tables from a pixel's number, 0 for none, to label and instance."""
        shapes = (*world.still, *world.moving)
        labels = np.full(len(shapes) + 1, LABELS.index("sky"), np.uint8)
        instances = np.zeros(len(shapes) + 1, np.uint16)
        labels[1:] = [s.label for s in shapes]
        instances[1:] = [s.instance for s in shapes]
        self._tables = labels, instances

    def _look(self, world: World, pose: Pose, camera: Intrinsics, scene: Any) -> None:
        """The pinhole as a frustum: pixel centres are at integers, so the picture begins half a pixel before 0."""
        _, down, forward = camera_axes(pose)
        at = np.array([pose.x, pose.y, pose.height_m])
        per_pixel = NEAR_M / camera.fx
        for eye in scene.camera:
            eye.pos[:], eye.forward[:], eye.up[:] = at, forward, -down
            eye.frustum_near, eye.frustum_far = NEAR_M, FAR_M
            eye.frustum_center = ((camera.width - 1) / 2 - camera.cx) * per_pixel
            eye.frustum_width = camera.width / 2 * per_pixel
            eye.frustum_top = (0.5 + camera.cy) * per_pixel
            eye.frustum_bottom = (camera.cy + 0.5 - camera.height) * per_pixel
        for n, shape in enumerate((*world.still, *world.moving)):
            if shape.material.look == "glass":  # drawn from far to near
                g = scene.geoms[n]
                g.camdist = float(np.linalg.norm(g.pos - at))

    def _cull(self, pose: Pose, camera: Intrinsics, scene: Any) -> None:
        """Draw only those still shapes whose enclosing balls reach into the view."""
        ball = self._balls
        right, down, ahead = ((ball[:, :3] - (pose.x, pose.y, pose.height_m)) @ axis for axis in camera_axes(pose))
        seen = ahead > -ball[:, 3]
        edges = (
            (right, (camera.cx + 1) / camera.fx),
            (-right, (camera.width - camera.cx) / camera.fx),
            (down, (camera.cy + 1) / camera.fy),
            (-down, (camera.height - camera.cy) / camera.fy),
        )
        for outward, slope in edges:  # distance from the view's side, which leans outward by so much per metre ahead
            seen &= outward + slope * ahead > -ball[:, 3] * math.hypot(1.0, slope)
        mesh_or_none = self._mj.mjtGeom.mjGEOM_NONE.value, self._mj.mjtGeom.mjGEOM_MESH.value
        for n in np.flatnonzero(seen != self._drawn):
            scene.geoms[n].type = mesh_or_none[int(seen[n])]
        self._drawn = seen

    def _colours(self, camera: Intrinsics, model: MujocoModel) -> NDArray[np.uint8]:
        mj, n = self._mj, self._times
        rgb = np.empty((camera.height * n, camera.width * n, 3), np.uint8)
        rect = mj.MjrRect(0, 0, camera.width * n, camera.height * n)
        self._flags(model.scene, segment=False)
        mj.mjr_render(rect, model.scene, model.context)
        mj.mjr_readPixels(rgb, None, rect, model.context)
        rgb = rgb[::-1]
        if n > 1:
            rgb = np.asarray(cv2.resize(rgb, (camera.width, camera.height), interpolation=cv2.INTER_AREA), np.uint8)
        return np.ascontiguousarray(rgb)

    def _flags(self, scene: Any, *, segment: bool) -> None:
        flag, flags = self._mj.mjtRndFlag, scene.flags
        flags[:] = 0
        flags[flag.mjRND_CULL_FACE] = 1
        flags[flag.mjRND_SEGMENT] = flags[flag.mjRND_IDCOLOR] = int(segment)
        flags[flag.mjRND_SKYBOX] = int(not segment)
        flags[flag.mjRND_SHADOW] = int(self._shadows and not segment)


class _Closer:
    """Closes a renderer that nobody closed, if it is still there."""

    def __init__(self, renderer: MujocoRenderer) -> None:
        self._renderer = weakref.ref(renderer)

    def __call__(self) -> None:
        renderer = self._renderer()
        if renderer is not None:
            renderer.close()


def _greys(which: NDArray[Any], depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """For each number another grey, none of them dark or dazzling, with contour lines of depth, since a picture
    without any detail looks like a covered camera's.
    """
    lines = (np.nan_to_num(depth) * 8).astype(np.int32) % 2
    return (60 + (which.astype(np.int32) * 61) % 140 + 30 * lines).astype(np.uint8)


def _radius(shape: Shape) -> float:
    """Of a ball about the shape's centre that encloses it, metres."""
    return math.hypot(*shape.half) + (max(shape.half[:2]) if shape.form == "capsule" else 0.0)
