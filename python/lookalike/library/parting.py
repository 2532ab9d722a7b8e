"""Parts of pictures in a library: whether it keeps keypoints, and giving them to images that have none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import LookalikeError, MissingExtraError
from ..fingerprints import Progress, worker_count
from ..keypoints import need_extra
from ..options import DEFAULT_LIMITS, Limits
from ..sources import FileName, Item
from ..sources.files import is_file, readable
from ..sources.items import member_at
from .adding import Added, added
from .places import file_at
from .values import Given, checked_switch

if TYPE_CHECKING:
    from ..comparing.comparison import Comparison
    from .opened import Opened

__all__ = ["Parting"]

_AT_ONCE = 5_000


class Parting:
    """The part of a library that keeps keypoints, for pictures that are parts of others."""

    _opened: Opened

    if TYPE_CHECKING:

        def _adding(
            self, items: Any, given: Any, retry: bool, threads: int, limits: Limits, wait: float, parts: bool
        ) -> Iterator[dict[str, Any]]: ...

    @property
    def parts(self) -> bool:
        """Whether pictures that are added get keypoints: as was asked for, else as the library remembers."""
        return self._opened.keeps_parts

    def add_parts(self, *, progress: Progress = False, **options: Any) -> Added:
        """Give keypoints to the images that have none, from their files; how many became what.

        Arguments and errors as for `add_parts_rows`.

        Args:
            progress: `True` for a progress bar, or a function that is called with the number of rows done and
                the id of the last.
            options: as for `add_parts_rows`.
        """
        return added(self.add_parts_rows(**options), self.count_without_parts, progress)

    def count_without_parts(self) -> int:
        """How many images `add_parts` would read: files that have codes and no keypoints. Reads the whole table.

        Raises:
            NoLibraryError: if there is no library.
        """
        return self._opened.catalog.keypoints.count_lacking()

    def add_parts_rows(
        self, *, workers: int | None = None, limits: Limits = DEFAULT_LIMITS, wait: float = 0.0
    ) -> Iterator[dict[str, Any]]:
        """Give keypoints to the images that have none, from their files, as a stream like that of `add_rows`.

        Each is read as `add` would read it: one with the contents that are known is `"updated"` and keeps its number,
        one with others is `"changed"`, and one that is not there `"failed"` and stays as it is. What came from an
        address or from memory is left out: add it again, with `parts=True`. To be stopped at any time, as `add_rows`.

        Args:
            workers: as for `add_rows`.
            limits: likewise.
            wait: likewise.

        Raises:
            NoLibraryError: if there is no library.
            MissingExtraError, LockedError, OSError, ValueError, TypeError: as for `add_rows`.
        """
        _ = self._opened.catalog
        need_extra()
        return self._adding_parts(worker_count(workers), limits, wait)

    def _adding_parts(self, threads: int, limits: Limits, wait: float) -> Iterator[dict[str, Any]]:
        with self._opened.writing("add parts", wait) as catalog:
            after = 0
            while part := catalog.keypoints.lacking(after, _AT_ONCE):
                numbers, places, owners, listings = zip(*part, strict=True)
                items = ((place, _item(file_at(name), limits)) for place, name in enumerate(places))
                given = Given({"owner": list(owners), "listing": list(listings)}, len(part))
                yield from self._adding(items, given, False, threads, limits, wait, True)
                after = numbers[-1]

    def evidence(self, source: Any, row: Any, *, limits: Limits = DEFAULT_LIMITS) -> Comparison:
        """How an image of the library and a picture are related, to be looked at and kept.

        Args:
            source: the picture: anything that `compare` takes.
            row: the image: the number of its row, or a row of a table of `search`. Its picture is read anew, from where
                it was.
            limits: what each picture may cost.

        Returns:
            The `compare` of the image (A) and the picture (B).

        Raises:
            LookalikeError: if there is no such row.
            SourceError, OSError, TypeError, ValueError: if one of them cannot be read.
        """
        from ..comparing.comparison import compare

        number = int(row if hasattr(row, "__index__") else row["row"])
        catalog = self._opened.catalog
        record = catalog.records([number]).get(number)
        if record is None:
            raise LookalikeError(f"row {number}: expected an image of the library, got no such row")
        recipe, _, _ = catalog.head.recipe.partition("/")
        return compare(file_at(record.place), source, recipe=recipe, limits=limits)

    def _mode(self, parts: bool | str | None, is_copies: bool) -> tuple[str, bool]:
        """How parts are searched (see `reading`), and whether what is looked for is read for its keypoints.

        Raises:
            MissingExtraError: if they were asked for, and cannot be read.
            ValueError: for another word.
        """
        if parts not in (None, True, False, "always"):
            raise ValueError(f"expected parts as True, False, None or 'always', got {parts!r}")
        opened = self._opened
        by_default = is_copies and (self.parts or (opened._parts is None and opened.catalog.keypoints.last() > 0))
        if parts and not is_copies:
            raise ValueError("expected parts or a radius or k, got both: those are for whole pictures")
        if not (by_default if parts is None else parts):
            return "never", False
        return "always" if parts == "always" else "auto", parts is not None or self._can_read_parts()

    def _can_read_parts(self) -> bool:
        """Whether pictures can be read for their keypoints; if not, that is said once."""
        try:
            need_extra()
        except MissingExtraError as error:
            if not self._opened.has_told_of_extra:
                self._opened.has_told_of_extra = True
                warnings.warn(f"only whole pictures are searched, and no parts of them: {error}", stacklevel=5)
            return False
        return True

    def _tell_of(self, lacking: int) -> None:
        """Say once how many images cannot be found by parts."""
        if lacking and not self._opened.has_told_of_lacking:
            self._opened.has_told_of_lacking = True
            warnings.warn(
                f"{lacking:,} images of the library have no keypoints, and are not found by parts: add_parts() gives "
                "them some",
                stacklevel=4,
            )

    def _keeps(self, parts: bool | None) -> bool:
        """Whether pictures that are added now get keypoints.

        Raises:
            MissingExtraError: if they do, and cannot.
        """
        asked = checked_switch("parts", parts)
        keeps = self.parts if asked is None else asked
        if keeps:
            need_extra()
        return keeps


def _item(path: str, limits: Limits) -> Item:
    member = None if is_file(path) else member_at(path, limits)
    return member or Item(readable(path), FileName(path))
