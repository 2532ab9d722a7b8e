"""Chance matches: how many pairs of different photographs are near each other, by kind.

The figures behind the radius of `lookalike compare`: the 700 photographs of garments lie on plain ground
and look more like each other than most pictures do, and no two of them are copies.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lookalike import fingerprint_many

from .harness import Line, main
from .pictures import PHOTOS

RADIUS = 10


def run(quick: bool) -> list[Line]:
    """Count the pairs within the radius by each kind, by both kinds that `compare` decides by, and at distance 0."""
    folder = PHOTOS / "products-clothing"
    if not folder.is_dir():
        return [Line("chance matches", "", "not measured: needs the shared photographs", None)]
    frame = fingerprint_many(folder, kinds=("ahash", "phash", "dhash"))
    frame = frame[frame.error.isna()].head(100 if quick else len(frame))
    near = {kind: _distances(frame[kind]) for kind in ("ahash", "phash", "dhash")}
    both = (near["phash"] <= RADIUS) & (near["dhash"] <= RADIUS)
    pairs = len(both)
    figures = [(f"{kind} within {RADIUS} bits", (values <= RADIUS).sum()) for kind, values in near.items()]
    figures += [(f"{kind} equal", (values == 0).sum()) for kind, values in near.items()]
    lines = [Line(f"{len(frame)} garments: {name}", "", f"{count} of {pairs:,} pairs", None) for name, count in figures]
    name = f"{len(frame)} garments: phash and dhash within {RADIUS} bits"
    return [*lines, Line(name, "0 pairs", f"{both.sum()} of {pairs:,} pairs", not both.any())]


def _distances(column: Iterable[str]) -> NDArray[np.uint8]:
    codes = np.array([int(text, 16) for text in column], dtype=np.uint64)
    first, second = np.triu_indices(len(codes), 1)
    return np.asarray(np.bitwise_count(codes[first] ^ codes[second]), dtype=np.uint8)


if __name__ == "__main__":
    main(run)
