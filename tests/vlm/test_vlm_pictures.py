"""Pictures on their way into the vision tower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from vlm.vlm_bundle import SIDE, bundle, picture

from edge_nav.vlm.resize import fit_square, resize
from edge_nav.vlm.vision_encoder import VisionEncoder

Image = pytest.importorskip("PIL.Image", reason="Pillow, the reference, is not installed")
MEAN = (0.48145466, 0.4578275, 0.40821073)


def random(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def pillow(rgb: NDArray[np.uint8], height: int, width: int, interpolation: str) -> NDArray[np.uint8]:
    kernel = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}[interpolation]
    return np.asarray(Image.fromarray(rgb).resize((width, height), kernel))


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize(("height", "width", "side"), [(480, 640, 224), (48, 64, 336), (720, 1280, 336), (17, 33, 56)])
def test_resizing_equals_pillows_to_the_bit(height: int, width: int, side: int, interpolation: str) -> None:
    rgb = random(height, width)
    found = resize(rgb, side, side, interpolation)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found, pillow(rgb, side, side, interpolation))


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_rows_come_before_columns_whatever_the_shape(interpolation: str) -> None:
    """Asked for both at once, Pillow 13 chooses the order by the shape."""
    rng = np.random.default_rng(1)
    for seed, (a, b, c, d) in enumerate(rng.integers(3, 150, (60, 4)).tolist()):
        rgb = random(a, b, seed)
        found = resize(rgb, c, d, interpolation)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found, pillow(pillow(rgb, a, d, interpolation), c, d, interpolation))


def test_flat_colours_stay_as_they_are() -> None:
    flat = np.full((33, 77, 3), (0, 128, 255), np.uint8)
    assert (resize(flat, 20, 90, "bicubic") == (0, 128, 255)).all()


def test_padding_centres_on_the_mean_colour() -> None:
    rgb = np.full((20, 40, 3), 200, np.uint8)
    square = fit_square(rgb, 40, "pad", "bicubic", MEAN)
    assert (square[:10] == [int(255 * m) for m in MEAN]).all()
    assert (square[10:30] == 200).all()
    assert (square[30:] == [int(255 * m) for m in MEAN]).all()


def test_cropping_keeps_the_middle_of_the_longer_side() -> None:
    rgb = random(60, 100)
    whole = pillow(rgb, 30, 50, "bicubic")
    np.testing.assert_array_equal(fit_square(rgb, 30, "crop", "bicubic", MEAN), whole[:, 10:40])


def test_squashing_and_a_picture_of_the_right_size() -> None:
    rgb = random(60, 100)
    np.testing.assert_array_equal(fit_square(rgb, 30, "squash", "bicubic", MEAN), pillow(rgb, 30, 30, "bicubic"))
    square = random(30, 30)
    np.testing.assert_array_equal(fit_square(square, 30, "pad", "bicubic", MEAN), square)


def test_pixels_are_normalised_by_channel(tmp_path: Path) -> None:
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    opened = bundle(tmp_path / "b", vision={"mean": mean, "std": std})
    tower = VisionEncoder(opened, variant=None, backend="onnx", threads=1)
    wanted = pillow(picture(), SIDE, SIDE, "bicubic").transpose(2, 0, 1)[None] / 255.0
    wanted = (wanted - np.reshape(mean, (1, 3, 1, 1))) / np.reshape(std, (1, 3, 1, 1))
    pixels = tower.pixels(picture())
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, wanted, atol=1e-5)
