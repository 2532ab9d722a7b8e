"""Hard negatives, those of a folder and those that are made: which pairs of them a library calls copies."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..library.library import Library
from ..workers import ordered_map
from .measuring import SHARED_LOGO, Answer, answers
from .negatives import SETS
from .pictures import Photo, open_normal

if TYPE_CHECKING:
    from .evaluating import Settings

__all__ = ["MADE", "MadeNegatives", "Negatives", "among", "equal_files", "fill"]

Pair = tuple[int, int]

MADE = "made: "
"""What the names of sets that are made begin with."""

_AT_ONCE = 64
SHOP = 10
"""Pictures of a set that share one thing, such as one logo: the next ten share another one."""


@dataclass
class Negatives:
    """Photos that are all different.

    Attributes:
        folder: where they are from.
        photos: by number; there may be others among them.
        numbers: of its photos.
        compared: pairs of different photos, where these are not all pairs of its photos.
        called: pairs of numbers that the library calls copies, with its answer.
        logos: pairs of which it says that they share a logo.
        same_bytes: pairs whose files are equal: these are copies, and not counted.
    """

    folder: str
    photos: Sequence[Photo]
    numbers: list[int]
    compared: int | None = None
    called: dict[Pair, Answer] = field(default_factory=dict)
    logos: set[Pair] = field(default_factory=set)
    same_bytes: set[Pair] = field(default_factory=set)

    @property
    def pairs(self) -> int:
        """Pairs of different photos."""
        if self.compared is not None:
            return self.compared
        return len(self.numbers) * (len(self.numbers) - 1) // 2 - len(self.same_bytes)

    def count(self, pair: Pair, answer: Answer) -> None:
        """Count what a search says of a pair; of two answers the surer one is kept."""
        if pair in self.same_bytes:
            return
        if not answer.copy:
            self.logos.add(pair)
            return
        before = self.called.get(pair)
        if before is None or (answer.confidence or 0) > (before.confidence or 0):
            self.called[pair] = answer


class MadeNegatives:
    """Every set of `negatives.SETS`, made of some of the photos of a library, and looked for among them.

    A picture of a set is a copy of the photo that it was made of, so that these count neither way, and neither do
    pictures of two sets that were made of one photo. All other pairs are different.
    """

    def __init__(self, photos: Sequence[Photo], aside: set[Pair], settings: Settings) -> None:
        """
        Args:
            photos: that are in the library, named by their numbers.
            aside: pairs of these that are not counted.
            settings: how many pictures, and how they are searched for.
        """
        self._clean = len(photos)
        self._aside = aside
        self._settings = settings
        self._photos = list(photos)
        self._sources = _apart(len(photos), aside, settings.made_negatives)
        count = len(self._sources)
        self._sets = [
            Negatives(MADE + name, self._photos, list(range(start, start + count)))
            for start, name in zip(itertools.count(self._clean, count), SETS, strict=False)
        ]
        self._rest = Negatives(MADE + "with photos and other sets", self._photos, [])

    def make(self, library: Library, folder: Path) -> Iterator[str]:
        """Make the pictures as files, add them to the library, and name each set."""
        folder.mkdir(parents=True, exist_ok=True)

        def made(place: int) -> list[Path]:
            photo = self._photos[self._sources[place]]
            picture = open_normal(photo.path, self._settings.limits)
            paths = []
            for name, chosen in SETS.items():
                paths.append(folder / f"{name}-{place}.jpg")
                paths[-1].write_bytes(chosen.make(picture, self._settings.seed + place // SHOP, photo.name))
            return paths

        columns = list(ordered_map(made, range(len(self._sources)), self._settings.workers))
        for name, paths in zip(SETS, zip(*columns, strict=True), strict=True):
            for path, source in zip(paths, self._sources, strict=True):
                self._photos.append(Photo(f"{name} of {self._photos[source].name}", str(path)))
            yield MADE + name
        fill(library, self._photos, self._settings.workers, self._clean)

    def judge(self, library: Library) -> None:
        """Look for every picture that was made, and count."""
        for first, second, answer in among(library, self._photos, self._settings, self._clean):
            if self._different(first, second):
                self._home(first, second).count((first, second), answer)
        self._rest.numbers, self._rest.compared = list(range(self._clean, len(self._photos))), self._compared()

    def sets(self) -> list[Negatives]:
        """What came of it: each set by itself, and all other pairs."""
        return [*self._sets, self._rest]

    def _source(self, number: int) -> int:
        return number if number < self._clean else self._sources[(number - self._clean) % len(self._sources)]

    def _different(self, first: int, second: int) -> bool:
        one, other = sorted((self._source(first), self._source(second)))
        return one != other and (one, other) not in self._aside

    def _home(self, first: int, second: int) -> Negatives:
        places = [(number - self._clean) // len(self._sources) for number in (first, second)]
        return self._sets[places[1]] if places[0] == places[1] else self._rest

    def _compared(self) -> int:
        """Pairs of a picture that was made with a photo, or with one of another set."""
        count, sets = len(self._sources), len(self._sets)
        partners = sum(sum(source in pair for source in self._sources) for pair in self._aside)
        with_photos = sets * (count * (self._clean - 1) - partners)
        return with_photos + (sets * (sets - 1) // 2) * count * (count - 1)


def _apart(photos: int, aside: set[Pair], most: int) -> list[int]:
    """Numbers of photos, spread over all, no two of which are a pair that is not counted."""
    chosen: list[int] = []
    count = min(most, photos)
    for place in range(count):
        number = place * photos // count
        if all((other, number) not in aside for other in chosen):
            chosen.append(number)
    return chosen


def among(
    library: Library, photos: Sequence[Photo], settings: Settings, start: int = 0
) -> Iterator[tuple[int, int, Answer]]:
    """Pairs of photos, the smaller number first, of which a library says something.

    Args:
        library: has the photos, named by their numbers.
        photos: that are in it.
        settings: how it is searched.
        start: the first photo that is looked for.
    """
    # Each photo is in the library itself: it would be found, and its parts would not be looked for.
    options = settings.search_options(always=True)
    for first in range(start, len(photos), _AT_ONCE):
        part = [photo.path for photo in photos[first : first + _AT_ONCE]]
        for answer in answers(library, part, settings.workers, options, also=(SHARED_LOGO,))[0]:
            here = first + answer.query
            if here != answer.image:
                yield min(here, answer.image), max(here, answer.image), answer


def fill(library: Library, photos: Sequence[Photo], workers: int, start: int = 0) -> None:
    """Add the photos from a number on, each named by its number."""
    names = [str(number) for number in range(start, len(photos))]
    library.add([photo.path for photo in photos[start:]], image=names, workers=workers)


def equal_files(numbers: Sequence[int], photos: Sequence[Photo]) -> set[Pair]:
    """Pairs of photos whose files have the same bytes."""
    by_digest: dict[bytes, list[int]] = {}
    for number in numbers:
        digest = hashlib.blake2b(Path(photos[number].path).read_bytes()).digest()
        by_digest.setdefault(digest, []).append(number)
    return {pair for group in by_digest.values() for pair in itertools.combinations(group, 2)}
