"""A file that `exporting` wrote, or `lookalike scan`, into a library."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import parquet
from ..errors import ColumnError, MismatchError, NoFileError
from ..kinds import Kind
from ..options import recipe_name
from ..sources.files import is_file
from .adding import Added
from .exporting import INTEGERS, form_of, unmarked
from .places import place_of_path
from .ready import add_ready
from .records import Layout, checked_kinds
from .values import as_time

if TYPE_CHECKING:
    from .opened import Opened

__all__ = ["import_file", "imported"]

_PART = 10_000
"""Rows that are in memory at once, and committed together."""

Row = dict[str, Any]


def import_file(opened: Opened, path: str | os.PathLike[str], wait: float = 0.0) -> Added:
    """Add the rows of a file; how many became what. Errors as of `imported`."""
    counts: dict[str, int] = {}
    for part in imported(opened, path, wait):
        for row in part:
            counts[row["status"]] = counts.get(row["status"], 0) + 1
    return Added(**counts)


def imported(opened: Opened, path: str | os.PathLike[str], wait: float = 0.0) -> Iterator[list[Row]]:
    """Add the rows of a file; what became of them in parts, each when it is committed.

    A new library has the kinds and the recipe of the file, if it was opened without. A column that is none of an
    export's becomes a fact. Without a column `place`, an image whose id is the name of a file that is there is at
    the absolute path of that file; any other is at its id.

    Raises:
        NoFileError: if there is no such file.
        ColumnError: if a column is missing.
        MismatchError: if it has other kinds or another recipe than the library.
        ValueError: if it is not of its form, or a value is not; what came before it is added.
        LockedError, OSError: as for `Library.add_rows`.
    """
    read = _read_parquet if form_of(path) == ".parquet" else _read_csv
    if not Path(path).exists():
        raise NoFileError(f"no such file: {os.fspath(path)!r}")
    with _named(path):
        names, rows = read(Path(path))
        spelled = _spelled(names)
        _settle_head(opened, list(spelled.values()), lambda: _recipe(read(Path(path))[1]))
    with opened.writing("import", wait, make=True) as catalog:
        with _named(path):
            _check_kinds(catalog.head.layout, list(spelled.values()))
        done = 0
        while True:
            with _named(path, after=done):
                part = [_own(row, spelled) for row in islice(rows, _PART)]
                told = [row for some in add_ready(catalog, part, {}, {}) for row in some] if part else []
            if not part:
                break
            done += len(part)
            yield told
            opened.fold(ended=False)
        opened.fold(ended=True)


@contextmanager
def _named(path: str | os.PathLike[str], after: int | None = None) -> Iterator[None]:
    """Name the file in what is wrong with it, and say how many rows are added already."""
    try:
        yield
    except (MismatchError, ColumnError) as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from error
    except (ValueError, TypeError) as error:
        added = "" if after is None else f"; the {after:,} rows before are added" if after else "; nothing is added"
        raise ValueError(f"{os.fspath(path)}: {error}{added}") from error


def _spelled(names: Sequence[str]) -> dict[str, str]:
    """The kinds among the columns: name in the file, and as a library writes it."""
    if "image" not in names:
        raise ColumnError(f"expected a column 'image', got a file with {', '.join(names)}")
    found = {}
    for name in names:
        with suppress(ValueError):
            found[name] = str(Kind.parse(name))
    if not found:
        raise ColumnError(f"expected a column for each hash kind, such as 'phash', got a file with {', '.join(names)}")
    return found


def _settle_head(opened: Opened, kinds: Sequence[str], recipe: Any) -> None:
    """Let a new library be of the file's kinds and recipe."""
    if opened.store.exists() and opened._find() is not None:
        return
    if opened._kinds is None:
        # A segment hash has no fixed length: no library holds it.
        opened._kinds = checked_kinds([kind for kind in kinds if Kind.parse(kind).bits is not None])
    if opened._recipe is None:
        text = recipe()
        opened._recipe = None if text is None else recipe_name(text)


def _recipe(rows: Iterator[Row]) -> str | None:
    """The recipe of the first row that says one."""
    return next((row["recipe"] for row in rows if row.get("recipe")), None)


def _check_kinds(layout: Layout, kinds: Sequence[str]) -> None:
    missing = [name for name in layout.names if name not in kinds]
    if missing:
        raise MismatchError(
            f"expected the kinds of the library, {', '.join(layout.names)}; got {', '.join(kinds)}: import it into a "
            "new library"
        )


def _own(row: Row, spelled: dict[str, str]) -> Row:
    """A row as `add_ready` takes it."""
    facts = row.pop("facts", None)
    if row["image"] is None:
        raise ValueError("expected an image id in every row, got none")
    if row.get("place") is None:
        row["place"] = _place(str(row["image"]))
    row["added"] = as_time(row.get("added"))
    for name, kind in spelled.items():
        if name != kind:
            row[kind] = row.pop(name)
    return row if not facts else {**row, **_facts(facts)}


def _facts(facts: Any) -> Row:
    try:
        known = json.loads(facts) if isinstance(facts, str) else facts
    except RecursionError:
        raise ValueError("expected facts as a JSON object, got one that is nested too deeply") from None
    if not isinstance(known, dict):
        raise ValueError(f"expected facts as a JSON object, got {facts!r}")
    return known


def _place(image: str) -> str:
    return place_of_path(image) if "://" not in image and is_file(image) else image


def _read_csv(path: Path) -> tuple[list[str], Iterator[Row]]:
    lines = _lines(path)
    _, names = next(lines, (1, []))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"expected a line with the names of the columns, each once; got {','.join(names)!r}")
    return names, (_row(number, names, cells) for number, cells in lines)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of a CSV file that are not empty: number and cells."""
    limit = csv.field_size_limit(2**31 - 1)  # of facts, which may be long
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                yield from ((reader.line_num, cells) for cells in reader if cells)
            except csv.Error as error:
                raise ValueError(f"line {reader.line_num}: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _row(number: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(names):
        raise ValueError(f"line {number} has {len(cells)} cells, not {len(names)}: is the file whole?")
    row: Row = {name: (unmarked(cell) if cell else None) for name, cell in zip(names, cells, strict=True)}
    for name in INTEGERS & row.keys():
        if row[name] is not None:
            row[name] = _whole(number, name, row[name])
    return row


def _whole(number: int, name: str, cell: str) -> int:
    try:
        return int(cell.removesuffix(".0"))  # pandas writes so where one value is missing
    except ValueError:
        raise ValueError(f"line {number}: expected {name} as a whole number, got {cell!r}") from None


def _read_parquet(path: Path) -> tuple[list[str], Iterator[Row]]:
    names, rows = parquet.read(path)
    if len(set(names)) < len(names):
        raise ValueError(f"expected columns with different names, got {','.join(names)!r}")
    return names, rows
