"""The distances from one hash to all of a column, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..hashes import MATCHING_SHARE, Hash, MultiHash
from .columns import HashColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["distances_to"]

_DIGITS_A_WORD = 16


def distances_to(query: Hash | MultiHash, column: HashColumn) -> NDArray[np.int64] | NDArray[np.float64]:
    """The distance `query - hash` for each hash of the column, in its order.

    Returns:
        Shape (rows,): bits that differ; for `crop_resistant`, the distance of `MultiHash`.

    Raises:
        ValueError: if a value of the column is no hash of its kind.
        MismatchError: if hashes differ in length.
    """
    segments = query.segments if isinstance(query, MultiHash) else (query,)
    codes, starts = column.codes(len(segments[0].hex))
    if not codes:
        return np.zeros(0, np.int64)
    words = _pack(codes, len(segments[0].hex))
    if isinstance(query, Hash):
        return _bits_apart(words, query)
    nearest = np.stack([np.minimum.reduceat(_bits_apart(words, segment), starts) for segment in segments])
    return _segment_distance(nearest, segments[0].bits)


def _pack(codes: Sequence[str], digits: int) -> NDArray[np.uint64]:
    """Hex texts of equal length as rows of 64-bit words, zeros in front. Shape (codes, words)."""
    width = -(-digits // _DIGITS_A_WORD) * _DIGITS_A_WORD
    padded = codes if width == digits else [code.rjust(width, "0") for code in codes]
    # The bytes of a word are in the wrong order for a number, but only the bits that differ are counted.
    return np.frombuffer(bytes.fromhex("".join(padded)), np.uint64).reshape(len(codes), width // _DIGITS_A_WORD)


def _bits_apart(words: NDArray[np.uint64], code: Hash) -> NDArray[np.int64]:
    differing = np.bitwise_count(words ^ _pack([code.hex], len(code.hex)))
    distances: NDArray[np.int64] = differing.sum(axis=1, dtype=np.int64)
    return distances


def _segment_distance(nearest: NDArray[np.int64], bits: int) -> NDArray[np.float64]:
    """What `MultiHash.__sub__` computes, for all rows at once. `nearest` has shape (query's segments, rows)."""
    matching = nearest <= bits * MATCHING_SHARE
    found = matching.sum(axis=0)
    apart = np.where(matching, nearest, 0).sum(axis=0)
    share = apart / np.maximum(found * bits, 1)
    distances: NDArray[np.float64] = len(nearest) - (found - share)
    return distances
