"""`calibrate`: what radius to use in a library, by its own pictures, and what to expect of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..fingerprints import worker_count
from ..frames import check_backend
from ..library.library import Library
from ..options import DEFAULT_LIMITS, Limits
from .calibrating import Calibrating, Choice
from .edits import chosen
from .evaluation import Progress, watched
from .results import Results
from .tables import Row

__all__ = ["Calibration", "calibrate"]

COLUMNS = {
    "radii": (
        "kind", "bits", "radius", "default_radius", "pairs", "seen", "false_rate", "false_rate_at_most", "images",
        "per_search", "per_search_at_most", "all_pairs", "all_pairs_at_most", "ten_times_per_search",
        "ten_times_per_search_at_most", "ten_times_all_pairs", "ten_times_all_pairs_at_most", "copies", "found",
        "share",
    ),
    "curve": (
        "kind", "radius", "pairs", "seen", "false_rate", "false_rate_at_most", "copies", "found", "share",
    ),
    "by_edit": ("kind", "edit", "family", "copies", "found", "share"),
    "confidence": ("threshold", "copies", "found", "share", "pairs", "disputed"),
    "near": ("kind", "distance", "image_a", "image_b", "looks"),
    "disputed": ("image", "called", "confidence", "kind", "distance", "transform"),
    "set_aside": ("image_a", "image_b", "why"),
    "failures": ("image", "error"),
}  # fmt: skip
"""The tables and their columns."""

_INTEGERS = frozenset(
    {"bits", "radius", "default_radius", "pairs", "seen", "images", "copies", "found", "distance", "disputed"}
)


class Calibration(Results):
    """What a library's own pictures say of its radii.

    Attributes:
        sentence: which radius to use, how many false matches to expect, what share of copies is found.
        about: how many pictures and pairs that rests on.

    Tables, as attributes: `radii` (one row a kind: the radius to use, and what to expect at this size and at ten times
    it), `curve` (the same figures for every radius), `by_edit`, `confidence` (of the library's own verdict), `near`
    (the nearest pairs that count as different: look at them), `disputed` (matches of the library whose small pictures
    do not agree: edited copies, or false), `set_aside` (pairs that are copies already), `failures` (files that could
    not be read).
    """

    COLUMNS = COLUMNS
    INTEGERS = _INTEGERS
    MAIN = "radii"

    def __init__(self, rows: dict[str, list[Row]], about: dict[str, Any], sentence: str, to: str = "pandas") -> None:
        super().__init__(rows, about, to)
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"Calibration({self.sentence!r})"

    def __str__(self) -> str:
        return self.sentence

    @property
    def radius(self) -> dict[str, int]:
        """The radius of each kind, as `search(radius=...)` takes it; kinds that are of no use are left out."""
        return {row["kind"]: row["radius"] for row in self._rows["radii"] if row["radius"] >= 0}

    def _head(self) -> dict[str, Any]:
        return {"sentence": self.sentence, **super()._head()}


def calibrate(
    library: Library | str | os.PathLike[str],
    *,
    images: int = 2000,
    originals: int = 50,
    edits: str | Iterable[str] = "mild",
    rate: float = 1e-6,
    seed: int = 0,
    tries: int = 1,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = False,
    to: str = "pandas",
) -> Calibration:
    """Measure on a library's own pictures which radius to use for each of its kinds.

    Pairs of different pictures are taken from a sample of the library; those that are near each other are looked at,
    and what is the same picture is set aside. Copies are made of pictures whose files can be read.

    >>> from lookalike.evaluate import calibrate
    >>> print(calibrate("photos.library").sentence)     # doctest: +SKIP

    Args:
        library: a `Library`, or where it is.
        images: of how many of its images all pairs are compared, at most.
        originals: of how many of these copies are made, at most.
        edits: names, patterns or families of edits.
        rate: false matches a pair that a radius may lead to.
        seed: of the sample and of all that the edits draw.
        tries: how often a search with a radius compares two pictures, each time with its chance: once, or eight
            times with `transforms="all"`.
        workers: threads; by default, one for each CPU that this process may use.
        limits: what reading a file may cost.
        progress: `True` for a progress bar, or a function that is called with the number of steps done and a name.
        to: the kind of the tables: `"pandas"`, `"polars"` or `"arrow"`.

    Raises:
        NoLibraryError: if there is no library.
        ValueError: for arguments that are out of range, or if the library has fewer than two images with codes.
    """
    check_backend(to)
    choice = Choice(
        images,
        originals,
        chosen(edits),
        rate,
        seed,
        worker_count(workers),
        limits,
        tries,
    )
    run = Calibrating(library if isinstance(library, Library) else Library(library), choice)
    for _ in watched(run.steps(), progress):
        pass
    return result_of(run, to)


def result_of(run: Calibrating, to: str = "pandas") -> Calibration:
    """The tables of a calibration, as far as it got."""
    from .reporting import about_of, sentence_of, tables_of

    rows = tables_of(run)
    about = about_of(run)
    return Calibration(rows, about, sentence_of(rows, about), to)
