"""Makes one rendered frame many: other crops, cameras, lights, lenses and sensors. Seeded by the caller's generator."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_nav.base_settings import Settings
from edge_nav.types import Intrinsics
from models.data.dataset import TrueFrame

F32 = NDArray[np.float32]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures, red, green and blue: the field's usual normalisation."""
SEGMENTS = 256
"""How many things and surfaces are told apart when colours are changed."""


class AugmentSettings(Settings):
    """How strongly frames are varied; 0 turns a variation off."""

    zoom: float = Field(default=1.7, ge=1, le=3, description="The narrowest crop's magnification over the whole frame.")
    aspect: float = Field(default=0.08, ge=0, le=0.3, description="How far a crop's aspect may differ, as a share.")
    colour: float = Field(default=1.0, ge=0, le=2, description="Brightness, contrast, gamma, tint, saturation.")
    sensor: float = Field(default=1.0, ge=0, le=2, description="Noise, blur, compression.")
    grey: float = Field(default=0.08, ge=0, le=1, description="Share of frames without colour.")
    recolour: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of frames in which things and surfaces get other colours, each its own.",
    )
    erase: float = Field(default=0.1, ge=0, le=1, description="Share of frames with a smeared patch.")


class Sample(NamedTuple):
    """uint8 rgb [H, W, 3] and its camera; float32 depth [H/2, W/2] metres, NaN unknown; uint8 label [H/2, W/2]."""

    rgb: NDArray[np.uint8]
    depth_m: F32
    label: NDArray[np.uint8]
    camera: Intrinsics


def augmented(
    frame: TrueFrame, camera: Intrinsics, size: tuple[int, int], settings: AugmentSettings, rng: np.random.Generator
) -> Sample:
    """One varied sample of (height, width) from a frame."""
    height, width = size
    zoom = float(np.exp(rng.uniform(0, np.log(settings.zoom))))
    stretch = float(np.exp(rng.uniform(-1, 1) * settings.aspect)) if settings.aspect else 1.0
    w = max(int(min(camera.width / zoom * min(stretch, 1.0), camera.width)), 1)
    h = max(int(min(camera.height / zoom / max(stretch, 1.0), camera.height)), 1)
    x0, y0 = int(rng.integers(0, camera.width - w + 1)), int(rng.integers(0, camera.height - h + 1))
    sample = cropped(frame, camera, size, (x0, y0, w, h))
    if rng.random() < settings.recolour:
        segment = (frame.instance[y0 : y0 + h, x0 : x0 + w] * 37 + frame.label[y0 : y0 + h, x0 : x0 + w]) % SEGMENTS
        near = cv2.resize(segment, (width, height), interpolation=cv2.INTER_NEAREST)
        sample = sample._replace(rgb=_recoloured(sample.rgb, np.asarray(near), rng))
    if rng.random() < 0.5:
        k = sample.camera
        mirrored = Intrinsics(width, height, k.fx, k.fy, width - 1 - k.cx, k.cy)
        sample = Sample(sample.rgb[:, ::-1], sample.depth_m[:, ::-1], sample.label[:, ::-1], mirrored)
    rgb: F32 = sample.rgb.astype(np.float32) / np.float32(255)
    rgb = _light(rgb, settings.colour, rng)
    if rng.random() < settings.grey:
        rgb = np.repeat(rgb.mean(axis=2, keepdims=True, dtype=np.float32), 3, axis=2)
    if rng.random() < settings.erase:
        rgb = _smeared(rgb, rng)
    return sample._replace(rgb=_sensed(rgb, settings.sensor, rng))


def cropped(
    frame: TrueFrame, camera: Intrinsics, size: tuple[int, int], window: tuple[int, int, int, int] | None = None
) -> Sample:
    """The window (left, top, width, height in pixels) of a frame, or all of it, resized to ``size``."""
    height, width = size
    x0, y0, w, h = window or (0, 0, camera.width, camera.height)
    sx, sy = width / w, height / h
    small = Intrinsics(
        width,
        height,
        camera.fx * sx,
        camera.fy * sy,
        (camera.cx + 0.5 - x0) * sx - 0.5,
        (camera.cy + 0.5 - y0) * sy - 0.5,
    )
    interpolation = cv2.INTER_AREA if sx < 1 else cv2.INTER_LINEAR
    rgb = cv2.resize(frame.rgb[y0 : y0 + h, x0 : x0 + w], (width, height), interpolation=interpolation)
    # Truth is taken at the middle of each half-size pixel and never mixed across an edge.
    columns = (x0 + (np.arange(width // 2) + 0.5) * 2 / sx).astype(int)
    rows = (y0 + (np.arange(height // 2) + 0.5) * 2 / sy).astype(int)
    return Sample(np.asarray(rgb), frame.depth_m[rows][:, columns], frame.label[rows][:, columns], small)


def normalised(rgb: NDArray[np.uint8]) -> F32:
    """uint8 [H, W, 3] -> float32 [3, H, W]."""
    scaled = rgb.astype(np.float32) / np.float32(255)
    planes: F32 = ((scaled - np.array(MEAN, np.float32)) / np.array(STD, np.float32)).transpose(2, 0, 1)
    return planes


def _recoloured(rgb: NDArray[np.uint8], segment: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Each thing, and each kind of surface, in other colours: what a thing is made of says nothing of how far it is.

    Half of them keep theirs. Light, texture and edges stay as they were drawn.
    """
    gain = np.exp(rng.normal(0, 0.3, (SEGMENTS, 1)) + rng.normal(0, 0.3, (SEGMENTS, 3))).astype(np.float32)
    order = rng.permuted(np.tile(np.arange(3), (SEGMENTS, 1)), axis=1)
    kept = rng.random(SEGMENTS) < 0.5
    gain[kept], order[kept] = 1.0, np.arange(3)
    mixed = np.take_along_axis(rgb, order[segment], axis=2) * gain[segment]
    return np.asarray(np.minimum(mixed, 255), np.uint8)


def _light(rgb: F32, strength: float, rng: np.random.Generator) -> F32:
    if not strength:
        return rgb
    rgb = rgb ** np.float32(np.exp(rng.normal(0, 0.3 * strength)))
    rgb = rgb * np.float32(np.exp(rng.normal(0, 0.25 * strength)))
    rgb = rgb * np.exp(rng.normal(0, 0.12 * strength, 3)).astype(np.float32)
    mean = rgb.mean()
    rgb = (rgb - mean) * np.float32(np.exp(rng.normal(0, 0.2 * strength))) + mean
    grey = rgb.mean(axis=2, keepdims=True)
    rgb = grey + (rgb - grey) * np.float32(np.exp(rng.normal(0, 0.4 * strength)))
    if rng.random() < 0.15 * strength:
        mix = np.eye(3) + rng.normal(0, 0.25, (3, 3))
        rgb = rgb @ mix.astype(np.float32).T
    if rng.random() < 0.3 * strength:  # light that falls off to one side, as by a window
        h, w = rgb.shape[:2]
        angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6)
        slope = np.linspace(-1, 1, w)[None] * np.cos(angle) + np.linspace(-1, 1, h)[:, None] * np.sin(angle)
        rgb = rgb * (1 + depth * slope / 1.42)[..., None].astype(np.float32)
    return np.clip(rgb, 0, 1).astype(np.float32)


def _smeared(rgb: F32, rng: np.random.Generator) -> F32:
    """A patch that is told nothing about: the network is to fill in from around it."""
    h, w = rgb.shape[:2]
    ph, pw = int(h * rng.uniform(0.08, 0.3)), int(w * rng.uniform(0.08, 0.3))
    y, x = rng.integers(0, h - ph), rng.integers(0, w - pw)
    rgb = rgb.copy()
    rgb[y : y + ph, x : x + pw] = (
        rng.random(3, np.float32) if rng.random() < 0.5 else rgb[y : y + ph, x : x + pw].mean((0, 1))
    )
    return rgb


def _sensed(rgb: F32, strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    if strength:
        if rng.random() < 0.35 * strength:
            rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.4, 1.3)), np.float32)
        if rng.random() < 0.2 * strength:
            rgb = _moved(rgb, rng)
        if rng.random() < 0.15 * strength:
            sharp = cv2.GaussianBlur(rgb, (0, 0), 1.0)
            rgb = rgb + np.float32(rng.uniform(0.3, 1.5)) * (rgb - np.asarray(sharp, np.float32))
        sigma = abs(rng.normal(0, 0.02 * strength))
        shot = abs(rng.normal(0, 0.03 * strength))
        noise = rng.standard_normal(rgb.shape, np.float32)
        rgb = rgb + noise * np.sqrt(np.float32(sigma**2) + np.float32(shot**2) * np.clip(rgb, 0, 1))
    image: NDArray[np.uint8] = np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)
    if strength and rng.random() < 0.35 * strength:
        ok, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        if ok:
            image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return image


def _moved(rgb: F32, rng: np.random.Generator) -> F32:
    size = int(rng.integers(2, 5)) * 2 + 1
    kernel = np.zeros((size, size), np.float32)
    angle, half = rng.uniform(0, np.pi), size // 2
    end = (round(half + half * np.cos(angle)), round(half + half * np.sin(angle)))
    start = (round(half - half * np.cos(angle)), round(half - half * np.sin(angle)))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum()), np.float32)
