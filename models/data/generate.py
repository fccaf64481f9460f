"""Generates frames in parallel: worker processes draw a run of scenes each and are replaced, one by one.

Everything follows from the seeds, so a run that was cut off goes on where it stopped, and may be cut off at any time.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from edge_nav.errors import EdgeNavError, UsageError
from models.data.layout import Dataset, claim, complete_scenes, remove_parts
from models.lock import alone
from models.processes import ignore, kept_from_workers

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

RUN = 20
"""Scenes that one process draws before another takes its place: a renderer's memory grows slowly."""
BYTES_PER_PIXEL = 3.2
"""Of the four pictures together, measured: 0.20-0.24 MB a frame of 320 x 240."""
SPARE_BYTES = 1 << 30
LINE_S = 30.0
TRIES, FAILURES = 2, 5
"""A scene in which so many processes died is given up; and where so many died in a row, it is not the scenes."""

Report = tuple[str, int, str]
"""What happened ("scene", "skipped" or "failed"), to which seed; how many frames or why."""


@dataclass
class Tally:
    """How far it is; tells so on standard error."""

    total: int
    scenes: int = 0
    frames: int = 0
    skipped: list[int] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    shown: float = 0.0

    def show(self, at_once: bool = False) -> None:
        now = time.monotonic()
        tty = sys.stderr.isatty()
        if not at_once and now - self.shown < (1.0 if tty else LINE_S):
            return
        self.shown = now
        done = self.scenes + len(self.skipped)
        took = now - self.began
        left = f"{took / done * (self.total - done) / 60:.0f} min left" if done else "starting"
        pace = f", {took / self.frames:.2f} s a frame" if self.frames else ""
        line = f"{done} of {self.total} scenes, {self.frames} frames{pace}, {left}"
        sys.stderr.write(f"\r{line}\033[K" if tty else line + "\n")
        sys.stderr.flush()

    def note(self, text: str) -> None:
        sys.stderr.write(("\n" if sys.stderr.isatty() else "") + text + "\n")
        sys.stderr.flush()


def generate_frames(dataset: Dataset, root: Path, seeds: range, workers: int) -> Tally:
    """Draw all scenes that are not there yet. UsageError with one sentence where that cannot go on."""
    _check_disk(root, dataset, len(set(seeds) - set(complete_scenes(root))))
    with alone(root, "frames are being generated"):
        claim(root, dataset)
        remove_parts(root)
        there = set(complete_scenes(root))
        wanted = [seed for seed in seeds if seed not in there]
        tally = Tally(len(wanted))
        if wanted:
            tally.note(f"{len(seeds) - len(wanted)} of {len(seeds)} scenes are there; {len(wanted)} to draw.")
            try:
                _Crew(dataset, root, wanted, workers, tally).work()
            finally:
                remove_parts(root)
        tally.show(at_once=True)
    return tally


class _Crew:
    """The worker processes and what each still has to do."""

    def __init__(self, dataset: Dataset, root: Path, wanted: list[int], workers: int, tally: Tally) -> None:
        self._dataset, self._root, self._tally = dataset, root, tally
        self._waiting = [wanted[n : n + RUN] for n in range(0, len(wanted), RUN)]
        self._workers = workers
        self._context = multiprocessing.get_context("spawn")
        self._reports: Queue[Report] = self._context.Queue()
        self._busy: dict[BaseProcess, list[int]] = {}
        self._died_in: Counter[int] = Counter()
        self._failures = 0

    def work(self) -> None:
        try:
            while self._waiting or self._busy:
                while self._waiting and len(self._busy) < self._workers:
                    self._start(self._waiting.pop(0))
                self._listen()
                self._tally.show()
                self._bury()
                _check_disk(self._root, self._dataset, 1)
        finally:
            for process in self._busy:
                process.terminate()
            for process in self._busy:
                process.join()

    def _start(self, seeds: list[int]) -> None:
        process = self._context.Process(
            target=_draw_all, args=(self._dataset, self._root, list(seeds), self._reports, os.getpid()), daemon=True
        )
        with kept_from_workers(signal.SIGINT):
            process.start()
            self._busy[process] = seeds

    def _listen(self, patience_s: float = 0.5) -> None:
        with contextlib.suppress(Empty):
            while True:
                kind, seed, text = self._reports.get(timeout=patience_s)
                patience_s = 0.0
                if kind == "failed":
                    raise UsageError(text)
                self._failures = 0
                for seeds in self._busy.values():
                    if seed in seeds:
                        seeds.remove(seed)
                if kind == "scene":
                    self._tally.scenes += 1
                    self._tally.frames += int(text)
                else:
                    self._skip(seed, text)

    def _bury(self) -> None:
        """What a dead process left undone goes to another; a scene that kills its process is given up."""
        for process in [p for p in self._busy if not p.is_alive()]:
            self._listen(0.1)
            seeds = self._busy.pop(process)
            if not seeds:
                continue
            self._failures += 1
            self._died_in[seeds[0]] += 1
            self._tally.note(f"a worker died in scene {seeds[0]} (exit code {process.exitcode})")
            if self._failures >= FAILURES:
                raise UsageError(
                    f"{self._failures} workers died one after another, the last in scene {seeds[0]} (exit code "
                    f"{process.exitcode}): free memory or use fewer --workers, then run the same command again."
                )
            if self._died_in[seeds[0]] >= TRIES:
                self._skip(seeds.pop(0), f"{TRIES} workers died in it")
            if seeds:
                self._waiting.insert(0, seeds)

    def _skip(self, seed: int, why: str) -> None:
        self._tally.skipped.append(seed)
        self._tally.note(f"scene {seed} gives no frames: {why}")


def _draw_all(dataset: Dataset, root: Path, seeds: list[int], reports: Queue[Report], parent: int) -> None:
    """A worker's life. Ends by itself when its parent is gone."""
    ignore(signal.SIGINT)  # it goes to the whole group; the parent alone decides, and terminates its workers
    from edge_nav.lab.sim.mujoco_opengl import NoOpenGL
    from models.data.scenes import open_renderer, render_scene

    try:
        renderer = open_renderer(dataset.renderer, dataset.samples)
    except EdgeNavError as e:
        reports.put(("failed", seeds[0], str(e)))
        return
    for seed in seeds:
        if os.getppid() != parent:
            break
        try:
            reports.put(("scene", seed, str(render_scene(renderer, dataset, root, seed))))
        except NoOpenGL as e:  # some backends tell it with the first picture
            reports.put(("failed", seed, str(e)))
            break
        except UsageError as e:
            reports.put(("skipped", seed, str(e)))
        except OSError as e:
            reports.put(("failed", seed, f"scene {seed} cannot be written to {root} ({e.strerror}): free some space."))
            break
    renderer.close()


def _check_disk(root: Path, dataset: Dataset, scenes: int) -> None:
    need = int(scenes * dataset.frames_per_scene * dataset.width * dataset.height * BYTES_PER_PIXEL) + SPARE_BYTES
    there = next(p for p in (root.resolve(), *root.resolve().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if free < need:
        raise UsageError(
            f"{scenes} more scenes need about {need / 1e9:.1f} GB in {root}, where {free / 1e9:.1f} GB are free: "
            "free some space or ask for fewer scenes; what is there is kept."
        )
