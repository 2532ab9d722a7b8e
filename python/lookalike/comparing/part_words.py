"""What was found of parts, in sentences: where they lie in both pictures, and what was done to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..regions import Bend, Matrix, Polygon, Region, area, bend_of, in_pixels, mapped, middle
from ..turns import NO_TURN, name_of
from .words import DONE, LEAST_DEGREES, joined, percent, reshaped, sure

if TYPE_CHECKING:
    from ..parts import PartMatch

__all__ = ["NO_PARTS", "PartAccount", "place_of"]

NO_PARTS = "parts: looking for the one in the other found no details that lie alike"

_ALL, _MOST = 0.95, 0.6
"""Shares of a picture that are told as all of it, and as most of it."""

_BY_CHANCE = 12
"""So many details or fewer lie alike now and then in pictures that have nothing in common."""

_LOW, _HIGH = 0.4, 0.6
"""Between these the middle of a part is in the middle of the picture."""

_TILTED = 1.15
"""How much more pixels are scaled at one corner than at another if a part is seen at an angle."""

# By mirroring, then by quarter turns clockwise: the orientation that does both.
_ORIENTATIONS = {False: (1, 6, 3, 8), True: (2, 7, 4, 5)}


@dataclass(frozen=True, slots=True)
class PartAccount:
    """What is told of a search for parts.

    Attributes:
        found: what was found, A being the query.
        region: what they share, without borders; of a shared logo, where it is.
        size_a: width and height of A in pixels.
        size_b: likewise of B.
    """

    found: PartMatch
    region: Region
    size_a: tuple[int, int]
    size_b: tuple[int, int]

    @property
    def turn(self) -> int:
        """The orientation that is nearest to what was done to A."""
        bend = self._bend()
        return NO_TURN if bend is None else _orientation(bend)

    def summary(self) -> str:
        """What they share, without a stop."""
        if self.found.verdict == "shared logo":
            if min(self.region.of_a, self.region.of_b) >= _MOST:
                return "details lie alike, but the pictures differ around them, as two photos of one thing do"
            return f"all they share lies in {joined(self._places())}, such as a logo or a caption"
        of_a, of_b = self.region.of_a, self.region.of_b
        done = joined(self.changes()) or "as it is"
        if min(of_a, of_b) >= _ALL:
            return f"B shows all of A, {done}"
        if of_b >= _ALL:
            return f"B is a part of A ({percent(of_a)} of it), {done}"
        if of_a >= _ALL:
            return f"A is in B, on {percent(of_b)} of it, {done}"
        return f"A and B share a part ({percent(of_a)} of A, {percent(of_b)} of B), in B {done}"

    def reasons(self) -> Iterator[str]:
        """What was found where, one sentence each, without a stop."""
        count = len(self.found.inliers)
        if self.found.verdict == "none":
            alike = f"{count} details that lie alike" if count else "no details that lie alike"
            why = ", but what is around them differs" if count > _BY_CHANCE else ", as by chance" if count else ""
            yield f"parts: looking for the one in the other found {alike}{why}"
            return
        here, there = self._places()
        apart = f"half of them to within {self.deviation():.1f} pixels ({sure(self.found.confidence)})"
        yield f"{count} details of {here} are found in {there}, in the same pattern, {apart}"
        if self.found.verdict == "shared logo":
            yield "what they share is too small, or differs too much around these details, to be taken for a copy"

    def changes(self) -> list[str]:
        """What was done to the part to get it as it is in B."""
        bend = self._bend()
        if bend is None:
            return []
        turn = _orientation(bend)
        rest = (bend.degrees + 45) % 90 - 45
        if abs(rest) < LEAST_DEGREES:
            done = [DONE[name_of(turn)]] if turn != NO_TURN else []
            rest = 0.0
        else:
            done, rest = (["mirrored"] if bend.mirrors else []), bend.degrees
        if self._is_tilted():
            return [*done, *reshaped(bend.scale, 1, rest, 0), "seen at an angle"]
        return [*done, *reshaped(bend.scale, bend.aspect, rest, bend.shear)]

    def deviation(self) -> float:
        """How far half of the details at most lie from where the map puts them, in pixels of B."""
        points = np.asarray(self.found.inliers, float)
        if not len(points):
            return 0.0
        put = in_pixels(mapped(self._matrix(), [(x, y) for x, y in points[:, :2]]), self.size_b)
        seen = in_pixels([(x, y) for x, y in points[:, 2:]], self.size_b)
        return float(np.median(np.hypot(*(np.array(put) - np.array(seen)).T)))

    def _places(self) -> list[str]:
        return [place_of(self.region.in_a, "A"), place_of(self.region.in_b, "B")]

    def _matrix(self) -> Matrix:
        return np.asarray(self.found.matrix, np.float64)

    def _bend(self) -> Bend | None:
        outline = self.region.in_a
        return bend_of(self._matrix(), middle(outline), self.size_a, self.size_b) if outline else None

    def _is_tilted(self) -> bool:
        bends = (bend_of(self._matrix(), corner, self.size_a, self.size_b) for corner in self.region.in_a)
        scales = [bend.scale for bend in bends if bend is not None]
        return bool(scales) and max(scales) > _TILTED * min(scales)


def place_of(outline: Polygon, name: str) -> str:
    """Where in a picture a part lies, such as `"the lower left of B"`."""
    share = area(outline)
    if share >= _MOST:
        return f"all of {name}" if share >= _ALL else f"most of {name}"
    across, down = middle(outline) if outline else (0.5, 0.5)
    column = "left" if across < _LOW else "right" if across > _HIGH else ""
    row = "upper" if down < _LOW else "lower" if down > _HIGH else ""
    alone = {"upper": "top", "lower": "bottom", "": "middle"}
    return f"the {f'{row} {column}'.strip() if column else alone[row]} of {name}"


def _orientation(bend: Bend) -> int:
    return _ORIENTATIONS[bend.mirrors][round(bend.degrees / 90) % 4]
