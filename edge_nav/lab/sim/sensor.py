"""Lens and sensor: what a worn camera makes of a clean picture, and a depth camera of exact depth. Seeded."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_nav.lab.sim.sensor_spec import SensorSpec
from edge_nav.types import Intrinsics, Pose

F32 = NDArray[np.float32]
STEPS_PER_M, MOST_STEPS = 5000, 65535
"""Depth comes in a recording's whole steps, so that a recorded walk replays to the same log."""
BANK = 1 << 20
DEPTH_FRAMES = 1 << 30
"""Depth draws other noise than the picture of the same frame."""
LEVELS = 4096


class Sensor:
    """Makes pictures; the same for the same seed and frame number."""

    def __init__(self, spec: SensorSpec, camera: Intrinsics) -> None:
        self.spec, self._camera = spec, camera
        self._bank = np.random.default_rng(spec.seed).standard_normal(BANK, np.float32)
        self._linear = _to_linear(np.arange(256) / 255).astype(np.float32)
        self._display = np.rint(_to_display(np.arange(LEVELS) / (LEVELS - 1)) * 255).astype(np.uint8)
        self._gain = self._gains()

    def picture(
        self, rgb: NDArray[np.uint8], frame: int, smear_px: tuple[float, float] = (0.0, 0.0)
    ) -> NDArray[np.uint8]:
        """uint8 rgb [H, W, 3] of a well exposed, clean one. ``smear_px``: motion during the exposure, see `smear`."""
        spec = self.spec
        light = self._linear[rgb] * self._gain
        light = self._blurred(light, smear_px)
        if spec.shot_noise > 0 or spec.read_noise > 0:
            variance = light * np.float32(spec.shot_noise**2) + np.float32(spec.read_noise**2)
            light = light + np.sqrt(variance) * self._noise(light.shape, frame)
        seen: NDArray[np.uint8] = self._display[np.clip(light * (LEVELS - 1) + 0.5, 0, LEVELS - 1).astype(np.uint16)]
        return seen if spec.jpeg_quality is None else _jpeg(seen, spec.jpeg_quality)

    def depth(self, depth_m: F32, frame: int, noise: float = 1.0) -> F32:
        """Depth in a recording's steps, with ``noise`` times a structured-light camera's (Khoshelham, Elberink)."""
        sigma = np.float32(noise) * (0.0012 + 0.0019 * np.square(depth_m - np.float32(0.4)))
        noisy = depth_m + sigma * self._noise(depth_m.shape, frame + DEPTH_FRAMES)
        steps = np.rint(noisy * np.float32(STEPS_PER_M))
        steps[(steps > MOST_STEPS) | (steps < 1)] = np.nan
        return np.asarray(steps / np.float32(STEPS_PER_M), np.float32)

    def _gains(self) -> F32:
        spec, camera = self.spec, self._camera
        u = (np.arange(camera.width) - camera.cx) / camera.width
        v = (np.arange(camera.height) - camera.cy) / camera.width
        square = u[None, :] ** 2 + v[:, None] ** 2
        vignette = 1 - spec.vignetting * square / square.max()
        exposure = 2.0**spec.exposure_ev
        balance = np.array([1 + 0.25 * spec.warmth, 1.0, 1 - 0.25 * spec.warmth])
        return np.asarray(exposure * vignette[..., None] * balance, np.float32)

    def _blurred(self, light: F32, smear_px: tuple[float, float]) -> F32:
        sigma = self.spec.defocus_px * self._camera.width / 640
        if sigma >= 0.2:
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32)
        if math.hypot(*smear_px) < 0.7:
            return light
        return np.asarray(cv2.filter2D(light, -1, _line(smear_px), borderType=cv2.BORDER_REFLECT), np.float32)

    def _noise(self, shape: tuple[int, ...], frame: int) -> F32:
        """Unit noise from a bank, at a place that depends on the frame."""
        count = math.prod(shape)
        bank = self._bank
        if count > BANK // 2:
            return np.random.default_rng((self.spec.seed, frame)).standard_normal(shape, np.float32)
        start = int(np.random.default_rng((self.spec.seed, frame)).integers(BANK - count))
        return bank[start : start + count].reshape(shape)


def smear(before: Pose, after: Pose, seconds: float, camera: Intrinsics, spec: SensorSpec) -> tuple[float, float]:
    """How far the picture moves during the exposure, pixels right and down, as the camera turns between two poses.

    Turning smears everything alike; walking ahead only what is very near, and is left out.
    """
    if seconds <= 0:
        return 0.0, 0.0
    shutter = spec.shutter_s / seconds
    turn = (after.heading_deg - before.heading_deg + 180) % 360 - 180
    pixels = camera.fx * math.radians(1) * shutter
    return -turn * pixels, -(after.pitch_deg - before.pitch_deg) * pixels


def _line(smear_px: tuple[float, float]) -> F32:
    """Kernel of a straight smear."""
    dx, dy = smear_px
    reach = max(1, math.ceil(max(abs(dx), abs(dy)) / 2))
    size = 2 * reach + 1
    kernel = np.zeros((size, size), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * size):
        x, y = reach + share * dx, reach + share * dy
        kernel[round(y), round(x)] += 1
    return np.asarray(kernel / kernel.sum(), np.float32)


def _jpeg(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Stored and read again."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    return rgb if back is None else np.asarray(cv2.cvtColor(back, cv2.COLOR_BGR2RGB), np.uint8)


def _to_linear(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB to light (IEC 61966-2-1)."""
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _to_display(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
