"""What the second look says of two whole pictures, in figures that words can be made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..confirm import CONFIDENCES, second_look
from ..looks import Look
from ..regions import WHOLE, Matrix
from ..turns import NO_TURN
from .geometry import Lie, lie_of, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..confirm import Seen

__all__ = ["Facts", "Tone", "Tries", "has_colours", "look_twice"]

# Of two turns with which a picture fits about as well, as one that is its own mirror image, the first counts.
_AS_GOOD = 0.005
# Two boxes are the same border if no edge is further apart than this share of a side.
_SAME_EDGE = 0.02
# Share of both pictures that must be on each other for them to be whole ones both.
_ALL = 0.95
# Mean distance of Cb and Cr from 128: below the first there is no colour, above the second there is.
_COLOURLESS, _COLOURFUL = 1.5, 4.0
# By how much the mean of Cb or Cr changes with a tint.
_TINT = 6.0


@dataclass(frozen=True, slots=True)
class Tries:
    """Everything that was tried: turns and starts.

    Attributes:
        seen: what the second look says of each.
        turns: of each.
        rows: look, turn and start of each, shape (n, 3).
    """

    seen: Seen
    rows: NDArray[np.int64]

    @property
    def turns(self) -> NDArray[np.int64]:
        return self.rows[:, 1]

    def surest_turn(self) -> int | None:
        """The turn with which A is most surely B; `None` if with none it probably is."""
        surest = self.seen.confidence.max()
        if surest < CONFIDENCES["loose"]:
            return None
        return int(self.turns[np.argmax(self.seen.confidence >= surest - _AS_GOOD)])

    def best_of(self, turn: int) -> int:
        """The number of the surest try with this turn."""
        return int(np.argmax(np.where(self.turns == turn, self.seen.confidence, -1.0)))


@dataclass(frozen=True, slots=True)
class Tone:
    """What became of A's grey values.

    Attributes:
        gain: what they are multiplied by.
        bias: what is added to them then.
        brighter: by how much of the whole range the mean of A went up.
    """

    gain: float
    bias: float
    brighter: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What the surest try of one turn says.

    Attributes:
        confidence: that one is a copy of the other, 0 to 1.
        turn: what was done to A to get B.
        trimmed: whether a border was left out of one that the other has not.
        matrix: where A lies on B, in shares of both; `None` if they could not be laid onto each other.
        lie: what that means; `None` likewise.
        tone: what became of the grey values; `None` if nothing could be measured.
        agreement: mean correlation of their details, -1 to 1.
        colour: what became of the colours: `""`, `"lost"`, `"gained"` or `"tinted"`.
        unturned: confidence without a turn.
    """

    confidence: float
    turn: int
    trimmed: bool
    matrix: Matrix | None
    lie: Lie | None
    tone: Tone | None
    agreement: float
    colour: str
    unturned: float

    @classmethod
    def of(cls, a: Look, b: Look, tries: Tries, turn: int, *, same: bool = False) -> Facts:
        """The facts of the surest try with this turn; of pictures that are known to be the same, if so."""
        at = tries.best_of(turn)
        seen = tries.seen
        found = placed(seen.matrix[at], a.box, b.box) if seen.overlap[at] > 0 else None
        matrix = np.eye(3) if same else found
        trimmed, lie = False, None
        if matrix is not None:
            trimmed, lie = _lie(matrix, turn, a, b)
        return cls(
            confidence=float(seen.confidence[at]),
            turn=turn,
            trimmed=trimmed,
            matrix=matrix,
            lie=lie,
            tone=None if found is None else _tone(a, float(seen.gain[at]), float(seen.bias[at])),
            agreement=float(seen.agreement[at]),
            colour=_colour(a, b),
            unturned=float(seen.confidence[tries.best_of(NO_TURN)]),
        )


def look_twice(a: Look, b: Look, turns: Sequence[int]) -> Tries:
    """Try these turns of A from all starts that differ."""
    boxes = a.has_border + b.has_border
    rows = np.array([(0, turn, start) for turn in turns for start in range((1, 2, 4)[boxes])], np.int64)
    return Tries(second_look(b, [a], rows), rows)


def has_colours(look: Look) -> bool:
    """Whether there is colour in a picture."""
    return bool(np.abs(look.colour.astype(float) - 128).mean() >= _COLOURLESS)


def _lie(matrix: Matrix, turn: int, a: Look, b: Look) -> tuple[bool, Lie]:
    """Whether a border was left out of one alone, and how A lies on B then."""
    whole = lie_of(matrix, turn, a.size, b.size, WHOLE, WHOLE)
    inner = a.turned(turn).box or WHOLE, b.box or WHOLE
    same = all(abs(one - other) <= _SAME_EDGE for one, other in zip(*inner, strict=True))
    # An edge of one colour may have been found in one of two that are the same whole picture.
    if same or min(whole.of_a, whole.of_b) >= _ALL:
        return False, whole
    return True, lie_of(matrix, turn, a.size, b.size, *inner)


def _tone(a: Look, gain: float, bias: float) -> Tone:
    mean = float(a.grey.mean())
    return Tone(gain, bias, (min(255.0, max(0.0, gain * mean + bias)) - mean) / 255)


def _colour(a: Look, b: Look) -> str:
    one, other = (look.colour.astype(float) - 128 for look in (a, b))
    mine, its = np.abs(one).mean(), np.abs(other).mean()
    if its < _COLOURLESS < _COLOURFUL < mine:
        return "lost"
    if mine < _COLOURLESS < _COLOURFUL < its:
        return "gained"
    shift = np.abs(one.mean(axis=(1, 2)) - other.mean(axis=(1, 2))).max()
    return "tinted" if shift > _TINT else ""
