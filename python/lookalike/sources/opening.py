"""One item in, one decoded picture out."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, cast

from ..errors import NoImageError
from ..options import Limits
from .elsewhere import goes_elsewhere, pixels_elsewhere
from .files import FileName, open_file
from .items import Item, is_array, is_image, settle
from .regular import stamp
from .watched import Watched

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "open_picture"]

Reserve = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, normalised under a recipe.

    Attributes:
        image: the pixels; under `standard` always of mode `L` or `RGB`.
        width: in pixels, after orientation under `standard`.
        height: in pixels, likewise.
        format: Pillow's name of the file format, such as `"JPEG"`; `None` where there was no file.
    """

    image: Image.Image
    width: int
    height: int
    format: str | None


def open_picture(item: Item, recipe: str, limits: Limits, reserve: Reserve | None = None) -> Picture:
    """Read, check, decode and normalise one item.

    Args:
        item: what to open.
        recipe: `"standard"` or `"imagehash"`, with or without its version.
        limits: checked before the work that they limit.
        reserve: called with the weight of the picture (its pixels, more often counted if they need more
            memory) once it is known, before they are decoded; it may wait.

    Raises:
        SourceError: if there is no picture in it, with the reason.
        OSError: if the system refuses to read it.
        TypeError, ValueError: if it is of a type, or an address of a kind, that is not supported.
    """
    if item.error is not None:
        raise item.error
    source = item.source
    if isinstance(source, str) and not isinstance(source, FileName):
        from .web import fetch

        item = replace(item, source=fetch(source, limits))
        source = item.source
    if goes_elsewhere(item, limits):
        image, form = pixels_elsewhere(item, recipe, limits)
        return Picture(image, image.width, image.height, form)
    if isinstance(source, FileName):
        with open_file(source, limits.bytes) as file:
            picture = _decode(file, recipe, limits, reserve)
            if item.stamp is not None and item.stamp != stamp(file.fileno()):
                raise NoImageError("the file has changed while it was read")
            return picture
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source), recipe, limits, reserve)
    if not is_image(source) and not is_array(source):
        return open_picture(settle(item, limits.bytes), recipe, limits, reserve)
    return _take(source, recipe, limits, reserve)


def _decode(file: BinaryIO, recipe: str, limits: Limits, reserve: Reserve | None) -> Picture:
    from . import costs, pillow

    watched = Watched(file, limits)
    with pillow.opened(watched, limits) as image:
        costs.check_memory(image, limits)
        return _normalised(image, recipe, watched.patient(reserve))


def _take(source: object, recipe: str, limits: Limits, reserve: Reserve | None) -> Picture:
    from . import pillow

    image = cast("Image.Image", source) if is_image(source) else _from_array(source, recipe, limits)
    pillow.check_size(image, limits)
    return _normalised(image, recipe, reserve)


def _from_array(source: object, recipe: str, limits: Limits) -> Image.Image:
    from .arrays import to_image

    return to_image(source, recipe, limits)


def _normalised(image: Image.Image, recipe: str, reserve: Reserve | None) -> Picture:
    from . import pillow

    if reserve is not None:
        reserve(pillow.weight(image))
    form = image.format
    result = pillow.normalise(image, recipe)
    return Picture(result, result.width, result.height, form)
