"""Queries to copies: candidates are looked at a second time, and those that agree well enough are matches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..confirm import second_look
from ..kinds import Kind
from ..looks import LOOK_BYTES
from ..turns import NO_TURN, Transforms, inverse, transform_of
from .candidates import (
    START_INNER,
    START_OTHER_WHOLE,
    START_QUERY_WHOLE,
    START_WHOLE,
    Candidates,
    gather,
)
from .index import Index
from .queries import Query
from .records import Layout, Record
from .tables import TOLD, told_of

__all__ = ["SAME_BYTES", "UNSEEN", "Seen", "columns_of", "find", "looked_at", "match_of"]

COLUMNS = ("image", "confidence", "level", "transform", "trimmed", "kind", "distance")
_AT_ONCE = 10_000
"""Looks that are in memory at a time, at most: 12 MB."""
_NO_BOX = np.array([0, 0, 0, 0, 255, 255, 255, 255], np.uint8)
SAME_BYTES, SAME_HASH, TURNED, LOOKED_AT = range(4)
"""By what a match was found: `level`."""


class Seen(NamedTuple):
    """What the second look says of an image.

    Attributes:
        confidence: how sure it is that it is a copy, 0 to 1; `None` if there was no second look.
        turn: what was done to it to get the query.
        start: where the alignment began.
        trimmed: whether a border was left out of it or of the query.
        negative: whether the query, before its brightness and colours were inverted, is its negative.
    """

    confidence: float | None
    turn: int
    start: int
    trimmed: bool
    negative: bool = False


UNSEEN = Seen(None, 1, START_WHOLE, False)
"""Of an image at which nobody has looked twice."""


def columns_of(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of a table of matches: the distance by each kind comes after what is known of the best."""
    return (*COLUMNS, *(f"{name}_distance" for name in names), *TOLD)


def find(
    index: Index, queries: Sequence[Query], names: Sequence[str], transforms: Transforms, least: float
) -> list[list[dict[str, Any]]]:
    """The copies of each query, as rows of a table, best first. To be called inside `index.fresh()`.

    An image without a look, or a query without one, is a match within the radius of a kind, with no confidence.
    Negatives are looked for where there is no copy, and only among images that can be looked at twice.
    """
    found = _found(index, queries, names, transforms.turns, least)
    lost = [number for number, matches in enumerate(found) if not matches] if transforms.negatives else []
    negatives = {number: one for number in lost if (one := queries[number].negative()) is not None}
    if negatives:
        more = _found(index, list(negatives.values()), names, transforms.turns, least, negative=True)
        for number, matches in zip(negatives, more, strict=True):
            found[number] = matches
    return found


def _found(
    index: Index,
    queries: Sequence[Query],
    names: Sequence[str],
    turns: Sequence[int],
    least: float,
    *,
    negative: bool = False,
) -> list[list[dict[str, Any]]]:
    """The copies of each query; or, if it is a negative's negative, the images that it is a negative of."""
    found = looked_at(index, queries, gather(index, queries, names, turns))
    if negative:
        found = [_as_negatives(one) for one in found]
    seen = [_sure(one, least) for one in found]
    records = index.catalog.records(np.unique([row for one in seen for row in one]))
    return [_matches(index, query, one, records, names, least) for query, one in zip(queries, seen, strict=True)]


def _sure(seen: Mapping[int, Seen], least: float) -> dict[int, Seen]:
    """What is sure enough, or was not looked at twice: most candidates are neither, and need not be read."""
    return {row: one for row, one in seen.items() if one.confidence is None or one.confidence >= least}


def _as_negatives(seen: Mapping[int, Seen]) -> dict[int, Seen]:
    """Without what only codes speak for: of inverted codes nobody has measured how often they do so by chance."""
    return {row: one._replace(negative=True) for row, one in seen.items() if one.confidence is not None}


def _matches(
    index: Index,
    query: Query,
    seen: Mapping[int, Seen],
    records: Mapping[int, Record],
    names: Sequence[str],
    least: float,
) -> list[dict[str, Any]]:
    """What is sure enough, and the same bytes whatever they look like."""
    layout = index.catalog.head.layout
    radii = {name: Kind.parse(name).radius or 0 for name in names}
    same = {} if query.digest is None else {record.number: record for record in index.catalog.with_digest(query.digest)}
    matches = []
    for row in {*seen, *same}:
        record = same.get(row) or records.get(row)
        if record is not None:
            match = match_of(query, record, seen.get(row) or UNSEEN, names, layout, radii)
            if match["level"] == SAME_BYTES or _is_enough(match, radii, least):
                matches.append(match)
    return sorted(matches, key=lambda match: _rank(match, layout.bits))


def looked_at(index: Index, queries: Sequence[Query], found: Candidates) -> list[dict[int, Seen]]:
    """What the second look says of the candidates of each query, by row."""
    bounds = np.searchsorted(found.query, np.arange(len(queries) + 1))
    parts = [slice(*pair) for pair in pairwise(bounds)]
    return [
        _looked_at_one(index, query, Candidates(*(column[part] for column in found)))
        for query, part in zip(queries, parts, strict=True)
    ]


def _looked_at_one(index: Index, query: Query, found: Candidates) -> dict[int, Seen]:
    """What the second look says of one query's candidates; of a picture that very many share, some at a time."""
    rows, place = np.unique(found.rows, return_inverse=True)
    seen: dict[int, Seen] = {}
    for start in range(0, len(rows), _AT_ONCE):
        some = (place >= start) & (place < start + _AT_ONCE)
        looks = index.catalog.looks(rows[start : start + _AT_ONCE])
        seen |= _seen(query, Candidates(*(column[some] for column in found)), looks)
    return seen


def _seen(query: Query, found: Candidates, looks: Mapping[int, bytes]) -> dict[int, Seen]:
    has_look = np.array([query.look is not None and row in looks for row in found.rows.tolist()], bool)
    seen: dict[int, Seen] = {}
    for row, turn, start in zip(*(c[~has_look].tolist() for c in (found.rows, found.turns, found.starts)), strict=True):
        # The most promising comes first.
        if start == START_WHOLE:
            seen.setdefault(row, Seen(None, turn, start, False))
    if has_look.any():
        assert query.look is not None
        seen |= _confirmed(query, Candidates(*(column[has_look] for column in found)), looks)
    return seen


def _confirmed(query: Query, found: Candidates, looks: Mapping[int, bytes]) -> dict[int, Seen]:
    """The best of all tries of each row."""
    assert query.look is not None
    rows, places = np.unique(found.rows, return_inverse=True)
    joint = b"".join(looks[row] for row in rows.tolist())
    has_box = boxed(joint)[places]
    starts = _plain_starts(found.starts, query.look.has_border, has_box)
    tries = np.unique(np.stack([places, found.turns, starts], axis=1), axis=0)
    result = second_look(query.look, joint, tries)
    best = np.lexsort((tries[:, 2], tries[:, 1], -result.confidence, tries[:, 0]))
    first = best[np.searchsorted(tries[best, 0], np.arange(len(rows)))]
    trimmed = (tries[first, 2] != START_WHOLE) & (query.look.has_border | boxed(joint))
    columns = (rows, result.confidence[first], tries[first, 1], tries[first, 2], trimmed)
    return {row: Seen(*rest) for row, *rest in zip(*(column.tolist() for column in columns), strict=True)}


def boxed(looks: bytes) -> np.ndarray:
    """Which of some looks, end to end, have a border."""
    joint = np.frombuffer(looks, np.uint8).reshape(-1, LOOK_BYTES)
    return np.asarray((joint[:, 2:10] != _NO_BOX).any(axis=1))


def _plain_starts(starts: np.ndarray, query_box: bool, other_box: np.ndarray) -> np.ndarray:
    """Without a border the inner picture is the whole: tries that come to the same are one."""
    inner = np.isin(starts, (START_INNER, START_OTHER_WHOLE)) & query_box
    other_inner = np.isin(starts, (START_INNER, START_QUERY_WHOLE)) & other_box
    only_query, only_other = np.full_like(starts, START_OTHER_WHOLE), np.full_like(starts, START_QUERY_WHOLE)
    one = np.where(inner, only_query, np.where(other_inner, only_other, START_WHOLE))
    return np.where(inner & other_inner, START_INNER, one)


def match_of(
    query: Query,
    record: Record,
    seen: Seen,
    names: Sequence[str],
    layout: Layout,
    radii: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """One match as a row of a table. The kind that counts is the nearest of those within their radii, or of all."""
    distances = {name: _distance(query, record, name, seen.turn, layout) for name in names}
    known = {name: distance for name, distance in distances.items() if distance is not None}
    within = {name: distance for name, distance in known.items() if radii is None or distance <= radii[name]}
    kind = min(within or known, key=lambda name: known[name] / layout.bits[name], default=None)
    same = query.digest is not None and query.digest == record.digest
    is_as_it_was = seen.turn == NO_TURN and not seen.negative
    by_hash = seen.confidence is None or bool(within)
    level = SAME_BYTES if same else LOOKED_AT if not by_hash else SAME_HASH if is_as_it_was else TURNED
    confidence = 1.0 if same else seen.confidence
    transform = transform_of(seen.turn, negative=seen.negative)
    own = {"image": record.image, "confidence": confidence, "level": level, "transform": transform}
    own |= {"trimmed": seen.trimmed, "kind": kind, "distance": None if kind is None else known[kind]}
    return {**own, **{f"{name}_distance": distance for name, distance in distances.items()}, **told_of(record)}


def _distance(query: Query, record: Record, name: str, turn: int, layout: Layout) -> int | None:
    code = query.code(name, inverse(turn))
    if code is None or record.codes is None:
        return None
    return (int.from_bytes(code) ^ int.from_bytes(record.codes[layout.slices[name]])).bit_count()


def _is_enough(match: Mapping[str, Any], radii: Mapping[str, int], least: float) -> bool:
    if match["confidence"] is None:
        return match["kind"] is not None and bool(match["distance"] <= radii[match["kind"]])
    return bool(match["confidence"] >= least)


def _rank(match: Mapping[str, Any], bits: Mapping[str, int]) -> tuple[Any, ...]:
    """Best first: the same bytes, then by confidence as far as two digits tell, by the share of bits, by row."""
    confidence = -1.0 if match["confidence"] is None else round(match["confidence"], 2)
    share = 1.0 if match["kind"] is None else match["distance"] / bits[match["kind"]]
    return match["level"] != SAME_BYTES, -confidence, share, match["row"]
