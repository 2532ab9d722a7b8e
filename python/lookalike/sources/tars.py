"""What is in a tar archive, header by header, from a stream that is read once.

Python's own `tarfile` is for archives of friends: it reads headers of any length into memory, and goes one call deeper
for each that speaks of the next. Here a header has a limit, and what is no plain file is only named.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .unpacking import BrokenError, Unpacked

__all__ = ["Entry", "entries", "is_header"]

_BLOCK = 512
_EMPTY = bytes(_BLOCK)
_LONGEST = 1 << 20
"""Bytes of a header of names and the like."""
_PLAIN = {b"0", b"\0", b"7"}
_LINKS = {b"1": "a hard link", b"2": "a symbolic link"}
_OTHERS = {b"3": "a device", b"4": "a device", b"6": "a named pipe", b"S": "a file with holes"}
_SPARSE = "sparse"
_WITHOUT_DATA = {b"1", b"2", b"3", b"4", b"5", b"6"}


class Entry(NamedTuple):
    """One member.

    Attributes:
        name: its bytes.
        size: of its data, which the stream stands before.
        problem: what it is, if it is no plain file; empty if it is.
        is_folder: whether there is nothing in it to be read.
    """

    name: bytes
    size: int
    problem: str
    is_folder: bool


def is_header(block: bytes) -> bool:
    """Whether a block is the header of a member, by its sum."""
    if len(block) < _BLOCK or block == _EMPTY:
        return False
    try:
        told = _number(block[148:156])
    except BrokenError:
        return False
    return told == sum(block[:148]) + 8 * 32 + sum(block[156:])


def entries(stream: Unpacked) -> Iterator[Entry | None]:
    """The members in order; `None` for a header that only speaks of the next.

    Whoever asks for them may read the data of each, or a part, before asking for the next.

    Raises:
        BrokenError: where there is no header, and no end.
    """
    told: dict[str, bytes] = {}
    while (block := stream.exactly(_BLOCK)) != _EMPTY:
        if len(block) < _BLOCK:
            raise BrokenError("it breaks off")
        if not is_header(block):
            raise BrokenError("it is damaged: there is no header where a member should begin")
        kind, size = block[156:157], _number(block[124:136])
        if kind in (b"x", b"g", b"L", b"K"):
            text = _small(stream, size)
            if kind == b"x":
                told = {"path": told.get("path", b"")} | _records(text)
            elif kind == b"L":
                told["path"] = text.rstrip(b"\0")
            yield None
            continue
        if kind == b"S":
            _pass_map(stream, block)
        entry = _entry(block, kind, size, told)
        told = {}
        counted = _Counted(stream, entry.size)
        yield entry
        counted.pass_rest()


class _Counted:
    """Where the data of a member end, however much of it was read."""

    def __init__(self, stream: Unpacked, size: int) -> None:
        self._stream, self._end = stream, stream.given + size + -size % _BLOCK

    def pass_rest(self) -> None:
        left = self._end - self._stream.given
        if self._stream.skip(left) < left:
            raise BrokenError("it breaks off")


def _entry(block: bytes, kind: bytes, size: int, told: dict[str, bytes]) -> Entry:
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    name = told.get("path") or name
    if "size" in told:
        size = _decimal(told["size"])
    if kind in _WITHOUT_DATA:
        size = 0
    problem = _LINKS.get(kind) or _OTHERS.get(kind, "")
    if _SPARSE in told:
        problem = _OTHERS[b"S"]
    if not problem and kind not in _PLAIN and kind != b"5":
        problem = "something that is no plain file"
    return Entry(name, size, problem, kind == b"5" or name.endswith(b"/"))


def _small(stream: Unpacked, size: int) -> bytes:
    if size > _LONGEST:
        raise BrokenError(f"expected a header of at most {_LONGEST:,} bytes, got one of {size:,}")
    text = stream.exactly(size)
    padding = -size % _BLOCK
    if len(text) < size or stream.skip(padding) < padding:
        raise BrokenError("it breaks off")
    return text


def _pass_map(stream: Unpacked, block: bytes) -> None:
    """The further blocks that say where the holes of a file are."""
    is_more = block[482]
    while is_more:
        block = stream.exactly(_BLOCK)
        if len(block) < _BLOCK:
            raise BrokenError("it breaks off")
        is_more = block[504]


def _records(text: bytes) -> dict[str, bytes]:
    """Records of POSIX's extended header: length, space, key, equals sign, value, line feed."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(text) and text[at]:
        digits, space, _ = text[at : at + 8].partition(b" ")
        length = _decimal(digits) if space else 0
        key, equals, value = text[at + len(digits) + 1 : at + length].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise BrokenError("it is damaged: an extended header that cannot be read")
        if key in (b"path", b"size"):
            found[key.decode()] = value[:-1]
        elif key.startswith(b"GNU.sparse"):
            found[_SPARSE] = b""
        at += length
    return found


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 19:
        raise BrokenError("it is damaged: a number that is none")
    return int(digits)


def _number(field: bytes) -> int:
    """A number of a header: octal digits, or, with its first bit set, binary."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0").partition(b"\0")[0]
    if not digits:
        return 0
    if field[0] & 0x80 or not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise BrokenError("it is damaged: a number that is none")
    return int(digits, 8)
