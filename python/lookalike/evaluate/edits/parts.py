"""A part of the picture, or all of it turned and tilted: crops, rotations by any angle, perspective."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from .canvas import between, flat_colour, warped
from .edit import Edit
from .geometry import cropped, rotated
from .hard import inwards

__all__ = ["EDITS", "poster"]

Generator = np.random.Generator
Picture = Image.Image


def _cut_to_square(image: Picture, rng: Generator) -> Picture:
    side = round(min(image.size) * (1.0 if image.width != image.height else 0.8))
    left, top = ((length - side) // 2 for length in image.size)
    return image.crop((left, top, left + side, top + side))


def _enlarged(image: Picture, rng: Generator, per_cent: float) -> Picture:
    """A crop, blown up to about the size of the whole."""
    part = cropped(image, rng, per_cent, "any")
    return ImageOps.contain(part, image.size, Image.Resampling.BICUBIC)


def _turned(image: Picture, rng: Generator, fill: bool) -> Picture:
    return rotated(image, rng, between(rng, 2, 178), fill)


def _mirrored_turn(image: Picture, rng: Generator) -> Picture:
    return _turned(ImageOps.mirror(image), rng, fill=bool(rng.integers(2)))


def _perspective(image: Picture, rng: Generator, per_cent: float) -> Picture:
    corners = inwards(image.size, rng, 0.0, per_cent / 100)
    return warped(image, corners, image.size, flat_colour(rng))


def _perspective_cut(image: Picture, rng: Generator, per_cent: float) -> Picture:
    """Corners moved outwards: nothing but picture is left."""
    corners = 2 * inwards(image.size, rng, 0.0, 0.0) - inwards(image.size, rng, 0.0, per_cent / 100)
    return warped(image, corners, image.size, flat_colour(rng))


def _tilt(image: Picture, rng: Generator, per_cent: float) -> Picture:
    """As seen from one side: that side keeps its length, the opposite one loses so much of it."""
    width, height = image.size
    loss = per_cent / 200
    far = np.array([(loss, loss), (1 - loss, loss), (1, 1), (0, 1)])
    # The far side is nearer to the middle too, as in a photograph.
    far[:2, 1] = between(rng, loss / 2, 2 * loss)
    turns = int(rng.integers(4))
    square = np.roll(_quarter(far, turns), turns, 0)
    return warped(image, square * (width, height), image.size, flat_colour(rng))


def _quarter(corners: Any, turns: int) -> Any:
    """Corners in the unit square, turned by quarters about its middle."""
    for _ in range(turns):
        corners = np.stack([1 - corners[:, 1], corners[:, 0]], 1)
    return corners


def poster(image: Picture, rng: Generator, other: Picture) -> Picture:
    """Hanging askew in another photograph: half to three quarters of each side."""
    wall = ImageOps.fit(other, image.size)
    width, height = image.size
    share = between(rng, 0.5, 0.75)
    corners = inwards(image.size, rng, 0.0, 0.14) * share
    corners += (between(rng, 0, 1 - share) * width, between(rng, 0, 1 - share) * height)
    mask = warped(Image.new("L", image.size, 255), corners, wall.size, 0)
    wall.paste(warped(image, corners, wall.size, (0, 0, 0)), mask=mask)
    return wall


_TURNS = (5, 15, 30, 45, 60, 100, 135, 170)
_PERSPECTIVES = (6, 12, 20, 30)
_WAYS = ((False, "crop", "corners cut off"), (True, "fill", "on flat colour"))


def _crops(suffix: str, where: str, text: str, keeps: tuple[int, ...]) -> list[Edit]:
    return [
        Edit(f"crop-{keep}{suffix}", "parts", f"cut to {keep} % of the area, {text}",
             partial(cropped, per_cent=keep, where=where), keep)
        for keep in keeps
    ]  # fmt: skip


EDITS = (
    *_crops("", "any", "anywhere", (75, 50, 25, 10)),
    *_crops("-form", "form", "anywhere, of any form", (75, 50, 25, 10)),
    *_crops("-centre", "centre", "alike from all sides", (50, 25)),
    *_crops("-side", "side", "from one side alone", (75, 50)),
    Edit("crop-25-enlarged", "parts", "cut to 25 %, blown up again", partial(_enlarged, per_cent=25), 25),
    Edit("crop-square", "parts", "cut to the square in the middle", _cut_to_square),
    *(
        Edit(f"rotate-{turn}-{name}", "parts", f"turned by {turn} degrees, {text}",
             partial(rotated, degrees=turn, fill=fill), turn)
        for turn in _TURNS for fill, name, text in _WAYS
    ),
    *(
        Edit(f"rotate-any-{name}", "parts", f"turned by any angle, {text}", partial(_turned, fill=fill))
        for fill, name, text in _WAYS
    ),
    Edit("mirror-rotate-any", "parts", "mirrored, and turned by any angle", _mirrored_turn),
    *(
        Edit(f"perspective-{move}", "parts", f"corners moved inwards by up to {move} % of the sides",
             partial(_perspective, per_cent=move), move)
        for move in _PERSPECTIVES
    ),
    Edit("perspective-cut", "parts", "corners moved outwards by up to 20 % of the sides",
         partial(_perspective_cut, per_cent=20), 20),
    *(
        Edit(f"tilt-{loss}", "parts", f"seen from one side, the far side {loss} % shorter",
             partial(_tilt, per_cent=loss), loss)
        for loss in (20, 40)
    ),
    Edit("poster", "parts", "hanging askew in another picture", poster, needs_other=True),
)  # fmt: skip
