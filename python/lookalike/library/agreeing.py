"""Pairs and groups that stand a second look: what codes put together and looks tell apart is taken apart again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from ..confirm import second_look
from ..looks import LOW_QUALITY, Look
from .index import Index
from .pairing import Groups, Pairs

__all__ = ["Agreement", "agreeing_groups", "agreeing_pairs"]

_AT_ONCE = 2_000
"""Looks that are in memory at a time, at least."""


class Agreement:
    """Whether images are copies of each other, by their looks. To be used inside `index.fresh()`.

    Args:
        index: of the library.
        least: how sure a copy must be.
    """

    def __init__(self, index: Index, least: float) -> None:
        self._catalog = index.catalog
        self._least = least
        self._looks: dict[int, bytes] = {}

    def fetch(self, rows: Sequence[int]) -> None:
        """Read the looks of some rows, and forget those of others."""
        wanted = set(rows)
        kept = {row: look for row, look in self._looks.items() if row in wanted}
        self._looks = {**kept, **self._catalog.looks(sorted(wanted - kept.keys()))}

    def is_poor(self, row: int) -> bool:
        """Whether there is too little in a picture to tell it from others."""
        look = self._looks.get(row)
        return look is not None and look[1] < LOW_QUALITY

    def with_one(self, row: int, others: Sequence[int]) -> np.ndarray:
        """Which of the others agree with a row; those without a look are taken at their codes' word: `(n,)` bool."""
        mine = self._looks.get(row)
        agreed = np.ones(len(others), bool)
        if mine is None:
            return agreed
        known = [number for number, other in enumerate(others) if other in self._looks]
        if not known:
            return agreed
        joint = b"".join(self._looks[others[number]] for number in known)
        tries = np.array([(number, 1, start) for number in range(len(known)) for start in (0, 1)])
        seen = second_look(Look.trusted(mine), joint, tries)
        enough = seen.confidence.reshape(-1, 2).max(axis=1) >= self._least
        same = np.array([self._looks[others[number]] == mine for number in known]) & (mine[1] >= LOW_QUALITY)
        agreed[known] = enough | same
        return agreed


def agreeing_pairs(index: Index, found: Pairs, least: float) -> Pairs:
    """The pairs whose looks agree, in their order."""
    agreement = Agreement(index, least)
    order = np.lexsort((found.right, found.left))
    keep = np.zeros(len(order), bool)
    for start in range(0, len(order), _AT_ONCE):
        part = order[start : start + _AT_ONCE]
        agreement.fetch(np.concatenate([found.left[part], found.right[part]]).tolist())
        lefts, begins = np.unique(found.left[part], return_index=True)
        for left, some in zip(lefts.tolist(), np.split(part, begins[1:]), strict=True):
            keep[some] = agreement.with_one(left, found.right[some].tolist())
    return Pairs(*(column[keep] for column in found))


def agreeing_groups(found: Groups, agreement: Agreement, distance: Callable[[int, int], int], radius: int) -> Groups:
    """The groups taken apart, so that each member's look agrees with that of its group's first.

    Who does not agree with the first may agree with others who do not: of these the first begins another group.
    Pictures with too little detail to tell them apart are in no group.
    """
    kept: list[tuple[int, list[int], list[int]]] = []
    bounds = np.flatnonzero(np.diff(found.number, prepend=-1, append=-1))
    for start, end in pairwise(bounds):
        rows, distances = found.rows[start:end].tolist(), found.distances[start:end].tolist()
        agreement.fetch(rows)
        tellable = [number for number, row in enumerate(rows) if not agreement.is_poor(row)]
        rows, distances = [rows[n] for n in tellable], [distances[n] for n in tellable]
        if tellable and tellable[0] > 0:
            distances = [distance(rows[0], row) for row in rows]
        while len(rows) > 1:
            head, others = rows[0], rows[1:]
            agreed = agreement.with_one(head, others) & np.array([d <= radius for d in distances[1:]])
            members = [0, *(np.flatnonzero(agreed) + 1).tolist()]
            if len(members) > 1:
                kept.append((head, [rows[n] for n in members], [distances[n] for n in members]))
            rows = [row for row, is_in in zip(others, agreed.tolist(), strict=True) if not is_in]
            distances = [distance(rows[0], row) for row in rows] if rows else []
    return _groups(kept)


def _groups(kept: Sequence[tuple[int, list[int], list[int]]]) -> Groups:
    sizes = [len(rows) for _, rows, _ in kept]
    number = np.repeat(np.arange(len(kept)), sizes)
    heads = np.repeat(np.array([head for head, _, _ in kept], np.int64), sizes)
    rows = np.array([row for _, some, _ in kept for row in some], np.int64)
    distances = np.array([one for _, _, some in kept for one in some], np.int64)
    return Groups(number, rows, heads, distances)
