"""Parquet files, which strangers write too: a file of 8 kB may claim a million texts of a megabyte each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .errors import MissingExtraError

__all__ = ["no_arrow_errors", "package", "read"]

Row = dict[str, Any]

_ROWS = 200
"""That are unpacked at once, at most."""

_MOST_A_ROW = 64_000
"""Bytes, on average: a look, keypoints and all hashes are a quarter of it."""

_SLACK = 16_000_000
"""Bytes that some rows may have beyond that: one may have long facts."""

_MOST_VALUES = 1000
"""Of one cell, if it is a list."""

_MOST_OF_TEXTS = 64_000_000
"""Bytes of the texts that are repeated by number, and that rows unpacked at once may come to; writers stop at 1 MB."""

_BUFFER = 1 << 20

_DICTIONARY, _NUMBERED = 2, frozenset({"RLE_DICTIONARY", "PLAIN_DICTIONARY"})


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

    A text stands once in such a file and is repeated by number. How long these texts may be stands before them, which
    tells how many rows can be unpacked at once.

    Raises:
        MissingExtraError: if pyarrow is not installed.
        ValueError: if it is no Parquet file, or its rows are far larger than rows are; then before the first that is.
        OSError: if it cannot be read.
    """
    reader = package()
    with no_arrow_errors():
        # Else whole groups of rows are held as they are in the file.
        file = reader.ParquetFile(os.fspath(path), pre_buffer=False, buffer_size=_BUFFER)
        names = list(file.schema_arrow.names)
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    columns = [(group, group.column(number)) for group in groups for number in range(group.num_columns)]
    for group, column in columns:
        if column.num_values > _MOST_VALUES * max(1, group.num_rows):
            raise ValueError(
                f"expected at most {_MOST_VALUES:,} values in a cell, got {column.num_values:,} in {group.num_rows:,} "
                f"rows of {column.path_in_schema!r}"
            )
    with Path(path).open("rb") as raw:
        texts = max((_texts_of(raw, column) for _, column in columns if column.num_values), default=0)
    if texts > _MOST_OF_TEXTS:
        raise ValueError(f"expected at most {_MOST_OF_TEXTS:,} bytes of texts that are repeated, got {texts:,}")
    return names, _rows(file, min(_ROWS, _MOST_OF_TEXTS // max(1, texts)))


def _rows(file: Any, at_once: int) -> Iterator[Row]:
    with no_arrow_errors():
        for batch in file.iter_batches(at_once):
            size, most = batch.nbytes, _MOST_A_ROW * len(batch) + _SLACK
            if size > most:
                raise ValueError(
                    f"expected at most {most:,} bytes in {len(batch):,} rows, got {size:,}: is it one of fingerprints?"
                )
            yield from batch.to_pylist()


def _texts_of(file: BinaryIO, column: Any) -> int:
    """How many bytes of texts a column repeats by number, from the head of its first page (Thrift, compact)."""
    first = column.data_page_offset
    if column.has_dictionary_page:
        first = min(first, column.dictionary_page_offset)
    file.seek(max(0, first))
    sort, size = _two_numbers(file.read(16), column.path_in_schema)
    if sort == _DICTIONARY:
        return size
    if _NUMBERED.intersection(column.encodings):
        raise ValueError(
            f"expected the texts of {column.path_in_schema!r} before their numbers, got a page of sort {sort}"
        )
    return 0


def _two_numbers(head: bytes, name: str) -> tuple[int, int]:
    """The sort of a page and its length once it is unpacked: the first two fields of its head."""
    numbers, at = [], 0
    for _ in range(2):
        if head[at : at + 1] != b"\x15":
            raise ValueError(f"expected a page of {name!r}, got {head!r}")
        value = shift = 0
        while True:
            at += 1
            byte = head[at] if at < len(head) else 0
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        at += 1
        numbers.append(value >> 1 if value % 2 == 0 else -(value >> 1) - 1)
    return numbers[0], numbers[1]
