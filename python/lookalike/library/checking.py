"""Looking a library over: is the catalog sound, is the index what the catalog says, are the files there still?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..keypoints import Keypoints
from . import keypoint_folding
from .catalog import Segment
from .folding import Range, stray_files
from .index import Codes, Index, believed, codes_of
from .keypoint_files import PIECE
from .places import file_at
from .records import KEYPOINTS, PARTS

__all__ = ["Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found.

    Attributes:
        problems: in words, each with what to do; empty if all is well.
        notes: what is no problem, such as files that a killed writer left: the next one removes them.
        bad: ranges of rows whose index files are to be made anew.
        bad_keypoints: ranges of keypoints, likewise.
        rows: how many there are.
        segments: how many index files.
        files: how many files were looked at; `None` if they were not.
        gone: files that are not there any more.
        changed: files that are not what was fingerprinted.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    bad: tuple[Range, ...]
    rows: int
    segments: int
    files: int | None = None
    gone: int = 0
    changed: int = 0
    bad_keypoints: tuple[Range, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the library itself is sound. Files that are gone or changed are no fault of it."""
        return not self.problems

    def __str__(self) -> str:
        head = f"{self.rows:,} rows, {self.segments} index files"
        lines = [f"{head}: sound" if self.ok else f"{head}: {len(self.problems)} problems", *self.problems, *self.notes]
        if self.files is not None:
            lines.append(f"{self.files:,} files: {self.gone:,} gone, {self.changed:,} changed")
        return "\n".join(lines)


def verify(index: Index, *, files: bool = False) -> Verified:
    """Read everything and compare."""
    catalog = index.catalog
    problems = [f"catalog: {text}" for text in catalog.store.sound()]
    bad: list[Range] = []
    bad_keypoints: list[Range] = []
    with index.fresh():
        failed = {segment: text for segment in index.files if (text := _fault(index, segment)) is not None}
        problems += [f"catalog: {text}" for text in _damaged_keypoints(index)]
        counts = catalog.counts()
        if counts.last > catalog.last():
            problems.append(f"catalog: row {counts.last} is above the last that was given, {catalog.last()}")
        bad += _overlaps(index.segments, (*catalog.head.layout.names, PARTS))
        bad_keypoints += _overlaps(index.keypoints.segments, (KEYPOINTS,))
        for first, last in (*bad, *bad_keypoints):
            text = f"index: several files cover rows {first} to {last}; verify(repair=True) makes them anew"
            problems.append(text)
        notes = [f"index file {name}: not used; the next writer removes it" for name in stray_files(index)]
    listed = set(catalog.segments())
    for segment, text in failed.items():
        if segment in listed:  # else a writer has replaced it meanwhile
            spans = bad_keypoints if segment.kind == KEYPOINTS else bad
            spans.append((segment.first_row, segment.last_row))
            problems.append(f"index file {segment.file}: {text}; verify(repair=True) makes it anew")
    looked, gone, changed = _look_at_files(index) if files else (None, 0, 0)
    ranges = [tuple(sorted(set(some))) for some in (bad, bad_keypoints)]
    found = tuple(problems), tuple(notes), ranges[0], counts.rows, len(index.files)
    return Verified(*found, looked, gone, changed, ranges[1])


def _fault(index: Index, segment: Segment) -> str | None:
    """What is wrong with one file, if anything."""
    if segment.kind == KEYPOINTS:
        return keypoint_folding.fault(index, segment)
    try:
        _check(index, segment)
    except (OSError, ValueError) as error:
        return str(error)
    return None


def _damaged_keypoints(index: Index) -> Iterator[str]:
    """What is wrong with the keypoints that the catalog keeps."""
    rows = index.catalog.keypoints
    for kept in rows.between(1, rows.last(), PIECE):
        for row, blob in zip(kept.rows.tolist(), kept.blobs, strict=True):
            try:
                Keypoints(blob)
            except ValueError as error:
                yield f"keypoints of row {row} are damaged ({error}); remove(rows={row}) and add it again"


def _check(index: Index, segment: Segment) -> None:
    """Compare one file with the catalog, code by code.

    Raises:
        OSError, ValueError: if it is not what it should be.
    """
    found = believed(index.folder, segment, index.catalog)
    found.verify()
    got = _sorted(*found.codes())
    keep = index.live(got.rows)
    catalog = index.catalog
    every = catalog.codes(segment.first_row, segment.last_row)
    expected = _sorted(*codes_of(every, segment.kind, catalog.head.layout))
    if not np.array_equal(got.rows[keep], expected.rows):
        raise ValueError(
            f"expected the {len(expected.rows):,} rows of the catalog, got {int(keep.sum()):,} that are not the same"
        )
    if not np.array_equal(got.codes[keep], expected.codes):
        raise ValueError("expected the codes of the catalog, got others")


def _sorted(codes: np.ndarray, rows: np.ndarray) -> Codes:
    """By row, then code: in an index the several codes of a row's parts have no order."""
    order = np.lexsort((*codes.T[::-1], rows))
    return Codes(codes[order], rows[order])


def _overlaps(segments: Sequence[Segment], kinds: Sequence[str]) -> list[Range]:
    """Ranges of rows that more than one file of a kind covers."""
    found = []
    for kind in kinds:
        mine = [segment for segment in segments if segment.kind == kind]
        found += [(a.first_row, max(a.last_row, b.last_row)) for a, b in pairwise(mine) if b.first_row <= a.last_row]
    return sorted(set(found))


def _look_at_files(index: Index) -> tuple[int, int, int]:
    states = list(_states(index))
    return len(states), states.count("gone"), states.count("changed")


def _states(index: Index) -> Iterator[str]:
    for _, place, size, mtime in index.catalog.files():
        try:
            status = os.stat(file_at(place))  # noqa: PTH116
        except (OSError, ValueError):
            yield "gone"
            continue
        yield "same" if (status.st_size, status.st_mtime_ns) == (size, mtime) else "changed"
