"""The hash of a picture in parts."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable

import numpy
from PIL import Image

from .._core import Planes
from .functions import average_hash, dhash, dhash_vertical, phash, phash_simple, planes_of, side_of, whash
from .values import ImageHash, ImageMultiHash

__all__ = ["HashFunc", "crop_resistant_hash"]

HashFunc = Callable[[Image.Image], ImageHash]
Box = tuple[int, int, int, int]

# These take a part of a grey plane for a picture. `colorhash` needs the colours, so it gets PIL images.
_GREY_FUNCTIONS = (average_hash, phash, phash_simple, dhash, dhash_vertical, whash)
_MANY = 2**31 - 1


def crop_resistant_hash(
    image: Image.Image,
    hash_func: HashFunc = dhash,
    limit_segments: int | None = None,
    segment_threshold: float = 128,
    min_segment_size: float = 500,
    segmentation_image_size: int = 300,
) -> ImageMultiHash:
    """Hash each bright and each dark region of the picture, so that a cropped copy keeps most of the hashes.

    After "Efficient Cropping-Resistant Robust Image Hashing", DOI 10.1109/ARES.2014.85. A region is hashed
    by its bounding box; a picture without regions, as a whole.

    Args:
        image: a PIL image of any mode.
        hash_func: what to compute of each region: one of the functions here, or any callable that takes a
            PIL image.
        limit_segments: keep the largest so many regions only.
        segment_threshold: brightness, 0 to 255, above which a pixel is bright.
        min_segment_size: pixels of the reduced picture that a region must exceed.
        segmentation_image_size: side of the square that the picture is reduced to to find its regions.

    Returns:
        The regions' hashes: bright ones, then dark ones, each from the top; largest first if limited.

    Raises:
        ValueError: if `segmentation_image_size` is below 1.
        TypeError: if a setting is not a number.
    """
    planes = planes_of(image)
    limit = operator.index(limit_segments) if limit_segments else None
    threshold, min_size = _threshold(segment_threshold), _min_size(min_segment_size)
    largest = _MANY if limit is not None and limit < 0 else limit
    boxes = planes.segments(largest, threshold, min_size, side_of(segmentation_image_size))
    return ImageMultiHash([_region_hash(image, planes, box, hash_func) for box in boxes[:limit]])


def _region_hash(image: Image.Image, planes: Planes, box: Box, hash_func: HashFunc) -> ImageHash:
    function = hash_func
    while isinstance(function, functools.partial):
        function = function.func
    left, upper, right, lower = box
    if function in _GREY_FUNCTIONS and left < right and upper < lower:
        return hash_func(planes.crop(left, upper, right, lower))  # type: ignore[arg-type]
    return hash_func(image.crop(box))


def _threshold(value: float) -> float:
    if not isinstance(value, int | float | numpy.number | numpy.bool_):
        raise TypeError(f"expected a number as segment_threshold, got {value!r}")
    # The pixels are single precision there, and Python's numbers (not NumPy's) follow the array they meet.
    exact = float(value) if isinstance(value, numpy.generic) else float(numpy.float32(value))
    # Pixels are whole numbers, 0 to 255, so a fraction decides nothing.
    return exact if math.isnan(exact) else float(math.floor(min(max(exact, -1.0), 256.0)))


def _min_size(value: float) -> float:
    if not isinstance(value, int | float | numpy.number | numpy.bool_):
        raise TypeError(f"expected a number as min_segment_size, got {value!r}")
    # No picture has so many pixels, and a longer integer need not fit a float.
    return float(min(value, 2**53))
