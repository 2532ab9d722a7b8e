"""Looking into a library: searching it, comparing its images with each other, and listing what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..confirm import confidence_of
from ..direct import plan_of
from ..fingerprints import worker_count
from ..frames import check_backend
from ..kinds import Kind
from ..looks import LOW_QUALITY
from ..options import DEFAULT_LIMITS, Limits
from ..turns import parse_turns
from . import copies, pairing, popular, searching
from .agreeing import Agreement, agreeing_groups, agreeing_pairs
from .copies import columns_of
from .opened import Opened
from .queries import Query, chosen_kinds, queries_of, query_of, radii_of
from .tables import FILE, FRAME, to_table, whole

__all__ = ["Reading"]

Radius = int | Mapping[str, int] | None
_QUERIES = 256


class _Way(NamedTuple):
    """How to search.

    Attributes:
        names: of the kinds.
        turns: which of the eight.
        least: how sure copies must be.
        radii: for each kind, if whatever is near is searched for.
        k: how many of these.
        is_copies: whether copies are searched for.
    """

    names: tuple[str, ...]
    turns: tuple[int, ...]
    least: float
    radii: dict[str, int] | None
    k: int | None
    is_copies: bool


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
        confidence: str | float = "normal",
        transforms: Any = None,
        radius: Radius = None,
        k: int | None = None,
        kinds: Any = None,
        to: str = "pandas",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Any:
        """The copies of a picture, best first; or with `radius` or `k`, whatever is near it.

        Copies are looked at twice: codes find candidates, mirrored, turned, bordered and cropped ones too, and the
        looks that are kept with the codes tell copies from pictures that are only alike. At `"normal"`, about one pair
        of different pictures in a million is taken for copies. Where there is no look, as of a hash or of
        fingerprints that were added without, each kind's own radius decides.

        Args:
            source: anything that `fingerprint` takes, a `Fingerprint`, a `Hash`, or a hash as hex text.
            confidence: how sure a copy must be: `"strict"`, `"normal"`, `"loose"`, or a number from 0 to 1.
            transforms: which turns of a picture count: `"all"`, `"none"`, or a list such as `["mirror", "rotate90"]`
                (see `lookalike.turns`); by default all for copies, none with `radius` or `k`.
            radius: the largest distance in bits, for all kinds or by kind. Then an image is found if any kind finds
                it, and there is no second look.
            k: at most so many, the nearest, without a second look.
            kinds: which of the library's kinds to search; by default all.
            to: the kind of table: `"pandas"`, `"polars"` or `"arrow"`.
            limits: what reading the source may cost.

        Returns:
            `image`, `confidence` (0 to 1: how sure it is that it is a copy; none without a second look), `level`
            (0: the same bytes; 1: a hash within its radius; 2: the same in another turn; 3: found by the second look),
            `transform` (what was done to it to get the source), `trimmed` (whether a border was left out), `kind` (by
            which it is nearest), `distance` (in bits of that kind), `phash_distance` and so on for each kind, `row`,
            `owner`, `listing`, `time`, and a column for each fact. Copies come by confidence; with `radius` or `k`, the
            nearest first, by the share of bits that differ, then by row, after the same bytes.

        Raises:
            NoLibraryError: if there is no library.
            MismatchError: if a hash is of another kind or recipe.
            SourceError, OSError: if the source cannot be read.
            ValueError, TypeError: for arguments that are out of range.
        """
        check_backend(to)
        way = self._way(confidence, transforms, radius, k, kinds)
        query = query_of(source, way.names, self.recipe, limits, way.turns, look=way.is_copies)
        [found] = self._find([query], way)
        return to_table(found, columns_of(way.names), to)

    def search_many(
        self,
        sources: Any,
        *,
        confidence: str | float = "normal",
        transforms: Any = None,
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
        way = self._way(confidence, transforms, radius, k, kinds)
        kept = [Kind.parse(name) for name in way.names]
        plan = plan_of(kept, self.recipe, limits, digest=True, look=way.is_copies)
        rows: list[dict[str, Any]] = []
        for part in _parts(queries_of(sources, way.names, self.recipe, plan, worker_count(workers), way.turns)):
            for query, found in zip(part, self._find(part, way), strict=True):
                own = {"query": query.name, "error": query.error}
                rows += [{"query": query.name, **row} for row in found] if query.error is None else [own]
        return to_table(rows, ("query", *columns_of(way.names), "error"), to)

    def _way(self, confidence: str | float, transforms: Any, radius: Radius, k: int | None, kinds: Any) -> _Way:
        layout = self._opened.catalog.head.layout
        names, count = chosen_kinds(kinds, layout), _checked_count(k)
        is_copies = radius is None and count is None
        radii = None if radius is None else radii_of(radius, names, layout)
        asked = ("all" if is_copies else "none") if transforms is None else transforms
        turns = parse_turns(asked)
        return _Way(names, turns, confidence_of(confidence), radii, count, is_copies)

    def _find(self, queries: list[Query], way: _Way) -> list[list[Any]]:
        index = self._opened.index
        with index.fresh():
            if way.is_copies:
                return copies.find(index, queries, way.names, way.turns, way.least)
            return searching.find(index, queries, way.names, way.turns, way.radii, way.k)

    def pairs(
        self,
        *,
        confidence: str | float = "normal",
        radius: Radius = None,
        kinds: Any = None,
        limit: int = pairing.LIMIT,
        to: str = "pandas",
    ) -> Any:
        """All pairs of images within the radius of some kind, best first.

        Args:
            confidence: how sure it must be that they are copies, as for `search`: where both have looks, they are
                looked at twice, unless a radius is given.
            radius: the largest distance in bits, for all kinds or by kind; by default each kind's own.
            kinds: which of the library's kinds; by default all.
            limit: the most pairs, before the second look.
            to: the kind of table.

        Returns:
            `image_a`, `image_b`, `kind`, `distance`, and of both `row_a`, `owner_a` and so on.

        Raises:
            ValueError: if they are more than `limit`.
            NoLibraryError, MismatchError: as for `search`.
        """
        check_backend(to)
        layout, least = self._opened.catalog.head.layout, confidence_of(confidence)
        names, index = chosen_kinds(kinds, layout), self._opened.index
        with index.fresh():
            found = pairing.paired(index, radii_of(radius, names, layout), limit)
            if radius is None:
                found = agreeing_pairs(index, found, least)
            rows = pairing.pairs(index, found, names)
        return to_table(rows, pairing.PAIR_COLUMNS, to)

    def groups(
        self,
        *,
        confidence: str | float = "normal",
        radius: int | None = None,
        kind: Any = None,
        to: str = "pandas",
    ) -> Any:
        """Groups of images that look alike: every member is within the radius of the group's first image.

        Where images have looks, a member's agrees with that of the first, unless a radius is given; and pictures with
        too little detail to tell them apart are in no group.

        Args:
            confidence: how sure it must be that they are copies, as for `search`.
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
        layout, least = self._opened.catalog.head.layout, confidence_of(confidence)
        [name] = chosen_kinds(layout.names[0] if kind is None else kind, layout)
        index, most = self._opened.index, radii_of(radius, (name,), layout)[name]
        with index.fresh():
            found = pairing.grouped(index, name, most)
            if radius is None:
                distance = pairing.distance_by(index, name, found.rows)
                found = agreeing_groups(found, Agreement(index, least), distance, most)
            rows = pairing.groups(index, found)
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

    def popular(self, *, least: int | None = None, kind: Any = None, to: str = "pandas") -> Any:
        """Codes that suspiciously many images share, the most popular first: blanks, logos, placeholders.

        Args:
            least: of so many images; by default the square root of their number, at least 10.
            kind: of which kind; by default the library's first.
            to: the kind of table.

        Returns:
            `kind`, `code` (hex text), `images` (how many), `quality` (0 for a blank picture, to 100), `image` and `row`
            of the first.

        Raises:
            NoLibraryError, MismatchError, ValueError: as for `search`.
        """
        check_backend(to)
        layout = self._opened.catalog.head.layout
        [name] = chosen_kinds(layout.names[0] if kind is None else kind, layout)
        with self._opened.index.fresh():
            rows = popular.popular(self._opened.index, name, _checked_count(least))
        return to_table(rows, popular.COLUMNS, to)

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
            "looks": catalog.count_looks(), "poor": catalog.count_poor(LOW_QUALITY),
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
