from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_nav.errors import UsageError
from edge_nav.sources.camera import CameraSourceSettings
from edge_nav.sources.images import ImagesSource, ImagesSourceSettings
from edge_nav.sources.raycast import RaycastSourceSettings
from edge_nav.sources.spec import open_source, parse_source, source_name
from edge_nav.sources.stereo import StereoSourceSettings
from edge_nav.sources.video import VideoSourceSettings

PIPELINE = "nvarguscamerasrc ! video/x-raw(memory:NVMM),width=1280 ! appsink"


@pytest.mark.parametrize(
    ("spec", "kind", "target"),
    [
        ("camera:0", "camera", 0),
        ("camera:/dev/video0", "camera", "/dev/video0"),
        ("camera:rtsp://host:554/a?b=c", "camera", "rtsp://host:554/a?b=c"),
        (f"camera:{PIPELINE}", "camera", PIPELINE),
        ("video:my walk.mp4", "video", Path("my walk.mp4")),
        ("VIDEO:C:\\walks\\a.mp4", "video", Path("C:\\walks\\a.mp4")),
        ("images:.", "images", Path()),
        ("rgbd:/x/y", "rgbd", Path("/x/y")),
        ("stereo:a:b", "stereo", Path("a:b")),
        ("sim:corridor:7", "sim", "corridor:7"),
    ],
)
def test_each_spec_gives_its_settings(spec: str, kind: str, target: object) -> None:
    settings = parse_source(spec)
    assert settings.type == kind
    fields = settings.model_dump()
    assert fields[{"camera": "device", "sim": "scene"}.get(kind, "path")] == target


def test_walk_is_the_bundled_walk() -> None:
    assert parse_source("walk").type == "walk"


def test_raycast_keeps_the_settings_of_a_profile() -> None:
    base = RaycastSourceSettings(seconds=3)
    assert parse_source("raycast", base) == base
    assert parse_source("raycast").type == "raycast"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("camra:0", "did you mean camera:0"),
        ("vidoe:a b.mp4", "did you mean video:a b.mp4"),
        ("0", "did you mean camera:0"),
        ("kinect:1", "sources are walk, raycast, camera:0, video:PATH"),
        ("", "sources are"),
        ("video", "write video:PATH"),
        ("rgbd:", "write rgbd:DIR"),
        ("camera:", "write camera:0"),
        ("walk:x", "write walk"),
        ("raycast:x", "write raycast"),
        ("browser", "is unknown"),
        ("sim:", "write sim:SCENE"),
        ("camera:123456", "less than or equal to 99"),
        ("camera:" + "9" * 5000, "impossible"),
        ("video:a\0b", "null character"),
    ],
)
def test_an_impossible_spec_is_one_sentence_with_a_remedy(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        parse_source(spec)
    assert "\n" not in str(error.value)


def test_a_path_without_its_kind_is_recognised(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"did you mean images:{tmp_path}"):
        parse_source(str(tmp_path))


def test_a_profile_keeps_all_but_the_target() -> None:
    base = CameraSourceSettings(device=0, fps=15.0, horizontal_fov_deg=90.0)
    assert parse_source("camera:2", base) == base.model_copy(update={"device": 2})
    assert parse_source("camera", base) is base
    assert parse_source("video:a.mp4", base) == VideoSourceSettings(path=Path("a.mp4"))
    assert parse_source("stereo:d", StereoSourceSettings(path=Path("c"), fps=2.0)) == StereoSourceSettings(
        path=Path("d"), fps=2.0
    )


KINDS = ("walk", "raycast", "camera", "video", "images", "rgbd", "stereo", "browser", "sim", "")


@settings(deadline=None)
@given(st.one_of(st.text(), st.builds("{}:{}".format, st.sampled_from(KINDS), st.text())))
def test_any_text_gives_settings_that_name_themselves_or_a_usage_error(spec: str) -> None:
    try:
        parsed = parse_source(spec)
    except UsageError as error:
        assert str(error)
    else:
        assert parsed.type == spec.partition(":")[0].strip().lower()
        assert source_name(parsed).startswith(parsed.type)


def test_a_name_for_the_log_holds_no_password() -> None:
    assert source_name(parse_source("camera:rtsp://user:secret@host/a")) == "camera:rtsp://host/a"
    assert source_name(parse_source("video:a.mp4")) == "video:a.mp4"


def test_opening_gives_the_source_of_the_settings(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((4, 4, 3), np.uint8))
    source = open_source(ImagesSourceSettings(path=tmp_path))
    assert isinstance(source, ImagesSource)
    assert source.read() is not None
    source.close()
