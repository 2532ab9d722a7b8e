"""Photos of one owner of which another's hold a part, or are one: cut out, or pasted into a collage.

They come beside the groups of reuse and not into them, for parts go no further: two photos in one collage have nothing
to do with each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..confirm import CONFIDENCES
from ..fingerprints import Progress
from ..matching.spans import expand_pairs
from ..matching.tables import named
from .index import Index
from .part_pairs import Shared, asked_rows, part_pairs

if TYPE_CHECKING:
    from ..matching.reuse import Matches, Reuse

    Report = Reuse | Matches

__all__ = ["PartReuse", "columns_of", "part_reuse", "whole_columns"]


@dataclass(frozen=True)
class PartReuse:
    """Pairs of photos of different owners with a part in common, the surest first.

    Attributes:
        left: positions among the postings, the earlier of each pair.
        right: positions.
        shared: what they have in common, the left one first.
        popular: pairs that were left out since very many owners have the part.
        without: photos that were not compared for want of keypoints.
    """

    left: np.ndarray
    right: np.ndarray
    shared: list[Shared]
    popular: int
    without: int

    def __len__(self) -> int:
        return len(self.left)


def part_reuse(index: Index, report: Report, parts: bool | str, progress: Progress = False) -> PartReuse:
    """Search what a report compared for parts too. Not inside `index.fresh()`.

    A part counts from the confidence `"normal"` on, or that of the report if it is higher.

    Args:
        index: of the library.
        report: of whole pictures.
        parts: `True` for photos that no other owner posted as a whole, `"always"` for all.
        progress: as for `Library.pairs`.

    Raises:
        ValueError: if there are more pairs than the report's limit.
    """
    options, postings = report.options, report.postings
    with index.fresh():
        having = asked_rows(index, np.zeros(0, np.int64), "always")
    positions = np.flatnonzero(np.isin(postings.rows, having) & ~report.common[report.pictures.of])
    asked = positions if parts == "always" else positions[~_matched(report)[report.pictures.of[positions]]]
    # Of postings with equal codes one is enough.
    _, firsts = np.unique(report.pictures.of[asked], return_index=True)
    least = max(options.confidence, CONFIDENCES["normal"])
    found = part_pairs(index, postings.rows[asked[np.sort(firsts)]].tolist(), least, options.limit, progress)
    left, right, shared, popular = _of_owners(report, _of_pictures(report, found))
    without = int((~np.isin(postings.rows, having)).sum())
    order = sorted(range(len(left)), key=lambda n: (-round(shared[n].confidence, 2), int(left[n]), int(right[n])))
    return PartReuse(left[order], right[order], [shared[n] for n in order], popular, without)


def _matched(report: Report) -> np.ndarray:
    """Which pictures, or one near them, another owner posted too: `(pictures,)` bool."""
    owned, near = report.owned, report.near
    counts = np.diff(owned.starts)
    matched = counts > 1
    only = owned.owners[owned.starts[:-1]]
    apart = (counts[near.left] > 1) | (counts[near.right] > 1) | (only[near.left] != only[near.right])
    matched[near.left[apart]] = matched[near.right[apart]] = True
    return np.asarray(matched)


def _of_pictures(report: Report, found: dict[tuple[int, int], Shared]) -> dict[tuple[int, int], Shared]:
    """Pairs of rows as pairs of pictures; without those that are near as wholes, or that everybody may use."""
    near = set(zip(report.near.left.tolist(), report.near.right.tolist(), strict=True))
    picture_of = dict(zip(report.postings.rows.tolist(), report.pictures.of.tolist(), strict=True))
    pictures: dict[tuple[int, int], Shared] = {}
    for (one, other), shared in found.items():
        a, b = picture_of.get(one, -1), picture_of.get(other, -1)
        pair = (a, b) if a < b else (b, a)
        if a == b or min(pair) < 0 or pair in near or report.common[a] or report.common[b]:
            continue
        if pair not in pictures or pictures[pair].confidence < shared.confidence:
            pictures[pair] = shared if a < b else shared.turned()
    return pictures


def _of_owners(
    report: Report, found: dict[tuple[int, int], Shared]
) -> tuple[np.ndarray, np.ndarray, list[Shared], int]:
    """The first postings of each two owners, the earlier first, and how many pairs were left out as popular."""
    owned = report.owned
    left, right = (np.array([pair[side] for pair in found], np.int64) for side in (0, 1))
    places, one, other = expand_pairs(owned.starts, left, right)
    keep = owned.owners[one] != owned.owners[other]
    places, one, other = places[keep], one[keep], other[keep]
    popular = _popular(report, left[places], right[places], owned.owners[one], owned.owners[other])
    places, one, other = places[~popular], one[~popular], other[~popular]
    if len(places) > report.options.limit:
        raise ValueError(
            f"expected at most {report.options.limit:,} pairs of photos with a part in common, got {len(places):,}: "
            "raise limit=, or lower popular="
        )
    shared = list(found.values())
    first, second = owned.firsts[one], owned.firsts[other]
    turned = first > second
    told = [shared[place].turned() if turn else shared[place] for place, turn in zip(places, turned, strict=True)]
    return np.minimum(first, second), np.maximum(first, second), told, int(popular.sum())


def _popular(report: Report, left: np.ndarray, right: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which pairs are of a picture that has parts in common with those of more owners than a picture may have."""
    threshold = report.popularity.threshold
    if threshold is None or not len(left):
        return np.zeros(len(left), bool)
    seen = np.unique(np.stack([np.concatenate([left, right]), np.concatenate([other, one])]), axis=1)
    counts = np.bincount(seen[0], minlength=len(report.pictures))
    return np.asarray((counts[left] > threshold) | (counts[right] > threshold))


def columns_of(found: PartReuse, report: Report, first: str = "", second: str = "") -> dict[str, np.ndarray]:
    """The columns of a table of such pairs, as `Reuse.pairs` has them, and more."""
    postings, by = report.postings, report.options.by
    columns: dict[str, np.ndarray] = {}
    names = (first or "", second or "")
    for positions, prefix, suffix in zip((found.left, found.right), names, "ab", strict=True):
        side = {
            "image": postings.images[positions],
            by: named(postings.owner_names, postings.owners[positions]),
            "listing": named(postings.listing_names, postings.listings[positions]),
            "time": postings.time_texts(positions),
            "row": postings.rows[positions],
        }
        columns |= {f"{prefix}_{name}" if prefix else f"{name}_{suffix}": value for name, value in side.items()}
    columns |= _distances(found, report)
    columns["transform"] = np.full(len(found), "none", object)
    columns["confidence"] = np.array([one.confidence for one in found.shared], float)
    if first:
        columns["first_by"] = _first_by(found, report)
    columns["days_apart"] = np.abs(postings.days_between(found.left, found.right))
    return columns | _figures(found, first or "a", second or "b")


def _distances(found: PartReuse, report: Report) -> dict[str, np.ndarray]:
    """Bits that differ, of each kind and of all."""
    codes = report.postings.codes
    names = [str(kind) for kind in report.options.measure.kinds]
    each = {
        name: np.bitwise_count(codes[name][found.left] ^ codes[name][found.right]).sum(axis=1, dtype=np.int64)
        for name in names
    }
    total = {"distance": np.asarray(sum(each.values()), np.int64)}
    return total | ({f"{name}_distance": values for name, values in each.items()} if len(names) > 1 else {})


def _first_by(found: PartReuse, report: Report) -> np.ndarray:
    """What says who was first: see `Reuse.pairs`."""
    times = report.postings.times
    one, other = times[found.left], times[found.right]
    known = ~np.isnat(one), ~np.isnat(other)
    both, either = known[0] & known[1], known[0] | known[1]
    return np.where(both & (one != other), "time", np.where(either & ~both, "one time", "row")).astype(object)


def _figures(found: PartReuse, first: str, second: str) -> dict[str, np.ndarray]:
    overlaps = np.array([one.overlaps for one in found.shared], float).reshape(-1, 2)
    texts = np.array([one.region(first, second) for one in found.shared], object)
    return {
        "verdict": np.full(len(found), "part", object),
        f"overlap_{first}": overlaps[:, 0],
        f"overlap_{second}": overlaps[:, 1],
        "inliers": np.array([one.inliers for one in found.shared], float),
        "region": texts,
    }


def whole_columns(count: int, first: str, second: str) -> dict[str, np.ndarray]:
    """The columns that only parts have, for so many pairs of whole pictures."""
    nothing, texts = np.full(count, np.nan), np.full(count, None, object)
    own = {f"overlap_{first}": nothing, f"overlap_{second}": nothing, "inliers": nothing, "region": texts}
    return {"verdict": np.full(count, "copy", object), **own}
