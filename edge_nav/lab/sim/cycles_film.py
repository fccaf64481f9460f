"""From linear light to a picture as a camera would give it: metering, part of a white balance, a film-like curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

MIDDLE_GREY = 0.34
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
NIGHT_KEPT = 0.16
"""How much of a scene's darkness stays in its picture, as a power of its brightness: a camera meters, but not all."""
REFERENCE = 0.5
BALANCE = 0.55
"""How far the light's colour is taken out; cameras leave warm lamps a little warm."""
SATURATION, CONTRAST = 1.25, 1.28
WHITE = 1.06
"""Windows and lamps are white, not nearly so."""

# AgX by Troy Sobotka, in the polynomial form published by Benjamin Wrensch (iolite-engine.com, 2023).
INSET = np.array(
    [
        [0.842479062253094, 0.0784335999999992, 0.0792237451477643],
        [0.0423282422610123, 0.878468636469772, 0.0791661274605434],
        [0.0423756549057051, 0.0784336, 0.879142973793104],
    ],
    np.float32,
)
OUTSET = np.linalg.inv(INSET.astype(np.float64)).astype(np.float32)
LOWEST_EV, HIGHEST_EV = -12.47393, 4.026069
CURVE = (15.5, -40.14, 31.96, -6.868, 0.4298, 0.1191, -0.00232)


def develop(light: F32) -> NDArray[np.uint8]:
    """Linear RGB [H, W, 3] to sRGB uint8. The same light gives the same picture."""
    light = np.maximum(light, 0.0)
    light = light * _balance(light)
    return curve(light * exposure(light))


def exposure(light: F32) -> float:
    """The factor that brings the picture's middle to grey; bright windows and lamps count little, the middle more."""
    luminance = light @ LUMINANCE
    height, width = luminance.shape
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    weight = np.exp(-0.8 * (x * x + y * y))
    high = float(np.percentile(luminance, 97.0))
    logs = np.log(np.clip(luminance, 1e-4 * max(high, 1e-6), max(high, 1e-6)))
    middle = float(np.exp((logs * weight).sum() / weight.sum()))
    wanted = MIDDLE_GREY * (middle / REFERENCE) ** NIGHT_KEPT
    gain = min(max(wanted, 0.13), 0.46) / max(middle, 1e-6)
    # The brightest parts keep their detail: at most 2.5 stops above grey, where that costs less than one stop.
    return float(max(min(gain, MIDDLE_GREY * 5.0 / max(high, 1e-6)), gain * 0.5))


def curve(light: F32) -> NDArray[np.uint8]:
    """The film: logarithm, S-curve, a little colour put back."""
    x = np.log2(np.maximum(light @ INSET.T, 1e-10))
    x = np.clip((x - LOWEST_EV) / (HIGHEST_EV - LOWEST_EV), 0.0, 1.0)
    y = np.full_like(x, CURVE[0])
    for factor in CURVE[1:]:
        y = y * x + factor
    y = WHITE * np.maximum(y @ OUTSET.T, 0.0) ** CONTRAST
    grey = (y @ LUMINANCE)[..., None]
    y = grey + (y - grey) * SATURATION
    return np.asarray(np.clip(y * 255.0 + 0.5, 0, 255).astype(np.uint8))


def _balance(light: F32) -> F32:
    """Grey-world gains of the middling pixels, in part."""
    luminance = light @ LUMINANCE
    low, high = np.percentile(luminance, [10.0, 90.0])
    some = light[(luminance >= low) & (luminance <= high)]
    mean = some.mean(axis=0) + 1e-6
    gains = (float(mean @ LUMINANCE) / mean) ** BALANCE
    gains = np.clip(gains, 0.6, 1.7)
    return np.asarray(gains / float(gains @ LUMINANCE), np.float32)
