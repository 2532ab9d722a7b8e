"""Hamming search by brute force in NumPy: the slow and obvious twin of `lookalike.hamming`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


def distances(query: Codes, codes: Codes) -> Numbers:
    """Bits that differ between one code (stride,) and each of many (n, stride). Shape (n,)."""
    return np.bitwise_count(codes ^ query).sum(axis=1, dtype=np.int64)


def search(codes: Codes, rows: Numbers, query: Codes, radius: int) -> list[tuple[int, int]]:
    """Each (distance, row) within the radius, ascending."""
    apart = distances(query, codes)
    found = np.flatnonzero(apart <= radius)
    return sorted(zip(apart[found].tolist(), rows[found].tolist(), strict=True))


def nearest(codes: Codes, rows: Numbers, query: Codes, k: int, radius: int | None = None) -> list[tuple[int, int]]:
    """The k lowest (distance, row), ascending."""
    apart = distances(query, codes)
    ordered = sorted(zip(apart.tolist(), rows.tolist(), strict=True))
    return [pair for pair in ordered if radius is None or pair[0] <= radius][:k]


def pairs(codes: Codes, radius: int) -> list[tuple[int, int, int]]:
    """Each (i, j, distance) with i < j within the radius, ascending."""
    found = []
    for i in range(len(codes) - 1):
        apart = distances(codes[i], codes[i + 1 :])
        near = np.flatnonzero(apart <= radius)
        found += [(i, i + 1 + int(j), int(apart[j])) for j in near]
    return found


def cross_pairs(left: Codes, right: Codes, radius: int) -> list[tuple[int, int, int]]:
    """Each (i, j, distance) of left and right within the radius, ascending."""
    found = []
    for i in range(len(left)):
        apart = distances(left[i], right)
        found += [(i, int(j), int(apart[j])) for j in np.flatnonzero(apart <= radius)]
    return found
