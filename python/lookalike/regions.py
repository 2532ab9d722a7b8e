"""What two pictures share, given a map between them: polygons in both, and what the map does there.

Places are shares of a picture's sides, 0 to 1, from the upper left corner; maps are 3 x 3 matrices from `(x, y, 1)`
in A to homogeneous places in B, so that perspective is one of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "WHOLE",
    "Bend",
    "Box",
    "Matrix",
    "Points",
    "Polygon",
    "Region",
    "area",
    "bend_of",
    "clipped",
    "contains",
    "hull_of",
    "in_pixels",
    "in_shares",
    "inverse_of",
    "mapped",
    "middle",
    "region_of",
    "square",
]

Matrix = NDArray[np.float64]
"""Shape (3, 3): a map of places; matrices that differ by a factor are the same map."""

Point = tuple[float, float]
Points = Sequence[Point]
Polygon = tuple[Point, ...]
"""Corners of a convex polygon in order, whichever way round; none if there is no polygon."""

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge in shares of the sides."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

# Smaller shares of a picture are a line or a point, made a polygon by rounding.
_NOTHING = 1e-9
# Share of both pictures from which on a region is all of them.
_ALL_OF_BOTH = 0.93
# How many times larger a share of one picture than of the other it is if that one was scaled.
_AS_LARGE = 2.0
# Relative to the largest number that it is made of, a determinant below this is one of rounding.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class Region:
    """What A and B share.

    Attributes:
        in_a: its outline in A, in shares of A's sides; empty if nothing is shared.
        in_b: likewise in B, corner by corner.
        of_a: share of A's area that it is.
        of_b: share of B's.
    """

    in_a: Polygon = ()
    in_b: Polygon = ()
    of_a: float = 0.0
    of_b: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.in_a)

    @property
    def is_whole(self) -> bool:
        """Whether it is nearly all of both, so that they lie on each other as wholes."""
        return min(self.of_a, self.of_b) >= _ALL_OF_BOTH

    @property
    def is_scaled(self) -> bool:
        """Whether it is so much larger a share of one that this one was scaled to lie in the other."""
        return max(self.of_a, self.of_b) >= _AS_LARGE * min(self.of_a, self.of_b)


@dataclass(frozen=True, slots=True)
class Bend:
    """What a map does to the pixels around one place.

    Attributes:
        scale: how many of B's pixels one of A's becomes, along a side.
        degrees: by how much it turns them, clockwise, -180 to 180; if it mirrors, after mirroring left to right.
        mirrors: whether it mirrors them.
        aspect: how much wider than high they become; 1 if nothing is stretched.
        shear: tangent of the angle by which upright lines lean against level ones then.
    """

    scale: float
    degrees: float
    mirrors: bool
    aspect: float
    shear: float


def region_of(matrix: ArrayLike, frame_a: Box = WHOLE, frame_b: Box = WHOLE) -> Region:
    """The part of A's frame that a map brings into B's frame.

    In A every edge of B's frame is a straight line, so A's frame is cut by four of them: nothing is divided by
    what may be zero, and what lies behind the horizon of a perspective never counts. The side of the horizon on
    which A's middle lies is the one that is seen.

    Args:
        matrix: shape (3, 3), from A to B.
        frame_a: what counts of A, such as what is inside its border.
        frame_b: what counts of B.

    Returns:
        The region, with shares of the whole pictures; an empty one if they share no area, or if the map cannot be
        inverted or is not finite.

    Raises:
        ValueError: if the matrix has another shape.
    """
    facing = _facing(matrix)
    if facing is None:
        return Region()
    across, down, depth = facing
    left, upper, right, lower = frame_b
    edges = (across - left * depth, right * depth - across, down - upper * depth, lower * depth - down)
    outline = _cut_by(square(frame_a), edges)
    if area(outline) < _NOTHING:
        return Region()
    other = tuple((_within(x), _within(y)) for x, y in mapped(facing, outline))
    if area(other) < _NOTHING:
        return Region()
    return Region(outline, other, min(1.0, area(outline)), min(1.0, area(other)))


def bend_of(matrix: ArrayLike, at: Point, size_a: tuple[int, int], size_b: tuple[int, int]) -> Bend | None:
    """What a map does to the pixels around a place of A, by its derivative there.

    Args:
        matrix: shape (3, 3), from A to B, in shares of the sides.
        at: the place, such as the `middle` of a region.
        size_a: width and height of A in pixels.
        size_b: likewise of B.

    Returns:
        `None` if the map cannot be inverted, or the place goes to infinity.
    """
    facing = _facing(matrix)
    if facing is None:
        return None
    x, y, depth = facing @ (*at, 1.0)
    if abs(depth) <= _SINGULAR * np.abs(facing).max():
        return None
    there = np.array([(x / depth,), (y / depth,)])
    shares = (facing[:2, :2] - there * facing[2, :2]) / depth
    (xx, xy), (yx, yy) = np.diag(size_b) @ shares @ np.diag((1 / size_a[0], 1 / size_a[1]))
    mirrors = bool(xx * yy - xy * yx < 0)
    if mirrors:
        xx, yx = -xx, -yx  # mirrored left to right before all else
    one, other = math.hypot(xx, yx), math.hypot(xy, yy)
    return Bend(
        scale=math.sqrt(abs(xx * yy - xy * yx)),
        degrees=math.degrees(math.atan2(yx - xy, xx + yy)),
        mirrors=mirrors,
        aspect=one / other,
        shear=float(xx * xy + yx * yy) / (one * other),
    )


def inverse_of(matrix: ArrayLike) -> Matrix | None:
    """The map back from B to A; `None` if there is none."""
    facing = _facing(matrix)
    return None if facing is None else np.asarray(np.linalg.inv(facing))


def mapped(matrix: NDArray[np.floating[Any]], points: Points) -> list[Point]:
    """Where a map brings some points, which must not lie on its horizon. Takes matrices of two rows too."""
    places = np.array([*map(tuple, points)], float).reshape(-1, 2)
    moved = places @ matrix[:2, :2].T + matrix[:2, 2]
    if len(matrix) > 2:
        moved = moved / (places @ matrix[2, :2] + matrix[2, 2])[:, None]
    return [(float(x), float(y)) for x, y in moved]


def square(box: Box = WHOLE) -> Polygon:
    """The corners of a box."""
    left, upper, right, lower = box
    return (left, upper), (right, upper), (right, lower), (left, lower)


def clipped(points: Points, box: Box = WHOLE) -> Polygon:
    """The part of a convex polygon inside a box; may be empty."""
    left, upper, right, lower = box
    return _cut_by(
        tuple(points), [np.array(line) for line in ((1, 0, -left), (-1, 0, right), (0, 1, -upper), (0, -1, lower))]
    )


def area(points: Points) -> float:
    """Of a polygon, whichever way round it goes (the shoelace formula)."""
    pairs = zip(points, [*points[1:], *points[:1]], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2


def middle(points: Points) -> Point:
    """The centre of mass of a convex polygon; of one without area, the mean of its corners.

    Raises:
        ValueError: if it has no corners.
    """
    if not points:
        raise ValueError("expected a polygon with corners, got an empty one")
    # About one of the corners: of a polygon that is small and far away, the terms would cancel.
    left, upper = points[0]
    moved = [(x - left, y - upper) for x, y in points]
    terms = [(x * v - u * y, x + u, y + v) for (x, y), (u, v) in zip(moved, [*moved[1:], *moved[:1]], strict=True)]
    whole = 3 * sum(weight for weight, _, _ in terms)
    if abs(whole) < 6 * _NOTHING:
        return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)
    return (
        left + sum(weight * x for weight, x, _ in terms) / whole,
        upper + sum(weight * y for weight, _, y in terms) / whole,
    )


def contains(polygon: Points, points: ArrayLike) -> NDArray[np.bool_]:
    """Which points lie in a convex polygon or on its edge.

    Args:
        polygon: its corners, whichever way round.
        points: shape (n, 2).

    Returns:
        Shape (n,); all false if the polygon has no area.
    """
    places = np.asarray(points, np.float64).reshape(-1, 2)
    corners = np.array([*map(tuple, polygon)], float).reshape(-1, 2)
    if area(polygon) < _NOTHING:
        return np.zeros(len(places), np.bool_)
    along = np.roll(corners, -1, axis=0) - corners
    away = places[:, None, :] - corners
    sides = along[:, 0] * away[..., 1] - along[:, 1] * away[..., 0]
    return np.asarray((sides >= -_NOTHING).all(axis=1) | (sides <= _NOTHING).all(axis=1))


def hull_of(points: ArrayLike) -> Polygon:
    """The smallest convex polygon around some points (the monotone chain of Andrew 1979).

    Args:
        points: shape (n, 2).

    Returns:
        Its corners; fewer than three if the points lie on a line.
    """
    rows = np.unique(np.asarray(points, np.float64).reshape(-1, 2), axis=0)  # sorted by x, then by y
    places = [(float(x), float(y)) for x, y in rows]
    if len(places) < 3:
        return tuple(places)
    return (*_half_hull(places), *_half_hull(places[::-1]))


def _half_hull(places: Sequence[Point]) -> list[Point]:
    """The side of the hull from the first point to the last, without the last."""
    kept: list[Point] = []
    for x, y in places:
        while len(kept) > 1:
            (a, b), (c, d) = kept[-2:]
            if (c - a) * (y - b) - (d - b) * (x - a) > 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept[:-1]


def in_pixels(points: Points, size: tuple[int, int]) -> list[Point]:
    """From shares of the sides to pixels of a picture so wide and high."""
    width, height = size
    return [(x * width, y * height) for x, y in points]


def in_shares(points: Points, size: tuple[int, int]) -> list[Point]:
    """From pixels of a picture so wide and high to shares of its sides.

    Raises:
        ValueError: if a side is no longer than 0.
    """
    width, height = size
    if min(size) <= 0:
        raise ValueError(f"expected a picture with pixels, got {width} x {height}")
    return [(x / width, y / height) for x, y in points]


def _facing(matrix: ArrayLike) -> Matrix | None:
    """The matrix with the sign that puts A's middle before the horizon; `None` if it is no map of a plane."""
    given = np.asarray(matrix, np.float64)
    if given.shape != (3, 3):
        raise ValueError(f"expected a matrix of shape (3, 3), got {given.shape}")
    largest = float(np.abs(given).max())
    if not math.isfinite(largest) or largest == 0:
        return None
    scaled = given / largest
    if abs(np.linalg.det(scaled)) < _SINGULAR:
        return None
    return -scaled if scaled[2] @ (0.5, 0.5, 1.0) < 0 else scaled


def _cut_by(points: Polygon, lines: Iterable[Matrix]) -> Polygon:
    """What lies on the positive side of each line `ax + by + c = 0` (Sutherland and Hodgman 1974)."""
    for line in lines:
        points = _cut(points, line)
    return points


def _cut(points: Polygon, line: Matrix) -> Polygon:
    a, b, c = map(float, line)
    kept: list[Point] = []
    for one, other in zip(points, points[1:] + points[:1], strict=True):
        before, after = (a * x + b * y + c for x, y in (one, other))
        if before >= 0:
            kept.append(one)
        if before * after < 0:
            share = before / (before - after)
            kept.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
    return tuple(kept)


def _within(share: float) -> float:
    """Without what rounding has put beyond the frame."""
    return min(1.0, max(0.0, share))
