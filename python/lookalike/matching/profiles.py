"""What a model may know of a listing or an owner: how many of its photos are elsewhere, where they were first, and so
on.

All columns are numbers and none is missing; what stands where there is nothing to say is told beside each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .sightings import NEVER, Sightings
from .spans import expand, whole_batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["FEATURES", "Asked", "profiles"]

FEATURES = {
    "photos": "photos with a hash and some detail",
    "common": "of them, photos that everybody may use: allowed or popular ones, which count no further",
    "elsewhere": "photos that another owner posted too",
    "share_elsewhere": "of all photos that are not common, from 0 to 1; 0 where there are none",
    "copied": "photos that another owner posted first",
    "share_copied": "of all photos that are not common, from 0 to 1; 0 where there are none",
    "first": "photos that another owner posted later",
    "same_code": "photos elsewhere with the very same hashes",
    "mirrored": "photos whose nearest one elsewhere is mirrored",
    "other_owners": "different owners of photos that are elsewhere",
    "closest_distance": "bits to the nearest one elsewhere, all kinds together; the radii's sum and 1 if there is none",
    "confidence": "the highest of any photo elsewhere, from 0 to 1; 0 if there is none",
    "days_after_first": "the most days that a copied photo came after the first; 0 if none is, or times are unknown",
}
"""The columns, with what they say."""

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Asked:
    """Photos to describe.

    Attributes:
        units: shape (photos,), whose they are: a listing's or an owner's number.
        count: number of units.
        pictures: shape (photos,), their pictures.
        owners: shape (photos,), who posted them, -1 for someone of whom nothing else is known.
        positions: shape (photos,), before which posting they were posted, if it is not told by one of that owner's.
        times: shape (photos,).
        common: shape (photos,), whether everybody may use them.
    """

    units: Numbers
    count: int
    pictures: Numbers
    owners: Numbers
    positions: Numbers
    times: NDArray[np.datetime64]
    common: NDArray[np.bool_]


def profiles(
    asked: Asked,
    seen: Sightings,
    times: NDArray[np.datetime64],
    certainty: tuple[NDArray[np.float64], NDArray[np.float64]],
    radius: int,
) -> dict[str, NDArray[np.float64] | Numbers]:
    """The columns of `FEATURES` for each unit.

    Args:
        asked: the photos.
        seen: who has been seen with their pictures.
        times: of the postings that `seen` has positions of.
        certainty: confidence by distance, of copies as they are and of mirrored ones.
        radius: of all kinds together.
    """
    known = ~asked.common
    first_line = np.where(known, seen.others(seen.firsts, asked.pictures, asked.owners), -1)
    near_line = np.where(known, seen.others(seen.nearest * 2 + seen.mirrored, asked.pictures, asked.owners), -1)
    elsewhere = first_line >= 0
    padded_firsts = np.append(seen.firsts, NEVER)
    own = np.minimum(seen.first_of(asked.pictures, asked.owners), asked.positions)
    copied = elsewhere & (padded_firsts[first_line] < own)
    nearest = np.append(seen.nearest, radius + 1)[near_line]
    mirrored = np.append(seen.mirrored, False)[near_line]
    sure = np.where(mirrored, np.append(certainty[1], 0.0)[nearest], np.append(certainty[0], 0.0)[nearest])
    counts = {
        "photos": np.ones(len(known), np.bool_),
        "common": asked.common,
        "elsewhere": elsewhere,
        "copied": copied,
        "first": elsewhere & ~copied,
        "same_code": elsewhere & (nearest == 0) & ~mirrored,
        "mirrored": mirrored,
    }
    columns: dict[str, NDArray[np.float64] | Numbers] = {
        name: np.bincount(asked.units, which, minlength=asked.count).astype(np.int64) for name, which in counts.items()
    }
    own_photos = np.maximum(columns["photos"] - columns["common"], 1)
    columns["share_elsewhere"] = columns["elsewhere"] / own_photos
    columns["share_copied"] = columns["copied"] / own_photos
    columns["other_owners"] = _other_owners(asked, elsewhere, seen)
    columns["closest_distance"] = _extreme(np.minimum, asked, nearest, np.int64(radius + 1))
    columns["confidence"] = _extreme(np.maximum, asked, np.where(elsewhere, sure, 0.0), np.float64(0))
    days = _days_after(asked, copied, padded_firsts[first_line], times)
    columns["days_after_first"] = _extreme(np.maximum, asked, days, np.float64(0))
    return {name: columns[name] for name in FEATURES}


def _extreme(least: np.ufunc, asked: Asked, values: NDArray[np.generic], fill: np.generic) -> NDArray[np.float64]:
    found = np.full(asked.count, fill)
    least.at(found, asked.units, values)
    return found


def _days_after(
    asked: Asked, copied: NDArray[np.bool_], firsts: Numbers, times: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    days = np.zeros(len(copied))
    days[copied] = (asked.times[copied] - times[firsts[copied]]) / _DAY
    return np.nan_to_num(days, nan=0.0)


def _other_owners(asked: Asked, elsewhere: NDArray[np.bool_], seen: Sightings) -> Numbers:
    """Different owners that each unit shares a picture with."""
    width = int(asked.pictures.max(initial=-1)) + 1
    keys, places = np.unique((asked.units * width + asked.pictures)[elsewhere], return_index=True)
    units, pictures = (keys // max(width, 1), keys % max(width, 1))
    owners = asked.owners[elsewhere][places]
    starts = np.searchsorted(seen.pictures, np.arange(width + 1))
    counts = np.zeros(asked.count, np.int64)
    alone = np.bincount(units, minlength=asked.count)[units] == 1
    # Most units share one picture, whose owners are told apart already.
    is_seen = seen.first_of(pictures, owners) != NEVER
    counts[units[alone]] = (np.diff(starts)[pictures] - is_seen)[alone]
    units, pictures, owners = units[~alone], pictures[~alone], owners[~alone]
    for part in whole_batches(units, np.diff(starts)[pictures]):
        which, lines = expand(starts, pictures[part])
        others = seen.owners[lines] != owners[part][which]
        keys = np.unique(units[part][which][others] * max(seen.count, 1) + seen.owners[lines][others])
        counts += np.bincount(keys // max(seen.count, 1), minlength=asked.count)
    return counts
