"""Edited copies of originals, looked for in a library and by every other way to a code; and what is counted."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..frames import rows_of
from ..library.library import Library
from ..prints import error_text
from .counting import Codes, Counts, apart, histogram, matrix
from .edits import Edit, copy_of
from .methods import Road
from .pictures import Photo, open_normal

__all__ = ["NOT_COPIES", "SHARED_LOGO", "Answer", "Made", "Named", "Tally", "answers", "made", "prepared"]

SHARED_LOGO = "shared logo"
"""The verdict on two pictures that share a mark, a text or a frame, and nothing else."""

NOT_COPIES = frozenset({"similar", "different", "unsure", "none", SHARED_LOGO})
"""Verdicts with which a search may list an image without calling it a copy."""


class Named(io.BytesIO):
    """A file in memory with a name, by which a search calls its query."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


@dataclass(frozen=True)
class Answer:
    """One match of a search.

    Attributes:
        query: number of the query.
        image: number of the photo that was found.
        confidence: that it is a copy, 0 to 1; `None` where the search does not say.
        row: all that it says.
    """

    query: int
    image: int
    confidence: float | None
    row: dict[str, Any] = field(repr=False)

    @property
    def copy(self) -> bool:
        """Whether the search calls it a copy."""
        return self.row.get("verdict") not in NOT_COPIES


def answers(
    library: Library, queries: Sequence[Any], workers: int, options: dict[str, Any], also: Sequence[str] = ()
) -> tuple[list[Answer], dict[int, str]]:
    """What a library calls copies of each query, and the errors of those that cannot be read.

    The library's images and the queries are named by their numbers. `also` are verdicts that are listed though they
    say that it is no copy.
    """
    named = [
        query if isinstance(query, Named) else Named(Path(query).read_bytes(), str(n))
        for n, query in enumerate(queries)
    ]
    found: list[Answer] = []
    errors: dict[int, str] = {}
    for row in rows_of(library.search_many(named, workers=workers, to="pandas", **options)):
        query = int(row["query"])
        if row.get("error") is not None:
            errors[query] = str(row["error"])
        elif row["image"] is not None and (row.get("verdict") not in NOT_COPIES or row.get("verdict") in also):
            confidence = row.get("confidence")
            found.append(Answer(query, int(row["image"]), None if confidence is None else float(confidence), row))
    return found, errors


@dataclass
class Made:
    """All copies of one original.

    Attributes:
        original: its number.
        files: of each edit; `None` where it failed.
        codes: of each method, for each edit.
        errors: of the edits that failed, by number.
    """

    original: int
    files: list[bytes | None]
    codes: dict[str, list[bytes | None]]
    errors: dict[int, str]


def made(
    number: int, photo: Photo, edits: Sequence[Edit], seed: int, roads: Iterable[Road], other: Image.Image | None
) -> Made:
    """Make the copies of one original, and their codes by every road."""
    files: list[bytes | None] = []
    errors: dict[int, str] = {}
    try:
        picture = open_normal(photo.path)
    except Exception as error:
        why = error_text(error)
        return Made(number, [None] * len(edits), {}, dict.fromkeys(range(len(edits)), why))
    for place, edit in enumerate(edits):
        try:
            files.append(copy_of(picture, edit, seed, photo.name, other))
        except Exception as error:  # a picture of one pixel cannot be cropped
            files.append(None)
            errors[place] = error_text(error)
    there = [place for place, file in enumerate(files) if file is not None]
    codes: dict[str, list[bytes | None]] = {}
    for road in roads:
        found = road.run([file for file in files if file is not None])
        for name, column in found.items():
            spread: list[bytes | None] = [None] * len(edits)
            for place, code in zip(there, column, strict=True):
                spread[place] = code
            codes[name] = spread
    return Made(number, files, codes, errors)


@dataclass
class Known:
    """The library's images by one method.

    Attributes:
        bits: of a code.
        codes: `(images, words)`.
        there: which images have one, `(images,)`.
        pairs: different photos at each distance.
        own: for each copy, the distance to its original; -1 where there is no code, `(originals, edits)`.
        others: copies and other photos at each distance, `(edits, bits + 1)`.
        asked: of which originals the copies have been measured, `(originals,)`.
    """

    bits: int
    codes: Codes
    there: NDArray[np.bool_]
    pairs: Counts
    own: NDArray[np.int16]
    others: Counts
    asked: NDArray[np.bool_]


def prepared(
    roads: Iterable[Road], photos: Sequence[Photo], twins: set[tuple[int, int]], originals: int, edits: int
) -> Iterator[tuple[str, Known]]:
    """Each method with the codes of all photos."""
    for road in roads:
        for name, column in road.run([photo.path for photo in photos]).items():
            bits = road.bits[name]
            codes, there = matrix(column, bits)
            pairs = histogram(codes, there, bits, twins)
            own = np.full((originals, edits), -1, np.int16)
            others = np.zeros((edits, bits + 1), np.int64)
            yield name, Known(bits, codes, there, pairs, own, others, np.zeros(originals, bool))


@dataclass
class Tally:
    """What was counted of all copies.

    Attributes:
        made: whether the copy is there, `(originals, edits)`.
        found: whether the search finds its original, likewise.
        confidence: of that match; NaN without, likewise.
        wrong: other photos that the search calls its copies, likewise.
        compared: other photos that it was compared with, likewise.
        methods: by name.
        slips: the wrong answers one by one: original, edit, answer.
        failures: edits that failed: original, edit, error.
        done: originals that are done.
    """

    made: NDArray[np.bool_]
    found: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    wrong: NDArray[np.int64]
    compared: NDArray[np.int64]
    methods: dict[str, Known] = field(default_factory=dict)
    slips: list[tuple[int, int, Answer]] = field(default_factory=list)
    failures: list[tuple[int, int, str]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)

    @classmethod
    def empty(cls, originals: int, edits: int) -> Tally:
        """Nothing counted yet."""
        shape = (originals, edits)
        return cls(
            np.zeros(shape, bool),
            np.zeros(shape, bool),
            np.full(shape, np.nan),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
        )

    def add(
        self,
        copies: Made,
        found: list[Answer],
        errors: dict[int, str],
        same: set[int],
        aside: set[int],
        photos: int,
    ) -> None:
        """Count one original's copies.

        Args:
            copies: as they were made.
            found: what the search says of them.
            errors: of copies that it could not read.
            same: the original's number, and those of the photos that are the same picture.
            aside: these, and those that are not counted as different.
            photos: how many there are in the library.
        """
        number = copies.original
        self.failures += [(number, place, why) for place, why in {**copies.errors, **errors}.items()]
        self.made[number] = [file is not None for file in copies.files]
        self.compared[number] = self.made[number] * (photos - len(aside))
        for answer in found:
            if answer.image in aside - same:
                continue
            if answer.image not in same:
                self.wrong[number, answer.query] += 1
                self.slips.append((number, answer.query, answer))
                continue
            self.found[number, answer.query] = True
            before = self.confidence[number, answer.query]
            if answer.confidence is not None and not before >= answer.confidence:
                self.confidence[number, answer.query] = answer.confidence
        for name, column in copies.codes.items():
            self._measure(self.methods[name], column, number, sorted(same), sorted(aside))
        self.done.append(number)

    def _measure(
        self, known: Known, column: Sequence[bytes | None], number: int, same: list[int], aside: list[int]
    ) -> None:
        known.asked[number] = True
        codes, there = matrix(column, known.bits)
        distances = apart(codes, known.codes)
        mine = np.where(known.there[same], distances[:, same], known.bits + 1).min(1)
        known.own[number] = np.where(there & (mine <= known.bits), mine, -1)
        rest = known.there.copy()
        rest[aside] = False
        values = distances[there][:, rest] + np.flatnonzero(there)[:, None].astype(np.int64) * (known.bits + 1)
        known.others += np.bincount(values.ravel(), minlength=known.others.size).reshape(known.others.shape)
