"""The eight ways to turn and mirror a picture: EXIF's orientations, and the names that users read."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "ALL_TURNS",
    "NAMES",
    "NO_TURN",
    "inverse",
    "is_across",
    "is_mirrored",
    "name_of",
    "number_of",
    "parse_turns",
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
        raise ValueError(f"unknown transform {name!r}: expected one of {', '.join(NAMES)}")
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
