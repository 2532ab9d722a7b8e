"""The verdict on every pair of the near-duplicates that sites made, told by their names.

`compare` and a library's search, with their defaults, must say the same of a pair, and no two photographs that are
different may be called copies. How many copies are found is told; deep crops and large overlays are parts of pictures.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from lookalike import Library, compare

from .harness import Line, main
from .pictures import PHOTOS

FOLDER = PHOTOS.parent / "neardup"
KIN = ("same bytes", "same picture", "copy")
_SIZE = re.compile(r"[-_]?(small|landscape|portrait|original|close|\d+w|(?<=[-_])\d+)$")

_NUMBER = re.compile(r"\d-\d$")

Pair = tuple[str, Path, Path]


def run(quick: bool) -> list[Line]:
    """All pairs, or every fifth, by set."""
    if not FOLDER.is_dir():
        return [Line("near-duplicates", "", "not measured: needs the shared photographs", None)]
    pairs = [*_edits(), *_sizes()][:: 5 if quick else 1]
    files = sorted({path for _, *both in pairs for path in both})
    verdicts: dict[str, Counter[str]] = {}
    differ = 0
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
        library.add(files)
        found = {path: set(library.search(path)["image"]) for path in files}
        for name, one, other in pairs:
            verdict = compare(one, other).verdict
            verdicts.setdefault(name, Counter())[verdict] += 1
            differ += (verdict in KIN) != (str(one) in found[other])
    lines = [_line(name, counts) for name, counts in verdicts.items()]
    return [
        *lines,
        Line("near-duplicates: compare and search differ", "0 pairs", f"{differ} of {len(pairs)}", not differ),
    ]


def _line(name: str, counts: Counter[str]) -> Line:
    kin, total = sum(counts[verdict] for verdict in KIN), sum(counts.values())
    measured = f"{kin} of {total} pairs copies, {counts['similar']} similar, {counts['different']} different"
    if name.startswith("others"):
        return Line(f"near-duplicates: {name}", "0 copies", measured, kin == 0)
    return Line(f"near-duplicates: {name}", "", measured, None)


def _edits() -> Iterator[Pair]:
    """Each original with all edits, its own and those of the others."""
    folder = FOLDER / "kingfisher"
    for original in sorted(folder.glob("Original__*")):
        stem = original.stem.partition("__")[2]
        for edited in sorted(folder.glob("Modified__*")):
            own = edited.name.split("__")[2].startswith(stem)
            yield "kingfisher, an original and its edits" if own else "others' edits, kingfisher", original, edited


def _sizes() -> Iterator[Pair]:
    """All sizes of a photo with each other."""
    for name in ("baguettebox-sizes", "mdn-responsive"):
        groups: dict[str, list[Path]] = {}
        for path in sorted((FOLDER / name).iterdir()):
            groups.setdefault(_stem(path), []).append(path)
        for group in groups.values():
            yield from ((f"{name}, by their names", one, other) for one, other in combinations(group, 2))


def _stem(path: Path) -> str:
    """The name without the words that tell a size; or the number that the photo has in all sizes."""
    numbered = _NUMBER.search(path.stem)
    if numbered is not None:
        return numbered[0]
    stem, before = path.stem, ""
    while stem != before:
        stem, before = _SIZE.sub("", stem), stem
    return stem


if __name__ == "__main__":
    main(run)
