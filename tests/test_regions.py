"""What two pictures share, against a count of places, and by its properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lookalike.regions import (
    Region,
    area,
    bend_of,
    clipped,
    contains,
    in_pixels,
    in_shares,
    inverse_of,
    mapped,
    middle,
    region_of,
    square,
)

NARROW = st.floats(-0.3, 0.3)


@st.composite
def maps(draw: st.DrawFn, tilt: float = 0.25) -> np.ndarray:
    """Maps as between a picture and its edits: turned, scaled, sheared, moved, a little tilted."""
    angle, scale = draw(st.floats(-math.pi, math.pi)), 2 ** draw(st.floats(-2, 2))
    turn = np.array([(math.cos(angle), -math.sin(angle), 0), (math.sin(angle), math.cos(angle), 0), (0, 0, 1)])
    stretch = np.array([(scale * (1 + draw(NARROW)), draw(NARROW), 0), (0, scale, 0), (0, 0, 1)])
    lean = np.eye(3)
    lean[2, :2] = draw(st.floats(-tilt, tilt)), draw(st.floats(-tilt, tilt))
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2] = -0.5
    back[:2, 2] = 0.5 + draw(st.floats(-1, 1)), 0.5 + draw(st.floats(-1, 1))
    mirror = np.diag((draw(st.sampled_from((-1.0, 1.0))), 1.0, 1.0))
    return np.asarray(back @ lean @ turn @ mirror @ stretch @ to_middle)


def counted(matrix: np.ndarray, side: int = 200) -> float:
    """Share of A's places that the map brings into B, one by one."""
    ticks = (np.arange(side) + 0.5) / side
    places = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    depth = places @ matrix[2, :2] + matrix[2, 2]
    there = (places @ matrix[:2, :2].T + matrix[:2, 2]) / depth[:, None]
    return float(((there >= 0) & (there <= 1)).all(axis=1)[depth > 0].sum() / side**2)


@given(maps())
def test_the_shares_are_those_of_a_count(matrix: np.ndarray) -> None:
    found = region_of(matrix)
    assert found.of_a == pytest.approx(counted(matrix), abs=0.02)


@given(maps())
def test_the_outlines_are_in_both_frames_and_one_is_the_other(matrix: np.ndarray) -> None:
    found = region_of(matrix)
    assert len(found.in_a) == len(found.in_b)
    assert len(found.in_a) == 0 or 3 <= len(found.in_a) <= 8
    assert all(0 <= share <= 1 for outline in (found.in_a, found.in_b) for place in outline for share in place)
    assert 0 <= found.of_a <= 1
    assert 0 <= found.of_b <= 1
    if found:
        assert mapped(matrix, found.in_a) == pytest.approx(np.array(found.in_b), abs=1e-6)
        assert contains(found.in_a, [middle(found.in_a)]).all()


@given(maps(tilt=0.1))
def test_it_is_the_same_from_the_other_side(matrix: np.ndarray) -> None:
    back = inverse_of(matrix)
    assert back is not None
    # From either side all of the other frame must be before the horizon.
    assume((square_depths(matrix) > 0.05).all() and (square_depths(back) > 0.05).all())
    there, here = region_of(matrix), region_of(back)
    assert (there.of_a, there.of_b) == pytest.approx((here.of_b, here.of_a), abs=1e-6)


def square_depths(matrix: np.ndarray) -> np.ndarray:
    depths = np.array([(x, y, 1.0) for x, y in square()]) @ matrix[2]
    return np.asarray(depths / np.abs(depths).max())


@given(maps(), st.floats(-100, 100).filter(lambda factor: abs(factor) > 0.01))
def test_a_factor_is_no_other_map(matrix: np.ndarray, factor: float) -> None:
    one, other = region_of(matrix), region_of(factor * matrix)
    assert (one.of_a, one.of_b) == pytest.approx((other.of_a, other.of_b), abs=1e-9)


@given(maps())
def test_clipping_twice_is_clipping_once(matrix: np.ndarray) -> None:
    outline = clipped([(3 * x - 1, 3 * y - 1) for x, y in region_of(matrix).in_a])
    assert area(clipped(outline)) == pytest.approx(area(outline), abs=1e-9)
    assert area(outline) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("matrix", "of_a", "of_b"),
    [
        (np.eye(3), 1, 1),
        (np.diag((0.5, 0.5, 1)), 1, 0.25),
        (np.diag((2, 2, 1)), 0.25, 1),
        ([(-1, 0, 1), (0, 1, 0), (0, 0, 1)], 1, 1),
        ([(1, 0, 0.5), (0, 1, 0.5), (0, 0, 1)], 0.25, 0.25),
        ([(1, 0, 1), (0, 1, 0), (0, 0, 1)], 0, 0),  # they touch along a side
        ([(1, 0, 1), (0, 1, 1), (0, 0, 1)], 0, 0),  # and in a corner
        ([(1, 0, 9), (0, 1, 0), (0, 0, 1)], 0, 0),
        (np.diag((1e-6, 1e-6, 1)), 0, 0),
    ],
)
def test_known_shares(matrix: object, of_a: float, of_b: float) -> None:
    found = region_of(matrix)  # type: ignore[arg-type]
    assert (found.of_a, found.of_b) == pytest.approx((of_a, of_b))
    assert bool(found) == (of_a > 0)


@given(maps())
def test_frames_are_corners_of_the_whole(matrix: np.ndarray) -> None:
    """Each picture in four: the pieces of what they share make up the whole of it."""
    halves = [(x, y, x + 0.5, y + 0.5) for x in (0, 0.5) for y in (0, 0.5)]
    pieces = [region_of(matrix, a, b) for a in halves for b in halves]
    whole = region_of(matrix)
    assert sum(piece.of_a for piece in pieces) == pytest.approx(whole.of_a, abs=1e-6)
    assert sum(piece.of_b for piece in pieces) == pytest.approx(whole.of_b, abs=1e-6)


def test_what_is_behind_the_horizon_does_not_count() -> None:
    # The horizon is at x = 0.8: right of it B would be seen again, upside down.
    matrix = np.array([(0.1, 0, 0), (0, 0.1, 0), (-1, 0, 0.8)])
    found = region_of(matrix)
    assert found
    assert max(x for x, _ in found.in_a) < 0.8
    assert found.of_a == pytest.approx(counted(matrix), abs=0.01)
    assert (region_of(-matrix).of_a, region_of(-matrix).of_b) == pytest.approx((found.of_a, found.of_b))


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 3)),
        np.diag((1.0, 0.0, 1.0)),
        np.full((3, 3), np.nan),
        np.full((3, 3), np.inf),
        [(1, 2, 3), (2, 4, 6), (0, 0, 1)],
        np.diag((1, 1, 0)),
    ],
)
def test_what_is_no_map_shares_nothing(matrix: object) -> None:
    assert region_of(matrix) == Region()  # type: ignore[arg-type]
    assert inverse_of(matrix) is None  # type: ignore[arg-type]
    assert bend_of(matrix, (0.5, 0.5), (10, 10), (10, 10)) is None  # type: ignore[arg-type]


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a matrix of shape \(3, 3\), got \(2, 3\)"):
        region_of(np.eye(3)[:2])
    with pytest.raises(ValueError, match="got 0 x 9"):
        in_shares([(1, 1)], (0, 9))
    with pytest.raises(ValueError, match="got an empty one"):
        middle(())


def test_polygons() -> None:
    assert area(clipped([(-1, -1), (0.5, -1), (0.5, 2), (-1, 2)])) == pytest.approx(0.5)
    assert area(clipped(square())) == 1
    assert clipped([(2, 2), (3, 2), (3, 3)]) == ()
    assert area(()) == 0
    # A square on its point, half as wide as the other's diagonal.
    assert area(clipped([(0.5, -0.5), (1.5, 0.5), (0.5, 1.5), (-0.5, 0.5)])) == pytest.approx(1.0)
    assert area(clipped([(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)])) == pytest.approx(0.5)
    assert middle([(0, 0), (1, 0), (0, 1)]) == pytest.approx((1 / 3, 1 / 3))
    assert middle([(0, 0), (0, 1)]) == (0, 0.5)
    assert middle(square((0.2, 0.4, 0.6, 0.5))) == pytest.approx((0.4, 0.45))


def test_points_inside() -> None:
    places = [(0.5, 0.5), (0, 0), (1.1, 0.5), (0.5, -0.1)]
    assert contains(square(), places).tolist() == [True, True, False, False]
    assert contains(square()[::-1], places).tolist() == [True, True, False, False]
    assert contains((), places).tolist() == [False] * 4
    assert contains(square(), []).tolist() == []


def test_pixels_and_shares() -> None:
    assert in_pixels([(0.5, 0.25)], (200, 100)) == [(100, 25)]
    assert in_shares(in_pixels([(0.5, 0.25)], (200, 100)), (200, 100)) == [(0.5, 0.25)]


@given(st.floats(-179, 179), st.floats(0.2, 5), st.booleans(), st.floats(0, 1), st.floats(0, 1))
def test_what_a_map_does_to_pixels(degrees: float, scale: float, mirrors: bool, x: float, y: float) -> None:
    angle = math.radians(degrees)
    turn = scale * np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    matrix = np.eye(3)
    mirror = np.diag((-1.0 if mirrors else 1.0, 1.0))
    matrix[:2, :2] = np.diag((1 / 300, 1 / 200)) @ turn @ mirror @ np.diag((640, 480))
    found = bend_of(matrix, (x, y), (640, 480), (300, 200))
    assert found is not None
    assert (found.scale, found.degrees, found.mirrors, found.aspect) == pytest.approx((scale, degrees, mirrors, 1))
    assert found.shear == pytest.approx(0, abs=1e-9)


def test_what_a_tilted_map_does_depends_on_the_place() -> None:
    matrix = np.array([(1, 0, 0), (0, 1, 0), (1, 0, 1)], float)
    near, far = (bend_of(matrix, (x, 0.5), (100, 100), (100, 100)) for x in (0.0, 1.0))
    assert near is not None
    assert far is not None
    assert near.scale > 2 * far.scale
    # By small steps, the derivative is what it says.
    step = 1e-5
    (x, y), (u, v), (p, q) = mapped(matrix, [(0.3, 0.4), (0.3 + step, 0.4), (0.3, 0.4 + step)])
    (xx, xy), (yx, yy) = np.array([(u - x, p - x), (v - y, q - y)]) / step
    there = bend_of(matrix, (0.3, 0.4), (100, 100), (100, 100))
    assert there is not None
    assert there.scale == pytest.approx(math.sqrt(abs(xx * yy - xy * yx)), rel=1e-3)
    assert bend_of(matrix, (-1.0, 0.5), (100, 100), (100, 100)) is None


def test_what_lies_on_another_as_a_whole_or_scaled() -> None:
    whole = region_of(np.array([[1.0, 0, 0.02], [0, 1, 0], [0, 0, 1]]))
    assert (whole.is_whole, whole.is_scaled) == (True, False)
    aside = region_of(np.array([[1.0, 0, 0.2], [0, 1, 0], [0, 0, 1]]))
    assert (aside.is_whole, aside.is_scaled) == (False, False)
    for matrix in (np.diag([0.7, 0.7, 1.0]), np.diag([1.5, 1.5, 1.0])):
        within = region_of(matrix)
        assert (within.is_whole, within.is_scaled) == (False, True)
