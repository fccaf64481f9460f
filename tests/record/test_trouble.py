"""What goes wrong around the log and the pictures: cut files, full disks, two walks at once, foreign scripts."""

from __future__ import annotations

import fcntl
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.record import records
from edge_nav.record.canvas import Labels
from edge_nav.record.log import GuidanceLog
from edge_nav.record.overlay import PANEL, OverlayWriter, draw
from edge_nav.record.read import read_log
from edge_nav.types import Callout, Fault, Frame, Ground, Intrinsics, Obstacle, Scene

CAMERA = Intrinsics.from_fov(160, 120, 70.0)
FRAME = Frame(0, 0.0, np.full((120, 160, 3), 90, np.uint8), CAMERA)
FLOOR = Ground((0.0, -1.0, 0.0), 1.4, 0.5)
EMPTY = Scene(0, 0.0, (), FLOOR, None, None)
DROP = Obstacle(1.2, 0.0, 0.0, -0.6, 0.6, -0.3, -0.1, "drop", True, id=1)
SAY = Callout(1, "drop", "stop", "Stop.", "k", 0.0, 1.0)
LEFT_PANEL = np.s_[: PANEL[1], : PANEL[0]]


def test_a_last_line_cut_inside_a_letter_is_only_truncated(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    log = GuidanceLog(path)
    log.write(records.session_record())
    log.write(records.callout_record(replace(SAY, text="Hindernis rückwärts, सावधान"), 1.0))
    log.close()
    whole = path.read_bytes()
    for cut in range(whole.index("व".encode()), len(whole) - 1):
        path.write_bytes(whole[:cut])
        logged = read_log(path)
        assert (len(logged.records), logged.truncated) == (1, 1)


def test_text_with_characters_that_break_lines_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "w.jsonl"
    log = GuidanceLog(path)
    log.write(records.session_record())
    log.write(records.fault_record(Fault("camera", "one\u2028two\x85three"), 1.0))
    log.close()
    logged = read_log(path)
    assert logged.truncated == 0
    assert logged.records[1]["message"] == "one\u2028two\x85three"


def test_a_walk_that_opened_the_log_just_before_it_was_moved_aside_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.jsonl"
    path.write_text('{"type": "old"}\n')
    real, winners = fcntl.flock, []

    def lock_after_another_walk_came_and_went(fd: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        winners.append(GuidanceLog(path))
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", lock_after_another_walk_came_and_went)
    with pytest.raises(UsageError, match="in use by another walk"):
        GuidanceLog(path)
    winners[0].write(records.session_record())
    assert len(read_log(path).records) == 1
    assert (tmp_path / "w.jsonl.1").read_text() == '{"type": "old"}\n'


def test_a_log_that_cannot_be_moved_aside_is_one_sentence_and_stays(tmp_path: Path) -> None:
    path = tmp_path / ("w" * 255)  # no file system here takes a longer name, so NAME.1 cannot be
    path.write_text("{}\n")
    with pytest.raises(UsageError, match="cannot be written"):
        GuidanceLog(path)
    assert path.read_text() == "{}\n"


def test_two_walks_may_log_to_a_device() -> None:
    one, other = GuidanceLog(Path("/dev/null")), GuidanceLog(Path("/dev/null"))
    one.write(records.session_record())
    other.write(records.session_record())
    assert (one.lost, other.lost) == (0, 0)
    one.close()
    other.close()


def test_a_picture_onto_a_full_disk_is_one_fault(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is not here")
    (tmp_path / "o.png").symlink_to("/dev/full")
    faults: list[Fault] = []
    writer = OverlayWriter(tmp_path / "o.png")
    writer.on_fault = faults.append
    writer.write(FRAME, None, EMPTY, None)
    writer.write(FRAME, None, EMPTY, SAY)
    writer.close()
    assert [(f.component, f.recovered) for f in faults] == [("overlay", False)]
    assert "free some space" in faults[0].message


def test_labels_cover_neither_each_other_nor_leave_the_picture() -> None:
    blank = np.full((480, 640, 3), 255, np.uint8)
    labels, dark = Labels(blank), []
    for _ in range(4):
        labels.put("step down 1.2 m, 12 o'clock", (620, 2), (255, 0, 0))
        dark.append(int((blank == 0).all(axis=2).sum()))
    grown = np.diff([0, *dark])
    assert grown.min() > 0.9 * grown.max()


def test_without_a_floor_no_corridor_is_drawn_but_the_danger_is_named() -> None:
    with_floor = draw(FRAME, None, EMPTY, None)[LEFT_PANEL]
    nothing = draw(FRAME, None, replace(EMPTY, ground=None), None)[LEFT_PANEL]
    assert (nothing == 90).all()
    assert (with_floor != 90).any()
    named = draw(FRAME, None, replace(EMPTY, ground=None, obstacles=(DROP,)), None)[LEFT_PANEL]
    assert (named[420:] != 90).any()
    assert (named[:400] == 90).all()


def test_every_obstacle_moves_the_map_to_its_own_side() -> None:
    def reds(x_m: float) -> np.ndarray:
        thing = replace(DROP, x_m=x_m, left_m=x_m - 0.2, right_m=x_m + 0.2)
        panel = draw(FRAME, None, replace(EMPTY, obstacles=(thing,)), None)[: PANEL[1], PANEL[0] :]
        plain = draw(FRAME, None, EMPTY, None)[: PANEL[1], PANEL[0] :]
        return np.nonzero((panel != plain).any(axis=2))[1]

    assert reds(-1.0).max() < reds(0.0).mean() < reds(1.0).min()


@pytest.mark.parametrize("text", ["Stopp. Stufe abwärts, groß.", "¡Alto! Escalón, un metro.", "रुकिए। सामने सीढ़ी।"])
def test_words_in_any_language_give_a_caption(text: str) -> None:
    caption = np.s_[PANEL[1] :, 20 : PANEL[0]]
    shown = draw(FRAME, None, EMPTY, replace(SAY, text=text))[caption]
    assert (shown > 60).any()
    assert json.dumps(records.callout_record(replace(SAY, text=text), 1.0), ensure_ascii=False).count(text) == 1


def test_a_long_callout_leaves_room_for_the_facts() -> None:
    long = replace(SAY, text="Stop. Head height obstacle, eleven o'clock, about one and a half metres. Veer right now.")
    scene = replace(EMPTY, clearance_m=1.2)
    one, other = draw(FRAME, None, scene, long), draw(FRAME, None, scene, SAY)
    facts = np.s_[PANEL[1] :, 2 * PANEL[0] - 380 :]
    assert np.array_equal(one[facts], other[facts])
