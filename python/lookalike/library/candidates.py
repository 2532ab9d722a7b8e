"""Which images are worth a second look: those near a query by any code, in any turn, whole or in part.

What is searched, for each turn of the query:

- the codes of each kind: the whole of both pictures;
- the query's parts (inside its border; of a picture that is not turned, with one side cut off) among the `phash` codes
  of whole pictures;
- the query's inner picture among the parts of the others; and if it has a border, its whole too.

Every hit has a chance, the logarithm of how probable a pair of different photos is to be as near: from -6 at a
kind's radius to about -4 at its loose one. Those of different codes are added up, though they are not independent:
they only decide which candidates are looked at where there are too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..kinds import Kind
from ..turns import NO_TURN, inverse
from .index import Index
from .queries import Query
from .records import PARTS

__all__ = ["START_INNER", "START_OTHER_WHOLE", "START_QUERY_WHOLE", "START_WHOLE", "Candidates", "gather"]

MOST = 128
"""Candidates that get a second look, beside those within a kind's own radius."""
_MOST_EACH = 64
"""Of one code of a query, nearest first."""
START_WHOLE, START_INNER, START_OTHER_WHOLE, START_QUERY_WHOLE = range(4)
"""Where to begin the alignment: whole onto whole, inner onto inner, inner onto the other's whole, whole onto inner."""
_PART_KIND = "phash"
_PART_RADIUS, _PART_LOOSE = 6, 12
_SURE, _UNSURE = -6.0, -4.0


_Coded = tuple[list[bytes], list[bytes]] | None
"""The codes of a query's inner picture and of its parts, at each turn; `None` without a look."""


class Candidates(NamedTuple):
    """Images for a second look, `(n,)` each, by query.

    Attributes:
        query: numbers of the queries.
        rows: of the catalog.
        turns: what was done to the library's picture to get the query, 1 to 8.
        starts: where to begin the alignment, one of the four.
        chance: logarithm, to base 10, of how probable it is that different photos are as near.
    """

    query: np.ndarray
    rows: np.ndarray
    turns: np.ndarray
    starts: np.ndarray
    chance: np.ndarray


class _Channel(NamedTuple):
    """Codes to be searched in one index.

    Attributes:
        among: the codes of a kind, or `PARTS`.
        radius: within which chance matches are rare.
        loose: within which a second look is worth it.
        start: of the alignment.
        within: the radius that is searched.
        queries: whose codes they are.
        turns: of the library's picture.
        codes: packed.
    """

    among: str
    radius: int
    loose: int
    start: int
    within: int
    queries: list[int]
    turns: list[int]
    codes: list[bytes]


def gather(index: Index, queries: Sequence[Query], names: Sequence[str], turns: Sequence[int]) -> Candidates:
    """The candidates of each query. To be called inside `index.fresh()`.

    Args:
        index: of the library.
        queries: those with a look are searched by their parts too.
        names: kinds.
        turns: which of the eight to try.
    """
    found = [_search(index, channel) for channel in _channels(queries, names, turns) if channel.codes]
    if not found:
        nothing = np.zeros(0, np.int64)
        return Candidates(nothing, nothing, nothing, nothing, np.zeros(0))
    return _united(found)


def _channels(queries: Sequence[Query], names: Sequence[str], turns: Sequence[int]) -> Iterator[_Channel]:
    """A picture that is turned is seldom much else: it is searched a third nearer, and its sides stay on."""
    upright, turned = [turn for turn in turns if turn == NO_TURN], [turn for turn in turns if turn != NO_TURN]
    bordered = [query if query.look is not None and query.look.has_border else None for query in queries]
    coded = [None if query.look is None else query.look.all_codes() for query in queries]
    framed = [codes if query is not None else None for query, codes in zip(bordered, coded, strict=True)]
    for some, sides in ((upright, True), (turned, False)):
        for name in names:
            kind = Kind.parse(name)
            assert kind.radius is not None
            assert kind.loose is not None
            yield _filled(_channel(name, kind.radius, kind.loose, START_WHOLE, sides), queries, some)
        if _PART_KIND in names:
            channel = _channel(_PART_KIND, _PART_RADIUS, _PART_LOOSE, START_OTHER_WHOLE, sides)
            yield _of_parts(channel, coded if sides else framed, some, None if sides else 1)
            whole = _channel(PARTS, _PART_RADIUS, _PART_LOOSE, START_QUERY_WHOLE, sides)
            yield _filled(whole, bordered, some, _PART_KIND)
        yield _inner(_channel(PARTS, _PART_RADIUS, _PART_LOOSE, START_INNER, sides), coded, some)


def tighter(radius: int, loose: int) -> int:
    """The loose radius for pictures that are turned."""
    return loose - (loose - radius) // 3


def _channel(among: str, radius: int, loose: int, start: int, is_upright: bool) -> _Channel:
    return _Channel(among, radius, loose, start, loose if is_upright else tighter(radius, loose), [], [], [])


def _filled(
    channel: _Channel, queries: Sequence[Query | None], turns: Sequence[int], name: str | None = None
) -> _Channel:
    """With the codes of one kind of each query, in each turn."""
    for number, query in enumerate(queries):
        for turn in turns if query is not None else ():
            assert query is not None
            code = query.code(name or channel.among, inverse(turn))
            if code is not None:
                _put(channel, number, turn, code)
    return channel


def _of_parts(channel: _Channel, coded: Sequence[_Coded], turns: Sequence[int], first: int | None) -> _Channel:
    """With the codes of the query's parts, or the first of them: inside its border, or with one side cut off."""
    for number, codes in enumerate(coded):
        for turn in turns if codes is not None else ():
            assert codes is not None
            joint = codes[1][inverse(turn) - 1]
            for start in range(0, len(joint), 8)[:first]:
                _put(channel, number, turn, joint[start : start + 8])
    return channel


def _inner(channel: _Channel, coded: Sequence[_Coded], turns: Sequence[int]) -> _Channel:
    """With the code of the query's inner picture."""
    for number, codes in enumerate(coded):
        for turn in turns if codes is not None else ():
            assert codes is not None
            _put(channel, number, turn, codes[0][inverse(turn) - 1])
    return channel


def _put(channel: _Channel, number: int, turn: int, code: bytes) -> None:
    channel.queries.append(number)
    channel.turns.append(turn)
    channel.codes.append(code)


def _search(index: Index, channel: _Channel) -> Candidates:
    """All within the radius, and of the others the nearest within the loose one."""
    codes = np.frombuffer(b"".join(channel.codes), np.uint8).reshape(len(channel.codes), -1)
    hits = index.nearest(channel.among, codes, _MOST_EACH, channel.within)
    counts = np.diff(hits.starts)
    full = np.flatnonzero(counts >= _MOST_EACH)
    # Of many copies of one picture none is to be left out.
    full = full[hits.distances[hits.starts[1:][full] - 1] <= channel.radius]
    asked = np.repeat(np.arange(len(codes)), counts)
    rows, distances = hits.rows, hits.distances
    if len(full):
        more = index.search(channel.among, codes[full], channel.radius)
        asked = np.concatenate([asked, np.repeat(full, np.diff(more.starts))])
        rows, distances = np.concatenate([rows, more.rows]), np.concatenate([distances, more.distances])
    slope = (_UNSURE - _SURE) / max(1, channel.loose - channel.radius)
    chance = _SURE + slope * (distances - channel.radius)
    query, turn = np.array(channel.queries, np.int64)[asked], np.array(channel.turns, np.int64)[asked]
    return Candidates(query, rows, turn, np.full(len(rows), channel.start), chance)


def _united(found: Sequence[Candidates]) -> Candidates:
    """Each image once in each turn and start, the most promising first, and not too many for a query."""
    channel = np.repeat(np.arange(len(found)), [len(one.rows) for one in found])
    query, rows, turns, starts, chance = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((chance, channel, starts, turns, rows, query))
    query, rows, turns, starts, chance, channel = (
        column[order] for column in (query, rows, turns, starts, chance, channel)
    )
    image = _changes(query, rows, turns)
    # What several codes find in the same turn is more than what one finds.
    each = image | _changes(channel)
    group = np.cumsum(image) - 1
    joint = np.bincount(group, np.where(each, chance, 0.0))[group] if len(group) else chance
    keep = np.flatnonzero(image | _changes(starts))
    best = np.minimum.reduceat(chance, keep) if len(keep) else chance
    chosen = keep[_most(query[keep], joint[keep], best <= _SURE)]
    return Candidates(query[chosen], rows[chosen], turns[chosen], starts[chosen], joint[chosen])


def _changes(*columns: np.ndarray) -> np.ndarray:
    """Where one of the columns is not as in the place before."""
    changes = np.ones(len(columns[0]), bool)
    if len(changes):
        changes[1:] = np.logical_or.reduce([np.diff(column) != 0 for column in columns])
    return changes


def _most(query: np.ndarray, chance: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The most promising of each query, and all that are within a radius."""
    order = np.lexsort((chance, ~sure, query))
    rank = np.arange(len(order)) - np.searchsorted(query[order], query[order])
    return np.asarray(order[(rank < MOST) | sure[order]])
