"""Writing the index: the tail becomes a segment, small segments become larger ones.

Segments are merged as a log-structured tree is: the newest takes in those before it while they are less than four
times its size. So their sizes fall by four at least from one to the next, there are few of them (seven at a hundred
million rows), and a row is written again only when its segment has grown several times: n log n in all.

Order of events, so that a kill at any instant leaves a sound library: files are written, synced and renamed; then
one transaction lists them and drops what they replace; then the replaced files are removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..hamming import HammingIndex
from .catalog import Catalog, Segment
from .index import Index, about, believed, codes_of
from .records import PARTS

__all__ = ["TAIL", "Range", "compact", "file_name", "fold", "is_due", "stray_files", "sweep", "sync"]

TAIL = 20_000
"""Rows that are better searched from memory than written as a file of their own."""
_GROWTH = 4
_LEAST_TAIL_DURING = 250_000

Range = tuple[int, int]


def is_due(index: Index, tail: int, *, ended: bool) -> bool:
    """Whether the tail should become a segment: at the end of an add, or while it goes on.

    While it goes on, only when the tail is a quarter of the rest: readers meanwhile search it from memory.
    """
    if ended:
        return tail >= TAIL
    return tail >= max(_LEAST_TAIL_DURING, sum(s.codes for s in _of_first_kind(index)) // _GROWTH)


def fold(index: Index) -> None:
    """Write the tail as a segment, together with as many before it as it has outgrown. With the lock held."""
    catalog = index.catalog
    with catalog.store.snapshot():
        index.refresh()
        last = catalog.last()
    taken = _outgrown(index, index.tail)
    first = min((segment.first_row for segment in taken), default=index.folded + 1)
    _rewrite(index, [s for s in index.segments if s.first_row >= first], first, last)


def compact(index: Index) -> None:
    """One segment a kind, without rows that are gone. With the lock held."""
    catalog = index.catalog
    with catalog.store.snapshot():
        index.refresh()
        last = catalog.last()
        done = _is_compact(index)
    if not done:
        _rewrite(index, index.segments, 1, last, forget=True)
    elif len(catalog.removed(0)[1]):
        with catalog.store.transaction():
            catalog.replace_segments((), ())  # another generation: readers may hold what is forgotten in memory
            catalog.forget_removed(last)


def _is_compact(index: Index) -> bool:
    """Whether there is nothing to do: one sound file a kind, with all codes and no others."""
    catalog = index.catalog
    codes = catalog.counts().codes
    expected = dict.fromkeys(catalog.head.layout.names, codes) | {PARTS: catalog.count_parts()}
    found = {segment.kind: segment.codes for segment in index.segments}
    if index.tail or len(index.segments) != len(found) or found != {k: n for k, n in expected.items() if n}:
        return False
    return all(_sound_codes(index, segment) is not None for segment in index.segments)


def rebuild(index: Index, ranges: Iterable[Range]) -> None:
    """Write the segments of some ranges anew, from the catalog. With the lock held."""
    with index.catalog.store.snapshot():
        index.refresh()
    for first, last in sorted(set(ranges)):
        old = [s for s in index.segments if s.first_row <= last and s.last_row >= first]
        first, last = min([first, *(s.first_row for s in old)]), max([last, *(s.last_row for s in old)])
        _rewrite(index, old, first, last, trust=False)


def sweep(index: Index) -> list[str]:
    """Remove files of the index that the catalog does not list; their names. With the lock held."""
    stray = stray_files(index)
    for name in stray:
        # On Windows a file that a reader has mapped stays; the next sweep takes it.
        with suppress(OSError):
            (index.folder / name).unlink()
    return stray


def stray_files(index: Index) -> list[str]:
    """Names of files of this library's index, finished or not, that the catalog does not list."""
    ours = re.compile(rf"\.?[a-z_0-9]+-[0-9]+-{re.escape(_sign(index.catalog))}\.seg(\..*)?")
    names = sorted(path.name for path in index.folder.glob("*") if ours.fullmatch(path.name))
    listed = {segment.file for segment in index.catalog.segments()} if names else set()
    return [name for name in names if name not in listed]


def _sign(catalog: Catalog) -> str:
    """A part of the library's id, in the names of its files: several libraries may share a folder for the index."""
    return catalog.head.id[:8]


def _of_first_kind(index: Index) -> list[Segment]:
    return [s for s in index.segments if s.kind == index.catalog.head.layout.names[0]]


def _outgrown(index: Index, size: int) -> list[Segment]:
    """The newest segments that a new one of that size takes in."""
    taken: list[Segment] = []
    for segment in reversed(_of_first_kind(index)):
        if segment.codes >= _GROWTH * size:
            break
        taken.append(segment)
        size += segment.codes
    return taken


def _rewrite(
    index: Index, old: Sequence[Segment], first: int, last: int, *, trust: bool = True, forget: bool = False
) -> None:
    """Put one segment a kind over the rows `first` to `last` in the place of others."""
    catalog = index.catalog
    generation = catalog.generation() + 1
    index.folder.mkdir(parents=True, exist_ok=True)
    try:
        made = [
            _write(index, kind, old, (first, last), generation, trust) for kind in (*catalog.head.layout.names, PARTS)
        ]
        sync(index.folder)
        with catalog.store.transaction():
            catalog.replace_segments(old, [segment for segment in made if segment.codes])
            if forget:
                catalog.forget_removed(last)
    finally:
        # What was replaced; or, on a full disk say, what was made in vain.
        sweep(index)
    with catalog.store.snapshot():
        index.refresh()


def _write(index: Index, kind: str, old: Sequence[Segment], span: Range, generation: int, trust: bool) -> Segment:
    catalog = index.catalog
    codes, rows = _codes_of(index, kind, [s for s in old if s.kind == kind], span, trust)
    name = file_name(catalog, kind, generation)
    if not len(rows):
        return Segment(catalog.store.home, name, kind, *span, 0, generation, "")
    path, bits = index.folder / name, catalog.head.layout.bits[kind]
    built = HammingIndex.build(codes, bits=bits, rows=rows, path=path, about=about(catalog, kind, generation))
    return Segment(catalog.store.home, name, kind, *span, len(rows), generation, str(built.checksum))


def file_name(catalog: Catalog, kind: str, generation: int) -> str:
    """What a file of the index is called."""
    return f"{kind.replace(':', '_')}-{generation}-{_sign(catalog)}.seg"


def _codes_of(
    index: Index, kind: str, old: Sequence[Segment], span: Range, trust: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The codes of a span: from files that are sound, the rest from the catalog, without rows that are gone."""
    codes: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    start = span[0]
    for segment in sorted(old, key=lambda segment: segment.first_row) if trust else ():
        found = _sound_codes(index, segment)
        if found is None:
            continue
        if segment.first_row > start:
            _take(index.catalog, kind, start, segment.first_row - 1, codes, rows)
        keep = index.live(found[1])
        codes.append(found[0][keep])
        rows.append(found[1][keep])
        start = segment.last_row + 1
    _take(index.catalog, kind, start, span[1], codes, rows)
    return np.concatenate(codes), np.concatenate(rows)


def _take(catalog: Catalog, kind: str, first: int, last: int, codes: list[np.ndarray], rows: list[np.ndarray]) -> None:
    found = codes_of(catalog.codes(first, last), kind, catalog.head.layout)
    codes.append(found.codes)
    rows.append(found.rows)


def _sound_codes(index: Index, segment: Segment) -> tuple[np.ndarray, np.ndarray] | None:
    """A file's codes; `None` if it is not to be believed, for what is wrong in it must not be handed on."""
    try:
        found = believed(index.folder, segment, index.catalog)
        found.verify()
    except (OSError, ValueError):
        return None
    codes, rows = found.codes()
    return codes, rows


def sync(folder: Path) -> None:
    """Make the names in a directory last, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
