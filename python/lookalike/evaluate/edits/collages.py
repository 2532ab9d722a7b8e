"""The picture as a part of another one: collages, strips, and small on another photograph."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image, ImageOps

from .canvas import between, either, flat_colour, scaled
from .edit import Change, Edit
from .geometry import cropped

__all__ = ["EDITS", "grid", "other_part", "pasted"]

Generator = np.random.Generator
Picture = Image.Image


def other_part(other: Picture, rng: Generator) -> Picture:
    """A part of the other picture, now and then mirrored: there is one, and a page shows several."""
    part = cropped(other, rng, between(rng, 35, 70), "any")
    return ImageOps.mirror(part) if rng.integers(2) else part


def _collage(image: Picture, rng: Generator, other: Picture, cells: int) -> Picture:
    """The picture in one of the cells, others (or parts of them) in the rest."""
    gap = round(between(rng, 0, 0.02) * image.width)
    across, down = (2, 1) if cells == 2 else (2, 2)
    page = Image.new("RGB", (across * image.width + gap, down * image.height + gap * (down - 1)), "white")
    mine = int(rng.integers(cells))
    for cell in range(cells):
        content = image if cell == mine else ImageOps.fit(cropped(other, rng, 60, "any"), image.size)
        page.paste(content, ((cell % 2) * (image.width + gap), (cell // 2) * (image.height + gap)))
    return scaled(page, between(rng, 0.5, 0.8))


def grid(contents: list[Picture], across: int, cell: tuple[int, int], gap: int, paper: tuple[int, int, int]) -> Picture:
    """Pictures in rows of so many, each cut to fill its cell, with a gap between them and around."""
    down = -(-len(contents) // across)
    page = Image.new("RGB", (across * (cell[0] + gap) + gap, down * (cell[1] + gap) + gap), paper)
    for place, content in enumerate(contents):
        x, y = place % across, place // across
        page.paste(ImageOps.fit(content, cell), (gap + x * (cell[0] + gap), gap + y * (cell[1] + gap)))
    return page


def _cells(image: Picture, rng: Generator, other: Picture, across: int, down: int, cut: bool) -> Picture:
    """A collage with a margin; the cells have the picture's form, or one of their own, which cuts the picture."""
    mine = int(rng.integers(across * down))
    contents = [image if place == mine else other_part(other, rng) for place in range(across * down)]
    # The page's longer side is as long as a site keeps it.
    form = either(rng, 1.0, 1.25, 0.8, 4 / 3, 0.75) if cut else image.width / image.height
    unit = between(rng, 900, 1280) / max(across * form, down)
    cell = (max(1, round(unit * form)), max(1, round(unit)))
    return grid(contents, across, cell, round(between(rng, 0, 0.05) * unit), flat_colour(rng))


def _strip(image: Picture, rng: Generator, other: Picture, cells: int, cut: bool) -> Picture:
    """One row or one column."""
    across, down = either(rng, (cells, 1), (1, cells))
    return _cells(image, rng, other, across, down, cut)


def _mixed(image: Picture, rng: Generator, other: Picture) -> Picture:
    """One large cell and two small ones beside it, all cut to squares."""
    unit = round(between(rng, 300, 420))
    gap = round(between(rng, 0, 0.05) * unit)
    large, small = 2 * unit + gap, unit
    page = Image.new("RGB", (3 * unit + 2 * gap, large), flat_colour(rng))
    page.paste(ImageOps.fit(image, (large, large)), (0, 0))
    for row in range(2):
        page.paste(ImageOps.fit(other_part(other, rng), (small, small)), (large + gap, row * (unit + gap)))
    return page


def pasted(image: Picture, rng: Generator, other: Picture, per_cent: float) -> Picture:
    """The whole picture, small, on another one: so much of the area."""
    page = ImageOps.fit(other, image.size)
    small = scaled(image, (per_cent / 100) ** 0.5)
    x, y = (int(rng.integers(0, max(1, a - b + 1))) for a, b in zip(page.size, small.size, strict=True))
    page.paste(small, (x, y))
    return page


def _turned(image: Picture, rng: Generator, other: Picture, per_cent: float) -> Picture:
    """On another picture of its own form, and turned a little, as a print on a table."""
    angle = between(rng, 2, 12) * either(rng, -1, 1)
    area = 100 / per_cent * image.width * image.height
    upright = image.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", image.size, 255).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    width = min(max(upright.width, (area * other.width / other.height) ** 0.5), area / upright.height)
    size = max(upright.width, round(width)), max(upright.height, round(area / width))
    page = ImageOps.fit(other, size)
    x, y = (int(rng.integers(0, a - b + 1)) for a, b in zip(size, upright.size, strict=True))
    page.paste(upright, (x, y), mask)
    return ImageOps.contain(page, (1280, 1280))


def _many(name: str, text: str, change: Change, shares: tuple[int, ...]) -> list[Edit]:
    return [
        Edit(name.format(share), "parts", text.format(share), partial(change, per_cent=share), share, needs_other=True)
        for share in shares
    ]


EDITS = (
    Edit("collage-2", "parts", "beside another picture", partial(_collage, cells=2), 2, needs_other=True),
    Edit("collage-4", "parts", "one of four", partial(_collage, cells=4), 4, needs_other=True),
    *(
        Edit(f"collage-{side * side}-{'cut' if cut else 'margin'}", "parts",
             f"one of {side} x {side}, with a margin{', cut to fill its cell' if cut else ''}",
             partial(_cells, across=side, down=side, cut=cut), side * side, needs_other=True)
        for side in (2, 3) for cut in (False, True)
    ),
    *(
        Edit(f"strip-{cells}{'-cut' if cut else ''}", "parts",
             f"one of {cells} in a row or a column, with a margin{', cut to fill its cell' if cut else ''}",
             partial(_strip, cells=cells, cut=cut), cells, needs_other=True)
        for cells, cut in ((3, False), (4, True))
    ),
    Edit("collage-mixed", "parts", "cut to a square, two small ones beside it", _mixed, 3, needs_other=True),
    *_many("pasted-{}", "over {} % of another picture", pasted, (70, 50, 35, 25, 15)),
    *_many("pasted-{}-turned", "over {} % of another picture, turned by 2 to 12 degrees", _turned, (50, 25, 15)),
)  # fmt: skip
