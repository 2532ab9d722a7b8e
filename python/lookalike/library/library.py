"""`Library`: images' fingerprints on disk, added to, searched and compared."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from ..direct import Plan, plan_of
from ..fingerprints import Progress, worker_count
from ..kinds import Kind
from ..options import DEFAULT_LIMITS, Limits
from ..sources.elsewhere import held
from ..sources.items import count as count_of
from . import folding, keypoint_folding
from .adding import Added, Adding, added, sources_of
from .checking import Verified, verify
from .exchange import Exchanging
from .opened import Opened
from .parting import Parting
from .places import is_gone, place_of_path
from .reading import Reading
from .ready import add_ready
from .relating import Relating
from .reuse import Reusing
from .values import check_facts, clean

__all__ = ["Library"]


class Library(Reading, Relating, Reusing, Parting, Exchanging):
    """Fingerprints kept in a directory, with what the user knows of each image.

    Nothing is made until something is added. One process writes at a time; any number search, and see rows as
    soon as they are committed. A library can be used by several threads, which take turns.

    >>> from lookalike import Library
    >>> library = Library("photos.library")             # doctest: +SKIP
    >>> print(library.add("photos", owner="me"))        # doctest: +SKIP
    >>> library.search("holiday.jpg")                   # doctest: +SKIP

    Args:
        location: a directory, new or a library already.
        kinds: hash kinds with a fixed length, for a new library: `("phash", "dhash")` unless others are given.
        recipe: `"standard"` or `"imagehash"`, for a new library.
        index: a directory for the index, if it is not to be in the library's.
        parts: whether pictures that are added get keypoints, by which they are found by a part of them, or as a part
            of others. The library remembers it when it is next written; by default as it remembers, and at first no.

    Raises:
        MismatchError: if the library has other kinds or another recipe.
        NewerError: if a newer release made it.
        DamagedError: if its catalog is damaged.
        ValueError, TypeError: for kinds that a library cannot hold.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        kinds: str | Kind | Iterable[str | Kind] | None = None,
        recipe: str | None = None,
        index: str | os.PathLike[str] | None = None,
        parts: bool | None = None,
    ) -> None:
        self._opened = Opened(location, kinds, recipe, index, parts)

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Library({self._opened.location!r})"

    def close(self) -> None:
        """Close its files. They are opened again when they are needed."""
        self._opened.close()

    def add_rows(
        self,
        sources: object,
        *,
        owner: Any = None,
        listing: Any = None,
        time: Any = None,
        image: Any = None,
        retry: bool = False,
        parts: bool | None = None,
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        isolate: bool = False,
        wait: float = 0.0,
        **facts: Any,
    ) -> Iterator[dict[str, Any]]:
        """Add pictures as a stream: one row for each, in input order, each handed out once it is committed.

        What the library knows already (the same path, size and time of change) is not opened. To be stopped at
        any time: what was handed out is kept, and the next call goes on from there.

        Args:
            sources: as for `fingerprint_many`.
            owner: whose they are: one for all, or a list or column with one for each source.
            listing: what they belong to; likewise. The same file may be there for several owners and listings.
            time: when: `datetime`, `date`, ISO 8601 text or seconds since 1970; likewise. Without a zone, UTC.
            image: what to call each; by default its path or address.
            retry: open again also those that could not be read and have not changed since.
            parts: whether these get keypoints; by default as the library keeps them. What is known without is opened
                again then, gets them under the number that it has, and counts as `"updated"`.
            workers: how many threads; by default, one for each CPU that this process may use.
            limits: what one source may cost.
            isolate: as for `fingerprint_rows`.
            wait: seconds to wait for another writer.
            facts: anything else to keep with the image: JSON values.

        Returns:
            Rows with `image`, `status` (`"added"`, `"changed"`, `"moved"`, `"updated"`, `"unchanged"` or
            `"failed"`), `row` (its number in the library), `error` and `warning`.

        Raises:
            LockedError: if another process is writing.
            MissingExtraError: if parts are to be kept and OpenCV is not installed.
            ValueError, TypeError: for arguments that are out of range.
            OSError: if the library cannot be written.
        """
        check_facts(list(facts))
        values = {"owner": owner, "listing": listing, "time": time, "image": image, **facts}
        items, given = sources_of(sources, values, limits)
        threads, keeps = worker_count(workers), self._keeps(parts)
        return self._adding(items, given, retry, threads, limits.isolated(isolate), wait, keeps)

    def _adding(
        self, items: Any, given: Any, retry: bool, threads: int, limits: Limits, wait: float, parts: bool
    ) -> Iterator[Any]:
        opened = self._opened
        with held(limits), opened.writing("add", wait, make=True) as catalog:
            adding = Adding(catalog, self._plan(catalog.head.layout.kinds, limits, parts), threads, retry=retry)
            new, many = 0, keypoint_folding.DURING if parts else folding.TAIL
            for row in adding.rows(items, given):
                new += row["status"] in ("added", "changed", "updated")
                yield row
                if new >= many:
                    opened.fold(ended=False)
                    new = 0
            opened.fold(ended=True)

    def add(self, sources: object, *, progress: Progress = False, **options: Any) -> Added:
        """Add pictures; how many became what. Arguments and errors as for `add_rows`.

        Args:
            sources: as for `fingerprint_many`.
            progress: `True` for a progress bar, or a function that is called with the number of rows done and
                the id of the last.
            options: as for `add_rows`.
        """
        return added(self.add_rows(sources, **options), lambda: count_of(sources), progress)

    def add_fingerprints(
        self,
        table: Any,
        *,
        owner: Any = None,
        listing: Any = None,
        time: Any = None,
        wait: float = 0.0,
        **facts: Any,
    ) -> Added:
        """Add fingerprints that are ready.

        Args:
            table: a table of `fingerprint_many`, or a list of its rows: `image`, a column of hex text for each
                kind of the library, and whatever else there is. Columns that are not the library's own become
                facts.
            owner: the name of the column with the owners, if it is not `owner`; or the owner of all.
            listing: likewise.
            time: likewise.
            wait: seconds to wait for another writer.
            facts: the same for all rows.

        Raises:
            ColumnError: if a column is missing.
            MismatchError: if they are of another recipe.
            LockedError, ValueError, TypeError, OSError: as for `add_rows`.
        """
        check_facts(list(facts))
        names = _names_of(table)
        given = {"owner": owner, "listing": listing, "time": time}
        renamed = {name: value for name, value in given.items() if isinstance(value, str) and value in names}
        scalars = {**facts, **{n: v for n, v in given.items() if v is not None and n not in renamed}}
        counts: Counter[str] = Counter()
        with self._opened.writing("add fingerprints", wait, make=True) as catalog:
            for part in add_ready(catalog, table, renamed, scalars):
                counts.update(row["status"] for row in part)
                self._opened.fold(ended=False)
            self._opened.fold(ended=True)
        return Added(**counts)

    def remove(self, images: Any = None, *, rows: Any = None, missing: bool = False, wait: float = 0.0) -> int:
        """Remove images from the library; their files stay. How many rows went.

        Args:
            images: ids, paths or addresses: one or several.
            rows: row numbers: one or several.
            missing: those whose files are not there any more.
            wait: seconds to wait for another writer.

        Raises:
            NoLibraryError, LockedError, OSError: as for `add_rows`.
        """
        with self._opened.writing("remove", wait) as catalog:
            numbers = set(_numbers(rows))
            if images is not None:
                paths = [os.fsdecode(image) for image in _several(images)]
                texts = [clean(path) for path in paths]
                numbers |= catalog.numbers_of([*texts, *map(place_of_path, paths)], texts)
            if missing:
                numbers |= {number for number, place, _, _ in catalog.files() if is_gone(place)}
            there = sorted(catalog.records(numbers))
            with catalog.store.transaction():
                catalog.delete(there)
        return len(there)

    def compact(self, *, wait: float = 0.0) -> None:
        """Make the index one file a kind without removed rows, and give back their room.

        Raises:
            NoLibraryError, LockedError, OSError: as for `add_rows`.
        """
        with self._opened.writing("compact", wait) as catalog:
            # First: the log of removed rows is shortened when no file holds them.
            keypoint_folding.compact(self._opened.index)
            folding.compact(self._opened.index)
            catalog.store.tidy()

    def verify(self, *, files: bool = False, repair: bool = False, wait: float = 0.0) -> Verified:
        """Read the whole library and check that its parts agree.

        Args:
            files: look also whether each file is there still, unchanged.
            repair: make anew what is wrong in the index, and check again.
            wait: seconds to wait for another writer, for a repair.

        Raises:
            NoLibraryError, LockedError, OSError: as for `add_rows`.
        """
        if not repair:
            return verify(self._opened.index, files=files)
        with self._opened.writing("repair", wait):
            found = verify(self._opened.index)
            folding.rebuild(self._opened.index, found.bad)
            keypoint_folding.rebuild(self._opened.index, found.bad_keypoints)
            return verify(self._opened.index, files=files)

    def rebuild(self, *, wait: float = 0.0) -> None:
        """Make the whole index anew from the catalog."""
        with self._opened.writing("rebuild", wait):
            folding.rebuild(self._opened.index, [(1, self._opened.catalog.last())])
            keypoint_folding.rebuild(self._opened.index, [(1, self._opened.catalog.keypoints.last())])

    def _plan(self, kinds: Iterable[Kind], limits: Limits, parts: bool) -> Plan:
        return plan_of(list(kinds), self._opened.catalog.head.recipe, limits, digest=True, look=True, keypoints=parts)


def _names_of(table: Any) -> set[str]:
    from ..frames import column_names

    return {name for row in table[:1] for name in row} if isinstance(table, list) else set(column_names(table))


def _several(values: Any) -> list[Any]:
    if isinstance(values, str | os.PathLike):
        return [values]
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _numbers(rows: Any) -> list[int]:
    if rows is None:
        return []
    numbers = [rows] if isinstance(rows, int) else list(rows)
    for number in numbers:
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise TypeError(f"expected row numbers, got {type(number).__name__}")
    return [int(number) for number in numbers if 0 < number < 1 << 63]
