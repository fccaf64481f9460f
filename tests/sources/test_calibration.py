from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.errors import UsageError
from edge_nav.sources.calibration import load_calibration
from edge_nav.sources.lens import Lens, LensSettings

PLAIN = "width: 640\nheight: 480\nfx: 500\nfy: 510.5\ncx: 320\ncy: 240\n"
ROS = """image_width: 640
image_height: 480
camera_name: narrow
camera_matrix:
  rows: 3
  cols: 3
  data: [500.0, 0.0, 320.0, 0.0, 510.5, 240.0, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.2, 0.05, 1e-3, 0.0, 0.0]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    return path


def test_plain_and_ros_files_mean_the_same_camera(tmp_path: Path) -> None:
    plain = load_calibration(write(tmp_path, PLAIN + "dist: [-0.2, 0.05, 1e-3, 0, 0]\n"))
    ros = load_calibration(write(tmp_path, ROS))
    assert plain == ros
    assert (ros.intrinsics.fx, ros.intrinsics.fy, ros.intrinsics.cx) == (500.0, 510.5, 320.0)
    assert ros.distortion == (-0.2, 0.05, 0.001, 0.0, 0.0)


def test_a_file_written_by_opencv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "opencv.yml"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", np.array([[500.0, 0, 320], [0, 510.5, 240], [0, 0, 1]]))
    storage.write("distortion_coefficients", np.array([[-0.2, 0.05, 0.001, 0.0, 0.0]]))
    storage.release()
    calibration = load_calibration(path)
    assert (calibration.intrinsics.fy, calibration.intrinsics.cy) == (510.5, 240.0)
    assert calibration.distortion == pytest.approx((-0.2, 0.05, 0.001, 0.0, 0.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN.replace("fx: 500", "fx: 0"), "fx = 0.*1 to 100000"),
        (PLAIN.replace("cy: 240\n", ""), "no cy"),
        (PLAIN + "dist: [1, 2]\n", "dist = .*4 or 5"),
        (PLAIN + "dist: [a, 0, 0, 0]\n", r"dist\[0\] = 'a'"),
        (ROS.replace("plumb_bob", "thin_prism"), "distortion_model = 'thin_prism'"),
        (ROS.replace("plumb_bob", "equidistant"), "distortion_coefficients.*list of 4"),
        (ROS.replace("image_width: 640\n", ""), "no width"),
        (ROS.replace("500.0, 0.0, 320.0, ", ""), "camera_matrix"),
        ("- 1\n- 2\n", "named fields"),
        ("a: [1\nb: {", "not valid YAML"),
        ("a: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_errors_name_the_field_and_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_calibration(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        load_calibration(tmp_path / "nowhere.yaml")


def test_binary_is_no_calibration(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(UsageError, match="cannot be read"):
        load_calibration(path)


def test_another_resolution_of_the_same_aspect_scales_the_intrinsics(tmp_path: Path) -> None:
    lens = Lens(LensSettings(calibration=write(tmp_path, PLAIN)))
    picture = np.zeros((240, 320, 3), np.uint8)
    same, intrinsics = lens.straighten(picture)
    assert same is picture
    assert (intrinsics.fx, intrinsics.cx) == (250.0, pytest.approx(159.75))


def test_another_aspect_is_refused(tmp_path: Path) -> None:
    lens = Lens(LensSettings(calibration=write(tmp_path, PLAIN)))
    with pytest.raises(UsageError, match=r"640x480.*1280x720"):
        lens.straighten(np.zeros((720, 1280, 3), np.uint8))


def test_a_stated_field_of_view_gives_the_focal_length() -> None:
    _, intrinsics = Lens(LensSettings(horizontal_fov_deg=90.0)).straighten(np.zeros((48, 64, 3), np.uint8))
    assert intrinsics.fx == pytest.approx(32.0)


def test_undistortion_puts_points_where_the_returned_pinhole_sees_them(tmp_path: Path) -> None:
    calibration = load_calibration(write(tmp_path, ROS))
    k = calibration.intrinsics
    matrix = np.array([[k.fx, 0, k.cx], [0, k.fy, k.cy], [0, 0, 1]])
    points = np.array([[0.3, 0.2, 1.0], [-0.4, 0.1, 1.0], [0.0, -0.3, 1.0]])
    seen, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, np.array(calibration.distortion))
    rgb = np.zeros((480, 640, 3), np.uint8)
    for x, y in seen.reshape(-1, 2):
        cv2.circle(rgb, (round(x * 16), round(y * 16)), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    straight, intrinsics = Lens(LensSettings(calibration=tmp_path / "camera.yaml")).straighten(rgb)
    assert straight.shape == rgb.shape
    _, _, _, centres = cv2.connectedComponentsWithStats((straight[..., 0] > 100).astype(np.uint8))
    expected = points[:, :2] * (intrinsics.fx, intrinsics.fy) + (intrinsics.cx, intrinsics.cy)
    for point in expected:
        assert np.linalg.norm(centres[1:] - point, axis=1).min() < 1.0
