"""Tables: in and out of pandas, polars and Arrow, and to and from files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .errors import ColumnError, MissingExtraError

if TYPE_CHECKING:
    import narwhals as nw

__all__ = [
    "check_backend",
    "column_names",
    "read_columns",
    "require_column",
    "rows_of",
    "take",
    "to_frame",
]

# Tables are named by what users call them; narwhals calls Arrow by its package.
_PACKAGES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}
INTEGER_COLUMNS = frozenset({"width", "height", "hamming_distance"})
REAL_COLUMNS = frozenset({"segment_distance"})


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


def to_frame(rows: Iterable[dict[str, Any]], columns: Sequence[str], to: str = "pandas") -> Any:
    """Make a table of rows, with these columns in this order; a key that a row lacks is missing there.

    `width`, `height` and `hamming_distance` are integers (nullable ones in pandas, so that one unreadable
    picture does not turn them all into floats), `segment_distance` a float, all else text.

    Raises:
        ValueError, MissingExtraError: as `check_backend`.
    """
    check_backend(to)
    values: dict[str, list[Any]] = {name: [] for name in columns}
    for row in rows:
        for name, column in values.items():
            column.append(row.get(name))
    return _pandas_frame(values) if to == "pandas" else _narwhals_frame(values, _PACKAGES[to])


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
    return [None if missing or value != value else value for value, missing in pairs]


def _series(name: str, values: list[Any], like: nw.DataFrame[Any]) -> nw.Series[Any]:
    import narwhals as nw

    if like.implementation.is_pandas():
        import pandas as pd

        native = pd.Series(_pandas_column(name, values), index=nw.to_native(like).index, name=name)
        return nw.from_native(native, series_only=True)
    return nw.new_series(name, values, _dtype(name, values), backend=like.implementation)


def _narwhals_frame(values: dict[str, list[Any]], package: str) -> Any:
    import narwhals as nw

    schema = {name: _dtype(name, column) for name, column in values.items()}
    return nw.from_dict(values, schema, backend=package).to_native()  # type: ignore[arg-type]


def _dtype(name: str, values: list[Any]) -> Any:
    import narwhals as nw

    sample = next((value for value in values if value is not None), None)
    if name in INTEGER_COLUMNS or isinstance(sample, int):
        return nw.Int64()
    return nw.Float64() if name in REAL_COLUMNS or isinstance(sample, float) else nw.String()


def _pandas_frame(values: dict[str, list[Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame({name: _pandas_column(name, column) for name, column in values.items()}, columns=list(values))


def _pandas_column(name: str, values: list[Any]) -> Any:
    """One column as pandas keeps it: narwhals has no word for pandas' nullable integers."""
    import narwhals as nw
    import pandas as pd

    dtype = _dtype(name, values)
    if dtype == nw.Int64:
        return pd.array(values, dtype="Int64")
    # Objects, or pandas 3 would make None into NaN and a column of None alone into something else again.
    return pd.array(values, dtype="float64" if dtype == nw.Float64 else object)
