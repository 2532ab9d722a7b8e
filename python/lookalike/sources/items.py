"""One item for each input picture: what a user gave, taken apart."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..errors import LimitError, NoFileError, NoImageError
from ..options import DEFAULT_LIMITS, Limits
from .files import FileName, expand_path, is_file, readable
from .names import is_archive_name

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Item", "count", "expand", "expand_each", "is_array", "is_image", "member_at", "settle", "why_unsupported"]

_ADDRESS = re.compile(r"(https?|s3|gs|az)://", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_NAMES = (str, PurePath)
_SETTLED = (bytes, str)  # a FileName is a str
_MOST_NESTED = 100
_TABLE_PACKAGES = ("pandas", "polars", "pyarrow", "narwhals")
_EXPECTED = (
    "expected a path, folder, pattern, http(s) address, bytes, file object, PIL image, NumPy array, "
    "or a list or column of these"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One input picture before it is opened.

    Attributes:
        image: its id: the path or address as the user wrote it, a file object's or PIL image's name, or
            its kind and row number, such as `"bytes 3"`.
        source: `FileName`, address, bytes, file object, PIL image or array.
        error: why there is nothing to open, if so.
        fleeting: it came from an iterator that may reuse or close it when it is asked for the next, or may
            let us wait for the next.
        digest: of its bytes, once it is asked for and known.
        stamp: of the file when the digest was made, if it is to be read once more: see `regular.stamp`.
        is_member: it came out of an archive, and its id is the archive's path and its name in there.
    """

    image: str
    source: object
    error: Exception | None = None
    fleeting: bool = False
    digest: str | None = None
    stamp: tuple[int, ...] | None = None
    is_member: bool = False


def expand(sources: object, limits: Limits = DEFAULT_LIMITS) -> Iterator[Item]:
    """Take sources apart, lazily and in order, into one item for each picture.

    An archive is taken apart where it is the only source, is meant by a pattern that spells its ending, or has a slash
    behind its name. In a folder it is passed over, and as a member of a list it is a file like others: each has one
    item, for many pair a list with its rows. Members are read as they are asked for, within `limits`.

    Never raises for what a source is: a missing path, an empty folder, an unsupported type become items
    with an `error`. (An exception of the caller's own iterator does pass through.)
    """
    for number, item in enumerate(_expand(sources, False, limits)):
        yield _numbered(item, number)


def expand_each(sources: Iterable[object], limits: Limits = DEFAULT_LIMITS) -> Iterator[tuple[int, Item]]:
    """As `expand`, of a collection: each item with the place in it of the source that it comes from."""
    number = 0
    for place, source in enumerate(sources):
        for item in _of_members([source], not isinstance(sources, Sized), limits):
            yield place, _numbered(item, number)
            number += 1


def _numbered(item: Item, number: int) -> Item:
    return item if item.image else replace(item, image=f"{_kind(item.source)} {number}")


def _expand(
    source: object, fleeting: bool, limits: Limits | None, around: tuple[object, ...] = (), alone: bool = True
) -> Iterator[Item]:
    """The items of a source that is in these collections, the outermost first, or `alone`."""
    if isinstance(source, str):
        yield from _of_text(source, fleeting, limits, alone)
    elif isinstance(source, os.PathLike):
        yield from _of_path(os.fspath(source), fleeting, limits, alone)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield Item("", bytes(source), None, fleeting)
    elif is_image(source):
        yield Item(_name(getattr(source, "filename", None)), source, None, fleeting)
    elif _is_path_array(source):
        yield from _of_collection(source, source.tolist(), fleeting, limits, around)  # type: ignore[attr-defined]
    elif is_array(source):
        yield Item("", source, None, fleeting)
    elif callable(getattr(source, "read", None)):
        yield Item(_name(getattr(source, "name", None)), source, None, fleeting)
    elif (problem := why_unsupported(source)) is not None:
        yield Item("", source, TypeError(problem))
    else:
        assert isinstance(source, Iterable)
        yield from _of_collection(source, source, fleeting or not isinstance(source, Sized), limits, around)


def _of_collection(
    source: object, members: Iterable[Any], fleeting: bool, limits: Limits | None, around: tuple[object, ...]
) -> Iterator[Item]:
    if any(source is one for one in around):
        yield Item("", source, ValueError("expected a list of sources, got one that contains itself"))
    elif len(around) == _MOST_NESTED:
        yield Item("", source, ValueError(f"expected lists of sources in at most {_MOST_NESTED} others, got more"))
    else:
        yield from _of_members(members, fleeting, limits, (*around, source))


def _of_members(
    members: Iterable[Any], fleeting: bool, limits: Limits | None, around: tuple[object, ...] = ()
) -> Iterator[Item]:
    for member in members:
        if isinstance(member, _NAMES) and "://" not in (path := str(member)) and is_file(path):
            # By far the most: straight on, for what is done here is done for every file.
            yield Item(readable(path), FileName(path), None, fleeting)
            continue
        # pyarrow's columns hand out scalars that wrap the value.
        value = member.as_py() if callable(getattr(member, "as_py", None)) else member
        yield from _expand(value, fleeting, limits, around, False)


def _of_text(text: str, fleeting: bool, limits: Limits | None, alone: bool) -> Iterator[Item]:
    if "://" in text and _ADDRESS.match(text):
        yield Item(text, text, None, fleeting)
    elif "://" in text and (scheme := _SCHEME.match(text)):
        problem = f"expected a path or an address that begins with http:// or https://, got {scheme[0]} in {text!r}"
        yield Item(readable(text), text, ValueError(problem))
    elif not text:
        yield Item("", text, ValueError("expected a path or an address, got an empty text"))
    else:
        yield from _of_path(text, fleeting, limits, alone)


def _of_path(given: str | bytes, fleeting: bool, limits: Limits | None, alone: bool) -> Iterator[Item]:
    path = os.fsdecode(given)
    if limits is not None and (archive := _archive_with_slash(path)):
        yield from _of_archive(archive, limits, readable(archive))
        return
    for name, found in expand_path(path):
        if isinstance(found, NoFileError) and limits is not None:
            yield member_at(path, limits) or Item(name, name, found)
        elif isinstance(found, Exception):
            yield Item(name, name, found)
        elif limits is not None and (alone or found != path) and is_archive_name(found):
            yield from _of_archive(found, limits, name)
        else:
            yield Item(name, FileName(found), None, fleeting)


def _archive_with_slash(path: str) -> str:
    """The archive whose name this is with a slash behind it; empty if it is none."""
    archive = path.rstrip("/")
    return archive if archive != path and is_archive_name(archive) and is_file(archive) else ""


def _of_archive(path: str, limits: Limits, image: str) -> Iterator[Item]:
    from .archives import members

    for name, content in members(path, limits, image):
        if isinstance(content, Exception):
            yield Item(name, name, content, is_member=True)
        else:
            yield Item(name, content, is_member=True)


def member_at(path: str, limits: Limits) -> Item | None:
    """The member of an archive that has this path as its id; `None` if there is no such archive."""
    from .archives import opened_member, split

    if split(path) is None:
        return None
    name = readable(path)
    try:
        with cast("BinaryIO", opened_member(path, limits)) as file:
            return Item(name, file.read(), is_member=True)
    except Exception as error:
        return Item(name, name, error, is_member=True)


def is_image(source: object) -> bool:
    """Whether it is a PIL image. Nobody can have one before PIL is imported, so this never imports it."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(source, pil.Image)


def is_array(source: object) -> bool:
    """Whether it is a NumPy array, or another package's array (a tensor) that converts to one."""
    if type(source).__module__.partition(".")[0] in _TABLE_PACKAGES:
        return False
    return hasattr(source, "__array__") and getattr(source, "ndim", 0) > 0


def _is_path_array(source: object) -> bool:
    kind = getattr(getattr(source, "dtype", None), "kind", "")
    return kind in ("O", "U", "T") and getattr(source, "ndim", 0) == 1 and callable(getattr(source, "tolist", None))


def why_unsupported(source: object) -> str | None:
    """Why a source that is neither a path nor pixels nor a file is no collection of these either, if so."""
    name = "a missing value" if _is_missing(source) else type(source).__name__
    if hasattr(source, "columns") or hasattr(source, "column_names"):
        return f"expected a column, got a whole {name}: pass one of its columns, such as frame['image']"
    if isinstance(source, Mapping):
        return f"expected a list of sources, got a {name}: pass its values, as in list(sources.values())"
    if isinstance(source, Iterable):
        return None
    return f"{_EXPECTED}; got {name}"


def _is_missing(source: object) -> bool:
    if isinstance(source, float):
        return source != source
    return type(source).__name__ in ("NoneType", "NAType", "NaTType")


def _name(name: object) -> str:
    # A file object opened from a descriptor has a number as its name.
    if isinstance(name, bytes | os.PathLike):
        name = os.fsdecode(name)
    return readable(name) if isinstance(name, str) else ""


def _kind(source: object) -> str:
    if isinstance(source, bytes):
        return "bytes"
    if is_image(source):
        return "image"
    if is_array(source):
        return "array"
    return "file" if callable(getattr(source, "read", None)) else "source"


def count(sources: object) -> int | None:
    """How many items the sources will be; `None` if to know would use them up.

    Folders are walked for it. Archives are not read for it, and count as one.
    """
    if isinstance(sources, str | os.PathLike):
        return sum(1 for _ in _expand(sources, False, None))
    if not isinstance(sources, Sized) or not isinstance(sources, Iterable) or any(map(_is_used_up, sources)):
        return None
    return sum(1 for _ in _expand(sources, False, None))


def _is_used_up(source: object) -> bool:
    is_open = isinstance(source, str | bytes | os.PathLike) or hasattr(source, "read") or is_image(source)
    return not is_open and not is_array(source) and not isinstance(source, Sized) and isinstance(source, Iterable)


def settle(item: Item, max_bytes: int) -> Item:
    """Take hold of what may change before its turn comes.

    A file object is read here, on the caller's thread: two readers of one file would each get a part.
    From an iterator, a PIL image is loaded (copied, if a seek can change its pixels) and an array is
    copied, for the iterator may close or overwrite them when it is asked for the next.
    """
    if item.error is not None or isinstance(item.source, _SETTLED):
        return item
    try:
        if is_image(item.source):
            from .pillow import held

            return replace(item, source=held(cast("Image.Image", item.source))) if item.fleeting else item
        if is_array(item.source):
            return replace(item, source=item.source.copy()) if item.fleeting else item  # type: ignore[attr-defined]
        return replace(item, source=_read_all(item.source, max_bytes))
    except Exception as error:
        return replace(item, error=error)


def _read_all(file: Any, max_bytes: int) -> bytes:
    data = file.read(max_bytes + 1)
    if isinstance(data, str):
        raise TypeError("expected a file opened in binary mode ('rb'), got one in text mode")
    if not data:
        _explain_empty(file)
    elif len(data) > max_bytes:
        raise LimitError(f"expected at most {max_bytes:,} bytes, got a file object with more; raise Limits.bytes")
    return bytes(data or b"")


def _explain_empty(file: Any) -> None:
    try:
        position = file.tell()
    except (AttributeError, OSError, io.UnsupportedOperation):
        return
    if position:
        raise NoImageError(f"nothing left to read: the file object stands at byte {position}; seek(0) first")
