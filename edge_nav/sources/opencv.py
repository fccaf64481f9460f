"""OpenCV's own messages kept off the terminal: each of its failures is told once, in a sentence of ours."""

from __future__ import annotations

import os

import cv2

_FFMPEG_QUIET = "-8"  # AV_LOG_QUIET


def quiet_opencv() -> None:
    """Silences OpenCV and its FFmpeg, unless the environment asks them to speak.

    Call it before the first video is opened or written: FFmpeg takes its level then, once.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
