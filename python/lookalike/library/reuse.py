"""The same photo under different owners, in a library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ColumnError
from ..fingerprints import Progress
from ..frames import check_backend, to_frame
from ..kinds import Kind
from ..matching.measures import measure_of
from ..matching.postings import Postings
from ..matching.reuse import Options, find_reuse
from .allowed import COLUMNS, allow, allowed_codes, allowed_rows, disallow
from .catalog import Catalog
from .part_pairs import check_parts
from .part_reuse import part_reuse
from .queries import chosen_kinds
from .records import Record
from .reports import MatchReport, ReuseReport

if TYPE_CHECKING:
    from .opened import Opened

__all__ = ["Reusing", "postings_of"]

_OWN = ("owner", "listing", "place", "format")
"""Columns of the catalog that can be an owner."""


class Reusing:
    """The part of a library that compares what its owners post."""

    _opened: Opened

    if TYPE_CHECKING:

        def _tell_of(self, lacking: int) -> None: ...

    def __reduce__(self) -> tuple[Any, ...]:
        # A library is a place; its copy, here or in another process, is that place opened anew.
        opened = self._opened
        return _reopened, (type(self), opened.given, opened._kinds, opened._recipe, opened._folder, opened._parts)

    def reuse(
        self,
        by: str = "owner",
        *,
        kinds: str | Kind | Iterable[str | Kind] | None = None,
        radius: int | Mapping[str, int] | None = None,
        mirrored: bool | None = None,
        popular: float | str | None = "auto",
        confidence: float = 0.5,
        parts: bool | str = False,
        limit: int = 1_000_000,
        threads: int = 1,
        progress: Progress = False,
        to: str = "pandas",
    ) -> ReuseReport:
        """Find photos that several owners posted: who was first, who came later, how sure that is.

        An owner's own photos posted again are no reuse. Rows without an owner, pictures without detail, allowed
        pictures and popular ones are left out, and counted.

        Args:
            by: the column that says whose a photo is: `owner`, `listing`, or any fact.
            kinds: the first finds candidates, all others must agree; by default all of the library, `phash` first.
            radius: most bits that may differ, for each kind, or by kind; by default 10 of 64 for kinds that must
                agree, 8 for one alone. For millions of photos, less is much faster, and the rest would not be sure
                anyway.
            mirrored: whether mirrored copies count; by default yes, if the codes of all kinds can be mirrored.
            popular: a picture that more owners post is left out: a number of owners, a share of them below 1, `"auto"`
                (the square root of their number, at least 5), or `None` for no such limit.
            confidence: leave out matches that are less sure, from 0 to 1: see `lookalike.matching.background`.
            parts: whether to look also for photos that hold a part of another owner's, or are one (cut out, or pasted
                into a collage): `True` for those of photos that no other owner posted as a whole, `"always"` for those
                of all. It takes as long as a search for each. They are in `pairs`, and alone in `parts`, but in no
                group; of what counts as sure, see `search`.
            limit: most rows that `pairs` may have; the other tables need no limit.
            threads: of the search.
            progress: of the search for parts: `True` for a bar, or a function that is called with the number of photos
                done and the name of the last.
            to: the kind of tables: `"pandas"`, `"polars"` or `"arrow"`.

        Returns:
            An object whose tables are made when they are asked for: `pairs`, `groups`, `members`, `listings` and
            `owners` (features for a model), `popular`, and with
            `parts` also `parts`. `str()` says it in a few sentences, `gallery()` shows it.

        Raises:
            NoLibraryError: if there is no library.
            ColumnError: if no row has a fact of that name.
            MismatchError: if the library has not those kinds.
            ValueError, TypeError: if an argument is out of range, or there are too many pairs of pictures.
        """
        options = self._options(by, kinds, radius, mirrored, popular, confidence, limit, threads, to)
        found: ReuseReport = self._found(options, ReuseReport, parts, progress)
        return found

    def matches(
        self,
        by: str = "owner",
        *,
        kinds: str | Kind | Iterable[str | Kind] | None = None,
        radius: int | Mapping[str, int] | None = None,
        mirrored: bool | None = None,
        popular: float | str | None = None,
        confidence: float = 0.5,
        parts: bool | str = False,
        limit: int = 1_000_000,
        threads: int = 1,
        progress: Progress = False,
        to: str = "pandas",
    ) -> MatchReport:
        """Find the same photo in several places, such as products in several shops, and nobody's fault.

        Arguments and errors are those of `reuse`, but that nothing is left out as popular unless that is asked for. The
        answer has `pairs`, `groups`, `members` and `gallery()`, without a word on who was first.
        """
        options = self._options(by, kinds, radius, mirrored, popular, confidence, limit, threads, to)
        found: MatchReport = self._found(options, MatchReport, parts, progress)
        return found

    def allow(self, sources: Any = None, *, rows: Any = None, reason: str | None = None, wait: float = 0.0) -> int:
        """Put pictures on the list of those that everybody may use; how many are new on it.

        They, and whatever is within the radius of one, are left out of `reuse` and `matches`, now and later.

        Args:
            sources: ids, paths or addresses of images in the library, or pictures that are not in it: anything that
                `fingerprint` takes, one or a list.
            rows: row numbers of images in the library: one or a list.
            reason: such as `"manufacturer's photo"`; kept with them.
            wait: seconds to wait for another writer.

        Raises:
            LookalikeError: if a row is not there or has no hash.
            SourceError, OSError, ValueError, TypeError: if a picture cannot be read. Then none is put on the list.
            NoLibraryError, LockedError: as for `remove`.
        """
        with self._opened.writing("allow", wait) as catalog:
            return allow(catalog, sources, rows, reason)

    def disallow(self, sources: Any = None, *, rows: Any = None, wait: float = 0.0) -> int:
        """Take pictures from the list, by what they are called on it, or as for `allow`; how many there were.

        Raises:
            As `allow`.
        """
        with self._opened.writing("disallow", wait) as catalog:
            return disallow(catalog, sources, rows)

    def allowed(self, *, to: str = "pandas") -> Any:
        """The list, as a table: `image`, `reason`, `added`, and the hashes."""
        check_backend(to)
        catalog = self._opened.catalog
        return to_frame(allowed_rows(catalog), [*COLUMNS, *catalog.head.layout.names], to)

    def _options(
        self,
        by: str,
        kinds: Any,
        radius: Any,
        mirrored: bool | None,
        popular: float | str | None,
        confidence: float,
        limit: int,
        threads: int,
        to: str,
    ) -> Options:
        check_backend(to)
        names = chosen_kinds(kinds, self._opened.catalog.head.layout)
        if kinds is None:
            # Few photos share a phash by chance, so it makes the fewest candidates.
            names = tuple(sorted(names, key=lambda name: not name.startswith("phash")))
        measure = measure_of([Kind.parse(name) for name in names], radius, mirrored, threads=threads)
        return Options(by, measure, popular, confidence, limit, to)

    def _found(self, options: Options, report: Callable[..., Any], parts: bool | str, progress: Progress) -> Any:
        check_parts(parts)
        catalog = self._opened.catalog
        with catalog.store.snapshot():
            postings = postings_of(catalog, options.by, tuple(map(str, options.measure.kinds)))
            allowed = allowed_codes(catalog)
        found = find_reuse(postings, options, allowed, partial(report, catalog=catalog))
        if not parts:
            return found
        matches = part_reuse(self._opened.index, found, parts, progress)
        self._tell_of(matches.without)
        return replace(found, part_matches=matches)


def _reopened(
    library: Callable[..., Any], location: str, kinds: Any, recipe: str | None, index: Any, parts: bool | None
) -> Any:
    return library(location, kinds=kinds, recipe=recipe, index=index, parts=parts)


def postings_of(catalog: Catalog, by: str, names: tuple[str, ...]) -> Postings:
    """All rows of a library, ready for comparison.

    Raises:
        ColumnError: if `by` is neither a column that can be an owner nor a fact of any row.
    """
    layout = catalog.head.layout
    columns: tuple[list[Any], ...] = ([], [], [], [], [])
    codes = bytearray()
    has_code = bytearray()
    told = by in _OWN
    for record in catalog.every():
        owner = getattr(record, by) if by in _OWN else record.known_facts.get(by)
        told = told or (record.facts is not None and by in record.known_facts)
        for column, value in zip(columns, _values(record, owner), strict=True):
            column.append(value)
        codes += record.codes if record.codes is not None else bytes(layout.width)
        has_code.append(record.codes is not None)
    rows, images, owners, listings, times = columns
    if not told and rows:
        raise ColumnError(f"expected by= as one of {', '.join(_OWN)}, or a fact that some image has; got {by!r}")
    joint = np.frombuffer(bytes(codes), np.uint8).reshape(-1, layout.width)
    return Postings.of(
        rows=np.array(rows, np.int64),
        images=images,
        owners=owners,
        listings=listings,
        times=times,
        codes={name: joint[:, layout.slices[name]] for name in names},
        has_code=np.frombuffer(bytes(has_code), np.bool_),
        by=by,
    )


def _values(record: Record, owner: Any) -> Iterator[Any]:
    yield from (record.number, record.image, owner, record.listing, record.time)
