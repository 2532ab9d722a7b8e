"""Exact search among fingerprints by Hamming distance.

Codes are arrays of shape `(n, stride)` and type uint8: the packed bytes of the hex text, so that `stride` is
`ceil(bits / 8)`, and where `bits` is no multiple of 8 the first byte begins with zeros.

The answer is always that of comparing a query with every code; which way it is found is decided by estimated cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ._core import Index, IndexBuilder
from .joins import CrossJoin, Join, cross_join, join

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CrossJoin", "HammingIndex", "Hits", "Join", "cross_join", "join"]

MOST_BITS = 1024
MOST_RADIUS = 2**31
"""A radius above the width of the codes is no error: everything is within it."""

PIECE = 1 << 20
"""Codes that are handed over at a time: building copies no more than these."""

Plan = Literal["auto", "scan", "tables"]


class Hits(NamedTuple):
    """What a search has found: for query `i`, entries `starts[i]` to `starts[i + 1]`, by distance, then row.

    Attributes:
        starts: shape `(queries + 1,)`, int64.
        rows: row numbers, int64.
        distances: bits that differ, int32.
    """

    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    distances: NDArray[np.int32]


class HammingIndex:
    """Codes of one width in an order in which near ones are found fast. It never changes, and threads can share it.

    It is made by `build` or `open`. In memory or in a file, it is the same bytes: for 64 bits and ten million codes
    or more about 28 a code.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    @classmethod
    def build(
        cls,
        codes: ArrayLike,
        *,
        bits: int | None = None,
        rows: ArrayLike | None = None,
        path: str | PathLike[str] | None = None,
        about: Mapping[str, str] | None = None,
    ) -> HammingIndex:
        """An index of all codes.

        Args:
            codes: shape `(n, stride)`, uint8.
            bits: their width, 1 to 1024; all bits of the bytes by default.
            rows: a number for each, int64, within 2**32 of the smallest; 0 to n - 1 by default.
            path: a file to make; it is there when it is complete, and replaces one that was. In memory by default.
            about: short texts by name, kept in the index.

        Raises:
            ValueError: for codes or rows that do not fit.
            OSError: if the file cannot be written; nothing of it is left.
        """
        return cls._build(codes, bits=bits, rows=rows, path=path, about=about)

    @classmethod
    def _build(
        cls,
        codes: ArrayLike,
        *,
        bits: int | None,
        rows: ArrayLike | None,
        path: str | PathLike[str] | None,
        about: Mapping[str, str] | None,
        tables: int | None = None,
    ) -> HammingIndex:
        packed, bits = _packed(codes, bits)
        numbers = None if rows is None else _numbers(rows, len(packed))
        builder = IndexBuilder(bits, len(packed))
        for start in range(0, len(packed), PIECE):
            piece = slice(start, start + PIECE)
            builder.push(packed[piece].tobytes(), None if numbers is None else numbers[piece].tobytes())
        texts = [(str(name), str(text)) for name, text in (about or {}).items()]
        return cls(builder.finish(texts, None if path is None else fspath(path), tables))

    @classmethod
    def open(cls, path: str | PathLike[str]) -> HammingIndex:
        """An index in a file, which is mapped into memory: what is not searched is not read.

        Raises:
            ValueError: if it is no index, of another version, or not as long as it should be.
            OSError: if it cannot be read.
        """
        return cls(Index.open(fspath(path)))

    def __len__(self) -> int:
        return self._index.rows

    def __repr__(self) -> str:
        return f"HammingIndex({len(self):,} rows, {self.distinct:,} distinct codes of {self.bits} bits)"

    @property
    def bits(self) -> int:
        """The width of the codes."""
        return self._index.bits

    @property
    def distinct(self) -> int:
        """How many different codes there are."""
        return self._index.distinct

    @property
    def about(self) -> dict[str, str]:
        """The texts that were given when it was built."""
        return dict(self._index.about)

    @property
    def checksum(self) -> int:
        """A number below 2**64 that stands for the contents: read from the file's header, and proved by `verify`."""
        return self._index.checksum

    @property
    def nbytes(self) -> int:
        """Bytes of the file, or in memory."""
        return self._index.nbytes

    def codes(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """All codes, shape `(n, stride)`, and their row numbers, by code, then row.

        Raises:
            ValueError: if the file is damaged so that there are not as many as there should be.
        """
        codes, rows = self._index.codes()
        return np.frombuffer(codes, np.uint8).reshape(len(self), _stride(self.bits)), np.frombuffer(rows, "<i8")

    def verify(self) -> None:
        """Read everything: is it what was written, and is it sound?

        Raises:
            ValueError: says what is not.
        """
        self._index.verify()

    def search(self, queries: ArrayLike, radius: int, *, threads: int = 1, plan: Plan = "auto") -> Hits:
        """All rows within so many bits of each query.

        Args:
            queries: shape `(m, stride)`, uint8.
            radius: the largest distance that counts, 0 or more.
            threads: that share the queries.
            plan: how, if it shall not be decided by estimated cost; the answer is the same.

        Raises:
            ValueError: for arguments out of range.
        """
        return self._ask(queries, _at_least(radius, 0, "radius"), None, threads, plan)

    def nearest(
        self, queries: ArrayLike, k: int, *, radius: int | None = None, threads: int = 1, plan: Plan = "auto"
    ) -> Hits:
        """The k rows nearest to each query, fewer if there are no more. Of those equally far, the first rows count.

        Args:
            queries: shape `(m, stride)`, uint8.
            k: 1 or more.
            radius: the largest distance that counts; any by default.
            threads: that share the queries.
            plan: how, if it shall not be decided by estimated cost; the answer is the same.

        Raises:
            ValueError: for arguments out of range.
        """
        most = self.bits if radius is None else _at_least(radius, 0, "radius")
        return self._ask(queries, most, _at_least(k, 1, "k"), threads, plan)

    def _ask(
        self, queries: ArrayLike, radius: int, k: int | None, threads: int, plan: Plan, level: str | None = None
    ) -> Hits:
        packed, _ = _packed(queries, self.bits)
        threads = _at_least(threads, 1, "threads")
        found = self._index.search(packed.tobytes(), min(radius, MOST_RADIUS), k, threads, plan, level)
        starts, rows, distances = found
        return Hits(np.frombuffer(starts, "<i8"), np.frombuffer(rows, "<i8"), np.frombuffer(distances, "<i4"))


def _stride(bits: int) -> int:
    return (bits + 7) // 8


def _packed(codes: ArrayLike, bits: int | None) -> tuple[NDArray[np.uint8], int]:
    """The codes as a table of bytes, and their width."""
    packed: NDArray[Any] = np.asarray(codes)
    if packed.dtype != np.uint8 or packed.ndim != 2:
        raise ValueError(f"expected codes as uint8 of shape (n, stride), got {packed.dtype} of shape {packed.shape}")
    bits = 8 * packed.shape[1] if bits is None else int(bits)
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"expected codes of 1 to {MOST_BITS} bits, got {bits}")
    if packed.shape[1] != _stride(bits):
        raise ValueError(f"expected {_stride(bits)} bytes a code for {bits} bits, got {packed.shape[1]}")
    return packed, bits


def _numbers(rows: ArrayLike, count: int) -> NDArray[np.int64]:
    numbers: NDArray[Any] = np.asarray(rows)
    if numbers.shape != (count,) or (count and numbers.dtype.kind not in "iu"):
        raise ValueError(f"expected {count} whole numbers as rows, got {numbers.dtype} of shape {numbers.shape}")
    if count and numbers.dtype.kind == "u" and int(numbers.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"expected row numbers below 2**63, got {numbers.max()}")
    return numbers.astype("<i8", copy=False)


def _at_least(value: int, least: int, name: str) -> int:
    if int(value) < least:
        raise ValueError(f"expected {name} of {least} or more, got {value}")
    return int(value)
