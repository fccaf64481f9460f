"""Questions about what was measured, answered from the latest scene. Plain: no clocks, threads, files or models.

Every distance and side comes from the scene; where it does not tell, the answer is that it cannot be told. Nothing here
says that anything is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge_nav.dialogue.intents import Intent
from edge_nav.guidance.alerts import alerts
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.types import Obstacle, Scene, Side, side_of

FRESH_S = 1.0
"""A scene older than this is the past."""
SURE = 0.6
"""Below this certainty distances are hedged."""
CONFIDENT = 0.4
"""Obstacles less certain than this are not spoken of."""
FAR_M = 6.0
"""Farther things are not spoken of: the way to them will look different."""
MOST = 3
GEOMETRIC: dict[str, tuple[str, ...]] = {"stairs": ("stairs_up", "stairs_down"), "kerb": ("step_down", "step_up")}
"""Things that geometry alone can name."""
NAMED: dict[str, tuple[str, ...]] = {"car": ("vehicle",), "shelf": ("shelf", "cabinet"), "tree": ("vegetation",)}
"""Things whose names a depth network gives in other words."""

VEHICLES = frozenset(("car", "bicycle"))
"""That none is seen is never said of these, nor left to a model: it would sound like a road that can be crossed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's words and what they rest on. ``obstacle_id``: the thing last spoken of in it. ``looks_further``: what
    was asked for has a name that measuring does not know.
    """

    text: str
    facts: dict[str, object] = field(default_factory=dict)
    obstacle_id: int | None = None
    looks_further: bool = False


class SceneAnswers:
    """Answers in the walker's words and units."""

    def __init__(self, book: Phrasebook) -> None:
        self._book = book
        self._by_name: dict[str, Callable[[Scene, Intent, int | None], Reply]] = {
            "ahead": lambda s, _i, _o: self._ahead(s),
            "left": lambda s, _i, _o: self._side(s, "left"),
            "right": lambda s, _i, _o: self._side(s, "right"),
            "around": lambda s, _i, _o: self._around(s),
            "how_far": lambda s, _i, o: self._how_far(s, o),
            "nearest": lambda s, _i, _o: self._nearest(s),
            "how_far_thing": lambda s, i, _o: self._thing(s, i.thing),
            "where_thing": lambda s, i, _o: self._thing(s, i.thing),
            "way_clear": lambda s, _i, _o: self._way_clear(s),
            "free_way": lambda s, _i, _o: self._free_way(s),
            "describe": lambda s, _i, _o: self._describe(s),
        }

    def knows(self, intent: Intent) -> bool:
        """Whether the question is one about the scene."""
        return intent.name in self._by_name

    def answer(self, intent: Intent, scene: Scene | None, at_s: float, last_obstacle: int | None) -> Reply:
        """The answer at a time of the walk. ``last_obstacle``: what was last spoken of, for "how far is it"."""
        trouble = self._trouble(scene, at_s)
        if trouble or scene is None:
            return Reply(trouble)
        reply = self._by_name[intent.name](scene, intent, last_obstacle)
        facts = {"frame": scene.frame, "age_s": round(at_s - scene.t, 3), **reply.facts}
        return replace(reply, facts=facts)

    def _trouble(self, scene: Scene | None, at_s: float) -> str:
        """Why nothing can be told now; empty where it can."""
        if scene is None or at_s - scene.t > FRESH_S:
            return self._book.answer("stale")
        if scene.view != "ok":
            return f"{self._book.answer('cannot_tell')} {self._book.message(scene.view)}"
        return ""

    def _ahead(self, scene: Scene) -> Reply:
        found = [o for o in _known(scene) if o.in_corridor or side_of(o.bearing_deg) == "ahead"][:2]
        if found:
            return self._tell(found, scene)
        return self._nothing_ahead(scene, "nothing_ahead")

    def _side(self, scene: Scene, side: Side) -> Reply:
        found = [o for o in _known(scene) if side_of(o.bearing_deg) == side][:2]
        if found:
            return self._tell(found, scene)
        return Reply(self._book.answer(f"nothing_{side}"), {"side": side, "obstacles": []})

    def _around(self, scene: Scene) -> Reply:
        found = []
        sides: tuple[Side, ...] = ("ahead", "left", "right")
        for side in sides:
            found += [o for o in _known(scene) if side_of(o.bearing_deg) == side][:1]
        if found:
            return self._tell(sorted(found, key=_distance), scene)
        return Reply(self._book.answer("nothing_around"), {"obstacles": []})

    def _nearest(self, scene: Scene) -> Reply:
        found = _known(scene)[:1]
        return self._tell(found, scene) if found else Reply(self._book.answer("nothing_around"), {"obstacles": []})

    def _how_far(self, scene: Scene, last: int | None) -> Reply:
        """The thing last spoken of if it is still there, else what is ahead."""
        found = [o for o in _known(scene) if o.id == last]
        return self._tell(found, scene) if found else self._ahead(scene)

    def _thing(self, scene: Scene, thing: str | None) -> Reply:
        """A thing by its name, as far as measuring alone can name things."""
        wanted = (GEOMETRIC | NAMED).get(thing or "", (thing,))
        found = [o for o in _known(scene) if o.label in wanted][:1]
        if found:
            return self._tell(found, scene)
        if thing in VEHICLES:
            return Reply(self._book.answer("not_safety"), {"thing": thing, "obstacles": []})
        known = thing in GEOMETRIC or any(name in scene.names for name in wanted)
        return Reply(
            self._book.answer("not_seen" if known else "no_labels"), {"thing": thing, "obstacles": []}, None, not known
        )

    def _way_clear(self, scene: Scene) -> Reply:
        found = [o for o in _known(scene) if o.in_corridor][:1]
        near = [o for o in found if scene.clearance_m is None or o.distance_m <= scene.clearance_m + 0.5]
        if near and near[0].distance_m < FAR_M:
            return self._tell(near, scene)
        return self._nothing_ahead(scene, "clear_for")

    def _nothing_ahead(self, scene: Scene, phrase: str) -> Reply:
        if scene.clearance_m is None:
            return Reply(self._book.answer("cannot_tell"), {"clearance_m": None})
        text = self._book.answer(phrase, distance=self._free_for(scene.clearance_m, scene.certainty))
        if scene.ground is None:
            text += " " + self._book.answer("floor_unseen")
        return Reply(text, {"clearance_m": round(scene.clearance_m, 2), "obstacles": []})

    def _free_way(self, scene: Scene) -> Reply:
        """The direction that leads on, and how far it was measured to be free."""
        if scene.free_bearing_deg is None:
            seen = scene.ground is not None and scene.clearance_m is not None
            return Reply(self._book.answer("no_way_in_view" if seen else "no_free_way"), {"free_bearing_deg": None})
        where, far = self._book.heading(scene.free_bearing_deg), scene.free_reach_m
        facts: dict[str, object] = {"free_bearing_deg": round(scene.free_bearing_deg, 1)}
        if far is None:
            return Reply(self._book.answer("free", where=where), facts)
        distance = self._free_for(far, scene.certainty)
        text = self._book.answer("free_then" if scene.free_onward else "free_for", where=where, distance=distance)
        return Reply(text, {**facts, "free_reach_m": round(far, 2), "onward": scene.free_onward})

    def _describe(self, scene: Scene) -> Reply:
        """The nearest things, and how far the way is free."""
        around, way = self._around(scene), self._nothing_ahead(scene, "clear_for")
        blocked = any(o.in_corridor and o.distance_m < FAR_M for o in _known(scene))
        text = around.text if blocked else f"{around.text} {way.text}"
        return Reply(text, {**way.facts, **around.facts}, around.obstacle_id)

    def _tell(self, found: list[Obstacle], scene: Scene) -> Reply:
        sentences = [self._sentence(o, scene) for o in found[:MOST]]
        facts: dict[str, object] = {
            "obstacles": [
                {"id": o.id, "distance_m": round(o.distance_m, 2), "bearing_deg": round(o.bearing_deg, 1)}
                for o in found
            ]
        }
        return Reply(" ".join(sentences), facts, found[0].id)

    def _sentence(self, o: Obstacle, scene: Scene) -> str:
        kind = next(h.kind for h in alerts().hazards if h.fits(o))
        hedged = min(scene.certainty, o.certainty, o.confidence) < SURE
        return self._book.hazard(
            kind, o.bearing_deg, o.distance_m, name=o.label, urgent=False, hedged=hedged, veer=None
        )

    def _free_for(self, distance_m: float, certainty: float) -> str:
        return self._book.distance(distance_m, hedged=certainty < SURE, at_least=True)


def _known(scene: Scene) -> list[Obstacle]:
    """Obstacles worth speaking of, nearest first."""
    return sorted((o for o in scene.obstacles if o.confidence >= CONFIDENT and o.distance_m < FAR_M), key=_distance)


def _distance(obstacle: Obstacle) -> float:
    return obstacle.distance_m
