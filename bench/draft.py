"""A whole fingerprint against libjpeg-turbo's decoding to an eighth alone, with no hashing, on one core.

Pillow's `draft` asks libjpeg-turbo for an eighth. The five kinds need colours, so the rival of the target
is what they need at the least: the three components as they lie in the file. Grey alone, and RGB, which is
what Pillow gives unless asked, are told beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from .harness import Line, main, use_one_core

use_one_core()

from PIL import Image  # noqa: E402

from .file_hashes import one, rows  # noqa: E402
from .photo_sets import PhotoSet, open_sets  # noqa: E402
from .race import faster, noise, pass_faster, race  # noqa: E402

TARGETS = {"large": 2.5, "small": 2.0, "progressive": None}
MODES = ("YCbCr", "L", "RGB")


def run(quick: bool) -> list[Line]:
    """Measure the sets of JPEG files."""
    with open_sets(quick) as sets:
        return [line for key, target in TARGETS.items() for line in _compare(sets[key].first(60), target, quick)]


def _compare(photos: PhotoSet, target: float | None, quick: bool) -> list[Line]:
    for path in photos.paths:
        _check(path)
    rounds = 2 if quick else 5 if photos.large else 15
    roads: list[Callable[[Path], object]] = [partial(decode, mode) for mode in MODES]
    result = race(photos.paths, rounds, [*roads, one, one], [rows])
    *decoders, mine, again = result.roads
    lines = []
    for mode, slow in zip(MODES, decoders, strict=True):
        name, goal = f"{photos.name}: draft {mode} at 1/8", target if mode == MODES[0] else None
        lines.append(faster(f"{name} / lookalike.fingerprint", slow, mine, goal))
        lines.append(pass_faster(f"{name} / fingerprint_rows", slow, result.passes[0], goal))
    return [*lines, noise(photos.name, mine, again)]


def decode(mode: str, path: Path) -> Image.Image:
    """The picture at an eighth."""
    with Image.open(path) as image:
        image.draft(mode, (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()
        return image


def _check(path: Path) -> None:
    """That the rival does what its name says."""
    with Image.open(path) as image:
        expected = (-(-image.width // 8), -(-image.height // 8))
        colors = image.mode
    for mode in MODES:
        picture = decode(mode, path)
        assert picture.size == expected, (path, mode, picture)
        assert picture.mode in (mode, colors), (path, mode, picture)


if __name__ == "__main__":
    main(run)
