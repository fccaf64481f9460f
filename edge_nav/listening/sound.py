"""What is heard: mono, float32, -1..1, at 16 kHz, in blocks of one length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16000
BLOCK = 512
"""Samples a block, 32 ms: the step of the voice activity network."""
BLOCK_S = BLOCK / RATE_HZ
SoundSamples = NDArray[np.float32]
"""[n] at RATE_HZ."""
