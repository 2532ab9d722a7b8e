"""What is on record of two pictures and of their comparison: labels and texts, for a sheet or a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..._core import __version__
from ...regions import area, hull_of
from ...turns import name_of, turn_of
from ..words import DONE, percent, sure

if TYPE_CHECKING:
    from ...regions import Matrix
    from ..comparison import Comparison
    from .originals import Original
    from .views import Views

__all__ = ["Record", "inverted", "record_of"]


@dataclass(frozen=True, slots=True)
class Record:
    """All that is said beside the pictures.

    Attributes:
        verdict: with what it rests on, in one sentence.
        found: label and text of each finding.
        files: label and text for A and for B of what they are.
        reasons: one sentence each.
        made: when and by what.
    """

    verdict: str
    found: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str, str], ...]
    reasons: tuple[str, ...]
    made: str


def record_of(comparison: Comparison, views: Views) -> Record:
    """The record of a comparison whose pictures were read again."""
    return Record(
        verdict=f"{comparison.verdict}: {comparison.summary}",
        found=tuple(_found(comparison, views)),
        files=tuple(_files(comparison, views.originals)),
        reasons=comparison.reasons,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, Lookalike {__version__}, "
        f"recipe {comparison.sides[0].upright.recipe}",
    )


def inverted(comparison: Comparison) -> str:
    """What is said behind the name of A where it is shown inverted."""
    return " (inverted)" if comparison.is_negative else ""


def _found(comparison: Comparison, views: Views) -> list[tuple[str, str]]:
    turn = DONE.get(name_of(turn_of(comparison.transform)[0]), "no")
    is_same = comparison.verdict.startswith("same")
    sureness = (
        f"{1 if is_same else sure(comparison.confidence)} of 1 that one was made from the other, or both from a third"
    )
    rows = [("Confidence", sureness), ("Turned or mirrored", turn)]
    if comparison.is_negative:
        rows.append(("Negative", "yes: what is bright in A is dark in B, and A is inverted where it is laid onto B"))
    if views.lay is None:
        return rows
    region = views.lay.region
    rows.append(("Outlined", f"{percent(region.of_a)} of A, {percent(region.of_b)} of B"))
    if len(views.lay.points):
        hulls = (percent(area(hull_of(points))) for points in (views.lay.points[:, :2], views.lay.points[:, 2:]))
        where = "{} of A and {} of B".format(*hulls)
        rows.append(("Details that lie alike", f"{len(views.lay.points)}, spread over {where}"))
    if views.close is not None and views.close.share is not None:
        rows.append(("Agreement", f"{percent(views.close.share)} of what is outlined"))
    return [*rows, ("Place (x, y) of A in B", _formula(views.lay.matrix))]


def _files(comparison: Comparison, originals: tuple[Original, Original]) -> list[tuple[str, str, str]]:
    facts = [
        (name, side.shape, _length(original), side.upright.digest or "none: it is no file", f"{quality} of 100")
        for name, side, original, quality in zip(
            (comparison.a, comparison.b), comparison.sides, originals, comparison.quality, strict=True
        )
    ]
    return list(zip(("Name", "Picture", "File", "BLAKE3", "Quality"), *facts, strict=True))


def _length(original: Original) -> str:
    return "none" if original.length is None else f"{original.length:,} bytes"


def _formula(matrix: Matrix) -> str:
    """Where a map brings a place, both in shares of the sides."""
    (a, b, c), (d, e, f), (g, h, i) = (matrix / (matrix[2, 2] or 1)).tolist()
    across, down, below = _terms(a, b, c), _terms(d, e, f), _terms(g, h, i)
    return f"({across}, {down})" if below == "1" else f"({across}, {down}) / ({below})"


def _terms(x: float, y: float, rest: float) -> str:
    """Such as `"0.5 x - 0.25 y + 1"`."""
    parts = [(x, " x"), (y, " y"), (rest, "")]
    told = [(value, f"{abs(value):.4g}{name}") for value, name in parts if abs(value) >= 5e-5]
    if not told:
        return "0"
    first, *others = told
    return ("-" if first[0] < 0 else "") + first[1] + "".join(f" {'-' if v < 0 else '+'} {text}" for v, text in others)
