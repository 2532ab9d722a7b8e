"""Queries to pictures that they are a part of, or that are a part of them: by keypoints, below the whole pictures.

The index gives the images for whose keypoints most speaks; of these the best are compared with the query, keypoint by
keypoint. What the images lack, and what a query lacks, is told and never an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import DamagedError
from ..keypoints import Keypoints
from ..looks import Look
from ..parts import PartMatch, part_matches
from .copies import UNSEEN, match_of
from .index import Index
from .queries import Query
from .records import Record

__all__ = ["COLUMNS", "LEVEL", "compared", "corners", "find", "joined", "keypoints_of_row"]

LEVEL = 4
"""Found by keypoints: see `copies` for the others."""
COLUMNS = ("verdict", "overlap_query", "overlap_image", "inliers", "region")
MOST = 48
"""Images that are compared with a query, keypoint by keypoint, at most."""
_DIGITS = 4
"""Of shares of a side in a region."""


def joined(whole: Sequence[dict[str, Any]], by_parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Matches of whole pictures, and behind them those that only parts have found.

    What both have found is a copy; of parts it has the figures.
    """
    found = {row["row"]: row for row in by_parts}
    copies = [{**one, **_figures(found.pop(one["row"], {})), "verdict": "copy"} for one in whole]
    return [*copies, *found.values()]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in COLUMNS}


def find(
    index: Index, query: Query, names: Sequence[str], least: float, *, logos: bool = False
) -> list[dict[str, Any]]:
    """The images that hold a part of the query, or are in it, as rows of a table, best first. Inside `index.fresh()`.

    Args:
        index: of the library.
        query: one without keypoints finds nothing.
        names: of kinds whose distances are told.
        least: how sure it must be.
        logos: whether images that have no more than a logo in common with the query are told too.
    """
    found = compared(index, query, least, logos=logos)
    records = index.catalog.records(found)
    rows = [_row(index, query, records[row], match, names) for row, match in found.items() if row in records]
    return sorted(rows, key=lambda row: (row["verdict"] != "part", -round(row["confidence"], 2), row["row"]))


def compared(
    index: Index, query: Query, least: float, *, logos: bool = False, most: int = MOST
) -> dict[int, PartMatch]:
    """The part matches of a query, by row."""
    if not query.has_keypoints:
        return {}
    blobs = [one.data for one in query.keypoints if one is not None]
    votes = index.by_keypoints(blobs, most)
    rows = votes.rows.tolist()
    kept, looks = index.catalog.keypoints.of(rows), index.catalog.looks(rows)
    found: dict[int, PartMatch | None] = {}
    upright, turned = query.keypoints
    assert upright is not None
    for mirrored in (False, True):
        some = [row for row in votes.rows[(votes.blobs > 0) == mirrored].tolist() if row in kept]
        others = [keypoints_of_row(row, kept[row]) for row in some]
        views = [Look.trusted(looks[row]) if row in looks else None for row in some]
        # Mirrored keypoints are compared only where it is they that speak for an image.
        sides = upright, turned if mirrored else None
        found |= zip(some, part_matches(sides, others, query.look, views), strict=True)
    return {row: match for row, match in found.items() if match is not None and _is_told(match, least, logos=logos)}


def keypoints_of_row(row: int, blob: bytes) -> Keypoints:
    """What the catalog keeps of a row.

    Raises:
        DamagedError: if it is damaged.
    """
    try:
        return Keypoints(blob)
    except ValueError as error:
        raise DamagedError(
            f"the keypoints of row {row} are damaged ({error}): restore the catalog from a backup, or "
            f"remove(rows={row})"
        ) from error


def _is_told(match: PartMatch, least: float, *, logos: bool) -> bool:
    if match.verdict == "shared logo":
        return logos
    return match.verdict == "part" and match.confidence >= least


def _row(index: Index, query: Query, record: Record, match: PartMatch, names: Sequence[str]) -> dict[str, Any]:
    seen = UNSEEN._replace(confidence=match.confidence, turn=2 if match.mirrored else 1)
    row = match_of(query, record, seen, names, index.catalog.head.layout)
    return {**row, "level": LEVEL, **_told(match)}


def _told(match: PartMatch) -> dict[str, Any]:
    return {
        "verdict": match.verdict,
        "overlap_query": match.overlap[0],
        "overlap_image": match.overlap[1],
        "inliers": len(match.inliers),
        "region": _region(match),
    }


def _region(match: PartMatch) -> str:
    """Both outlines as JSON: corner by corner, in shares of the sides."""
    return json.dumps({"query": corners(match.region[0]), "image": corners(match.region[1])})


def corners(polygon: Sequence[tuple[float, float]]) -> list[list[float]]:
    """An outline for JSON."""
    return [[round(float(x), _DIGITS), round(float(y), _DIGITS)] for x, y in polygon]
