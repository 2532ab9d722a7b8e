"""What the tests of the drop-in share: a picture, and what it means to give the same answer as ImageHash."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from lookalike import imagehash as ours

FUNCTIONS = ("average_hash", "phash", "phash_simple", "dhash", "dhash_vertical", "whash", "colorhash")


def picture(width: int = 300, height: int = 200, shift: int = 0) -> Image.Image:
    """Slopes, stripes and a disc."""
    y, x = np.mgrid[:height, :width] + shift
    bands = [(x * 3 + y) % 256, (x * x // 50 + y * 5) % 256, 255 * (((x - 90) ** 2 + (y - 80) ** 2) < 3600)]
    return Image.fromarray(np.stack(bands, axis=2).astype(np.uint8))


PICTURE = picture()


def outcome(call: Callable[[], Any]) -> Any:
    """The answer, or the error instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call()
        except Exception as error:
            return error


def assert_same(mine: Any, its: Any) -> None:
    """One answer: the same value, or an error of the same built-in type."""
    if isinstance(its, Exception):
        built_in = next(kind for kind in type(its).__mro__ if kind.__module__ == "builtins")
        assert isinstance(mine, built_in), (mine, its)
    elif hasattr(its, "segment_hashes"):
        assert isinstance(mine, ours.ImageMultiHash)
        assert str(mine) == str(its)
    elif hasattr(its, "hash"):
        assert isinstance(mine, ours.ImageHash), mine
        assert mine.hash.shape == its.hash.shape
        assert mine.hash.dtype == bool
        assert (mine.hash == its.hash).all()
        assert mine.hash.flags.writeable == its.hash.flags.writeable
        assert repr(mine) == repr(its)
        assert len(mine) == len(its)
    else:
        assert mine == its
