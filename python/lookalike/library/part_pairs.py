"""Images of a library of which one holds a part of another: each is looked for as a query is, by what is kept of it.

That takes as long as so many searches, so it is done for images of which no whole picture has a copy, unless all are
asked for. Nothing is held but the matches; each block of images sees the library as it is then. Of an image no mirrored
keypoints are kept, so a part that was mirrored is found only by a search for the picture.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..fingerprints import Progress
from ..looks import Look
from ..matching.groups import star_groups
from ..parts import PartMatch
from .index import Index
from .parts import compared, corners, keypoints_of_row
from .queries import Query
from .records import Record
from .tables import told_of

__all__ = ["GROUP_COLUMNS", "PAIR_COLUMNS", "Shared", "asked_rows", "check_parts", "grown", "part_pairs", "rows_of"]

PAIR_COLUMNS = ("verdict", "confidence", "overlap_a", "overlap_b", "inliers", "region")
GROUP_COLUMNS = ("verdict", "confidence")
_AT_ONCE = 64

Row = dict[str, Any]
Pairs = Mapping[tuple[int, int], "Shared"]


class Shared(NamedTuple):
    """What two images have in common.

    Attributes:
        confidence: how sure it is.
        overlaps: the share of each.
        inliers: keypoints that agree.
        outlines: of it in each, corner by corner in shares of the sides.
    """

    confidence: float
    overlaps: tuple[float, float]
    inliers: int
    outlines: tuple[Sequence[tuple[float, float]], Sequence[tuple[float, float]]]

    @classmethod
    def of(cls, match: PartMatch) -> Shared:
        """What a part match says, the query first."""
        return cls(match.confidence, match.overlap, len(match.inliers), match.region)

    def turned(self) -> Shared:
        """The other first."""
        return self._replace(overlaps=self.overlaps[::-1], outlines=self.outlines[::-1])

    def region(self, first: str = "a", second: str = "b") -> str:
        """The outlines as JSON."""
        return json.dumps({first: corners(self.outlines[0]), second: corners(self.outlines[1])})


def check_parts(parts: bool | str, radius: Any = None) -> None:
    """Check that parts can be looked for.

    Raises:
        ValueError: for another word, or with a radius.
    """
    if parts not in (True, False, "always"):
        raise ValueError(f"expected parts as True, False or 'always', got {parts!r}")
    if parts and radius is not None:
        raise ValueError("expected parts or a radius, got both: that is for whole pictures")


def asked_rows(index: Index, matched: np.ndarray, parts: bool | str) -> np.ndarray:
    """The rows with keypoints: all if parts are `"always"` searched, else those that are not matched already."""
    rows = index.catalog.keypoints.all_rows()
    return rows if parts == "always" else rows[~np.isin(rows, matched)]


def part_pairs(
    index: Index, rows: Sequence[int], least: float, limit: int, progress: Progress = False
) -> dict[tuple[int, int], Shared]:
    """The part matches of some rows with all others, by both rows in ascending order. Not inside `index.fresh()`.

    Raises:
        ValueError: if they are more than `limit`.
    """
    found: dict[tuple[int, int], Shared] = {}
    for row, match in _watched(index, rows, least, progress):
        for other, shared in match.items():
            pair = (row, other) if row < other else (other, row)
            shared = shared if row < other else shared.turned()
            if pair not in found or found[pair].confidence < shared.confidence:
                found[pair] = shared
        if len(found) > limit:
            raise ValueError(
                f"expected at most {limit:,} pairs of images with a part in common, got more: raise limit=, or ask for "
                "a higher confidence="
            )
    return found


def _watched(
    index: Index, rows: Sequence[int], least: float, progress: Progress
) -> Iterator[tuple[int, dict[int, Shared]]]:
    """The matches of each row, with a bar or a function that is told of each."""
    found: Iterator[tuple[Record, dict[int, Shared]]] = _matches(index, rows, least)
    if progress is True:
        from tqdm import tqdm

        found = iter(tqdm(found, total=len(rows), unit="image", file=sys.stderr))
    for done, (record, matches) in enumerate(found, 1):
        if callable(progress):
            progress(done, record.image)
        yield record.number, matches


def _matches(index: Index, rows: Sequence[int], least: float) -> Iterator[tuple[Record, dict[int, Shared]]]:
    for start in range(0, len(rows), _AT_ONCE):
        with index.fresh():
            # Read to the end here: a snapshot is not held while somebody else has the word.
            part = list(_of_some(index, rows[start : start + _AT_ONCE], least))
        yield from part


def _of_some(index: Index, rows: Sequence[int], least: float) -> Iterator[tuple[Record, dict[int, Shared]]]:
    catalog = index.catalog
    records, looks, kept = catalog.records(rows), catalog.looks(rows), catalog.keypoints.of(rows)
    for row, record in sorted(records.items()):
        found = {}
        if row in kept:
            look = Look.trusted(looks[row]) if row in looks else None
            query = Query(record.image, {}, look=look, keypoints=(keypoints_of_row(row, kept[row]), None))
            found = compared(index, query, least)
        yield record, {other: Shared.of(match) for other, match in found.items() if other != row}


def rows_of(index: Index, found: Pairs) -> list[Row]:
    """Pairs as rows of a table, the surest first."""
    records = index.catalog.records({row for pair in found for row in pair})
    order = sorted(found, key=lambda pair: (-round(found[pair].confidence, 2), pair))
    return [
        _pair(records[one], records[other], found[one, other])
        for one, other in order
        if one in records and other in records
    ]


def _pair(a: Record, b: Record, shared: Shared) -> Row:
    own: Row = {"image_a": a.image, "image_b": b.image, "kind": None, "distance": None}
    own |= {"verdict": "part", "confidence": shared.confidence, "inliers": shared.inliers, "region": shared.region()}
    own |= {"overlap_a": shared.overlaps[0], "overlap_b": shared.overlaps[1]}
    return {**told_of(a, "_a"), **told_of(b, "_b"), **own}


def grown(index: Index, rows: Sequence[Row], found: Pairs) -> list[Row]:
    """Groups of whole pictures, and with each what has a part in common with one of it; and groups of such alone.

    Around one image again, and not in chains: a collage is in the group of one of its photos, or two photos that have
    nothing in common would be in one.

    Args:
        index: of the library.
        rows: of a table of groups, each group's first image first.
        found: part matches.
    """
    sets: dict[int, list[Row]] = {}
    for row in rows:
        sets.setdefault(row["group"], []).append({**row, "verdict": "copy", "confidence": None})
    heads = {row["row"]: some[0]["row"] for some in sets.values() for row in some}
    members = {some[0]["row"]: some for some in sets.values()}
    edges = _edges(found, heads)
    # Groups of whole pictures first, for they are to stay together.
    nodes = sorted({node for edge in edges for node in edge}, key=lambda node: (node not in members, node))
    places = {node: place for place, node in enumerate(nodes)}
    left, right = (np.array([places[edge[side]] for edge in edges], np.int64) for side in (0, 1))
    stars = [nodes[place] for place in star_groups(len(nodes), left, right).tolist()]
    joining: dict[int, list[int]] = {}
    for node, star in zip(nodes, stars, strict=True):
        if node != star:
            joining.setdefault(star, []).append(node)
    return _renumbered(index, members, joining, edges)


def _edges(found: Pairs, heads: Mapping[int, int]) -> dict[tuple[int, int], float]:
    """How sure it is that two images, or any of the groups that they are the first of, have a part in common."""
    edges: dict[tuple[int, int], float] = {}
    for (one, other), shared in found.items():
        a, b = sorted((heads.get(one, one), heads.get(other, other)))
        if a != b:
            edges[a, b] = max(edges.get((a, b), 0.0), shared.confidence)
    return edges


def _renumbered(
    index: Index,
    members: Mapping[int, list[Row]],
    joining: Mapping[int, list[int]],
    edges: Mapping[tuple[int, int], float],
) -> list[Row]:
    taken = {node for nodes in joining.values() for node in nodes}
    alone = [node for node in (*joining, *taken) if node not in members]
    records = index.catalog.records(alone)
    whole = {**members, **{row: [_single(record)] for row, record in sorted(records.items())}}
    answer: list[Row] = []
    for head in whole:
        if head in taken or (head not in members and head not in joining):
            continue
        number = answer[-1]["group"] + 1 if answer else 0
        first = whole[head][0]["image"]
        answer += [{**row, "group": number, "representative": first} for row in whole[head]]
        for node in joining.get(head, ()):
            about = {"distance": None, "verdict": "part", "confidence": edges[min(head, node), max(head, node)]}
            answer += [{**row, **about, "group": number, "representative": first} for row in whole.get(node, ())]
    return answer


def _single(record: Record) -> Row:
    own = {"group": 0, "representative": record.image, "image": record.image, "distance": 0}
    return {**own, **told_of(record), "verdict": "copy", "confidence": None}
