"""Searching a library's codes: segments on disk, and in memory the rows that no segment holds.

A segment is believed if the catalog lists it and its header says the same library, kind, recipe, generation and
checksum. The rows of one that is not are read from the catalog: slower, never wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..hamming import HammingIndex, Hits
from ..keypoint_index import Candidates
from .catalog import Catalog, RowCodes, Segment
from .keypoint_files import KeypointFiles, check_file, listed
from .records import KEYPOINTS, PARTS, Layout

__all__ = ["Codes", "Index", "about", "believed", "codes_of", "live"]


class Codes(NamedTuple):
    """Codes of one kind `(n, stride)` uint8, and their row numbers `(n,)` int64, ascending.

    A row has one code of a kind, but several of `PARTS`, or none.
    """

    codes: np.ndarray
    rows: np.ndarray


class _Replaced(Exception):
    """A listed file is gone."""


class _Loose:
    """Rows of a range that no file holds: codes of all kinds, and an index over each that is asked for."""

    def __init__(self, catalog: Catalog, first: int, last: int) -> None:
        self.last = last
        self._held = catalog.codes(first, last)
        self._layout = catalog.head.layout
        self._indexes: dict[str, HammingIndex] = {}

    def __len__(self) -> int:
        return len(self._held.rows)

    def extend(self, catalog: Catalog, last: int) -> None:
        """Take in the rows up to `last`."""
        if last > self.last:
            more = catalog.codes(self.last + 1, last)
            self.last = last
            if len(more.rows):
                self._held = RowCodes(*map(np.concatenate, zip(self._held, more, strict=True)))
                self._indexes = {}

    def index(self, kind: str) -> HammingIndex:
        if kind not in self._indexes:
            codes, rows = codes_of(self._held, kind, self._layout)
            self._indexes[kind] = HammingIndex.build(codes, bits=self._layout.bits[kind], rows=rows)
        return self._indexes[kind]


class Index:
    """All codes of a library, as of the last `refresh`.

    Attributes:
        folder: where its files are.
        segments: those of codes that the catalog lists.
        keypoints: the index over keypoints.
        problems: what is wrong with some files, by name.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self.catalog = catalog
        self.folder = folder
        self.keypoints = KeypointFiles(catalog, folder)
        self.segments: list[Segment] = []
        self.problems: dict[str, str] = {}
        self._generation = -1
        self._half = False
        self._told = False
        self._open: dict[Segment, HammingIndex] = {}
        self._missing: dict[tuple[int, int], _Loose] = {}
        self._tail: _Loose | None = None
        self._removed = np.zeros(0, np.int64)
        self._removed_to = 0
        self._lacking: tuple[tuple[int, ...], int] = ((), 0)

    @property
    def folded(self) -> int:
        """The last row that a file covers."""
        return max((segment.last_row for segment in self.segments), default=0)

    @property
    def tail(self) -> int:
        """How many rows no file covers."""
        return 0 if self._tail is None else len(self._tail)

    @property
    def files(self) -> list[Segment]:
        """All that the catalog lists."""
        return [*self.segments, *self.keypoints.segments]

    @property
    def gone(self) -> np.ndarray:
        """Numbers of rows that are gone and that a file may hold still, ascending."""
        return self._removed

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """A block that sees what is committed now, all of one instant."""
        for patient in (True, True, False):
            with self.catalog.store.snapshot():
                try:
                    self.refresh(patient)
                except _Replaced:
                    continue
                yield
                return

    def refresh(self, patient: bool = False) -> None:
        """See what is committed now. To be called inside a snapshot.

        Raises:
            _Replaced: if `patient` and a listed file is gone: most likely a writer has just replaced it, and the
                next snapshot has another list.
        """
        if self._half:
            self._forget()
        self._half = True
        generation = self.catalog.generation()
        if generation != self._generation:
            self._read_list(patient)
            self._generation = generation
        last = self.catalog.last()
        if self._tail is None:
            self._tail = _Loose(self.catalog, self.folded + 1, last)
        self._tail.extend(self.catalog, last)
        self.keypoints.refresh()
        self._removed_to, more = self.catalog.removed(self._removed_to)
        if len(more):
            self._removed = np.union1d(self._removed, more)
        self._half = False

    def _forget(self) -> None:
        """Begin anew: a refresh was interrupted, by Ctrl-C say, and what is here may be half of it."""
        self._generation, self._removed_to = -1, 0
        self._open, self._missing, self._tail = {}, {}, None
        self.keypoints = KeypointFiles(self.catalog, self.folder)
        self._removed = np.zeros(0, np.int64)

    def _read_list(self, patient: bool) -> None:
        listed = self.catalog.segments()
        segments = [segment for segment in listed if segment.kind != KEYPOINTS]
        opened: dict[Segment, HammingIndex] = {}
        problems: dict[str, str] = {}
        for segment in segments:
            try:
                found = self._open.get(segment)
                opened[segment] = believed(self.folder, segment, self.catalog) if found is None else found
            except (OSError, ValueError) as error:
                if patient and isinstance(error, FileNotFoundError):
                    raise _Replaced from None
                problems[segment.file] = str(error)
        try:
            self.keypoints.read_list([segment for segment in listed if segment.kind == KEYPOINTS])
        except FileNotFoundError:
            if patient:
                raise _Replaced from None
        self.segments, self._open, self.problems = segments, opened, {**problems, **self.keypoints.problems}
        # Read again, for a compaction shortens the log that tells which of these rows are gone.
        self._tail = None
        ranges = {(s.first_row, s.last_row) for s in self.segments if s not in self._open}
        self._missing = {span: _Loose(self.catalog, *span) for span in sorted(ranges)}
        self._told = False

    def _tell(self) -> None:
        """Say once that searching is slower than it should be."""
        if self.problems and not self._told:
            self._told = True
            file, problem = next(iter(self.problems.items()))
            warnings.warn(
                f"index file {file!r} cannot be used ({problem}): its rows are searched from the catalog, slower; "
                "verify(repair=True) makes it anew",
                stacklevel=2,
            )

    def parts(self, kind: str) -> list[HammingIndex]:
        """Every index over a kind's codes, in the order of rows."""
        self._tell()
        found: list[HammingIndex] = []
        for segment in self.segments:
            if segment.kind == kind:
                missing = self._missing.get((segment.first_row, segment.last_row))
                found.append(self._open[segment] if segment in self._open else missing.index(kind))  # type: ignore[union-attr]
        if self.tail:
            assert self._tail is not None
            found.append(self._tail.index(kind))
        return [part for part in found if len(part)]

    def by_keypoints(self, blobs: Sequence[bytes], k: int) -> Candidates:
        """The `k` images whose keypoints lie most as a query's do, which may come as several blobs."""
        self._tell()
        return self.keypoints.search(blobs, k, self._removed)

    def without_keypoints(self) -> int:
        """How many images have codes and no keypoints."""
        state = (self._generation, self.catalog.last(), self._removed_to, self.keypoints.last)
        if self._lacking[0] != state:
            hashed = len(self.codes(self.catalog.head.layout.names[0]).rows)
            self._lacking = state, max(0, hashed - self.catalog.keypoints.count())
        return self._lacking[1]

    def search(self, kind: str, queries: np.ndarray, radius: int, threads: int = 1) -> Hits:
        """All rows within the radius of each query, by distance, then row. `queries` is `(n, stride)` uint8."""
        parts = self.parts(kind)
        if len(parts) == 1 and not len(self._removed):
            return parts[0].search(queries, radius, threads=threads)  # in order already
        return self._united([part.search(queries, radius, threads=threads) for part in parts], len(queries))

    def nearest(self, kind: str, queries: np.ndarray, k: int, radius: int | None = None, threads: int = 1) -> Hits:
        """The `k` nearest rows of each query, by distance, then row; fewer where there are no more."""
        parts = self.parts(kind)
        if len(parts) == 1 and not len(self._removed):
            return parts[0].nearest(queries, min(k, len(parts[0])), radius=radius, threads=threads)
        found = [self._nearest_of(part, queries, k, radius, threads) for part in parts]
        return _first(self._united(found, len(queries)), k)

    def _nearest_of(self, part: HammingIndex, queries: np.ndarray, k: int, radius: int | None, threads: int) -> Hits:
        """Ask for more until `k` of them are live, or there are no more."""
        asked = min(k, len(part))
        while True:
            hits = part.nearest(queries, asked, radius=radius, threads=threads)
            counts = np.diff(hits.starts)
            dead = np.add.reduceat(np.append(~self.live(hits.rows), False), hits.starts[:-1]) if len(counts) else counts
            dead = np.where(counts > 0, dead, 0)
            short = (counts - dead < k) & (counts == asked)
            if asked == len(part) or not short.any():
                return hits
            asked = min(len(part), 2 * asked + int(dead.max()))

    def live(self, rows: np.ndarray) -> np.ndarray:
        """Which of these rows are there still: `(n,)` bool."""
        return live(rows, self._removed)

    def _united(self, found: list[Hits], queries: int) -> Hits:
        if not found:
            return Hits(np.zeros(queries + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32))
        owner = np.concatenate([np.repeat(np.arange(queries), np.diff(hits.starts)) for hits in found])
        rows = np.concatenate([hits.rows for hits in found])
        distances = np.concatenate([hits.distances for hits in found])
        keep = np.flatnonzero(self.live(rows))
        keep = keep[np.lexsort((rows[keep], distances[keep], owner[keep]))]
        counts = np.bincount(owner[keep], minlength=queries)
        return Hits(np.concatenate([[0], np.cumsum(counts)]), rows[keep], distances[keep])

    def codes(self, kind: str) -> Codes:
        """All codes of one kind, or of `PARTS`, whose rows are there, by row."""
        found = [part.codes() for part in self.parts(kind)]
        if not found:
            return Codes(np.zeros((0, (self.catalog.head.layout.bits[kind] + 7) // 8), np.uint8), np.zeros(0, np.int64))
        rows = np.concatenate([rows for _, rows in found])
        keep = np.flatnonzero(self.live(rows))
        keep = keep[np.argsort(rows[keep], kind="stable")]
        return Codes(np.concatenate([codes for codes, _ in found])[keep], rows[keep])


def _first(hits: Hits, k: int) -> Hits:
    """The first `k` of each query."""
    sizes = np.diff(hits.starts)
    keep = np.arange(len(hits.rows)) - np.repeat(hits.starts[:-1], sizes) < k
    starts = np.concatenate([[0], np.cumsum(np.minimum(sizes, k))])
    return Hits(starts, hits.rows[keep], hits.distances[keep])


def live(rows: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Which rows are not among the removed ones, which are sorted."""
    if not len(removed):
        return np.ones(len(rows), bool)
    places = np.minimum(np.searchsorted(removed, rows), len(removed) - 1)
    return np.asarray(removed[places] != rows)


def codes_of(held: RowCodes, kind: str, layout: Layout) -> Codes:
    """The codes of one kind, or of `PARTS`."""
    if kind == PARTS:
        return Codes(held.parts, held.part_rows)
    return Codes(np.ascontiguousarray(held.codes[:, layout.slices[kind]]), held.rows)


def about(catalog: Catalog, kind: str, generation: int) -> dict[str, str]:
    """What a file's header says of it."""
    head = catalog.head
    return {"library": head.id, "kind": kind, "recipe": head.recipe, "generation": str(generation)}


def believed(folder: Path, segment: Segment, catalog: Catalog) -> HammingIndex:
    """A listed file, opened.

    Raises:
        OSError: if it is not there, or cannot be read.
        ValueError: if it is not the file that the catalog lists.
    """
    path = listed(folder, segment.file)
    check_file(path)
    found = HammingIndex.open(path)
    expected = {
        **about(catalog, segment.kind, segment.generation),
        "checksum": segment.checksum,
        "codes": segment.codes,
    }
    got = {**found.about, "checksum": str(found.checksum), "codes": len(found)}
    for name, value in expected.items():
        if got.get(name) != value:
            raise ValueError(f"expected {name} {value!r}, got {got.get(name)!r}")
    return found


def total(segments: Iterable[Segment]) -> int:
    """Codes in some segments."""
    return sum(segment.codes for segment in segments)
