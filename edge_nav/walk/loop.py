"""One frame through the whole chain: health, depth, perception, policy. No threads, no devices, no files.

The live walk, replay, golden tests and benchmarks all step this same object, so they cannot differ.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from edge_nav.errors import DepthFault, UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.latch import FaultLatch
from edge_nav.perception.depth.scale import MetricScaler
from edge_nav.perception.perceive import Perception
from edge_nav.perception.perception_settings import PerceptionSettings
from edge_nav.sources.depth_plausibility import DepthPlausibility
from edge_nav.sources.health import HealthSettings, ViewMonitor
from edge_nav.types import Callout, DepthMap, DepthModel, Fault, Frame, Scene, View

NEEDED_SHARE = 0.001
"""A depth map with fewer known pixels than this measured nothing: a failure of depth, not a blocked view."""


@dataclass(frozen=True, slots=True)
class FrameResult:
    """What one frame led to. ``depth`` is None where it could not be measured, and then ``scene`` is None too."""

    scene: Scene | None
    depth: DepthMap | None
    callouts: list[Callout]
    faults: list[Fault]
    stage_ms: dict[str, float]

    @property
    def seconds(self) -> float:
        """Time the frame took, all stages."""
        return sum(self.stage_ms.values()) / 1e3


class Loop:
    """Holds the state of one walk between frames."""

    def __init__(
        self,
        depth: DepthModel,
        perception: PerceptionSettings,
        guidance: GuidanceSettings,
        health: HealthSettings,
        *,
        sensor_depth: bool,
    ) -> None:
        self._depth = depth
        self._settings = perception
        self._perception = Perception(perception)
        self.policy = GuidancePolicy(guidance, perception.companion)
        self._monitor = ViewMonitor(health)
        self._plausibility = DepthPlausibility()
        self._scaler = None if sensor_depth else MetricScaler(perception)
        self._latch = FaultLatch()

    def step(self, frame: Frame) -> FrameResult:
        """Measure one frame and decide. Failures come back as faults: the walk goes on."""
        start = time.perf_counter()
        state = self._monitor.update(frame)
        faults = self._latch.change(
            "frozen", "the camera repeats one picture: check its cable or restart it", state.frozen
        )
        depth, trouble = self._measure(frame)
        faults += self._latch.change("depth", trouble, bool(trouble))
        measured = time.perf_counter()
        scene: Scene | None = None
        if depth is not None:
            doubt = self._plausibility.update(frame.rgb, depth, frame.t)
            faults += self._latch.change("distance", doubt, bool(doubt))
            if doubt:
                # Where it stands is wrong of each thing: nothing is said of any.
                view: View = "implausible" if state.view == "ok" else state.view
                scene = Scene(frame.index, frame.t, (), None, None, None, view=view)
            else:
                scene = self._perception.perceive(frame, depth, state.view)
        seen = time.perf_counter()
        callouts = [c for f in faults for c in self.policy.fault(f, frame.t)]
        if "frozen" in self._latch.failing:
            # A frozen picture shows a world that is gone: nothing in it may be spoken of as if it were there.
            scene = None if scene is None else replace(scene, obstacles=(), clearance_m=None, free_bearing_deg=None)
        elif scene is not None:
            callouts += self.policy.update(scene)
        decided = time.perf_counter()
        stage_ms = {
            "depth": (measured - start) * 1e3,
            "geometry": (seen - measured) * 1e3,
            "policy": (decided - seen) * 1e3,
        }
        return FrameResult(scene, depth, callouts, faults, stage_ms)

    def _measure(self, frame: Frame) -> tuple[DepthMap | None, str]:
        try:
            depth = self._depth.infer(frame)
        except UsageError:
            raise
        except DepthFault as e:
            return None, str(e)
        except Exception as e:  # noqa: BLE001 - whatever a backend raises, the walk goes on and says so
            return None, f"measuring depth failed with {type(e).__name__} ({e}): see `doctor`"
        if depth.depth_m.size == 0 or np.isfinite(depth.depth_m[::4, ::4]).mean() < NEEDED_SHARE:
            return None, "the depth of the whole picture is unknown: check the depth camera or the bundle"
        return (depth if self._scaler is None else self._scaler.apply(depth, frame.t)), ""
