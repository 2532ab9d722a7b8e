"""Tables: in and out of pandas, polars and Arrow, and to and from files."""

from __future__ import annotations

import base64
import csv
import json
import os
from collections.abc import Collection, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import parquet
from .cells import LineFeeds, marked, unmarked
from .errors import ColumnError, MissingExtraError, NoFileError, shortened

if TYPE_CHECKING:
    import narwhals as nw

__all__ = [
    "check_backend",
    "column_names",
    "load",
    "read_columns",
    "require_column",
    "rows_of",
    "save",
    "take",
    "to_frame",
]

# Tables are named by what users call them; narwhals calls Arrow by its package.
_PACKAGES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}
_FORMS = (".csv", ".json", ".parquet")
INTEGER_COLUMNS = frozenset({"width", "height", "hamming_distance"})
REAL_COLUMNS = frozenset({"segment_distance", "confidence"})
BYTES_COLUMNS = frozenset({"keypoints", "look"})


def check_backend(to: str) -> None:
    """Check that tables of this kind can be made.

    Raises:
        ValueError: if the name is unknown.
        MissingExtraError: if its package is not installed.
    """
    if to not in _PACKAGES:
        raise ValueError(f"unknown kind of table {to!r}: expected one of {', '.join(_PACKAGES)}")
    if find_spec(_PACKAGES[to]) is None:
        raise MissingExtraError.for_extra(f"a table for {to}", _PACKAGES[to], to)


def to_frame(
    rows: Iterable[dict[str, Any]],
    columns: Sequence[str],
    to: str = "pandas",
    integers: Collection[str] = (),
) -> Any:
    """Make a table of rows, with these columns in this order; a key that a row lacks is missing there.

    `width`, `height` and `hamming_distance` are integers (nullable ones in pandas, so that one unreadable
    picture does not turn them all into floats), `segment_distance` a float, `look` bytes, all else text. The columns
    in `integers` are integers too, also where there is no row to tell.

    Raises:
        ValueError, MissingExtraError: as `check_backend`.
    """
    check_backend(to)
    values: dict[str, list[Any]] = {name: [] for name in columns}
    for row in rows:
        for name, column in values.items():
            column.append(row.get(name))
    whole = INTEGER_COLUMNS.union(integers)
    return _pandas_frame(values, whole) if to == "pandas" else _narwhals_frame(values, _PACKAGES[to], whole)


def column_names(frame: Any) -> list[str]:
    """Names of a table's columns.

    Raises:
        TypeError: if it is no table that narwhals knows.
    """
    return _wrapped(frame).columns


def require_column(frame: Any, name: str) -> None:
    """Check that a table has a column.

    Raises:
        ColumnError: if not.
        TypeError: if it is no table.
    """
    names = column_names(frame)
    if name not in names:
        raise ColumnError(f"expected a column {name!r}, got a table with the columns {', '.join(map(str, names))}")


def read_columns(frame: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """The values of some columns, missing ones as `None`.

    Raises:
        ColumnError, TypeError: as `require_column`.
    """
    for name in names:
        require_column(frame, name)
    wrapped = _wrapped(frame)
    return {name: _values(wrapped[name]) for name in names}


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """All rows of a table, missing values as `None`."""
    columns = read_columns(frame, column_names(frame))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def take(frame: Any, numbers: Sequence[int], extra: dict[str, list[Any]] | None = None) -> Any:
    """Some rows of a table, by number and in that order, as a table of the same kind.

    pandas' index labels stay with their rows. A column in `extra` that the table has already is replaced.

    Args:
        frame: any table that narwhals knows.
        numbers: row numbers from 0.
        extra: columns to add at the end, with a value for each of the rows taken.
    """
    wrapped = _wrapped(frame)
    chosen = wrapped[list(numbers)]
    extra = extra or {}
    chosen = chosen.select([name for name in chosen.columns if name not in extra])
    return chosen.with_columns(*(_series(name, values, chosen) for name, values in extra.items())).to_native()


def save(table: Any, path: str | os.PathLike[str]) -> None:
    """Write a table, or a list of rows, to a file: `.csv`, `.json` (a list of objects) or `.parquet`.

    Missing values are empty fields in CSV and `null` in JSON. Neither can hold bytes: these are written as base64 text,
    and `load` makes bytes of it again. In CSV, a text that a spreadsheet would take for a formula has an apostrophe
    before it, or before the part of it, which `load` takes off (see `cells`).

    Raises:
        ValueError: for another extension.
        MissingExtraError: if Parquet is asked for and pyarrow is not installed.
        OSError: if the file cannot be written.
    """
    form = _form(path)
    if form == ".parquet":
        arrow = to_frame(table, _keys(table), "arrow") if isinstance(table, list) else _without_index(table).to_arrow()
        parquet.package().write_table(arrow, os.fspath(path))
        return
    rows = table if isinstance(table, list) else rows_of(table)
    columns = _keys(rows) or ([] if isinstance(table, list) else column_names(table))
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        if form == ".json":
            whole = [{name: row.get(name) for name in columns} for row in rows]
            json.dump(whole, file, ensure_ascii=False, indent=1, default=_plain)
        else:
            writer = csv.DictWriter(LineFeeds(file), columns, restval=None, lineterminator="\r\n")
            writer.writeheader()
            writer.writerows({name: _as_cell(value) for name, value in row.items()} for row in rows)


def load(path: str | os.PathLike[str], to: str = "pandas") -> Any:
    """Read a table from a file that `save` wrote, or another of that form.

    From CSV, `width`, `height`, `hamming_distance` and `segment_distance` are read as numbers, all else
    as text: a hash such as `0e40000000000800` is no number. A column `look` is bytes again, from CSV and from JSON.

    Raises:
        NoFileError: if there is no such file.
        ValueError: for another extension, or contents that are not of that form.
        MissingExtraError: if a package for the file or the table is not installed.
        OSError: if the file cannot be read.
    """
    check_backend(to)
    form = _form(path)
    if not Path(path).exists():
        raise NoFileError(f"no such file: {os.fspath(path)!r}")
    try:
        if form == ".parquet":
            rows, columns = _read_parquet(path)
        elif form == ".json":
            rows, columns = _read_json(path)
        else:
            rows, columns = _read_csv(path)
    except (ValueError, csv.Error, RecursionError) as error:
        raise ValueError(f"expected a table as {form} in {os.fspath(path)!r}: {error}") from error
    return to_frame(rows, columns, to)


Rows = tuple[list[dict[str, Any]], list[str]]


def _without_index(table: Any) -> nw.DataFrame[Any]:
    """Parquet files would have the labels of pandas as one more column, and those of several types not at all."""
    import narwhals as nw

    return nw.maybe_reset_index(_wrapped(table))


def _read_csv(path: str | os.PathLike[str]) -> Rows:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        columns = list(reader.fieldnames or [])
        if not columns:
            raise ValueError("the file is empty")
        rows = []
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(f"line {reader.line_num} has not {len(columns)} fields")
            rows.append({name: _from_text(name, text) for name, text in row.items()})
    return rows, columns


def _from_text(name: str, text: str) -> Any:
    if not text:
        return None
    if name in INTEGER_COLUMNS:
        # With one value missing, pandas makes floats of a column of integers, and writes 512.0.
        return int(text.removesuffix(".0"))
    if name in BYTES_COLUMNS:
        return _from_base64(name, text)
    return float(text) if name in REAL_COLUMNS else unmarked(text)


def _from_base64(name: str, text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected base64 text in the column {name!r}, got {shortened(str(text))}") from error


def _as_text(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _as_cell(value: Any) -> Any:
    return marked(value) if isinstance(value, str) else _as_text(value)


def _read_json(path: str | os.PathLike[str]) -> Rows:
    rows = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is not a list of objects")
    for row in rows:
        for name in BYTES_COLUMNS.intersection(row):
            row[name] = None if row[name] is None else _from_base64(name, row[name])
    return rows, _keys(rows)


def _read_parquet(path: str | os.PathLike[str]) -> Rows:
    names, rows = parquet.read(path)
    return list(rows), names


def _form(path: str | os.PathLike[str]) -> str:
    form = Path(path).suffix.lower()
    if form not in _FORMS:
        raise ValueError(f"expected a table's file name to end in {', '.join(_FORMS)}; got {os.fspath(path)!r}")
    return form


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return _as_text(value)
    # The text of a long NumPy array leaves its middle out.
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _keys(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _wrapped(frame: Any) -> nw.DataFrame[Any]:
    import narwhals as nw

    try:
        return nw.from_native(frame, eager_only=True)
    except TypeError:
        raise TypeError(
            f"expected a table of pandas, polars, Arrow or another kind that narwhals knows, got {type(frame).__name__}"
        ) from None


def _values(series: nw.Series[Any]) -> list[Any]:
    pairs = zip(series.to_list(), series.is_null().to_list(), strict=True)
    return [None if missing or _is_nan(value) else value for value, missing in pairs]


def _is_nan(value: Any) -> bool:
    # Of floats alone: an array compares member by member.
    return isinstance(value, float) and value != value


def _series(name: str, values: list[Any], like: nw.DataFrame[Any]) -> nw.Series[Any]:
    import narwhals as nw

    if like.implementation.is_pandas():
        native = _pandas_column(name, values).set_axis(nw.to_native(like).index).rename(name)
        return nw.from_native(native, series_only=True)
    backend: Any = like.implementation
    return nw.new_series(name, values, _dtype(name, values), backend=backend)


def _narwhals_frame(values: dict[str, list[Any]], package: str, integers: Collection[str]) -> Any:
    import narwhals as nw

    backend: Any = package
    series = {
        name: nw.new_series(name, column, _dtype(name, column, integers), backend=backend)
        for name, column in values.items()
    }
    return nw.from_dict(series, backend=backend).to_native()


def _dtype(name: str, values: list[Any], integers: Collection[str] = INTEGER_COLUMNS) -> Any:
    """The type of a column; `None` to let the table's package find one (dates, lists, a mixture)."""
    import narwhals as nw

    types = {type(value) for value in values if value is not None}
    if name in integers or types == {int}:
        return nw.Int64
    if name in REAL_COLUMNS or types in ({float}, {int, float}):
        return nw.Float64
    if name in BYTES_COLUMNS or types == {bytes}:
        return nw.Binary
    return nw.String if types <= {str} else None


def _pandas_frame(values: dict[str, list[Any]], integers: Collection[str]) -> Any:
    import pandas as pd

    columns = {name: _pandas_column(name, column, integers) for name, column in values.items()}
    return pd.DataFrame(columns, columns=list(values))


def _pandas_column(name: str, values: list[Any], integers: Collection[str] = INTEGER_COLUMNS) -> Any:
    """One column as pandas keeps it: narwhals has no word for pandas' nullable integers."""
    import narwhals as nw
    import pandas as pd

    # Text as objects, or pandas 3 would make None into NaN, and a column of None alone into something else again.
    types = {None: None, nw.Int64: "Int64", nw.Float64: "float64", nw.String: object, nw.Binary: object}
    return pd.Series(values, dtype=types[_dtype(name, values, integers)])
