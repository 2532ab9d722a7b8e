"""How one picture lies on another: affine maps between them in shares of their sides, 0 to 1, and what they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..regions import WHOLE, Box, Matrix, Points, area, clipped, mapped, square
from ..turns import is_across

__all__ = ["Lie", "lie_of", "placed"]

# What each orientation does to the place (x, y) of a pixel in shares: rows for the new x and y.
_TURNED = {
    1: ((1, 0, 0), (0, 1, 0)),
    2: ((-1, 0, 1), (0, 1, 0)),
    3: ((-1, 0, 1), (0, -1, 1)),
    4: ((1, 0, 0), (0, -1, 1)),
    5: ((0, 1, 0), (1, 0, 0)),
    6: ((0, -1, 1), (1, 0, 0)),
    7: ((0, -1, 1), (-1, 0, 1)),
    8: ((0, 1, 0), (-1, 0, 1)),
}


@dataclass(frozen=True, slots=True)
class Lie:
    """How A, turned as B is, lies on B.

    Attributes:
        of_a: share of A's area that B has; where borders are left out, of what is inside A's.
        of_b: share of B's area that A covers; where borders are left out, what is inside A's, inside B's.
        across: share of A's width that B has, likewise.
        down: share of A's height that B has, likewise.
        scale: how many of B's pixels one of A's has become, along a side.
        aspect: how much wider than high it has become: 1 if nothing was stretched.
        degrees: of rotation beside the turn, clockwise.
        shear: tangent of the angle by which upright lines lean against level ones.
    """

    of_a: float
    of_b: float
    across: float
    down: float
    scale: float
    aspect: float
    degrees: float
    shear: float


def placed(found: NDArray[np.float32], box_a: Box | None, box_b: Box | None) -> Matrix | None:
    """Where A's pixels are in B, whole pictures both, from what the second look found from B's thumb to A's.

    Args:
        found: shape (2, 3), in coordinates of the thumbs from -1 to 1.
        box_a: the part of A that its thumb shows.
        box_b: likewise.

    Returns:
        The map from A to B; `None` if it cannot be inverted.
    """
    across = np.vstack([found.astype(np.float64), (0, 0, 1)])
    back = _of_thumb(box_a) @ across @ np.linalg.inv(_of_thumb(box_b))
    if abs(np.linalg.det(back)) < 1e-6:
        return None
    return np.asarray(np.linalg.inv(back))


def _of_thumb(box: Box | None) -> Matrix:
    """From a thumb's coordinates to shares of the whole picture."""
    left, upper, right, lower = box or WHOLE
    across, down = (right - left) / 2, (lower - upper) / 2
    return np.array([(across, 0, left + across), (0, down, upper + down), (0, 0, 1)])


def lie_of(
    matrix: Matrix, turn: int, size_a: tuple[int, int], size_b: tuple[int, int], inner_a: Box, inner_b: Box
) -> Lie:
    """What a map from A to B means.

    Args:
        matrix: in shares of the whole pictures.
        turn: what was done to A, an EXIF orientation.
        size_a: width and height in pixels.
        size_b: likewise.
        inner_a: what counts of A, turned already: what is inside its border, or the whole.
        inner_b: what counts of B.
    """
    turned = matrix @ np.linalg.inv(np.array([*_TURNED[turn], (0, 0, 1)], float))
    left, upper, right, lower = inner_a
    shared = clipped(mapped(np.linalg.inv(turned), square(inner_b)), inner_a)
    across, down = _extents(shared)
    width, height = reversed(size_a) if is_across(turn) else size_a
    (xx, xy), (yx, yy) = np.diag(size_b) @ turned[:2, :2] @ np.diag((1 / width, 1 / height))
    one, other = math.hypot(xx, yx), math.hypot(xy, yy)
    return Lie(
        of_a=area(shared) / area(square(inner_a)),
        of_b=area(clipped(mapped(turned, square(inner_a)), inner_b)),
        across=across / (right - left),
        down=down / (lower - upper),
        scale=math.sqrt(abs(xx * yy - xy * yx)),
        aspect=one / other,
        degrees=math.degrees(math.atan2(yx - xy, xx + yy)),
        shear=(xx * xy + yx * yy) / (one * other),
    )


def _extents(points: Points) -> tuple[float, float]:
    """Width and height of the box around a polygon."""
    if not points:
        return 0.0, 0.0
    across, down = zip(*points, strict=True)
    return max(across) - min(across), max(down) - min(down)
