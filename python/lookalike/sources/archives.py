"""Archives as sources: each picture in a zip or tar archive, read into memory in its turn. Nothing is written.

What an archive says of itself is not believed: lengths are counted as they come out, names are only names.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

from ..errors import LimitError, NoFileError, NoImageError
from ..options import Limits
from . import tars, zips
from .names import is_archive_name, is_picture_name, readable
from .regular import open_regular, stamp
from .unpacking import BrokenError, Unpacked

__all__ = ["members", "opened_member", "split"]

_RATIO = 200
"""An archive may be so many times as long when it is unpacked. Pictures are hardly ever packed to a tenth."""
_LEAST = 128 << 20
"""So long it may be in any case: a page that is all white packs well."""
_ANY_LENGTH = 1 << 62  # it is not held in memory
_LONGEST_NAME = 4096
_STRIP = 1 << 16
_MAGIC = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))


class _Found(NamedTuple):
    """One member: its id behind the archive's, and where its data come from, or why there are none."""

    name: str
    data: Iterable[bytes] | Exception


class _Spending:
    """What may still come out of an archive."""

    def __init__(self, length: int, limits: Limits) -> None:
        self._most = max(_LEAST, _RATIO * length)
        self._left = self._most
        self._packed = length
        self._members = self._most_members = limits.members

    def unpack(self, count: int) -> None:
        """Count bytes that came out."""
        self._left -= count
        if self._left < 0:
            raise _BombError(f"expected at most {self._most:,} bytes in the archive, got more: it may be a trap")

    def take(self, packed: int) -> None:
        """Count bytes that a member takes in the archive: more than there are, if members share them."""
        self._packed -= packed
        if self._packed < 0:
            raise _BombError("expected members side by side, got some on top of each other: it may be a trap")

    def count(self) -> None:
        """Count a member."""
        self._members -= 1
        if self._members < 0:
            text = f"expected at most {self._most_members:,} members in the archive, got more; raise Limits.members"
            raise _BombError(text)


class _BombError(LimitError):
    """A limit of the whole archive: nothing more is read of it."""


def members(path: str, limits: Limits, image: str | None = None) -> Iterator[tuple[str, bytes | Exception]]:
    """The pictures in an archive, in its order, each as its id and its bytes, or why it cannot be read.

    `image` is the archive's own id, its path if none is given.

    Members with a picture's name are taken, whatever folder they are in, unless the name of the member or of a folder
    begins with a dot. The id is the archive's path and the name in it, as in `shop.zip/photos/a.jpg`; a second member
    of that name is `shop.zip/photos/a.jpg#2`. Archives in an archive are not opened.

    Where an archive breaks off, or is too much, an error with the archive's own name follows the last member.
    """
    count, image = 0, readable(path) if image is None else image
    try:
        with open_regular(path, _ANY_LENGTH) as file:
            before = stamp(file.fileno())
            for found in _found(file, before[2], limits):
                count += 1
                yield f"{image}/{found.name}", _content(found, limits)
            if stamp(file.fileno()) != before:
                raise BrokenError("it has changed while it was read")
    except (_BombError, BrokenError) as error:
        yield image, type(error)(f"the archive cannot be read to its end: {error}")
        return
    except Exception as error:
        yield image, error
        return
    if not count:
        yield image, NoFileError(f"no pictures in the archive: {image!r}")


def split(path: str) -> tuple[str, str] | None:
    """The archive that the id of a member begins with, and the rest."""
    end = 0
    while (end := path.find("/", end + 1)) > 0:
        if is_archive_name(path[:end]) and os.path.isfile(path[:end]):  # noqa: PTH113
            return path[:end], path[end + 1 :]
    return None


def opened_member(path: str, limits: Limits) -> BinaryIO | None:
    """The member that has this id, in memory; `None` if there is no such archive.

    Raises:
        NoFileError: if there is no such member in it.
        SourceError, OSError: if it cannot be read.
    """
    if (parts := split(path)) is None:
        return None
    archive, name = parts
    with open_regular(archive, _ANY_LENGTH) as file:
        for found in _found(file, stamp(file.fileno())[2], limits):
            if found.name == name:
                content = _content(found, limits)
                if isinstance(content, Exception):
                    raise content
                return io.BytesIO(content)
    raise NoFileError("no such file in the archive")


def _content(found: _Found, limits: Limits) -> bytes | Exception:
    """What is in a member. What is wrong with the whole archive is raised."""
    if isinstance(found.data, Exception):
        return found.data
    content = io.BytesIO()
    try:
        for part in found.data:
            content.write(part)
            if content.tell() > limits.bytes:
                return LimitError(
                    f"expected at most {limits.bytes:,} bytes, got a member with more; raise Limits.bytes"
                )
    except BrokenError as error:
        return NoImageError(f"the archive's member cannot be read: {error}")
    return content.getvalue()


def _found(file: BinaryIO, length: int, limits: Limits) -> Iterator[_Found]:
    head = file.read(512)
    file.seek(0)
    spending = _Spending(length, limits)
    form = next((form for magic, form in _MAGIC if head.startswith(magic)), "stored")
    if zips.is_zip(head):
        yield from _named(_in_zip(file, length, spending))
    elif form != "stored" or tars.is_header(head):
        yield from _named(_in_tar(Unpacked(lambda: file.read(_STRIP), form, spending.unpack), spending))
    else:
        raise NoImageError(f"expected a zip or tar archive, got {_what(head)}")


def _what(head: bytes) -> str:
    from .sniff import describe

    return describe(head) if head else "an empty file (0 bytes)"


def _in_zip(file: BinaryIO, length: int, spending: _Spending) -> Iterator[tuple[str, Iterable[bytes] | str]]:
    for entry in zips.entries(file, length, spending.unpack):
        spending.count()
        if not entry.is_folder:
            yield _text_of_zip(entry.name), entry.problem or _taken(file, entry, spending)


def _text_of_zip(name: bytes) -> str:
    """Some writers leave out the mark of UTF-8, and some take Windows' separators."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("cp437")
    return text.replace("\\", "/")


def _taken(file: BinaryIO, entry: zips.Entry, spending: _Spending) -> Iterator[bytes]:
    spending.take(entry.packed)
    yield from zips.unpacked(file, entry, spending.unpack)


def _in_tar(stream: Unpacked, spending: _Spending) -> Iterator[tuple[str, Iterable[bytes] | str]]:
    for entry in tars.entries(stream):
        spending.count()
        if entry is not None and not entry.is_folder:
            problem = entry.problem and f"expected a file, got {entry.problem}"
            yield entry.name.decode("utf-8", "backslashreplace"), problem or _data(stream, entry.size)


def _data(stream: Unpacked, size: int) -> Iterator[bytes]:
    while size:
        part = stream.read(min(size, _STRIP))
        if not part:
            raise BrokenError("it breaks off")
        size -= len(part)
        yield part


def _named(found: Iterable[tuple[str, Iterable[bytes] | str]]) -> Iterator[_Found]:
    """Those that have the name of a picture, and archives, by ids of which no two are the same."""
    seen: dict[bytes, int] = {}
    for text, data in found:
        name = _safe(text)
        is_inner = is_archive_name(name)
        if _is_hidden(name) or not (is_inner or is_picture_name(name)):
            continue
        problem = data if isinstance(data, str) else ""
        if is_inner:
            problem = "an archive in an archive, which is not opened"
        elif len(name) > _LONGEST_NAME:
            problem, name = f"expected a name of at most {_LONGEST_NAME:,} characters", name[:_LONGEST_NAME]
        # A digest, for a hundred thousand names may be of any length.
        key = blake2b(name.encode(), digest_size=16).digest()
        number = seen[key] = seen.get(key, 0) + 1
        content = NoImageError(problem) if problem else data
        assert not isinstance(content, str)
        yield _Found(name if number == 1 else f"{name}#{number}", content)


def _safe(text: str) -> str:
    """A member's name, such that it leads nowhere outside of the archive if it is read as a path.

    No part is empty or a dot, and `..` is written out as `\\x2e\\x2e`.
    """
    parts = text.replace(os.sep, "/").replace("\0", "\\x00").split("/")
    return "/".join(r"\x2e\x2e" if part == ".." else part for part in parts if part not in ("", "."))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name
