"""Where to take pictures of a scene from, to learn from them: free places on and off the way, looking at things."""

from __future__ import annotations

import math

import numpy as np

from edge_nav.errors import UsageError
from edge_nav.lab.sim.outlines import F64
from edge_nav.lab.sim.planner import Grid, area_of
from edge_nav.lab.sim.scene import SimulatedScene
from edge_nav.lab.sim.solids import Solids
from edge_nav.lab.sim.tops import Tops
from edge_nav.sources.raycast_renderer import camera_axes
from edge_nav.types import Intrinsics, Pose

WIDTH, HEIGHT = 320, 240
FOV_DEG, PITCH_DEG, HEIGHT_M, ROLL_DEG = (55.0, 95.0), (-5.0, 35.0), (1.0, 1.7), (-6.0, 6.0)
CLEAR_M = 0.25
NEAR_M, FAR_M = 0.5, 4.0
CANDIDATES = 3
BARE, MOST = 0.04, 12
PLAIN = 0.12
"""Of three views that show things nearby the one with most is taken, but for this share, where the first one counts.

A view that scores less than BARE shows only walls; after MOST views the best of them has to do.
"""
LEANING, LEAN_M = 0.12, (0.3, 0.9)
"""Share of views from above furniture, as of someone who sits at a table or leans over one, and how far they lean."""
TRIES = 400
RAYS = (12, 16)

View = tuple[float, Pose, Intrinsics]


def viewpoints(scene: SimulatedScene, seed: int, count: int) -> list[View]:
    """Times, poses and cameras of ``count`` pictures; the same for the same scene and seed.

    Raises UsageError when the scene has no free place.
    """
    rng = np.random.default_rng((scene.spec.seed, seed, 77))
    path = np.array(scene.spec.walk.path)
    world = scene.world(0.0)
    grid = Grid(world.still, area_of([tuple(p) for p in path.tolist()], 4.0), start_height(scene))
    rows, columns = np.nonzero(_reached(grid, scene))
    if len(rows) == 0:
        raise UsageError(f"scene {scene.spec.name or scene.spec.seed} has no free place for a camera; give it room.")
    spots = [grid.point(int(r), int(c)) for r, c in zip(rows, columns, strict=True)]
    still = Solids(world.still)
    things = np.array([s.centre[:2] for s in world.still if s.instance and s.centre[2] < 2.5]).reshape(-1, 2)
    views: list[View] = []
    for _ in range(count):
        offered: list[tuple[float, View]] = []
        plain, good = rng.random() < PLAIN, 0
        for _ in range(TRIES):
            leaning = rng.random() < LEANING
            view = _candidate(scene, spots, things, rng, leaning=leaning)
            score = _score(scene, still, view, leaning=leaning)
            if score is not None:
                offered.append((score, view))
                good += score > BARE
                if plain or good == CANDIDATES or len(offered) == MOST:
                    break
        if not offered:
            raise UsageError(
                f"scene {scene.spec.name or scene.spec.seed} leaves a camera no room of {CLEAR_M} m; give it room."
            )
        views.append(max(offered, key=lambda o: o[0])[1])
    return views


def ground_under(tops: Tops, start_m: float, x: float, y: float) -> float:
    """Height of what the bearer of a camera stands on, metres. ``start_m``: the ground's where the walk begins."""
    ground = tops.height(x, y, start_m + 2.0)
    return 0.0 if math.isnan(ground) else ground


def start_height(scene: SimulatedScene) -> float:
    """The ground where the walk begins, metres."""
    height = scene.tops.height(*scene.spec.walk.path[0])
    return 0.0 if math.isnan(height) else height


def _reached(grid: Grid, scene: SimulatedScene) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Free places, joined to the start's where that is free: not outside the walls."""
    import cv2

    free = grid.free(CLEAR_M + 0.03)
    _, parts = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    row, column = grid.cell(*scene.spec.walk.path[0])
    return free & (parts == parts[row, column]) if free[row, column] else free


def _candidate(
    scene: SimulatedScene, spots: list[tuple[float, float]], things: F64, rng: np.random.Generator, *, leaning: bool
) -> View:
    """On the way and looking along it, or anywhere, mostly towards something nearby; leaning, moved towards it."""
    t = round(float(rng.uniform(0, scene.seconds)), 3)
    on = scene.pose(t)
    if rng.random() < 0.5 and not leaning:
        x, y = on.x + float(rng.normal(0, 0.25)), on.y + float(rng.normal(0, 0.25))
        facing = on.heading_deg + float(rng.normal(0, 25))
    else:
        x, y = spots[int(rng.integers(len(spots)))]
        x, y = x + float(rng.uniform(-0.05, 0.05)), y + float(rng.uniform(-0.05, 0.05))
        facing = float(rng.uniform(-180, 180))
        gap = np.hypot(*(things - (x, y)).T) if len(things) else np.zeros(0)
        near = np.flatnonzero((gap > NEAR_M) & (gap < FAR_M))
        if len(near) and (leaning or rng.random() < 0.7):
            dx, dy = things[near[int(rng.integers(len(near)))]] - (x, y)
            facing = math.degrees(math.atan2(dx, dy)) + float(rng.normal(0, 18))
            if leaning:
                share = float(rng.uniform(*LEAN_M)) / math.hypot(dx, dy)
                x, y = x + share * dx, y + share * dy
    pose = Pose(
        round(x, 4),
        round(y, 4),
        round(ground_under(scene.tops, start_height(scene), x, y) + float(rng.uniform(*HEIGHT_M)), 4),
        round((facing + 180) % 360 - 180, 3),
        round(float(rng.uniform(*PITCH_DEG)), 3),
        round(float(np.clip(rng.normal(0, 2.5), *ROLL_DEG)), 3),
    )
    return t, pose, Intrinsics.from_fov(WIDTH, HEIGHT, round(float(rng.uniform(*FOV_DEG)), 2))


def _score(scene: SimulatedScene, still: Solids, view: View, *, leaning: bool) -> float | None:
    """Share of a coarse picture that shows things and edges nearby; None for a camera in or too close to something.

    Below a camera that leans over something there is no body.
    """
    t, pose, camera = view
    origin = np.array([pose.x, pose.y, pose.height_m])
    body = origin - (0, 0, 0.5)
    moving = Solids(scene.world(t).moving)
    if min(s.distance(p) for s in (still, moving) for p in ((origin,) if leaning else (origin, body))) < CLEAR_M:
        return None
    if math.isnan(scene.tops.height(pose.x, pose.y)):
        return None
    rays = _rays(pose, camera)
    depth, which = still.cast(origin, rays)
    aside, who = moving.cast(origin, rays)
    numbers = np.array([*(s.instance for s in still.shapes), 0])[which]
    people = np.array([*(s.instance for s in moving.shapes), 0])[who]
    nearest = np.minimum(depth, aside)
    if np.median(nearest) < 0.6 or (nearest < 0.6).mean() > 0.35:
        return None
    thing = np.where(aside < depth, people, numbers) > 0
    close = (nearest > NEAR_M) & (nearest < FAR_M)
    # A third of the picture is enough: what fills it hides the rest.
    return min(float((thing & close).mean()), 0.33) + 0.5 * float(
        (close & _fallen(origin, rays, nearest, pose, scene)).mean()
    )


def _fallen(
    origin: F64, rays: F64, depth: F64, pose: Pose, scene: SimulatedScene
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Rays that end below the ground the camera stands over: they look over an edge."""
    ground = scene.tops.height(pose.x, pose.y, pose.height_m)
    ends = origin[2] + rays[:, 2] * np.where(np.isfinite(depth), depth, 0.0)
    return np.asarray(ends < ground - 0.09, dtype=np.bool_)


def _rays(pose: Pose, camera: Intrinsics) -> F64:
    right, down, forward = camera_axes(pose)
    v, u = np.mgrid[0 : RAYS[0], 0 : RAYS[1]]
    u = ((u + 0.5) * camera.width / RAYS[1] - camera.cx) / camera.fx
    v = ((v + 0.5) * camera.height / RAYS[0] - camera.cy) / camera.fy
    return np.asarray((forward + u[..., None] * right + v[..., None] * down).reshape(-1, 3))
