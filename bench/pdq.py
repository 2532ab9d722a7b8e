"""PDQ beside pdqhash, the binding of Meta's reference: the same bits of the same pixels, and how fast; and what it
adds to other kinds from JPEG files.

pdqhash is given pixels that Pillow has decoded; so are we, but from JPEG files as well, where recipe `standard`
decodes no further than it must.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .harness import Line, alternate, main, milliseconds, times_faster, use_one_core

use_one_core()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from lookalike import pdq  # noqa: E402
from lookalike.fingerprints import fingerprint_rows  # noqa: E402
from lookalike.kinds import ARTICLE_KINDS  # noqa: E402
from lookalike.sources.pixels import planes  # noqa: E402

from . import pictures  # noqa: E402
from .photo_sets import is_upright  # noqa: E402

SAME_BITS = 0.999
MOST_BITS = 4
METAS_BAR, GOOD_QUALITY = 10, 80
MOST_PIXELS = 16_000_000
PAIR = ("phash", "dhash")
"""The kinds that a `Library` has by default."""


def run(quick: bool) -> list[Line]:
    """Agreement on all photographs, then time."""
    try:
        import pdqhash
    except ImportError:
        agreement = [Line("pdq beside pdqhash", "", "not measured: needs the package pdqhash", None)]
        return [*agreement, *_added(quick)]

    def theirs(rgb: Image.Image) -> tuple[str, int]:
        bits, quality = pdqhash.compute(np.array(rgb))
        return np.packbits(bits.astype(np.uint8)).tobytes().hex(), quality

    return [*_agreement(quick, theirs), *_race(quick, theirs), *_added(quick)]


def ours(rgb: Image.Image) -> tuple[str, int]:
    """From decoded pixels."""
    code, quality = planes(rgb, False, fine=True).pdq()
    return code.hex(), quality


def _agreement(quick: bool, theirs: Callable[[Image.Image], tuple[str, int]]) -> list[Line]:
    """Of the same pixels, and of a JPEG or PNG file by the core against pixels by Pillow."""
    vectors = sorted(path for path in (pictures.PHOTOS.parent / "vectors").rglob("*") if path.suffix in _SUFFIXES)
    paths = [*pictures.spread(pictures.all_files(), 40), *vectors[::4]] if quick else [*pictures.all_files(), *vectors]
    pixels, qualities, files, good = [], [], [], []
    for path in paths:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS or not is_upright(image):
                continue
            rgb = image.convert("RGB")
        expected, worth = theirs(rgb)
        text, quality = ours(rgb)
        pixels.append(_apart(text, expected))
        qualities.append(abs(quality - worth))
        files.append(_apart(pdq(path)[0].hex, expected))
        good.append(worth >= GOOD_QUALITY)
    same = 1 - sum(pixels) / 256 / len(pixels)
    figures = f"{same:.4%} of bits, at most {max(pixels)} apart, {sum(map(bool, pixels))} pictures differ"
    words = f"{SAME_BITS:.1%} of bits, at most {MOST_BITS} apart"
    met = same >= SAME_BITS and max(pixels) <= MOST_BITS
    of_good = [bits for bits, is_good in zip(files, good, strict=True) if is_good]
    name = f"{len(pixels)} photos and vectors: pdq"
    return [
        Line(f"{name} of pdqhash's pixels", words, figures, met),
        Line(f"{name}'s quality of pdqhash's pixels", "at most 1 apart", f"{max(qualities)}", max(qualities) <= 1),
        Line(
            f"{name} of files (standard), quality {GOOD_QUALITY} or more",
            f"at most {METAS_BAR} apart",
            f"mean {np.mean(of_good):.2f}, at most {max(of_good)} apart on {len(of_good)}",
            max(of_good) <= METAS_BAR,
        ),
    ]


_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def _race(quick: bool, theirs: Callable[[Image.Image], tuple[str, int]]) -> list[Line]:
    lines = []
    for name, images in (("0.2-megapixel", pictures.small(1 if quick else 4)), ("12-megapixel", pictures.large(1))):
        for answer, expected in zip(map(ours, images), map(theirs, images), strict=True):
            assert _apart(answer[0], expected[0]) <= MOST_BITS

        def rival(images: Sequence[Image.Image] = images) -> None:
            for image in images:
                theirs(image)

        def mine(images: Sequence[Image.Image] = images) -> None:
            for image in images:
                ours(image)

        theirs_took, ours_took = (total / len(images) for total in alternate(3 if quick else 7, rival, mine))
        lines.append(times_faster(f"pdq of a decoded {name} photo, against pdqhash", theirs_took, ours_took, None))
    return lines


def _added(quick: bool) -> list[Line]:
    """What the kind adds to others, by the batch road from files."""
    small = pictures.spread(
        pictures.all_files() if not pictures.SMALL_FOLDER.is_dir() else _small(), 20 if quick else 200
    )
    large = [path for path in (pictures.PHOTOS / name for name in pictures.LARGE_NAMES) if path.is_file()]
    lines = []
    for name, paths in (("0.2-megapixel", small), ("12-megapixel", large)):
        if not paths:
            continue
        choices = (ARTICLE_KINDS, PAIR, (*PAIR, "pdq"), (*ARTICLE_KINDS, "pdq"), ("pdq",))
        jobs = [_job(paths, kinds) for kinds in choices]
        article, pair, with_pdq, all_six, alone = (total / len(paths) for total in alternate(3 if quick else 9, *jobs))
        figures = (
            f"five article hashes {milliseconds(article)}, phash and dhash {milliseconds(pair)}, with pdq "
            f"{milliseconds(with_pdq)} ({with_pdq / article:.2f} times the five), all six {milliseconds(all_six)}, "
            f"pdq alone {milliseconds(alone)}"
        )
        lines.append(Line(f"{len(paths)} {name} JPEG files, one thread", "", figures, None))
    return lines


def _small() -> list[Path]:
    return sorted(pictures.SMALL_FOLDER.iterdir())


def _job(paths: Sequence[Path], kinds: tuple[str, ...]) -> Callable[[], object]:
    return lambda: [row["error"] for row in fingerprint_rows(paths, kinds=kinds, workers=1)]


def _apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


if __name__ == "__main__":
    main(run)
