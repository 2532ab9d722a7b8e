"""Small geometry: rotations to 2 degrees, crops that keep 90 % of the area or more; and the same tools for more."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from PIL import Image

from .canvas import between, either, flat_colour
from .edit import Edit

__all__ = ["EDITS", "cropped", "rotated"]

Generator = np.random.Generator
Size = tuple[int, int]


def rotated(image: Image.Image, rng: Generator, degrees: float, fill: bool) -> Image.Image:
    """The picture turned to either side.

    Args:
        image: in RGB.
        rng: draws the side, and the colour.
        degrees: by how much.
        fill: whether the whole picture stays, on flat colour; otherwise the largest upright part of the picture
            that has nothing but picture in it.
    """
    turn = degrees * either(rng, -1, 1)
    if fill:
        return image.rotate(turn, Image.Resampling.BICUBIC, expand=bool(rng.integers(2)), fillcolor=flat_colour(rng))
    width, height = inner_size(image.size, math.radians(abs(turn)))
    # From about a quarter turn on, that part is wider or higher than the page was.
    more = width > image.width or height > image.height
    whole = image.rotate(turn, Image.Resampling.BICUBIC, expand=more)
    left, top = (whole.width - width) // 2, (whole.height - height) // 2
    return whole.crop((left, top, left + width, top + height))


def inner_size(size: Size, angle: float) -> Size:
    """The largest upright rectangle inside a rectangle that is turned by any angle, less a pixel at each side.

    Its corners lie on the long sides of a narrow rectangle (two of them at their middle); otherwise one on each side,
    which gives two linear equations.
    """
    width, height = size
    sine, cosine = abs(math.sin(angle)), abs(math.cos(angle))
    long, short = max(size), min(size)
    if short <= 2 * sine * cosine * long or abs(sine - cosine) < 1e-9:
        half = short / 2
        across, down = (half / sine, half / cosine) if width >= height else (half / cosine, half / sine)
    else:
        spread = cosine * cosine - sine * sine
        across = (width * cosine - height * sine) / spread
        down = (height * cosine - width * sine) / spread
    return max(1, math.floor(across) - 2), max(1, math.floor(down) - 2)


def cropped(image: Image.Image, rng: Generator, per_cent: float, where: str) -> Image.Image:
    """A part of the picture that keeps so much of its area.

    Args:
        image: in RGB.
        rng: draws the place, and the form.
        per_cent: of the area.
        where: `"centre"` (all sides lose alike), `"side"` (one side alone loses), `"any"` (both directions lose,
            more or less, anywhere) or `"form"` (anywhere, of any form from a strip across to a strip down).
    """
    keep = per_cent / 100
    width, height = image.size
    if where == "side":
        across, down = either(rng, (keep, 1.0), (1.0, keep))
        at = either(rng, 0.0, 1.0)
        x = y = at
    elif where == "form":
        across = keep ** rng.random()
        down = keep / across
        x, y = rng.random(), rng.random()
    else:
        # The form may change by a tenth each way, as long as both directions lose.
        stretch = 1.0 if where == "centre" else between(rng, max(math.sqrt(keep), 0.9), 1 / max(math.sqrt(keep), 0.9))
        across, down = math.sqrt(keep) * stretch, math.sqrt(keep) / stretch
        x, y = (0.5, 0.5) if where == "centre" else (rng.random(), rng.random())
    new = (max(1, round(width * across)), max(1, round(height * down)))
    left, top = round((width - new[0]) * x), round((height - new[1]) * y)
    return image.crop((left, top, left + new[0], top + new[1]))


_ROTATIONS = (0.5, 1.0, 2.0)
_CROPS = (98, 95, 90)
_PLACES = {"centre": "alike from all sides", "side": "from one side alone", "any": "from anywhere"}

EDITS = (
    *(
        Edit(
            f"rotate-{degrees:g}-crop",
            "geometry",
            f"turned by {degrees:g} degrees, corners cut off",
            partial(rotated, degrees=degrees, fill=False),
            degrees,
        )
        for degrees in _ROTATIONS
    ),
    *(
        Edit(
            f"rotate-{degrees:g}-fill",
            "geometry",
            f"turned by {degrees:g} degrees, on flat colour",
            partial(rotated, degrees=degrees, fill=True),
            degrees,
        )
        for degrees in _ROTATIONS
    ),
    *(
        Edit(
            f"crop-{keep}-{where}",
            "geometry",
            f"cut to {keep} % of the area, {text}",
            partial(cropped, per_cent=keep, where=where),
            keep,
        )
        for keep in _CROPS
        for where, text in _PLACES.items()
    ),
)
