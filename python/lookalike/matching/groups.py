"""Groups that do not chain: every member is within the radius of the group's representative."""

from __future__ import annotations

import numpy as np

__all__ = ["star_groups"]


def star_groups(count: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cover items with stars, in order: an item not yet taken becomes a representative and takes its free neighbours.

    Args:
        count: how many items there are.
        left: one side of each pair of neighbours `(pairs,)`.
        right: the other.

    Returns:
        The representative of each item `(count,)` int64; of a representative, itself.
    """
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low))
    low, high = np.asarray(low[order], np.int64), np.asarray(high[order], np.int64)
    starts = np.searchsorted(low, np.arange(count + 1))
    chosen = np.full(count, -1, np.int64)
    # All free neighbours of a new representative come after it: those before it are taken, or would have taken it.
    for item in range(count):
        if chosen[item] < 0:
            chosen[item] = item
            near = high[starts[item] : starts[item + 1]]
            chosen[near[chosen[near] < 0]] = item
    return chosen
