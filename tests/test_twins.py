"""The kernels against their slow and obvious twins, on pictures that nobody chose."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

import oracle
from lookalike import imagehash
from lookalike._core import Planes

SIDE = st.integers(1, 60)
unhurried = settings(deadline=None, max_examples=60)
KINDS_OF_PICTURE = st.sampled_from(["noise", "steps", "bilevel", "slope", "flat"])


def _picture(width: int, height: int, seed: int, kind: str) -> oracle.Grey:
    rng = random.Random(seed)
    draw = {
        "noise": lambda x, y: rng.randrange(256),
        "steps": lambda x, y: 60 * ((x * 5 // width + y * 3 // height) % 5),
        "bilevel": lambda x, y: 255 * rng.randrange(2),
        "slope": lambda x, y: (x * (seed % 7) + y * (seed % 5)) % 256,
        "flat": lambda x, y: seed % 256,
    }[kind]
    return np.array([[draw(x, y) for x in range(width)] for y in range(height)], dtype=np.uint8)


def _planes(grey: oracle.Grey) -> Planes:
    planes = Planes(grey.shape[1], grey.shape[0])
    planes.push_grey(grey.tobytes())
    return planes


def _resized(grey: oracle.Grey, width: int, height: int) -> oracle.Grey:
    data = _planes(grey).resize(width, height)
    return np.frombuffer(data, np.uint8).reshape(height, width)


@unhurried
@given(SIDE, SIDE, st.integers(1, 70), st.integers(1, 70), st.integers(0, 10**9), KINDS_OF_PICTURE)
def test_resize(width: int, height: int, across: int, down: int, seed: int, kind: str) -> None:
    grey = _picture(width, height, seed, kind)
    assert (_resized(grey, across, down) == oracle.resize(grey, across, down)).all()


@pytest.mark.parametrize("size", [(2000, 3), (3, 2000), (1, 700), (1025, 40)])
def test_resize_of_long_pictures(size: tuple[int, int]) -> None:
    grey = _picture(*size, seed=size[0], kind="noise")
    for across, down in ((8, 8), (9, 8), (32, 32), (3, 64)):
        assert (_resized(grey, across, down) == oracle.resize(grey, across, down)).all()


@unhurried
@given(SIDE, SIDE, st.integers(2, 12), st.integers(0, 10**9), KINDS_OF_PICTURE)
def test_averages_and_differences(width: int, height: int, size: int, seed: int, kind: str) -> None:
    grey = _picture(width, height, seed, kind)
    image = Image.fromarray(grey)
    square = oracle.resize(grey, size, size)
    assert (imagehash.average_hash(image, size).hash == oracle.average_bits(square)).all()
    assert (imagehash.average_hash(image, size, np.median).hash == oracle.median_bits(square)).all()
    across, down = oracle.resize(grey, size + 1, size), oracle.resize(grey, size, size + 1)
    assert (imagehash.dhash(image, size).hash == oracle.difference_bits(across)).all()
    assert (imagehash.dhash_vertical(image, size).hash == oracle.difference_bits(down.T).T).all()


@unhurried
@given(SIDE, SIDE, st.integers(2, 9), st.integers(1, 5), st.integers(0, 10**9), KINDS_OF_PICTURE)
def test_frequencies(width: int, height: int, size: int, factor: int, seed: int, kind: str) -> None:
    grey = _picture(width, height, seed, kind)
    image = Image.fromarray(grey)
    small = oracle.resize(grey, size * factor, size * factor)
    exact = oracle.above(oracle.phash_margins(small, size))
    assert (imagehash.phash(image, size, factor).hash == exact).all()
    exact = oracle.above(oracle.phash_simple_margins(small, size))
    assert (imagehash.phash_simple(image, size, factor).hash == exact).all()


@unhurried
@given(SIDE, SIDE, st.sampled_from([1, 2, 4, 8]), st.sampled_from([8, 16, 32]), st.integers(0, 10**9), st.booleans())
def test_haar(width: int, height: int, size: int, scale: int, seed: int, remove: bool) -> None:
    grey = _picture(width, height, seed, "noise")
    margins = oracle.haar_margins(oracle.resize(grey, scale, scale), size)
    # Where a block equals the median, the bit is decided by the order of ImageHash's float operations.
    sure = ~oracle.ties(margins)
    bits = imagehash.whash(Image.fromarray(grey), size, scale, remove_max_haar_ll=remove).hash
    assert (bits == oracle.above(margins))[sure].all()


@unhurried
@given(st.integers(1, 25), st.integers(1, 25), st.integers(1, 50), st.integers(0, 10**9))
def test_colors(width: int, height: int, binbits: int, seed: int) -> None:
    rng = random.Random(seed)
    levels = rng.choice([range(256), (0, 85, 170, 255), (10, 40, 120), (0, 31, 32, 33, 96)])
    image = Image.frombytes("RGB", (width, height), bytes(rng.choice(levels) for _ in range(3 * width * height)))
    grey = np.asarray(image.convert("L"))
    hue, saturation, _ = (np.asarray(band) for band in image.convert("HSV").split())
    expected = oracle.color_bits(oracle.color_counts(grey, hue, saturation), width * height, binbits)
    assert (imagehash.colorhash(image, binbits).hash == expected).all()


def test_classes_of_every_saturation() -> None:
    hue, saturation = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    grey = np.full_like(hue, 90)
    planes = Planes(256, 256, True)
    planes.push_grey_hs(grey.tobytes(), hue.tobytes(), saturation.tobytes())
    assert planes.color_counts() == oracle.color_counts(grey, hue, saturation)


def _filtered(grey: oracle.Grey, side: int) -> oracle.Grey:
    small = Image.fromarray(oracle.resize(grey, side, side))
    return np.asarray(small.filter(ImageFilter.GaussianBlur()).filter(ImageFilter.MedianFilter()))


@unhurried
@given(SIDE, SIDE, st.integers(1, 40), st.integers(0, 255), st.integers(0, 30), st.integers(0, 10**9), KINDS_OF_PICTURE)
def test_regions(width: int, height: int, side: int, threshold: int, least: int, seed: int, kind: str) -> None:
    grey = _picture(width, height, seed, kind)
    found = oracle.regions(_filtered(grey, side), threshold, least)
    mine: Any = _planes(grey).segments(None, float(threshold), float(least), side)
    assert mine == oracle.boxes(found, side, width, height)
    for limit in (1, 3):
        largest = sorted(found, key=len, reverse=True)[:limit]
        assert _planes(grey).segments(limit, float(threshold), float(least), side) == oracle.boxes(
            largest, side, width, height
        )
