"""Looking into a library: searching it, comparing its images with each other, and listing what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..confirm import confidence_of
from ..direct import plan_of
from ..fingerprints import worker_count
from ..frames import check_backend
from ..kinds import Kind
from ..looks import LOW_QUALITY
from ..options import DEFAULT_LIMITS, Limits
from ..turns import Transforms, parse_transforms
from . import copies, parts, searching
from .copies import columns_of
from .opened import Opened
from .queries import Query, Radius, checked_count, chosen_kinds, queries_of, query_of, radii_of
from .tables import FILE, FRAME, to_table, whole

__all__ = ["Reading"]

_QUERIES = 256


class _Way(NamedTuple):
    """How to search.

    Attributes:
        names: of the kinds.
        transforms: which of the eight turns, and whether negatives.
        least: how sure copies must be.
        radii: for each kind, if whatever is near is searched for.
        k: how many of these.
        is_copies: whether copies are searched for.
        parts: whether parts are too: `"never"`, `"auto"` (where no whole picture is found) or `"always"`.
        reads_parts: whether keypoints are taken of what is looked for.
        logos: whether images that share no more than a logo are told.
    """

    names: tuple[str, ...]
    transforms: Transforms
    least: float
    radii: dict[str, int] | None
    k: int | None
    is_copies: bool
    parts: str
    reads_parts: bool
    logos: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the table of matches."""
        return columns_of(self.names) if self.parts == "never" else (*columns_of(self.names), *parts.COLUMNS)


class Reading:
    """The part of a `Library` that changes nothing."""

    _opened: Opened

    if TYPE_CHECKING:

        def _mode(self, parts: bool | str | None, is_copies: bool) -> tuple[str, bool]: ...
        def _tell_of(self, lacking: int) -> None: ...

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
        parts: bool | str | None = None,
        logos: bool = False,
        to: str = "pandas",
        limits: Limits = DEFAULT_LIMITS,
    ) -> Any:
        """The copies of a picture, best first; or with `radius` or `k`, whatever is near it.

        Copies are looked at twice: codes find candidates, mirrored, turned, bordered and cropped ones too, and the
        looks that are kept with the codes tell copies from pictures that are only alike. At `"normal"`, about one pair
        of different pictures in a million is taken for copies. Without a look, each kind's own radius decides.

        Where there is no copy, images are looked for that the picture is a negative of; then, if the library holds
        keypoints, those that it was cut out of or pasted into. How many have no keypoints is told: see `search_many`.

        Args:
            source: anything that `fingerprint` takes, a `Fingerprint`, a `Hash`, or a hash as hex text.
            confidence: how sure a copy must be: `"strict"`, `"normal"`, `"loose"`, or a number from 0 to 1.
            transforms: which turns count, and whether negatives do: `"all"`, `"none"`, or a list as `["mirror",
                "negative"]` (see `lookalike.turns`); by default all, with `radius` or `k` none (never negatives).
            radius: the largest distance in bits, for all kinds or by kind; an image is found if any kind finds it.
            k: at most so many, the nearest; no second look then, as with `radius`.
            kinds: which of the library's kinds to search; by default all.
            parts: whether to search by parts where no whole picture is found, or `"always"`; by default, if the library
                holds keypoints. Of `transforms` it only counts here whether one mirrors.
            logos: whether to tell what has no more in common than a logo.
            to: the kind of table: `"pandas"`, `"polars"` or `"arrow"`.
            limits: of reading the source.

        Returns:
            `image`, `confidence` (0 to 1: how sure it is that it is a copy; none without a second look), `level` (0:
            same bytes, 1: a hash within its radius, 2: the same turned or inverted, 3: by the second look, 4: by
            parts), `transform` (what was done to it to get the source, as `"mirror"` or `"negative+mirror"`), `trimmed`
            (whether a border was left out), `kind` (by which it is nearest), `distance` (in bits of that kind),
            `phash_distance` and so on for each kind, `row`, `owner`, `listing`, `time`, and a column for each fact.
            Copies come by confidence, then parts; with `radius` or `k` by the share of bits, after the same bytes.

            If parts are searched, also `verdict` (`"copy"` of a whole picture, `"part"`, or if asked for `"shared
            logo"`, which is no copy), and of parts `overlap_query` and `overlap_image` (the share of each that both
            show), `inliers` (keypoints that agree) and `region` (JSON text: its outlines, in shares of the sides).

        Raises:
            NoLibraryError: if there is no library.
            MismatchError: if a hash is of another kind or recipe.
            MissingExtraError: if `parts` is asked for and OpenCV is not installed; by default, that is a warning.
            SourceError, OSError, ValueError, TypeError: if the source cannot be read, or an argument is out of range.
        """
        check_backend(to)
        way = self._way(confidence, transforms, radius, k, kinds, parts, logos)
        query = query_of(source, way.names, self.recipe, limits, way.transforms.turns, way.is_copies, way.reads_parts)
        [found], notes = self._find([query], way)
        return to_table(found, way.columns, to, notes)

    def search_many(
        self,
        sources: Any,
        *,
        confidence: str | float = "normal",
        transforms: Any = None,
        radius: Radius = None,
        k: int | None = None,
        kinds: Any = None,
        parts: bool | str | None = None,
        logos: bool = False,
        to: str = "pandas",
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Any:
        """The same for many pictures: the column `query` comes first, and `error` tells of one that cannot be read.

        A query that finds nothing has no row; one that cannot be read has one, with its error.

        Where parts are searched, it is said in a warning, once, how many images have no keypoints to be found by. A
        table of pandas has that in its `attrs` as `without_parts`, and as `queries_without_parts` how many pictures
        have none to be looked for by, such as blank ones; one of Arrow has both in its schema's metadata.

        Raises:
            NoLibraryError, MismatchError, ValueError, TypeError: as for `search`.
        """
        check_backend(to)
        way = self._way(confidence, transforms, radius, k, kinds, parts, logos)
        kept = [Kind.parse(name) for name in way.names]
        plan = plan_of(kept, self.recipe, limits, digest=True, look=way.is_copies, keypoints=way.reads_parts)
        rows: list[dict[str, Any]] = []
        notes: dict[str, int] = {}
        mute = 0
        turns = way.transforms.turns
        for part in _parts(queries_of(sources, way.names, self.recipe, plan, worker_count(workers), turns)):
            answers, notes = self._find(part, way)
            mute += notes.get("queries_without_parts", 0)
            for query, found in zip(part, answers, strict=True):
                own = {"query": query.name, "error": query.error}
                rows += [{"query": query.name, **row} for row in found] if query.error is None else [own]
        notes = notes and {**notes, "queries_without_parts": mute}
        return to_table(rows, ("query", *way.columns, "error"), to, notes)

    def _way(
        self,
        confidence: str | float,
        transforms: Any,
        radius: Radius,
        k: int | None,
        kinds: Any,
        parts: bool | str | None,
        logos: bool,
    ) -> _Way:
        layout = self._opened.catalog.head.layout
        names, count = chosen_kinds(kinds, layout), checked_count(k)
        is_copies = radius is None and count is None
        radii = None if radius is None else radii_of(radius, names, layout)
        asked = ("all" if is_copies else "none") if transforms is None else transforms
        turned = parse_transforms(asked)
        if turned.negatives and not is_copies and asked != "all":
            raise ValueError(
                "expected transforms without 'negative' with a radius or k, got it: negatives are copies that a second "
                "look finds, so leave radius and k out"
            )
        mode, reads = self._mode(parts, is_copies)
        return _Way(names, turned, confidence_of(confidence), radii, count, is_copies, mode, reads, logos)

    def _find(self, queries: list[Query], way: _Way) -> tuple[list[list[Any]], dict[str, int]]:
        """The matches of each query, and what is to be noted of them all."""
        index = self._opened.index
        with index.fresh():
            if not way.is_copies:
                return searching.find(index, queries, way.names, way.transforms.turns, way.radii, way.k), {}
            found = copies.find(index, queries, way.names, way.transforms, way.least)
            if way.parts == "never":
                return found, {}
            always, lacking = way.parts == "always", index.without_keypoints()
            by_parts = [
                parts.find(index, query, way.names, way.least, logos=way.logos) if always or not one else []
                for query, one in zip(queries, found, strict=True)
            ]
        self._tell_of(lacking)
        notes = {"without_parts": lacking, "queries_without_parts": sum(map(_is_mute, queries))}
        return [parts.joined(*both) for both in zip(found, by_parts, strict=True)], notes

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
            files = [index.folder / Path(str(segment.file)).name for segment in index.files]
            tail, keypoints, lacking = index.tail, catalog.keypoints.count(), index.without_keypoints()
        return {
            "location": opened.location, "kinds": list(self.kinds), "recipe": self.recipe, "made": catalog.head.made,
            "images": counts.rows, "hashed": counts.codes, "failed": counts.failed, "warnings": counts.warned,
            "looks": catalog.count_looks(), "poor": catalog.count_poor(LOW_QUALITY),
            "parts": catalog.keeps_parts(), "with_parts": keypoints, "without_parts": lacking,
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


def _is_mute(query: Query) -> bool:
    """Whether it can be read, and has nothing by which a part of it could be found."""
    return query.error is None and not query.has_keypoints
