"""Borders: what is around a picture is found, and what belongs to it stays."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont, ImageOps

from lookalike._core import Planes, decode_jpeg

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
NEAR = 0.02


def inner_box(grey: np.ndarray) -> Box | None:
    """The box of a plane of bytes."""
    planes = Planes(grey.shape[1], grey.shape[0])
    planes.push_grey(np.ascontiguousarray(grey, dtype=np.uint8).tobytes())
    return planes.inner_box()


def box_of(image: Image.Image, quality: int = 85) -> Box | None:
    """The box of the picture as a JPEG file, at the scale at which its hashes are made."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    scale = next((scale for scale in (1, 2, 4) if min(image.size) * scale >= 320), 8)
    (width, height, *_), [(samples, columns, rows)], *_ = decode_jpeg(file.getvalue(), scale, "none", 10**8)
    found = inner_box(np.frombuffer(samples, np.uint8).reshape(rows, columns))
    if found is None:
        return None
    across, down = columns * 8 / scale / width, rows * 8 / scale / height
    left, upper, right, lower = found
    return left * across, upper * down, min(1.0, right * across), min(1.0, lower * down)


def distance(one: Box | None, other: Box | None) -> float:
    """The greatest difference of a side; no box is the whole."""
    return max(abs(a - b) for a, b in zip(one or WHOLE, other or WHOLE, strict=True))


def inside(outer: Box, inner: Box) -> Box:
    """A box in shares of another one, in shares of the whole."""
    left, upper, right, lower = outer
    across, down = right - left, lower - upper
    return left + inner[0] * across, upper + inner[1] * down, left + inner[2] * across, upper + inner[3] * down


def expanded(image: Image.Image, border: tuple[int, int, int, int], grey: int) -> tuple[Image.Image, Box]:
    """A picture with a border on each side, and where it is."""
    left, upper, right, lower = border
    out = ImageOps.expand(image, border, (grey, grey, grey))
    return out, (left / out.width, upper / out.height, 1 - right / out.width, 1 - lower / out.height)


def photos(shared: Path, folder: str, count: int) -> list[Image.Image]:
    """Photographs of about the same size."""
    found = []
    for path in sorted((shared / "photos" / folder).glob("*.jpg"))[:count]:
        with Image.open(path) as image:
            found.append(ImageOps.exif_transpose(image).convert("RGB"))
            found[-1].thumbnail((640, 640))
    return found


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture that has no line in common with a border."""
    return np.random.default_rng(seed).integers(40, 215, (height, width), dtype=np.uint8)


def _frame(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    return expanded(image, (24, 24, 24, 24), grey)


def _letterbox(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    return expanded(image, (0, 70, 0, 70), grey)


def _one_side(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    return expanded(image, (0, 0, 33, 0), grey)


def _polaroid(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    out, box = expanded(image, (25, 25, 25, 110), grey)
    draw = ImageDraw.Draw(out)
    draw.text((out.width / 2, out.height - 50), "at the sea", fill=_ink(grey), font=_font(30), anchor="mm")
    return out, box


def _caption(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    out, box = expanded(image, (0, 120, 0, 0), grey)
    draw = ImageDraw.Draw(out)
    draw.text((15, 15), "nobody knows what comes\nafter this picture", fill=_ink(grey), font=_font(34))
    return out, box


def _bars(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    out, box = expanded(image, (0, 90, 0, 60), grey)
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, out.width, 29), fill=(90, 90, 90))
    draw.text((12, 6), "12:34", fill=(255, 255, 255), font=_font(15))
    draw.text((50, 46), "Pictures", fill=_ink(grey), font=_font(24))
    for x in range(40, out.width - 40, 120):
        draw.ellipse((x, out.height - 42, x + 24, out.height - 18), outline=_ink(grey), width=3)
    return out, box


def _double(image: Image.Image, grey: int) -> tuple[Image.Image, Box]:
    inside, _ = expanded(image, (24, 24, 24, 24), 255 - grey)
    out, _ = expanded(inside, (26, 26, 26, 26), grey)
    return out, (50 / out.width, 50 / out.height, 1 - 50 / out.width, 1 - 50 / out.height)


def _ink(grey: int) -> tuple[int, int, int]:
    return (20, 20, 20) if grey > 127 else (240, 240, 240)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


Border = Callable[[Image.Image, int], tuple[Image.Image, Box]]
BORDERS: tuple[Border, ...] = (_frame, _letterbox, _one_side, _polaroid, _caption, _bars, _double)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("grey", [0, 255])
def test_borders_around_photos_are_found(shared: Path, border: Border, grey: int) -> None:
    images = photos(shared, "everyday", 30)
    errors = []
    for number, image in enumerate(images):
        out, expected = border(image, grey)
        found = box_of(out, 40 + 50 * (number % 2))
        # Some of the photos have bars of their own, which are trimmed as well.
        errors.append(min(distance(found, inside(expected, box)) for box in (WHOLE, box_of(image) or WHOLE)))
    near = [error for error in errors if error <= NEAR]
    # What is missing are dark photos in black frames.
    assert len(near) >= 0.8 * len(images), sorted(errors)[-6:]
    assert np.mean(near) < 0.005


@pytest.mark.parametrize(("folder", "most"), [("everyday", 5), ("products-clothing", 2), ("products-grocery", 2)])
def test_photos_without_a_border_are_left_whole(shared: Path, folder: str, most: int) -> None:
    boxes = [box_of(image) for image in photos(shared, folder, 40)]
    assert sum(box is not None for box in boxes) <= most


def test_copies_of_a_photo_have_the_same_box(shared: Path) -> None:
    images = photos(shared, "everyday", 20) + photos(shared, "products-clothing", 20)
    differ = 0
    for image in images:
        box = box_of(image, 92)
        small = image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.LANCZOS)
        mirrored = box_of(ImageOps.mirror(image)) or WHOLE
        back = (1 - mirrored[2], mirrored[1], 1 - mirrored[0], mirrored[3])
        differ += sum(distance(box, other) > NEAR for other in (box_of(image, 45), box_of(small), back))
    assert differ <= 0.02 * 3 * len(images)


def test_a_thing_on_white_loses_its_black_frame_only(shared: Path) -> None:
    images = photos(shared, "products-clothing", 30)
    framed = (expanded(image, (20, 20, 20, 20), 0) for image in images)
    assert sum(distance(box_of(out), expected) <= NEAR for out, expected in framed) >= 28


@pytest.mark.parametrize("turned", range(8))
@pytest.mark.parametrize("size", [(45, 60), (248, 333)])
def test_mirrored_and_turned_planes_have_such_boxes(turned: int, size: tuple[int, int]) -> None:
    grey = np.pad(noise(*size), ((9, 0), (4, 12)), constant_values=255)
    left, upper, right, lower = inner_box(grey) or WHOLE
    corners = np.zeros((2, 2, 2))  # x and y of the corners, as a picture of two by two
    corners[0], corners[1] = [[left, right]] * 2, [[upper] * 2, [lower] * 2]
    turns, mirror = turned % 4, turned >= 4
    for _ in range(turns):  # a quarter against the clock
        grey, corners = np.rot90(grey), np.stack([np.rot90(corners[1]), np.rot90(1 - corners[0])])
    if mirror:
        grey, corners = grey[:, ::-1], np.stack([1 - corners[0][:, ::-1], corners[1][:, ::-1]])
    expected = (corners[0].min(), corners[1].min(), corners[0].max(), corners[1].max())
    assert expected != WHOLE
    assert distance(inner_box(grey), expected) < 1e-5


@pytest.mark.parametrize("sigma", [1, 2, 3])
def test_noise_does_not_hide_a_border(sigma: int) -> None:
    grey = np.pad(noise(45, 60), 6, constant_values=128).astype(float)
    noisy = np.clip(np.rint(grey + np.random.default_rng(1).normal(0, sigma, grey.shape)), 0, 255)
    assert distance(inner_box(noisy), (6 / 72, 6 / 57, 66 / 72, 51 / 57)) < 0.01


def test_what_has_no_picture_inside_has_no_box() -> None:
    rows, columns = np.mgrid[:45, :60]
    disc = (rows - 22) ** 2 + (columns - 30) ** 2 < 300
    for grey in (
        np.zeros((1, 1)),
        np.full((45, 60), 200),
        rows * 5,
        rows,
        rows * 3 // 2,
        rows * 2,
        rows * 3,
        rows * 255 // 44,
        columns * 4,
        np.where(disc, noise(45, 60), 255),
        np.pad(noise(10, 10), 40),
        noise(45, 60),
        noise(1, 300),
    ):
        assert inner_box(grey) is None


def test_an_unfinished_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="complete picture"):
        Planes(3, 3).inner_box()


@given(
    width=st.integers(1, 200),
    height=st.integers(1, 200),
    greys=st.lists(st.integers(0, 255), min_size=1, max_size=5),
    across=st.integers(1, 60),
    down=st.integers(1, 60),
)
def test_any_plane_has_a_box_inside_or_none(width: int, height: int, greys: list[int], across: int, down: int) -> None:
    rows, columns = np.mgrid[:height, :width]
    grey = np.array(greys)[(rows // down * 3 + columns // across) % len(greys)]
    box = inner_box(grey)
    if box is not None:
        left, upper, right, lower = box
        assert 0 <= left < right <= 1
        assert 0 <= upper < lower <= 1
        assert (left, upper, right, lower) != WHOLE
        assert (right - left) * (lower - upper) > 0.05
