"""How far recipe `standard`, which decodes as little as it can, is from recipe `imagehash`, which decodes all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lookalike.fingerprints import fingerprint_rows
from lookalike.kinds import ARTICLE_KINDS

from .harness import Line, main
from .photo_sets import is_upright
from .pictures import all_files, spread

NEAR_BITS = 4
NEAR_SHARE = 0.999


@dataclass(frozen=True)
class Size:
    """Photographs from so many megapixels to below so many, and the most mean bits of difference."""

    name: str
    low: float
    high: float
    target: float | None


SIZES = (
    Size("0.1 to 1 MP", 0.1, 1, 0.3),
    Size("1 to 2 MP", 1, 2, None),
    Size("above 2 MP", 2, float("inf"), 0.1),
)


def run(quick: bool) -> list[Line]:
    """Compare every photograph there is, or some."""
    files = [path for path in all_files() if _comparable(path)]
    groups = [(size, [path for path in files if size.low <= _megapixels(path) < size.high]) for size in SIZES]
    return [
        line
        for size, paths in groups
        if paths
        for line in _compare(size, spread(paths, min(len(paths), 20 if quick else len(paths))))
    ]


def _compare(size: Size, paths: Sequence[Path]) -> list[Line]:
    mine, theirs = _rows(paths, "standard"), _rows(paths, "imagehash")
    lines = []
    for kind in ARTICLE_KINDS:
        bits = [_distance(a[kind], b[kind]) for a, b in zip(mine, theirs, strict=True)]
        worst = max(range(len(bits)), key=bits.__getitem__)
        print(f"{size.name}, {kind}: most bits {bits[worst]}: {paths[worst].name}", file=sys.stderr)
        lines.append(_line(f"{len(paths)} photos of {size.name}: {kind}", bits, size.target, kind == "colorhash"))
    return lines


def _line(name: str, bits: Sequence[int], target: float | None, is_color: bool) -> Line:
    mean = sum(bits) / len(bits)
    near = sum(value <= NEAR_BITS for value in bits) / len(bits)
    figures = f"mean {mean:.3f} bits, {near:.2%} within {NEAR_BITS}, at most {max(bits)}"
    name = f"{name}, standard from imagehash"
    if target is None or is_color:
        return Line(name, "", figures, None)
    words = f"mean at most {target} bits, {NEAR_SHARE:.1%} within {NEAR_BITS}"
    return Line(name, words, figures, mean <= target and near >= NEAR_SHARE)


def _rows(paths: Iterable[Path], recipe: str) -> list[dict[str, str]]:
    found = list(fingerprint_rows(paths, recipe=recipe, workers=min(2, os.cpu_count() or 1)))
    assert all(row["error"] is None for row in found), [row for row in found if row["error"]]
    return found


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _comparable(path: Path) -> bool:
    with Image.open(path) as image:
        return is_upright(image)


def _megapixels(path: Path) -> float:
    with Image.open(path) as image:
        return image.width * image.height / 1e6


if __name__ == "__main__":
    main(run)
