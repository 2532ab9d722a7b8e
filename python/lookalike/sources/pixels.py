"""The hand-over of pixels from Pillow to the core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PIL import Image

from .._core import Planes

__all__ = ["planes", "raw_strips"]

_STRIP = 1 << 16
# How Pillow packs the modes that need no arithmetic: the alpha of RGBA is the byte that the core ignores,
# which is also what Pillow's convert("L") and convert("HSV") do with it.
_FOUR_BYTES = {"RGB": "RGBX", "RGBX": "RGBX", "RGBA": "RGBA"}

# Modes without colours.
_COLOURLESS = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def planes(image: Image.Image, color: bool, *, look: bool = False, fine: bool = False) -> Planes:
    """Push a loaded image's pixels into the core: what `convert("L")` and `convert("HSV")` would give.

    Args:
        image: of any mode that Pillow converts to `L` (and to `HSV`, for colour).
        color: whether colours are to be counted, for `colorhash`.
        look: whether a look is to be made.
        fine: whether what is lost when colours are rounded to grey is kept, for `pdq`.

    Raises:
        ValueError: if Pillow has no such conversion.
    """
    result = Planes(image.width, image.height, color, look, fine)
    if image.mode in _FOUR_BYTES:
        for rows in raw_strips(image, _FOUR_BYTES[image.mode]):
            result.push_rgbx(rows)
    elif image.mode == "L":
        _push_grey(result, image)
    else:
        if look and image.mode not in _COLOURLESS:
            _push_colours(result, image)
        if color:
            _push_hsv(result, image)
        else:
            _push_grey(result, image.convert("L"))
    return result


def _push_grey(result: Planes, image: Image.Image) -> None:
    for rows in raw_strips(image, "L"):
        result.push_grey(rows)


def _push_colours(result: Planes, image: Image.Image) -> None:
    for rows in raw_strips(image.convert("RGB"), "RGBX"):
        result.push_colours(rows)


def _push_hsv(result: Planes, image: Image.Image) -> None:
    grey = image.convert("L")
    hue, saturation, _ = image.convert("HSV").split()
    for rows in zip(*(raw_strips(band, "L") for band in (grey, hue, saturation)), strict=True):
        result.push_grey_hs(*rows)


def raw_strips(image: Image.Image, rawmode: str) -> Iterator[bytes]:
    """A loaded image's pixels as strips of whole rows, packed in Pillow's raw mode of that name.

    Pillow's own encoder is asked directly, in strips that stay in the processor's cache: 12 megapixels
    take 5 ms; `tobytes`, the public way, joins small chunks and takes 50.
    """
    try:
        encoder = _encoder(image, rawmode)
    except (AttributeError, TypeError):
        yield from public_strips(image, rawmode)
        return
    row = image.width * (4 if rawmode != "L" else 1)
    while True:
        _, status, data = encoder.encode(max(_STRIP, row))
        yield data
        if status:
            break


def _encoder(image: Image.Image, rawmode: str) -> Any:
    encoder = Image._getencoder(image.mode, "raw", (rawmode, 0, 1))
    encoder.setimage(image.im, (0, 0, *image.size))
    return encoder


def public_strips(image: Image.Image, rawmode: str) -> Iterator[bytes]:
    """The same by Pillow's public functions, should the encoder's door be closed one day."""
    rows = max(1, _STRIP // (image.width * 4))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        yield strip.tobytes("raw", rawmode)
