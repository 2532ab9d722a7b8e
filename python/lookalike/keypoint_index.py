"""Keypoints compared with geometry, and found among those of many pictures.

Keypoints are bytes here, as in the column `keypoints`. Units are 512ths of the longer side of the plane in which
keypoints were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np

from ._core import KeypointBuilder, Keypoints, match_keypoints

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Candidates", "Figures", "KeypointIndex", "PairMatch", "match_pairs", "search_indexes"]

PROBES = 8
"""Lists that are asked for each keypoint of a query."""

PIECE = 1024
"""Pictures that are handed over at a time."""

Model = Literal["similarity", "affine", "homography", "none"]


class Figures(NamedTuple):
    """What tells a true match from a chance one; all 0 if there is none.

    Attributes:
        cells: inliers in different cells of 8 units: a corner that was found three times counts once.
        surprise: -log10 of how many maps with so many inliers are expected by chance.
        quality: the sum of how much likelier the codes of each cell's inlier are in pictures that show the same than in
            others, natural logarithms.
        query_inside: keypoints of the query in the region that both show.
        other_inside: keypoints of the other in it.
        residual: how far off the inliers are, in units of the other: the root of the mean square.
        distance: bits in which they differ, on the mean.
        query_spread: the smaller standard deviation of their positions in the query, in units.
        other_spread: the same in the other.
        query_hull: the area of their convex hull as a share of the query.
        other_hull: the same in the other.
    """

    cells: float
    surprise: float
    quality: float
    query_inside: float
    other_inside: float
    residual: float
    distance: float
    query_spread: float
    other_spread: float
    query_hull: float
    other_hull: float


class PairMatch(NamedTuple):
    """What a query and another picture have in common.

    Attributes:
        tentative: pairs of keypoints that look the same.
        inliers: those that agree on the map: numbers in the query and in the other, shape `(n, 2)`, uint16.
        matrix: from the query to the other in shares of the sides, shape `(3, 3)`, float64; None without a match.
        model: its sort.
        scale: how much larger things are in the other, in units.
        rotation: by how many degrees they are turned there, clockwise.
        figures: how sure that is.
    """

    tentative: int
    inliers: NDArray[np.uint16]
    matrix: NDArray[np.float64] | None
    model: Model
    scale: float
    rotation: float
    figures: Figures


def match_pairs(query: bytes, others: Sequence[bytes]) -> list[PairMatch]:
    """Compare a picture's keypoints with those of others.

    Raises:
        ValueError: for what are no keypoints.
    """
    return [_pair(*answer) for answer in match_keypoints(query, list(others))]


def _pair(
    tentative: int,
    inliers: bytes,
    matrix: list[float] | None,
    model: str,
    scale: float,
    rotation: float,
    figures: list[float],
) -> PairMatch:
    return PairMatch(
        tentative,
        np.frombuffer(inliers, "<u2").reshape(-1, 2),
        None if matrix is None else np.array(matrix).reshape(3, 3),
        cast(Model, model),
        scale,
        rotation,
        Figures(*figures),
    )


class Candidates(NamedTuple):
    """Pictures that may show the same as a query, the likeliest first.

    Attributes:
        rows: row numbers, int64.
        scores: how much speaks for each, a natural logarithm, float32.
        blobs: which of the query's blobs it is like, uint32.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    blobs: NDArray[np.uint32]


class KeypointIndex:
    """Keypoints of many pictures, by what is alike in them: it finds candidates, most of which are to be dismissed by
    `match_pairs`. It never changes, and threads can share it.

    It is made by `build`, `merge` or `open`. In memory or in a file, it is the same bytes: 12 a keypoint, 8 a picture.
    """

    def __init__(self, index: Keypoints) -> None:
        self._index = index

    @classmethod
    def build(
        cls,
        rows: ArrayLike,
        blobs: Iterable[bytes],
        *,
        path: str | PathLike[str] | None = None,
        about: Mapping[str, str] | None = None,
    ) -> KeypointIndex:
        """An index of pictures.

        Args:
            rows: a number for each, int64.
            blobs: their keypoints. Not all of them need be in memory.
            path: a file to make; it is there when it is complete, and replaces one that was. With it, building takes
                about 400 MB of memory at most; without, all that it needs.
            about: short texts by name, kept in the index.

        Raises:
            ValueError: for rows and blobs that do not fit together, and what are no keypoints.
            OSError: if the file cannot be written; nothing of it is left.
        """
        numbers: NDArray[Any] = np.asarray(rows)
        builder = KeypointBuilder(None if path is None else fspath(path))
        done = 0
        left = iter(blobs)
        while piece := list(islice(left, PIECE)):
            builder.push(_rows(numbers[done : done + len(piece)]), piece)
            done += len(piece)
        if numbers.shape != (done,):
            raise ValueError(f"expected a row for each of {done} pictures, got shape {numbers.shape}")
        return cls(builder.finish(_texts(about)))

    @classmethod
    def open(cls, path: str | PathLike[str]) -> KeypointIndex:
        """An index in a file, which is mapped into memory: what is not searched is not read.

        Raises:
            ValueError: if it is no index, of another version, or not as long as it should be.
            OSError: if it cannot be read.
        """
        return cls(Keypoints.open(fspath(path)))

    @classmethod
    def merge(
        cls,
        parts: Sequence[tuple[KeypointIndex, ArrayLike]],
        *,
        path: str | PathLike[str] | None = None,
        about: Mapping[str, str] | None = None,
    ) -> KeypointIndex:
        """One index of several, in their order, each without the rows that are named with it; otherwise as `build`."""
        pairs = [(part._index, _rows(removed)) for part, removed in parts]
        return cls(Keypoints.merge(pairs, _texts(about), None if path is None else fspath(path)))

    def write(self, path: str | PathLike[str], about: Mapping[str, str] | None = None) -> KeypointIndex:
        """Write it to a file, with other texts about it if they are given, and open that; errors as `build`."""
        return self.merge([(self, ())], path=path, about=self.about if about is None else about)

    def __len__(self) -> int:
        return self._index.images

    def __repr__(self) -> str:
        return f"KeypointIndex({len(self):,} pictures, {self.keypoints:,} keypoints)"

    @property
    def keypoints(self) -> int:
        """How many keypoints all pictures have."""
        return self._index.entries

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each picture, in the order in which they were added."""
        return np.frombuffer(self._index.rows(), "<i8")

    @property
    def about(self) -> dict[str, str]:
        """The texts that were given when it was built."""
        return dict(self._index.about)

    @property
    def checksum(self) -> int:
        """A number below 2**64 that stands for the contents: read from the file's header, and proved by `verify`."""
        return self._index.checksum

    @property
    def nbytes(self) -> int:
        """Bytes of the file, or in memory."""
        return self._index.nbytes

    def verify(self) -> None:
        """Read everything: is it what was written, and is it sound?

        Raises:
            ValueError: says what is not.
        """
        self._index.verify()

    def search(self, blobs: Sequence[bytes], k: int, *, removed: ArrayLike = (), probes: int = PROBES) -> Candidates:
        """The pictures that are likeliest to show what a query shows.

        It is no exact search: a picture with few keypoints in common may be missed, and most that are found are chance.

        Args:
            blobs: the query's keypoints, in each way in which it may be: upright, mirrored.
            k: the most pictures, 1 or more.
            removed: rows that do not count.
            probes: lists that are asked for each keypoint, 1 to 64: more find more, and take longer.

        Raises:
            ValueError: for what are no keypoints, and arguments out of range.
        """
        return search_indexes([(self, removed)], blobs, k, probes=probes)


def search_indexes(
    parts: Sequence[tuple[KeypointIndex, ArrayLike]], blobs: Sequence[bytes], k: int, *, probes: int = PROBES
) -> Candidates:
    """Search several indexes, each with rows that do not count, as if they were one: see `KeypointIndex.search`.

    The scores are those of one index of all, and the query's keypoints are looked at only once.
    """
    if int(k) < 1:
        raise ValueError(f"expected k of 1 or more, got {k}")
    pairs = [(part._index, _rows(removed)) for part, removed in parts]
    found, scores, which = Keypoints.search(pairs, list(blobs), int(k), int(probes))
    return Candidates(np.frombuffer(found, "<i8"), np.frombuffer(scores, "<f4"), np.frombuffer(which, "<u4"))


def _rows(rows: ArrayLike) -> bytes:
    numbers: NDArray[Any] = np.asarray(rows)
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise ValueError(f"expected whole numbers as rows, got {numbers.dtype} of shape {numbers.shape}")
    if len(numbers) and numbers.dtype.kind == "u" and int(numbers.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"expected row numbers below 2**63, got {numbers.max()}")
    return numbers.astype("<i8").tobytes()


def _texts(about: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return [(str(name), str(text)) for name, text in (about or {}).items()]
