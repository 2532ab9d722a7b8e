"""Images of a library against each other: pairs, groups and duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..hamming import Join, join
from ..matching.groups import star_groups
from .index import Codes, Index
from .records import Record
from .tables import told_of

__all__ = [
    "GROUP_COLUMNS",
    "PAIR_COLUMNS",
    "Groups",
    "Pairs",
    "distance_by",
    "duplicates",
    "grouped",
    "groups",
    "paired",
    "pairs",
]

PAIR_COLUMNS = (
    "image_a",
    "image_b",
    "kind",
    "distance",
    *(f"{name}_{end}" for name in ("row", "owner", "listing", "time") for end in "ab"),
)
GROUP_COLUMNS = ("group", "representative", "image", "distance", "row", "owner", "listing", "time")
LIMIT = 10_000_000


class Pairs(NamedTuple):
    """Pairs of rows `(n,)`, `left` below `right`, best first: by the share of bits that differ, then by rows.

    Attributes:
        left: row numbers.
        right: row numbers.
        kinds: numbers among the kinds that were compared.
        distances: in bits of that kind.
    """

    left: np.ndarray
    right: np.ndarray
    kinds: np.ndarray
    distances: np.ndarray


class Groups(NamedTuple):
    """Groups of at least two rows: members `(n,)` by group, each group's representative first.

    Attributes:
        number: of each member's group, from 0.
        rows: of the catalog.
        representatives: rows too.
        distances: of each to its representative, in bits.
    """

    number: np.ndarray
    rows: np.ndarray
    representatives: np.ndarray
    distances: np.ndarray


def paired(index: Index, radii: Mapping[str, int], limit: int = LIMIT, threads: int = 1) -> Pairs:
    """All pairs of rows within the radius of some kind, each once, by its best kind. Inside `index.fresh()`.

    Raises:
        ValueError: if they are more than `limit`.
    """
    found = [_of_kind(index, number, name, radii[name], limit, threads) for number, name in enumerate(radii)]
    left, right, kinds, distances = (np.concatenate(column) for column in zip(*found, strict=True))
    share = distances / np.array([index.catalog.head.layout.bits[name] for name in radii], float)[kinds]
    order = np.lexsort((kinds, share, right, left))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(left[order]) != 0) | (np.diff(right[order]) != 0)
    keep = order[first]
    keep = keep[np.lexsort((right[keep], left[keep], share[keep]))]
    return Pairs(left[keep], right[keep], kinds[keep], distances[keep])


def _of_kind(index: Index, number: int, name: str, radius: int, limit: int, threads: int) -> Pairs:
    codes = index.codes(name)
    joined = join(codes.codes, radius, bits=index.catalog.head.layout.bits[name], limit=limit, threads=threads)
    sizes = np.diff(joined.starts)
    _check_count(sizes, joined, name, limit)
    left, right, distances = _spread(joined, sizes)
    rows = np.sort(np.stack([codes.rows[left], codes.rows[right]]), axis=0)
    return Pairs(rows[0], rows[1], np.full(len(left), number, np.int64), distances.astype(np.int64))


def _check_count(sizes: np.ndarray, joined: Join, name: str, limit: int) -> None:
    count = int((sizes * (sizes - 1) // 2).sum() + (sizes[joined.left] * sizes[joined.right]).sum())
    if count > limit:
        raise ValueError(
            f"expected at most {limit:,} pairs of images, got {count:,} by {name} (one code alone is shared by "
            f"{int(sizes.max()):,} images): ask for groups() instead, a smaller radius, or a higher limit"
        )


def _spread(joined: Join, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of codes to pairs of positions: all members of one with all of the other, and of each code among them."""
    # Every position with those after it among the members of its code.
    after = np.repeat(joined.starts[1:], sizes) - np.arange(len(joined.members)) - 1
    same_left = np.repeat(np.arange(len(joined.members)), after)
    same_right = same_left + 1 + _counting(after)
    one, other = sizes[joined.left], sizes[joined.right]
    within = _counting(one * other)
    wide = np.repeat(other, one * other)
    cross_left = np.repeat(joined.starts[joined.left], one * other) + within // np.maximum(wide, 1)
    cross_right = np.repeat(joined.starts[joined.right], one * other) + within % np.maximum(wide, 1)
    distances = np.concatenate([np.zeros(len(same_left), np.int64), np.repeat(joined.distances, one * other)])
    left, right = np.concatenate([same_left, cross_left]), np.concatenate([same_right, cross_right])
    return joined.members[left], joined.members[right], distances


def _counting(counts: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... up to each count, one after the other."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts))


def grouped(index: Index, name: str, radius: int, limit: int = 100_000_000, threads: int = 1) -> Groups:
    """Groups by one kind, each within the radius of its first row. Inside `index.fresh()`."""
    codes = index.codes(name)
    joined = join(codes.codes, radius, bits=index.catalog.head.layout.bits[name], limit=limit, threads=threads)
    sizes = np.diff(joined.starts)
    chosen = star_groups(len(sizes), joined.left, joined.right)
    of_code = np.repeat(np.arange(len(sizes)), sizes)
    group = chosen[of_code]
    rows = codes.rows[joined.members]
    first = joined.members[joined.starts[:-1]]  # of each code; those of a representative's code stand first
    counts = np.bincount(group, minlength=len(sizes))
    keep = np.flatnonzero(counts[group] > 1)
    apart = np.bitwise_count(codes.codes[joined.members[keep]] ^ codes.codes[first[group[keep]]]).sum(axis=1)
    order = np.lexsort((rows[keep], apart, group[keep]))
    keep, apart = keep[order], apart[order]
    number = np.unique(group[keep], return_inverse=True)[1]
    return Groups(number, rows[keep], codes.rows[first[group[keep]]], apart.astype(np.int64))


def distance_by(index: Index, name: str, rows: np.ndarray) -> Callable[[int, int], int]:
    """How far apart two of some rows are by a kind, in bits."""
    held = index.codes(name)
    wanted = np.isin(held.rows, rows)
    pairs = zip(held.rows[wanted].tolist(), held.codes[wanted], strict=True)
    codes = {row: int.from_bytes(code.tobytes()) for row, code in pairs}
    return lambda one, other: (codes[one] ^ codes[other]).bit_count()


def pairs(index: Index, found: Pairs, names: Sequence[str]) -> list[dict[str, Any]]:
    """Pairs as rows of a table."""
    records = index.catalog.records(np.unique(np.concatenate([found.left, found.right])))
    rows = []
    for left, right, kind, distance in zip(*(column.tolist() for column in found), strict=True):
        if left in records and right in records:
            a, b = records[left], records[right]
            own = {"image_a": a.image, "image_b": b.image, "kind": names[kind], "distance": distance}
            rows.append({**own, **told_of(a, "_a"), **told_of(b, "_b")})
    return rows


def groups(index: Index, found: Groups) -> list[dict[str, Any]]:
    """Groups as rows of a table."""
    records = index.catalog.records(found.rows)
    return [
        _member(number, records[head], records[row], distance)
        for number, row, head, distance in zip(*(column.tolist() for column in found), strict=True)
        if row in records and head in records
    ]


def duplicates(index: Index, on: str | None) -> list[dict[str, Any]]:
    """Groups of the same bytes, or of the same code of a kind, as rows of a table. Inside `index.fresh()`."""
    members = index.catalog.same_bytes() if on is None else _same_codes(index.codes(on))
    sets: dict[object, list[int]] = {}
    for row, key in members:
        sets.setdefault(key, []).append(row)
    records = index.catalog.records([row for row, _ in members])
    return list(_members(sets.values(), records))


def _members(sets: Iterable[list[int]], records: Mapping[int, Record]) -> Iterable[dict[str, Any]]:
    for number, rows in enumerate(sets):
        yield from (_member(number, records[rows[0]], records[row], 0) for row in rows)


def _same_codes(codes: Codes) -> list[tuple[int, int]]:
    """Row and number of the code of all rows whose code another row has too."""
    if not len(codes.rows):
        return []
    whole = np.ascontiguousarray(codes.codes).view(np.dtype((np.void, codes.codes.shape[1])))[:, 0]
    _, number, count = np.unique(whole, return_inverse=True, return_counts=True)
    keep = np.flatnonzero(count[number] > 1)
    return list(zip(codes.rows[keep].tolist(), number[keep].tolist(), strict=True))


def _member(number: int, head: Record, record: Record, distance: int) -> dict[str, Any]:
    own = {"group": number, "representative": head.image, "image": record.image, "distance": distance}
    return {**own, **told_of(record)}
