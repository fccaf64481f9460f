"""The realistic renderer: Blender's Cycles as a Python module, on the processor.

Depth is the Z pass: planar, in metres, through the pixel's centre. Instances and labels come from the object index
pass. The picture is path traced with a few samples and denoised, then developed (cycles_film).
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge_nav.errors import UsageError
from edge_nav.lab.sim import cycles_exr, cycles_film, cycles_meshes
from edge_nav.lab.sim.cycles_lights import LightSet, roofed
from edge_nav.lab.sim.cycles_materials import ALONG, PLANKS, UV, linear, look_of, template
from edge_nav.lab.sim.shapes import FAR_M, Lights, Material, Rendered, Shape, World
from edge_nav.sources.raycast_renderer import NEAR_M, camera_axes
from edge_nav.types import Intrinsics, Pose

SENSOR_MM = 36.0
MOST_SHAPES = 32767
"""Blender's object index is a signed 16-bit number; 0 is the sky."""
REMEDY = (
    "the realistic renderer needs Blender's module bpy 4.5, which exists for Python 3.11 alone: there run "
    "`pip install 'edge-nav[render]'`, or use the real-time renderer (extra sim)"
)
SCRIPTS = str(Path("scripts", "modules"))
"""How the folder of Blender's own scripts ends."""


class CyclesRenderer:
    """Draws worlds; one a process, because bpy holds one file. ``threads`` 1 is best where several processes draw."""

    def __init__(self, samples: int = 3, bounces: int = 3, threads: int = 1) -> None:
        self._bpy = load_bpy(threads)
        self._settings = (samples, bounces, threads)
        self._folder = tempfile.TemporaryDirectory(prefix="edge-nav-", dir=_memory_folder())
        self._picture = Path(self._folder.name) / "frame.exr"
        self._still: tuple[Shape, ...] | None = None
        self._lit: Lights | None = None
        self._inside = False
        self._begin()

    def render(self, world: World, pose: Pose, camera: Intrinsics) -> Rendered:
        """One picture with its truth. What is ``still`` is built once as long as it stays the same object."""
        if len(world.still) + len(world.moving) > MOST_SHAPES:
            raise ValueError(f"{len(world.still) + len(world.moving)} shapes, at most {MOST_SHAPES} can be told apart")
        if world.still is not self._still or world.lights != self._lit:
            self._begin()
            self._inside = roofed(world.still)
            self._lights.show(world)
            for n, shape in enumerate(world.still):
                self._object(shape, n + 1)
            self._still, self._lit = world.still, world.lights
        self._show_moving(world.moving, len(world.still))
        self._place_camera(pose, camera)
        # Another pattern of samples for each view, and the same one for the same view.
        self._scene.cycles.seed = zlib.crc32(repr((world.seed, pose)).encode()) >> 1
        with quiet():
            self._bpy.ops.render.render(write_still=True)
        return _taken(cycles_exr.read(self._picture), (*world.still, *world.moving))

    def close(self) -> None:
        """Frees the scene and its temporary file."""
        with quiet():
            self._bpy.ops.wm.read_factory_settings(use_empty=True)
        self._folder.cleanup()

    def _begin(self) -> None:
        """An empty file. Each scene gets one: what Cycles keeps of another would change how light is sampled."""
        with quiet():
            self._bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene = self._bpy.context.scene
        _settings(self._scene, *self._settings, self._picture)
        self._camera = self._bpy.data.objects.new("camera", self._bpy.data.cameras.new("camera"))
        self._camera.data.sensor_fit = "HORIZONTAL"
        self._camera.data.sensor_width = SENSOR_MM
        self._camera.data.clip_start, self._camera.data.clip_end = NEAR_M, 2000.0
        self._scene.collection.objects.link(self._camera)
        self._scene.camera = self._camera
        self._lights = LightSet(self._bpy, self._scene)
        self._templates: dict[str, Any] = {}
        self._materials: dict[tuple[str, Material], Any] = {}
        self._moving: list[tuple[Shape, Any]] = []

    def _show_moving(self, shapes: tuple[Shape, ...], first: int) -> None:
        """Moves what is the same but for its place; makes anew what is not."""
        kept = len(shapes) == len(self._moving) and all(
            _same_body(old, new) for (old, _), new in zip(self._moving, shapes, strict=False)
        )
        if not kept:
            self._remove([thing for _, thing in self._moving])
            self._moving = [(shape, self._object(shape, first + n + 1)) for n, shape in enumerate(shapes)]
            return
        for n, shape in enumerate(shapes):
            _place(self._moving[n][1], shape)

    def _object(self, shape: Shape, index: int) -> Any:
        look = look_of(shape, self._inside)
        along = look in ALONG or look == PLANKS
        mesh = _mesh(self._bpy, cycles_meshes.build(shape.form, shape.half, shape.bevel_m, along), _offset(shape))
        mesh.materials.append(self._material(look, shape.material))
        thing = self._bpy.data.objects.new(f"{index}", mesh)
        thing.pass_index = index
        thing.rotation_mode = "QUATERNION"
        _place(thing, shape)
        if look == "lamp":
            # The light comes from a lamp beside its body, which must not stand in its way.
            thing.visible_shadow = False
        self._scene.collection.objects.link(thing)
        return thing

    def _material(self, look: str, material: Material) -> Any:
        key = (look, material)
        if key not in self._materials:
            if look not in self._templates:
                self._templates[look] = template(self._bpy, look)
            made = self._templates[look].copy()
            made.use_fake_user = False
            nodes = made.node_tree.nodes
            nodes["first"].outputs[0].default_value = linear(material.colour)
            nodes["second"].outputs[0].default_value = linear(material.second)
            nodes["scale_m"].outputs[0].default_value = max(material.scale_m, 0.02)
            nodes["roughness"].outputs[0].default_value = min(max(material.roughness, 0.05), 1.0)
            self._materials[key] = made
        return self._materials[key]

    def _remove(self, things: list[Any]) -> None:
        meshes = [thing.data for thing in things]
        self._bpy.data.batch_remove(things)
        self._bpy.data.batch_remove(meshes)
        things.clear()

    def _place_camera(self, pose: Pose, camera: Intrinsics) -> None:
        """Exact for pixel centres at integers: the middle of the picture is at (width / 2 - 0.5, height / 2 - 0.5)."""
        render, data = self._scene.render, self._camera.data
        render.resolution_x, render.resolution_y, render.resolution_percentage = camera.width, camera.height, 100
        render.pixel_aspect_x = max(1.0, camera.fy / camera.fx)
        render.pixel_aspect_y = max(1.0, camera.fx / camera.fy)
        data.lens = camera.fx * SENSOR_MM / camera.width
        data.shift_x = (camera.width / 2 - 0.5 - camera.cx) / camera.width
        data.shift_y = (camera.cy + 0.5 - camera.height / 2) * (camera.fx / camera.fy) / camera.width
        right, down, forward = camera_axes(pose)
        matrix = np.eye(4)
        matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = right, -down, -forward
        matrix[:3, 3] = pose.x, pose.y, pose.height_m
        self._camera.matrix_world = matrix.T.tolist()


def load_bpy(threads: int = 1) -> Any:
    """The module, or one sentence on how to get it."""
    if "bpy" not in sys.modules:
        # Loading it puts Blender's scripts first on the path, and a process hands its path on to those it starts. A
        # package `bpy` among them works only inside Blender, and would be found instead of the module.
        sys.path[:] = [folder for folder in sys.path if not folder.endswith(SCRIPTS)]
    try:
        # Its audio part may complain about numpy on import; nothing here plays sound.
        with quiet(), warnings.catch_warnings(), _few_cores(threads):
            warnings.simplefilter("ignore")
            import bpy
    except ImportError as error:
        why = "" if error.name == "bpy" else f" (here its import failed: {error})"
        raise UsageError(REMEDY + why) from error
    return bpy


@contextlib.contextmanager
def _few_cores(count: int) -> Iterator[None]:
    """Blender's pool of threads (TBB) is as large as the cores that it sees when it is loaded, and those that have no
    work spin, which costs half of another core where several processes draw."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _settings(scene: Any, samples: int, bounces: int, threads: int, picture: Path) -> None:
    render, cycles, layer = scene.render, scene.cycles, scene.view_layers[0]
    render.engine = "CYCLES"
    render.use_persistent_data = True
    render.use_compositing = render.use_sequencer = False
    render.threads_mode, render.threads = "FIXED", threads
    render.filepath = str(picture)
    render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    render.image_settings.color_depth = "32"
    render.image_settings.exr_codec = "NONE"
    layer.use_pass_z = layer.use_pass_object_index = True
    # Glass is transparent, and is still what its pixels measure.
    layer.pass_alpha_threshold = 0.0
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_adaptive_sampling = False
    cycles.use_light_tree = False
    cycles.use_auto_tile = False
    cycles.max_bounces = cycles.diffuse_bounces = bounces
    cycles.glossy_bounces = 2
    cycles.transmission_bounces = 2
    cycles.transparent_max_bounces = 6
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.blur_glossy = 1.0
    cycles.sample_clamp_indirect = 4.0
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.denoising_prefilter = "FAST"
    cycles.denoising_quality = "HIGH"
    cycles.denoising_use_gpu = False


def _mesh(bpy: Any, built: cycles_meshes.CyclesMesh, offset: tuple[float, float]) -> Any:
    mesh = bpy.data.meshes.new("shape")
    mesh.vertices.add(len(built.vertices))
    mesh.vertices.foreach_set("co", built.vertices.astype(np.float32).ravel())
    mesh.loops.add(len(built.corners))
    mesh.loops.foreach_set("vertex_index", built.corners)
    mesh.polygons.add(len(built.starts))
    mesh.polygons.foreach_set("loop_start", built.starts)
    mesh.uv_layers.new(name=UV).uv.foreach_set("vector", (built.uv + offset).astype(np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.normals_split_custom_set(built.normals.astype(np.float32))
    return mesh


def _offset(shape: Shape) -> tuple[float, float]:
    """Where on its pattern a shape lies: anywhere, by its seed and number; the same for a moving shape at all times."""
    draw = np.random.default_rng((shape.material.seed & 0xFFFFFFFF, shape.instance, int(1000 * sum(shape.half))))
    u, v = draw.uniform(0.0, 40.0, 2)
    return float(u), float(v)


def _place(thing: Any, shape: Shape) -> None:
    thing.location = shape.centre
    thing.rotation_quaternion = shape.turn


def _same_body(old: Shape, new: Shape) -> bool:
    return (old.form, old.half, old.material, old.label, old.instance, old.bevel_m) == (
        new.form,
        new.half,
        new.material,
        new.label,
        new.instance,
        new.bevel_m,
    )


def _taken(passes: dict[str, Any], shapes: tuple[Shape, ...]) -> Rendered:
    """The passes as a picture and its truth."""
    by_end = {name.split(".", 1)[1] if "." in name else name: picture for name, picture in passes.items()}
    light = np.stack([by_end[f"Combined.{c}"] for c in "RGB"], axis=-1)
    depth = by_end["Depth.Z"]
    index = np.rint(by_end["IndexOB.X"]).astype(np.int64)
    far = ~(depth <= FAR_M) | (index == 0)
    index[far] = 0
    instances = np.array([0, *(s.instance for s in shapes)], np.uint16)
    labels = np.array([0, *(s.label for s in shapes)], np.uint8)
    depth = np.where(far, np.float32(math.nan), depth).astype(np.float32)
    return Rendered(cycles_film.develop(light), depth, instances[index], labels[index])


def _memory_folder() -> str | None:
    """A folder in memory where the system has one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Blender's own lines on the standard outputs, which no setting turns off."""
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for handle in (*kept, nowhere):
            os.close(handle)
