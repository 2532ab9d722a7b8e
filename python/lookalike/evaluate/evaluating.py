"""A measurement step by step: read the photos, fill a library, make and search the copies, search the negatives."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..fingerprints import worker_count
from ..library.library import Library
from ..options import DEFAULT_LIMITS, Limits
from ..workers import ordered_map
from .edits import Edit, chosen
from .judging import MadeNegatives, Negatives, among, equal_files, fill
from .measuring import Answer, Named, Tally, answers, made, prepared
from .methods import Road, default_kinds, own_roads, rival_roads, verified
from .pictures import Photo, open_normal, read_all, twins

__all__ = ["RATES", "Evaluating", "Settings"]

RATES = (1e-6, 1e-5, 1e-4)
"""Shares of pairs of different photos that may match."""

_MOST_OTHERS = 8


@dataclass(frozen=True)
class Settings:
    """What is measured, and how.

    Attributes:
        edits: of the suite.
        originals: that copies are made of, at most; the other photos are distractors.
        seed: of the choice of originals and of everything that an edit draws.
        kinds: of ours that are measured beside the library's verdict.
        rivals: whether those that are installed are measured too.
        rival_originals: of how many originals slow rivals get the copies, at most.
        rates: shares of false matches, the first one for the short tables.
        workers: threads.
        limits: what one file may cost.
        alike: a function that gives the name of a photo's group, or `None`: photos of one group are neither copies nor
            counted as different, such as those of one product or place.
        library: options of the `Library`, such as `kinds`.
        search: options of its `search_many`.
        parts: whether the library keeps keypoints, and a search looks for parts of pictures where it finds no copy;
            photos and hard negatives, which are in the library themselves, are always looked for so.
        made_negatives: pictures of each set of hard negatives that is made of the photos; by default none.
    """

    edits: tuple[Edit, ...] = field(default_factory=chosen)
    originals: int = 300
    seed: int = 0
    kinds: tuple[str, ...] = field(default_factory=default_kinds)
    rivals: bool = True
    rival_originals: int = 100
    rates: tuple[float, ...] = RATES
    workers: int = field(default_factory=lambda: worker_count(None))
    limits: Limits = DEFAULT_LIMITS
    alike: Callable[[str], Hashable] | None = None
    library: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    parts: bool = False
    made_negatives: int = 0

    def __post_init__(self) -> None:
        for name in ("kinds", "rates"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str | float) else tuple(value))
        if not self.edits:
            raise ValueError("expected at least one edit, got none")
        for name in ("originals", "rival_originals"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"expected {name} as a whole number of at least 1, got {value!r}")
        made = self.made_negatives
        if isinstance(made, bool) or not isinstance(made, int) or made < 0:
            raise ValueError(f"expected made_negatives as a whole number of at least 0, got {made!r}")
        own_roads(self.kinds)  # or a kind that has no fixed length would be found out after all the reading
        if not self.rates or not all(0 < rate < 1 for rate in self.rates):
            raise ValueError(f"expected rates between 0 and 1, got {self.rates!r}")

    def library_options(self) -> dict[str, Any]:
        """What the library is made with."""
        return {"parts": True, **self.library} if self.parts else self.library

    def search_options(self, always: bool = False) -> dict[str, Any]:
        """What it is searched with; `always` looks for parts also where copies were found."""
        return {"parts": "always" if always else True, **self.search} if self.parts else self.search

    def roads(self) -> list[Road]:
        """The ways to codes that are measured."""
        return [*own_roads(self.kinds), *(rival_roads() if self.rivals else [])]


class Evaluating:
    """A measurement under way: `for step in evaluating.steps(): ...` does it.

    Attributes:
        photos: what is in the library, the originals first.
        originals: how many of them are originals.
        twins: pairs of numbers of photos that are the same picture.
        aside: pairs that are not counted: these, and those of one group.
        unread: photos that could not be read, of all folders.
        tally: of the copies.
        clean: pairs of different photos, unedited, that the library calls copies.
        hard: the hard negatives: sets that were made, and folders.
        hard_photos: the photos of the folders.
        notes: what is to be known of the methods.
    """

    def __init__(
        self,
        photos: Any,
        distractors: Any,
        negatives: Iterable[Any],
        settings: Settings,
        workspace: Path | None = None,
    ) -> None:
        """
        Args:
            photos: whatever `fingerprint_many` takes, as long as it is files.
            distractors: likewise, or `None`.
            negatives: likewise; each is a folder of its own.
            settings: what is measured.
            workspace: an empty folder for libraries; by default a temporary one that goes away afterwards.
        """
        self._given = (photos, distractors, list(negatives))
        self._workspace = workspace
        self.settings = settings
        self.photos: list[Photo] = []
        self.others: list[Photo] = []
        self.originals = 0
        self.twins: set[tuple[int, int]] = set()
        self.aside: set[tuple[int, int]] = set()
        self.unread: list[Photo] = []
        self.tally = Tally.empty(0, len(settings.edits))
        self.clean: dict[tuple[int, int], Answer] = {}
        self.hard: list[Negatives] = []
        self.hard_photos: list[Photo] = []
        self.notes: list[str] = []

    def steps(self) -> Iterator[str]:
        """Do it, and name each photo when it is read, and each original or negative when it is searched for.

        Raises:
            ValueError: if there are not two photos that can be read.
        """
        yield from self._read()
        with self._folder() as folder:
            options = self.settings.library_options()
            with Library(folder / "photos", **options) as library:
                yield from self._copies(library)
                yield from self._made_negatives(library, folder / "made")
            with Library(folder / "negatives", **options) as library:
                yield from self._negatives(library)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        if self._workspace is not None:
            yield self._workspace
            return
        with tempfile.TemporaryDirectory(prefix="lookalike-evaluate-") as folder:
            yield Path(folder)

    def _read(self) -> Iterator[str]:
        photos, distractors, negatives = self._given
        mine: list[Photo] = []
        yield from self._gather(photos, mine)
        more: list[Photo] = []
        if distractors is not None:
            yield from self._gather(distractors, more)
        for folder in negatives:
            start = len(self.hard_photos)
            yield from self._gather(folder, self.hard_photos)
            self.hard.append(Negatives(str(folder), self.hard_photos, list(range(start, len(self.hard_photos)))))
        self._arrange(mine, more)

    def _gather(self, sources: Any, into: list[Photo]) -> Iterator[str]:
        for photo in read_all(sources, self.settings.workers, self.settings.limits):
            (into if photo.error is None else self.unread).append(photo)
            yield photo.name

    def _arrange(self, mine: list[Photo], more: list[Photo]) -> None:
        """Which photos are originals, which distractors, and which are kept out as parts of collages."""
        order = np.random.default_rng(self.settings.seed).permutation(len(mine))
        count = min(self.settings.originals, len(mine))
        originals = [mine[place] for place in sorted(order[:count])]
        known = {photo.path for photo in mine}
        rest = [mine[place] for place in sorted(order[count:])] + [photo for photo in more if photo.path not in known]
        if len(originals) + len(rest) < 2:
            raise ValueError(
                f"expected at least two photos that can be read, got {len(originals) + len(rest)} "
                f"(and {len(self.unread)} that cannot)"
            )
        aside = min(_MOST_OTHERS, len(rest) // 10) if any(edit.needs_other for edit in self.settings.edits) else 0
        places = {len(rest) * n // aside for n in range(aside)} if aside else set()
        self.others = [photo for place, photo in enumerate(rest) if place in places]
        self.photos = originals + [photo for place, photo in enumerate(rest) if place not in places]
        self.originals = len(originals)
        everyone = [*self.photos, *self.others]
        pairs = twins(np.stack([photo.plane for photo in everyone if photo.plane is not None]))
        self.twins = {pair for pair in pairs if max(pair) < len(self.photos)}
        self.aside = self.twins | self._groups()
        # A part of a collage that is in the library under another name would be found, and rightly so.
        bad = {max(pair) for pair in pairs if max(pair) >= len(self.photos)}
        self.others = [photo for place, photo in enumerate(self.others, len(self.photos)) if place not in bad]

    def _groups(self) -> set[tuple[int, int]]:
        """Pairs of photos of one group."""
        groups: dict[Hashable, list[int]] = {}
        for number, photo in enumerate(self.photos):
            name = None if self.settings.alike is None else self.settings.alike(photo.name)
            if name is not None:
                groups.setdefault(name, []).append(number)
        return {pair for group in groups.values() for pair in itertools.combinations(group, 2)}

    def _copies(self, library: Library) -> Iterator[str]:
        settings = self.settings
        fill(library, self.photos, settings.workers)
        roads = settings.roads()
        self.tally = Tally.empty(self.originals, len(settings.edits))
        self.tally.methods = dict(prepared(roads, self.photos, self.aside, *self.tally.made.shape))
        self.notes = [road.note for road in roads if road.note]
        if settings.rivals:
            self.notes.append(verified([photo.path for photo in self.photos[:10]]))
        for first, second, answer in among(library, self.photos, settings):
            if answer.copy and (first, second) not in self.aside:
                self.clean.setdefault((first, second), answer)
        same, aside = (_partners(pairs, self.originals) for pairs in (self.twins, self.aside))
        others = [open_normal(photo.path, settings.limits, 800) for photo in self.others]
        make = self._maker(roads, others)
        for copies in ordered_map(make, range(self.originals), settings.workers):
            found, errors = answers_of(library, copies.files, settings)
            number = copies.original
            self.tally.add(copies, found, errors, same[number], aside[number], len(self.photos))
            yield self.photos[number].name

    def _maker(self, roads: list[Road], others: list[Image.Image]) -> Callable[[int], Any]:
        step = -(-self.originals // self.settings.rival_originals)
        fast = [road for road in roads if not road.slow]

        def make(number: int) -> Any:
            other = others[number % len(others)] if others else None
            mine = roads if number % step == 0 else fast
            return made(number, self.photos[number], self.settings.edits, self.settings.seed, mine, other)

        return make

    def _made_negatives(self, library: Library, folder: Path) -> Iterator[str]:
        """Sets of pictures that share something, in the library of the photos."""
        if not self.settings.made_negatives:
            return
        made = MadeNegatives(self.photos, self.aside, self.settings)
        yield from made.make(library, folder)
        made.judge(library)
        self.hard += made.sets()

    def _negatives(self, library: Library) -> Iterator[str]:
        if not self.hard_photos:
            return
        fill(library, self.hard_photos, self.settings.workers)
        folders = [folder for folder in self.hard if folder.photos is self.hard_photos]
        home = {number: folder for folder in folders for number in folder.numbers}
        for folder in folders:
            folder.same_bytes = equal_files(folder.numbers, self.hard_photos)
        for first, second, answer in among(library, self.hard_photos, self.settings):
            if home[first] is home[second]:
                home[first].count((first, second), answer)
        yield from (folder.folder for folder in folders)


def answers_of(
    library: Library, files: Sequence[bytes | None], settings: Settings
) -> tuple[list[Answer], dict[int, str]]:
    """What the library says of some copies; those that are not there are passed over."""
    queries = [Named(file, str(place)) for place, file in enumerate(files) if file is not None]
    return answers(library, queries, settings.workers, settings.search_options()) if queries else ([], {})


def _partners(pairs: set[tuple[int, int]], originals: int) -> list[set[int]]:
    """For each original, its own number and those of the photos that it is in a pair with."""
    same = [{number} for number in range(originals)]
    for pair in pairs:
        for one, other in itertools.permutations(pair):
            if one < originals:
                same[one].add(other)
    return same
