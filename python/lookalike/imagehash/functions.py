"""The hash functions of one picture."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Literal

import numpy
from PIL import Image

from .._core import Planes
from ..sources.pixels import planes as pixels_of
from .values import ImageHash, NDArray

__all__ = [
    "ANTIALIAS",
    "MeanFunc",
    "WhashError",
    "WhashMode",
    "average_hash",
    "colorhash",
    "dhash",
    "dhash_vertical",
    "phash",
    "phash_simple",
    "planes_of",
    "side_of",
    "whash",
]

ANTIALIAS = Image.Resampling.LANCZOS
WhashMode = Literal["haar", "db4"]
MeanFunc = Callable[[NDArray], float]

_WAVELETS = {"haar": False, "db1": False, "db4": True}
_CORE_BINBITS = 40
_LARGEST_SIDE = 2**14


class WhashError(AssertionError, ValueError):
    """Sizes that `whash` cannot use."""


def average_hash(image: Image.Image, hash_size: int = 8, mean: MeanFunc = numpy.mean) -> ImageHash:
    """Which pixels of the picture, reduced to a small square, are brighter than their average.

    Args:
        image: a PIL image of any mode.
        hash_size: side of the square, 2 or more.
        mean: what to compare with: gets the pixels as an array of uint8, shape `(hash_size, hash_size)`.

    Returns:
        A hash of shape `(hash_size, hash_size)`.

    Raises:
        ValueError: if `hash_size` is below 2.
    """
    size = _size_of_two(hash_size)
    planes = planes_of(image)
    if mean is numpy.mean or mean is numpy.median:
        return _square(planes.ahash(size, mean is numpy.median), size)
    pixels: Any = numpy.frombuffer(planes.resize(size, size), numpy.uint8).reshape(size, size)
    return ImageHash(pixels > mean(pixels))


def phash(image: Image.Image, hash_size: int = 8, highfreq_factor: int = 4) -> ImageHash:
    """Which low frequencies of the picture are above their median.

    Args:
        image: a PIL image of any mode.
        hash_size: side of the square of frequencies, 2 or more.
        highfreq_factor: the frequencies are those of a square `hash_size * highfreq_factor` pixels wide.

    Returns:
        A hash of shape `(hash_size, hash_size)`.

    Raises:
        ValueError: if `hash_size` is below 2 or `highfreq_factor` below 1.
    """
    size = _size_of_two(hash_size)
    factor = _factor(size, highfreq_factor)
    return _square(planes_of(image).phash(size, factor), size)


def phash_simple(image: Image.Image, hash_size: int = 8, highfreq_factor: int = 4) -> ImageHash:
    """Which low frequencies of the picture's rows, without the lowest, are above their mean.

    Args:
        image: a PIL image of any mode.
        hash_size: number of rows and frequencies.
        highfreq_factor: the frequencies are those of a square `hash_size * highfreq_factor` pixels wide.

    Returns:
        A hash of shape `(hash_size, hash_size)`; one column less if `highfreq_factor` is 1.

    Raises:
        ValueError: if `hash_size` or `highfreq_factor` is below 1.
    """
    size = side_of(hash_size)
    factor = _factor(size, highfreq_factor)
    code, columns = planes_of(image).phash_simple(size, factor)
    return _unpacked(code, size, columns)


def dhash(image: Image.Image, hash_size: int = 8) -> ImageHash:
    """Which pixels of the reduced picture are brighter than their left neighbour.

    Args:
        image: a PIL image of any mode.
        hash_size: side of the square of differences, 2 or more.

    Returns:
        A hash of shape `(hash_size, hash_size)`.

    Raises:
        ValueError: if `hash_size` is below 2.
    """
    size = _size_of_two(hash_size)
    return _square(planes_of(image).dhash(size), size)


def dhash_vertical(image: Image.Image, hash_size: int = 8) -> ImageHash:
    """Which pixels of the reduced picture are brighter than their upper neighbour.

    Args:
        image: a PIL image of any mode.
        hash_size: side of the square of differences.

    Returns:
        A hash of shape `(hash_size, hash_size)`.

    Raises:
        ValueError: if `hash_size` is below 1.
    """
    size = side_of(hash_size)
    return _square(planes_of(image).dhash_vertical(size), size)


def whash(
    image: Image.Image,
    hash_size: int = 8,
    image_scale: int | None = None,
    mode: WhashMode = "haar",
    remove_max_haar_ll: bool = True,
) -> ImageHash:
    """Which values of a wavelet's low band are above their median.

    Args:
        image: a PIL image of any mode.
        hash_size: a power of two, at most `image_scale`.
        image_scale: side of the square that is transformed, a power of two. By default the largest that
            is not above the picture's shorter side, or `hash_size` if that is more.
        mode: `"haar"` or `"db4"`.
        remove_max_haar_ll: take the picture's mean (by Haar) away first.

    Returns:
        A hash of shape `(hash_size, hash_size)`; `"db4"` adds up to 7 to each side.

    Raises:
        WhashError: if the sizes are no powers of two or do not fit each other.
        ValueError: if `mode` is another.
    """
    scale = None if image_scale is None else _power_of_two(image_scale, "image_scale is not power of 2")
    if scale is None and isinstance(image, Image.Image) and 0 in image.size:
        raise WhashError("expected a picture with pixels, or image_scale")
    size = _power_of_two(hash_size, "hash_size is not power of 2")
    if scale is not None and size > scale:
        raise WhashError("hash_size in a wrong range")
    db4 = _WAVELETS.get(str(mode).lower())
    if db4 is None:
        raise ValueError(f"expected 'haar' or 'db4' as the wavelet, got {mode!r}")
    code, side = planes_of(image).whash(size, scale, db4, bool(remove_max_haar_ll))
    return _square(code, side)


def colorhash(image: Image.Image, binbits: int = 3) -> ImageHash:
    """How much of the picture is black, grey, faintly coloured and brightly coloured, by hue.

    Args:
        image: a PIL image of any mode.
        binbits: bits for each of the 14 shares, 1 or more. They are not plain binary numbers.

    Returns:
        A hash of shape `(14, binbits)`: black, grey, 6 hues of faint colours, 6 hues of bright ones.

    Raises:
        ValueError: if `binbits` is below 1 or the picture has no pixels.
    """
    bits = operator.index(binbits)
    if bits < 1:
        raise ValueError(f"expected 1 or more as binbits, got {bits}")
    if isinstance(image, Image.Image) and 0 in image.size:
        raise ValueError(f"expected a picture with pixels, got {image.size[0]} x {image.size[1]}")
    planes = planes_of(image, color=True)
    if bits <= _CORE_BINBITS:
        return _unpacked(planes.colorhash(bits), 14, bits)
    return ImageHash(numpy.array(_color_bits(planes, bits)))


def planes_of(image: Image.Image | Planes, color: bool = False) -> Planes:
    """What the core needs of a picture; part of a picture is handed over as it is.

    Raises:
        AttributeError: if `image` is no PIL image. That is what calling its `convert` would raise.
    """
    if isinstance(image, Planes):
        return image
    if not isinstance(image, Image.Image):
        raise AttributeError(
            f"expected a PIL image, got {type(image).__name__}, which has no 'convert': "
            "open files with PIL.Image.open, turn arrays into images with PIL.Image.fromarray"
        )
    if 0 in image.size:
        return _black()
    image.load()
    return pixels_of(image, color)


def side_of(size: int) -> int:
    """The side of a square that the core can be asked for.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is below 1.
        OverflowError: if it is so large that the square would fill the memory.
    """
    side = operator.index(size)
    if side > _LARGEST_SIDE:
        raise OverflowError(f"expected at most {_LARGEST_SIDE} pixels a side, got {side}")
    if side < 1:
        raise ValueError(f"height and width must be > 0, got {side}")
    return side


def _black() -> Planes:
    # Resizing nothing gives black in Pillow.
    planes = Planes(1, 1)
    planes.push_grey(b"\0")
    return planes


def _square(code: bytes, size: int) -> ImageHash:
    return _unpacked(code, size, size)


def _unpacked(code: bytes, rows: int, columns: int) -> ImageHash:
    packed = numpy.frombuffer(code, numpy.uint8)
    bits = numpy.unpackbits(packed, count=rows * columns).view(numpy.bool_)
    return ImageHash(bits.reshape(rows, columns))


def _size_of_two(hash_size: int) -> int:
    if hash_size < 2:
        raise ValueError("Hash size must be greater than or equal to 2")
    return side_of(hash_size)


def _factor(size: int, highfreq_factor: int) -> int:
    factor = operator.index(highfreq_factor)
    side_of(size * factor)
    return factor


def _power_of_two(size: int, complaint: str) -> int:
    power = operator.index(size)
    if power < 1 or power & (power - 1):
        raise WhashError(complaint)
    return side_of(power)


def _color_bits(planes: Planes, bits: int) -> list[list[bool]]:
    counts = planes.color_counts()
    pixels = planes.width * planes.height
    colored = max(1, pixels - counts[0] - counts[1])
    shares = [count / pixels for count in counts[:2]] + [count / colored for count in counts[2:]]
    levels = []
    for share in shares:
        # Times a power of two, cut to an integer: exact whatever the power.
        numerator, denominator = share.as_integer_ratio()
        levels.append(min((1 << bits) - 1, (numerator << bits) // denominator))
    return [[(level >> (bits - i - 1)) % (1 << (bits - i)) > 0 for i in range(bits)] for level in levels]
