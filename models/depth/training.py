"""Trains the depth network: any number of processes and devices, and on from where it stopped."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from edge_nav.errors import UsageError
from models.data.dataset import FrameRef, list_frames
from models.depth import checkpoint
from models.depth.batches import Batch, TrainingBatches, UnreadableFrame, ValidationBatches, loader
from models.depth.from_bundle import is_graph, measure_norms, weights_of
from models.depth.loss import losses
from models.depth.metrics import Sums
from models.depth.muon import optimisers
from models.depth.network import NanoDepth
from models.depth.settings import TrainSettings
from models.lock import alone
from models.progress import ProgressLine

_STEP = re.compile(r'\{"step": (\d+),.*\}$')


class Stopped(Exception):
    """Asked to stop, the training did so after a whole step, and its checkpoint is written."""


def train(
    settings: TrainSettings,
    out: Path,
    stop_at: int | None = None,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Run, or go on with, the training in ``out``; returns the last checkpoint.

    ``out`` holds recipes.jsonl, metrics.jsonl, events for TensorBoard and checkpoints. ``stop_at`` ends before that
    step, with a checkpoint from which the same command goes on. ``asked_to_stop`` is looked at after each step; where
    it holds before the last one, Stopped is raised, with a checkpoint of the same kind.
    """
    frames = list_frames(settings.data.folders, *settings.data.train)
    held_out = list_frames(settings.data.folders, *settings.data.validate_)
    accelerator = Accelerator(mixed_precision="bf16" if _has_bfloat16() else "no")
    if not accelerator.is_main_process:
        return _steps(settings, out, stop_at, asked_to_stop, accelerator, frames, held_out)
    with alone(out, "a network is being trained"):
        return _steps(settings, out, stop_at, asked_to_stop, accelerator, frames, held_out)


def _steps(
    settings: TrainSettings,
    out: Path,
    stop_at: int | None,
    asked_to_stop: Callable[[], bool],
    accelerator: Accelerator,
    frames: list[FrameRef],
    held_out: list[FrameRef],
) -> Path:
    run = _Run(settings, out, accelerator, frames)
    last = min(settings.steps, stop_at or settings.steps)
    batches = TrainingBatches(frames, settings, accelerator.process_index, accelerator.num_processes)
    progress = ProgressLine("training", run.step, settings.steps, quiet=not accelerator.is_main_process)
    try:
        for batch in loader(batches, run.step, last, settings.data.workers):
            figures = run.one_step(batch)
            progress.show(run.step, figures["loss"])
            if run.step % settings.log_every == 0:
                run.log({"rate": settings.rate(run.step - 1), **figures})
            if run.step % settings.validate_every == 0 or run.step == settings.steps:
                watched = ValidationBatches(held_out, settings, settings.size(run.step - 1))
                run.log({f"held_out_{k}": v for k, v in run.validate(watched).items()})
            if run.step % settings.save_every == 0:
                run.save()
            if run.step < last and run.anywhere(asked_to_stop()):
                run.save()
                progress.note(f"stopped at step {run.step}: the same command goes on from there")
                raise Stopped
    except UnreadableFrame:
        if accelerator.num_processes == 1:  # the others would wait for one another
            run.save()
        raise
    progress.end()
    return run.save()


class _Run:
    """Everything that a checkpoint holds, and the devices it is on."""

    def __init__(self, settings: TrainSettings, out: Path, accelerator: Accelerator, frames: list[FrameRef]) -> None:
        self.settings, self.out, self.accelerator = settings, out, accelerator
        torch.manual_seed(settings.seed)
        # The layout in which gradients come, which several processes exchange as they lie.
        network = NanoDepth(settings.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = checkpoint.latest(out / "checkpoints")
        if found is None and settings.start is not None:
            _begin_with(network, settings.start, settings, frames)
        if settings.only_labels:
            _hold_all_but_labels(network)
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        precision = torch.bfloat16 if _has_bfloat16() else torch.float32
        made = optimisers(network, settings.learning_rate, settings.weight_decay, precision)
        self.step = 0
        recipe = settings.model_dump(mode="json", by_alias=True) | {"frames": len(frames)}
        if found is not None:
            state = checkpoint.load(found, "network_settings", "network", "average")
            _check_same(state["network_settings"], recipe["network"], found)
            if "optimisers" not in state:
                raise UsageError(f"checkpoint {found} is of an earlier version of the training: give another --out.")
            try:
                network.load_state_dict(state["network"])
                self.average.load_state_dict(state["average"])
                for optimiser, had in zip(made, state["optimisers"], strict=True):
                    optimiser.load_state_dict(had)
                self.step = int(state["step"])
            except (LookupError, RuntimeError, ValueError, TypeError) as e:
                raise checkpoint.damaged(found, e) from e
        self.average.to(accelerator.device)
        self.network, *self.optimisers = accelerator.prepare(network, *made)
        self._writer: Any = None
        if accelerator.is_main_process:
            _forget_after(out / "metrics.jsonl", self.step)
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(out / "tensorboard"), purge_step=self.step)
            with (out / "recipes.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"from_step": self.step, **recipe}) + "\n")

    def one_step(self, batch: Batch) -> dict[str, float]:
        """Teach one batch; the figures of it."""
        s, device = self.settings, self.accelerator.device
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = s.rate(self.step)
        self.network.train()
        if s.only_labels:  # what normalisation measured stays, too
            for module in self.network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
        pixels = batch.pixels.to(device, memory_format=torch.channels_last)
        with self.accelerator.autocast():
            estimate = self.network(pixels)
        found = losses(estimate, batch.log_depth.to(device), batch.label.to(device))
        if not torch.isfinite(found.total):
            raise UsageError(f"the loss at step {self.step} is {float(found.total)}: lower learning_rate, then go on.")
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(found.total)
        self.accelerator.clip_grad_norm_(self.network.parameters(), s.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self._follow()
        return {
            "loss": float(found.total.detach()),
            **{k: float(v.detach()) for k, v in found._asdict().items() if k != "total"},
        }

    def anywhere(self, here: bool) -> bool:
        """Whether something holds in any of the processes: they stop after the same step, or would wait for ever."""
        if self.accelerator.num_processes == 1:
            return here
        count = self.accelerator.reduce(torch.tensor(float(here), device=self.accelerator.device))
        return float(count) > 0

    def validate(self, batches: ValidationBatches) -> dict[str, float]:
        """The averaged weights on frames held out."""
        sums = Sums()
        for batch in loader(batches, 0, len(batches), 0):
            log_depth, truth = self._estimate(batch.pixels), batch.log_depth
            factor = batch.factor[:, None, None, None]
            sums.add((log_depth.exp() / factor).numpy(), (truth.exp() / factor).numpy())
        return sums.values()

    @torch.no_grad()
    def _estimate(self, pixels: Tensor) -> Tensor:
        estimate: Tensor = self.average(pixels.to(self.accelerator.device)).log_depth
        return estimate.cpu()

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the weights; quicker in the beginning, when they change most, and when the size of
        the pictures changes: what normalisation measures is another then."""
        first = self.settings.small_until
        steps = self.step - first if self.step > first else self.step
        keep = min(self.settings.average, (1 + steps) / (10 + steps))
        now = self.accelerator.unwrap_model(self.network).state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[name], 1 - keep)
            else:
                mean.copy_(now[name])

    def log(self, figures: dict[str, float]) -> None:
        """One line in metrics.jsonl, and the same for TensorBoard."""
        if self._writer is None:
            return
        line = {"step": self.step, "wall": round(time.time(), 1), **{k: round(v, 6) for k, v in figures.items()}}
        with (self.out / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in figures.items():
            self._writer.add_scalar(name, value, self.step)
        self._writer.flush()

    def save(self) -> Path:
        """A checkpoint of this step."""
        folder = self.out / "checkpoints"
        if self.accelerator.is_main_process:
            state = {
                "step": self.step,
                "network_settings": self.settings.network.model_dump(mode="json"),
                "input": [self.settings.height, self.settings.width],
                "network": self.accelerator.unwrap_model(self.network).state_dict(),
                "average": self.average.state_dict(),
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            }
            checkpoint.save(folder, self.step, state)
        self.accelerator.wait_for_everyone()
        return folder / f"step-{self.step:07d}.pt"


def _forget_after(metrics: Path, step: int) -> None:
    """Drop what was logged of steps that are taken again, as their checkpoint is not there."""
    if not metrics.is_file():
        return
    lines = metrics.read_text(encoding="utf-8", errors="replace").splitlines()
    kept = [line for line in lines if (found := _STEP.match(line)) and int(found[1]) <= step]
    if len(kept) < len(lines):
        part = metrics.with_suffix(".part")
        part.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        part.replace(metrics)


def _begin_with(network: NanoDepth, start: Path, settings: TrainSettings, frames: list[FrameRef]) -> None:
    """Take over what is of the same name and shape, of two checkpoints between both; or all of a bundle's weights.
    UsageError where nothing is, and for a bundle of another network.
    """
    if is_graph(start):
        network.load_state_dict(weights_of(start, network), strict=False)
        whole = TrainingBatches(frames, settings)[0]  # not a process's share of it: all of them measure the same
        measure_norms(network, whole.pixels)
        return
    taken = _common(network, "start", start)
    if settings.blend is not None:
        for name, weight in _common(network, "blend", settings.blend).items():
            mixed = weight.is_floating_point() and name in taken
            taken[name] = torch.lerp(taken[name], weight, settings.blend_share) if mixed else weight
    network.load_state_dict(taken, strict=False)


def _common(network: NanoDepth, name: str, path: Path) -> dict[str, torch.Tensor]:
    """A checkpoint's averaged weights that the network has, too."""
    if not path.is_file():
        raise UsageError(f"{name} {path} is no file: train the network that it is of first, or leave {name} empty.")
    had, new = checkpoint.load(path).get("average", {}), network.state_dict()
    taken = {key: w for key, w in had.items() if key in new and w.shape == new[key].shape}
    if not taken:
        raise UsageError(f"{name} {path} has no weight in common with the network: give a checkpoint of a like one.")
    return taken


def _hold_all_but_labels(network: NanoDepth) -> None:
    network.requires_grad_(False)
    if network.label is not None:
        network.label.requires_grad_(True)


def _check_same(had: Any, wanted: dict[str, Any], path: Path) -> None:
    if not isinstance(had, dict):
        raise checkpoint.damaged(path, TypeError("network_settings"))
    different = [k for k in wanted if had.get(k) != wanted[k]]
    if different:
        raise UsageError(
            f"checkpoint {path} is of a network with another {', '.join(different)}: give the same settings, or "
            "another --out."
        )


def _has_bfloat16() -> bool:
    """Whether bfloat16 is quick here: on a GPU that has it, or a CPU with its instructions."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
