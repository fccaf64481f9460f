"""A world as MuJoCo's model and scene: meshes, materials, and a geom for each shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.meshes import mesh
from edge_nav.lab.sim.mujoco_lights import SKY_PIXELS, sky_box
from edge_nav.lab.sim.mujoco_opengl import no_opengl
from edge_nav.lab.sim.shapes import Form, Material, Point, Shape, World, rotation
from edge_nav.lab.sim.textures import SIZE, texture

GLASS_ALPHA = 0.3
SHADOW_PIXELS = 2048
SPARE_SHAPES = 64

_Key = tuple[Form, Point, float, Material]


class MujocoModel:
    """The still shapes of a world, and room for those that move. ``size``: of the largest picture, width and height,
    pixels. OpenGL has to be current. Raises NoOpenGL where it cannot hold the model.
    """

    def __init__(self, mujoco: Any, world: World, size: tuple[int, int], *, shadows: bool) -> None:
        self.still, self.size = world.still, size
        self._mj = mujoco
        self._meshes: dict[_Key, int] = {}
        self._materials: dict[Material, int] = {}
        shapes = (*world.still, *world.moving)
        model = self._compiled(shapes, sky_box(world.lights), shadows)
        self.context = self._loaded(model)
        self._textures = {
            m: int(model.mat_texid[n][mujoco.mjtTextureRole.mjTEXROLE_RGB]) for m, n in self._materials.items()
        }
        # MuJoCo moves each mesh to its centre of mass and principal axes: these take it back.
        turns = np.empty((len(self._meshes), 9))
        for n in range(len(self._meshes)):
            mujoco.mju_quat2Mat(turns[n], model.mesh_quat[n])
        self._offsets = [(model.mesh_pos[n].copy(), turns[n].reshape(3, 3)) for n in range(len(self._meshes))]
        self.scene = mujoco.MjvScene(model, maxgeom=len(shapes) + SPARE_SHAPES)
        for n, shape in enumerate(world.still):
            self._put(n, shape)

    def holds(self, world: World, size: tuple[int, int]) -> bool:
        """Whether a world can be drawn in pictures of a size without another model."""
        room = self.scene.maxgeom - len(self.still)
        known = world.still is self.still and len(world.moving) <= room
        return known and size == self.size and all(_key(s) in self._meshes for s in world.moving)

    def place(self, moving: Iterable[Shape]) -> None:
        """Shapes that move, where they are now."""
        n = len(self.still)
        for shape in moving:
            self._put(n, shape)
            n += 1
        self.scene.ngeom = n

    def free(self) -> None:
        """What OpenGL holds of it."""
        self.context.free()

    def _compiled(self, shapes: tuple[Shape, ...], sky: NDArray[np.uint8], shadows: bool) -> Any:
        mj = self._mj
        spec = mj.MjSpec()
        spec.visual.global_.offwidth, spec.visual.global_.offheight = self.size
        spec.visual.quality.offsamples = 0
        spec.visual.quality.shadowsize = SHADOW_PIXELS if shadows else 0
        spec.visual.map.shadowclip = 14.0
        spec.stat.extent = 1.0
        for shape in shapes:
            self._add_material(spec, shape.material)
            self._add_mesh(spec, shape)
        box = spec.add_texture(
            name="sky", type=mj.mjtTexture.mjTEXTURE_SKYBOX, width=SKY_PIXELS, height=6 * SKY_PIXELS, nchannel=3
        )
        box.data = sky.tobytes()
        return spec.compile()

    def _loaded(self, model: Any) -> Any:
        """OpenGL's part of it."""
        mj = self._mj
        try:
            context = mj.MjrContext(model, mj.mjtFontScale.mjFONTSCALE_50.value)
        except mj.FatalError as e:
            raise no_opengl(e) from e
        mj.mjr_setBuffer(mj.mjtFramebuffer.mjFB_OFFSCREEN.value, context)
        context.readDepthMap = mj.mjtDepthMap.mjDEPTH_ZEROFAR
        return context

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

    def _put(self, n: int, shape: Shape) -> None:
        """Shape as the scene's geom ``n``."""
        mj, g = self._mj, self.scene.geoms[n]
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


def _key(shape: Shape) -> _Key:
    return shape.form, shape.half, shape.bevel_m, shape.material
