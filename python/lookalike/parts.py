"""Is a picture a part of another, or another a part of it? Keypoints say how one lies on the other, looks whether so.

Keypoints that look the same and lie alike give a map. What is under the map must agree as well: two screenshots of one
app have a hundred keypoints in common and are no copies of each other, and two pages of one shop share its logo. Nor
do keypoints tell two views of one place from copies: a copy shows all of one of the pictures, views each show more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .cuts import cuts_of
from .keypoint_index import PairMatch, match_pairs
from .keypoints import Keypoints
from .looks import Look
from .overlay import Agreement, agreement_of
from .regions import Matrix, Polygon, Region, region_of
from .strays import share_of_strays

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VERDICTS", "PartMatch", "part_match", "part_matches"]

VERDICTS = ("part", "shared logo", "none")

_MIRROR: Matrix = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
# A map that chance would give once in so many tries (a power of ten) is worth a look at the pictures.
_WORTH = 0.5
# And one in so many is none of chance: if the pictures do not agree, then they share something else.
_NO_CHANCE = 8.0
# More proves no more.
_MOST_SURPRISE = 40.0
# How like itself a picture may be when it is moved.
_PLAIN = 0.6
# From this to that surprise, the share by which that matters less: two patterns never gave more than 18.5.
_NO_PATTERN, _TRUST = (20.0, 30.0), 0.6
# Share of its keypoints that is nearly all of a picture.
_ALL = 0.95
# How near to the edge of a picture the edge is, in shares of the side; and the cosine of a right angle, more or less.
_EDGE, _ACROSS = 0.03, 0.5
_STEP = 1e-3
_STEPS = np.array([[_STEP, 0.0, 0.0], [0.0, _STEP, 0.0]])
# Share of details beside their place that copies have too.
_ASTRAY = 0.09
_LEAST = 0.5
# Surer than this, nothing more is looked for; less surprising, nothing either.
_SURE, _FOR_CUTS, _FOR_UNSCALED_CUTS = 0.95, 3.0, 25.0
# Where changes agree less than this, fewer of the keypoints match, and a larger share clashes, it is a second view.
_ALTERED, _MATCHED, _CLASHING = 0.8, 0.3, 0.03
# What speaks against a picture that was cut, as a logit.
_CUT = 1.0
# What was cut ends at once: so well do the changes in what is left agree at least, and at most such a share of what lay
# beside it. A second view goes on, and agrees less and less. For what was scaled, first the surer, then the fainter.
_CLEAN_CUTS = ((0.95, 0.45), (0.94, 0.28))
# Where nothing was scaled views are more likely, and nearly all that is left must agree.
_UNSCALED_CUTS, _NEARLY_ALL = ((0.925, 0.4),), 0.89
# If what is left is more of what lies under the map, then of what lies beside it nothing can be said.
_MOST_OF_IT = 0.9
# Without looks nothing but keypoints speaks: these are taken for what copies have in the middle.
_UNSEEN = Agreement(cells=0, changes=0.6, agreeing=0.6, clashing=0.03, middle=0.6)


@dataclass(frozen=True, eq=False)
class PartMatch:
    """What a picture (the query) and another have in common, and where.

    Attributes:
        verdict: `"part"` (one shows all or a part of the other), `"shared logo"` (they share some thing, such as a
            logo, a caption or the frame of an app, and are no copies), or `"none"`.
        confidence: how sure it is that one was made from the other, 0 to 1.
        matrix: 3 x 3, from places in the query to those in the other, in shares of the whole pictures' sides.
        mirrored: whether the other is mirrored in the query; the matrix says so too.
        inliers: float64 of shape `(n, 4)`: where each keypoint that agrees lies, x and y in the query, x and y in the
            other, in shares of the sides.
        region: outlines of what both show, in the query and in the other: corners in shares of the sides.
        overlap: shares of the query and of the other that this is.
        surprise: -log10 of how many such maps chance would give.
        agreement: how far the pictures agree there; `None` if one has no look.
    """

    verdict: str
    confidence: float
    matrix: Matrix
    mirrored: bool
    inliers: NDArray[np.float64]
    region: tuple[Polygon, Polygon]
    overlap: tuple[float, float]
    surprise: float
    agreement: Agreement | None


def part_match(
    query: tuple[Keypoints, Keypoints | None], other: Keypoints, query_look: Look | None, other_look: Look | None
) -> PartMatch | None:
    """`part_matches` of one other picture."""
    return part_matches(query, [other], query_look, [other_look])[0]


def part_matches(
    query: tuple[Keypoints, Keypoints | None],
    others: Sequence[Keypoints],
    query_look: Look | None,
    other_looks: Sequence[Look | None],
) -> list[PartMatch | None]:
    """Compare a picture with others by parts.

    Args:
        query: its keypoints, and those of it mirrored, if mirrored parts are wanted.
        others: keypoints of the others.
        query_look: its look, if there is one.
        other_looks: those of the others.

    Returns:
        For each of the others what was found, the surer of both ways round; `None` if no keypoints lie alike.
    """
    tries = [match_pairs(one.data, [other.data for other in others]) for one in query if one is not None]
    found: list[PartMatch | None] = []
    for place, (other, other_look) in enumerate(zip(others, other_looks, strict=True)):
        pairs = [(way[place], mirrored) for mirrored, way in enumerate(tries)]
        pair, mirrored = max(pairs, key=lambda one: one[0].figures.surprise)
        own = query[mirrored]
        assert own is not None
        found.append(_judged(pair, bool(mirrored), own, other, query_look, other_look))
    return found


def _judged(
    pair: PairMatch,
    mirrored: bool,
    query: Keypoints,
    other: Keypoints,
    query_look: Look | None,
    other_look: Look | None,
) -> PartMatch | None:
    if pair.matrix is None:
        return None
    matrix = pair.matrix @ _MIRROR if mirrored else pair.matrix
    region = region_of(matrix)
    if not region:
        return None
    surprise = float(pair.figures.surprise)
    places = _places(pair, mirrored, query, other)
    looks = None if query_look is None or other_look is None else (query_look, other_look)
    view = _View(region, None, -math.inf)
    if surprise >= _WORTH:
        missing = _missing(region, matrix, max(_inside(pair, query, other)))
        fewer = max(1, min(pair.figures.query_inside, pair.figures.other_inside))
        found = _Map(matrix, region, places, surprise, missing, len(places) / fewer)
        view = max(_views(found, looks), key=lambda one: one.value)
    confidence = _logistic(view.value)
    if confidence >= _LEAST:
        confidence = _logistic(view.value - 30 * max(0.0, share_of_strays(query, other, pair.matrix) - _ASTRAY))
    verdict = "part" if confidence >= _LEAST else "shared logo" if surprise >= _NO_CHANCE else "none"
    shared = view.region
    return PartMatch(
        verdict, confidence, matrix, mirrored, places, (shared.in_a, shared.in_b), (shared.of_a, shared.of_b), surprise,
        view.agreement,
    )  # fmt: skip


class _Map(NamedTuple):
    """How one picture lies on the other: what `part_match` tells of it, what is missing of both as a logit, and the
    share of the keypoints there that agree, of the picture that has fewer."""

    matrix: Matrix
    region: Region
    places: NDArray[np.float64]
    surprise: float
    missing: float
    matched: float


class _View(NamedTuple):
    """What both pictures may show, how far they agree there, and what that says for a copy, as a logit."""

    region: Region
    agreement: Agreement | None
    value: float


def _views(found: _Map, looks: tuple[Look, Look] | None) -> Iterator[_View]:
    """All that lies under the map; and if that is not sure enough, what may be left of a picture that was cut."""
    matrix, region = found.matrix, found.region
    agreement = looks and agreement_of(*looks, matrix)
    value = _value(found, agreement or _UNSEEN, region, found.missing)
    yield _View(region, agreement, value)
    if looks is None or agreement is None or _logistic(value) >= _SURE:
        return
    if found.surprise < (_FOR_CUTS if region.is_scaled else _FOR_UNSCALED_CUTS):
        return
    query_look, other_look = looks
    for frame, of_query, shared in cuts_of(matrix, region, found.places):
        if of_query:
            left = agreement_of(other_look, query_look, np.asarray(np.linalg.inv(matrix), np.float64), frame)
        else:
            left = agreement_of(query_look, other_look, matrix, frame)
        if _is_clean(region, agreement, shared, left):
            yield _View(shared, left, _value(found, left, shared, _CUT))


def _is_clean(region: Region, agreement: Agreement, shared: Region, left: Agreement) -> bool:
    """Whether what is left agrees, and what lay beside it does not."""
    share = shared.of_b / region.of_b
    if share > _MOST_OF_IT or (not region.is_scaled and left.agreeing < _NEARLY_ALL):
        return False
    beside = (agreement.agreeing - share * left.agreeing) / (1 - share)
    bounds = _CLEAN_CUTS if region.is_scaled else _UNSCALED_CUTS
    return any(left.changes >= changes and beside <= most for changes, most in bounds)


def _inside(pair: PairMatch, query: Keypoints, other: Keypoints) -> tuple[float, float]:
    """Shares of each picture's keypoints that lie in what both show: flat ground around a picture has none."""
    return pair.figures.query_inside / max(1, len(query)), pair.figures.other_inside / max(1, len(other))


def _missing(region: Region, matrix: Matrix, share: float) -> float:
    """What speaks against a copy if what both show is all of neither picture, as a logit.

    What lies as large in both then is most likely a second view of one place: no edit of the suite but collages and
    screens leaves so little of a picture, and those leave one of its sides whole.

    Args:
        share: of the keypoints of that picture of which more are inside.
    """
    if share >= _ALL:
        return 0.0
    if region.is_scaled:
        return 0.0 if _crossed(region, matrix) else 18.9 * (_ALL - share)
    return 1.0 if _crossed(region, matrix) else 150 * (_ALL - share)


def _crossed(region: Region, matrix: Matrix) -> bool:
    """Whether the region goes from edge to edge of one picture one way, and of the other the other way.

    So lies a picture that was cut to the form of its place; two views of one scene go the same way, or neither.
    """
    for corner, step in _spans(region.in_a):
        here, there = ((place[:2] / place[2]) for place in (matrix @ corner, matrix @ (corner + step)))
        along = np.abs(there - here) / max(1e-12, float(np.hypot(*(there - here))))
        if any(float(along @ other[:2]) < _ACROSS * _STEP for _, other in _spans(region.in_b)):
            return True
    return False


def _spans(outline: Polygon) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The ways in which an outline goes from edge to edge: the middle of a picture, and a small step that way."""
    places = np.array(outline)
    wide = (places.min(axis=0) <= _EDGE) & (places.max(axis=0) >= 1 - _EDGE)
    middle = np.array([*places.mean(axis=0), 1.0])
    return [(middle, step) for step in _STEPS[wide]]


def _value(found: _Map, agreement: Agreement, region: Region, missing: float) -> float:
    """What speaks for a copy, as a logit, but for strays.

    It was fitted to copies by the edits of `lookalike.evaluate`, to photographs that have nothing to do with each
    other, to views of the same place, and to the pairs of `lookalike.evaluate.negatives`.

    Pictures that lie on each other as wholes have a function of their own: most of what shares a frame, a caption or an
    app's screen does, and an agreement that is enough elsewhere is not enough there.
    """
    proof = math.log1p(min(max(found.surprise, 0.0), _MOST_SURPRISE))
    repeated = max(0.0, agreement.repeated - _PLAIN)
    if region.is_whole:
        value = 1.98 * proof + 4.3 * agreement.agreeing + 10.4 * agreement.changes - 50 * agreement.clashing
        return value - 54 * repeated - 11.3
    value = 1.86 * proof + 10.5 * agreement.middle + 1.64 * agreement.changes - 14.1 * agreement.clashing
    if agreement.changes < _ALTERED and found.matched < _MATCHED:
        # A second view of the same things: some are where the map puts them, and others clash.
        value -= 60 * max(0.0, agreement.clashing - _CLASHING)
    return value - 18.9 * repeated * _doubt(found.surprise) - missing - 11.15


def _doubt(surprise: float) -> float:
    """What is left of the doubt that a plain or patterned picture agrees with any other, if keypoints say so too."""
    low, high = _NO_PATTERN
    return 1.0 - _TRUST * min(max((surprise - low) / (high - low), 0.0), 1.0)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, value))))


def _places(pair: PairMatch, mirrored: bool, query: Keypoints, other: Keypoints) -> NDArray[np.float64]:
    """Where the inliers lie in both pictures, the query as it is."""
    mine, its = pair.inliers[:, 0].astype(np.intp), pair.inliers[:, 1].astype(np.intp)
    here = query.positions[mine].astype(np.float64)
    if mirrored:
        here[:, 0] = 1 - here[:, 0]
    return np.concatenate([here, other.positions[its].astype(np.float64)], axis=1)
