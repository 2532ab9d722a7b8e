"""Who has been seen with a picture, or one like it: from this all answers about reuse follow.

No pair of postings is ever made for it. A picture that one owner posted ten thousand times is one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .pictures import NearPairs, Pictures
from .spans import expand, whole_batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["NEVER", "Owned", "Sightings", "both_ways", "count_owners", "sightings"]

NEVER = np.iinfo(np.int64).max
"""A position after all."""


@dataclass(frozen=True)
class Owned:
    """Each picture with each owner that posted it: one line, however often.

    Attributes:
        pictures, owners: shape (lines,), ascending by picture, then owner.
        firsts: shape (lines,), position of the owner's first posting of just this picture.
        of: shape (postings,), the line of each posting.
        starts: lines of picture `p` are `starts[p]` to `starts[p + 1]`.
        count: number of owners that there are.
    """

    pictures: Numbers
    owners: Numbers
    firsts: Numbers
    of: Numbers
    starts: Numbers
    count: int

    @classmethod
    def build(cls, pictures: Pictures, owners: Numbers, count: int) -> Owned:
        """Of the owner of each posting; `count` is the number of owners."""
        keys, firsts, of = np.unique(pictures.of * count + owners, return_index=True, return_inverse=True)
        numbers = keys // max(count, 1)
        starts = np.searchsorted(numbers, np.arange(len(pictures) + 1))
        return cls(numbers, keys % max(count, 1), firsts.astype(np.int64), of.astype(np.int64), starts, count)


@dataclass(frozen=True)
class Sightings:
    """Each picture with each owner who posted it or one like it.

    Attributes:
        pictures, owners: shape (lines,), ascending by picture, then owner.
        firsts: shape (lines,), position of the owner's first posting of it or one like it.
        nearest: shape (lines,), the smallest distance to what the owner posted, of all kinds together.
        mirrored: shape (lines,), whether that nearest one is mirrored.
        count: number of owners that there are.
    """

    pictures: Numbers
    owners: Numbers
    firsts: Numbers
    nearest: Numbers
    mirrored: NDArray[np.bool_]
    count: int

    def first_of(self, pictures: Numbers, owners: Numbers) -> Numbers:
        """Position of the owner's first posting of a picture or one like it, `NEVER` if there is none."""
        if not len(self.pictures):
            return np.full(len(pictures), NEVER, np.int64)
        own = self.pictures * self.count + self.owners
        keys = np.where(owners >= 0, pictures * self.count + owners, -1)
        places = np.minimum(np.searchsorted(own, keys), len(own) - 1)
        return np.where(own[places] == keys, self.firsts[places], NEVER)

    def others(self, values: Numbers, pictures: Numbers, owners: Numbers) -> Numbers:
        """The line with the smallest value among all owners of a picture but one, -1 if there is no other.

        Args:
            values: shape (lines,), such as `firsts`.
            pictures, owners: shape (asked,), an owner of -1 leaves out nobody.
        """
        order = np.lexsort((values, self.pictures))
        starts = np.searchsorted(self.pictures, pictures)
        ends = np.searchsorted(self.pictures, pictures, "right")
        padded = np.append(order, [0, 0])
        # An owner has one line a picture, so the second best is another's.
        is_own = (
            (starts < ends) & (self.owners[padded[starts]] == owners) if len(order) else np.zeros(len(starts), bool)
        )
        places = starts + is_own
        return np.where(places < ends, padded[places], -1)


def both_ways(count: int, near: NearPairs) -> NearPairs:
    """Pairs among `count` pictures seen from each side, and each picture with itself; ordered by `left`."""
    same = np.arange(count, dtype=np.int64)
    left = np.concatenate([same, near.left, near.right])
    right = np.concatenate([same, near.right, near.left])
    zeros = np.zeros((count, near.distances.shape[1]), np.int32)
    distances = np.concatenate([zeros, near.distances, near.distances])
    mirrored = np.concatenate([np.zeros(count, np.bool_), near.mirrored, near.mirrored])
    order = np.argsort(left, kind="stable")
    return NearPairs(left[order], right[order], distances[order], mirrored[order])


def sightings(seen: NearPairs, owned: Owned) -> Sightings:
    """Gather the owners around each picture.

    Args:
        seen: pictures (`left`, ascending) and what each is near (`right`), itself included where it counts.
        owned: who posted the latter.
    """
    costs = np.diff(owned.starts)[seen.right]
    totals = seen.totals * 2 + seen.mirrored
    keys, firsts, nearest = [], [], []
    for part in whole_batches(seen.left, costs):
        places, lines = expand(owned.starts, seen.right[part])
        key = seen.left[part][places] * owned.count + owned.owners[lines]
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        heads = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
        keys.append(ordered[heads])
        firsts.append(np.minimum.reduceat(owned.firsts[lines][order], heads) if len(order) else order)
        nearest.append(np.minimum.reduceat(totals[part][places][order], heads) if len(order) else order)
    empty = np.zeros(0, np.int64)
    key, near = np.concatenate([empty, *keys]), np.concatenate([empty, *nearest])
    count = max(owned.count, 1)
    return Sightings(
        key // count, key % count, np.concatenate([empty, *firsts]), near // 2, (near % 2).astype(np.bool_), owned.count
    )


def count_owners(seen: NearPairs, owned: Owned, more_than: int) -> Numbers:
    """How many owners posted each picture or one like it; at least that many where it cannot be more than `more_than`.

    Args:
        seen: as for `sightings`, of each picture.
        owned: who posted what.
        more_than: below this an upper bound is good enough, which spares most of the work.
    """
    pictures = len(owned.starts) - 1
    widths = np.diff(owned.starts)
    bound = np.bincount(seen.left, widths[seen.right], minlength=pictures).astype(np.int64)
    asked = seen.kept(bound[seen.left] > more_than)
    counts = np.minimum(bound, more_than)
    counts[np.unique(asked.left)] = 0
    for part in whole_batches(asked.left, widths[asked.right]):
        places, lines = expand(owned.starts, asked.right[part])
        key = np.unique(asked.left[part][places] * owned.count + owned.owners[lines])
        counts += np.bincount(key // owned.count, minlength=pictures)
    return counts
