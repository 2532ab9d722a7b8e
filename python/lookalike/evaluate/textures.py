"""Surfaces that repeat themselves, pages of text and codes: pictures that are alike and no copies of each other.

Each takes two generators: what is `common` to a set (colours, size of the pattern) and what is a picture's `own` (where
the pattern begins, the shade of every cell, the light, the noise, the words).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .edits.canvas import between, colour, font, words

__all__ = ["SURFACES", "code", "page", "surface"]

Generator = np.random.Generator
Size = tuple[int, int]
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Pattern:
    """Where each pixel lies in a pattern.

    Attributes:
        x: in periods, `(h, w)`.
        y: likewise.
        colours: four of the set, `(4, 3)` in levels.
        shades: of the cells of this picture, `(64, 64)`, about 1.
    """

    x: Plane
    y: Plane
    colours: Plane
    shades: Plane

    def shade(self, row: Any, column: Any) -> Plane:
        """Of each pixel's cell, `(h, w, 1)`."""
        found: Plane = self.shades[row.astype(int) % 64, column.astype(int) % 64][..., None]
        return found

    def of(self, number: Any) -> Plane:
        """Colours by number, `(h, w, 3)`."""
        found: Plane = self.colours[number.astype(int)]
        return found


def _bricks(at: Pattern) -> Plane:
    row = np.floor(2.2 * at.y)
    across = at.x + 0.5 * (row % 2)
    mortar = (across % 1 < 0.05) | ((2.2 * at.y) % 1 < 0.1)
    bricks = at.of(0 * row) * at.shade(row, np.floor(across))
    return np.where(mortar[..., None], at.colours[1], bricks)


def _checks(at: Pattern) -> Plane:
    """As on a tablecloth: two colours and their mean."""
    return at.of((at.x % 1 < 0.5).astype(int) + (at.y % 1 < 0.5)) * at.shade(np.floor(2 * at.y), np.floor(2 * at.x))


def _stripes(at: Pattern) -> Plane:
    return at.of(np.floor(4 * (at.x % 1)))


def _tiles(at: Pattern) -> Plane:
    """A diamond with a round middle in each tile, and joints."""
    x, y = at.x % 1 - 0.5, at.y % 1 - 0.5
    kind = np.where(np.abs(x) + np.abs(y) < 0.4, 1, 0)
    kind = np.where(np.hypot(x, y) < 0.18, 2, kind)
    kind = np.where(np.maximum(np.abs(x), np.abs(y)) > 0.47, 3, kind)
    return at.of(kind) * at.shade(np.floor(at.y), np.floor(at.x))


def _fabric(at: Pattern) -> Plane:
    """A twill, eight threads to the period."""
    over = (np.floor(8 * at.x) + np.floor(8 * at.y)) % 4 < 2
    round_: Plane = np.where(over, np.sin(np.pi * ((8 * at.x) % 1)), np.sin(np.pi * ((8 * at.y) % 1)))
    threads: Plane = (0.7 + 0.3 * round_).astype(np.float32)[..., None]
    return at.of(over) * threads * at.shade(np.floor(at.y), np.floor(at.x))


def _grid(at: Pattern) -> Plane:
    """Thin lines both ways."""
    lines = ((4 * at.x) % 1 < 0.08) | ((4 * at.y) % 1 < 0.08)
    return at.of(lines) * at.shade(0 * at.y, 0 * at.x)


def _dots(at: Pattern) -> Plane:
    row = np.floor(2 * at.y)
    inside = np.hypot((2 * at.x + 0.5 * (row % 2)) % 1 - 0.5, (2 * at.y) % 1 - 0.5) < 0.27
    return at.of(inside) * at.shade(row, np.floor(2 * at.x))


SURFACES: dict[str, Callable[[Pattern], Plane]] = {
    "bricks": _bricks,
    "checks": _checks,
    "stripes": _stripes,
    "tiles": _tiles,
    "fabric": _fabric,
    "grid": _grid,
    "dots": _dots,
}
"""By name."""


def surface(name: str, size: Size, common: Generator, own: Generator) -> Image.Image:
    """A photograph of a surface.

    Args:
        name: of `SURFACES`.
        size: width and height.
        common: draws the colours and how large the pattern is.
        own: draws where it begins, by how little it is turned, shades, light and noise.
    """
    period = max(size) * between(common, 0.08, 0.14)
    colours = common.integers(30, 240, (4, 3)).astype(np.float32)
    angle = np.radians(between(own, -1.5, 1.5))
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32) / np.float32(period)
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    begin = own.uniform(0, 50, 2).astype(np.float32)
    shades = own.normal(1, 0.08, (64, 64)).astype(np.float32)
    pattern = Pattern(x * cosine + y * sine + begin[0], y * cosine - x * sine + begin[1], colours, shades)
    noise = np.float32(3) * own.standard_normal((size[1], size[0], 1), np.float32)
    values: Any = SURFACES[name](pattern) * _light(size, own) + noise
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _light(size: Size, own: Generator) -> Plane:
    """A soft change of brightness over the picture, `(h, w, 1)`."""
    coarse = Image.fromarray(own.uniform(0.75, 1.2, (3, 3)).astype(np.float32))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.float32)[..., None]


def page(common: Generator, own: Generator) -> Image.Image:
    """A page of text: letterhead, rules and letters of the set, words of its own."""
    width = 760
    sheet = Image.new("RGB", (width, 1000), (250, 250, 246))
    draw = ImageDraw.Draw(sheet)
    size = round(between(common, 15, 21))
    draw.text((60, 40), words(common, 2).upper(), fill=colour(common), font=font(2 * size))
    draw.text((width - 240, 46), words(common, 2), fill=(90, 90, 90), font=font(size))
    draw.line((60, 50 + 3 * size, width - 60, 50 + 3 * size), fill=(60, 60, 60), width=2)
    top = 80 + 3 * size
    while top < 940:
        lines = int(own.integers(2, 8))
        for line in range(lines):
            count = int(own.integers(8, 12)) if line < lines - 1 else int(own.integers(2, 8))
            text = words(own, count)[: round(1.95 * (width - 120) / size)]
            draw.text((60, top), text, fill=(25, 25, 25), font=font(size))
            top += round(1.4 * size)
        top += size
    return sheet


def code(common: Generator, own: Generator) -> Image.Image:
    """A square code: three marks of three corners, timing lines, and bits of its own; a line of text under it."""
    count = int(common.integers(6, 11)) * 4 + 1
    bits = own.integers(0, 2, (count, count))
    bits[6, :] = bits[:, 6] = np.arange(count) % 2 == 0
    mark = np.pad(np.pad(np.pad(np.ones((3, 3), int), 1), 1, constant_values=1), 1)
    for row, column in ((0, 0), (0, count - 8), (count - 8, 0)):
        top, left = (1 if row == 0 else 0), (1 if column == 0 else 0)
        bits[row : row + 8, column : column + 8] = mark[top : top + 8, left : left + 8]
    square = Image.fromarray((255 - 255 * bits).astype(np.uint8)).resize((15 * count,) * 2, Image.Resampling.NEAREST)
    sheet = Image.new("RGB", (square.width + 120, square.height + 180), (255, 255, 255))
    sheet.paste(square.convert("RGB"), (60, 60))
    draw = ImageDraw.Draw(sheet)
    draw.text((sheet.width // 2, sheet.height - 60), words(common, 3), fill=(0, 0, 0), font=font(36), anchor="mm")
    return sheet
