"""Details that a map of one picture onto another nearly puts in place.

In a copy every detail lies where the map says. In a second view of the same things those that are nearer to the camera,
or have moved, do not: they are found a little beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .keypoints import Keypoints
from .regions import Matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["share_of_strays"]

# How far from where it should be a detail is looked for, in shares of the longer side.
_REACH = 0.08
# What is nearer than this, in the same shares, is in place; times its size, for large details lie less exactly.
_EXACT = 0.012
# Bits in which its code may differ, and octaves by which its size may.
_BITS, _OCTAVES = 45, 0.45
_PATCH = 31
# Of fewer details nothing can be said.
_LEAST = 8


def share_of_strays(query: Keypoints, other: Keypoints, matrix: Matrix) -> float:
    """The share of the other picture's details that the query has beside their place and not in it, 0 to 1.

    Args:
        query: with positions as they were found, in the mirrored picture too.
        other: those of the other picture.
        matrix: from the positions of `query` to those of `other`, in shares of the sides.
    """
    if not len(query) or not len(other):
        return 0.0
    sides = np.array(other.plane) / max(other.plane)
    x, y, depth = matrix @ np.concatenate([query.positions.T, np.ones((1, len(query)))])
    depth = np.where(np.abs(depth) > 1e-9, depth, 1e-9)
    put = np.stack([x / depth, y / depth], 1) * sides
    places = other.positions * sides
    apart = np.hypot(put[None, :, 0] - places[:, None, 0], put[None, :, 1] - places[:, None, 1])
    bits = np.where((apart < _REACH) & _same_size(query, other, matrix), _bits(query, other), 256)
    best = bits.argmin(axis=1)
    rows = np.arange(len(other))
    found = bits[rows, best] <= _BITS
    if int(found.sum()) < _LEAST:
        return 0.0
    exact = _EXACT * np.maximum(1.0, other.sizes / _PATCH)
    return float((apart[rows, best] > exact)[found].mean())


def _same_size(query: Keypoints, other: Keypoints, matrix: Matrix) -> NDArray[np.bool_]:
    """Which have about the size that the map gives them, `(others, queries)`."""
    (width, height), (wide, high) = query.plane, other.plane
    grown = np.sqrt(abs(np.linalg.det((matrix / matrix[2, 2])[:2, :2])) * (wide * high) / (width * height))
    octaves = np.log2(query.sizes * max(grown, 1e-9))[None] - np.log2(other.sizes)[:, None]
    return np.asarray(np.abs(octaves) < _OCTAVES)


def _bits(query: Keypoints, other: Keypoints) -> NDArray[np.int64]:
    """How many bits differ, `(others, queries)`."""
    mine, its = (np.ascontiguousarray(one.codes).view(np.uint64) for one in (query, other))
    return np.asarray(np.bitwise_count(its[:, None] ^ mine[None]).sum(axis=2, dtype=np.int64))
