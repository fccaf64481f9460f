"""A live camera, played by video files (OpenCV opens both alike) and by drivers that fail or hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_nav.errors import SourceFault, UsageError
from edge_nav.sources.camera import CameraSource, CameraSourceSettings, Capture

PICTURE = np.full((48, 64, 3), (10, 20, 200), np.uint8)


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Driver:
    """A capture whose pictures are set from outside; ``hang`` makes reading wait until it is released."""

    def __init__(self) -> None:
        self.picture: np.ndarray | None = PICTURE
        self.free = threading.Event()
        self.free.set()
        self.opened = 0
        self.released = 0
        self.given_back = threading.Event()

    def open(self, _: CameraSourceSettings) -> Capture:
        self.opened += 1
        return self

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.free.wait(30)
        return self.picture is not None, self.picture

    def release(self) -> None:
        self.released += 1
        self.given_back.set()


@pytest.fixture
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.free.set()


def make_video(path: Path, count: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for i in range(count):
        writer.write(np.full((48, 64, 3), (0, 0, 20 * i), np.uint8))
    writer.release()
    return path


def open_fake(driver: Driver, clock: Clock | None = None, **settings: object) -> CameraSource:
    made = CameraSourceSettings.model_validate({"grab_timeout_s": 0.05, **settings})
    return CameraSource(made, driver.open, clock or Clock(), sleep=lambda _: None)


def read_until_back(source: CameraSource, clock: Clock | None = None, tries: int = 60) -> int:
    """Index of the frame that comes after the loss."""
    for _ in range(tries):
        if clock is not None:
            clock.now += 1.0
        try:
            frame = source.read()
        except SourceFault:
            continue
        assert frame is not None
        return frame.index
    pytest.fail("the camera never came back")


def test_a_device_that_ends_is_a_fault_and_reading_again_reconnects(tmp_path: Path) -> None:
    source = CameraSource(CameraSourceSettings(device=str(make_video(tmp_path / "cam.avi", 5))))
    assert (source.live, source.frame_count, source.skipped) == (True, None, 0)
    assert (source.intrinsics.width, source.intrinsics.height) == (64, 48)
    frames = [source.read() for _ in range(4)]
    times = [f.t for f in frames if f]
    assert len(times) == 4
    assert all(b >= a >= 0 for a, b in pairwise(times))
    with pytest.raises(SourceFault, match=r"cam\.avi gives no picture"):
        source.read()
    assert read_until_back(source) == 4
    source.close()
    assert source.read() is None


def test_pictures_are_red_first_and_timed_from_the_first(driver: Driver) -> None:
    clock = Clock()
    source = open_fake(driver, clock)
    clock.now += 0.5
    frame = source.read()
    assert frame is not None
    assert frame.rgb[0, 0].tolist() == [200, 20, 10]
    assert frame.t == 0.5
    source.close()
    assert driver.released == 1


def test_grey_pictures_are_taken(driver: Driver) -> None:
    driver.picture = PICTURE[..., 0]
    frame = open_fake(driver).read()
    assert frame is not None
    assert frame.rgb.shape == (48, 64, 3)


def test_a_lost_camera_faults_on_every_read_and_is_reopened_ever_more_rarely(driver: Driver) -> None:
    clock = Clock()
    source = open_fake(driver, clock)
    driver.picture = None
    with pytest.raises(SourceFault):
        source.read()
    for _ in range(100):
        clock.now += 0.25
        with pytest.raises(SourceFault):
            source.read()
    # 25 s at 2 s a try after the first five, instead of 100 tries.
    assert 12 <= driver.opened <= 20
    driver.picture = PICTURE
    assert read_until_back(source, clock) == 0
    source.close()
    assert driver.released == driver.opened


def test_a_hung_driver_is_a_fault_in_time_and_resumes_when_it_returns(driver: Driver) -> None:
    source = open_fake(driver)
    driver.free.clear()
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(SourceFault, match="does not answer"):
            source.read()
    assert time.monotonic() - began < 5.0  # it would hang for 30 s
    driver.free.set()
    assert read_until_back(source) == 0
    assert driver.opened == 1


def test_a_driver_that_hangs_for_ever_is_abandoned_for_a_fresh_start(driver: Driver) -> None:
    clock, fresh = Clock(), Driver()
    settings = CameraSourceSettings(grab_timeout_s=0.05)

    def plugged_in_now(asked: CameraSourceSettings) -> Capture:
        return (fresh if driver.opened else driver).open(asked)

    source = CameraSource(settings, plugged_in_now, clock, sleep=lambda _: None)
    driver.free.clear()
    with pytest.raises(SourceFault):
        source.read()
    clock.now += 20.0
    with pytest.raises(SourceFault):
        source.read()
    assert read_until_back(source, clock) == 0
    source.close()
    driver.free.set()
    assert driver.given_back.wait(5)
    assert (fresh.opened, fresh.released) == (1, 1)


def test_closing_does_not_wait_for_a_hung_driver_and_its_device_is_given_back_late(driver: Driver) -> None:
    source = open_fake(driver)
    driver.free.clear()
    with pytest.raises(SourceFault):
        source.read()
    source.close()
    assert source.read() is None
    assert driver.released == 0
    driver.free.set()
    assert driver.given_back.wait(5)


def test_a_camera_that_hangs_while_opening_is_a_fault(driver: Driver) -> None:
    driver.free.clear()
    with pytest.raises(SourceFault, match="does not answer"):
        open_fake(driver, open_timeout_s=0.1)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (97, "camera:97 is not there .*plug it in"),
        ("/dev/video98", "camera:/dev/video98 is not there"),
        ("nvarguscamerasrc ! appsink", "needs an OpenCV with GStreamer"),
        ("rtsp://user:secret@127.0.0.1:9/x", "camera:rtsp://127.0.0.1:9/x gives no picture: check its address"),
    ],
)
def test_a_camera_that_is_not_there_is_one_sentence(
    device: int | str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if device == "nvarguscamerasrc ! appsink" and cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        pytest.skip("this OpenCV has GStreamer")
    with pytest.raises(SourceFault, match=message) as fault:
        CameraSource(CameraSourceSettings(device=device))
    assert "secret" not in str(fault.value)
    assert capfd.readouterr() == ("", "")


def test_a_calibration_for_another_resolution_is_scaled_and_for_another_aspect_refused(
    driver: Driver, tmp_path: Path
) -> None:
    calibration = tmp_path / "camera.yaml"
    calibration.write_text("width: 640\nheight: 480\nfx: 500\nfy: 500\ncx: 319.5\ncy: 239.5\n")
    assert open_fake(driver, calibration=calibration).intrinsics.fx == 50.0
    driver.picture = np.zeros((48, 48, 3), np.uint8)
    with pytest.raises(UsageError, match="another aspect"):
        open_fake(driver, calibration=calibration)
    assert driver.released == 1


def test_a_camera_that_comes_back_as_another_is_a_fault_of_the_walk(driver: Driver, tmp_path: Path) -> None:
    calibration = tmp_path / "camera.yaml"
    calibration.write_text("width: 640\nheight: 480\nfx: 500\nfy: 500\ncx: 319.5\ncy: 239.5\n")
    source = open_fake(driver, calibration=calibration)
    driver.picture = np.zeros((48, 48, 3), np.uint8)
    with pytest.raises(SourceFault, match="another aspect"):
        source.read()


def test_digits_are_a_number_of_a_camera() -> None:
    assert CameraSourceSettings(device="1").device == 1
    assert CameraSourceSettings(device="/dev/video1").device == "/dev/video1"
