"""Where the rows of a scan go."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from ..frames import save
from .files import NewFile
from .output import Records, csv_line

__all__ = ["Table", "open_table"]


class Table(Protocol):
    """A table that is being written."""

    def write(self, row: dict[str, Any]) -> None:
        """Add a row."""

    def keep(self) -> str:
        """Put the table in its place, and name it."""

    def keep_partial(self) -> str:
        """Put an incomplete table where it destroys nothing, and name it."""

    def discard(self) -> None:
        """Forget the table."""


def open_table(output: str | None, columns: Sequence[str]) -> Table:
    """A table in a file, or on standard output, with these columns.

    Raises:
        OSError: if the file cannot be written.
        MissingExtraError: if a package for its format is not installed.
    """
    if output is None:
        return _Printed(columns)
    # What has no extension is a pipe or a device, and gets what standard output would get.
    whole = output.lower().endswith((".json", ".parquet"))
    return _FrameFile(output, columns) if whole else _CsvFile(output, columns)


class _Printed:
    """CSV on standard output: every row is out as soon as it is done."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._records = Records("csv", columns)

    def write(self, row: dict[str, Any]) -> None:
        self._records.write(row)

    def keep(self) -> str:
        return "standard output"

    keep_partial = keep

    def discard(self) -> None:
        pass


class _CsvFile:
    """A CSV file, written row by row, so that memory stays flat and a full disk is noticed early."""

    def __init__(self, path: str, columns: Sequence[str]) -> None:
        self._new = NewFile(path)
        self._columns = columns
        self._file = self._new.temporary.open("w", encoding="utf-8", newline="")
        self._line(columns)

    def write(self, row: dict[str, Any]) -> None:
        self._line([row[column] for column in self._columns])

    def keep(self) -> str:
        self._close()
        return self._new.keep()

    def keep_partial(self) -> str:
        self._close()
        return self._new.keep_partial()

    def discard(self) -> None:
        with suppress(OSError):  # what could not be flushed is thrown away anyhow
            self._file.close()
        self._new.discard()

    def _line(self, values: Sequence[object]) -> None:
        try:
            self._file.write(csv_line(self._columns, values) + "\n")
        except OSError as error:
            raise self._new.problem(error) from None

    def _close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._new.problem(error) from None


class _FrameFile:
    """A Parquet or JSON file, written at the end."""

    def __init__(self, path: str, columns: Sequence[str]) -> None:
        self._new = NewFile(path)
        # A rehearsal loads the packages that writing needs: a missing one is found out before the work, and
        # Ctrl-C need not wait for them.
        self._rows: list[dict[str, Any]] = [dict.fromkeys(columns)]
        try:
            self._save()
        except BaseException:
            self.discard()
            raise
        self._rows.clear()

    def write(self, row: dict[str, Any]) -> None:
        self._rows.append(row)

    def keep(self) -> str:
        self._save()
        return self._new.keep()

    def keep_partial(self) -> str:
        if not self._new.is_kept:
            self._save()
        return self._new.keep_partial()

    def discard(self) -> None:
        self._new.discard()

    def _save(self) -> None:
        try:
            save(self._rows, self._new.temporary)
        except OSError as error:
            raise self._new.problem(error) from None
