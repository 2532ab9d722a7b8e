"""Tables of NumPy columns, for results that are too long to go through rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..frames import check_backend

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["named", "table"]


def table(columns: Mapping[str, NDArray[Any]], to: str = "pandas") -> Any:
    """A table with these columns: numbers as they are, objects as text (or what they are), `None` where missing.

    Args:
        columns: arrays of equal length.
        to: `"pandas"`, `"polars"` or `"arrow"`.

    Raises:
        ValueError, MissingExtraError: as `check_backend`.
    """
    check_backend(to)
    if to == "pandas":
        import pandas as pd

        return pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in columns.items()})
    if to == "polars":
        import polars as pl

        return pl.DataFrame({name: _plain(values) for name, values in columns.items()}, strict=False)
    import pyarrow as pa

    return pa.table({name: pa.array(_plain(values)) for name, values in columns.items()})


def named(names: list[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """The names of numbers, `None` for -1. Shape (n,) of objects."""
    import numpy as np

    padded = np.empty(len(names) + 1, object)
    padded[:-1] = names
    padded[-1] = None
    chosen: NDArray[Any] = padded[numbers]
    return chosen


def _plain(values: NDArray[Any]) -> Any:
    return values.tolist() if values.dtype == object else values
