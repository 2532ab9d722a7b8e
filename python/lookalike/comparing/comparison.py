"""`compare`: how two pictures are related, and why it is thought so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..confirm import CONFIDENCES, UNGUIDED
from ..errors import MissingExtraError
from ..kinds import NAMES, Kind
from ..options import DEFAULT_LIMITS, Limits
from ..prints import parse_kinds
from ..regions import Matrix, Polygon, Region
from ..turns import EVERYTHING, NO_TURN, Transforms, inverse, is_mirrored, parse_transforms, transform_of, turn_of
from .facts import Facts, Tries, has_colours, look_twice
from .lay import Lay, lay_of
from .negatives import Inversion, colours_are_kept, inverted_of, negative_of
from .part_words import NO_PARTS, PartAccount
from .parts import Parts, look_for_parts, when_to_look
from .reasons import Account
from .sides import Side, read, sameness

if TYPE_CHECKING:
    from PIL import Image

    from ..parts import PartMatch
    from ..show.gallery import Gallery

__all__ = ["AGREEMENT", "DECIDING", "RADIUS", "VERDICTS", "Comparison", "compare", "compare_sides", "read_side"]

VERDICTS = ("same bytes", "same picture", "copy", "part", "similar", "shared logo", "different")
"""From the most alike on."""

UNLIKE = ("shared logo", "different")
"""The verdicts of pictures that are not alike."""

PAGES = (".html", ".htm")
"""How the names of pages end."""

DECIDING = ("phash", "dhash")
"""The kinds that tell whether two pictures look alike, where the second look does not say so."""

RADIUS = 10
"""How many of its 64 bits each of them may differ in, then."""

AGREEMENT = 0.8
"""How far details must agree where one of these kinds alone is near: 5 of 100,000 pairs of photos are so alike."""


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """How two pictures, A and B, are related.

    Attributes:
        a: name of the first picture.
        b: name of the second.
        verdict: one of

            - `"same bytes"`: the files are equal;
            - `"same picture"`: every pixel is equal once decoded, whatever the format and metadata;
            - `"copy"`: one was made from the other, or both from a third;
            - `"part"`: one is a part of the other, or both share a part, as a crop or a collage do;
            - `"similar"`: they look alike, and may be copies or two photos of one thing;
            - `"shared logo"`: different pictures with the same logo, caption or frame;
            - `"different"`: none of these.
        confidence: how sure the second look, or for a part the search for parts, is that they are copies, 0 to 1; 1 if
            the pixels are equal.
        transform: what was done to A to get B: `"none"`, `"mirror"`, `"rotate90"` (clockwise) and so on; for a part the
            nearest of these; `"negative"` if its brightness was inverted, `"negative+mirror"` if it was mirrored too.
        trimmed: whether a border of A or B was left out when they were laid onto each other.
        distances: by kind, A being turned as the transform says: bits that differ, or segments without a partner. Of
            a negative, A being inverted, but for `colorhash` and `crop_resistant`, which cannot be.
        overlap: share of B that A covers; 0 if they could not be laid onto each other.
        matrix: two rows of three: from `(x, y, 1)` in A to the place in B, both in shares of the whole pictures' sides
            from the upper left corner; `None` if they could not be laid onto each other. For a part three rows, the
            third for what to divide by, since it may be seen at an angle.
        gain: what A's grey values are multiplied by to get B's, for a negative below zero; `None` likewise, and for a
            part.
        bias: what is added to them then; `None` likewise.
        recoloured: whether B's colours differ from A's; a change of brightness is none of colour.
        quality: how much there is to see in A and in B, 0 to 100.
        shapes: size and format of each, such as `"640 x 480 JPEG"`.
        summary: what the verdict rests on, without a stop.
        reasons: what was tried, what agreed and what did not, one sentence each.
        part: what was found of parts, from A to B; `None` if they were not looked for.
    """

    a: str
    b: str
    verdict: str
    confidence: float
    transform: str
    trimmed: bool
    distances: Mapping[str, int | float]
    overlap: float
    matrix: tuple[tuple[float, float, float], ...] | None
    gain: float | None
    bias: float | None
    recoloured: bool
    quality: tuple[int, int]
    shapes: tuple[str, str]
    summary: str
    reasons: tuple[str, ...]
    _sides: tuple[Side, Side] = field(compare=False)
    part: PartMatch | None = field(default=None, compare=False)

    @property
    def is_alike(self) -> bool:
        """Whether the verdict is any but `"different"` and `"shared logo"`."""
        return self.verdict not in UNLIKE

    @property
    def is_copy(self) -> bool:
        """Whether the verdict is `"copy"` or `"part"`, or the same bytes or picture."""
        return self.verdict in VERDICTS[: VERDICTS.index("part") + 1]

    @property
    def is_negative(self) -> bool:
        """Whether one is the other with its brightness inverted."""
        return turn_of(self.transform)[1]

    @property
    def region(self) -> Region:
        """What they share without borders, as outlines and shares of both; empty if they could not be laid so."""
        return Region() if self.lay is None else self.lay.region

    @property
    def lay(self) -> Lay | None:
        """How A is laid onto B to show what they share, if it can be."""
        one, other = self._sides
        return lay_of(self.matrix, self.part, (one.look.box, other.look.box))

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both pictures as they were read."""
        return self._sides

    def __str__(self) -> str:
        return " ".join(f"{sentence}." for sentence in (f"{self.verdict}: {self.summary}", *self.reasons))

    def __repr__(self) -> str:
        return f"<Comparison of {self.a!r} and {self.b!r}: {self.verdict}>"

    def as_row(self) -> dict[str, Any]:
        """The comparison as a row of a table.

        The columns named after kinds hold distances, those of outlines lists of `[x, y]` as JSON texts.
        """
        about = ("a", "b", "verdict", "confidence", "transform", "trimmed", "overlap")
        row = {name: getattr(self, name) for name in about}
        row["confidence"], row["overlap"] = round(self.confidence, 4), round(self.overlap, 4)
        region = self.region
        return {
            **row,
            **self.distances,
            "overlap_a": round(region.of_a, 4),
            "inliers": None if self.part is None else len(self.part.inliers),
            "region_a": _json(region.in_a),
            "region_b": _json(region.in_b),
        }

    def picture(self) -> Image.Image:
        """The evidence as a picture: both, A laid onto B, and where they agree. Both are read again.

        Raises:
            SourceError, OSError: if one of them cannot be read any more.
        """
        from .evidence.sheet import draw

        return draw(self)

    def show(self) -> Gallery:
        """The evidence to look at in a notebook, with `html()` and `save(path)` for a page. Both are read again.

        Raises:
            SourceError, OSError: as `picture`.
        """
        from .evidence.page import shown

        return shown(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the evidence to a file, a page or a picture as its name tells, and return its path.

        Raises:
            SourceError, OSError: as `picture`, or if the file cannot be written.
            ValueError: if the name does not tell a format.
        """
        target = Path(path)
        if target.suffix.lower() in PAGES:
            return self.show().save(target)
        self.picture().save(target)
        return target


def compare(
    a: object,
    b: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] | None = None,
    recipe: str = "standard",
    transforms: str | Iterable[str] = "all",
    parts: Parts = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Comparison:
    """Tell how two pictures are related, and why.

    Args:
        a: a path, http(s) address, bytes, file object, PIL image or array.
        b: likewise: the one that may have been made from A.
        kinds: hash kinds whose distances are wanted; by default all eight.
        recipe: `"standard"` or `"imagehash"`.
        transforms: which turns of A to try: `"all"`, `"none"`, or names such as `"mirror"`, and `"negative"` for its
            negative in these turns, which is tried where B is no copy else. Parts are found however they are rotated,
            but mirrored ones only if a turn that mirrors is among these, and those of negatives not.
        parts: whether to look for a part of one in the other where they are no copies as whole pictures: by default if
            OpenCV is installed (`pip install 'lookalike[parts]'`), `True` to insist on it, `"always"` to look in any
            case but that of equal pixels, `False` never.
        limits: what each picture may cost.

    Raises:
        SourceError, OSError: if one cannot be read.
        MissingExtraError: if parts are asked for, and OpenCV is not installed.
        ValueError, TypeError: for other arguments.
    """
    shown, tried = _kinds_of(kinds), parse_transforms(transforms)
    when_to_look(parts)  # before any work
    one = read_side(a, shown, recipe, limits)
    other = read_side(b, shown, recipe, limits, turned=len(tried.turns) > 1)
    return compare_sides(one, other, shown, tried, parts)


def read_side(source: object, shown: Sequence[Kind], recipe: str, limits: Limits, *, turned: bool = False) -> Side:
    """One picture with what `compare_sides` needs; B turned, if turns are to be tried.

    Raises:
        SourceError, OSError, ValueError, TypeError: as `compare`.
    """
    return read(source, list(dict.fromkeys([*shown, *map(Kind.parse, DECIDING)])), recipe, limits, turned=turned)


def compare_sides(
    a: Side, b: Side, shown: Sequence[Kind], tried: Transforms = EVERYTHING, parts: Parts = None
) -> Comparison:
    """`compare` of two pictures that were read."""
    when = when_to_look(parts)
    whole = _compare_whole(a, b, shown, tried.turns, sameness(a, b))
    if tried.negatives and not whole.is_copy:
        negative = _as_negative(a, b, shown, tried.turns, whole.confidence)
        if negative.is_copy:
            return negative
    if whole.verdict.startswith("same") or when == "never" or (when == "needed" and whole.is_copy):
        return whole
    try:
        found = look_for_parts(a, b, mirrors=any(map(is_mirrored, tried.turns)))
    except MissingExtraError:
        if parts is None:
            return whole  # it is there, but does not load
        raise
    if found is None:
        return replace(whole, reasons=(*whole.reasons, NO_PARTS))
    return _with_part(replace(whole, part=found), found, {turn: _distances(a, b, turn) for turn in tried.turns})


def _as_negative(a: Side, b: Side, shown: Sequence[Kind], turns: Sequence[int], before: float) -> Comparison:
    """The comparison of A's negative and B; `before` is how sure the second look is without."""
    bits = {turn: _distances(a, b, turn)["phash"] for turn in turns}
    inversion = Inversion(inverted_of(a.look, b.look, colours=True), bits, before)
    found = _compare_whole(negative_of(a), b, shown, turns, inversion=inversion)
    if found.is_copy and colours_are_kept(a.look, b.look, turn_of(found.transform)[0]):
        inversion = replace(inversion, of=inverted_of(a.look, b.look, colours=False))
        found = _compare_whole(negative_of(a, colours=False), b, shown, turns, inversion=inversion)
    if found.gain is not None and found.bias is not None:
        found = replace(found, gain=-found.gain, bias=found.bias + 255 * found.gain)
    return replace(found, recoloured=found.recoloured or has_colours(a.look), _sides=(a, b))


def _compare_whole(
    a: Side,
    b: Side,
    shown: Sequence[Kind],
    turns: Sequence[int],
    same: str | None = None,
    inversion: Inversion | None = None,
) -> Comparison:
    """The comparison without parts; of A's negative, if A was inverted before."""
    distances = {turn: _distances(a, b, turn) for turn in turns}
    tries = look_twice(a.look, b.look, turns)
    own = Facts.of(a.look, b.look, tries, NO_TURN if same else _turn(tries, distances), same=same is not None)
    poor = a.look.is_poor or b.look.is_poor
    verdict = same or _verdict(own, distances[own.turn], poor=poor)
    account = Account(a.upright, b.upright, verdict, own, distances, inversion)
    return Comparison(
        a=a.item.image,
        b=b.item.image,
        verdict=verdict,
        confidence=1.0 if same else own.confidence,
        transform=transform_of(own.turn, negative=inversion is not None),
        trimmed=own.trimmed,
        distances={str(kind): distances[own.turn][str(kind)] for kind in shown},
        overlap=own.lie.of_b if own.lie else 0.0,
        matrix=None if own.matrix is None else _rows(own.matrix[:2]),
        gain=own.tone.gain if own.tone else None,
        bias=own.tone.bias if own.tone else None,
        recoloured=bool(own.colour),
        quality=(a.look.quality, b.look.quality),
        shapes=(a.shape, b.shape),
        summary=account.summary(),
        reasons=tuple(account.reasons()),
        _sides=(a, b),
    )


def _with_part(whole: Comparison, found: PartMatch, distances: Mapping[int, Mapping[str, int | float]]) -> Comparison:
    """The comparison with what was found of parts in its verdict and reasons."""
    one, other = whole.sides
    account = PartAccount(found, whole.region, one.look.size, other.look.size)
    reasons = tuple(account.reasons())
    if found.verdict == "part" and not whole.is_copy:
        turn = account.turn if account.turn in distances else NO_TURN
        return replace(
            whole,
            verdict="part",
            confidence=float(found.confidence),
            transform=transform_of(turn, negative=False),
            trimmed=False,
            distances={kind: distances[turn][kind] for kind in whole.distances},
            overlap=whole.region.of_b,
            matrix=_rows(np.asarray(found.matrix, np.float64)),
            gain=None,
            bias=None,
            summary=account.summary(),
            reasons=(*reasons, *whole.reasons),
        )
    if found.verdict == "shared logo" and whole.verdict == "different":
        return replace(whole, verdict="shared logo", summary=account.summary(), reasons=(*reasons, *whole.reasons))
    return replace(whole, reasons=(*whole.reasons, *reasons))


def _kinds_of(kinds: str | Kind | Iterable[str | Kind] | None) -> list[Kind]:
    return parse_kinds(NAMES if kinds is None else kinds)


def _distances(a: Side, b: Side, turn: int) -> dict[str, int | float]:
    """By kind, between A turned so and B: by turning B back."""
    turned: Mapping[str, Any] = b.prints[inverse(turn) - 1].hashes
    return {kind: value - turned[kind] for kind, value in a.upright.hashes.items()}


def _turn(tries: Tries, distances: Mapping[int, Mapping[str, int | float]]) -> int:
    """The turn that counts: the surest, unless none is sure; then one in which the hashes are near, or none."""
    near = [turn for turn, found in distances.items() if _is_near(found)]
    return tries.surest_turn() or (near[0] if near else NO_TURN)


def _is_near(distances: Mapping[str, int | float]) -> bool:
    """Whether all that decide are near, or one is as near as hardly ever by chance."""
    surely = any(distances[kind] <= (Kind.parse(kind).radius or 0) for kind in DECIDING)
    return surely or all(distances[kind] <= RADIUS for kind in DECIDING)


def _verdict(own: Facts, distances: Mapping[str, int | float], *, poor: bool) -> str:
    """Of pictures with too little detail nobody can say that one is a copy of the other."""
    is_guided = any(distances[kind] <= (Kind.parse(kind).loose or 0) for kind in DECIDING)
    if own.confidence >= (CONFIDENCES["normal"] if is_guided else UNGUIDED) and not poor:
        return "copy"
    is_similar = own.confidence >= CONFIDENCES["loose"] or _is_near(distances) or _is_nearly(own, distances)
    return "similar" if is_similar else "different"


def _is_nearly(own: Facts, distances: Mapping[str, int | float]) -> bool:
    """Whether a hash that is worth a second look is borne out by details that agree more than unlike ones do."""
    return own.agreement >= AGREEMENT and any(distances[kind] <= (Kind.parse(kind).loose or 0) for kind in DECIDING)


def _rows(matrix: Matrix) -> tuple[tuple[float, float, float], ...]:
    return tuple((a, b, c) for a, b, c in matrix.tolist())


def _json(outline: Polygon) -> str | None:
    return json.dumps([[round(x, 4), round(y, 4)] for x, y in outline]) if outline else None
