"""`lookalike scan`: folders into a table of fingerprints."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

from ..kinds import ARTICLE_KINDS
from . import arguments
from .arguments import Parser

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Fingerprint the images of folders (with their subfolders) into a table: one row an image, one column
a hash kind, and width, height, format, recipe, error. What cannot be read has a row with its error,
and a message on standard error.

  $ lookalike scan photos -o frame.csv
  118 images, 2 errors, 3.1 s, 38.7 images/s: frame.csv

The file is written when the scan is complete, in one step, in the place of an older one. On Ctrl-C
the rows that are done are kept: in FILE, or beside it as in 'frame.partial.csv' where there is an
older FILE. If not one image can be read, nothing is written."""


class _Table(Protocol):
    """Where the rows go."""

    def write(self, row: dict[str, Any]) -> None: ...
    def keep(self) -> str: ...
    def keep_partial(self) -> str: ...
    def discard(self) -> None: ...


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike scan", "lookalike scan [options] FOLDER... -o FILE", _DESCRIPTION)
    arguments.add_sources(
        new, "FOLDER", "folder, image, pattern or http(s) address; '-' reads such names from standard input, one a line"
    )
    arguments.add_output(
        new, "--output", "the table: .csv, .parquet or .json; '-', or none, is CSV on standard output"
    )
    arguments.add_kinds(new, ARTICLE_KINDS)
    arguments.add_recipe(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Write the table."""
    kinds = arguments.sized(parser(), args.kind, args.size, ARTICLE_KINDS)
    output = None if args.output == "-" else args.output
    if output is not None and not output.lower().endswith((".csv", ".parquet", ".json")):
        parser().error(f"argument --output: expected a name that ends in .csv, .parquet or .json, got {output!r}")

    from . import inputs
    from .output import say
    from .progress import Progress

    inputs.check_standard_input(args.sources)
    columns = ["image", *map(str, kinds), "width", "height", "format", "recipe", "error"]
    table = _open(output, columns)
    counts = inputs.Counts()
    lazy = "-" in args.sources
    progress = Progress(show=not args.quiet, total=None if lazy else lambda: inputs.counted(args.sources))
    sources = inputs.names_or_lines(args.sources) if lazy else args.sources
    try:
        with closing(inputs.scanned(sources, kinds, args.recipe, args.workers, counts, progress)) as rows:
            for row in rows:
                table.write(row)
        if not counts.images:
            table.discard()
            say(_summary(counts, progress.seconds, "nothing written: not one image could be read"))
            return 2
        place = table.keep()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_rescue(table, counts.images + counts.errors)) from None
    except BaseException:
        table.discard()
        raise
    if not args.quiet:
        say(_summary(counts, progress.seconds, place))
    return counts.status


def _rescue(table: _Table, rows: int) -> str:
    if not rows:
        table.discard()
        return " before the first image; nothing written"
    try:
        return f"; the {rows:,} rows done so far are in {table.keep_partial()}"
    except BaseException:
        table.discard()
        raise


def _summary(counts: Any, seconds: float, place: str) -> str:
    total = counts.images + counts.errors
    rate = total / seconds if seconds else 0.0
    images = "1 image" if counts.images == 1 else f"{counts.images:,} images"
    errors = "1 error" if counts.errors == 1 else f"{counts.errors:,} errors"
    return f"{images}, {errors}, {seconds:,.1f} s, {rate:,.1f} images/s: {place}"


def _open(output: str | None, columns: Sequence[str]) -> _Table:
    if output is None:
        return _Printed(columns)
    return _CsvFile(output, columns) if output.lower().endswith(".csv") else _FrameFile(output)


class _Printed:
    """CSV on standard output: every row is out as soon as it is done."""

    def __init__(self, columns: Sequence[str]) -> None:
        from .output import Records

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
        from .files import NewFile

        self._new = NewFile(path)
        self._columns = columns
        self._file = open(self._new.temporary, "w", encoding="utf-8", newline="")
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
        try:
            self._file.close()
        except OSError:
            pass  # what could not be flushed is to be thrown away anyhow
        self._new.discard()

    def _line(self, values: Sequence[object]) -> None:
        from .output import csv_line

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

    def __init__(self, path: str) -> None:
        from .files import NewFile

        _load_packages(path)
        self._new = NewFile(path)
        self._rows: list[dict[str, Any]] = []

    def write(self, row: dict[str, Any]) -> None:
        self._rows.append(row)

    def keep(self) -> str:
        self._save()
        return self._new.keep()

    def keep_partial(self) -> str:
        self._save()
        return self._new.keep_partial()

    def discard(self) -> None:
        self._new.discard()

    def _save(self) -> None:
        from ..frames import save

        try:
            save(self._rows, self._new.temporary)
        except OSError as error:
            raise self._new.problem(error) from None


def _load_packages(path: str) -> None:
    """Import what writing needs: a missing package is found out before the work, and Ctrl-C need not wait for it."""
    import importlib

    from ..errors import MissingExtraError

    importlib.import_module("pandas")
    if os.path.splitext(path)[1].lower() == ".parquet":
        try:
            importlib.import_module("pyarrow.parquet")
        except ImportError:
            raise MissingExtraError.for_extra("writing Parquet", "pyarrow", "arrow") from None
