"""How two pictures that were compared are laid onto each other to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..regions import WHOLE, Box, Matrix, Polygon, Region, area, region_of, square

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..parts import PartMatch

__all__ = ["Lay", "lay_of"]

_WIDER = 0.1
"""How much is outlined around the details of a logo, as a share of its longer side."""


@dataclass(frozen=True, slots=True)
class Lay:
    """How A lies on B.

    Attributes:
        matrix: from A to B, in shares of their sides.
        region: what they share.
        points: the details that lie alike, shape (n, 4): x and y in A, x and y in B, in shares. A second look has none.
    """

    matrix: Matrix
    region: Region
    points: NDArray[np.float64]


def lay_of(
    rows: Sequence[Sequence[float]] | None, part: PartMatch | None, boxes: tuple[Box | None, Box | None]
) -> Lay | None:
    """The surest lay: by details, where parts were found, for their places are the more exact ones.

    Args:
        rows: two or three rows of the map of whole pictures, if there is one.
        part: what was found of parts, if they were looked for.
        boxes: what is inside the borders of A and B, if they have any: borders are not shared.
    """
    points = np.zeros((0, 4))
    if part is not None and part.verdict != "none":
        matrix = np.asarray(part.matrix, np.float64)
        points = np.asarray(part.inliers, np.float64).reshape(-1, 4)
        if part.verdict == "shared logo":
            # Only where its details are: the rest of what one frame covers of the other differs.
            here, there = _box_around(points[:, :2]), _box_around(points[:, 2:])
            return Lay(matrix, Region(here, there, area(here), area(there)), points)
    elif rows is not None:
        matrix = np.array([*rows, (0, 0, 1)][:3], float)
    else:
        return None
    return Lay(matrix, region_of(matrix, *(box or WHOLE for box in boxes)), points)


def _box_around(points: NDArray[np.float64]) -> Polygon:
    """A box with a little more around, for a detail has no place but its middle."""
    if not len(points):
        return ()
    low, high = points.min(axis=0), points.max(axis=0)
    more = _WIDER * (high - low).max()
    (left, upper), (right, lower) = (np.clip(edge, 0, 1).tolist() for edge in (low - more, high + more))
    return square((left, upper, right, lower))
