"""What a measurement leaves: tables by name, as attributes, as rows, and in files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..frames import save, to_frame
from .tables import Row

__all__ = ["Results"]


class Results:
    """Tables of one measurement; each is an attribute, as a table of the kind that was asked for.

    Attributes:
        about: what the tables rest on.
    """

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]]
    INTEGERS: ClassVar[frozenset[str]]
    MAIN: ClassVar[str]
    """The table that is written where only one can be."""

    def __init__(self, rows: dict[str, list[Row]], about: dict[str, Any], to: str = "pandas") -> None:
        self._rows = rows
        self._to = to
        self.about = about

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.COLUMNS:
            kind = type(self).__name__.lower()
            raise AttributeError(f"expected one of {', '.join(self.COLUMNS)}; no table {name!r} in this {kind}")
        return self.table(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.COLUMNS})

    def rows(self, name: str) -> list[Row]:
        """A table as a list of rows with all its columns.

        Raises:
            ValueError: if there is no such table.
        """
        if name not in self.COLUMNS:
            raise ValueError(f"expected one of the tables {', '.join(self.COLUMNS)}; got {name!r}")
        return [{column: row.get(column) for column in self.COLUMNS[name]} for row in self._rows[name]]

    def table(self, name: str, to: str | None = None) -> Any:
        """A table in pandas, polars or Arrow.

        Raises:
            ValueError: if there is no such table, or no such kind of table.
            MissingExtraError: if the package for it is not installed.
        """
        return to_frame(self.rows(name), self.COLUMNS[name], to or self._to, self.INTEGERS)

    def save(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Write one of the tables to a file, the main one by default: `.csv`, `.parquet`; `.json` holds all tables.

        Raises:
            ValueError: for another extension or table.
            OSError: if the file cannot be written.
        """
        if Path(path).suffix.lower() == ".json":
            whole = {**self._head(), **{table: self.rows(table) for table in self.COLUMNS}}
            Path(path).write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            save(self.table(name or self.MAIN, "pandas"), path)

    def _head(self) -> dict[str, Any]:
        """What stands before the tables in JSON."""
        return {"about": self.about}
