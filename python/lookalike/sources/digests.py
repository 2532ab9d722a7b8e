"""Digests of contents: the same bytes, or the same pixels, have the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from .._core import Digest
from .files import FileName, open_file
from .items import Item, is_array, is_image
from .regular import stamp

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["digested", "pixel_digest"]

# A file up to this long is read once, for its digest and for its pixels; with more, several threads' files would
# take too much memory.
_HELD = 32 * 1024 * 1024
_STRIP = 1 << 20


def digested(item: Item, max_bytes: int) -> Item:
    """The item with the digest of its bytes: BLAKE3 in hex, as `b3sum` prints it.

    A file of at most 32 MB is read into memory, so that what is decoded is what the digest is of, even if the
    file changes meanwhile. A longer one is read twice, and the item is stamped, so that `open_picture` refuses it if it
    has changed. Addresses and pixels stay without a digest.

    Raises:
        SourceError, OSError: if a file cannot be read.
    """
    source = item.source
    if item.digest is not None or not isinstance(source, bytes | FileName):
        return item
    if isinstance(source, bytes):
        return replace(item, digest=_digest([source]))
    with open_file(source, max_bytes) as file:
        content = file.read(_HELD + 1)
        if len(content) <= _HELD:
            return replace(item, source=content, digest=_digest([content]))
        del content
        stamped = stamp(file.fileno())
        file.seek(0)
        return replace(item, digest=_digest(iter(lambda: file.read(_STRIP), b"")), stamp=stamped)


def pixel_digest(source: object) -> str | None:
    """The digest of a PIL image or an array: `"pixels:"`, then BLAKE3 in hex; `None` for all else.

    Beside the pixels it takes in what decides how they look: an image's mode, size, palette, transparent colour
    and orientation, an array's type and shape. So an image and its array differ, and neither can equal a file.
    """
    if is_image(source):
        parts = _of_image(cast("Image.Image", source))
    elif is_array(source):
        parts = _of_array(source)
    else:
        return None
    return f"pixels:{_digest(parts)}"


def _digest(parts: Iterable[bytes]) -> str:
    digest = Digest()
    for part in parts:
        digest.update(part)
    return digest.hex()


def _of_image(image: Image.Image) -> Iterator[bytes]:
    from .pillow import orientation

    key = image.info.get("transparency")
    yield f"image {image.mode} {image.size} {orientation(image)} {key!r} {_palette(image)}\n".encode()
    # In strips: the bytes of a large image are as much memory again.
    rows = max(1, _STRIP // (image.width * 4))
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(image.height, top + rows))).tobytes()


def _palette(image: Image.Image) -> str:
    if image.palette is None:
        return ""
    return f"{image.palette.mode} {image.getpalette(None)}"


def _of_array(source: Any) -> Iterator[bytes]:
    import numpy as np

    array = np.asarray(source)
    yield f"array {array.dtype.str} {array.shape}\n".encode()
    rows = max(1, _STRIP // max(1, array[0].nbytes))
    for top in range(0, len(array), rows):
        yield array[top : top + rows].tobytes()
