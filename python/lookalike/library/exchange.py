"""A library into a file, and a file into a library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .adding import Added
from .exporting import export
from .importing import import_file

if TYPE_CHECKING:
    from .opened import Opened

__all__ = ["Exchanging"]


class Exchanging:
    """The part of a library that writes it to files, and reads them."""

    _opened: Opened

    def export(self, path: str | os.PathLike[str]) -> int:
        """Write every row to a file, `.csv` or `.parquet`, in parts; how many there are.

        The file appears when it is complete, in the place of an older one. In it is all but the row numbers: columns
        `image`, `place`, `size`, `mtime_ns`, `digest`, `width`, `height`, `format`, `owner`, `listing`, `time`, `facts`
        (JSON), one for each kind, `quality`, `recipe`, `warning`, `error`, `added`, and in Parquet `look` (bytes, for
        the second look) and, if any image has them, `keypoints` (likewise, for parts). All rows are of one instant.

        Raises:
            ValueError: for another extension.
            MissingExtraError: if Parquet is asked for and pyarrow is not installed.
            NoLibraryError, OSError: if there is no library, or the file cannot be written.
        """
        return export(self._opened.catalog, path)

    def import_file(self, path: str | os.PathLike[str], *, wait: float = 0.0) -> Added:
        """Add the rows of a file that `export` wrote, or `lookalike scan`; how many became what.

        A new library takes the kinds and the recipe of the file. What is known already is not added again.

        Args:
            path: of the file, `.csv` or `.parquet`.
            wait: seconds to wait for another writer.

        Raises:
            NoFileError: if there is no such file.
            ColumnError: if a column is missing.
            MismatchError: if the file has other kinds or another recipe than the library.
            ValueError: if something in the file is not what it should be; the rows before it are added.
            LockedError, OSError: as for `add_rows`.
        """
        return import_file(self._opened, path, wait)
