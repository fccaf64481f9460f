from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.sources.video import VideoSource, VideoSourceSettings


def make_video(path: Path, count: int = 30, fps: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    assert writer.isOpened()
    noise = np.random.default_rng(0).integers(0, 40, (48, 64, 3), dtype=np.uint8)
    for i in range(count):
        writer.write(noise + np.array([0, 0, 5 * i], np.uint8))
    writer.release()
    return path


def count_frames(source: VideoSource) -> int:
    count = 0
    while source.read() is not None:
        count += 1
    return count


def test_frames_come_at_the_files_rate_red_first(tmp_path: Path) -> None:
    source = VideoSource(VideoSourceSettings(path=make_video(tmp_path / "Weg 1 ü.avi")))
    assert (source.frame_count, source.live) == (30, False)
    frames = [source.read() for _ in range(30)]
    assert source.read() is None
    assert [round(f.t, 6) for f in frames if f] == [i / 10 for i in range(30)]
    last = frames[-1]
    assert last is not None
    assert last.rgb[..., 0].mean() > 140
    assert last.rgb[..., 2].mean() < 60
    assert source.skipped == 0


def test_a_stated_rate_wins(tmp_path: Path) -> None:
    source = VideoSource(VideoSourceSettings(path=make_video(tmp_path / "a.avi"), fps=2.0))
    source.read()
    second = source.read()
    assert second is not None
    assert second.t == 0.5


def test_a_truncated_video_gives_what_it_has_and_counts_the_rest(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    source = VideoSource(VideoSourceSettings(path=path))
    given = count_frames(source)
    assert 10 <= given <= 20
    assert source.frame_count is None or given + source.skipped == source.frame_count


@pytest.mark.parametrize("content", [None, b"", b"no video at all", b"RIFF\x00\x00\x00\x00AVI LIST"])
def test_what_is_no_video_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "walk.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"walk\.mp4"):
        VideoSource(VideoSourceSettings(path=path))


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no frame"):
        VideoSource(VideoSourceSettings(path=make_video(tmp_path / "a.avi", count=0)))


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no video file"):
        VideoSource(VideoSourceSettings(path=tmp_path))


def test_a_closed_video_gives_no_more(tmp_path: Path) -> None:
    source = VideoSource(VideoSourceSettings(path=make_video(tmp_path / "a.avi")))
    source.close()
    assert source.read() is None


def test_the_real_video_is_read_to_its_end(shared_data: Path) -> None:
    source = VideoSource(VideoSourceSettings(path=shared_data / "video/people_fixed_camera.mp4"))
    assert (source.frame_count, source.intrinsics.width, source.intrinsics.height) == (1394, 768, 432)
    assert count_frames(source) == 1394
    assert source.skipped == 0
