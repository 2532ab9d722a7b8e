"""What is left of a picture that was cut to the form of its place, such as one of a collage's.

Its map says where all of it would lie, and there its neighbours are. The keypoints that agree tell how much is left:
a strip, where one of its sides was kept whole, or a little of both was cut away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .regions import WHOLE, Box, Matrix, Region, region_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Cut", "cuts_of"]

# How far beyond the outermost keypoint a picture may go on: nearer to its edge than half a patch there is none.
_BEYOND = (0.0, 0.02, 0.05)
# What is left of a side.
_LEAST, _MOST = 0.3, 0.97
# And of both, if both were cut: the less is left, the more views of one thing look like it.
_MUCH = 0.55


class Cut(NamedTuple):
    """A part of one of two pictures that may be all that the other shows of it.

    Attributes:
        frame: the part, in shares of the picture's sides.
        of_query: whether it is one of the query, and not of the other picture.
        region: what both show then.
    """

    frame: Box
    of_query: bool
    region: Region


def cuts_of(matrix: Matrix, region: Region, places: NDArray[np.float64]) -> Iterator[Cut]:
    """The parts that may be left of the picture that lies in the other.

    Args:
        matrix: 3 x 3, from the query to the other, in shares of the sides.
        region: what both show by it.
        places: float64 `(n, 4)`, of keypoints that agree: x and y in the query, x and y in the other.
    """
    if region.is_whole or not len(places):
        return
    of_query = region.of_a > region.of_b
    own = places[:, :2] if of_query else places[:, 2:]
    for beyond in _BEYOND:
        low, high = own.min(axis=0) - beyond, own.max(axis=0) + beyond
        (left, upper), (right, lower) = low.clip(0.0, 1.0).tolist(), high.clip(0.0, 1.0).tolist()
        across, down = right - left, lower - upper
        frames = [((left, 0.0, right, 1.0), across), ((0.0, upper, 1.0, lower), down)]
        if min(across, down) >= _MUCH:
            frames.append(((left, upper, right, lower), max(across, down)))
        for frame, side in frames:
            if _LEAST <= side <= _MOST:
                shared = region_of(matrix, frame, WHOLE) if of_query else region_of(matrix, WHOLE, frame)
                if shared:
                    yield Cut(frame, of_query, shared)
