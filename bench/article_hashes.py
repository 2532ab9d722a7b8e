"""The article's five hashes of a decoded picture, against ImageHash, on one core."""

from __future__ import annotations

from collections.abc import Callable

from .harness import Line, alternate, main, use_one_core

use_one_core()

import imagehash as rival  # noqa: E402
from PIL import Image  # noqa: E402

from lookalike import imagehash as ours  # noqa: E402
from lookalike.fingerprint import compute  # noqa: E402
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
    roads = ("lookalike.imagehash, five calls", "lookalike.fingerprint.compute, one call")
    return [_line(f"{what}: {road}", totals[0], totals[n + 1], ratios[n]) for n, road in enumerate(roads)]


def _jobs(image: Image.Image) -> list[Callable[[], list[str]]]:
    return [
        lambda: [str(getattr(rival, name)(image)) for name in FUNCTIONS],
        lambda: [str(getattr(ours, name)(image)) for name in FUNCTIONS],
        lambda: [value.hex for value in compute(image, KINDS, "imagehash").values()],
    ]


def _line(name: str, theirs: float, mine: float, ratios: list[float]) -> Line:
    ratio = theirs / mine
    figures = f"{theirs * 1e3:.1f} ms / {mine * 1e3:.2f} ms = {ratio:.1f} times"
    spread = f"{min(ratios):.1f} to {max(ratios):.1f} on {len(ratios)} photos"
    return Line(name, f"at least {TARGET} times", f"{figures} ({spread})", ratio >= TARGET)


if __name__ == "__main__":
    main(run)
