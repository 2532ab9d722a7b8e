"""A calibration step by step: sample the library, compare all pairs, look at the near ones, make and search copies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kinds import Kind
from ..library.library import Library
from ..library.places import file_at
from ..options import DEFAULT_LIMITS, Limits
from ..prints import error_text
from ..workers import ordered_map
from .counting import Codes, Counts, apart, histogram, matrix
from .edits import Edit
from .measuring import NOT_COPIES, Made, Named, made
from .methods import own_roads
from .pictures import Photo, Planes, open_normal, plane_of, twins

__all__ = ["Calibrating", "Choice", "Near"]

_SUSPECTS = 4000
"""Pairs that are looked at, at most: the nearest ones. What is further away is hardly ever a copy."""


@dataclass(frozen=True)
class Choice:
    """What is measured, and how: the arguments of `calibrate`."""

    images: int
    originals: int
    edits: tuple[Edit, ...]
    rate: float
    seed: int
    workers: int
    limits: Limits = DEFAULT_LIMITS
    tries: int = 1

    def __post_init__(self) -> None:
        for name in ("images", "originals", "tries"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"expected {name} as a whole number of at least 1, got {value!r}")
        if not 0 < self.rate < 1:
            raise ValueError(f"expected a rate between 0 and 1, got {self.rate!r}")


@dataclass(frozen=True)
class Near:
    """Two images of the sample that are near each other.

    Attributes:
        pair: their numbers, the smaller first.
        looks: `"other"` or `"unknown"`, where a file could not be read.
    """

    pair: tuple[int, int]
    looks: str


@dataclass
class Measured:
    """One kind.

    Attributes:
        bits: of its codes.
        codes: of the sample, `(images, words)`.
        there: which of them are there.
        counts: pairs of different pictures at each distance.
        own: of each copy, the distance from its original; -1 where there is none, `(originals, edits)`.
    """

    bits: int
    codes: Codes
    there: NDArray[np.bool_]
    counts: Counts
    own: NDArray[np.int16]


@dataclass
class Calibrating:
    """A calibration under way: `for step in calibrating.steps(): ...` does it.

    Attributes:
        library: the library.
        choice: what is measured.
        total: images with codes in the library.
        sample: rows of the library.
        kinds: by name.
        aside: pairs of the sample that are the same picture, and why they are.
        near: the nearest other pairs.
        unknown: near pairs of which a file could not be read: they count as different.
        unread: rows whose files could not be read, by number, with the error.
        originals: numbers of those that copies are made of.
        done: how many of them are done.
        right: the confidence of each copy's match with its original; 0 where it says nothing, -1 where there is none.
        made: copies that there are, `(originals, edits)`.
        disputed: matches whose small pictures do not agree: number of the sample, the library's row.
        searched: pairs that the searches of the sample's pictures compared.
        notes: copies that could not be made: image and error.
    """

    library: Library
    choice: Choice
    total: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    kinds: dict[str, Measured] = field(default_factory=dict)
    aside: dict[tuple[int, int], str] = field(default_factory=dict)
    near: list[Near] = field(default_factory=list)
    unknown: int = 0
    unread: dict[int, str] = field(default_factory=dict)
    originals: list[int] = field(default_factory=list)
    done: int = 0
    right: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    made: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), bool))
    disputed: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    searched: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    _planes: dict[str, Planes | None] = field(default_factory=dict)

    def steps(self) -> Iterator[str]:
        """Do it, and name each image that is looked at.

        Raises:
            ValueError: if there are fewer than two images with codes.
        """
        self._take_sample()
        yield from self._compare()
        yield from self._copy()

    def _take_sample(self) -> None:
        """So many rows, each as likely as any other, in one pass (Vitter 1985, algorithm R)."""
        rng = np.random.default_rng(self.choice.seed)
        for row in self.library.rows():
            if row[self.library.kinds[0]] is None:
                continue
            self.total += 1
            if len(self.sample) < self.choice.images:
                self.sample.append(row)
            elif (place := int(rng.integers(self.total))) < self.choice.images:
                self.sample[place] = row
        if len(self.sample) < 2:
            raise ValueError(f"expected a library with at least two images that could be read, got {self.total}")
        self.sample.sort(key=lambda row: int(row["row"]))

    def _compare(self) -> Iterator[str]:
        """All pairs by each kind; the near ones are looked at, and copies among them set aside."""
        coded = {}
        for name in self.library.kinds:
            bits = Kind.parse(name).bits or 0
            column = [None if row[name] is None else bytes.fromhex(_even(row[name])) for row in self.sample]
            coded[name] = (bits, *matrix(column, bits))
        suspects = _suspects([(bits, codes, there) for bits, codes, there in coded.values()])
        for pair in suspects:
            yield str(self.sample[pair[0]]["image"])
            self._judge(pair)
        for name, (bits, codes, there) in coded.items():
            counts = histogram(codes, there, bits, set(self.aside))
            self.kinds[name] = Measured(bits, codes, there, counts, np.zeros((0, 0), np.int16))

    def _judge(self, pair: tuple[int, int]) -> None:
        one, other = (self.sample[number] for number in pair)
        if one["digest"] is not None and one["digest"] == other["digest"]:
            self.aside[pair] = "same bytes"
            return
        planes = [self._plane(number) for number in pair]
        if any(plane is None for plane in planes):
            self.unknown += 1
            self.near.append(Near(pair, "unknown"))
        elif twins(np.stack([plane for plane in planes if plane is not None])):
            self.aside[pair] = "same picture"
        else:
            self.near.append(Near(pair, "other"))

    def _plane(self, number: int) -> Planes | None:
        plane, error = self._plane_at(self.sample[number])
        if error is not None:
            self.unread[number] = error
        return plane

    def _plane_at(self, row: dict[str, Any]) -> tuple[Planes | None, str | None]:
        """The small grey plane of an image of the library; or why its file cannot be read."""
        path = file_at(str(row["place"]))
        if path not in self._planes:
            try:
                self._planes[path] = plane_of(open_normal(path, self.choice.limits, 64))
            except Exception as error:  # whatever is wrong with one file, the others count
                self._planes[path] = None
                return None, error_text(error)
        plane = self._planes[path]
        return plane, "it could not be read" if plane is None else None

    def _copy(self) -> Iterator[str]:
        rng = np.random.default_rng(self.choice.seed)
        order = [int(number) for number in rng.permutation(len(self.sample))]
        self.originals = list(itertools.islice(self._readable(order), self.choice.originals))
        shape = len(self.originals), len(self.choice.edits)
        for measured in self.kinds.values():
            measured.own = np.full(shape, -1, np.int16)
        self.right, self.made = np.full(shape, -1.0), np.zeros(shape, bool)
        roads = own_roads(self.kinds, self.library.recipe)

        def make(place: int) -> Made:
            row = self.sample[self.originals[place]]
            photo = Photo(str(row["image"]), file_at(str(row["place"])))
            return made(place, photo, self.choice.edits, self.choice.seed, roads, None)

        for copies in ordered_map(make, range(len(self.originals)), self.choice.workers):
            self._count(copies)
            yield str(self.sample[self.originals[copies.original]]["image"])

    def _readable(self, order: Sequence[int]) -> Iterator[int]:
        for number in order:
            if self._plane(number) is not None:
                yield number

    def _count(self, copies: Made) -> None:
        place, number = copies.original, self.originals[copies.original]
        image = str(self.sample[number]["image"])
        self.made[place] = [file is not None for file in copies.files]
        self.notes += [(image, f"{self.choice.edits[edit].name}: {why}") for edit, why in copies.errors.items()]
        for name, column in copies.codes.items():
            measured = self.kinds[name]
            codes, there = matrix(column, measured.bits)
            distances = apart(codes, measured.codes[number : number + 1])[:, 0]
            measured.own[place] = np.where(there & measured.there[number], distances, -1)
        self._search(place, number, copies.files)
        self.done += 1

    def _search(self, place: int, number: int, files: Sequence[bytes | None]) -> None:
        """Look for the copies, and for the picture itself, as a user does."""
        from ..frames import rows_of

        path = file_at(str(self.sample[number]["place"]))
        queries = [Named(file, str(edit)) for edit, file in enumerate(files) if file is not None]
        for row in rows_of(self.library.search_many([*queries, path], workers=self.choice.workers)):
            if row.get("error") is not None or row["image"] is None or row.get("verdict") in NOT_COPIES:
                continue
            edit = int(row["query"]) if str(row["query"]).isdigit() else None
            mine = row["row"] == self.sample[number]["row"]
            confidence = row.get("confidence")
            if mine and edit is not None:
                self.right[place, edit] = max(self.right[place, edit], 0.0 if confidence is None else confidence)
            elif not mine and edit is None:
                self._dispute(number, row)
        self.searched += self.total - 1

    def _dispute(self, number: int, found: dict[str, Any]) -> None:
        """Another image that the library calls a copy of this one: is it the same picture?"""
        record = self.library._opened.catalog.records([int(found["row"])]).get(int(found["row"]))
        if record is None or (found.get("level") == 0):
            return
        plane, _ = self._plane_at({"place": record.place})
        mine = self._plane(number)
        if plane is None or mine is None or not twins(np.stack([mine, plane])):
            self.disputed.append((number, found))


def _even(text: str) -> str:
    return text.zfill(len(text) + len(text) % 2)


def _suspects(coded: Sequence[tuple[int, Codes, NDArray[np.bool_]]]) -> list[tuple[int, int]]:
    """The nearest pairs of the sample by any kind, at most so many: those that may be copies."""
    found: dict[tuple[int, int], float] = {}
    for bits, codes, there in coded:
        counts = histogram(codes, there, bits, set())
        # Up to a quarter of the bits: between different pictures about half of them differ.
        reach = min(int(np.searchsorted(np.cumsum(counts), _SUSPECTS, "right")) - 1, bits // 4)
        for start in range(0, len(codes), 256):
            distances = apart(codes[start : start + 256], codes)
            later = np.arange(len(codes))[None] > np.arange(start, start + len(distances))[:, None]
            for one, other in zip(*np.nonzero((distances <= reach) & later), strict=True):
                pair = (start + int(one), int(other))
                if there[pair[0]] and there[pair[1]]:
                    share = float(distances[one, other]) / bits
                    found[pair] = min(found.get(pair, 1.0), share)
    return sorted(found, key=lambda pair: (found[pair], pair))
