"""What all sound here is made of: float32 samples, -1..1, at one rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 22050
"""eSpeak's own rate, so that nothing is resampled."""
Mono = NDArray[np.float32]
"""[n]"""
Stereo = NDArray[np.float32]
"""[n, 2], left first."""


def silence(samples: int) -> Stereo:
    """Stereo silence."""
    return np.zeros((samples, 2), np.float32)


def to_stereo(mono: Mono) -> Stereo:
    """Words come from the middle: both ears alike."""
    return np.repeat(mono[:, None], 2, axis=1)
