"""The catalog's keypoints: a table beside the rows, which may have none, or get theirs later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from . import sql
from .records import bytes_of

if TYPE_CHECKING:
    from .catalog import Store
    from .records import Record

__all__ = ["MOST_BYTES", "Kept", "KeypointRows", "among"]

_AT_ONCE = 500


class Kept(NamedTuple):
    """Keypoints of some rows, in the order in which they came.

    Attributes:
        last: the number of the last in that order.
        rows: whose they are `(n,)` int64.
        blobs: their bytes, n of them: see `lookalike.keypoints`.
    """

    last: int
    rows: np.ndarray
    blobs: list[bytes]


MOST_BYTES = 8 * 1024
"""Of the keypoints of an image."""


class KeypointRows:
    """What the catalog keeps to find parts of pictures by.

    Args:
        store: the database.
        there: whether it has such a table.
    """

    SCHEMA: ClassVar = 3
    """The first schema with such a table."""

    def __init__(self, store: Store, *, there: bool) -> None:
        self._store = store
        self._there = there

    def of(self, numbers: Iterable[int]) -> dict[int, bytes]:
        """The keypoints of rows, by number; those that have none are left out."""
        pieces = among(self._store, sql.PIECES_BY_NUMBERS, map(int, numbers)) if self._there else ()
        found: dict[int, list[bytes]] = {}
        for number, _, piece in sorted(pieces, key=lambda piece: piece[1]):
            found.setdefault(number, []).append(bytes_of(number, piece, "keypoints"))
        return {number: b"".join(parts) for number, parts in found.items()}

    def having(self, numbers: Iterable[int]) -> set[int]:
        """Which of some rows have keypoints, though perhaps not one."""
        found = among(self._store, sql.HAVE_KEYPOINTS, numbers) if self._there else ()
        return {number for (number,) in found}

    def all_rows(self) -> np.ndarray:
        """The numbers of all rows that have keypoints, ascending."""
        found = self._store.query(sql.NUMBERS_OF_KEYPOINTS) if self._there else []
        return np.array([number for (number,) in found], np.int64)

    def count(self) -> int:
        """How many rows have keypoints, though perhaps not one."""
        return int(self._store.query(sql.COUNT_KEYPOINTS)[0][0]) if self._there else 0

    def last(self) -> int:
        """The end of the order in which they came."""
        return int(self._store.query(sql.LAST_KEYPOINTS)[0][0]) if self._there else 0

    def between(self, first: int, last: int, at_once: int) -> Iterator[Kept]:
        """Those that came from `first` to `last`, in that order, at most so many at a time."""
        after = first - 1
        while self._there and after < last and (part := self._store.query(sql.KEYPOINTS, (after, last, at_once))):
            seqs, numbers = zip(*part, strict=True)
            after = seqs[-1]
            held: dict[int, list[bytes]] = {seq: [] for seq in seqs}
            whose = dict(zip(seqs, numbers, strict=True))
            for place, piece in self._store.query(sql.PIECES, (seqs[0] * sql.PLACES, (after + 1) * sql.PLACES)):
                held[place // sql.PLACES].append(bytes_of(whose[place // sql.PLACES], piece, "keypoints"))
            yield Kept(after, np.array(numbers, np.int64), [b"".join(pieces) for pieces in held.values()])

    def rows_between(self, first: int, last: int) -> np.ndarray:
        """Whose they are that came from `first` to `last`, in that order: `(n,)` int64."""
        found = self._store.query(sql.NUMBERS_BETWEEN, (first, last)) if self._there else []
        return np.array([number for (number,) in found], np.int64)

    def lacking(self, after: int, at_once: int) -> list[tuple[int, str, str, str]]:
        """Number, place, owner and listing of files that could be read and have no keypoints, by number."""
        return self._store.query(sql.LACK_KEYPOINTS, (after, at_once)) if self._there else []

    def count_lacking(self) -> int:
        """How many there are of these. Reads the whole table."""
        return int(self._store.query(sql.COUNT_LACKING)[0][0]) if self._there else 0

    # Changes, inside a transaction.

    def keep(self, records: Iterable[Record]) -> None:
        """Keep the keypoints of those records that bring some, in place of what they had."""
        given = {record.number: record.keypoints for record in records if record.keypoints is not None}
        if given:
            numbers = [(number,) for number in given]
            self.delete(numbers)
            self._store.execute_many(sql.INSERT_KEYPOINTS, numbers)
            places = dict(among(self._store, sql.SEQS_BY_NUMBERS, given))
            pieces = (piece for number, blob in given.items() for piece in _pieces(places[number], blob))
            self._store.execute_many(sql.INSERT_PIECE, pieces)

    def delete(self, numbers: Sequence[tuple[int]]) -> None:
        """Remove those of some rows."""
        if self._there and numbers:
            self._store.execute_many(sql.DELETE_PIECES, [(number, number) for (number,) in numbers])
            self._store.execute_many(sql.DELETE_KEYPOINTS, numbers)


def _pieces(seq: int, blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Bytes as they are kept: each piece with its place."""
    starts = range(0, len(blob), sql.PIECE)
    return ((seq * sql.PLACES + place, blob[start : start + sql.PIECE]) for place, start in enumerate(starts))


def among(store: Store, statement: str, values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """The answer of a statement that ends in `IN`, for as many values as there are."""
    left = list(values)
    for start in range(0, len(left), _AT_ONCE):
        part = left[start : start + _AT_ONCE]
        yield from store.query(statement + sql.among(len(part)), part)
