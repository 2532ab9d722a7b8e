"""What speaks for and against it that one picture is a copy of another, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..confirm import CONFIDENCES
from ..kinds import Kind
from ..looks import Look
from ..prints import Fingerprint
from ..turns import NO_TURN, name_of
from .facts import Facts, Tone
from .geometry import Lie
from .negatives import Inversion
from .words import DONE, joined, percent, reshaped, sure

__all__ = ["Account"]

_TOLD = ("phash", "dhash")
"""The kinds whose distances are put into words."""

_OF_COPIES = 0.95
"""How far the details of copies mostly agree; those of unlike photos do by 0.92 at most, of garments of one shape."""

# What is smaller than these the thumbs of 32 x 32 cannot tell.
_LEAST_PART, _LEAST_LIGHT, _LEAST_CONTRAST, _LEAST_EDGE = 0.025, 0.04, 0.18, 0.005


@dataclass(frozen=True, slots=True)
class Account:
    """All that was found out of two pictures.

    Attributes:
        a: the first, as it is.
        b: the second.
        verdict: see `Comparison`.
        facts: of the second look.
        distances: by turn of A, then by kind.
        inversion: of A, if it is A's negative that is spoken of.
    """

    a: Fingerprint
    b: Fingerprint
    verdict: str
    facts: Facts
    distances: Mapping[int, Mapping[str, int | float]]
    inversion: Inversion | None = None

    def summary(self) -> str:
        """What the verdict rests on, in a sentence without a stop."""
        if self.verdict == "same bytes":
            return "the files are equal"
        if self.verdict == "same picture":
            return "every pixel is equal"
        if self.verdict == "copy":
            return self._copied()
        if self.verdict == "similar":
            return self._doubt()
        near = "one hash is near, but" if self._is_worth_a_look() else "the hashes are far apart, and"
        return f"{near} the second look does not see the one in the other"

    def reasons(self) -> Iterator[str]:
        """What was tried, what agreed and what did not, one sentence each, without a stop."""
        if self.verdict == "same bytes":
            return
        yield from self._of_inversion()
        yield from self._of_hashes()
        yield from self._of_turns()
        if self.verdict == "same picture":
            return
        yield from self._of_borders()
        yield self._of_second_look()
        if self.verdict == "similar" and self.facts.confidence >= CONFIDENCES["loose"] and self.changes():
            yield f"if it is a copy, then B is A {joined(self.changes())}"
        yield from self._of_quality()
        yield from (f"{name}: {found.warning}" for name, found in self._named() if found.warning)

    def changes(self) -> list[str]:
        """What was done to A to get B, such as `"mirrored"` or `"scaled to 50 %"`."""
        facts = self.facts
        done = [] if self.inversion is None else [f"inverted in {self.inversion.of} (a negative)"]
        done += [DONE[name_of(facts.turn)]] if facts.turn != NO_TURN else []
        if facts.trimmed and not _look(self.b).has_border:
            done.append("without its border")
        if facts.lie is not None:
            done += _of_lie(facts.lie, bordered=_look(self.b).has_border)
        if facts.tone is not None:
            done += _of_tone(facts.tone)
        colours = {"lost": ["without its colours"], "gained": ["with colours"], "tinted": ["in other colours"]}
        return done + colours.get(facts.colour, [])

    def _named(self) -> tuple[tuple[str, Fingerprint], ...]:
        return ("A", self.a), ("B", self.b)

    def _copied(self) -> str:
        changes = self.changes()
        if changes:
            return f"B is A {joined(changes)}"
        if self.facts.agreement < _OF_COPIES:
            return "B is A, changed in its details"
        return "B is A; its place, size, brightness and colours are as they were"

    def _doubt(self) -> str:
        if self._poor():
            return "they look alike, with too little detail to say that one is a copy"
        if self.facts.confidence >= CONFIDENCES["loose"]:
            return "the second look thinks that one is a copy of the other, but is not sure"
        return "the hashes are near, but laid onto each other the pictures agree only in part"

    def _poor(self) -> list[str]:
        return [name for name, found in self._named() if _look(found).is_poor]

    def _is_worth_a_look(self) -> bool:
        return any(self.distances[self.facts.turn][name] <= (Kind.parse(name).loose or 0) for name in _TOLD)

    def _of_inversion(self) -> Iterator[str]:
        if self.inversion is None:
            return
        before, after = self.inversion.phash[self.facts.turn], self.distances[self.facts.turn]["phash"]
        moved = f"phash {'falls' if after < before else 'goes'} from {before} to {after} bits"
        look = f"the second look from {sure(self.inversion.confidence)} to {sure(self.facts.confidence)}"
        yield f"inverted in {self.inversion.of}: {moved}, {look}"

    def _of_hashes(self) -> Iterator[str]:
        for name in _TOLD:
            kind = Kind.parse(name)
            distance = self.distances[self.facts.turn][name]
            yield f"{name}: {distance} of {kind.bits} bits differ, {_rated(distance, kind, poor=bool(self._poor()))}"

    def _of_turns(self) -> Iterator[str]:
        mine, turn = self.distances, self.facts.turn
        others = [one for one in mine if one != NO_TURN]
        if not others:
            return
        if turn != NO_TURN:
            before, after = mine[NO_TURN]["phash"], mine[turn]["phash"]
            moved = f"phash {'falls' if after < before else 'goes'} from {before} to {after} bits"
            look = f"the second look from {sure(self.facts.unturned)} to {sure(self.facts.confidence)}"
            yield f"{DONE[name_of(turn)]}: {moved}, {look}"
            return
        nearest = min(others, key=lambda one: mine[one]["phash"])
        found = f"the nearest, {name_of(nearest)}, by {mine[nearest]['phash']} bits of phash"
        yield f"{len(others)} way{'s' if len(others) > 1 else ''} to turn or mirror A fit no better ({found})"

    def _of_borders(self) -> Iterator[str]:
        boxes = [(name, _look(found).box) for name, found in self._named()]
        edges = [(name, _edges(box)) for name, box in boxes if box is not None]
        if len(edges) == 2 and not self.facts.trimmed:
            yield f"both have the same border, which was left out: {edges[0][1]} of A"
        else:
            yield from (f"a border was trimmed off {name}: {widths}" for name, widths in edges)
        if self.facts.trimmed:
            before, after = self.distances[self.facts.turn]["phash"], self._inner_distance()
            yield f"without the border phash {'falls' if after < before else 'goes'} from {before} to {after} bits"

    def _inner_distance(self) -> int:
        one, other = _look(self.a).inner_code(self.facts.turn), _look(self.b).inner_code()
        return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()

    def _of_second_look(self) -> str:
        facts = self.facts
        if facts.matrix is None:
            return "the second look could not lay the pictures onto each other"
        laid = f"({sure(facts.confidence)}): laid onto each other"
        if facts.confidence >= CONFIDENCES["normal"]:
            return f"the second look agrees {laid}, details agree by {facts.agreement:.2f}"
        found = f"details agree by {facts.agreement:.2f}, those of copies mostly by {_OF_COPIES} or more"
        if facts.confidence >= CONFIDENCES["loose"]:
            return f"the second look is not sure {laid}, {found}"
        return f"the second look disagrees {laid} as well as they fit, {found}"

    def _of_quality(self) -> Iterator[str]:
        poor = self._poor()
        qualities = [f"{_look(found).quality}" for name, found in self._named() if name in poor]
        if len(poor) == 2:
            yield f"both have too little detail to tell apart (quality {' and '.join(qualities)} of 100)"
        elif poor:
            yield f"{poor[0]} has too little detail to tell it from others (quality {qualities[0]} of 100)"


def _look(found: Fingerprint) -> Look:
    assert found.look is not None
    return found.look


def _rated(distance: int | float, kind: Kind, *, poor: bool) -> str:
    radius, loose = kind.radius, kind.loose
    assert radius is not None
    assert loose is not None
    if distance <= radius:
        return f"within {radius}" if poor else f"within {radius}, as hardly ever by chance"
    if distance <= loose:
        return f"beyond {radius}, within {loose}" if poor else f"beyond {radius}, within {loose}: worth a second look"
    return f"beyond {loose}, as of unlike pictures"


def _edges(box: tuple[float, float, float, float]) -> str:
    """Such as `"12 % at the top and bottom, 5 % at the left"`."""
    left, upper, right, lower = box
    widths = {"top": upper, "bottom": 1 - lower, "left": left, "right": 1 - right}
    groups: dict[str, list[str]] = {}
    for name, width in widths.items():
        if width >= _LEAST_EDGE:
            groups.setdefault(percent(width), []).append(name)
    told = [
        f"{width} at {'all sides' if len(names) == 4 else f'the {joined(names)}'}" for width, names in groups.items()
    ]
    return ", ".join(told) or "less than 1 %"


def _of_lie(lie: Lie, *, bordered: bool) -> list[str]:
    return _of_part(lie, bordered=bordered) + reshaped(lie.scale, lie.aspect, lie.degrees, lie.shear)


def _of_part(lie: Lie, *, bordered: bool) -> list[str]:
    done = []
    if lie.of_a < 1 - _LEAST_PART:
        sides = [
            f"{percent(share)} of its {name}"
            for name, share in (("width", lie.across), ("height", lie.down))
            if share < 1 - _LEAST_PART / 2
        ]
        done.append(f"cropped to {joined(sides)}" if sides else f"cut to {percent(lie.of_a)} of its area")
    if lie.of_b < 1 - (_LEAST_PART if bordered else 2 * _LEAST_PART):
        done.append(f"{'with a border' if bordered else 'with more around it'} (it fills {percent(lie.of_b)} of B)")
    return done


def _of_tone(tone: Tone) -> list[str]:
    done = []
    if abs(tone.brighter) >= _LEAST_LIGHT:
        done.append("brighter" if tone.brighter > 0 else "darker")
    if not 1 - _LEAST_CONTRAST < tone.gain < 1 / (1 - _LEAST_CONTRAST):
        done.append(f"with {'more' if tone.gain > 1 else 'less'} contrast")
    return done
