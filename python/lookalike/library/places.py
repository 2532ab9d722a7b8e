"""Where a source is: what tells it from all others in a library, and whether its file is the one that is known."""

from __future__ import annotations

import os
import stat
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ..sources import FileName, Item, digested, pixel_digest
from ..sources.items import is_image

__all__ = ["Seen", "file_at", "is_gone", "own_name", "place_of_path", "seen"]

_FILE = "file:"


class Seen(NamedTuple):
    """What one look at a source tells, without opening a file.

    Attributes:
        place: see `Record.place`.
        size: of its file in bytes; `None` if it is no file.
        mtime_ns: when the file was last changed; likewise.
        digest: of what is in memory; `None` for files and addresses.
        gone: there is no such file.
    """

    place: str
    size: int | None = None
    mtime_ns: int | None = None
    digest: str | None = None
    gone: bool = False


def seen(item: Item, name: str | None) -> Seen:
    """Look at a source; `name` is what it is called, if it is called anything: what is in memory is told by it."""
    source = item.source
    if isinstance(source, FileName):
        return _of_file(source)
    if isinstance(source, str):
        # An address; or a text that is no path of a file, which has an error.
        return Seen(source) if item.error is None else Seen(place_of_path(source), gone=True)
    digest = None if item.error is not None else digest_in_memory(source)
    return Seen(name or digest or item.image, digest=digest)


def _of_file(path: str) -> Seen:
    place = place_of_path(path)
    try:
        status = os.stat(path)  # noqa: PTH116  # a Path takes three times as long
    except (OSError, ValueError):
        return Seen(place, gone=True)
    return Seen(place, status.st_size, status.st_mtime_ns)


def own_name(item: Item) -> str | None:
    """The name of a PIL image or of a file object that has one; the path of an archive's member."""
    if item.is_member:
        return place_of_path(item.image)
    source: Any = item.source
    name = getattr(source, "filename" if is_image(source) else "name", None)
    return item.image if isinstance(name, str | bytes | os.PathLike) and name else None


def place_of_path(path: str) -> str:
    """The absolute path as text; one that is no Unicode as `file:` and its bytes in percent signs."""
    whole = os.path.abspath(path)  # noqa: PTH100  # `Path.absolute` keeps `..`, and is slower
    try:
        whole.encode()
        return whole
    except UnicodeEncodeError:
        # Text that no file can be named by goes in as it is, and finds nothing.
        return _FILE + quote_from_bytes(
            whole.encode("utf-8", "surrogateescape" if _is_name(whole) else "surrogatepass")
        )


def _is_name(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def file_at(place: str) -> str:
    """The path that a place stands for."""
    return os.fsdecode(unquote_to_bytes(place[len(_FILE) :])) if place.startswith(_FILE) else place


def is_gone(place: str) -> bool:
    """Whether there is no file at a place any more. One that cannot be looked at is not gone."""
    try:
        return not stat.S_ISREG(os.stat(file_at(place)).st_mode)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False


def digest_in_memory(source: object) -> str | None:
    """The digest of bytes or of pixels; `None` for what is not in memory, or cannot be loaded."""
    try:
        return digested(Item("", source), 0).digest or pixel_digest(source) if not isinstance(source, str) else None
    except Exception:
        return None  # its error comes with its row
