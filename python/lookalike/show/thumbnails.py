"""Small pictures of large ones, ready to be embedded in a page."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from ..options import Limits
from ..sources import FileName, Item, expand, open_picture
from ..sources.elsewhere import goes_elsewhere, held
from ..sources.files import open_file
from ..workers import Gate, ordered_map

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Thumbnail", "item_of", "make_thumbnail", "small_picture", "thumbnails"]

_JPEG_QUALITY = 70  # at 160 pixels 3 to 6 kB, and the loss cannot be seen at that size
_MAX_WORKERS = 4

# As many pixels as may be decoded at one time, whatever the number of threads.
_gate = Gate(16_000_000)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG small enough to embed.

    Attributes:
        uri: the whole picture as a `data:` address.
        width: in pixels.
        height: in pixels.
    """

    uri: str
    width: int
    height: int


def thumbnails(sources: Iterable[Any], side: int, limits: Limits) -> Iterator[Thumbnail | Exception | None]:
    """A thumbnail of each source, in order; the exception where one cannot be read; `None` for `None`.

    Works on a few threads and a few sources ahead, so that memory does not grow with their number.
    Closing the iterator stops it.
    """
    workers = min(_MAX_WORKERS, os.cpu_count() or 1)
    with held(limits):
        yield from ordered_map(lambda source: _attempt(source, side, limits), sources, workers)


def make_thumbnail(source: Any, side: int, limits: Limits) -> Thumbnail:
    """The source's picture within a square of `side` pixels, turned upright, without its metadata.

    Raises:
        SourceError: if the source cannot be read as a picture.
        OSError: if the system refuses it.
    """
    item = source if isinstance(source, Item) else item_of(source)
    if item.error is not None:
        raise item.error
    small = small_picture(item, side, limits)
    data = io.BytesIO()
    small.save(data, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return Thumbnail("data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode(), *small.size)


def _attempt(source: Any, side: int, limits: Limits) -> Thumbnail | Exception | None:
    try:
        return None if source is None else make_thumbnail(source, side, limits)
    except Exception as error:  # whatever is wrong with one picture, the others are shown
        return error


def item_of(source: Any) -> Item:
    """The one picture that a source means.

    A path is one file, even with a wildcard in its name, as in a frame; a folder fails when it is opened.
    """
    if isinstance(source, str) and "://" not in source:
        return Item(source, FileName(source))
    return next(iter(expand(source)), Item("", None, ValueError("expected one picture, got an empty list")))


def small_picture(item: Item, side: int, limits: Limits) -> Image.Image:
    """The item's picture within a square of `side` pixels, turned upright; a smaller one as it is.

    Raises:
        SourceError, OSError: if it cannot be read as a picture.
    """
    source = item.source
    if isinstance(source, str) and not isinstance(source, FileName):
        from ..sources.web import fetch

        source = fetch(source, limits)
        item = replace(item, source=source)
    if goes_elsewhere(item, limits):
        return _shrunk(open_picture(item, "standard", limits).image, side)
    with _gate.visit() as reserve:
        if isinstance(source, FileName):
            with open_file(source, limits.bytes) as file:
                return _decode_small(file, side, limits, reserve)
        if isinstance(source, bytes):
            return _decode_small(io.BytesIO(source), side, limits, reserve)
        return _shrunk(open_picture(item, "standard", limits, reserve).image, side)


def _decode_small(file: BinaryIO, side: int, limits: Limits, reserve: Callable[[int], None]) -> Image.Image:
    from ..sources.costs import check_memory
    from ..sources.pillow import normalise, opened

    with opened(file, limits) as image:
        # A JPEG is decoded at a half, a quarter or an eighth of its sides, which is much faster for a large one.
        whole = image.width * image.height
        image.draft(None, (2 * side, 2 * side))
        check_memory(image, limits, whole)
        # A progressive one is held whole, as coefficients, at whatever scale it is decoded.
        reserve(whole if "progressive" in image.info else image.width * image.height)
        return _shrunk(normalise(image, "standard"), side)


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    from PIL.Image import Resampling

    share = min(1.0, side / max(image.size))
    width, height = (max(1, round(length * share)) for length in image.size)
    small = image.resize((width, height), Resampling.LANCZOS, reducing_gap=2.0)
    small.info.clear()  # a comment in it would be saved with the thumbnail
    return small
