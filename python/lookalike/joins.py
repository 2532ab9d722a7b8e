"""All pairs of codes within a radius of each other: within one set, or of one set with another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._core import Joined, cross_join_codes, join_codes

__all__ = ["CrossJoin", "Join", "cross_join", "join"]

_PIECE = 1 << 13
"""Codes or numbers that are handed over at a time: they stay in a near cache."""

_MOST = (1 << 63) - 1

Codes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class Join(NamedTuple):
    """The different codes of a set, and the pairs of them that are near each other.

    Attributes:
        starts: shape (distinct + 1,). Code c is that of the positions `members[starts[c]:starts[c + 1]]`.
        members: shape (n,): positions, ascending within a code; codes are in the order of their first positions.
        left: shape (pairs,): numbers of codes.
        right: likewise; `left < right`, and pairs are sorted by both.
        distances: shape (pairs,): bits in which they differ, 1 at least.
    """

    starts: Numbers
    members: Numbers
    left: Numbers
    right: Numbers
    distances: NDArray[np.int32]


class CrossJoin(NamedTuple):
    """Positions of codes near each other, one in each of two sets, sorted by both.

    Attributes:
        left: shape (pairs,): positions in the left set.
        right: shape (pairs,): positions in the right set.
        distances: shape (pairs,): bits in which they differ, 0 for the same code.
    """

    left: Numbers
    right: Numbers
    distances: NDArray[np.int32]


def join(
    codes: Codes,
    radius: int,
    *,
    bits: int | None = None,
    limit: int = 100_000_000,
    threads: int = 1,
    _plan: str = "auto",
) -> Join:
    """All pairs of different codes within a radius of each other; exact, by whatever method is cheapest.

    Identical codes are collapsed first: a thousand black frames are one code with a thousand members.

    Args:
        codes: shape (n, stride), uint8: packed codes of `stride = ceil(bits / 8)` bytes, leading bits zero.
        radius: the largest distance that counts, in bits.
        bits: width of a code, 8 to 1024; `8 * stride` by default.
        limit: the most pairs.
        threads: how many may work at a time; the answer does not depend on it.

    Raises:
        ValueError: for arguments out of range, and for more pairs than `limit`.
    """
    packed, bits = _packed(codes, bits)
    done = join_codes(packed, bits, *_checked(radius, limit, threads), _plan)
    starts = _column(done, "starts", done.distinct + 1)
    members = _column(done, "members", len(codes))
    return Join(starts, members, *_pairs(done))


def cross_join(
    left: Codes,
    right: Codes,
    radius: int,
    *,
    bits: int | None = None,
    limit: int = 100_000_000,
    threads: int = 1,
    _plan: str = "auto",
) -> CrossJoin:
    """All pairs of positions, one in each set, whose codes are within a radius of each other.

    Args:
        left: shape (n, stride), uint8, as for `join`.
        right: shape (m, stride).
        radius, bits, limit, threads: as for `join`; identical codes count as often as they occur.

    Raises:
        ValueError: for arguments out of range, and for more pairs than `limit`.
    """
    packed, bits = _packed(left, bits)
    other, _ = _packed(right, bits)
    return CrossJoin(*_pairs(cross_join_codes(packed, other, bits, *_checked(radius, limit, threads), _plan)))


def _packed(codes: Codes, bits: int | None) -> tuple[list[Codes], int]:
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype != np.uint8:
        raise ValueError(f"expected codes of shape (n, bytes) and dtype uint8, got {codes.shape} of {codes.dtype}")
    width = 8 * codes.shape[1] if bits is None else bits
    if (width + 7) // 8 != codes.shape[1]:
        raise ValueError(f"expected codes of {(width + 7) // 8} bytes for {width} bits, got {codes.shape[1]}")
    return [codes[start : start + _PIECE] for start in range(0, len(codes), _PIECE)], width


def _checked(radius: int, limit: int, threads: int) -> tuple[int, int, int]:
    for name, value, least in (("radius", radius, 0), ("limit", limit, 0), ("threads", threads, 1)):
        if value < least:
            raise ValueError(f"expected a {name} of {least} or more, got {value}")
    # No code is wider than this, and no memory large enough for that many pairs.
    return min(int(radius), 1024), min(int(limit), _MOST), min(int(threads), 1024)


def _pairs(done: Joined) -> tuple[Numbers, Numbers, NDArray[np.int32]]:
    distances = np.empty(done.pairs, np.int32)
    for start in range(0, len(distances), _PIECE):
        done.read_distances(start, distances[start : start + _PIECE])
    return _column(done, "left", done.pairs), _column(done, "right", done.pairs), distances


def _column(done: Joined, name: str, count: int) -> Numbers:
    numbers = np.empty(count, np.int64)
    for start in range(0, count, _PIECE):
        done.read_into(name, start, numbers[start : start + _PIECE])
    return numbers
