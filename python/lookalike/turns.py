"""The eight ways to turn and mirror a picture: EXIF's orientations, and the names that users read; and negatives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = [
    "ALL_TURNS",
    "EVERYTHING",
    "NAMES",
    "NEGATIVE",
    "NO_TURN",
    "Transforms",
    "inverse",
    "is_across",
    "is_mirrored",
    "name_of",
    "number_of",
    "parse_transforms",
    "parse_turns",
    "transform_of",
    "turn_of",
]

NAMES = ("none", "mirror", "rotate180", "flip", "transpose", "rotate90", "transverse", "rotate270")
"""By orientation, from 1. Each says what was done to one picture (the library's) to get another (the query).

`mirror` swaps left and right, `flip` top and bottom; `rotate90` turns clockwise by 90 degrees; `transpose` swaps rows
and columns, `transverse` does so along the other diagonal.
"""

NO_TURN = 1
"""The orientation that leaves a picture as it is."""

ALL_TURNS = tuple(range(1, len(NAMES) + 1))
"""All orientations."""

NEGATIVE = "negative"
"""What a picture is called whose brightness and colours were inverted; no orientation, and with any of them."""
_AND = "+"

# All but the quarter turns undo themselves.
_INVERSES = {6: 8, 8: 6}


def name_of(turn: int) -> str:
    """The name of an orientation.

    Raises:
        ValueError: if it is not 1 to 8.
    """
    if turn not in ALL_TURNS:
        raise ValueError(f"expected an orientation from 1 to {len(NAMES)}, got {turn}")
    return NAMES[turn - 1]


def number_of(name: str) -> int:
    """The orientation of a name.

    Raises:
        ValueError: if there is no such name.
    """
    if name not in NAMES:
        raise ValueError(f"unknown transform {name!r}: expected one of {', '.join((*NAMES, NEGATIVE))}")
    return NAMES.index(name) + 1


def inverse(turn: int) -> int:
    """The orientation that undoes another.

    Raises:
        ValueError: if it is not 1 to 8.
    """
    name_of(turn)
    return _INVERSES.get(turn, turn)


def is_across(turn: int) -> bool:
    """Whether rows become columns, so that width and height change places."""
    return turn in (5, 6, 7, 8)


def is_mirrored(turn: int) -> bool:
    """Whether it mirrors: no rotation does the same."""
    return turn in (2, 4, 5, 7)


def parse_turns(transforms: str | Iterable[str]) -> tuple[int, ...]:
    """What a user asks for (`"all"`, `"none"` or names) as orientations in ascending order, no turn always first.

    Raises:
        ValueError: if there is no such name.
        TypeError: if it is neither text nor texts.
    """
    if transforms == "all":
        return ALL_TURNS
    names = [transforms] if isinstance(transforms, str) else list(transforms)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"expected 'all', 'none' or names of transforms, got {transforms!r}")
    return tuple(sorted({NO_TURN, *map(number_of, names)}))


class Transforms(NamedTuple):
    """What may have been done to a picture.

    Attributes:
        turns: orientations in ascending order, no turn always first.
        negatives: whether negatives are looked for too, in these turns.
    """

    turns: tuple[int, ...]
    negatives: bool


EVERYTHING = Transforms(ALL_TURNS, negatives=True)
"""What `"all"` asks for."""


def parse_transforms(transforms: str | Iterable[str]) -> Transforms:
    """What a user asks for: `"all"` (negatives too), `"none"`, or names, of which one may be `"negative"`.

    A name may also be one that `transform_of` gives, such as `"negative+mirror"`.

    Raises:
        ValueError: if there is no such name.
        TypeError: if it is neither text nor texts.
    """
    if transforms == "all":
        return EVERYTHING
    names = [transforms] if isinstance(transforms, str) else list(transforms)
    single = [part for name in names for part in (name.split(_AND) if isinstance(name, str) else [name])]
    turns = [name for name in single if name != NEGATIVE]
    return Transforms(parse_turns(turns), len(turns) < len(single))


def transform_of(turn: int, *, negative: bool) -> str:
    """What was done to a picture: a turn's name, `"negative"`, or both as in `"negative+mirror"`.

    Raises:
        ValueError: if the turn is not 1 to 8.
    """
    name = name_of(turn)
    if not negative:
        return name
    return NEGATIVE if turn == NO_TURN else f"{NEGATIVE}{_AND}{name}"


def turn_of(transform: str) -> tuple[int, bool]:
    """The turn of what `transform_of` gives, and whether it is a negative.

    Raises:
        ValueError: if there is no such name.
    """
    name, _, turn = transform.partition(_AND)
    return (number_of(turn or NAMES[0]), True) if name == NEGATIVE else (number_of(transform), False)
