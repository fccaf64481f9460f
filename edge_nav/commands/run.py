"""`run`: walks, shows it on the terminal, and reports on it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import threading

import cv2

from edge_nav.commands.screen import Screen, Terminal
from edge_nav.record.debrief_table import debrief_table
from edge_nav.record.session import LOG_NAME
from edge_nav.record.summary import summary_table
from edge_nav.sources.sim import OpenSim
from edge_nav.walk.build import make_walk, open_walk
from edge_nav.walk.options import WalkOptions
from edge_nav.walk.results import WalkResults


def run_walk(options: WalkOptions, open_sim: OpenSim | None = None) -> int:
    """Walk, then print the summary. Exit code 0 done, 1 ended on a fault."""
    cv2.setNumThreads(1)  # two cores: one for perception, one for the network; more only get in each other's way
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # the button's signal must never end a walk
    opened = open_walk(options, open_sim)
    with Screen(Terminal(stderr=True), opened.source.frame_count) as screen, contextlib.closing(opened):
        walk = make_walk(opened, options, screen)
        code = walk.run()
    _copy_log(options)
    _print_end(walk.results)
    return code


def _print_end(results: WalkResults) -> None:
    Terminal().print(summary_table(results.figures))
    if results.debrief is not None:
        Terminal().print(debrief_table(results.debrief))
    if results.no_debrief is not None:
        sys.stderr.write(f"edge-nav: what was in the way is not told: {results.no_debrief}\n")


def _copy_log(options: WalkOptions) -> None:
    """A recording is replayed by its folder alone, so the log goes into it, too."""
    if options.record is None or options.log is None or not options.log.is_file():
        return
    inside = options.record / LOG_NAME
    if not (inside.exists() and inside.samefile(options.log)):
        shutil.copyfile(options.log, inside)
