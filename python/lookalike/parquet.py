"""Parquet files, which strangers write too: a file of 8 kB may claim a million texts of a megabyte each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import MissingExtraError

__all__ = ["no_arrow_errors", "package", "read"]

Row = dict[str, Any]

_ROWS = 1000
"""That are unpacked at once."""

_MOST_BYTES = 256_000_000
"""That so many rows may take: two looks, keypoints and all hashes of each are a tenth of it."""

_MOST_VALUES = 1000
"""Of one cell, if it is a list."""


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

    Texts and bytes are written once in such a file and repeated by number. They are read in that form, and counted
    before they are repeated in memory.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        ValueError: if it is no Parquet file, or its rows are far larger than rows are; then before the first that is.
        OSError: if it cannot be read.
    """
    reader = package()
    with no_arrow_errors():
        metadata = reader.read_metadata(os.fspath(path))
        _check_lists(metadata)
        columns = map(metadata.schema.column, range(metadata.num_columns))
        texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        file = reader.ParquetFile(os.fspath(path), read_dictionary=texts)
        return list(file.schema_arrow.names), _rows(file)


def _check_lists(metadata: Any) -> None:
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            if column.num_values > _MOST_VALUES * max(1, group.num_rows):
                raise ValueError(
                    f"expected at most {_MOST_VALUES:,} values in a cell, got {column.num_values:,} in "
                    f"{group.num_rows:,} rows of {column.path_in_schema!r}"
                )


def _rows(file: Any) -> Iterator[Row]:
    with no_arrow_errors():
        for batch in file.iter_batches(_ROWS):
            size = sum(map(_bytes_of, batch.columns))
            if size > _MOST_BYTES:
                raise ValueError(
                    f"expected at most {_MOST_BYTES:,} bytes in {len(batch):,} rows, got {size:,}: "
                    "is this a table of fingerprints?"
                )
            yield from batch.to_pylist()


def _bytes_of(column: Any) -> int:
    """How much a column takes once each text is where it is used."""
    from pyarrow import compute, large_binary, types

    if types.is_struct(column.type) or types.is_list(column.type):
        parts = column.flatten()
        return sum(map(_bytes_of, parts if isinstance(parts, list) else [parts]))
    if not types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = compute.binary_length(column.dictionary.cast(large_binary()))
    return compute.sum(lengths.take(column.indices)).as_py() or 0
