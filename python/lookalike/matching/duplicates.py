"""Images whose hash has been seen before."""

from __future__ import annotations

from typing import Any

from ..frames import column_names, read_columns, take
from ..kinds import Kind
from ..options import DEFAULT_LIMITS, Limits
from .columns import read_hash_column
from .query import as_query, checked_radius

__all__ = ["find_duplicates", "is_duplicate"]


def find_duplicates(frame: Any, *, on: str = "ahash") -> Any:
    """Find the images whose hash an earlier row has too.

    These are the rows that `duplicated()` of pandas flags, but for rows without a hash: they match nothing.

    Args:
        frame: a pandas, polars or Arrow table with a column of hashes, as `fingerprint_many` gives it.
        on: the column of hashes.

    Returns:
        A frame of the same sort with those rows, in their order, and as last column `duplicate_of`: the `image` of the
        first row with that hash (its row number, if the frame has no such column).

    Raises:
        ColumnError: if the frame has no column `on`.
        MismatchError: if the rows come from several recipes.
        ValueError: if a value of the column is no hash; the error names its row.
    """
    column = read_hash_column(frame, on, name_must_be_kind=False)
    column.codes(_digits(column.kind))
    first: dict[str, int] = {}
    originals = {row: first.setdefault(text.lower(), row) for row, text in zip(column.rows, column.texts, strict=True)}
    rows = [row for row, original in originals.items() if row != original]
    names: Any = range(len(originals) and max(originals) + 1)
    if "image" in column_names(frame):
        names = read_columns(frame, ["image"])["image"]
    return take(frame, rows, {"duplicate_of": [names[originals[row]] for row in rows]})


def is_duplicate(
    frame: Any,
    source: Any,
    *,
    on: str = "ahash",
    radius: float = 0,
    kind: str | Kind | None = None,
    recipe: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> bool:
    """Tell whether an image is in a frame already.

    Args:
        frame: a pandas, polars or Arrow table with a column of hashes, as `fingerprint_many` gives it.
        source: the image, or its hash: whatever `find_similar` takes.
        on: the column of hashes to compare with.
        radius: how many bits may differ (segments, for `crop_resistant`).
        kind: what the column has, if its name does not say so.
        recipe: the recipe that made the column, if the frame has no column `recipe`; `"standard"` if not given.
        limits: what reading the image may cost.

    Raises:
        ColumnError, MismatchError, ValueError, SourceError: as `find_similar` does.
    """
    from .distances import distances_to

    column = read_hash_column(frame, on, kind=kind, recipe=recipe)
    query = as_query(source, column, limits)
    farthest = checked_radius(radius, query) or 0
    return bool((distances_to(query, column) <= farthest).any())


def _digits(kind: Kind | None) -> int | None:
    if kind is None:
        return None
    return kind.inner.hex_digits if kind.inner else kind.hex_digits
