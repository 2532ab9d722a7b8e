"""Groups of postings: an original with what matches it, under several owners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .groups import star_groups
from .pairs import Found, sureness
from .pictures import NearPairs, Pictures
from .postings import Postings
from .tables import named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Families", "find_families"]

_FIRST, _OWN, _COPY = 0, 1, 2
_ROLES = np.array(["first", "own", "copy"], object)


@dataclass(frozen=True)
class Families:
    """Groups of at least two owners; those with most owners first, then those posted first.

    Attributes:
        count: number of groups.
        positions: shape (members,), the postings, by group, then in order of posting.
        groups: shape (members,), from 0.
        roles: shape (members,): 0 for the first posting, 1 for others of its owner, 2 for copies.
        distances: shape (members,), to the group's picture, of all kinds together.
        mirrored: shape (members,).
        firsts: shape (groups,), position of the first posting.
        owners: shape (groups,), how many.
    """

    count: int
    positions: Numbers
    groups: Numbers
    roles: Numbers
    distances: Numbers
    mirrored: NDArray[np.bool_]
    firsts: Numbers
    owners: Numbers

    def members(self, of: Found) -> dict[str, NDArray[Any]]:
        """The columns of `Reuse.members`."""
        postings = of.postings
        return {
            "group": self.groups + 1,
            "role": _ROLES[self.roles],
            "image": postings.images[self.positions],
            of.options.by: named(postings.owner_names, postings.owners[self.positions]),
            "listing": named(postings.listing_names, postings.listings[self.positions]),
            "time": postings.time_texts(self.positions),
            "row": postings.rows[self.positions],
            "distance": self.distances,
            "transform": np.where(self.mirrored, "mirrored", "none").astype(object),
            "confidence": sureness(of.certainty, self.distances, self.mirrored),
            "days_after": postings.days_between(self.firsts[self.groups], self.positions),
        }

    def summary(self, of: Found) -> dict[str, NDArray[Any]]:
        """The columns of `Reuse.groups`."""
        postings, by = of.postings, of.options.by
        copies = self.roles == _COPY
        heads = np.flatnonzero(np.r_[True, self.groups[1:] != self.groups[:-1]]) if self.count else self.firsts
        sure = np.where(copies, sureness(of.certainty, self.distances, self.mirrored), 0.0)
        ufuncs = (np.add, np.minimum, np.maximum, np.maximum)
        far = np.int64(of.options.measure.radius + 1)
        values = (
            copies & self.mirrored,
            np.where(copies, self.distances, far),
            np.where(copies, self.distances, -1),
            sure,
        )
        mirrored, closest, widest, confidence = (
            ufunc.reduceat(column.astype(np.float64), heads) if self.count else np.zeros(0)
            for ufunc, column in zip(ufuncs, values, strict=True)
        )
        return {
            "group": np.arange(1, self.count + 1, dtype=np.int64),
            "first_image": postings.images[self.firsts],
            f"first_{by}": named(postings.owner_names, postings.owners[self.firsts]),
            "first_listing": named(postings.listing_names, postings.listings[self.firsts]),
            "first_time": postings.time_texts(self.firsts),
            f"{by}s": self.owners,
            "listings": self._listings(postings),
            "images": np.bincount(self.groups, minlength=self.count).astype(np.int64),
            "mirrored": mirrored.astype(np.int64),
            "closest": closest.astype(np.int64),
            "widest": widest.astype(np.int64),
            "confidence": confidence,
            "span_days": self._span(postings, heads),
        }

    def _listings(self, postings: Postings) -> Numbers:
        units = postings.listings[self.positions]
        known = units >= 0
        keys = np.unique(self.groups[known] * (len(postings.listing_names) + 1) + units[known])
        counts: Numbers = np.bincount(keys // (len(postings.listing_names) + 1), minlength=self.count).astype(np.int64)
        return counts

    def _span(self, postings: Postings, heads: Numbers) -> NDArray[np.float64]:
        """Days from the first to the last of those whose time is known; not a number without two."""
        if not self.count:
            return np.zeros(0)
        days = postings.days_between(self.firsts[self.groups], self.positions)
        known = np.add.reduceat(~np.isnan(days), heads)
        # Without any time but the first one's, a span of 0 would say more than is known.
        return np.where(known > 1, np.maximum.reduceat(np.nan_to_num(days, nan=0.0), heads), np.nan)


def find_families(postings: Postings, pictures: Pictures, near: NearPairs, common: NDArray[np.bool_]) -> Families:
    """Put pictures into groups around the one that was posted first, and keep the groups of several owners."""
    heads = star_groups(len(pictures), near.left, near.right)
    distances, mirrored = _to_heads(len(pictures), heads, near)
    group = heads[pictures.of]
    group = np.where(common[pictures.of], -1, group)
    positions = np.flatnonzero(group >= 0)
    owners = _owners(group[positions], postings.owners[positions], len(pictures))
    positions = positions[owners[group[positions]] > 1]
    firsts = pictures.members[pictures.starts[:-1]]
    wanted = np.unique(group[positions])
    wanted = wanted[np.lexsort((firsts[wanted], -owners[wanted]))]
    number = np.full(len(pictures), -1, np.int64)
    number[wanted] = np.arange(len(wanted))
    positions = positions[np.lexsort((positions, number[group[positions]]))]
    numbers = number[group[positions]]
    first = firsts[wanted]
    is_own = postings.owners[positions] == postings.owners[first[numbers]]
    roles = np.where(positions == first[numbers], _FIRST, np.where(is_own, _OWN, _COPY))
    shown = pictures.of[positions]
    return Families(len(wanted), positions, numbers, roles, distances[shown], mirrored[shown], first, owners[wanted])


def _to_heads(count: int, heads: Numbers, near: NearPairs) -> tuple[Numbers, NDArray[np.bool_]]:
    """Distance of each picture to its group's, and whether it is mirrored."""
    distances, mirrored = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    joined = near.kept(heads[near.right] == near.left)
    distances[joined.right], mirrored[joined.right] = joined.totals, joined.mirrored
    return distances, mirrored


def _owners(groups: Numbers, owners: Numbers, count: int) -> Numbers:
    width = int(owners.max(initial=0)) + 1
    keys = np.unique(groups * width + owners)
    counts: Numbers = np.bincount(keys // width, minlength=count).astype(np.int64)
    return counts
