"""The slow twin of searching: every code of the catalog is compared with the query."""

from __future__ import annotations

import random
from typing import Any

from lookalike import Library

KINDS = ("phash", "dhash")


def distance(left: str, right: str) -> int:
    """Bits in which two hex texts differ."""
    return (int(left, 16) ^ int(right, 16)).bit_count()


def near(rows: list[dict[str, Any]], query: str, kind: str, radius: int) -> list[tuple[int, int]]:
    """Row and distance of all within a radius, best first."""
    found = [(distance(row[kind], query), row["row"]) for row in rows if row[kind] is not None]
    return [(row, apart) for apart, row in sorted(found) if apart <= radius]


def pairs(rows: list[dict[str, Any]], kind: str, radius: int) -> set[tuple[int, int, int]]:
    """Rows and distance of all pairs within a radius, the lower row first."""
    coded = [row for row in rows if row[kind] is not None]
    found = ((a["row"], b["row"], distance(a[kind], b[kind])) for i, a in enumerate(coded) for b in coded[i + 1 :])
    return {(min(a, b), max(a, b), apart) for a, b, apart in found if apart <= radius}


def told(table: Any) -> list[tuple[int, int]]:
    """Row and distance of what a search has found."""
    return list(zip(table["row"].tolist(), table["distance"].tolist(), strict=True))


def check_search(library: Library, rows: list[dict[str, Any]], dice: random.Random, queries: int = 2) -> None:
    """Searching answers what comparing with every row answers."""
    coded = [row for row in rows if row["phash"] is not None]
    for kind in KINDS:
        some = [row[kind] for row in dice.sample(coded, min(queries, len(coded)))]
        for query in [*some, f"{dice.getrandbits(64):016x}"]:
            radius, k = dice.choice((0, 3, 8, 20, 64)), dice.choice((1, 5, 50))
            _same(library.search(query, kinds=kind, radius=radius), near(rows, query, kind, radius), kind)
            _same(library.search(query, kinds=kind, k=k), near(rows, query, kind, 64)[:k], kind)


def _same(table: Any, expected: list[tuple[int, int]], kind: str) -> None:
    found = told(table)
    if found != expected:
        more, less = sorted({*found} - {*expected})[:5], sorted({*expected} - {*found})[:5]
        counts = f"{kind}: expected {len(expected)} rows, got {len(found)}"
        raise AssertionError(f"{counts}; too many: {more}, missing: {less} (row, distance)")
