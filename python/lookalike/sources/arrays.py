"""NumPy arrays as pictures, and deep pixels as eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import LimitError, NoImageError
from ..options import Limits

__all__ = ["high_bytes", "to_image"]

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_STRIP = 1 << 20
_BRIGHTEST_SHARE = 1.5


def to_image(source: Any, recipe: str, limits: Limits) -> Image.Image:
    """The PIL image of an array: `(H, W)` grey, or `(H, W, C)` with grey, grey and alpha, RGB or RGBA.

    Under `standard` any of `bool`, `uint8`, `uint16`, `int32` (0..255 or 16 bits) and floats (0..1 or
    0..255) will do, see `high_bytes`; under `imagehash` the array is what `PIL.Image.fromarray` makes of it.

    Raises:
        NoImageError: if its shape or type is no picture's.
        LimitError: if it has too many pixels.
    """
    try:
        array = np.asarray(source)
    except Exception as error:
        raise NoImageError(f"expected an array of pixels, got a {type(source).__name__} ({error})") from error
    _check_shape(array, limits)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if recipe.startswith("imagehash"):
        return _as_pillow(array)
    return Image.fromarray(np.ascontiguousarray(high_bytes(array)))


def high_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Pixels of any depth as bytes; the rule depends on the type of the numbers, and their largest for two types.

    `bool` becomes 0 and 255; 16 bits keep their upper byte. `int32` (Pillow's mode `I`, which holds bytes
    as well as 16-bit values) is 0..255 if nothing exceeds 255, else 0..65535; floats are 0..1 if nothing
    exceeds 1.5 (resizing overshoots 1 by a little), else 0..255. What lies outside is clipped.

    Raises:
        NoImageError: for any other type.
    """
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return np.asarray(array >> 8, np.uint8)
    if array.dtype.kind == "i" and array.dtype.itemsize == 4:
        return _from_integers(array)
    if array.dtype.kind == "f":
        return _from_floats(array)
    raise NoImageError(
        f"expected an array of uint8, uint16, bool or floats, got {array.dtype}; "
        "if its values are 0..255, pass array.astype('uint8')"
    )


def _from_integers(array: NDArray[Any]) -> NDArray[np.uint8]:
    if not bool(np.any(array > 255)):
        return np.asarray(np.clip(array, 0, 255), np.uint8)
    return np.asarray(np.clip(array, 0, 65535) >> 8, np.uint8)


def _from_floats(array: NDArray[Any]) -> NDArray[np.uint8]:
    # Bicubic and Lanczos filters overshoot 1 beside an edge, and one such value must not turn the picture
    # black; a picture in 0..255 with nothing above 1.5 would be black already.
    scale = 1.0 if bool(np.any(array > _BRIGHTEST_SHARE)) else 255.0
    out = np.empty(array.shape, np.uint8)
    # In strips: a large picture as float64, several times over, is gigabytes.
    rows = max(1, _STRIP // max(1, array[0].size))
    for top in range(0, len(array), rows):
        part = np.nan_to_num(array[top : top + rows].astype(np.float64), nan=0.0, posinf=255.0, neginf=0.0)
        out[top : top + rows] = np.rint(np.clip(part * scale, 0, 255)).astype(np.uint8)
    return out


def _check_shape(array: NDArray[Any], limits: Limits) -> None:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in _MODES:
        raise NoImageError(
            f"expected an array of shape (height, width) or (height, width, 1 to 4), got {array.shape}{_hint(array)}"
        )
    height, width = array.shape[:2]
    if not height or not width:
        raise NoImageError(f"expected an array with pixels, got one of shape {array.shape}")
    if height * width > limits.pixels:
        raise LimitError(f"expected at most {limits.pixels:,} pixels, got {width} x {height}; raise Limits.pixels")


def _hint(array: NDArray[Any]) -> str:
    if array.ndim == 4:
        return "; pass list(array) for a batch of pictures"
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return "; move the channels to the end, as in array.transpose(1, 2, 0)"
    return ""


def _as_pillow(array: NDArray[Any]) -> Image.Image:
    try:
        return Image.fromarray(array)
    except (TypeError, ValueError) as error:
        got = f"{array.dtype} of shape {array.shape}"
        raise NoImageError(f"expected an array that PIL.Image.fromarray takes, got {got}") from error
