"""Tables of unequal rows as flat arrays: what belongs to number `i` is `values[starts[i]:starts[i + 1]]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["AT_A_TIME", "batches", "expand", "expand_pairs", "number_rows", "spans_of", "whole_batches"]

AT_A_TIME = 1 << 22
"""Most rows of an expansion that are held at once, where it is only counted or filtered."""


def spans_of(numbers: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Starts (count + 1,) and members: the positions in `numbers` that have each number, ascending."""
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=count), out=starts[1:])
    return starts, np.argsort(numbers, kind="stable").astype(np.int64)


def number_rows(columns: list[NDArray[np.uint64]]) -> tuple[Numbers, Numbers]:
    """Give equal rows the same number, in the order of their first position.

    Returns:
        Number of each row, and the first position of each number.
    """
    order = np.lexsort(columns[::-1])
    changed = np.zeros(len(order), np.bool_)
    changed[:1] = True
    for column in columns:
        ordered = column[order]
        changed[1:] |= ordered[1:] != ordered[:-1]
    # The sort is stable, so the first of equal rows is the first in position.
    firsts = order[changed]
    ranks = np.empty(len(firsts), np.int64)
    ranks[np.argsort(firsts)] = np.arange(len(firsts))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = ranks[np.cumsum(changed) - 1]
    return numbers, np.sort(firsts).astype(np.int64)


def expand(starts: Numbers, which: Numbers) -> tuple[Numbers, Numbers]:
    """All members of the spans `which`: number of the span's place in `which`, and position in the flat values."""
    counts = starts[which + 1] - starts[which]
    places = np.repeat(np.arange(len(which), dtype=np.int64), counts)
    within = np.arange(len(places), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, starts[which][places] + within


def expand_pairs(starts: Numbers, left: Numbers, right: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Each member of span `left[i]` with each of `right[i]`: `i`, and the positions of the two in the flat values."""
    widths = starts[right + 1] - starts[right]
    counts = (starts[left + 1] - starts[left]) * widths
    places = np.repeat(np.arange(len(left), dtype=np.int64), counts)
    within = np.arange(len(places), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    rows, columns = np.divmod(within, widths[places])
    return places, starts[left][places] + rows, starts[right][places] + columns


def batches(costs: Numbers, most: int = AT_A_TIME) -> Iterator[slice]:
    """Consecutive parts whose costs together are at most `most`, or one that costs more alone."""
    ends = np.cumsum(costs)
    start = 0
    while start < len(costs):
        spent = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, spent + most, "right")))
        yield slice(start, end)
        start = end


def whole_batches(numbers: Numbers, costs: Numbers) -> Iterator[slice]:
    """The same, but what has one number stays together. `numbers` ascends."""
    if not len(numbers):
        return
    heads = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    ends = np.r_[heads[1:], len(numbers)]
    for part in batches(np.add.reduceat(costs, heads)):
        yield slice(int(heads[part.start]), int(ends[part.stop - 1]))
