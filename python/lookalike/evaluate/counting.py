"""Distances between packed codes, and what can be said of rare events."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["apart", "histogram", "loosest", "matrix", "poisson_upper", "within"]

Codes = NDArray[np.uint64]
Counts = NDArray[np.int64]


def matrix(codes: Sequence[bytes | None], bits: int) -> tuple[Codes, NDArray[np.bool_]]:
    """Codes as words `(n, words)`, and which of them are there."""
    stride = -(-bits // 64) * 8
    there = np.array([code is not None for code in codes], bool)
    joined = b"".join((code or b"").rjust(stride, b"\0") for code in codes)
    return np.frombuffer(joined, np.uint64).reshape(len(codes), stride // 8), there


def apart(some: Codes, others: Codes) -> NDArray[np.int16]:
    """Bits that differ, of each with each: `(n, words)` and `(m, words)` give `(n, m)`."""
    total = np.zeros((len(some), len(others)), np.int16)
    for word in range(some.shape[1]):
        total += np.bitwise_count(some[:, word, None] ^ others[None, :, word]).astype(np.int16)
    return total


def histogram(codes: Codes, there: NDArray[np.bool_], bits: int, aside: set[tuple[int, int]]) -> Counts:
    """Pairs at each distance from 0 to `bits`, each pair once, without those set aside."""
    counts = np.zeros(bits + 1, np.int64)
    for start in range(0, len(codes), 256):
        distances = apart(codes[start : start + 256], codes)
        later = np.arange(len(codes))[None] > np.arange(start, start + len(distances))[:, None]
        keep = later & there[None] & there[start : start + 256, None]
        counts += np.bincount(distances[keep], minlength=bits + 1)
    for one, other in aside:
        if there[one] and there[other]:
            counts[int(apart(codes[one : one + 1], codes[other : other + 1])[0, 0])] -= 1
    return counts


def within(counts: Counts, radius: int) -> int:
    """How many pairs are within a radius; none within a negative one."""
    return int(counts[: radius + 1].sum()) if radius >= 0 else 0


def loosest(counts: Counts, rate: float) -> int:
    """The loosest radius within which there is at most this share of the pairs; -1 if even radius 0 has more.

    Rounded to whole pairs: of 847,113, one is about one in a million.
    """
    allowed = math.floor(rate * int(counts.sum()) + 0.5)
    return int(np.searchsorted(np.cumsum(counts), allowed, "right")) - 1


def poisson_upper(count: int, sure: float = 0.95) -> float:
    """The largest mean under which so few events or fewer are not yet improbable: one-sided, exact.

    For 0 events and 95 % it is 3.0: the rule of three. Garwood, Biometrika 28 (1936).
    """
    low, high = float(count), count + 10 + 10 * math.sqrt(count + 1)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _cumulative(count, middle) > 1 - sure else (low, middle)
    return high


def _cumulative(count: int, mean: float) -> float:
    """Chance of at most so many events."""
    if count > 100_000:  # the sum would be long, and the normal distribution is near enough
        return 0.5 * math.erfc((mean - count - 0.5) / math.sqrt(2 * mean))
    numbers = np.arange(count + 1)
    logs = numbers * math.log(max(mean, 1e-300)) - mean - _log_factorials(count)
    return float(np.exp(logs).sum())


def _log_factorials(count: int) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1, dtype=np.float64)))])
