"""Decoded copies of frames, which training reads many times."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from models_frames import write_frames

from edge_nav.errors import UsageError
from models.data.dataset import list_frames, read_frame
from models.data.decoded import read_through


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of two frames; tests only read them."""
    return write_frames(tmp_path_factory.mktemp("frames"), range(2))


def test_a_decoded_copy_is_the_frame(frames: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for _ in range(2):  # made, then read
        for ref in list_frames([frames], 0, 10):
            plain, copy = read_frame(ref), read_through(ref, cache)
            for name in ("rgb", "depth_m", "label", "instance"):
                np.testing.assert_array_equal(getattr(copy, name), getattr(plain, name))
    assert len(list(cache.rglob("s*"))) == 4


def test_a_decoded_copy_that_was_cut_is_made_again(frames: Path, tmp_path: Path) -> None:
    ref = list_frames([frames], 0, 10)[0]
    whole = read_through(ref, tmp_path / "cache")
    copy = next((tmp_path / "cache").rglob("s*-00"))
    copy.write_bytes(copy.read_bytes()[:999])
    np.testing.assert_array_equal(read_through(ref, tmp_path / "cache").rgb, whole.rgb)
    assert copy.stat().st_size == 8 * whole.label.size + 32


def test_a_dataset_that_takes_anothers_place_has_its_own_pictures(tmp_path: Path) -> None:
    new, place = (write_frames(tmp_path / name, range(n, n + 1)) for n, name in enumerate(("new", "place")))
    (place / "s000001").rename(place / "s000000")
    for _ in range(2):  # both ways: neither is newer than both copies
        read_through(list_frames([place], 0, 1)[0], tmp_path / "cache")
        place.rename(tmp_path / "old")
        new.rename(place)
        (tmp_path / "old").rename(new)
        (ref, *_) = list_frames([place], 0, 1)
        np.testing.assert_array_equal(read_through(ref, tmp_path / "cache").rgb, read_frame(ref).rgb)


def test_a_cache_that_cannot_be_written(frames: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UsageError, match=r"cache .* cannot be written .*: give a folder with room"):
        read_through(list_frames([frames], 0, 10)[0], tmp_path / "cache")


def test_a_cache_on_a_full_disk_says_why_and_leaves_nothing(frames: Path, tmp_path: Path) -> None:
    (ref, *_) = list_frames([frames], 0, 1)
    had = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, had[1]))
    try:
        with pytest.raises(UsageError, match=r"cache .* cannot be written \(File too large\): give a folder with room"):
            read_through(ref, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, had)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
