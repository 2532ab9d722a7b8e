"""The hand-over of pixels: exactly what Pillow's own conversions give, by either door, and for arrays."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike._core import Planes
from lookalike.errors import LimitError, NoImageError
from lookalike.options import DEFAULT_LIMITS, Limits
from lookalike.sources import pixels
from lookalike.sources.arrays import high_bytes, to_image
from lookalike.sources.pillow import held, normalise
from lookalike.sources.pixels import planes, public_strips, raw_strips

STANDARD = "standard/2"
CONVERTIBLE = ["1", "L", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LA", "PA", "RGBa", "I;16", "I", "F"]


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture of random pixels, the same every time."""
    values = np.random.default_rng(5).integers(0, 256, (height, width, 4), np.uint8)
    image = Image.fromarray(values)
    if mode in ("RGBA", "RGBX"):
        return image if mode == "RGBA" else Image.frombytes("RGBX", (width, height), values.tobytes())
    if mode in ("La", "RGBa"):
        return image.convert("LA" if mode == "La" else "RGBA").convert(mode)
    if mode == "PA":
        return image.convert("RGB").convert("P").convert("PA")
    if mode == "I;16":
        return Image.fromarray(values[:, :, 0].astype(np.uint16) * 257)
    return image.convert("RGB").convert(mode)


@pytest.fixture(params=["raw", "public"])
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test by Pillow's encoder, and again as if it were gone."""
    if request.param == "public":

        def closed(*_: object) -> None:
            raise AttributeError

        monkeypatch.setattr(pixels, "_encoder", closed)
    return str(request.param)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (257, 130), (20_001, 3)])
@pytest.mark.parametrize(("mode", "raw"), [("RGB", "RGBX"), ("RGBX", "RGBX"), ("RGBA", "RGBA"), ("L", "L")])
def test_strips_hold_every_pixel_in_whole_rows(size: tuple[int, int], mode: str, raw: str, door: str) -> None:
    image = noise(*size, mode)
    strips = list(raw_strips(image, raw))
    joined = b"".join(strips)
    assert all(len(strip) % (size[0] * len(raw)) == 0 for strip in strips)
    assert joined == b"".join(public_strips(image, raw))
    if mode == "RGB":
        assert np.array_equal(pixels_of(joined, size, 4)[:, :, :3], np.asarray(image))
    else:
        assert joined == image.tobytes()


def pixels_of(data: bytes, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).reshape(size[1], size[0], channels)


@pytest.mark.parametrize("mode", CONVERTIBLE)
def test_grey_is_what_pillow_converts_to(mode: str, door: str) -> None:
    image = noise(301, 97, mode)
    assert planes(image, False).grey() == image.convert("L").tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"])
def test_colours_are_those_of_pillow_s_hsv(mode: str, door: str) -> None:
    image = noise(301, 97, mode)
    expected = Planes(*image.size, True)
    hue, saturation, _ = image.convert("HSV").split()
    expected.push_grey_hs(image.convert("L").tobytes(), hue.tobytes(), saturation.tobytes())
    found = planes(image, True)
    assert found.color_counts() == expected.color_counts()
    assert found.grey() == expected.grey()


def test_a_photo_is_handed_over_exactly(photo: Path) -> None:
    image = Image.open(photo)
    image.load()
    assert planes(image, True).grey() == image.convert("L").tobytes()


def test_bytes_stay_and_bits_spread() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(high_bytes(values), values)
    assert np.array_equal(high_bytes(values > 99), np.where(values > 99, 255, 0))


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_keep_the_upper_byte(order: str) -> None:
    values = np.arange(0, 65536, 17, dtype=order).reshape(1, -1)
    assert np.array_equal(high_bytes(values), values // 256)


def test_pillow_s_32_bits_hold_bytes_or_16() -> None:
    bytes_alone = np.array([[-5, 0, 1, 127, 255]], np.int32)
    assert high_bytes(bytes_alone).tolist() == [[0, 0, 1, 127, 255]]
    values = np.array([[-5, 0, 255, 256, 65535, 70000]], np.int32)
    assert high_bytes(values).tolist() == [[0, 0, 0, 1, 255, 255]]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_are_shares_or_bytes(kind: type[np.floating]) -> None:
    every = np.arange(256)
    assert np.array_equal(high_bytes((every / 255).astype(kind).reshape(1, -1))[0], every)
    assert np.array_equal(high_bytes(every.astype(kind).reshape(1, -1))[0], every)


def test_floats_a_little_above_one_are_shares() -> None:
    overshot = np.array([[-0.02, 0.0, 0.5, 1.0, 1.02, 1.5]])
    assert high_bytes(overshot).tolist() == [[0, 0, 128, 255, 255, 255]]
    assert high_bytes(np.array([[0.0, 1.0, 1.6]])).tolist() == [[0, 1, 2]]


def test_floats_out_of_range_are_clipped() -> None:
    odd = np.array([[np.nan, -1.0, np.inf, -np.inf, 300.0, 127.4]])
    assert high_bytes(odd).tolist() == [[0, 0, 255, 0, 255, 127]]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint32, np.int64, np.complex64])
def test_numbers_without_a_clear_range_are_refused(kind: type[np.generic]) -> None:
    with pytest.raises(NoImageError, match="expected an array of uint8, uint16, bool or floats, got"):
        high_bytes(np.ones((2, 2), kind))


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((5,), "got (5,)"),
        ((2, 8, 8, 3), "list(array)"),
        ((3, 8, 8), "transpose"),
        ((8, 8, 5), "got (8, 8, 5)"),
        ((0, 8, 3), "with pixels"),
    ],
)
def test_shapes_that_are_no_picture_s(shape: tuple[int, ...], hint: str) -> None:
    with pytest.raises(NoImageError) as caught:
        to_image(np.zeros(shape, np.uint8), STANDARD, DEFAULT_LIMITS)
    assert hint in str(caught.value)


def test_an_array_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitError, match="at most 99 pixels"):
        to_image(np.zeros((10, 10), np.uint8), STANDARD, Limits(pixels=99))


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 2), (9, 7, 3), (9, 7, 4)])
def test_channels_mean_what_pillow_s_do(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    image = to_image(values, STANDARD, DEFAULT_LIMITS)
    assert image.mode == {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[shape[2] if len(shape) == 3 else 1]
    assert np.array_equal(np.asarray(image).reshape(shape), values)
    view = np.asfortranarray(np.repeat(values, 2, axis=0))[::-2][::-1]
    assert to_image(view, STANDARD, DEFAULT_LIMITS).tobytes() == image.tobytes()


@pytest.mark.parametrize("mode", [*CONVERTIBLE, "La", "LAB"])
def test_the_standard_recipe_ends_in_grey_or_rgb_and_leaves_the_image_alone(mode: str) -> None:
    image = noise(30, 20, mode)
    before = image.mode, image.tobytes(), dict(image.info)
    assert normalise(image, STANDARD).mode in ("L", "RGB")
    assert (image.mode, image.tobytes(), dict(image.info)) == before


@pytest.mark.parametrize("mode", ["LA", "RGBA", "La", "RGBa"])
def test_what_is_transparent_is_white(mode: str) -> None:
    clear = Image.new(mode, (4, 4))
    assert set(normalise(clear, STANDARD).tobytes()) == {255}


def test_a_half_transparent_black_is_grey() -> None:
    assert normalise(Image.new("RGBA", (1, 1), (0, 0, 0, 128)), STANDARD).getpixel((0, 0)) == (127, 127, 127)


def through_png(image: Image.Image, **options: object) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return Image.open(file)


def test_a_transparent_grey_value_is_white() -> None:
    image = Image.frombytes("L", (4, 1), bytes([0, 10, 200, 255]))
    assert normalise(through_png(image, transparency=10), STANDARD).tobytes() == bytes([0, 255, 200, 255])


def test_a_transparent_colour_is_white() -> None:
    image = Image.frombytes("RGB", (2, 1), bytes([1, 2, 3, 9, 9, 9]))
    assert normalise(through_png(image, transparency=(1, 2, 3)), STANDARD).tobytes() == bytes([255] * 3 + [9] * 3)


def test_a_transparent_deep_value_is_white() -> None:
    image = Image.fromarray(np.array([[0x0102, 0x0103, 0xFFFF]], np.uint16))
    png = through_png(image)
    png.load()
    png.info["transparency"] = 0x0102
    assert normalise(png, STANDARD).tobytes() == bytes([255, 1, 255])


def test_a_transparent_palette_entry_is_white_and_the_palette_is_kept() -> None:
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    for key, expected in (
        (1, [10, 20, 30, 255, 255, 255, 70, 80, 90]),
        (b"\0\xff\xff", [255, 255, 255, 40, 50, 60, 70, 80, 90]),
    ):
        image.info["transparency"] = key
        assert list(normalise(image, STANDARD).tobytes()) == expected
        assert image.im.getpalettemode() == "RGB"


@pytest.mark.parametrize("key", ["no such thing", (1, 2, 3), 3.5, None])
def test_a_senseless_transparency_is_passed_over(key: object) -> None:
    image = noise(8, 8, "L")
    image.info["transparency"] = key
    assert normalise(image, STANDARD).tobytes() == image.tobytes()


def test_the_imagehash_recipe_takes_the_image_as_it_is() -> None:
    image = noise(8, 8, "RGBA")
    assert normalise(image, "imagehash/1") is image


def test_the_frame_that_stands_is_held() -> None:
    file = io.BytesIO()
    frames = [Image.new("L", (8, 8), value) for value in (0, 100, 200)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    moving = Image.open(file)
    moving.seek(1)
    frame = held(moving)
    moving.seek(2)
    assert (frame.convert("L").getpixel((0, 0)), frame.format) == (100, "GIF")


def test_no_numpy_for_ordinary_files() -> None:
    import subprocess

    code = "import sys, lookalike.sources.pillow, lookalike.sources.pixels; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
