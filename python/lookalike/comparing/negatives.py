"""A picture as its negative: what is known of it is inverted, so that no pixel is read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..hashes import Hash, MultiHash
from ..looks import Look
from .facts import has_colours
from .sides import Side

__all__ = ["Inversion", "colours_are_kept", "inverted_of", "negative_of"]


@dataclass(frozen=True, slots=True)
class Inversion:
    """What an inversion of A changed.

    Attributes:
        of: what was inverted, such as `"brightness and colours"`.
        phash: bits that differed before, by turn of A.
        confidence: of the second look before.
    """

    of: str
    phash: Mapping[int, int | float]
    confidence: float


def negative_of(side: Side, *, colours: bool = True) -> Side:
    """What is known of a picture, as of its negative; hashes that cannot be inverted stay as they are.

    Args:
        side: the picture.
        colours: whether its colours are inverted too, and not its brightness alone.
    """
    prints = replace(side.upright, hashes=_inverted(side.upright.hashes), look=side.look.negative(colours=colours))
    return Side(side.item, (prints,), side.limits)


def colours_are_kept(a: Look, b: Look, turn: int) -> bool:
    """Whether B has the colours of A, turned so, rather than those of A's negative."""
    if not (has_colours(a) and has_colours(b)):
        return False
    mine, its = a.turned(turn).colour.astype(int) - 128, b.colour.astype(int) - 128
    return bool(np.abs(mine - its).sum() < np.abs(mine + its).sum())


def inverted_of(a: Look, b: Look, *, colours: bool) -> str:
    """What was inverted of A to get B, in words."""
    if not (has_colours(a) and has_colours(b)):
        return "brightness"
    return "brightness and colours" if colours else "brightness alone"


def _inverted(hashes: Mapping[str, Hash | MultiHash]) -> dict[str, Hash | MultiHash]:
    return {name: _negative(value) for name, value in hashes.items()}


def _negative(value: Hash | MultiHash) -> Hash | MultiHash:
    if isinstance(value, MultiHash):
        return value
    code = value.kind.negative(value.value, value.bits)
    return value if code is None else Hash.trusted(code, value.bits, value.kind, value.recipe)
