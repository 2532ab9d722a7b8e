"""What is in a zip archive: by its list of members, and where it breaks off before that, from its beginning on.

Python's own `zipfile` reads the whole list into memory, whatever its length, and nothing of an archive without one.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from .unpacking import BrokenError, Unpacked

__all__ = ["Entry", "entries", "is_zip", "unpacked"]

_MEMBER, _LISTED, _END, _END64, _LOCATOR = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
_DESCRIPTOR = b"PK\7\x08"
_FORMS = {0: "stored", 8: "deflate", 12: "bzip2"}
_ENCRYPTED, _LATER, _UTF8 = 1, 8, 1 << 11
_FULL, _FULL_SHORT = 0xFFFFFFFF, 0xFFFF
_STRIP = 1 << 16

Spend = Callable[[int], None]


class Entry(NamedTuple):
    """One member.

    Attributes:
        name: its bytes.
        flags: of its header.
        method: by which it is packed.
        crc: checksum of its data; `None` if it is not known.
        packed: length in the archive.
        at: where its header is.
        mode: of the file that it was, as Unix has it; 0 if it is not known.
    """

    name: bytes
    flags: int
    method: int
    crc: int | None
    packed: int
    at: int
    mode: int

    @property
    def problem(self) -> str:
        """What is wrong with it, if it cannot be read."""
        if self.flags & _ENCRYPTED:
            return "it is encrypted"
        if stat.S_ISLNK(self.mode):
            return "expected a file, got a symbolic link"
        return "" if self.method in _FORMS else f"it is packed by a method that is not supported ({self.method})"

    @property
    def is_folder(self) -> bool:
        """Whether there is nothing in it to be read."""
        return self.name.endswith((b"/", b"\\"))


def is_zip(head: bytes) -> bool:
    """Whether a file that begins so is a zip archive."""
    return head.startswith((_MEMBER, _END))


def entries(file: BinaryIO, length: int, spend: Spend) -> Iterator[Entry]:
    """The members, in the order of the list.

    Raises:
        BrokenError: where there are no further ones, though there should be.
    """
    end = _end_of(file, length)
    if end is None:
        yield from _from_the_beginning(file, length, spend)
    else:
        yield from _listed(file, *end)


def unpacked(file: BinaryIO, entry: Entry, spend: Spend) -> Iterator[bytes]:
    """The data of a member, in strips.

    Raises:
        BrokenError: if they are damaged.
    """
    start = _data_of(file, entry.at)
    left = entry.packed

    def pull() -> bytes:
        nonlocal start, left
        data = _read(file, start, min(left, _STRIP))
        start, left = start + len(data), left - len(data)
        return data

    stream = Unpacked(pull, _FORMS[entry.method], spend)
    crc = 0
    while part := stream.read(_STRIP):
        crc = zlib.crc32(part, crc)
        yield part
    if entry.crc is not None and crc != entry.crc:
        raise BrokenError("it is damaged: its checksum is another")


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _end_of(file: BinaryIO, length: int) -> tuple[int, int] | None:
    """Where the list of members begins and ends; `None` if there is none.

    One that does not stand where its end says is that of an archive within this one, which breaks off behind it.
    """
    first = max(0, length - 22 - _FULL_SHORT)
    tail = _read(file, first, length - first)
    at = len(tail)
    while (at := tail.rfind(_END, 0, at)) >= 0:
        # Nothing but its comment and zeros behind it: else it is that of an archive within this one.
        if len(tail) >= at + 22 and not tail[at + 22 + struct.unpack_from("<H", tail, at + 20)[0] :].strip(b"\0"):
            break
    else:
        return None
    size, offset = struct.unpack_from("<II", tail, at + 12)
    stop = first + at
    if _FULL in (size, offset) or tail[at + 8 : at + 12] == b"\xff" * 4:
        place = _read(file, stop - 20, 20) if stop >= 20 else b""
        if place.startswith(_LOCATOR):
            # Where it should be by the locator, or straight before it.
            for stop64 in (struct.unpack_from("<Q", place, 8)[0], stop - 76):
                record = _read(file, stop64, 56) if 0 <= stop64 < length else b""
                if record.startswith(_END64) and len(record) == 56:
                    size, offset = struct.unpack_from("<QQ", record, 40)
                    stop = stop64
                    break
    if offset + size > stop or (size and _read(file, offset, 4) != _LISTED):
        return None
    return offset, offset + size


def _listed(file: BinaryIO, at: int, stop: int) -> Iterator[Entry]:
    while at < stop:
        head = _read(file, at, 46)
        if len(head) < 46 or not head.startswith(_LISTED):
            raise BrokenError("it is damaged: its list of members breaks off")
        flags, method, _, _, crc, packed, full, names, extras, comments = struct.unpack_from("<4H3I3H", head, 8)
        made_by, place = head[5], struct.unpack_from("<I", head, 42)[0]
        mode = struct.unpack_from("<H", head, 40)[0] if made_by == 3 else 0
        text = file.read(names + extras)
        full, packed, place = _long(text[names:], (full, packed, place))
        yield Entry(text[:names], flags, method, crc, packed, place, mode)
        at += 46 + names + extras + comments


def _long(extra: bytes, values: tuple[int, ...]) -> tuple[int, ...]:
    """The values in 64 bits, which stand in an extra field for each that is full."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + size]
            wide = iter([number for (number,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])])
            return tuple(next(wide, value) if value == _FULL else value for value in values)
        at += 4 + size
    return values


def _data_of(file: BinaryIO, at: int) -> int:
    """Where the data of a member begin, behind its own header, which has a name and extras of its own."""
    head = _read(file, at, 30)
    if len(head) < 30 or not head.startswith(_MEMBER):
        raise BrokenError("it is damaged: there is no member where the list says")
    names, extras = struct.unpack_from("<HH", head, 26)
    return at + 30 + int(names) + int(extras)


def _from_the_beginning(file: BinaryIO, length: int, spend: Spend) -> Iterator[Entry]:
    """The members of an archive that breaks off, one behind the other, and then an error."""
    at = 0
    while _read(file, at, 4) == _MEMBER:
        head = _read(file, at, 30)
        if len(head) < 30:
            break
        flags, method, _, _, crc, packed, full, names, extras = struct.unpack_from("<4H3I2H", head, 6)
        text = file.read(names + extras)
        _, packed = _long(text[names:], (full, packed))
        start = at + 30 + names + extras
        behind = start + packed
        found: int | None = None if flags & _LATER else crc
        if flags & _LATER and not packed:
            if flags & _ENCRYPTED or method not in (8, 12):
                raise BrokenError("it breaks off, and a member tells its length only behind itself")
            packed = _length_of(file, start, method, spend)
            behind = start + packed + _descriptor(file, start + packed)
        if behind > length:
            break
        yield Entry(text[:names], flags, method, found, packed, at, 0)
        at = behind
    raise BrokenError("it breaks off: its list of members is not there" if at else "expected a zip archive")


def _length_of(file: BinaryIO, start: int, method: int, spend: Spend) -> int:
    """How long the packed data are that begin there, by unpacking them."""
    at = start

    def pull() -> bytes:
        nonlocal at
        data = _read(file, at, _STRIP)
        at += len(data)
        return data

    stream = Unpacked(pull, _FORMS[method], spend)
    while stream.read(_STRIP):
        pass
    return at - stream.rest - start


def _descriptor(file: BinaryIO, at: int) -> int:
    """How long the record is that stands behind such data."""
    record = _read(file, at, 28)
    marked = 4 if record.startswith(_DESCRIPTOR) else 0
    is_long = record[12 + marked : 14 + marked] != b"PK" and record[20 + marked : 22 + marked] == b"PK"
    return marked + (20 if is_long else 12)
