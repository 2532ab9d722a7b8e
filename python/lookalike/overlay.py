"""Two looks laid onto each other by a map: do the pictures agree where both show the same?

Of two thumbs the one with fewer cells in the common region gives the cells; the other is averaged over each of them.
What is compared is mostly how the grey values change from cell to cell: gain and bias do not matter then, and a
ground of one colour proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .looks import Look
from .regions import WHOLE, Box, Matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["Agreement", "agreement_of"]

_SIDE = 32
# Samples along a side of a cell.
_FINE = 4
# With fewer cells in common there is nothing to compare.
_LEAST = 9
# Cells around one that are compared at a time, to each side: few, to see where a thing lies over the picture; or more.
_FEW, _MORE = 1, 2
# Mean square of the changes around a cell, in grey values, below which there is nothing to see.
_FLAT = 2.0
# Correlations from which on the surroundings of a cell agree, and below which they do not.
_AGREES, _DIFFERS = 0.7, 0.4
# How much weaker one picture's changes may be than the other's for both to show something: squared.
_WEAKER = 0.2
# A pattern comes again after this many cells or more, and is looked for where so much of the region lies on itself.
_APART, _ON_ITSELF = 2.5, 0.4
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two pictures agree where both show the same.

    Attributes:
        cells: how many cells were compared, 0 to 1,024; with fewer than 9 all else is 0.
        changes: correlation of the changes of grey from cell to cell, -1 to 1.
        agreeing: share of cells whose surroundings agree, of those with something to see.
        clashing: share of them where both pictures show something, and not the same: what lies over a picture, such as
            a sticker, seldom meets as much behind it.
        middle: median of the correlations of the surroundings, -1 to 1.
        repeated: how like itself the less repetitive of both is when it is moved, -1 to 1: stripes agree with any
            others.
    """

    cells: int = 0
    changes: float = 0.0
    agreeing: float = 0.0
    clashing: float = 0.0
    middle: float = 0.0
    repeated: float = 0.0


def agreement_of(a: Look, b: Look, matrix: Matrix, frame: Box = WHOLE) -> Agreement:
    """Lay a picture onto another, or onto what a frame shows of it.

    Args:
        a: the look of the first.
        b: of the second.
        matrix: 3 x 3, from A to B in shares of the whole pictures' sides; it can be inverted.
        frame: what counts of B, in the same shares.
    """
    inside: Matrix = np.asarray(np.linalg.inv(_from_box(b)) @ matrix @ _from_box(a), np.float64)
    back: Matrix = np.asarray(np.linalg.inv(inside), np.float64)
    forth, mine = _common(inside), _common(back)
    if forth <= mine:
        own, other, shared = _laid(a, b, inside, _within(b, frame), WHOLE)
    else:
        own, other, shared = _laid(b, a, back, WHOLE, _within(b, frame))
    return _compared(own, other, shared) if int(shared.sum()) >= _LEAST else Agreement(int(shared.sum()))


def _from_box(look: Look) -> Matrix:
    """From shares of the thumb's sides to shares of the whole picture's."""
    left, upper, right, lower = look.box or WHOLE
    return np.array([[right - left, 0.0, left], [0.0, lower - upper, upper], [0.0, 0.0, 1.0]])


def _within(look: Look, frame: Box) -> Box:
    """A frame in shares of the thumb's sides."""
    left, upper, right, lower = look.box or WHOLE
    wide, high = right - left, lower - upper
    return (frame[0] - left) / wide, (frame[1] - upper) / high, (frame[2] - left) / wide, (frame[3] - upper) / high


@cache
def _places(side: int) -> NDArray[np.float64]:
    """Middles of `side` x `side` cells, row by row, as columns `(3, n)`."""
    middles = (np.arange(side) + 0.5) / side
    across, down = np.meshgrid(middles, middles)
    return np.stack([across.ravel(), down.ravel(), np.ones(side * side)])


def _mapped(matrix: Matrix, side: int) -> tuple[Grid, Grid, Mask]:
    """Where the cells' middles come to, and whether that is inside."""
    x, y, depth = matrix @ _places(side)
    # What lies behind the horizon of a perspective is nowhere.
    ahead = depth * (matrix[2] @ (0.5, 0.5, 1.0)) > 0
    depth = np.where(ahead, depth, 1.0)
    x, y = x / depth, y / depth
    inside: Mask = ahead & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    return x, y, inside


def _common(matrix: Matrix) -> int:
    return int(_mapped(matrix, _SIDE)[2].sum())


def _laid(coarse: Look, fine: Look, matrix: Matrix, frame: Box, own_frame: Box) -> tuple[Grid, Grid, Mask]:
    """The grey of one, that of the other under its cells, and which cells lie in both, inside of both frames."""
    side = _SIDE * _FINE
    x, y, inside = _mapped(matrix, side)
    across, down, _ = _places(side)
    inside = inside & _contained(x, y, frame) & _contained(across, down, own_frame)
    blocks = (_SIDE, _FINE, _SIDE, _FINE)
    other = _sampled(fine.grey, x, y).reshape(blocks).mean(axis=(1, 3))
    shared: Mask = np.asarray(inside.reshape(blocks).all(axis=(1, 3)))
    return coarse.grey.astype(np.float64), np.asarray(other, np.float64), shared


def _contained(x: Grid, y: Grid, frame: Box) -> Mask:
    left, upper, right, lower = frame
    return np.asarray((x >= left) & (x <= right) & (y >= upper) & (y <= lower))


def _sampled(grey: NDArray[np.uint8], x: Grid, y: Grid) -> Grid:
    """Grey values between the cells, in proportion."""
    last = _SIDE - 1
    x, y = np.clip(x * _SIDE - 0.5, 0, last), np.clip(y * _SIDE - 0.5, 0, last)
    left, upper = np.minimum(x.astype(np.intp), last - 1), np.minimum(y.astype(np.intp), last - 1)
    right_share, lower_share = x - left, y - upper
    values = grey.astype(np.float64)
    above = values[upper, left] * (1 - right_share) + values[upper, left + 1] * right_share
    below = values[upper + 1, left] * (1 - right_share) + values[upper + 1, left + 1] * right_share
    return np.asarray(above * (1 - lower_share) + below * lower_share)


def _compared(own: Grid, other: Grid, shared: Mask) -> Agreement:
    mine, its = _changes(own, shared), _changes(other, shared)
    product, power, its_power = _product(mine, its), _product(mine, mine), _product(its, its)
    few = _near(product, power, its_power, _FEW, shared)
    more = _near(product, power, its_power, _MORE, shared)
    count = max(1, int(few.seen.sum()))
    clashing = few.seen & (few.near < _DIFFERS) & (few.weaker > _WEAKER * few.stronger)
    return Agreement(
        cells=int(shared.sum()),
        changes=float(product.sum() / np.sqrt(power.sum() * its_power.sum() + _TINY)),
        agreeing=float((few.seen & (few.near > _AGREES)).sum() / count),
        clashing=float(clashing.sum() / count),
        middle=float(np.median(more.near[more.seen])) if more.seen.any() else 0.0,
        repeated=min(_repeated(mine, power, shared), _repeated(its, its_power, shared)),
    )


class _Near(NamedTuple):
    """Of the surroundings of each cell: their correlation, their powers, and whether there is anything to see."""

    near: Grid
    weaker: Grid
    stronger: Grid
    seen: Mask


def _near(product: Grid, power: Grid, its_power: Grid, around: int, shared: Mask) -> _Near:
    # Sums of squares, but for rounding.
    mine, its = (np.maximum(_around(grid, around), 0.0) for grid in (power, its_power))
    near = _around(product, around) / np.sqrt(mine * its + _TINY)
    stronger = np.maximum(mine, its)
    return _Near(near, np.minimum(mine, its), stronger, shared & (stronger > _FLAT * (2 * around + 1) ** 2))


def _repeated(changes: tuple[Grid, Grid], power: Grid, shared: Mask) -> float:
    """The greatest correlation of a picture's changes with themselves some cells away, by Fourier transforms."""
    size = (2 * _SIDE, 2 * _SIDE)
    across, down, energy, mask = (np.fft.rfft2(grid, size) for grid in (*changes, power, shared.astype(np.float64)))
    with_itself = np.fft.irfft2(np.abs(across) ** 2 + np.abs(down) ** 2, size)
    on_itself = np.fft.irfft2(np.abs(mask) ** 2, size)
    here, there = np.fft.irfft2(energy * mask.conj(), size), np.fft.irfft2(energy.conj() * mask, size)
    far = _far() & (on_itself >= _ON_ITSELF * shared.sum())
    # A quarter of the power at least: what is left on flat ground by moving is noise.
    far &= np.minimum(here, there) > power.sum() / 4
    return float((with_itself / np.sqrt(np.maximum(here * there, _TINY)))[far].max()) if far.any() else 0.0


@cache
def _far() -> Mask:
    """Which moves are no small ones, in the order of a Fourier transform."""
    moves = np.fft.fftfreq(2 * _SIDE, 1 / (2 * _SIDE))
    return np.asarray(np.hypot(moves[:, None], moves) >= _APART)


def _changes(grid: Grid, shared: Mask) -> tuple[Grid, Grid]:
    """To the next cell on the right and below, where both are shared; else 0."""
    across, down = np.zeros_like(grid), np.zeros_like(grid)
    across[:, :-1] = np.diff(grid, axis=1) * (shared[:, 1:] & shared[:, :-1])
    down[:-1] = np.diff(grid, axis=0) * (shared[1:] & shared[:-1])
    return across, down


def _product(a: tuple[Grid, Grid], b: tuple[Grid, Grid]) -> Grid:
    return a[0] * b[0] + a[1] * b[1]


def _around(grid: Grid, reach: int) -> Grid:
    """Sums over the cells around each, `reach` of them to each side."""
    padded = np.pad(grid, ((reach + 1, reach), (reach + 1, reach))).cumsum(axis=0).cumsum(axis=1)
    step = 2 * reach + 1
    return np.asarray(padded[step:, step:] - padded[:-step, step:] - padded[step:, :-step] + padded[:-step, :-step])
