"""One row of the catalog, and how the codes of its kinds are laid out in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, get_args, get_type_hints

from ..errors import DamagedError
from ..kinds import Kind
from ..prints import parse_kinds

__all__ = ["KEYPOINTS", "PARTS", "Layout", "Record", "bytes_of", "checked_kinds", "default_radius", "record_of"]

PARTS = "parts"
"""What the index calls the codes of parts, which are searched beside those of the kinds."""
_PART_BITS = 64
KEYPOINTS = "keypoints"
"""What the catalog calls the index's files over keypoints, which have an order of their own: see `keypoint_files`."""


class Record(NamedTuple):
    """A row of `images`, its fields in the order of `sql.COLUMNS`; its look and its keypoints have tables of their own.

    Attributes:
        number: the row's number, never given twice.
        image: what the user calls it.
        place: where it is: the absolute path of a file, an address, or an id.
        size: of the file in bytes; `None` for what is no file.
        mtime_ns: when the file was last changed; likewise.
        digest: of the file's bytes, or `pixels:` and the digest of an array; `None` where it is not known.
        width: in pixels, as shown.
        height: likewise.
        format: of the file, such as `"JPEG"`.
        owner: whose it is; `""` for nobody.
        listing: what it belongs to; `""` for nothing.
        time: ISO 8601 in UTC.
        facts: JSON text of an object; `None` for none.
        codes: of all kinds of the library, see `Layout`; `None` if it could not be read.
        warning: what is wrong with the file though it has codes.
        error: why it could not be read.
        added: when it came into the library, ISO 8601 in UTC.
        quality: how much there is to tell it from others, 0 to 100; `None` without a look.
        parts: codes of parts of it, of 8 bytes each, end to end (see `lookalike.looks`); `None` without a look.
        look: for the second look, on its way into the catalog; rows that are read have none.
        keypoints: by which a part of it is found; likewise.
    """

    number: int
    image: str
    place: str
    size: int | None = None
    mtime_ns: int | None = None
    digest: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    owner: str = ""
    listing: str = ""
    time: str | None = None
    facts: str | None = None
    codes: bytes | None = None
    warning: str | None = None
    error: str | None = None
    added: str = ""
    quality: int | None = None
    parts: bytes | None = None
    look: bytes | None = None
    keypoints: bytes | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from all others: place, owner, listing."""
        return self.place, self.owner, self.listing

    @property
    def known_facts(self) -> dict[str, Any]:
        """What the user told of it."""
        try:
            return dict(json.loads(self.facts)) if self.facts else {}
        except (ValueError, TypeError) as error:
            raise DamagedError(
                f"the facts of row {self.number} are damaged ({error}): restore the catalog from a backup, or "
                f"remove(rows={self.number})"
            ) from error


_ALLOWED = tuple(get_args(kind) or (kind,) for kind in get_type_hints(Record).values())
_sound: set[tuple[type, ...]] = set()


def record_of(row: Sequence[Any], width: int) -> Record:
    """A row of the catalog: SQLite keeps any value in any column, and a catalog may be a stranger's.

    Args:
        row: as the database gives it.
        width: of the library's codes.

    Raises:
        DamagedError: if a value is of another type, or the codes are of another length.
    """
    kinds = tuple(map(type, row))
    if kinds not in _sound:
        for name, value, allowed in zip(Record._fields, row, _ALLOWED, strict=False):
            if type(value) not in allowed:
                raise _damaged(row[0], f"expected {allowed[0].__name__} as {name}, got {type(value).__name__}")
        _sound.add(kinds)
    record = Record(*row)
    if record.codes is not None and len(record.codes) != width:
        raise _damaged(row[0], f"expected {width} bytes of codes, got {len(record.codes)}")
    return record


def bytes_of(number: int, value: object, name: str) -> bytes:
    """A value of a row that must be bytes.

    Raises:
        DamagedError: if it is something else.
    """
    if type(value) is not bytes:
        raise _damaged(number, f"expected bytes as {name}, got {type(value).__name__}")
    return value


def _damaged(number: object, why: str) -> DamagedError:
    return DamagedError(f"row {number} is damaged: {why}; restore the catalog from a backup, or remove(rows={number})")


class Layout:
    """Where the code of each kind stands among a row's codes.

    A code is the bytes of its hex text, with a zero digit before it where the digits are odd. The codes of a
    library's kinds follow each other in the order of its kinds.

    Attributes:
        kinds: in order.
        names: their texts.
        bits: of each, by its text; and of `PARTS`.
        slices: the bytes of each, by its text.
        width: bytes of all.
    """

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = tuple(kinds)
        self.names = tuple(map(str, self.kinds))
        self.bits: dict[str, int] = {}
        self.slices: dict[str, slice] = {}
        self.width = 0
        for name, kind in zip(self.names, self.kinds, strict=True):
            assert kind.bits is not None
            size = (kind.bits + 7) // 8
            self.bits[name] = kind.bits
            self.slices[name] = slice(self.width, self.width + size)
            self.width += size
        self.bits[PARTS] = _PART_BITS
        self._digits = [(name, 2 * (part.stop - part.start)) for name, part in self.slices.items()]
        self._whole = all(digits == kind.hex_digits for (_, digits), kind in zip(self._digits, self.kinds, strict=True))

    def pack(self, hashes: Sequence[str]) -> bytes:
        """The codes of a row, from the hex text of each kind in order."""
        if self._whole:
            return bytes.fromhex("".join(hashes))
        return bytes.fromhex("".join(map(str.zfill, hashes, (digits for _, digits in self._digits))))

    def hex(self, codes: bytes, name: str) -> str:
        """The hex text of one kind."""
        kind = self.kinds[self.names.index(name)]
        digits = kind.hex_digits
        assert digits is not None
        return codes[self.slices[name]].hex()[-digits:]


def checked_kinds(kinds: object) -> tuple[Kind, ...]:
    """The kinds of a library, each with a fixed width.

    Raises:
        ValueError: for a kind whose codes have no fixed length, or too long a one.
    """
    parsed = parse_kinds(kinds)  # type: ignore[arg-type]
    for kind in parsed:
        if kind.bits is None:
            raise ValueError(
                f"expected kinds whose codes have a fixed length, got {kind}: the length of its codes depends on the "
                "picture, and a library's index holds codes of one length"
            )
        if not 8 <= kind.bits <= 1024:
            raise ValueError(f"expected kinds of 8 to 1024 bits, got {kind} of {kind.bits}")
    return tuple(parsed)


def default_radius(kind: Kind) -> int:
    """The largest distance that counts, if no other is asked for."""
    assert kind.radius is not None
    return kind.radius
