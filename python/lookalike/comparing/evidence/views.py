"""The pictures of the evidence, without marks and words: both as they are, and what they share laid onto each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps

from ...regions import WHOLE, Box, Matrix, Polygon, bend_of, in_pixels, inverse_of, mapped, middle, region_of
from ...show.thumbnails import small_picture
from ...sources import open_picture
from ...turns import turn_of
from ..negatives import colours_are_kept
from .agreeing import difference, share_of_agreement
from .originals import Original, original_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..comparison import Comparison
    from ..lay import Lay
    from ..sides import Side

__all__ = ["Close", "Views", "views_of"]

_MOST = 4096
"""Longest side to which a picture is read, in pixels: as a small part of it may be what is shared."""

_AROUND = 0.04
"""How much is shown around what they share, as a share of its longer side."""
_AROUND_LOGO = 0.5
"""Around a logo more: that the rest differs is what is to be seen."""

_GROUND = (232, 232, 232)
_SQUARES = 8
"""Squares of the chequers along the longer side."""


@dataclass(frozen=True, slots=True)
class Close:
    """What they share, seen close, all of the same size and as B has it.

    Attributes:
        box: the part of B that is seen, in shares of its sides.
        there: this part of B.
        laid: A laid onto it, inverted if B is a negative of it, with B pale around.
        inside: 255 where A is, mode L.
        chequers: squares of both by turns.
        apart: where they differ.
        share: how much of what is outlined agrees, 0 to 1; `None` if nothing is.
    """

    box: Box
    there: Image.Image
    laid: Image.Image
    inside: Image.Image
    chequers: Image.Image
    apart: Image.Image
    share: float | None


@dataclass(frozen=True, slots=True)
class Views:
    """All pictures.

    Attributes:
        originals: where they came from.
        a: the first, at most so large.
        b: the second.
        lay: how A lies on B, if it does.
        close: what they share; `None` if they share nothing.
    """

    originals: tuple[Original, Original]
    a: Image.Image
    b: Image.Image
    lay: Lay | None
    close: Close | None


def views_of(comparison: Comparison, side: int) -> Views:
    """Read both pictures again and make the views, with sides of at most so many pixels.

    Raises:
        SourceError, OSError: if one of the pictures cannot be read any more.
    """
    one, other = map(original_of, comparison.sides)
    lay = comparison.lay
    more = _AROUND_LOGO if comparison.verdict == "shared logo" else _AROUND
    boxes = [_around(outline, more) for outline in (lay.region.in_a, lay.region.in_b)] if lay else [WHOLE, WHOLE]
    fine = [
        _read(each, read, _fineness(box, side))
        for each, read, box in zip((one, other), comparison.sides, boxes, strict=True)
    ]
    # Of a negative all would differ: what is laid is inverted as B is.
    onto = _inverted(fine[0], comparison) if comparison.is_negative else fine[0]
    close = _close(onto, fine[1], lay, boxes[1], side) if lay else None
    a, b = (image.resize(_within(image.size, side), Image.Resampling.LANCZOS) for image in fine)
    return Views((one, other), a, b, lay, close)


def _read(original: Original, side: Side, longest: int) -> Image.Image:
    """The picture as its recipe sees it, at most so large."""
    if side.upright.recipe.startswith("standard"):
        return small_picture(original.item, longest, side.limits).convert("RGB")
    # It may lie on its side, and so do all places that were found in it.
    image = open_picture(original.item, side.upright.recipe, side.limits).image.convert("RGB")
    return image.resize(_scaled(image.size, min(1.0, longest / max(image.size))), Image.Resampling.LANCZOS)


def _inverted(image: Image.Image, comparison: Comparison) -> Image.Image:
    """A as the negative that B is of it: mostly in its colours too."""
    one, other = comparison.sides
    if not colours_are_kept(one.look, other.look, turn_of(comparison.transform)[0]):
        return ImageOps.invert(image)
    brightness, *colours = image.convert("YCbCr").split()
    return Image.merge("YCbCr", [ImageOps.invert(brightness), *colours]).convert("RGB")


def _around(outline: Polygon, share: float) -> Box:
    """A box around an outline, with so much more, inside the picture."""
    if not outline:
        return WHOLE
    across, down = zip(*outline, strict=True)
    more = share * max(max(across) - min(across), max(down) - min(down))
    return (
        max(0.0, min(across) - more),
        max(0.0, min(down) - more),
        min(1.0, max(across) + more),
        min(1.0, max(down) + more),
    )


def _fineness(box: Box, side: int) -> int:
    """To which longer side a picture is read so that this part of it has enough pixels."""
    left, upper, right, lower = box
    return min(_MOST, math.ceil(side / max(right - left, lower - upper, side / _MOST)))


def _close(a: Image.Image, b: Image.Image, lay: Lay, box: Box, side: int) -> Close | None:
    if not lay.region:
        return None
    left, upper, right, lower = (edge * length for edge, length in zip(box, (*b.size, *b.size), strict=True))
    size = _within((right - left, lower - upper), side)
    there = b.resize(size, Image.Resampling.LANCZOS, (left, upper, right, lower), reducing_gap=3.0)
    view = np.array([(box[2] - box[0], 0, box[0]), (0, box[3] - box[1], box[1]), (0, 0, 1)])
    onto = np.linalg.inv(view) @ lay.matrix  # from A to shares of the view
    laid = _laid(a, onto, size)
    if laid is None:
        return None
    image, inside = laid
    outlined = Image.new("L", size)
    ImageDraw.Draw(outlined).polygon(in_pixels(mapped(np.linalg.inv(view), lay.region.in_b), size), 255)
    pale = Image.blend(there, Image.new("RGB", size, _GROUND), 0.7)
    return Close(
        box=box,
        there=there,
        laid=Image.composite(image, pale, inside),
        inside=inside,
        chequers=Image.composite(image, there, Image.fromarray(np.minimum(_squares(size), np.asarray(inside)))),
        apart=difference(there, image, inside),
        share=share_of_agreement(there, image, ImageChops.darker(inside, outlined)),
    )


def _laid(image: Image.Image, onto: Matrix, size: tuple[int, int]) -> tuple[Image.Image, Image.Image] | None:
    """A picture brought to its place in another of this size, and where there is any of it (255)."""
    back, seen = inverse_of(onto), region_of(onto).in_a
    bend = bend_of(onto, middle(seen), image.size, size) if seen else None
    if back is None or bend is None:
        return None
    # Shrunk first to about the scale that it is seen at, for a transform takes single pixels.
    shrunk = image.resize(_scaled(image.size, min(1.0, 1.2 * bend.scale)), Image.Resampling.BOX)
    pixels = np.diag((*shrunk.size, 1)) @ back @ np.diag((1 / size[0], 1 / size[1], 1))
    # Pillow wants a last number of 1. It is 0 if the horizon runs through the corner: then next to it.
    last = float(pixels[2, 2]) or 1e-12
    data = tuple((pixels / last).ravel()[:8])
    laid = shrunk.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)
    return laid, _inside(back, size)


def _inside(back: Matrix, size: tuple[int, int]) -> Image.Image:
    """Which pixels of the view come from inside a picture, and from before its horizon."""
    width, height = size
    places = np.stack(np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height), -1)
    depth = places @ back[2, :2] + back[2, 2]
    there = places @ back[:2, :2].T + back[:2, 2]
    inside = ((there > 0) & (there < depth[..., None])).all(axis=-1)
    return Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))


def _squares(size: tuple[int, int]) -> NDArray[np.uint8]:
    """255 in every other square."""
    width, height = size
    length = max(size) / _SQUARES
    odd = (np.arange(height)[:, None] // length + np.arange(width) // length) % 2
    return (255 * odd).astype(np.uint8)


def _within(size: tuple[float, float], side: int) -> tuple[int, int]:
    return _scaled(size, side / max(size))


def _scaled(size: tuple[float, float], share: float) -> tuple[int, int]:
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))
