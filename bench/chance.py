"""Chance matches: how many pairs of different photographs are near each other, by kind.

The figures behind the radius of `lookalike compare`: the 700 photographs of garments lie on plain ground
and look more like each other than most pictures do, and no two of them are copies.

The figures behind `Kind.radius`: all pairs of different photographs that there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import fingerprint_many
from lookalike.kinds import Kind

from .harness import Line, main
from .pictures import PHOTOS

RADIUS = 10
KINDS = (
    *("ahash", "phash", "phash_simple", "dhash", "dhash_vertical", "whash", "colorhash"),
    *("ahash:16", "phash:16", "phash_simple:16", "dhash:16", "dhash_vertical:16", "whash:16"),
    "pdq",
)
CHANCE = 1e-6
"""Chance matches of a pair that a default radius aims at."""

HOPELESS = ("ahash", "phash_simple", "colorhash")
"""More pairs than that have equal codes: their radius is 0."""

GROCERIES = "products-grocery"
"""Several photographs show the same product, and are as like as copies."""

_FOLDERS = ("products-clothing", "everyday", "web", "large-baseline", "large-progressive", "png", GROCERIES)
# What is in the set in another size already.
_COPIES = ("demo__1-375.jpg", "demo__1-1600.jpg", "demo__13-480.jpg", "demo__thumb-2.jpg", "demo__thumb-4.jpg")
_SAME_FIELD = "odm-drone__"


def run(quick: bool) -> list[Line]:
    """Count the pairs of garments within the radius of `compare`, then all pairs within each kind's own radius."""
    if not (PHOTOS / _FOLDERS[0]).is_dir():
        return [Line("chance matches", "", "not measured: needs the shared photographs", None)]
    return [*_garments(quick), *_by_kind(quick)]


def _garments(quick: bool) -> list[Line]:
    """By each kind, by both kinds that `compare` decides by, and at distance 0."""
    frame = fingerprint_many(PHOTOS / "products-clothing", kinds=("ahash", "phash", "dhash"))
    frame = frame[frame.error.isna()].head(100 if quick else len(frame))
    first, second = np.triu_indices(len(frame), 1)
    near = {kind: _distances(frame[kind], first, second) for kind in ("ahash", "phash", "dhash")}
    both = (near["phash"] <= RADIUS) & (near["dhash"] <= RADIUS)
    pairs = len(both)
    figures = [(f"{kind} within {RADIUS} bits", (values <= RADIUS).sum()) for kind, values in near.items()]
    figures += [(f"{kind} equal", (values == 0).sum()) for kind, values in near.items()]
    lines = [Line(f"{len(frame)} garments: {name}", "", f"{count} of {pairs:,} pairs", None) for name, count in figures]
    name = f"{len(frame)} garments: phash and dhash within {RADIUS} bits"
    return [*lines, Line(name, "0 pairs", f"{both.sum()} of {pairs:,} pairs", not both.any())]


def _by_kind(quick: bool) -> list[Line]:
    """For each kind, the pairs within its default radius, and within the next that has more."""
    paths = [path for folder in _FOLDERS for path in sorted((PHOTOS / folder).iterdir()) if _is_new(path)]
    frame = fingerprint_many(paths[:: 10 if quick else 1], kinds=KINDS)
    first, second = _different(frame[frame.error.isna()])
    return [_line(Kind.parse(kind), _distances(frame[kind], first, second)) for kind in KINDS]


def _line(kind: Kind, distances: NDArray[np.uint16]) -> Line:
    radius = kind.radius or 0
    counts = np.bincount(distances, minlength=(kind.bits or 0) + 1).cumsum()
    # Of so few pairs, one is about one in a million.
    allowed = max(1, int(CHANCE * len(distances)))
    further = int(np.argmax(counts > max(allowed, counts[radius])))
    result = f"{counts[radius]} of {len(distances):,} pairs; {counts[further]} within {further}"
    name = f"different photos: {kind} within its {radius} bits"
    if str(kind) in HOPELESS:
        return Line(name, "", result, None)
    return Line(name, f"<= {allowed} pairs", result, bool(counts[radius] <= allowed))


def _is_new(path: Path) -> bool:
    return not path.name.endswith(_COPIES)


def _different(frame: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of rows that show different things."""
    first, second = np.triu_indices(len(frame), 1)
    same = np.zeros(len(first), bool)
    for mark in (GROCERIES, _SAME_FIELD):
        of_it = frame.image.str.contains(mark, regex=False).to_numpy()
        same |= of_it[first] & of_it[second]
    return first[~same], second[~same]


def _distances(column: Iterable[str], first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.uint16]:
    texts = list(column)
    digits = -(-len(texts[0]) // 16) * 16
    codes = np.frombuffer(bytes.fromhex("".join(text.zfill(digits) for text in texts)), np.uint64)
    words = codes.reshape(len(texts), -1).T
    return np.asarray(sum(np.bitwise_count(word[first] ^ word[second]).astype(np.uint16) for word in words), np.uint16)


if __name__ == "__main__":
    main(run)
