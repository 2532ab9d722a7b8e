"""Looking into a library: searching it, comparing its images with each other, and listing what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..direct import plan_of
from ..fingerprints import worker_count
from ..frames import check_backend
from ..kinds import Kind
from ..options import DEFAULT_LIMITS, Limits
from . import pairing, searching
from .opened import Opened
from .queries import Query, chosen_kinds, queries_of, query_of, radii_of
from .tables import FILE, FRAME, to_table, whole

__all__ = ["Reading"]

Radius = int | Mapping[str, int] | None
_QUERIES = 256


class Reading:
    """The part of a `Library` that changes nothing."""

    _opened: Opened

    @property
    def exists(self) -> bool:
        """Whether there is a library already."""
        return self._opened.store.exists() and self._opened._find() is not None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The hash kinds that it holds."""
        return self._opened.catalog.head.layout.names

    @property
    def recipe(self) -> str:
        """The recipe of its hashes, with its version."""
        return self._opened.catalog.head.recipe

    def search(
        self,
        source: Any,
        *,
        radius: Radius = None,
        k: int | None = None,
        kinds: Any = None,
        to: str = "pandas",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Any:
        """The images that look like a picture, best first.

        Args:
            source: anything that `fingerprint` takes, a `Fingerprint`, a `Hash`, or a hash as hex text.
            radius: the largest distance in bits, for all kinds or by kind; if neither it nor `k` is given, each
                kind's own. An image is found if any kind finds it.
            k: at most so many.
            kinds: which of the library's kinds to search; by default all.
            to: the kind of table: `"pandas"`, `"polars"` or `"arrow"`.
            limits: what reading the source may cost.

        Returns:
            `image`, `kind` (by which it is nearest), `distance` (in bits of that kind), `level` (0: the same
            bytes; 1: a hash within its radius), `row`, `owner`, `listing`, `time`, and a column for each fact.
            By the share of bits that differ, then by row.

        Raises:
            NoLibraryError: if there is no library.
            MismatchError: if a hash is of another kind or recipe.
            SourceError, OSError: if the source cannot be read.
            ValueError, TypeError: for arguments that are out of range.
        """
        check_backend(to)
        head = self._opened.catalog.head
        names = chosen_kinds(kinds, head.layout)
        query = query_of(source, names, head.recipe, limits)
        [found] = self._find([query], names, radius, k)
        return to_table(found, searching.COLUMNS, to)

    def search_many(
        self,
        sources: Any,
        *,
        radius: Radius = None,
        k: int | None = None,
        kinds: Any = None,
        to: str = "pandas",
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Any:
        """The same for many pictures: the column `query` comes first, and `error` tells of one that cannot be read.

        A query that finds nothing has no row; one that cannot be read has one, with its error.

        Raises:
            NoLibraryError, MismatchError, ValueError, TypeError: as for `search`.
        """
        check_backend(to)
        head = self._opened.catalog.head
        names = chosen_kinds(kinds, head.layout)
        plan = plan_of([Kind.parse(name) for name in names], head.recipe, limits, digest=True)
        rows: list[dict[str, Any]] = []
        for part in _parts(queries_of(sources, names, head.recipe, plan, worker_count(workers))):
            for query, found in zip(part, self._find(part, names, radius, k), strict=True):
                own = {"query": query.name, "error": query.error}
                rows += [{"query": query.name, **row} for row in found] if query.error is None else [own]
        return to_table(rows, ("query", *searching.COLUMNS, "error"), to)

    def _find(self, queries: list[Query], names: tuple[str, ...], radius: Radius, k: int | None) -> list[list[Any]]:
        k = _checked_count(k)
        radii = None if radius is None and k is not None else radii_of(radius, names, self._opened.catalog.head.layout)
        with self._opened.index.fresh():
            return searching.find(self._opened.index, queries, names, radii, k)

    def pairs(self, *, radius: Radius = None, kinds: Any = None, limit: int = pairing.LIMIT, to: str = "pandas") -> Any:
        """All pairs of images within the radius of some kind, best first.

        Returns:
            `image_a`, `image_b`, `kind`, `distance`, and of both `row_a`, `owner_a` and so on.

        Raises:
            ValueError: if they are more than `limit`.
            NoLibraryError, MismatchError: as for `search`.
        """
        check_backend(to)
        layout = self._opened.catalog.head.layout
        names = chosen_kinds(kinds, layout)
        with self._opened.index.fresh():
            found = pairing.paired(self._opened.index, radii_of(radius, names, layout), limit)
            rows = pairing.pairs(self._opened.index, found, names)
        return to_table(rows, pairing.PAIR_COLUMNS, to)

    def groups(self, *, radius: int | None = None, kind: Any = None, to: str = "pandas") -> Any:
        """Groups of images that look alike: every member is within the radius of the group's first image.

        Args:
            radius: the largest distance in bits; by default the kind's.
            kind: by which of the library's kinds; by default its first.
            to: the kind of table.

        Returns:
            `group`, `representative`, `image`, `distance` (from the representative), `row`, `owner`, `listing`,
            `time` and facts; images that are like no other are left out.

        Raises:
            NoLibraryError, MismatchError, ValueError: as for `search`.
        """
        check_backend(to)
        layout = self._opened.catalog.head.layout
        [name] = chosen_kinds(layout.names[0] if kind is None else kind, layout)
        with self._opened.index.fresh():
            found = pairing.grouped(self._opened.index, name, radii_of(radius, (name,), layout)[name])
            rows = pairing.groups(self._opened.index, found)
        return to_table(rows, pairing.GROUP_COLUMNS, to)

    def duplicates(self, on: Any = None, *, to: str = "pandas") -> Any:
        """Groups of images with the same bytes, or with the same code of the kind `on`; columns as of `groups`.

        Raises:
            NoLibraryError, MismatchError: as for `search`.
        """
        check_backend(to)
        layout = self._opened.catalog.head.layout
        name = None if on is None else chosen_kinds(on, layout)[0]
        with self._opened.index.fresh():
            rows = pairing.duplicates(self._opened.index, name)
        return to_table(rows, pairing.GROUP_COLUMNS, to)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Everything that is known, row by row."""
        head = self._opened.catalog.head
        return (whole(record, head.layout, head.recipe) for record in self._opened.catalog.every())

    def frame(self, *, to: str = "pandas") -> Any:
        """Everything that is known, as a table."""
        check_backend(to)
        return to_table(self.rows(), (*FRAME, *self.kinds, *FILE), to)

    def failures(self, *, to: str = "pandas") -> Any:
        """The rows of pictures that could not be read, with their errors, as a table."""
        check_backend(to)
        head = self._opened.catalog.head
        rows = (whole(record, head.layout, head.recipe) for record in self._opened.catalog.every(failed=True))
        return to_table(rows, (*FRAME, *self.kinds, *FILE), to)

    def stats(self) -> dict[str, Any]:
        """How much there is: rows, failures, owners, sizes, and the state of the index. Reads the whole table."""
        opened = self._opened
        catalog, index = opened.catalog, opened.index
        with index.fresh():
            counts, (owners, listings, places) = catalog.counts(), catalog.distinct()
            files = [index.folder / segment.file for segment in index.segments]
            tail = index.tail
        return {
            "location": opened.location, "kinds": list(self.kinds), "recipe": self.recipe, "made": catalog.head.made,
            "images": counts.rows, "hashed": counts.codes, "failed": counts.failed, "warnings": counts.warned,
            "owners": owners, "listings": listings, "places": places, "bytes_of_files": counts.size,
            "bytes_of_catalog": catalog.store.size(),
            "bytes_of_index": sum(path.stat().st_size for path in files if path.exists()),
            "segments": len(files), "tail": tail, "index_problems": len(index.problems),
        }  # fmt: skip

    def __bool__(self) -> bool:
        """A library is one, however many rows it has."""
        return True

    def __len__(self) -> int:
        """How many rows there are."""
        return self._opened.catalog.counts().rows


def _parts(queries: Iterator[Query]) -> Iterator[list[Query]]:
    part: list[Query] = []
    for query in queries:
        part.append(query)
        if len(part) == _QUERIES:
            yield part
            part = []
    if part:
        yield part


def _checked_count(k: Any) -> int | None:
    item = getattr(k, "item", None)
    value = item() if callable(item) else k
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"expected k as a whole number of at least 1, or None for all, got {k!r}")
    return value
