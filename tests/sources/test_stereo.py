from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.sources.stereo import StereoSource, StereoSourceSettings, load_stereo_calibration

SCENES = ("ArtL", "Jadeplant", "Motorcycle", "Piano", "Pipes", "Playtable", "Shelves", "Teddy")
CALIB = {
    "cam0": "[200 0 100; 0 200 60; 0 0 1]",
    "doffs": "10",
    "baseline": "100",
    "width": "200",
    "height": "120",
    "ndisp": "32",
}
SHIFT_PX = 12


def open_stereo(path: Path) -> StereoSource:
    return StereoSource(StereoSourceSettings(path=path))


def write_calib(folder: Path, **changes: str | None) -> None:
    fields = CALIB | changes
    (folder / "calib.txt").write_text("".join(f" {k}= {v} \n" for k, v in fields.items() if v is not None))


def pair() -> tuple[np.ndarray, np.ndarray]:
    """A textured wall at disparity 12: Z = 200 * 0.1 / (12 + 10) m."""
    wide = np.random.default_rng(1).integers(0, 256, (120, 200 + SHIFT_PX), dtype=np.uint8)
    wide = cv2.GaussianBlur(wide, (0, 0), 1.0)
    return wide[:, :200], wide[:, SHIFT_PX:]


def make_scene(folder: Path, **changes: str | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    left, right = pair()
    cv2.imwrite(str(folder / "im0.png"), left)
    cv2.imwrite(str(folder / "im1.png"), right)
    write_calib(folder, **changes)
    return folder


def test_disparity_becomes_metres_up_to_the_left_edge_of_what_both_see(tmp_path: Path) -> None:
    frame = open_stereo(make_scene(tmp_path / "s")).read()
    assert frame is not None
    assert frame.depth_m is not None
    depth = frame.depth_m
    assert np.isfinite(depth[10:-10, SHIFT_PX + 5 : -5]).mean() > 0.95
    assert np.nanmedian(depth) == pytest.approx(200 * 0.1 / 22, rel=0.01)
    assert np.isnan(depth[:, : SHIFT_PX - 2]).all()
    assert frame.intrinsics.fx == 200.0


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_a_wall_without_texture_is_unknown_rather_than_guessed(tmp_path: Path, noise: float) -> None:
    folder = make_scene(tmp_path / "s")
    rng = np.random.default_rng(2)
    for name in ("im0.png", "im1.png"):
        cv2.imwrite(str(folder / name), rng.normal(128, noise, (120, 200)).astype(np.uint8))
    frame = open_stereo(folder).read()
    assert frame is not None
    assert frame.depth_m is not None
    assert np.isfinite(frame.depth_m).mean() < 0.1


def test_without_ndisp_the_nearest_distance_sets_the_search(tmp_path: Path) -> None:
    make_scene(tmp_path, ndisp=None)
    assert load_stereo_calibration(tmp_path / "calib.txt", nearest_m=0.4).disparities == 48
    assert load_stereo_calibration(tmp_path / "calib.txt", nearest_m=5.0).disparities == 16


def test_a_folder_of_scenes_is_a_sequence_and_a_bad_one_is_counted(tmp_path: Path) -> None:
    for i in (1, 2, 10):
        make_scene(tmp_path / f"scene{i}")
    (tmp_path / "scene2/im1.png").unlink()
    source = open_stereo(tmp_path)
    first, second = source.read(), source.read()
    assert first is not None
    assert second is not None
    assert (first.index, second.index, second.t) == (0, 2, 0.4)
    assert source.read() is None
    assert (source.frame_count, source.skipped) == (3, 1)


def test_left_and_right_folders_pair_by_name(tmp_path: Path) -> None:
    left, right = pair()
    for side, image in (("left", left), ("right", right)):
        (tmp_path / side).mkdir()
        for i in (1, 2, 3):
            cv2.imwrite(str(tmp_path / side / f"{i}.png"), image)
    (tmp_path / "right/2.png").unlink()
    write_calib(tmp_path)
    source = open_stereo(tmp_path)
    assert source.read() is not None
    assert source.read() is not None
    assert source.read() is None
    assert (source.frame_count, source.skipped) == (3, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cam0": None}, "cam0"),
        ({"cam0": "[200 0 100]"}, "cam0 = '\\[200 0 100\\]'"),
        ({"cam0": "[nan 0 100; 0 200 60; 0 0 1]"}, "fx = 'nan'"),
        ({"baseline": None}, "no baseline"),
        ({"baseline": "0.1"}, "baseline = '0.1'.*millimetres"),
        ({"doffs": None}, "no doffs"),
        ({"ndisp": "0"}, "ndisp = '0'"),
        ({"width": "300"}, "200x120 but .* 300x120"),
    ],
)
def test_calibration_errors_name_field_and_value(tmp_path: Path, changes: dict[str, str | None], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_stereo(make_scene(tmp_path / "s", **changes))


@pytest.mark.parametrize("layout", ["empty", "missing", "unpaired", "no calib"])
def test_a_folder_without_pairs_is_refused(tmp_path: Path, layout: str) -> None:
    folder = tmp_path / "s"
    if layout == "empty":
        folder.mkdir()
    elif layout == "unpaired":
        for side, name in (("left", "a.png"), ("right", "b.png")):
            (folder / side).mkdir(parents=True)
            cv2.imwrite(str(folder / side / name), pair()[0])
    elif layout == "no calib":
        make_scene(folder)
        (folder / "calib.txt").unlink()
    with pytest.raises(UsageError):
        open_stereo(folder)


def test_a_pair_with_a_truncated_side_is_refused(tmp_path: Path) -> None:
    folder = make_scene(tmp_path / "s")
    data = (folder / "im1.png").read_bytes()
    (folder / "im1.png").write_bytes(data[:-40])
    with pytest.raises(UsageError, match="no usable frame"):
        open_stereo(folder)


def read_pfm(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        assert file.readline().strip() == b"Pf"
        width, height = (int(n) for n in file.readline().split())
        order = "<f4" if float(file.readline()) < 0 else ">f4"
        return np.frombuffer(file.read(), order).reshape(height, width)[::-1]


@pytest.mark.parametrize("scene", SCENES)
def test_real_scenes_are_measured_within_five_percent(shared_data: Path, scene: str) -> None:
    folder = shared_data / "stereo" / scene
    calibration = load_stereo_calibration(folder / "calib.txt")
    frame = open_stereo(folder).read()
    assert frame is not None
    assert frame.depth_m is not None
    disparity = read_pfm(folder / "disp0GT.pfm")
    unoccluded = cv2.imread(str(folder / "mask0nocc.png"), cv2.IMREAD_GRAYSCALE) == 255
    with np.errstate(divide="ignore"):
        truth = calibration.intrinsics.fx * calibration.baseline_m / (disparity + calibration.offset_px)
    known = unoccluded & np.isfinite(disparity)
    measured = known & np.isfinite(frame.depth_m)
    error = np.abs(frame.depth_m[measured] - truth[measured]) / truth[measured]
    assert measured.sum() / known.sum() > 0.70
    assert (error < 0.05).mean() > 0.91
    assert np.median(error) < 0.005


def test_real_scenes_in_one_folder_are_a_sequence(shared_data: Path) -> None:
    source = open_stereo(shared_data / "stereo")
    assert source.frame_count == len(SCENES)
    first = source.read()
    assert first is not None
    assert first.rgb.shape == (277, 347, 3)
