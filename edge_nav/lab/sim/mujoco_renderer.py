"""Worlds drawn by MuJoCo through OpenGL, a few milliseconds a frame: for walking, testing and bulk data.

MuJoCo only draws here; nothing is simulated. Shapes become meshes with texture coordinates in metres, and the scene
that is handed to its renderer is filled directly, so that moving things need no new model.
"""

from __future__ import annotations

import atexit
import math
import os
import sys
import weakref
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.errors import UsageError
from edge_nav.lab.sim.meshes import mesh
from edge_nav.lab.sim.mujoco_lights import SKY_PIXELS, lights_of, put_lights, sky_box
from edge_nav.lab.sim.shapes import FAR_M, LABELS, Form, Material, Point, Rendered, Shape, World, rotation
from edge_nav.lab.sim.textures import SIZE, texture
from edge_nav.sources.raycast_renderer import camera_axes
from edge_nav.types import Intrinsics, Pose

NEAR_M = 0.03
GLASS_ALPHA = 0.3
SHADOW_PIXELS = 2048
SPARE_SHAPES = 64

_Key = tuple[Form, Point, float, Material]


class NoOpenGL(UsageError):
    """OpenGL does not start: nothing at all can be drawn."""


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
        self._mj = _mujoco()
        self._shadows, self._times, self._coloured, self._truth = shadows, 2 if fine else 1, colours, truth
        self._gl = _gl_context(self._mj)
        self._context: Any = None
        self._scene: Any = None
        self._still: tuple[Shape, ...] | None = None
        self._meshes: dict[_Key, int] = {}
        self._materials: dict[Material, int] = {}
        self._textures: dict[Material, int] = {}
        self._offsets: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._balls, self._drawn = np.zeros((0, 4)), np.zeros(0, np.bool_)
        self._size = (0, 0)
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
            self._fit(world, camera)
            self._place(world.moving)
            self._label(world)
            self._look(world, pose, camera)
            if not self._shadows:  # what is out of sight still casts them
                self._cull(pose, camera)
            put_lights(lights_of(world.lights, pose, world.seed), self._scene, shadows=self._shadows)
            rgb = self._colours(camera) if self._coloured else None
            ids = np.zeros((camera.height, camera.width, 3), np.uint8)
            buffer = np.zeros((camera.height, camera.width), np.float32)
            if self._truth:
                rect = mj.MjrRect(0, 0, camera.width, camera.height)
                self._flags(segment=True)
                mj.mjr_render(rect, self._scene, self._context)
                mj.mjr_readPixels(ids, buffer, rect, self._context)
        finally:
            _release()
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
        if self._context is not None:
            self._context.free()
        self._gl.free()
        self._gl = self._context = self._scene = self._still = None

    def __enter__(self) -> MujocoRenderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fit(self, world: World, camera: Intrinsics) -> None:
        """A new model where the world or what moves in it is new, or the picture is larger than before."""
        width, height = self._size
        size = max(width, camera.width), max(height, camera.height)
        known = world.still is self._still and len(world.moving) <= self._room
        if known and size == self._size and all(_key(s) in self._meshes for s in world.moving):
            return
        self._build(world, size)

    @property
    def _room(self) -> int:
        """For how many moving shapes there is place."""
        return 0 if self._scene is None or self._still is None else self._scene.maxgeom - len(self._still)

    def _build(self, world: World, size: tuple[int, int]) -> None:
        mj = self._mj
        spec = mj.MjSpec()
        spec.visual.global_.offwidth, spec.visual.global_.offheight = (n * self._times for n in size)
        spec.visual.quality.offsamples = 0
        spec.visual.quality.shadowsize = SHADOW_PIXELS if self._shadows else 0
        spec.visual.map.shadowclip = 14.0
        spec.stat.extent = 1.0
        self._meshes, self._materials = {}, {}
        shapes = (*world.still, *world.moving)
        for shape in shapes:
            self._add_material(spec, shape.material)
            self._add_mesh(spec, shape)
        box = spec.add_texture(
            name="sky", type=mj.mjtTexture.mjTEXTURE_SKYBOX, width=SKY_PIXELS, height=6 * SKY_PIXELS, nchannel=3
        )
        box.data = sky_box(world.lights).tobytes()
        model = spec.compile()
        if self._context is not None:
            self._context.free()
            self._context = None
        try:
            self._context = mj.MjrContext(model, mj.mjtFontScale.mjFONTSCALE_50.value)
        except mj.FatalError as e:
            raise _no_opengl(e) from e
        mj.mjr_setBuffer(mj.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._context.readDepthMap = mj.mjtDepthMap.mjDEPTH_ZEROFAR
        # MuJoCo moves each mesh to its centre of mass and principal axes: these take it back.
        turns = np.empty((len(self._meshes), 9))
        for n in range(len(self._meshes)):
            mj.mju_quat2Mat(turns[n], model.mesh_quat[n])
        self._offsets = [(model.mesh_pos[n].copy(), turns[n].reshape(3, 3)) for n in range(len(self._meshes))]
        self._scene = mj.MjvScene(model, maxgeom=len(shapes) + SPARE_SHAPES)
        self._still, self._size = world.still, size
        self._textures = {
            m: int(model.mat_texid[n][mj.mjtTextureRole.mjTEXROLE_RGB]) for m, n in self._materials.items()
        }
        for n, shape in enumerate(world.still):
            self._put(n, shape)
        self._balls = np.array([(*s.centre, _radius(s)) for s in world.still]).reshape(-1, 4)
        self._drawn = np.ones(len(world.still), np.bool_)

    def _add_material(self, spec: Any, material: Material) -> None:
        if material in self._materials:
            return
        mj, n = self._mj, len(self._materials)
        drawn = spec.add_texture(
            name=f"texture {n}", type=mj.mjtTexture.mjTEXTURE_2D, width=SIZE, height=SIZE, nchannel=3
        )
        drawn.data = texture(material).rgb.tobytes()
        made = spec.add_material(name=f"material {n}")
        made.textures[mj.mjtTextureRole.mjTEXROLE_RGB] = f"texture {n}"
        self._materials[material] = n

    def _add_mesh(self, spec: Any, shape: Shape) -> None:
        key = _key(shape)
        if key in self._meshes:
            return
        made, period = mesh(shape.form, shape.half, shape.bevel_m), texture(shape.material).period_m
        spec.add_mesh(
            name=f"mesh {len(self._meshes)}",
            uservert=made.vertices.ravel(),
            usernormal=made.normals.ravel(),
            usertexcoord=(made.metres / np.float32(period)).ravel(),
            userface=made.triangles.ravel(),
            inertia=self._mj.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
        self._meshes[key] = len(self._meshes)

    def _place(self, moving: Iterable[Shape]) -> None:
        assert self._still is not None
        n = len(self._still)
        for shape in moving:
            self._put(n, shape)
            n += 1
        self._scene.ngeom = n

    def _put(self, n: int, shape: Shape) -> None:
        """Shape as the scene's geom ``n``."""
        mj, g = self._mj, self._scene.geoms[n]
        which, material = self._meshes[_key(shape)], shape.material
        turn, (at, axes) = rotation(shape.turn), self._offsets[which]
        glass = material.look == "glass"
        rgba = (*material.colour, GLASS_ALPHA) if glass else (1.0, 1.0, 1.0, 1.0)
        mj.mjv_initGeom(
            g,
            mj.mjtGeom.mjGEOM_MESH.value,
            np.ones(3),
            np.array(shape.centre) + turn @ at,
            (turn @ axes).ravel(),
            np.array(rgba, np.float32),
        )
        g.dataid, g.segid, g.objid, g.objtype = 2 * which, n, n, mj.mjtObj.mjOBJ_GEOM.value
        g.category = mj.mjtCatBit.mjCAT_STATIC.value
        g.transparent = int(glass)
        if not glass:
            g.matid, g.texid, g.texcoord = self._materials[material], self._textures[material], 1
        g.emission = 0.9 if material.look == "lamp" else 0.0
        g.shininess = 1.0 - material.roughness
        g.specular = 0.5 * (1.0 - material.roughness) ** 2

    def _label(self, world: World) -> None:
        """Tables from a pixel's number, 0 for none, to label and instance."""
        shapes = (*world.still, *world.moving)
        labels = np.full(len(shapes) + 1, LABELS.index("sky"), np.uint8)
        instances = np.zeros(len(shapes) + 1, np.uint16)
        labels[1:] = [s.label for s in shapes]
        instances[1:] = [s.instance for s in shapes]
        self._tables = labels, instances

    def _look(self, world: World, pose: Pose, camera: Intrinsics) -> None:
        """The pinhole as a frustum: pixel centres are at integers, so the picture begins half a pixel before 0."""
        _, down, forward = camera_axes(pose)
        at = np.array([pose.x, pose.y, pose.height_m])
        per_pixel = NEAR_M / camera.fx
        for eye in self._scene.camera:
            eye.pos[:], eye.forward[:], eye.up[:] = at, forward, -down
            eye.frustum_near, eye.frustum_far = NEAR_M, FAR_M
            eye.frustum_center = ((camera.width - 1) / 2 - camera.cx) * per_pixel
            eye.frustum_width = camera.width / 2 * per_pixel
            eye.frustum_top = (0.5 + camera.cy) * per_pixel
            eye.frustum_bottom = (camera.cy + 0.5 - camera.height) * per_pixel
        for n, shape in enumerate((*world.still, *world.moving)):
            if shape.material.look == "glass":  # drawn from far to near
                g = self._scene.geoms[n]
                g.camdist = float(np.linalg.norm(g.pos - at))

    def _cull(self, pose: Pose, camera: Intrinsics) -> None:
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
            self._scene.geoms[n].type = mesh_or_none[int(seen[n])]
        self._drawn = seen

    def _colours(self, camera: Intrinsics) -> NDArray[np.uint8]:
        mj, n = self._mj, self._times
        rgb = np.empty((camera.height * n, camera.width * n, 3), np.uint8)
        rect = mj.MjrRect(0, 0, camera.width * n, camera.height * n)
        self._flags(segment=False)
        mj.mjr_render(rect, self._scene, self._context)
        mj.mjr_readPixels(rgb, None, rect, self._context)
        rgb = rgb[::-1]
        if n > 1:
            rgb = np.asarray(cv2.resize(rgb, (camera.width, camera.height), interpolation=cv2.INTER_AREA), np.uint8)
        return np.ascontiguousarray(rgb)

    def _flags(self, *, segment: bool) -> None:
        flag, flags = self._mj.mjtRndFlag, self._scene.flags
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


def _key(shape: Shape) -> _Key:
    return shape.form, shape.half, shape.bevel_m, shape.material


def _mujoco() -> Any:
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")  # needs no screen
    try:
        import mujoco
    except ImportError as e:
        raise UsageError(f"MuJoCo is not here ({e}): install it with `pip install edge-nav[sim]`.") from e
    except RuntimeError as e:
        raise UsageError(f"MuJoCo does not start ({e}): unset MUJOCO_GL, or set it to egl.") from e
    except (AttributeError, OSError) as e:  # PyOpenGL looks up functions of a library that it has not found
        raise _no_opengl(e) from e
    return mujoco


def _gl_context(mujoco: Any) -> Any:
    try:
        if sys.platform == "linux" and os.environ.get("MUJOCO_GL", "egl").lower() == "egl":
            # Whoever imported mujoco first may not have chosen, and then it took the one that needs a screen.
            from mujoco.egl import GLContext

            return GLContext(64, 64)
        return mujoco.GLContext(64, 64)
    except Exception as e:  # each backend has its own errors for a library or driver that is missing
        raise _no_opengl(e) from e


def _no_opengl(e: Exception) -> NoOpenGL:
    return NoOpenGL(
        f"OpenGL does not start through MUJOCO_GL={os.environ.get('MUJOCO_GL', '')} ({type(e).__name__}: {e}): install "
        "its libraries (Debian, Ubuntu: `apt install libegl1 libgl1 libgl1-mesa-dri`), or unset MUJOCO_GL."
    )


def _release() -> None:
    """Let another thread use the context next: a source is opened on one and read on another."""
    egl = sys.modules.get("mujoco.egl")
    if egl is not None:
        egl.EGL.eglReleaseThread()
