"""Searching a library's keypoints: files on disk, and in memory those that no file covers.

The files stand in the catalog's list beside those of codes, and are believed on the same terms. They go by the order
in which keypoints came and not by the numbers of rows, for a row may get its keypoints long after its codes. What
a damaged file covers is read from the catalog: slower, never wrong.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..errors import DamagedError
from ..keypoint_index import Candidates, KeypointIndex, search_indexes
from .catalog import Catalog, Segment
from .records import KEYPOINTS

__all__ = ["PIECE", "KeypointFiles", "believed_keypoints", "check_file", "gathered", "listed", "said_of"]

PIECE = 2_048
"""Images whose keypoints are in memory at a time while an index is made of them: 12 MB."""
_IN_MEMORY = 50_000
"""Images over which an index may be in memory: 100 MB."""


class _Gathered:
    """Keypoints of a range that no file holds: an index over each part as it came, small ones merged into larger."""

    def __init__(self, first: int) -> None:
        self._to = first - 1
        self._indexes: list[KeypointIndex] = []

    def extend(self, catalog: Catalog, last: int) -> list[KeypointIndex]:
        """Take in those up to `last`; the indexes over all."""
        found = self._indexes
        if last > self._to:
            found.append(gathered(catalog, self._to + 1, last))
            self._to = last
        while len(found) > 1 and len(found[-2]) < 2 * len(found[-1]):
            found[-2:] = [KeypointIndex.merge([(part, ()) for part in found[-2:]])]
        return found


class KeypointFiles:
    """The index over all keypoints of a library, as of the last `refresh`.

    Attributes:
        folder: where its files are.
        segments: those that the catalog lists.
        problems: what is wrong with some of them, by file.
        last: the end of the order in which keypoints came.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self._catalog = catalog
        self.folder = folder
        self.segments: list[Segment] = []
        self.problems: dict[str, str] = {}
        self.last = 0
        self._open: dict[Segment, KeypointIndex] = {}
        self._gathered: dict[int, _Gathered] = {}

    @property
    def folded(self) -> int:
        """The last of that order that a file covers."""
        return max((segment.last_row for segment in self.segments), default=0)

    @property
    def tail(self) -> int:
        """How many no file covers, at most."""
        return max(0, self.last - self.folded)

    def read_list(self, segments: Sequence[Segment]) -> None:
        """Open the files of another list.

        Raises:
            FileNotFoundError: if one is not there, after all others were looked at.
        """
        opened: dict[Segment, KeypointIndex] = {}
        problems: dict[str, str] = {}
        missing: FileNotFoundError | None = None
        for segment in segments:
            try:
                found = self._open.get(segment)
                opened[segment] = believed_keypoints(self.folder, segment, self._catalog) if found is None else found
            except (OSError, ValueError) as error:
                missing = error if isinstance(error, FileNotFoundError) else missing
                problems[segment.file] = str(error)
        self.segments, self._open, self.problems = list(segments), opened, problems
        self._gathered = {}
        if missing is not None:
            raise missing

    def refresh(self) -> None:
        """See what is committed now. To be called inside a snapshot."""
        self.last = self._catalog.keypoints.last()

    def search(self, blobs: Sequence[bytes], k: int, removed: np.ndarray) -> Candidates:
        """The `k` images for which most speaks, each once. To be called inside `Index.fresh`.

        Args:
            blobs: a query's keypoints, such as upright and mirrored.
            k: at most so many.
            removed: rows that are gone, sorted.
        """
        return search_indexes([(index, removed) for index in self._indexes()], blobs, k)

    def _indexes(self) -> Iterable[KeypointIndex]:
        for segment in self.segments:
            if segment in self._open:
                yield self._open[segment]
            else:
                yield from self._gather(segment.first_row, segment.last_row)
        if self.tail:
            yield from self._gather(self.folded + 1, self.last)

    def _gather(self, first: int, last: int) -> list[KeypointIndex]:
        return self._gathered.setdefault(first, _Gathered(first)).extend(self._catalog, last)


def gathered(
    catalog: Catalog, first: int, last: int, path: Path | None = None, about: Mapping[str, str] | None = None
) -> KeypointIndex:
    """An index over the keypoints of a range, from the catalog, some images at a time; in a file, if there is a path.

    Raises:
        DamagedError: if what the catalog has are no keypoints.
        OSError: if a file cannot be written.
    """
    rows = catalog.keypoints.rows_between(first, last)
    blobs = (blob for kept in catalog.keypoints.between(first, last, PIECE) for blob in kept.blobs)
    try:
        if path is not None or len(rows) <= _IN_MEMORY:
            return KeypointIndex.build(rows, blobs, path=path, about=about)
        # On POSIX the file stays as long as it is mapped.
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return KeypointIndex.build(rows, blobs, path=Path(folder) / "keypoints")
    except ValueError as error:
        raise DamagedError(f"keypoints in the catalog are damaged ({error}): verify() names the rows") from error


def said_of(catalog: Catalog, generation: int) -> dict[str, str]:
    """What a file's header says of it."""
    return {"library": catalog.head.id, "kind": KEYPOINTS, "generation": str(generation)}


def check_file(path: Path) -> None:
    """Make sure that a name is that of a file: to open a pipe would be to wait for ever.

    Asked once, for a writer may take the file away between two questions.

    Raises:
        FileNotFoundError: if there is nothing.
        ValueError: if it is something else.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("expected a file, got something else")


def listed(folder: Path, name: str) -> Path:
    """Where a listed file is: in the index's folder, whatever the catalog says.

    Raises:
        ValueError: if its name leads elsewhere.
    """
    if not isinstance(name, str) or not name or Path(name).name != name or "\0" in name:
        raise ValueError(f"expected the name of a file in the index's folder, got {name!r}")
    return folder / name


def believed_keypoints(folder: Path, segment: Segment, catalog: Catalog) -> KeypointIndex:
    """A listed file, opened.

    Raises:
        OSError: if it is not there, or cannot be read.
        ValueError: if it is not the file that the catalog lists.
    """
    path = listed(folder, segment.file)
    check_file(path)
    found = KeypointIndex.open(path)
    expected = {**said_of(catalog, segment.generation), "checksum": segment.checksum, "images": segment.codes}
    got = {**found.about, "checksum": str(found.checksum), "images": len(found)}
    for name, value in expected.items():
        if got.get(name) != value:
            raise ValueError(f"expected {name} {value!r}, got {got.get(name)!r}")
    return found
