"""Queries to whatever is near: each kind is searched, and an image that several find is one match, by its best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..turns import inverse
from .copies import SAME_BYTES, UNSEEN, match_of
from .index import Index
from .queries import Query

__all__ = ["Found", "find"]


class Found(NamedTuple):
    """Matches of several queries `(n,)`, by query, then best first.

    Attributes:
        query: numbers of the queries.
        rows: of the catalog.
        turns: what was done to the library's picture to get the query, 1 to 8.
        distances: in shares of the kind's bits.
    """

    query: np.ndarray
    rows: np.ndarray
    turns: np.ndarray
    distances: np.ndarray


def find(
    index: Index,
    queries: Sequence[Query],
    names: Sequence[str],
    turns: Sequence[int],
    radii: Mapping[str, int] | None,
    k: int | None,
    threads: int = 1,
) -> list[list[dict[str, Any]]]:
    """The matches of each query, as rows of a table. To be called inside `index.fresh()`.

    Best first: the same bytes, then by the share of the kind's bits that differ, then by row.
    """
    found = best(index, queries, names, turns, radii, k, threads)
    records = index.catalog.records(np.unique(found.rows))
    layout = index.catalog.head.layout
    answer: list[list[dict[str, Any]]] = [[] for _ in queries]
    for query, row, turn in zip(*(column.tolist() for column in found[:3]), strict=True):
        if row in records:
            seen = UNSEEN._replace(turn=turn)
            answer[query].append(match_of(queries[query], records[row], seen, names, layout, radii))
    for matches in answer:
        matches.sort(key=lambda match: match["level"] != SAME_BYTES)  # stable
    return answer


def best(
    index: Index,
    queries: Sequence[Query],
    names: Sequence[str],
    turns: Sequence[int],
    radii: Mapping[str, int] | None,
    k: int | None,
    threads: int = 1,
) -> Found:
    """The matches of each query as arrays, one for each image. The `k` nearest of all kinds are among those of each."""
    parts = [_of_kind(index, queries, name, turn, radii, k, threads) for name in names for turn in turns]
    query, rows, turned, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    # An image's best kind and turn first, to keep that one alone.
    order = np.lexsort((turned, share, rows, query))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(rows[order]) != 0) | (np.diff(query[order]) != 0)
    keep = order[first]
    keep = keep[np.lexsort((rows[keep], share[keep], query[keep]))]
    if k is not None and len(keep):
        starts = np.searchsorted(query[keep], query[keep])
        keep = keep[np.arange(len(keep)) - starts < k]
    return Found(query[keep], rows[keep], turned[keep], share[keep])


def _of_kind(
    index: Index,
    queries: Sequence[Query],
    name: str,
    turn: int,
    radii: Mapping[str, int] | None,
    k: int | None,
    threads: int,
) -> Found:
    found = [(place, query.code(name, inverse(turn))) for place, query in enumerate(queries)]
    asking = [(place, code) for place, code in found if code is not None]
    if not asking:
        nothing = np.zeros(0, np.int64)
        return Found(nothing, nothing, nothing, np.zeros(0))
    codes = np.frombuffer(b"".join(code for _, code in asking), np.uint8).reshape(len(asking), -1)
    radius = None if radii is None else radii[name]
    if k is None:
        assert radius is not None
        hits = index.search(name, codes, radius, threads)
    else:
        hits = index.nearest(name, codes, k, radius, threads)
    query = np.repeat(np.array([place for place, _ in asking], np.int64), np.diff(hits.starts))
    share = hits.distances / index.catalog.head.layout.bits[name]
    return Found(query, hits.rows, np.full(len(query), turn, np.int64), share)
