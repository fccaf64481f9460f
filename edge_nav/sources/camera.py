"""A live camera through OpenCV: by number, device path, GStreamer pipeline or RTSP address."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Annotated, Any, Literal, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from edge_nav.errors import SourceFault, UsageError
from edge_nav.sources.lens import Lens, LensSettings
from edge_nav.sources.opencv import quiet_opencv
from edge_nav.sources.pixels import to_rgb
from edge_nav.types import Fault, Frame, Intrinsics

T = TypeVar("T")

_FIRST_RETRY_S, _LAST_RETRY_S = 0.1, 2.0
_PATIENCE_S = 0.2
"""The longest that one read() waits for a camera known to be lost, so that the fault is told meanwhile."""
_ABANDON_S = 15.0
"""After this long a driver's call is taken to hang for ever, and its thread is left to it."""
_NETWORK_TIMEOUT_MS = 5000


class CameraSourceSettings(LensSettings):
    """A camera, and what to ask of it; it may answer with another size or rate."""

    type: Literal["camera"] = "camera"
    device: Annotated[int, Field(ge=0, le=99)] | Annotated[str, Field(min_length=1)] = Field(
        default=0, description="Number, device path, GStreamer pipeline (with ' ! ') or rtsp:// address."
    )
    width: int = Field(default=640, ge=64, le=7680, description="Picture width to ask for, in pixels.")
    height: int = Field(default=480, ge=48, le=4320, description="Picture height to ask for, in pixels.")
    fps: float = Field(default=30.0, ge=1.0, le=240.0, description="Frames per second to ask for.")
    open_timeout_s: float = Field(default=10.0, ge=0.1, le=60.0, description="Seconds to wait for the first picture.")
    grab_timeout_s: float = Field(
        default=1.0, ge=0.01, le=10.0, description="Seconds without a picture that count as lost."
    )

    @field_validator("device", mode="before")
    @classmethod
    def _number_or_name(cls, device: object) -> object:
        return int(device) if isinstance(device, str) and device.removeprefix("-").isdecimal() else device


class Capture(Protocol):
    """The part of cv2.VideoCapture that a camera needs."""

    def read(self) -> tuple[bool, NDArray[Any] | None]:
        """Whether there was a picture, and the picture."""
        ...

    def release(self) -> None: ...


class CameraSource:
    """Frames as they come, ``t`` in monotonic seconds since the first picture, taken as the driver hands it over.

    Every call into the driver runs on a thread of its own, as a broken driver may never return. Raises SourceFault
    if the camera does not open, UsageError if it does not fit its calibration.
    """

    live = True
    frame_count = None
    skipped = 0

    def __init__(
        self,
        settings: CameraSourceSettings,
        open_capture: Callable[[CameraSourceSettings], Capture] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``open_capture`` stands in for OpenCV, ``clock`` and ``sleep`` (seconds) for the time module."""
        quiet_opencv()
        self._settings = settings
        self._open_capture = open_capture or _open_with_opencv
        self._clock = clock
        self._sleep = sleep
        self._lens = Lens(settings)
        self._name = camera_name(settings)
        self._capture: Capture | None = None
        self._driver = _DriverThread()
        self._retry_s = _FIRST_RETRY_S
        self._retry_at = 0.0
        self._index = 0
        self._closed = False
        self._begin(self._open)
        try:
            first = self._await(settings.open_timeout_s)
            _, self._intrinsics = self._straighten(first.image)
        except (SourceFault, UsageError):
            self.close()
            raise
        self._start_s = first.taken_s

    @property
    def intrinsics(self) -> Intrinsics:
        return self._intrinsics

    @property
    def notices(self) -> tuple[Fault, ...]:
        """That its field of view is only assumed."""
        return self._lens.notices

    def read(self) -> Frame | None:
        """The next picture; None once closed.

        Raises SourceFault when the camera is lost (after at most ``grab_timeout_s``), and again on each read (after
        at most 0.2 s) until it is back; those reads reopen it, ever more rarely, at least every 2 s.
        """
        if self._closed:
            return None
        patience_s = _PATIENCE_S
        if self._job is None and self._capture is not None:
            patience_s = self._settings.grab_timeout_s
            self._begin(self._grab(self._capture))
        elif self._job is None:
            pause_s = self._retry_at - self._clock()
            if pause_s > 0:
                self._sleep(min(pause_s, _PATIENCE_S))
            if pause_s > _PATIENCE_S:
                raise SourceFault(self._loss())
            self._begin(self._open)
        picture = self._await(patience_s)
        try:
            rgb, intrinsics = self._straighten(picture.image)
        except UsageError as error:  # it came back as another camera: a fault of now, not of the settings
            raise SourceFault(str(error)) from None
        frame = Frame(self._index, max(0.0, picture.taken_s - self._start_s), rgb, intrinsics)
        self._index += 1
        return frame

    def close(self) -> None:
        """Gives the device back; a driver that hangs gives it back when it returns."""
        if self._closed:
            return
        self._closed = True
        if self._job is not None:
            self._job.add_done_callback(_release_late)
        elif self._capture is not None:
            wait([self._driver.start(self._capture.release)], timeout=self._settings.grab_timeout_s)
        self._driver.end()

    def _straighten(self, image: NDArray[Any]) -> tuple[NDArray[np.uint8], Intrinsics]:
        try:
            rgb = to_rgb(image)
        except ValueError as error:
            raise UsageError(f"{self._name} gives strange pictures ({error}): ask it for BGR.") from None
        return self._lens.straighten(rgb)

    def _begin(self, work: Callable[[], _Picture | None]) -> None:
        self._asked_at = self._clock()
        self._job: Future[_Picture | None] | None = self._driver.start(work)

    def _await(self, patience_s: float) -> _Picture:
        """The picture of the call under way. Raises SourceFault if it failed or is not back in time."""
        job = self._job
        assert job is not None
        if not wait([job], timeout=patience_s).done:
            if self._clock() - self._asked_at > _ABANDON_S:
                job.add_done_callback(_release_late)
                self._driver.end()
                self._driver, self._job, self._capture = _DriverThread(), None, None
            raise SourceFault(f"{self._name} does not answer: check its plug and cable.")
        self._job = None
        picture = job.result()
        if picture is None:
            self._capture = None
            self._retry_at = self._clock() + self._retry_s
            self._retry_s = min(2 * self._retry_s, _LAST_RETRY_S)
            raise SourceFault(self._loss())
        self._capture, self._retry_s = picture.capture, _FIRST_RETRY_S
        return picture

    def _open(self) -> _Picture | None:
        """On the driver's thread: opened counts only with a picture. None if there is none."""
        try:
            capture = self._open_capture(self._settings)
        except cv2.error:
            return None
        return self._grab(capture)()

    def _grab(self, capture: Capture) -> Callable[[], _Picture | None]:
        clock = self._clock

        def grab() -> _Picture | None:
            try:
                got, image = capture.read()
            except cv2.error:
                got, image = False, None
            if got and image is not None:
                return _Picture(capture, image, clock())
            capture.release()
            return None

        return grab

    def _loss(self) -> str:
        """Why there is no picture, as far as can be told without the driver."""
        device = self._settings.device
        if _is_pipeline(device) and not _has_gstreamer():
            return f"{self._name} needs an OpenCV with GStreamer: install the system's python3-opencv."
        if isinstance(device, str) and "://" in device:
            return f"{self._name} gives no picture: check its address, power and network."
        node = Path(f"/dev/video{device}" if isinstance(device, int) else device)
        if not _is_pipeline(device) and sys.platform == "linux":
            if not node.exists():
                return f"{self._name} is not there ({node} is missing): plug it in, or name another camera."
            if not os.access(node, os.R_OK):
                return f"{self._name} may not be opened by this user: add the user to the group video."
        return f"{self._name} gives no picture: check its plug, or close the program that uses it."


def camera_name(settings: CameraSourceSettings) -> str:
    """What to call the camera in messages and logs: its spec, without the password that an address may hold."""
    return f"camera:{re.sub(r'//[^/@]*@', '//', str(settings.device))}"


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    capture: Capture
    image: NDArray[Any]
    taken_s: float


class _DriverThread:
    """One thread that makes a driver's calls in turn. A daemon, so that one which hangs cannot hold up the exit."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        Thread(target=self._run, name="camera-driver", daemon=True).start()

    def start(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def call() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - not swallowed: the future raises it where it is awaited
                future.set_exception(error)

        self._calls.put(call)
        return future

    def end(self) -> None:
        """Ends the thread once the call under way has returned."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _release_late(job: Future[_Picture | None]) -> None:
    picture = job.result() if job.exception() is None else None
    if picture is not None:
        picture.capture.release()


def _open_with_opencv(settings: CameraSourceSettings) -> Capture:
    device = settings.device
    if isinstance(device, str) and _is_pipeline(device):
        return cv2.VideoCapture(device, cv2.CAP_GSTREAMER)
    if isinstance(device, str) and "://" in device:
        # FFmpeg alone waits half a minute for a camera that has gone.
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _NETWORK_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
        return cv2.VideoCapture(device, cv2.CAP_FFMPEG, [*limits, _NETWORK_TIMEOUT_MS])
    is_file = isinstance(device, str) and not device.startswith("/dev/")
    linux_device = sys.platform == "linux" and not is_file
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2 if linux_device else cv2.CAP_ANY)
    if capture.isOpened() and not is_file:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        capture.set(cv2.CAP_PROP_FPS, settings.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in the driver's queue is already old
    return capture


def _is_pipeline(device: int | str) -> bool:
    return isinstance(device, str) and " ! " in device


def _has_gstreamer() -> bool:
    return bool(cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER))
