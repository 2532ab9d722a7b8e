"""All pairs within 4 bits among a million codes, against DuckDB's banded join, each on one thread.

Codes that differ in at most 4 bits agree in one of 5 bands: DuckDB joins on each band, compares, and takes each
pair once. It runs in `.bench` (see `rivals/setup.sh`). Both answers are compared, pair by pair.
"""

from __future__ import annotations

import subprocess
import tempfile
from functools import partial
from pathlib import Path

from .harness import Line, alternate, main, times_faster, use_one_core

use_one_core()

import numpy as np  # noqa: E402

from lookalike import fingerprint  # noqa: E402
from lookalike.joins import Join, join  # noqa: E402

from .pictures import ROOT, all_files, spread  # noqa: E402

RADIUS = 4
TARGET = 50
GROWTH = 15
PATIENCE = 150
"""Seconds after which DuckDB is stopped, and measured with fewer codes."""

HOME = ROOT / ".bench"
WORKER = Path(__file__).parent / "rivals" / "banded.py"


def run(quick: bool) -> list[Line]:
    """Measure codes of both sorts, and ten times as many."""
    count = 100_000 if quick else 1_000_000
    rng = np.random.default_rng(0)
    return [
        *_compare("uniform codes with planted pairs", _planted(rng, count)),
        *_compare("codes like those of photos", _photo_like(rng, count, quick)),
        _growth(rng, count),
    ]


def _compare(what: str, codes: np.ndarray) -> list[Line]:
    """Against the rival, with as many codes as it can join in time."""
    name = f"self-join, radius {RADIUS}, {what}"
    if not (HOME / "duckdb.done").exists():
        (mine,) = alternate(3, lambda: join(codes, RADIUS))
        return [Line(name, "", f"{len(codes):,} codes in {mine:.3f} s; DuckDB is not installed", None)]
    for count in (len(codes), len(codes) // 4, len(codes) // 16):
        part = codes[:count]
        theirs = _rival(part)
        if theirs is not None:
            assert theirs[1] == _pairs(part, join(part, RADIUS)), "answers differ"
            (mine,) = alternate(3, partial(join, part, RADIUS))
            remark = f"; {count:,} codes, {len(theirs[1]):,} pairs, both answers the same"
            return [times_faster(f"{name}, against DuckDB", theirs[0], mine, TARGET, remark)]
    return [Line(name, "", f"DuckDB took more than {PATIENCE} s even for {len(codes) // 16:,} codes", None)]


def _rival(codes: np.ndarray) -> tuple[float, set[tuple[int, int]]] | None:
    """DuckDB's seconds and its pairs; none if it takes too long."""
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        source, target = Path(folder) / "codes.npy", Path(folder) / "pairs.npy"
        np.save(source, _distinct(codes, join(codes, 0)).view(">u8").ravel().astype(np.uint64))
        command = [str(HOME / "venv" / "bin" / "python"), str(WORKER), str(source), str(target), str(RADIUS)]
        try:
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return None
        return float(done.stdout), {(int(a), int(b)) for a, b in np.load(target)}


def _distinct(codes: np.ndarray, found: Join) -> np.ndarray:
    return np.ascontiguousarray(codes[found.members[found.starts[:-1]]])


def _pairs(codes: np.ndarray, found: Join) -> set[tuple[int, int]]:
    """Pairs of numbers of distinct codes, checked against their codes."""
    distinct = _distinct(codes, found)
    apart = np.bitwise_count(distinct[found.left] ^ distinct[found.right]).sum(axis=1)
    assert (apart == found.distances).all()
    return set(zip(found.left.tolist(), found.right.tolist(), strict=True))


def _growth(rng: np.random.Generator, count: int) -> Line:
    few, many = _planted(rng, count), _planted(rng, 10 * count)
    small, large = alternate(2, lambda: join(few, RADIUS), lambda: join(many, RADIUS))
    measured = f"{large:.2f} s / {small:.3f} s = {large / small:.1f} times"
    name = f"self-join, radius {RADIUS}: {10 * count:,} codes against {count:,}"
    return Line(name, f"at most {GROWTH} times", measured, large <= GROWTH * small)


def _planted(rng: np.random.Generator, count: int) -> np.ndarray:
    """Uniform codes; every hundredth is a copy of another with up to 4 bits flipped."""
    codes = rng.integers(0, 256, (count, 8), dtype=np.uint8)
    copies = count // 100
    codes[:copies] = _flipped(rng, codes[count // 2 : count // 2 + copies], RADIUS)
    return rng.permutation(codes)


def _photo_like(rng: np.random.Generator, count: int, quick: bool) -> np.ndarray:
    """Hashes of photographs, each with up to 20 bits flipped; one code in 50 is nearly blank."""
    paths = spread(all_files(), 50 if quick else 400)
    hashes = [fingerprint(path, kinds=["phash"]).hashes["phash"].hex for path in paths]
    codes = np.array([list(bytes.fromhex(text)) for text in hashes], np.uint8)
    codes = _flipped(rng, codes[rng.integers(0, len(codes), count)], 20)
    codes[::50] = _flipped(rng, np.zeros_like(codes[::50]), 3)
    return rng.permutation(codes)


def _flipped(rng: np.random.Generator, codes: np.ndarray, most: int) -> np.ndarray:
    bits = np.zeros((len(codes), 64), bool)
    where = rng.integers(0, 64, (len(codes), most))
    bits[np.arange(len(codes))[:, None], where] = np.arange(most) < rng.integers(0, most + 1, len(codes))[:, None]
    return codes ^ np.packbits(bits, axis=1)


if __name__ == "__main__":
    main(run)
