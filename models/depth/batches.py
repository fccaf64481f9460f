"""The n-th batch of a run, whatever was done before: what makes a run that was interrupted go on exactly."""

from __future__ import annotations

import contextlib
import math
import signal
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from edge_nav.errors import UsageError
from models.data.classes import classified
from models.data.dataset import FrameRef, TrueFrame, read_frame
from models.data.decoded import read_through
from models.depth.augment import augmented, cropped, normalised
from models.depth.canonical import to_canonical
from models.depth.settings import TrainSettings
from models.processes import ignore, kept_from_workers


class Batch(NamedTuple):
    """float32 pixels [B, 3, H, W]; float32 canonical log depth [B, 1, H/2, W/2], NaN unknown; int64 label
    [B, H/2, W/2]; float32 factor [B] from metres to canonical metres."""

    pixels: Tensor
    log_depth: Tensor
    label: Tensor
    factor: Tensor


class UnreadableFrame(UsageError):
    """A frame that a batch needs cannot be read: nothing is wrong with the training itself."""


class TrainingBatches(Dataset[Batch]):
    """Item ``n`` is the batch of step ``n``: this process's share of it."""

    def __init__(self, frames: list[FrameRef], settings: TrainSettings, rank: int = 0, world: int = 1) -> None:
        self._frames, self._settings = frames, settings
        self._mine = range(rank, settings.batch, world)

    def __len__(self) -> int:
        return self._settings.steps

    def __getitem__(self, step: int) -> Batch:
        s = self._settings
        items = []
        for slot in self._mine:
            epoch, place = divmod(step * s.batch + slot, len(self._frames))
            ref = self._frames[_order(s.seed, epoch, len(self._frames))[place]]
            rng = np.random.default_rng((s.seed, step, slot))
            sample = augmented(_read(ref, s), ref.camera, s.size(step), s.augment, rng)
            items.append(_item(sample.rgb, sample.depth_m, sample.label, to_canonical(sample.camera)))
        return _stack(items)


class ValidationBatches(Dataset[Batch]):
    """Whole frames of a size (height, width) without variation, in a fixed order, spread over all there are."""

    def __init__(self, frames: list[FrameRef], settings: TrainSettings, size: tuple[int, int]) -> None:
        count = min(settings.validate_frames, len(frames))
        self._frames = [frames[i] for i in np.linspace(0, len(frames) - 1, count).astype(int)]
        self._settings, self._size = settings, size

    def __len__(self) -> int:
        return math.ceil(len(self._frames) / self._settings.batch)

    def __getitem__(self, n: int) -> Batch:
        s = self._settings
        items = []
        for ref in self._frames[n * s.batch : (n + 1) * s.batch]:
            sample = cropped(_read(ref, s), ref.camera, self._size)
            items.append(_item(sample.rgb, sample.depth_m, sample.label, to_canonical(sample.camera)))
        return _stack(items)


def loader(batches: Dataset[Batch], first: int, last: int, workers: int) -> Iterator[Batch]:
    """Batches ``first`` to ``last`` - 1 in order, read ahead by ``workers`` processes. Raises UnreadableFrame."""
    loading = DataLoader(
        _OrWhyNot(batches),
        batch_size=None,
        sampler=range(first, last),
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_worker if workers else None,
    )
    with kept_from_workers(*_PARENTS) if workers else contextlib.nullcontext():
        found = iter(loading)
    try:
        for batch in found:
            if isinstance(batch, str):
                raise UnreadableFrame(batch)
            yield batch
    finally:
        del found  # ends the workers, which nothing else would while an error's traceback holds it


class _OrWhyNot(Dataset[Batch | str]):
    """A batch, or a sentence: torch would add a worker's traceback to an error that it passes on."""

    def __init__(self, batches: Dataset[Batch]) -> None:
        self._batches = batches

    def __getitem__(self, n: int) -> Batch | str:
        try:
            return self._batches[n]
        except UsageError as e:
            return str(e)


def _read(ref: FrameRef, settings: TrainSettings) -> TrueFrame:
    cache = settings.data.cache
    frame = read_frame(ref) if cache is None else read_through(ref, cache)
    return classified(frame, ref)


_ORDERS: dict[tuple[int, int, int], NDArray[np.int64]] = {}


def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    key = (seed, epoch, count)
    if key not in _ORDERS:
        _ORDERS.clear()
        _ORDERS[key] = np.random.default_rng((seed, epoch, 1)).permutation(count)
    return _ORDERS[key]


_PARENTS = (signal.SIGINT, signal.SIGTERM)
"""They go to the whole group from a terminal, from timeout, systemd or Slurm; the parent alone decides, and needs its
workers for the step that it still takes."""


def _worker(_number: int) -> None:
    import cv2

    ignore(*_PARENTS)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _item(
    rgb: NDArray[np.uint8], depth_m: NDArray[np.float32], label: NDArray[np.uint8], factor: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], float]:
    with np.errstate(invalid="ignore"):
        log_depth = np.log(depth_m * np.float32(factor))
    return normalised(rgb), log_depth[None].astype(np.float32), label.astype(np.int64), factor


def _stack(items: list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], float]]) -> Batch:
    pixels, log_depth, label, factor = zip(*items, strict=True)
    return Batch(
        torch.from_numpy(np.stack(pixels)),
        torch.from_numpy(np.stack(log_depth)),
        torch.from_numpy(np.stack(label)),
        torch.tensor(factor, dtype=torch.float32),
    )
