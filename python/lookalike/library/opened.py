"""A library's catalog and index, opened when they are first needed, and the lock of whoever writes."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..errors import LibraryError, MismatchError, NoLibraryError
from ..kinds import Kind
from ..options import recipe_name
from . import folding, keypoint_folding
from .catalog import Catalog, Store
from .index import Index
from .postgres import PostgresStore, is_address
from .records import checked_kinds
from .sql import SCHEMA_VERSION
from .sqlite import SqliteStore
from .values import checked_switch

__all__ = ["DEFAULT_KINDS", "Opened"]

DEFAULT_KINDS = ("phash", "dhash")


class Opened:
    """What a `Library` works with.

    Attributes:
        given: the location as the user gave it.
        location: the same as errors tell it, without a password.
        store: the database.
        has_told_of_extra: whether it was said that parts cannot be searched for want of a package.
        has_told_of_lacking: whether it was said how many images have no keypoints.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        kinds: object,
        recipe: str | None,
        index: object,
        parts: bool | None = None,
    ) -> None:
        self.given = os.fspath(location)
        self.store = _store(self.given, index)
        self.location = self.store.told
        self._kinds = None if kinds is None else checked_kinds(kinds)
        self._recipe = None if recipe is None else recipe_name(recipe)
        self._folder = None if index is None else Path(os.fspath(index)).absolute()  # type: ignore[call-overload]
        self.has_told_of_extra = self.has_told_of_lacking = False
        self._parts = checked_switch("parts", parts)
        self._catalog: Catalog | None = None
        self._index: Index | None = None
        self._writer: tuple[int, int] | None = None
        if self.store.exists():
            self._find()

    @property
    def catalog(self) -> Catalog:
        """The catalog that is there.

        Raises:
            NoLibraryError: if there is none.
        """
        found = self._catalog or self._find()
        if found is None:
            raise NoLibraryError(
                f"no library in {self.location!r}: it is made when the first pictures are added, as in "
                f"Library({self.location!r}).add('photos')"
            )
        return found

    @property
    def keeps_parts(self) -> bool:
        """Whether pictures that are added get keypoints: as it was asked for, else as the library remembers."""
        if self._parts is not None:
            return self._parts
        found = self._catalog or (self._find() if self.store.exists() else None)
        return found is not None and found.keeps_parts()

    @property
    def index(self) -> Index:
        """The index over the catalog."""
        catalog = self.catalog
        if self._index is None:
            self._index = Index(catalog, self._folder or Path(self.store.index_folder))
        return self._index

    def _find(self) -> Catalog | None:
        try:
            catalog = Catalog.open(self.store)
        except NoLibraryError:
            return None
        self._check(catalog)
        self._catalog = catalog
        return catalog

    def _check(self, catalog: Catalog) -> None:
        head = catalog.head
        if self._kinds is not None and self._kinds != head.layout.kinds:
            asked = ", ".join(map(str, self._kinds))
            raise MismatchError(
                f"expected the kinds of the library, {', '.join(head.layout.names)}, got {asked}: leave kinds out, or "
                "make another library"
            )
        if self._recipe is not None and self._recipe != head.recipe:
            raise MismatchError(
                f"expected the recipe of the library, {head.recipe}, got {self._recipe}: leave recipe out"
            )

    @contextmanager
    def writing(self, what: str, wait: float = 0.0, *, make: bool = False) -> Iterator[Catalog]:
        """A block in which this process alone may change the library.

        Raises:
            LockedError: if another is writing.
            NoLibraryError: if there is none, unless it is to be made.
            OSError, LibraryError: if it cannot be written.
        """
        if self._writer == _me():
            yield self.catalog  # within a loop over `add_rows`, say
            return
        if not make:
            _ = self.catalog
        elif self._catalog is None:
            self._prepare()
        if self._catalog is not None and self._catalog.head.schema < SCHEMA_VERSION:
            self._open_anew()
        with self.store.hold(what, wait):
            catalog = self._catalog or self._make(self._kinds or checked_kinds(DEFAULT_KINDS))
            self._writer = _me()
            try:
                self._remember(catalog)
                folding.sweep(self.index)
                yield catalog
            finally:
                self._writer = None

    def _open_anew(self) -> None:
        """Make what could only be read when it was opened a catalog of this release.

        Raises:
            LibraryError: if it cannot be written still.
        """
        self.close()
        self._catalog = None
        if self.catalog.head.schema < SCHEMA_VERSION:
            raise LibraryError("the library was made by an older release, and can be searched here but not written")

    def _remember(self, catalog: Catalog) -> None:
        """Note that the library keeps parts, or does not any more, if that was asked for."""
        if self._parts is not None and catalog.keeps_parts() != self._parts:
            with catalog.store.transaction():
                catalog.set_meta("parts", "1" if self._parts else "0")

    def _prepare(self) -> None:
        """The directory that the lock is in."""
        if not self.store.exists():
            self.store.prepare()

    def _make(self, kinds: Sequence[Kind]) -> Catalog:
        made = Catalog.make(self.store, kinds, self._recipe or recipe_name("standard"))
        self._check(made)
        self._catalog = made
        return made

    def fold(self, *, ended: bool) -> None:
        """Write the tail into the index if it is time. With the lock held.

        An index that cannot be written is no reason to fail: the rows are in the catalog, and are found there.
        """
        try:
            if folding.is_due(self.index, self.catalog.tail(), ended=ended):
                folding.fold(self.index)
            if keypoint_folding.is_due(self.index, ended=ended):
                keypoint_folding.fold(self.index)
        except OSError as error:
            warnings.warn(
                f"the rows are added, but the library's index could not be written ({error}): searching is slower "
                "until compact() succeeds",
                stacklevel=3,
            )

    def close(self) -> None:
        """Close the files; they are opened again when they are needed."""
        self._index = None
        self.store.close()


def _me() -> tuple[int, int]:
    """This process and thread: a forked child is not the writer that its parent is."""
    return os.getpid(), threading.get_ident()


def _store(location: str, index: object) -> Store:
    if is_address(location):
        return PostgresStore(location, index)  # type: ignore[arg-type]
    return SqliteStore(location, index)  # type: ignore[arg-type]
