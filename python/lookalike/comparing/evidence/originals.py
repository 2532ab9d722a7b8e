"""The pictures that were compared, read again: the same ones, or an error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import SourceError
from ...sources import FileName, Item
from ...sources.digests import digested, pixel_digest
from ..sides import Side

__all__ = ["Original", "original_of"]


@dataclass(frozen=True, slots=True)
class Original:
    """A picture to be shown.

    Attributes:
        item: where its pixels come from.
        length: of its file in bytes; `None` if there is no file.
    """

    item: Item
    length: int | None


def original_of(side: Side) -> Original:
    """The picture of a side as it was compared: its digest is taken again, so that what is shown is what it is of.

    Raises:
        SourceError: if it is another one by now, or cannot be read any more.
        OSError: likewise.
    """
    item = digested(replace(side.item, digest=None), side.limits.bytes)
    digest = item.digest or pixel_digest(item.source)
    if digest is not None and digest != side.upright.digest:
        raise SourceError(f"{item.image}: it has changed since it was compared: compare it again")
    if isinstance(item.source, bytes):
        return Original(item, len(item.source))
    return Original(item, Path(item.source).stat().st_size if isinstance(item.source, FileName) else None)
