"""Makes confidence mean what it says: one factor on the spread, found on frames held out."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.dataset import list_frames
from models.depth.batches import ValidationBatches
from models.depth.export import WITHIN
from models.depth.network import NanoDepth
from models.depth.settings import DataSettings, TrainSettings

LEAST, MOST = 0.1, 10.0
STRIDE = 4


def temperature(
    network: NanoDepth, size: tuple[int, int], folders: list[Path], seeds: tuple[int, int], most: int
) -> tuple[float, float]:
    """The factor with which the mean confidence equals the share of pixels within 15 % of the truth, and that share.

    One factor cannot mend every shape of error, but keeps the order of the pixels (temperature scaling, Guo et al.,
    2017). UsageError where there are no frames.
    """
    settings = TrainSettings(data=DataSettings(folders=folders), validate_frames=most)
    batches = ValidationBatches(list_frames(folders, *seeds), settings, size)
    errors: list[NDArray[np.float32]] = []
    spreads: list[NDArray[np.float32]] = []
    with torch.no_grad():
        for n in range(len(batches)):
            batch = batches[n]
            estimate = network(batch.pixels)
            error = (estimate.log_depth - batch.log_depth)[..., ::STRIDE, ::STRIDE].abs().flatten()
            known = torch.isfinite(error)
            errors.append(error[known].numpy())
            spreads.append(estimate.log_spread[..., ::STRIDE, ::STRIDE].flatten()[known].exp().numpy())
    error, spread = np.concatenate(errors), np.concatenate(spreads)
    limit = math.log(1 + WITHIN)
    share = float((error < limit).mean())
    low, high = LEAST, MOST
    for _ in range(40):  # the mean confidence falls as the factor rises
        middle = math.sqrt(low * high)
        if float((1 - np.exp(-limit / (spread * middle))).mean()) > share:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high), share
