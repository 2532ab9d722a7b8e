"""Marks on pictures: the outline of what they share, and the details that lie alike."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from ...regions import Points, in_pixels
from .letters import font

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["BAD", "GOOD", "PINS", "colour_of", "marked", "spread"]

# Told apart by those who do not see red and green too (Okabe and Ito 2008).
GOOD, BAD = (0, 158, 115), (213, 94, 0)
"""Colours of the outline of copies, and of others."""

PINS = 9
"""How many details are numbered, so that each can be found in both pictures by eye."""

_APART = 0.05
"""How far numbers are from each other at least, as a share of the sides."""

_SHADE = 0.45
_DETAIL = 3  # times as fine as it is shown: Pillow draws without smooth edges
_WHITE, _INK = (255, 255, 255), (20, 20, 24)

Colour = tuple[int, int, int]


def marked(
    image: Image.Image, outline: Points, points: ArrayLike, colours: list[Colour], pins: list[int], colour: Colour
) -> Image.Image:
    """A picture with what is not shared darkened, the rest outlined, and details in it as dots and numbers.

    Args:
        image: the picture.
        outline: of what is shared, in shares of the sides; may be empty.
        points: the details, shape (n, 2), likewise.
        colours: of each.
        pins: which of them get a number.
        colour: of the outline.
    """
    if not outline:
        return image
    corners = in_pixels(outline, image.size)
    shaded = Image.composite(image, image.point(lambda value: value * (1 - _SHADE)), _filled(image.size, corners))
    layer = _Layer(image.size)
    layer.outline(corners, colour)
    places = in_pixels([(x, y) for x, y in np.asarray(points, float).reshape(-1, 2)], image.size)
    for place, dot in zip(places, colours, strict=True):
        layer.dot(place, dot)
    for number, at in enumerate(pins, 1):
        layer.pin(places[at], str(number), colours[at])
    return layer.over(shaded)


def spread(points: ArrayLike, count: int) -> list[int]:
    """The numbers of at most so many points that lie far from each other: each next one farthest from those before.

    Args:
        points: shape (n, 2).
        count: how many.
    """
    places = np.asarray(points, np.float64).reshape(-1, 2)
    if not len(places):
        return []
    chosen = [int(np.argmin(places.sum(axis=1)))]
    nearest = _distances(places, chosen[0])
    while len(chosen) < min(count, len(places)) and nearest.max() > _APART:
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, _distances(places, chosen[-1]))
    return chosen


def colour_of(x: float, y: float) -> Colour:
    """A colour for a place, so that a detail has the same in both pictures: hue from left to right, light downwards."""
    red, green, blue = colorsys.hls_to_rgb(0.83 * min(1, max(0, x)), 0.38 + 0.3 * min(1, max(0, y)), 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _distances(places: NDArray[np.float64], at: int) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*(places - places[at]).T))


def _filled(size: tuple[int, int], corners: Points) -> Image.Image:
    mask = Image.new("L", size)
    if len(corners) > 2:
        ImageDraw.Draw(mask).polygon([*map(tuple, corners)], 255)
    return mask


class _Layer:
    """Marks with smooth edges, drawn larger than they are shown."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._marks = Image.new("RGBA", (size[0] * _DETAIL, size[1] * _DETAIL))
        self._pen = ImageDraw.Draw(self._marks)

    def outline(self, corners: Points, colour: Colour) -> None:
        # Drawn wholly inside, for most outlines run along the edge.
        width, height = self._size
        inside = [(min(width - 3.0, max(3.0, x)), min(height - 3.0, max(3.0, y))) for x, y in corners]
        closed = [self._at(place) for place in [*inside, *inside[:2]]]
        self._pen.line(closed, (*_WHITE, 235), 6 * _DETAIL, joint="curve")
        self._pen.line(closed, colour, 3 * _DETAIL, joint="curve")

    def dot(self, place: tuple[float, float], colour: Colour) -> None:
        self._circle(place, 3.2, _WHITE)
        self._circle(place, 2.4, colour)

    def pin(self, place: tuple[float, float], text: str, colour: Colour) -> None:
        self._circle(place, 11, _WHITE)
        self._circle(place, 9.5, colour)
        self._circle(place, 8, _INK)
        x, y = self._at(place)
        letters = font(11 * _DETAIL)
        left, upper, right, lower = self._pen.textbbox((0, 0), text, letters)
        self._pen.text((x - (left + right) / 2, y - (upper + lower) / 2), text, _WHITE, letters)

    def over(self, image: Image.Image) -> Image.Image:
        marks = self._marks.resize(self._size, Image.Resampling.BOX)
        return Image.alpha_composite(image.convert("RGBA"), marks).convert("RGB")

    def _circle(self, place: tuple[float, float], radius: float, colour: Colour) -> None:
        x, y = self._at(place)
        length = radius * _DETAIL
        self._pen.ellipse((x - length, y - length, x + length, y + length), colour)

    def _at(self, place: tuple[float, float]) -> tuple[float, float]:
        return place[0] * _DETAIL, place[1] * _DETAIL
