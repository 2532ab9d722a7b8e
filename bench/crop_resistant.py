"""The crop-resistant hash of a decoded picture, against ImageHash, on one core.

ImageHash spends its time in a Python loop over the pixels of a reduced picture, which is as long for a
small photograph as for a large one. So the ratio falls as photographs grow, and the target is for small
ones; the figure for large ones is given beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from .harness import Line, alternate, main, times_faster, use_one_core

use_one_core()

import imagehash as rival  # noqa: E402
from PIL import Image  # noqa: E402

from lookalike import imagehash as ours  # noqa: E402
from lookalike.fingerprints import compute  # noqa: E402
from lookalike.kinds import Kind  # noqa: E402

from . import pictures  # noqa: E402

TARGET = 50
KINDS = [Kind.parse("crop_resistant")]


def run(quick: bool) -> list[Line]:
    """Measure both sizes, by both of our roads."""
    rounds = 1 if quick else 3
    lines = _compare("0.2-megapixel photos", pictures.small(2 if quick else 5), rounds, TARGET)
    return lines + _compare("12-megapixel photos", pictures.large(1 if quick else 3), rounds, None)


def _compare(what: str, images: list[Image.Image], rounds: int, target: float | None) -> list[Line]:
    totals = [0.0, 0.0, 0.0]
    for image in images:
        times = _measure(image, rounds)
        totals = [total + seconds / len(images) for total, seconds in zip(totals, times, strict=True)]
    theirs, *mine = totals
    roads = ("lookalike.imagehash.crop_resistant_hash", "lookalike.fingerprints.compute")
    return [times_faster(f"{what}: {road}", theirs, seconds, target) for road, seconds in zip(roads, mine, strict=True)]


def _measure(image: Image.Image, rounds: int) -> list[float]:
    jobs: tuple[Callable[[], str], ...] = (
        lambda: str(rival.crop_resistant_hash(image)),
        lambda: str(ours.crop_resistant_hash(image)),
        lambda: compute(image, KINDS, "imagehash")["crop_resistant"].hex,
    )
    expected, *answers = [job() for job in jobs]
    assert all(answer == expected for answer in answers), (expected, answers)
    return alternate(rounds, *jobs)


if __name__ == "__main__":
    main(run)
