"""The second look: is one picture a copy of another, and how does it lie on it?

Two thumbs of 32 by 32 grey values are laid onto each other: an affine map and a gain and bias are found that make them
agree best (Lucas and Kanade 1981, in the composed form of Baker and Matthews 2004, with the mean of both gradients of
Benhimane and Malis 2004 and the weights of Geman and McClure 1987). How well they agree then, block by block, and how
odd the map is, go into a logistic function that was fitted to edited copies and to photographs that look alike and are
none: `confidence` is near 1 for copies and near 0 for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from . import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CONFIDENCES",
    "FEATURES",
    "LOOK_BYTES",
    "STARTS",
    "UNGUIDED",
    "Seen",
    "confidence_of",
    "features",
    "packed_tries",
    "second_look",
]

CONFIDENCES = {"strict": 0.99, "normal": 0.85, "loose": 0.5}
"""How sure a match must be, by name."""
UNGUIDED = 0.9
"""As sure as `normal` where no hash has pointed to the pair: of such pairs there are ten thousand times more."""

LOOK_BYTES = 1170
"""Bytes of a look."""

TURNS = range(1, 9)

STARTS = {"whole": 0, "inner": 1, "inner on whole": 2, "whole on inner": 3}
"""Where the search for a map begins: the query's whole picture on the other's whole one, its inner part on the other's
inner part, its inner part on the other's whole picture, its whole picture on the other's inner part."""

FEATURES = (
    "agreement",
    "gradients",
    "plain",
    "good",
    "overlap",
    "shear",
    "aspect",
    "rotation",
    "scale",
    "shift",
    "colour",
    "best",
    "energy",
    "detail",
    "fitting",
    "quality",
)
"""The figures that the confidence is made of:

- `agreement`: mean correlation of gradients in 5 by 5 blocks, strong blocks counting more; `gradients`: of the whole;
- `plain`: correlation of grey values; `good`: share of blocks that agree;
- `overlap`: share of the query that the other has; `fitting`: mean weight of the pixels of it;
- `shear`, `aspect` (log of the ratio of both scales) and `rotation` (tangent): in pixels;
- `scale` (log) and `shift` (beyond what a crop of that scale explains, in half sides): since the start;
- `colour`: how far the colours go together; `best`: mean agreement of the best three fifths of the blocks;
- `energy`: root mean square of the gradients' changes within blocks; `detail`: share of blocks that have such changes;
- `quality`: the lower of both looks' qualities, 0 to 1.
"""

_TRY = np.dtype([("look", "<u4"), ("turn", "u1"), ("start", "u1"), ("zero", "<u2")])
_NUMBERS = 12


class HasData(Protocol):
    """What a `lookalike.looks.Look` is here: something that has the bytes of one."""

    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What the second look at some pictures has shown: arrays with one entry a picture, or a try.

    Attributes:
        confidence: 0 to 1, float32.
        overlap: share of the query that the other picture has, float32.
        matrix: shape `(n, 2, 3)`, float32: from `(u, v, 1)` of the query's thumb to `(x, y)` of the other's thumb as it
            is stored, so that the turn is part of it. Both run from -1 to 1, from left to right and from top to bottom.
        gain: what the other's grey values are multiplied by to get the query's, float32.
        bias: what is added to them then, float32.
        agreement: mean agreement of blocks, -1 to 1, float32.
        turn: what was done to the other picture to get the query: an EXIF orientation, 1 to 8, uint8.
        start: where the search for the map began, see `STARTS`, uint8.
    """

    confidence: NDArray[np.float32]
    overlap: NDArray[np.float32]
    matrix: NDArray[np.float32]
    gain: NDArray[np.float32]
    bias: NDArray[np.float32]
    agreement: NDArray[np.float32]
    turn: NDArray[np.uint8]
    start: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.confidence)


def confidence_of(value: str | float) -> float:
    """How sure a match must be, from its name or number.

    Raises:
        ValueError, TypeError: if it is neither a name nor a number from 0 to 1.
    """
    if isinstance(value, str):
        if value not in CONFIDENCES:
            raise ValueError(
                f"expected a confidence among {', '.join(CONFIDENCES)}, or a number from 0 to 1; got {value!r}"
            )
        return CONFIDENCES[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a confidence as a name or a number from 0 to 1, got {type(value).__name__}")
    if not 0 <= value <= 1:
        raise ValueError(f"expected a confidence from 0 to 1, got {value}")
    return float(value)


def second_look(
    query: HasData | bytes, others: Sequence[HasData | bytes] | bytes, tries: ArrayLike | None = None
) -> Seen:
    """Looks at pictures again, from their looks alone.

    Args:
        query: a look, or its bytes.
        others: looks, or their bytes, also end to end.
        tries: shape `(n, 3)`: number of the look, turn (1 to 8), start (0 to 3). By default all turns of all looks,
            from all starts that differ.

    Returns:
        One entry a try; by default the best try of each look.

    Raises:
        ValueError: for bytes that are no looks, and tries of what is not there.
    """
    mine, theirs = _data(query), _joined(others)
    rows = _all_tries(mine, theirs) if tries is None else _given(tries)
    answer = _core.confirm(mine, theirs, rows.tobytes())
    numbers = np.frombuffer(answer, "<f4").reshape(len(rows), _NUMBERS)
    if tries is None:
        kept = _best(rows["look"], numbers[:, 0], len(theirs) // LOOK_BYTES)
        rows, numbers = rows[kept], numbers[kept]
    return Seen(
        confidence=numbers[:, 0],
        overlap=numbers[:, 1],
        matrix=numbers[:, 2:8].reshape(-1, 2, 3),
        gain=numbers[:, 8],
        bias=numbers[:, 9],
        agreement=numbers[:, 10],
        turn=rows["turn"],
        start=rows["start"],
    )


def features(
    query: HasData | bytes, others: Sequence[HasData | bytes] | bytes, tries: ArrayLike
) -> NDArray[np.float32]:
    """The figures behind the confidence of each try, shape `(n, 16)`, in the order of `FEATURES`.

    All are zero where the pictures have so little in common that nothing was measured.
    """
    rows = _given(tries)
    answer = _core.confirm_features(_data(query), _joined(others), rows.tobytes())
    return np.frombuffer(answer, "<f4").reshape(len(rows), len(FEATURES))


def packed_tries(look: ArrayLike, turn: ArrayLike, start: ArrayLike) -> bytes:
    """Tries as the core takes them, from arrays that fit each other (or numbers)."""
    look, turn, start = np.broadcast_arrays(look, turn, start)
    rows = np.zeros(look.shape, _TRY)
    rows["look"], rows["turn"], rows["start"] = look, turn, start
    return rows.tobytes()


def _data(look: HasData | bytes) -> bytes:
    return look if isinstance(look, bytes) else look.data


def _joined(looks: Sequence[HasData | bytes] | bytes) -> bytes:
    return looks if isinstance(looks, bytes) else b"".join(map(_data, looks))


def _given(tries: ArrayLike) -> NDArray[np.void]:
    numbers = np.asarray(tries)
    if numbers.ndim != 2 or numbers.shape[1] != 3:
        raise ValueError(f"expected tries of shape (n, 3): look, turn, start; got {numbers.shape}")
    if numbers.size and (numbers.min() < 0 or numbers[:, 1:].max() > 255 or numbers[:, 0].max() >= 2**32):
        raise ValueError("expected numbers of looks, turns of 1 to 8 and starts of 0 to 3, got others")
    return np.frombuffer(packed_tries(*numbers.T), _TRY)


def _all_tries(query: bytes, others: bytes) -> NDArray[np.void]:
    """Each look in all turns, from the starts that differ."""
    boxes = np.frombuffer(others, np.uint8)[: len(others) // LOOK_BYTES * LOOK_BYTES].reshape(-1, LOOK_BYTES)[:, 2:10]
    boxed = np.zeros(len(boxes), bool) if not len(boxes) else (boxes != _WHOLE).any(axis=1)
    mine = query[2:10] != bytes(_WHOLE)
    pieces = []
    for number, its in enumerate(boxed.tolist()):
        starts = range(4) if mine and its else (0, 1) if mine or its else (0,)
        pieces += [(number, turn, start) for turn in TURNS for start in starts]
    return _given(np.array(pieces, np.int64).reshape(-1, 3))


_WHOLE = np.array([0, 0, 0, 0, 255, 255, 255, 255], np.uint8)


def _best(looks: NDArray[np.uint32], confidence: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The try of greatest confidence of each look, the first of equals."""
    order = np.lexsort((np.arange(len(looks)), -confidence, looks))
    _, first = np.unique(looks[order], return_index=True)
    return order[first[:count]]
