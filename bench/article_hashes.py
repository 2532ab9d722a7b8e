"""The article's five hashes of a decoded picture, against ImageHash, on one core.

The target is for the road that computes all five from one reading of the pixels. The drop-in's five
functions are handed the picture five times, as ImageHash's are; their figure is given beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from .harness import Line, alternate, main, times_faster, use_one_core

use_one_core()

import imagehash as rival  # noqa: E402
from PIL import Image  # noqa: E402

from lookalike import imagehash as ours  # noqa: E402
from lookalike.fingerprints import compute  # noqa: E402
from lookalike.kinds import ARTICLE_KINDS, Kind  # noqa: E402

from . import pictures  # noqa: E402

TARGET = 20
FUNCTIONS = ("average_hash", "phash", "dhash", "whash", "colorhash")
KINDS = [Kind.parse(name) for name in ARTICLE_KINDS]


def run(quick: bool) -> list[Line]:
    """Measure both sizes, by both of our roads."""
    few = 2 if quick else 6
    lines = _compare("0.2-megapixel photos", pictures.small(few), 3 if quick else 15)
    return lines + _compare("12-megapixel photos", pictures.large(1 if quick else 4), 1 if quick else 3)


def _compare(what: str, images: list[Image.Image], rounds: int) -> list[Line]:
    totals = [0.0, 0.0, 0.0]
    ratios: list[list[float]] = [[], []]
    for image in images:
        jobs = _jobs(image)
        expected, *answers = [job() for job in jobs]
        assert all(answer == expected for answer in answers), (what, expected, answers)
        theirs, *mine = alternate(rounds, *jobs)
        for n, seconds in enumerate((theirs, *mine)):
            totals[n] += seconds / len(images)
        for n, seconds in enumerate(mine):
            ratios[n].append(theirs / seconds)
    one_call = _line(f"{what}: lookalike.fingerprints.compute, one call", totals[0], totals[2], ratios[1], TARGET)
    five_calls = _line(f"{what}: lookalike.imagehash, five calls", totals[0], totals[1], ratios[0], None)
    return [one_call, five_calls]


def _jobs(image: Image.Image) -> list[Callable[[], list[str]]]:
    return [
        lambda: [str(getattr(rival, name)(image)) for name in FUNCTIONS],
        lambda: [str(getattr(ours, name)(image)) for name in FUNCTIONS],
        lambda: [value.hex for value in compute(image, KINDS, "imagehash").values()],
    ]


def _line(name: str, theirs: float, mine: float, ratios: list[float], target: float | None) -> Line:
    spread = f" ({min(ratios):.1f} to {max(ratios):.1f} on {len(ratios)} photos)"
    return times_faster(name, theirs, mine, target, spread)


if __name__ == "__main__":
    main(run)
