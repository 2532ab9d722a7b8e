"""Postings from a table: fingerprints with who posted them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..frames import column_names, read_columns, require_column
from ..kinds import Kind
from .columns import kind_of, read_hash_column
from .postings import Postings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["codes_of_frame", "kinds_of_frame", "postings_of_frame"]


def kinds_of_frame(frame: Any) -> list[Kind]:
    """The kinds that columns are named after and whose codes have a fixed length, `phash` before others.

    Raises:
        ValueError: if there is none.
    """
    found = [kind for name in column_names(frame) if (kind := kind_of(name)) is not None and kind.bits is not None]
    if not found:
        raise ValueError(f"expected a table with a column of hashes, got the columns {', '.join(column_names(frame))}")
    # Few photos share a phash by chance, so it makes the fewest candidates.
    return sorted(found, key=lambda kind: kind.name != "phash")


def codes_of_frame(
    frame: Any, kinds: Sequence[Kind], recipe: str | None = None
) -> tuple[dict[str, NDArray[np.uint8]], NDArray[np.bool_]]:
    """The codes of a table's hash columns, zeros where there is none, and which rows have all of them.

    Raises:
        ColumnError, ValueError, MismatchError: as `read_hash_column`.
    """
    codes, has_all = {}, np.ones(len(read_columns(frame, [str(kinds[0])])[str(kinds[0])]), np.bool_)
    for kind in kinds:
        column = read_hash_column(frame, str(kind), recipe=recipe)
        texts, _ = column.codes(kind.hex_digits)
        width = ((kind.bits or 0) + 7) // 8
        packed = np.frombuffer(bytes.fromhex("".join(text.zfill(2 * width) for text in texts)), np.uint8)
        codes[str(kind)] = np.zeros((len(has_all), width), np.uint8)
        codes[str(kind)][np.asarray(column.rows, np.int64)] = packed.reshape(-1, width)
        has_code = np.zeros(len(has_all), np.bool_)
        has_code[np.asarray(column.rows, np.int64)] = True
        has_all &= has_code
    return codes, has_all


def postings_of_frame(frame: Any, by: str, kinds: Sequence[Kind], recipe: str | None = None) -> Postings:
    """The rows of a table with the columns `by` and those of the kinds, and `image`, `listing`, `time` and `row` if
    there.

    Raises:
        ColumnError, ValueError, MismatchError: as `read_hash_column`; ColumnError also without a column `by`.
    """
    require_column(frame, by)
    codes, has_code = codes_of_frame(frame, kinds, recipe)
    names = set(column_names(frame))
    columns = read_columns(
        frame, [name for name in dict.fromkeys((by, "image", "listing", "time", "row")) if name in names]
    )
    numbers = np.arange(len(has_code), dtype=np.int64)
    return Postings.of(
        rows=np.asarray(columns["row"], np.int64) if "row" in columns else numbers,
        images=columns.get("image") or [str(number) for number in numbers],
        owners=columns[by],
        listings=columns.get("listing"),
        times=columns.get("time"),
        codes=codes,
        has_code=has_code,
        by=by,
    )
