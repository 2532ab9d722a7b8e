"""Mirrored, flipped and turned by quarters, plain and with what people do besides."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image

from .canvas import between, either, encoded, scaled
from .edit import Edit
from .marks import corner_text
from .tones import filtered

__all__ = ["EDITS", "TURNS"]

Generator = np.random.Generator

TURNS = {
    "mirror": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip": Image.Transpose.FLIP_TOP_BOTTOM,
    "rotate-90": Image.Transpose.ROTATE_90,
    "rotate-180": Image.Transpose.ROTATE_180,
    "rotate-270": Image.Transpose.ROTATE_270,
    "transpose": Image.Transpose.TRANSPOSE,
    "transverse": Image.Transpose.TRANSVERSE,
}
"""The seven ways of a rectangle onto itself or its side, as Pillow calls them."""

# The orientation tag that undoes a turn: tag 6 tells a viewer to turn the pixels by 270 degrees, as Pillow counts.
_TAGS = {"mirror": 2, "rotate-180": 3, "flip": 4, "transpose": 5, "rotate-90": 6, "transverse": 7, "rotate-270": 8}


def _turned(image: Image.Image, rng: Generator, how: str) -> Image.Image:
    return image.transpose(TURNS[how])


def _again(image: Image.Image, rng: Generator, how: str) -> bytes:
    small = scaled(image.transpose(TURNS[how]), between(rng, 0.4, 0.9))
    return encoded(small, "JPEG", quality=int(rng.integers(35, 76)))


def _styled(image: Image.Image, rng: Generator) -> Image.Image:
    return filtered(image.transpose(TURNS[either(rng, *TURNS)]), rng)


def _signed(image: Image.Image, rng: Generator) -> Image.Image:
    return corner_text(image.transpose(TURNS[either(rng, *TURNS)]), rng)


def _tagged(image: Image.Image, rng: Generator) -> bytes:
    how = either(rng, *TURNS)
    exif = Image.Exif()
    exif[0x0112] = _TAGS[how]
    return encoded(image.transpose(TURNS[how]), "JPEG", quality=int(rng.integers(80, 96)), exif=exif)


EDITS = (
    *(Edit(how, "turned", f"{how}, and nothing else", partial(_turned, how=how)) for how in TURNS),
    *(
        Edit(f"{how}-again", "turned", f"{how}, scaled, JPEG of quality 35 to 75", partial(_again, how=how))
        for how in TURNS
    ),
    Edit("turned-filtered", "turned", "turned or mirrored, and a filter", _styled),
    Edit("turned-signed", "turned", "turned or mirrored, and a name in a corner", _signed),
    Edit("exif-turned", "turned", "pixels turned, and a tag that tells viewers to turn them back", _tagged),
)
