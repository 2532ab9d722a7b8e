"""Parquet files, which strangers write too: a file of 8 kB may claim a million texts of a megabyte each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import MissingExtraError

__all__ = ["no_arrow_errors", "package", "read"]

Row = dict[str, Any]

_ROWS = 200
"""That are unpacked at once, at most; fewer if the first is large."""

_MOST_A_ROW = 64_000
"""Bytes, on average: a look, keypoints and all hashes are a quarter of it."""

_SLACK = 16_000_000
"""Bytes that rows may have beyond that: one may have long facts."""

_BUFFER = 1 << 20


def package() -> Any:
    """`pyarrow.parquet`.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError.for_extra("Parquet", "pyarrow", "arrow") from None
    return parquet


@contextmanager
def no_arrow_errors() -> Iterator[None]:
    """What pyarrow says of a broken file as a `ValueError`: some of its errors are none, and no `OSError`."""
    from pyarrow import ArrowException

    try:
        yield
    except ArrowException as error:
        raise ValueError(str(error)) from error


def read(path: str | os.PathLike[str]) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns, and the rows as they are asked for.

    A text stands once in such a file and is repeated by number, so that only what was unpacked tells how much it is.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        ValueError: if it is no Parquet file, or its rows are far larger than rows are; then before those that are.
        OSError: if it cannot be read.
    """
    reader = package()
    with no_arrow_errors():
        # Else whole groups of rows are held as they are in the file. What it notes of its columns is not looked at:
        # where that is damaged, pyarrow ends the process (26.0: `FileMetaData.row_group(0).column(0)`).
        file = reader.ParquetFile(os.fspath(path), pre_buffer=False, buffer_size=_BUFFER)
        return list(file.schema_arrow.names), _rows(file)


def _rows(file: Any) -> Iterator[Row]:
    with no_arrow_errors():
        first = next(file.iter_batches(1), None)
        # Whoever repeats a long text in all rows is found out by the first ones.
        at_once = _ROWS if first is None else min(_ROWS, max(1, _SLACK // max(1, first.nbytes)))
        done = size = 0
        for batch in file.iter_batches(at_once):
            done, size = done + len(batch), size + batch.nbytes
            if size > (most := _MOST_A_ROW * done + _SLACK):
                raise ValueError(
                    f"expected at most {most:,} bytes in {done:,} rows, got {size:,}: is it one of fingerprints?"
                )
            yield from batch.to_pylist()
