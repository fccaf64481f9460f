"""Which lens a recording was taken with: stated, written in the picture's file, or assumed and told so."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.guidance.guidance_settings import GuidanceSettings
from edge_nav.guidance.phrasebook import Phrasebook
from edge_nav.guidance.policy import GuidancePolicy
from edge_nav.sources.calibration import load_calibration
from edge_nav.sources.exif import focal_px
from edge_nav.sources.images import ImagesSource, ImagesSourceSettings
from edge_nav.sources.lens import Lens, LensSettings
from edge_nav.sources.video import VideoSource, VideoSourceSettings
from edge_nav.types import HasNotices, Intrinsics, Language

W, H = 400, 300
FISHEYE = """image_width: 640
image_height: 480
camera_matrix: {rows: 3, cols: 3, data: [290.0, 0, 320, 0, 290.0, 240, 0, 0, 1]}
distortion_model: equidistant
distortion_coefficients: {rows: 1, cols: 4, data: [-0.02, 0.003, -0.001, 0.0]}
"""


def across_deg(k: Intrinsics) -> float:
    return 2 * math.degrees(math.atan(k.width / 2 / k.fx))


def exif(focal_mm: int, size: tuple[int, int] | None = (W, H), order: str = "<") -> bytes:
    """As a camera writes it: the main directory points to EXIF's."""
    fields = [(0xA405, 3, focal_mm)]
    fields += [] if size is None else [(0xA002, 4, size[0]), (0xA003, 4, size[1])]
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    main = struct.pack(order + "HHHII", 1, 0x8769, 4, 1, 26) + struct.pack(order + "I", 0)
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + ("H2x" if kind == 3 else "I"), value)
        for tag, kind, value in fields
    )
    return head + main + struct.pack(order + "H", len(fields)) + entries + struct.pack(order + "I", 0)


def picture(path: Path, block: bytes | None, size: tuple[int, int] = (W, H)) -> Path:
    rgb = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    ok, encoded = cv2.imencode(path.suffix, rgb)
    assert ok
    data = encoded.tobytes()
    if block is not None and path.suffix == ".jpg":
        segment = b"Exif\0\0" + block
        data = data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]
    elif block is not None:
        chunk = b"eXIf" + block
        data = data[:33] + len(block).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[33:]
    path.write_bytes(data)
    return path


def images(folder: Path, fov_deg: float | None = None) -> ImagesSource:
    return ImagesSource(ImagesSourceSettings(path=folder, horizontal_fov_deg=fov_deg))


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_focal_length_in_the_file_is_taken_by_the_diagonal(tmp_path: Path, suffix: str, order: str) -> None:
    picture(tmp_path / f"a{suffix}", exif(28, order=order))
    source = images(tmp_path)
    assert source.intrinsics.fx == pytest.approx(28 / math.hypot(36, 24) * math.hypot(W, H))
    assert across_deg(source.intrinsics) == pytest.approx(63.4, abs=0.1)
    assert source.notices == ()


def test_a_smaller_copy_or_a_turned_one_keeps_the_lens_and_a_cut_one_does_not(tmp_path: Path) -> None:
    block = exif(28, (4032, 3024))
    path = picture(tmp_path / "a.jpg", block)
    assert focal_px(path, W, H) == focal_px(path, H, W) is not None
    assert focal_px(path, W, W) is None


def test_each_picture_of_a_folder_has_its_own_lens(tmp_path: Path) -> None:
    for name, focal_mm in (("1", 28), ("2", 52)):
        picture(tmp_path / f"{name}.jpg", exif(focal_mm))
    source = images(tmp_path)
    one, other = source.read(), source.read()
    assert one is not None
    assert other is not None
    assert other.intrinsics.fx / one.intrinsics.fx == pytest.approx(52 / 28)


def test_a_stated_field_of_view_wins_over_the_file(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", exif(28))
    source = images(tmp_path, fov_deg=90.0)
    assert across_deg(source.intrinsics) == pytest.approx(90.0)
    assert source.notices == ()


@pytest.mark.parametrize("keep", range(0, 50, 7))
def test_a_damaged_block_states_nothing(tmp_path: Path, keep: int) -> None:
    path = picture(tmp_path / "a.jpg", exif(28)[:keep])
    assert focal_px(path, W, H) is None
    assert images(tmp_path).notices


def test_a_block_that_points_beyond_itself_states_nothing(tmp_path: Path) -> None:
    block = exif(28).replace(struct.pack("<HHII", 0x8769, 4, 1, 26), struct.pack("<HHII", 0x8769, 4, 1, 2**32 - 1))
    assert focal_px(picture(tmp_path / "a.jpg", block), W, H) is None


@pytest.mark.parametrize(("size", "fov_deg"), [((400, 300), 69.0), ((300, 400), 54.54), ((202, 360), 42.2)])
def test_an_unknown_lens_is_a_phones_along_the_longer_side_and_told(
    tmp_path: Path, size: tuple[int, int], fov_deg: float
) -> None:
    picture(tmp_path / "a.png", None, size)
    source = images(tmp_path)
    assert across_deg(source.intrinsics) == pytest.approx(fov_deg, abs=0.1)
    assert isinstance(source, HasNotices)
    (notice,) = source.notices
    assert notice.component == "lens"
    assert f"a picture {across_deg(source.intrinsics):.0f} degrees wide is assumed" in notice.message
    assert "horizontal_fov_deg" in notice.message


@pytest.mark.parametrize("language", ["en", "de", "es", "hi"])
def test_an_assumed_lens_is_said_once_as_information(tmp_path: Path, language: Language) -> None:
    picture(tmp_path / "a.png", None)
    settings = GuidanceSettings(language=language)
    policy = GuidancePolicy(settings)
    (notice,) = images(tmp_path).notices
    (said,) = policy.fault(notice, 0.0)
    assert (said.priority, said.text) == ("info", Phrasebook(settings).message("lens"))
    assert len(said.text.split()) <= 12
    assert policy.fault(notice, 1.0) == []


def test_heic_pictures_are_named_with_the_remedy(tmp_path: Path) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    (tmp_path / "IMG_1.HEIC").write_bytes(heic)
    with pytest.raises(UsageError, match="1 HEIC: convert them"):
        images(tmp_path)
    picture(tmp_path / "a.jpg", exif(28))
    source = images(tmp_path)
    assert (source.frame_count, source.skipped) == (2, 1)
    assert [notice.component for notice in source.notices] == ["pictures"]
    assert "convert" in source.notices[0].message
    (tmp_path / "a.jpg").write_bytes(heic)
    with pytest.raises(UsageError, match="HEIC pictures under another name: convert"):
        images(tmp_path)


def test_a_fisheye_is_straightened(tmp_path: Path) -> None:
    path = tmp_path / "cam.yaml"
    path.write_text(FISHEYE)
    known = load_calibration(path)
    matrix = np.array([[290.0, 0, 320], [0, 290.0, 240], [0, 0, 1]])
    points = np.array([[0.3, 0.2, 1.0], [-0.8, 0.1, 1.0], [0.9, -0.5, 1.0]])
    seen, _ = cv2.fisheye.projectPoints(points[None], np.zeros(3), np.zeros(3), matrix, np.array(known.distortion))
    rgb = np.zeros((480, 640, 3), np.uint8)
    for x, y in seen.reshape(-1, 2):
        cv2.circle(rgb, (round(x * 16), round(y * 16)), 4 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    lens = Lens(LensSettings(calibration=path))
    straight, intrinsics = lens.straighten(rgb)
    _, _, _, centres = cv2.connectedComponentsWithStats((straight[..., 0] > 100).astype(np.uint8))
    expected = points[:, :2] * (intrinsics.fx, intrinsics.fy) + (intrinsics.cx, intrinsics.cy)
    for point in expected:
        assert np.linalg.norm(centres[1:] - point, axis=1).min() < 1.5
    white, _ = lens.straighten(np.full_like(rgb, 200))
    assert white[..., 0].min() > 100
    assert lens.notices == ()


@pytest.mark.parametrize("coefficients", ["[0.1, 0, 0, 0, 0]", "[0.1, 0]"])
def test_a_fisheye_has_four_coefficients(tmp_path: Path, coefficients: str) -> None:
    path = tmp_path / "cam.yaml"
    path.write_text(FISHEYE.replace("{rows: 1, cols: 4, data: [-0.02, 0.003, -0.001, 0.0]}", coefficients))
    with pytest.raises(UsageError, match="list of 4"):
        load_calibration(path)


def case(shared_data: Path, name: str) -> Path:
    path = shared_data.parent / "cases" / "guidance" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def test_the_portrait_clip_is_not_taken_for_a_wide_one(shared_data: Path) -> None:
    source = VideoSource(VideoSourceSettings(path=case(shared_data, "portrait_phone/upright.mp4")))
    assert across_deg(source.intrinsics) == pytest.approx(41.5, abs=1.0)
    assert [notice.component for notice in source.notices] == ["lens"]


def test_a_clip_with_a_varying_rate_has_its_own_times(shared_data: Path) -> None:
    source = VideoSource(VideoSourceSettings(path=case(shared_data, "vfr/vfr.mp4")))
    times = [frame.t for frame in iter(source.read, None)]
    assert (len(times), times[0], times[50], times[60]) == (120, 0.0, 5.0, 8.0)


def test_a_video_that_a_phone_marked_as_turned_is_upright(shared_data: Path, tmp_path: Path) -> None:
    data = case(shared_data, "vfr/vfr.mp4").read_bytes()
    level = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    track = data.index(b"tkhd")
    at = data.index(level, track)
    path = tmp_path / "turned.mp4"
    path.write_bytes(data[:at] + turned + data[at + len(level) :])
    source = VideoSource(VideoSourceSettings(path=path))
    assert (source.intrinsics.width, source.intrinsics.height) == (360, 480)
    assert across_deg(source.intrinsics) == pytest.approx(54.5, abs=0.1)


def test_the_fisheye_case_is_opened(shared_data: Path) -> None:
    lens = Lens(LensSettings(calibration=case(shared_data, "ros_equidistant/cam.yaml")))
    _, intrinsics = lens.straighten(np.zeros((480, 640, 3), np.uint8))
    assert across_deg(intrinsics) > 100
