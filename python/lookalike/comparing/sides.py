"""One of the two pictures that are compared: what is known of it, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from ..direct import plan_of
from ..errors import NoImageError, SourceError, visible
from ..kinds import Kind
from ..looks import Look
from ..options import DEFAULT_LIMITS, Limits, recipe_name
from ..prints import Fingerprint
from ..single import fingerprint_item, turned_item
from ..sources import FileName, Item, expand, open_picture
from ..sources.items import is_array, is_image, settle

__all__ = ["Side", "read", "sameness"]

# Mean of the differences of grey values.
_MOST_APART = 4.0
_BAND = 256  # rows of pixels that are converted at a time


@dataclass(frozen=True, slots=True)
class Side:
    """A picture as it was read.

    Attributes:
        item: to read it again: the file's name, or the bytes that a name no longer stands for.
        prints: by orientation from 1; only the first, if no others were asked for.
        limits: what it may cost.
    """

    item: Item
    prints: tuple[Fingerprint, ...]
    limits: Limits = DEFAULT_LIMITS

    @property
    def upright(self) -> Fingerprint:
        """The fingerprint of the picture as it is, with its look and digest."""
        return self.prints[0]

    @property
    def look(self) -> Look:
        """What a second look sees of it."""
        found = self.upright.look
        assert found is not None
        return found

    @property
    def shape(self) -> str:
        """Such as `"640 x 480 JPEG"`."""
        return f"{self.upright.width} x {self.upright.height} {self.upright.format or ''}".strip()


def read(source: object, kinds: Sequence[Kind], recipe: str, limits: Limits, *, turned: bool = False) -> Side:
    """Read one picture.

    Args:
        source: a path, http(s) address, bytes, file object, PIL image or array.
        kinds: which hashes to take.
        recipe: `"standard"` or `"imagehash"`.
        limits: what it may cost.
        turned: whether to take the hashes of all its turns too.

    Raises:
        SourceError, OSError: if it cannot be read as a picture.
        ValueError, TypeError: if it is none, or several.
    """
    item = _single(source, limits)
    plan = plan_of(kinds, recipe_name(recipe), limits, True, True)
    try:
        prints = turned_item(item, plan) if turned else [fingerprint_item(item, plan)]
    except SourceError as error:
        raise type(error)(f"{visible(item.image)}: {error}") from error
    return Side(item, tuple(prints), limits)


def _single(source: object, limits: Limits) -> Item:
    """The one item that a source means, held so that it can be read more than once."""
    nothing = Item("", None, ValueError("expected one image, got an empty list"))
    item, *others = islice(expand(source, limits), 2) or [nothing]
    if item.error is not None:
        raise item.error
    if others:
        raise ValueError(f"expected one image, got several, of which the first is {item.image!r}")
    held = item.source
    if isinstance(held, str) and not isinstance(held, FileName):
        from ..sources.web import fetch

        return replace(item, source=fetch(held, limits))
    if isinstance(held, bytes | FileName) or is_image(held) or is_array(held):
        return item
    settled = settle(item, limits.bytes)
    if settled.error is not None:
        raise settled.error
    return settled


def sameness(a: Side, b: Side) -> str | None:
    """Whether two pictures are the same: `"same bytes"`, `"same picture"` or `None`."""
    if a.upright.digest is not None and a.upright.digest == b.upright.digest:
        return "same picture" if a.upright.digest.startswith("pixels:") else "same bytes"
    # Under the other recipe a picture may lie on its side.
    if a.upright.recipe.startswith("standard") and not _may_be_equal(a.look, b.look):
        return None  # both would be decoded in full for nothing
    pixels = _pixels_of(a)
    return "same picture" if pixels is not None and pixels == _pixels_of(b) else None


def _may_be_equal(a: Look, b: Look) -> bool:
    """Whether the small versions are as near as those of equal pixels by two decoders."""
    return a.size == b.size and bool(np.abs(a.grey.astype(int) - b.grey).mean() <= _MOST_APART)


def _pixels_of(side: Side) -> bytes | None:
    """One digest for all pictures that look the same in every pixel, grey or not; none for one that breaks off."""
    try:
        # Under this recipe, for pixels as they are may be numbers in a palette, or lie on their side.
        image = open_picture(side.item, "standard", side.limits).image
    except NoImageError:
        return None
    digest = hashlib.sha256(f"{image.size}".encode())
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height)))
        digest.update(band.convert("RGB").tobytes())
    return digest.digest()
