"""Codes that suspiciously many images share: blank pictures, logos, placeholders, frames of black."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .index import Index

__all__ = ["COLUMNS", "popular"]

COLUMNS = ("kind", "code", "images", "quality", "image", "row")
_LEAST = 10


def popular(index: Index, name: str, least: int | None) -> list[dict[str, Any]]:
    """The codes of a kind that at least so many images have, the most popular first. Inside `index.fresh()`.

    By default the square root of the number of images, at least ten: copies of one photo are seldom so many, and as
    chance goes none would be.
    """
    held = index.codes(name)
    least = max(_LEAST, math.isqrt(len(held.rows))) if least is None else least
    if not len(held.rows):
        return []
    whole = np.ascontiguousarray(held.codes).view(np.dtype((np.void, held.codes.shape[1])))[:, 0]
    _, first, counts = np.unique(whole, return_index=True, return_counts=True)
    chosen = np.flatnonzero(counts >= least)
    chosen = chosen[np.lexsort((held.rows[first[chosen]], -counts[chosen]))]
    rows = held.rows[first[chosen]].tolist()
    records, layout = index.catalog.records(rows), index.catalog.head.layout
    answer = []
    for row, count in zip(rows, counts[chosen].tolist(), strict=True):
        record = records.get(row)
        if record is not None and record.codes is not None:
            own = {"kind": name, "code": layout.hex(record.codes, name), "images": count}
            answer.append({**own, "quality": record.quality, "image": record.image, "row": row})
    return answer
