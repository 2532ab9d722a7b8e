"""Pairs of postings: the only place where the postings of a picture meet one by one, and so under a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .pictures import NearPairs, Pictures
from .sightings import NEVER, Owned, Sightings
from .spans import batches, expand_pairs, spans_of
from .tables import named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .postings import Postings

    Numbers = NDArray[np.int64]

__all__ = ["Found", "OwnerPairs", "owner_pairs", "pair_columns", "sureness"]


class Found(Protocol):
    """What the columns are made of: see `matching.reuse`."""

    @property
    def options(self) -> Any: ...
    @property
    def postings(self) -> Postings: ...
    @property
    def pictures(self) -> Pictures: ...
    @property
    def seen(self) -> Sightings: ...
    @property
    def certainty(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...


@dataclass(frozen=True)
class OwnerPairs:
    """Pairs of postings of different owners, each once.

    Attributes:
        left, right: shape (pairs,), positions.
        near: shape (pairs,), their pictures and how far apart these are.
    """

    left: Numbers
    right: Numbers
    near: NearPairs


def owner_pairs(pictures: Pictures, near: NearPairs, common: NDArray[np.bool_], owned: Owned, limit: int) -> OwnerPairs:
    """Every two postings of different owners whose pictures match.

    Raises:
        ValueError: if there are more than `limit`.
    """
    near = _with_themselves(near, common)
    lines = _owner_lines(near, owned, limit)
    starts, members = spans_of(owned.of, len(owned.firsts))
    widths = np.diff(starts)
    places = np.concatenate([np.zeros(0, np.int64), *(part[0] for part in lines)])
    left = np.concatenate([np.zeros(0, np.int64), *(part[1] for part in lines)])
    right = np.concatenate([np.zeros(0, np.int64), *(part[2] for part in lines)])
    total = int((widths[left] * widths[right]).sum())
    if total > limit:
        raise ValueError(_too_many(total, limit))
    which, first, second = expand_pairs(starts, left, right)
    return OwnerPairs(members[first], members[second], near.kept(places[which]))


def _owner_lines(near: NearPairs, owned: Owned, limit: int) -> list[tuple[Numbers, Numbers, Numbers]]:
    """For each pair of pictures each two different owners: number of the pair, and their lines in `owned`."""
    left_widths, right_widths = (np.diff(owned.starts)[side] for side in (near.left, near.right))
    costs = left_widths * right_widths
    # Two pictures have no more owners in common than one of them has owners, so at least this many pairs are there.
    least = np.where(near.left == near.right, (costs - left_widths) // 2, costs - np.minimum(left_widths, right_widths))
    if least.sum() > limit:
        raise ValueError(_too_many(int(least.sum()), limit))
    found, total = [], 0
    for part in batches(costs):
        places, left, right = expand_pairs(owned.starts, near.left[part], near.right[part])
        differ = owned.owners[left] != owned.owners[right]
        # A picture with itself would give each two owners twice.
        differ &= (near.left[part] != near.right[part])[places] | (left < right)
        total += int(differ.sum())
        if total > limit:
            raise ValueError(_too_many(total, limit))
        found.append((places[differ] + part.start, left[differ], right[differ]))
    return found


def _too_many(total: int, limit: int) -> str:
    return (
        f"expected at most {limit:,} pairs of photos, got at least {total:,}: raise limit=, lower popular= or radius=, "
        "or take groups, members, listings and owners, which need no pairs"
    )


def _with_themselves(near: NearPairs, common: NDArray[np.bool_]) -> NearPairs:
    own = np.flatnonzero(~common)
    return NearPairs(
        np.concatenate([own, near.left]),
        np.concatenate([own, near.right]),
        np.concatenate([np.zeros((len(own), near.distances.shape[1]), np.int32), near.distances]),
        np.concatenate([np.zeros(len(own), np.bool_), near.mirrored]),
    )


def sureness(certainty: tuple[NDArray[np.float64], NDArray[np.float64]], totals: Numbers, mirrored: Any) -> Any:
    """The confidence of matches at these distances."""
    return np.where(mirrored, certainty[1][totals], certainty[0][totals])


def pair_columns(found: OwnerPairs, of: Found, first: str = "", second: str = "") -> dict[str, NDArray[Any]]:
    """The columns of `Reuse.pairs`; of `Matches.pairs`, if nobody is called first and second."""
    one, other = found.left, found.right
    postings, near, by = of.postings, found.near, of.options.by
    swapped = _owner_first(one, other, of) if first else one > other
    one, other = np.where(swapped, other, one), np.where(swapped, one, other)
    sure = sureness(of.certainty, near.totals, near.mirrored)
    order = np.lexsort((postings.rows[other], postings.rows[one], near.mirrored, near.totals, -sure))
    one, other, near, sure = one[order], other[order], near.kept(order), sure[order]
    columns: dict[str, NDArray[Any]] = {}
    for side, name in ((one, first), (other, second)):
        columns |= _side(side, postings, by, name, "a" if side is one else "b")
    columns["distance"] = near.totals
    if len(of.options.measure.kinds) > 1:
        for number, kind in enumerate(of.options.measure.kinds):
            columns[f"{kind}_distance"] = near.distances[:, number].astype(np.int64)
    columns["transform"] = np.where(near.mirrored, "mirrored", "none").astype(object)
    columns["confidence"] = sure
    if first:
        columns["first_by"] = _told_by(*_firsts(one, other, of), postings)
    columns["days_apart"] = np.abs(postings.days_between(one, other))
    return columns


def _side(positions: Numbers, postings: Postings, by: str, prefix: str, suffix: str) -> dict[str, NDArray[Any]]:
    values = {
        "image": postings.images[positions],
        by: named(postings.owner_names, postings.owners[positions]),
        "listing": named(postings.listing_names, postings.listings[positions]),
        "time": postings.time_texts(positions),
        "row": postings.rows[positions],
    }
    return {f"{prefix}_{name}" if prefix else f"{name}_{suffix}": column for name, column in values.items()}


def _owner_first(one: Numbers, other: Numbers, of: Found) -> NDArray[np.bool_]:
    """Whether the owner of the second was the first to post such a photo."""
    first, second = _firsts(one, other, of)
    return second < first


def _firsts(one: Numbers, other: Numbers, of: Found) -> tuple[Numbers, Numbers]:
    """Position of each owner's first posting of either picture, or one like it.

    The photos of the pair alone do not tell: an owner may post a photo again after a thief has.
    """
    pictures = of.pictures.of
    firsts = []
    for side in (one, other):
        owners = of.postings.owners[side]
        near_one, near_other = (of.seen.first_of(pictures[place], owners) for place in (one, other))
        firsts.append(np.minimum(near_one, near_other))
    return firsts[0], firsts[1]


def _told_by(first: Numbers, second: Numbers, postings: Postings) -> NDArray[np.object_]:
    known = ~np.isnat(postings.times)
    assert not len(first) or max(first.max(), second.max()) < NEVER
    both = known[first] & known[second]
    either = known[first] | known[second]
    differ = both & (postings.times[first] != postings.times[second])
    return np.where(differ, "time", np.where(either & ~both, "one time", "row")).astype(object)
