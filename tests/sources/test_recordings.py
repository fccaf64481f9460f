"""Image folders and RGB-D recordings: what is there is used, what is not is counted, what is wrong is said."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.sources.images import ImagesSource, ImagesSourceSettings
from edge_nav.sources.rgbd import RgbdSource, RgbdSourceSettings
from edge_nav.types import Frame, Source

CAMERA = {"width": 64, "height": 48, "fx": 60.0, "fy": 60.0, "cx": 31.5, "cy": 23.5, "depth_scale": 1000, "fps": 10}


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def write(path: Path, image: np.ndarray) -> None:
    ok, data = cv2.imencode(path.suffix, image)
    assert ok
    path.write_bytes(data.tobytes())


def truncate(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def rgbd_folder(folder: Path, count: int = 4, camera: dict[str, object] | None = None) -> Path:
    (folder / "rgb").mkdir(parents=True)
    (folder / "depth").mkdir()
    for i in range(count):
        write(folder / f"rgb/{i}.jpg", picture(i))
        depth = np.full((48, 64), 1000 * (i + 1), np.uint16)
        depth[0, 0] = 0
        write(folder / f"depth/{i}.png", depth)
    for kind, suffix in (("rgb", "jpg"), ("depth", "png")):
        lines = [f"{100 + i / 10:.3f} {kind}/{i}.{suffix}\n" for i in range(count)]
        (folder / f"{kind}.txt").write_text("# timestamp filename\n" + "".join(lines))
    fields = CAMERA | (camera or {})
    (folder / "camera.yaml").write_text("".join(f"{k}: {v}\n" for k, v in fields.items() if v is not None))
    return folder


def rgbd(folder: Path) -> RgbdSource:
    return RgbdSource(RgbdSourceSettings(path=folder))


def images(folder: Path, fps: float = 10.0) -> ImagesSource:
    return ImagesSource(ImagesSourceSettings(path=folder, fps=fps))


def drain(source: Source) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_pictures_come_in_natural_order_red_first_at_the_stated_rate(tmp_path: Path) -> None:
    folder = tmp_path / "Prüfung mit Leerzeichen 試験"
    folder.mkdir()
    for i in (10, 2, 1):
        write(folder / f"bild {i}.png", np.full((48, 64, 3), (i, 0, 200), np.uint8))
    (folder / "notes.txt").write_text("no picture")
    source = images(folder, fps=4.0)
    frames = drain(source)
    assert [int(f.rgb[0, 0, 2]) for f in frames] == [1, 2, 10]
    assert all(f.rgb[0, 0, 0] == 200 for f in frames)
    assert [f.t for f in frames] == [0.0, 0.25, 0.5]
    assert (source.frame_count, source.skipped, source.live) == (3, 0, False)
    assert source.read() is None


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_damaged_pictures_are_left_out_and_counted(tmp_path: Path, suffix: str) -> None:
    for i in range(6):
        write(tmp_path / f"{i}{suffix}", picture(i))
    truncate(tmp_path / f"0{suffix}")
    truncate(tmp_path / f"3{suffix}")
    (tmp_path / f"4{suffix}").write_bytes(b"")
    source = images(tmp_path)
    frames = drain(source)
    assert [f.index for f in frames] == [1, 2, 5]
    assert [f.t for f in frames] == pytest.approx([0.0, 0.1, 0.4])
    assert source.skipped == 3
    assert len(frames) + source.skipped == source.frame_count


def test_a_thumbnail_inside_a_truncated_jpeg_does_not_pass_for_its_end(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", picture(0))
    write(tmp_path / "b.jpg", picture(1))
    whole = (tmp_path / "a.jpg").read_bytes()
    thumbnail = b"\xff\xe1" + (4).to_bytes(2, "big") + b"\xff\xd9"
    (tmp_path / "a.jpg").write_bytes((whole[:2] + thumbnail + whole[2:])[: len(whole) // 2])
    source = images(tmp_path)
    assert [f.index for f in drain(source)] == [1]
    assert source.skipped == 1


def test_pictures_of_several_sizes_each_have_their_intrinsics(tmp_path: Path) -> None:
    write(tmp_path / "1.png", picture(0, (64, 48)))
    write(tmp_path / "2.png", picture(1, (128, 48)))
    first, second = drain(images(tmp_path))
    assert second.intrinsics.fx == pytest.approx(2 * first.intrinsics.fx)


@pytest.mark.parametrize("damage", ["nothing", "empty", "truncated", "missing"])
def test_a_picture_folder_without_a_usable_picture_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "seq"
    if damage != "missing":
        folder.mkdir()
    if damage in ("empty", "truncated"):
        for i in range(3):
            write(folder / f"{i}.png", picture(i))
            truncate(folder / f"{i}.png") if damage == "truncated" else (folder / f"{i}.png").write_bytes(b"")
    expected = "all 3 are" if damage in ("empty", "truncated") else "folder"
    with pytest.raises(UsageError, match=expected):
        images(folder)


def test_rgbd_gives_metres_and_nan_for_zero_in_recorded_time(tmp_path: Path) -> None:
    source = rgbd(rgbd_folder(tmp_path / "ein Gang ü"))
    frames = drain(source)
    assert [f.t for f in frames] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    for i, frame in enumerate(frames):
        assert frame.depth_m is not None
        assert frame.depth_m.dtype == np.float32
        assert np.isnan(frame.depth_m[0, 0])
        assert np.all(frame.depth_m.ravel()[1:] == i + 1)
    assert (source.frame_count, source.skipped, source.intrinsics.fx) == (4, 0, 60.0)


def test_rgbd_leaves_out_damaged_missing_and_unpaired_frames(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq", count=8)
    truncate(folder / "rgb/1.jpg")
    truncate(folder / "depth/2.png")
    (folder / "depth/3.png").unlink()
    lines = (folder / "depth.txt").read_text().splitlines()
    (folder / "depth.txt").write_text("\n".join(line for line in lines if "/5." not in line))
    with (folder / "rgb.txt").open("a") as listing:
        listing.write("not-a-time rgb/0.jpg\n101.5\nnan rgb/0.jpg\n")
    source = rgbd(folder)
    frames = drain(source)
    assert [round(10 * f.t) for f in frames] == [0, 4, 6, 7]
    assert source.skipped == 7
    assert len(frames) + source.skipped == source.frame_count == 11


def test_rgbd_times_are_sorted_and_doubles_dropped(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    (folder / "rgb.txt").write_text("100.2 rgb/2.jpg\n100.0 rgb/0.jpg\n100.1 rgb/1.jpg\n100.1 rgb/3.jpg\n")
    source = rgbd(folder)
    frames = drain(source)
    assert [f.t for f in frames] == pytest.approx([0.0, 0.1, 0.2])
    assert [f.depth_m[9, 9] for f in frames if f.depth_m is not None] == [1.0, 2.0, 3.0]
    assert (source.skipped, source.frame_count) == (1, 4)


def test_rgbd_pairs_the_nearest_depth_within_the_gap(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    (folder / "depth.txt").write_text("100.015 depth/0.png\n100.095 depth/1.png\n100.3 depth/3.png\n")
    frames = drain(rgbd(folder))
    assert [(round(f.t, 3), f.depth_m[9, 9]) for f in frames if f.depth_m is not None] == [(0, 1), (0.1, 2), (0.3, 4)]


def test_rgbd_depth_of_half_size_keeps_its_edges(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq", count=1)
    depth = np.full((24, 32), 1000, np.uint16)
    depth[:, 16:] = 3000
    write(folder / "depth/0.png", depth)
    (frame,) = drain(rgbd(folder))
    assert frame.depth_m is not None
    assert frame.depth_m.shape == (48, 64)
    assert set(np.unique(frame.depth_m)) == {1.0, 3.0}


def test_rgbd_colour_of_twice_the_calibrated_size_scales_the_intrinsics(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq", count=1)
    write(folder / "rgb/0.jpg", picture(0, (128, 96)))
    (frame,) = drain(rgbd(folder))
    assert (frame.intrinsics.width, frame.intrinsics.fx) == (128, 120.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth_scale": None}, "no depth_scale"),
        ({"depth_scale": 0}, "depth_scale = 0.*1 to 1e\\+06"),
        ({"depth_scale": "nan"}, "depth_scale"),
        ({"fx": ".nan"}, "fx = nan.*1 to 100000 pixels"),
        ({"fy": -585}, "fy = -585"),
        ({"cx": 900}, "cx = 900.*0 to 64"),
        ({"width": "wide"}, "width = 'wide'"),
        ({"height": 47.5}, "height = 47.5"),
        ({"fps": 0}, "fps = 0"),
        ({"fx": "[1, 2]"}, "fx"),
        ({"fx": "true"}, "fx = True"),
        ({"dist": "[0.1, 0, 0, 0, 0]"}, "undistort"),
        ({"width": 64, "height": 32}, "another aspect"),
    ],
)
def test_rgbd_camera_file_errors_name_field_value_and_range(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = rgbd_folder(tmp_path / "seq", camera=change)
    with pytest.raises(UsageError, match=message):
        rgbd(folder)


@pytest.mark.parametrize("file", ["rgb.txt", "depth.txt", "camera.yaml"])
@pytest.mark.parametrize("content", [None, "", "# nothing here\n", "\x00\x01: ["])
def test_rgbd_without_its_lists_or_calibration_is_refused_by_name(
    tmp_path: Path, file: str, content: str | None
) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    (folder / file).unlink() if content is None else (folder / file).write_text(content)
    with pytest.raises(UsageError, match=file):
        rgbd(folder)


def test_rgbd_that_never_pairs_says_so(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    (folder / "depth.txt").write_text("900.0 depth/0.png\n")
    with pytest.raises(UsageError, match="no pair of its 4 colour and 1 depth"):
        rgbd(folder)


@pytest.mark.parametrize(
    ("depth", "message"),
    [(np.zeros((48, 64), np.uint8), "16-bit"), (np.zeros((48, 48), np.uint16), "another aspect")],
)
def test_rgbd_depth_of_a_wrong_kind_is_refused(tmp_path: Path, depth: np.ndarray, message: str) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    write(folder / "depth/0.png", depth)
    with pytest.raises(UsageError, match=message):
        rgbd(folder)


def test_rgbd_one_wrong_frame_later_on_is_left_out(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    write(folder / "depth/2.png", np.zeros((48, 64), np.uint8))
    source = rgbd(folder)
    assert [f.index for f in drain(source)] == [0, 1, 3]
    assert source.skipped == 1


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a folder"):
        rgbd(tmp_path / "nowhere")


def test_a_closed_recording_gives_no_more(tmp_path: Path) -> None:
    source = rgbd(rgbd_folder(tmp_path / "seq"))
    assert source.read() is not None
    source.close()
    assert source.read() is None


@pytest.mark.parametrize(
    ("name", "count", "size", "focal"),
    [
        ("basement", 3, (480, 640), 518.8579),
        ("kitchen", 100, (480, 640), 585.0),
        ("livingroom_rendered", 27, (480, 640), 525.0),
        ("wearable_scene1", 1, (360, 640), 462.1),
    ],
)
def test_real_rgbd_recordings_are_read_whole(
    shared_data: Path, name: str, count: int, size: tuple[int, int], focal: float
) -> None:
    folder = shared_data / "rgbd" / name
    source = rgbd(folder)
    assert (source.frame_count, source.intrinsics.fx) == (count, focal)
    first = source.read()
    assert first is not None
    assert first.depth_m is not None
    raw = cv2.imread(str(next(iter(sorted((folder / "depth").iterdir(), key=lambda p: float(p.stem))))), -1)
    assert np.array_equal(np.isnan(first.depth_m), raw == 0)
    np.testing.assert_allclose(first.depth_m[raw > 0], raw[raw > 0] / 5000.0, rtol=1e-6)
    frames = [first, *drain(source)]
    assert len(frames) == count
    assert source.skipped == 0
    assert all(f.rgb.shape == (*size, 3) for f in frames)
    assert first.t == 0.0
    assert all(b.t > a.t for a, b in pairwise(frames))


def test_rgbd_without_camera_yaml_says_what_to_write(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    (folder / "camera.yaml").unlink()
    with pytest.raises(UsageError, match=r"camera\.yaml: write one with width, height, fx, fy, cx, cy .*depth_scale"):
        rgbd(folder)


@pytest.mark.parametrize("scale", [None, 5000])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rgbd_depth_as_float_tiff_is_in_metres(tmp_path: Path, scale: int | None, kind: type[np.floating]) -> None:
    folder = rgbd_folder(tmp_path / "seq", camera={"depth_scale": scale})
    for i in range(4):
        depth = np.full((48, 64), 1.25 + i, kind)
        depth[0, :3] = 0.0, np.nan, np.inf
        write(folder / f"depth/{i}.tiff", depth)
    (folder / "depth.txt").write_text((folder / "depth.txt").read_text().replace(".png", ".tiff"))
    frames = drain(rgbd(folder))
    assert len(frames) == 4
    for i, frame in enumerate(frames):
        assert frame.depth_m is not None
        assert frame.depth_m.dtype == np.float32
        assert np.isnan(frame.depth_m[0, :3]).all()
        assert np.all(frame.depth_m[1:] == 1.25 + i)


def test_rgbd_depth_as_openexr_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = rgbd_folder(tmp_path / "seq")
    for i in range(4):
        (folder / f"depth/{i}.exr").write_bytes(b"\x76\x2f\x31\x01" + bytes(100))
    (folder / "depth.txt").write_text((folder / "depth.txt").read_text().replace(".png", ".exr"))
    with pytest.raises(UsageError, match=r"OpenEXR.*32-bit float TIFF"):
        rgbd(folder)
