"""The article's five hashes from files, against ImageHash from the same files, on one core, the files in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .harness import Line, main, use_one_core

use_one_core()

import imagehash as rival  # noqa: E402
from PIL import Image  # noqa: E402

import lookalike  # noqa: E402
from lookalike.fingerprints import fingerprint_rows  # noqa: E402
from lookalike.kinds import ARTICLE_KINDS  # noqa: E402

from .photo_sets import PhotoSet, open_sets  # noqa: E402
from .race import check_near, faster, noise, pass_faster, race  # noqa: E402

TARGETS = {"large": 60, "small": 40, "progressive": 150, "png": 8, "webp": 8}
FUNCTIONS = ("average_hash", "phash", "dhash", "whash", "colorhash")

# Bits of 64 (42 of colorhash): far below what unlike pictures give. `bench.fidelity` measures it.
MOST_BITS = 16


def run(quick: bool) -> list[Line]:
    """Measure each set, by the call for one file and by that for many."""
    with open_sets(quick) as sets:
        return [line for key, photos in sets.items() for line in _compare(photos.first(60), TARGETS[key], quick)]


def _compare(photos: PhotoSet, target: float, quick: bool) -> list[Line]:
    for path, row in zip(photos.paths, rows(photos.paths), strict=True):
        assert row == list(one(path)), path
        check_near(path, theirs(path), row, MOST_BITS)
    rounds = 1 if quick else 2 if photos.large else 5
    result = race(photos.paths, rounds, [theirs, one, one], [rows])
    slow, mine, again = result.roads
    return [
        faster(f"{photos.name}: lookalike.fingerprint", slow, mine, target),
        pass_faster(f"{photos.name}: fingerprint_rows, 1 worker", slow, result.passes[0], target),
        noise(photos.name, mine, again),
    ]


def theirs(path: Path) -> list[str]:
    """As ImageHash's documentation shows."""
    with Image.open(path) as image:
        return [str(getattr(rival, name)(image)) for name in FUNCTIONS]


def one(path: Path) -> list[str]:
    """One file."""
    return [value.hex for value in lookalike.fingerprint(path).hashes.values()]


def rows(paths: Sequence[Path]) -> list[list[str]]:
    """All files."""
    found = list(fingerprint_rows(paths, workers=1))
    assert all(row["error"] is None for row in found), [row["error"] for row in found]
    return [[row[kind] for kind in ARTICLE_KINDS] for row in found]


if __name__ == "__main__":
    main(run)
