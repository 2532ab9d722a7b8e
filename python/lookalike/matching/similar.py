"""All of a frame's images, ranked by their distance to one."""

from __future__ import annotations

from typing import Any

from ..frames import take
from ..hashes import MultiHash
from ..kinds import Kind
from ..options import DEFAULT_LIMITS, Limits
from .columns import read_hash_column
from .query import as_query, checked_count, checked_radius

__all__ = ["find_similar"]


def find_similar(
    frame: Any,
    source: Any,
    *,
    on: str = "ahash",
    k: int | None = None,
    radius: float | None = None,
    kind: str | Kind | None = None,
    recipe: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Any:
    """Rank a frame's images by how much they look like one.

    Args:
        frame: a pandas, polars or Arrow table with a column of hashes, as `fingerprint_many` gives it.
        source: the image to look for: a path, URL, bytes, file object, PIL image or array; or its hash, as a
            `Hash`, a `MultiHash`, a `Fingerprint` or hex text.
        on: the column of hashes to compare with.
        k: give at most so many rows; `None` for all.
        radius: give only rows at most so many bits away (segments, for `crop_resistant`); `None` for all.
        kind: what the column has, if its name does not say so.
        recipe: the recipe that made the column, if the frame has no column `recipe`; `"standard"` if not given.
        limits: what reading the image may cost.

    Returns:
        A frame of the same sort: the rows that have a hash, nearest first, equal ones in the frame's order, with all
        columns and, as the last, `hamming_distance` (bits that differ, 0 for the same hash). For `crop_resistant` it is
        `segment_distance`: the image's segments without a partner in the row, plus less than one for how well the
        others agree.

    Raises:
        ColumnError: if the frame has no column `on`.
        MismatchError: if query and column differ in kind, recipe or length.
        ValueError: if `k` or `radius` is out of range, or a value of the column is no hash; the error names its row.
        SourceError: if the image cannot be read.
    """
    import numpy as np

    from .distances import distances_to

    count = checked_count(k)
    column = read_hash_column(frame, on, kind=kind, recipe=recipe)
    query = as_query(source, column, limits)
    farthest = checked_radius(radius, query)
    distances = distances_to(query, column)
    order = np.argsort(distances, kind="stable")
    if farthest is not None:
        order = order[distances[order] <= farthest]
    order = order[:count]
    rows = np.asarray(column.rows, np.int64)[order].tolist()
    name = "segment_distance" if isinstance(query, MultiHash) else "hamming_distance"
    return take(frame, rows, {name: distances[order].tolist()})
