"""Queries to matches: each kind is searched, and an image that several kinds find is one match, by its best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .index import Index
from .queries import Query
from .records import Record
from .tables import told_of

__all__ = ["COLUMNS", "Found", "find"]

COLUMNS = ("image", "kind", "distance", "level", "row", "owner", "listing", "time")


class Found(NamedTuple):
    """Matches of several queries `(n,)`, by query, then best first.

    Attributes:
        query: numbers of the queries.
        rows: of the catalog.
        kinds: numbers among the kinds that were searched.
        distances: in bits of that kind.
    """

    query: np.ndarray
    rows: np.ndarray
    kinds: np.ndarray
    distances: np.ndarray


def find(
    index: Index,
    queries: Sequence[Query],
    names: Sequence[str],
    radii: Mapping[str, int] | None,
    k: int | None,
    threads: int = 1,
) -> list[list[dict[str, Any]]]:
    """The matches of each query, as rows of a table. To be called inside `index.fresh()`.

    Best first: the same bytes, then by the share of the kind's bits that differ, then by row.
    """
    found = best(index, queries, names, radii, k, threads)
    records = index.catalog.records(np.unique(found.rows))
    answer: list[list[dict[str, Any]]] = [[] for _ in queries]
    for query, row, kind, distance in zip(*(column.tolist() for column in found), strict=True):
        if row in records:
            answer[query].append(_match(queries[query], records[row], names[kind], distance))
    for matches in answer:
        matches.sort(key=lambda match: match["level"])  # stable
    return answer


def _match(query: Query, record: Record, kind: str, distance: int) -> dict[str, Any]:
    level = 0 if query.digest is not None and query.digest == record.digest else 1
    return {"image": record.image, "kind": kind, "distance": distance, "level": level, **told_of(record)}


def best(
    index: Index,
    queries: Sequence[Query],
    names: Sequence[str],
    radii: Mapping[str, int] | None,
    k: int | None,
    threads: int = 1,
) -> Found:
    """The matches of each query as arrays, one for each image. The `k` nearest of all kinds are among those of each."""
    parts = [_of_kind(index, queries, number, name, radii, k, threads) for number, name in enumerate(names)]
    query, rows, kinds, distances = (np.concatenate(column) for column in zip(*parts, strict=True))
    bits = np.array([index.catalog.head.layout.bits[name] for name in names], float)
    share = distances / bits[kinds] if len(kinds) else np.zeros(0)
    # An image's best kind first, to keep that one alone.
    order = np.lexsort((kinds, share, rows, query))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(rows[order]) != 0) | (np.diff(query[order]) != 0)
    keep = order[first]
    keep = keep[np.lexsort((rows[keep], share[keep], query[keep]))]
    if k is not None and len(keep):
        starts = np.searchsorted(query[keep], query[keep])
        keep = keep[np.arange(len(keep)) - starts < k]
    return Found(query[keep], rows[keep], kinds[keep], distances[keep])


def _of_kind(
    index: Index,
    queries: Sequence[Query],
    number: int,
    name: str,
    radii: Mapping[str, int] | None,
    k: int | None,
    threads: int,
) -> Found:
    asking = [place for place, query in enumerate(queries) if name in query.codes]
    if not asking:
        return Found(*(np.zeros(0, np.int64) for _ in range(4)))
    codes = np.frombuffer(b"".join(queries[place].codes[name] for place in asking), np.uint8).reshape(len(asking), -1)
    radius = None if radii is None else radii[name]
    if k is None:
        assert radius is not None
        hits = index.search(name, codes, radius, threads)
    else:
        hits = index.nearest(name, codes, k, radius, threads)
    query = np.repeat(np.array(asking, np.int64), np.diff(hits.starts))
    return Found(query, hits.rows, np.full(len(query), number, np.int64), hits.distances.astype(np.int64))
