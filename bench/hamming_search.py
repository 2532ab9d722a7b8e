"""Hamming search against faiss, one thread each, in turn, on the same codes; all answers must be the same.

Times are of the processor, for a query out of a batch. faiss gets what suits it best, one by one or as a batch. It
runs in `.bench` (see `bench/rivals/setup.sh`); without it, only our own figures are told.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from lookalike.hamming import HammingIndex, Hits

from .harness import Line, main, milliseconds, use_one_core
from .photo_codes import photo_codes
from .pictures import ROOT

HOME = ROOT / ".bench"
WORKER = Path(__file__).with_name("rivals") / "faiss_worker.py"
QUERIES = 100
ROUNDS = 3
LARGE = 100_000_000
LARGE_MEMORY = 9e9
"""Bytes that must be free for it: the codes, the index, and what building takes."""
MOST_BYTES = 5e9

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Set:
    """Codes and queries, in files that both can read."""

    name: str
    codes: Path
    queries: Path

    @classmethod
    def save(cls, name: str, codes: Codes, queries: Codes, folder: Path) -> Set:
        """Write both."""
        paths = [folder / f"{name.replace(' ', '-').replace(',', '')}-{part}.npy" for part in ("codes", "queries")]
        for path, array in zip(paths, (codes, queries), strict=True):
            np.save(path, array)
        return cls(name, paths[0], paths[1])


class Rival:
    """faiss's process; it keeps its index from one task to the next."""

    def __init__(self, folder: Path) -> None:
        command = [str(HOME / "venv" / "bin" / "python"), str(WORKER), str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, of: Set, index: str, batched: bool, **what: int) -> tuple[float, NDArray[np.int64]]:
        """Seconds a query, and what was found."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"codes": str(of.codes), "queries": str(of.queries), "index": index, "batched": batched, **what}
        print(json.dumps(task), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return answer["seconds"] / QUERIES, np.load(answer["found"])

    def close(self) -> None:
        """End it, and give its memory back."""
        self._process.communicate()


def run(quick: bool) -> list[Line]:
    """All of them."""
    use_one_core()
    count = 300_000 if quick else 10_000_000
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(dir=HOME if HOME.is_dir() else None) as name:
        folder = Path(name)
        rng = np.random.default_rng(1)
        uniform = Set.save("uniform codes", _random(rng, count, 8), _random(rng, QUERIES, 8), folder)
        lines += compare(uniform, folder, quick, (("radius", 8, 40), ("nearest", 10, 5), ("scan", 8, 1.5)))
        real = photo_codes(count, QUERIES)
        if real is not None:
            photos = Set.save("codes of photos", *real, folder)
            lines += compare(photos, folder, quick, (("radius", 8, 40), ("nearest", 10, 20)))
        wide = _random(rng, count // 10, 32)
        lines += compare(Set.save("256 bits", wide, _near(rng, wide), folder), folder, quick, (("radius", 31, 10),))
        if not quick:
            lines += large(uniform, folder)
    return lines


def _random(rng: np.random.Generator, count: int, stride: int) -> Codes:
    return rng.integers(0, 256, (count, stride), dtype=np.uint8)


def _near(rng: np.random.Generator, codes: Codes) -> Codes:
    """Half of the queries have near copies."""
    queries = _random(rng, QUERIES, codes.shape[1])
    queries[::2] = codes[rng.integers(0, len(codes), QUERIES // 2)]
    for _ in range(24):
        queries[np.arange(QUERIES), rng.integers(0, codes.shape[1], QUERIES)] ^= np.uint8(1)
    return queries


def compare(of: Set, folder: Path, quick: bool, works: tuple[tuple[str, int, float], ...]) -> list[Line]:
    """Build an index, open it, and race each of the works; a work is its name, its number and its target."""
    codes, queries = np.load(of.codes), np.load(of.queries)
    path = folder / f"{of.codes.stem}.seg"
    start = time.perf_counter()
    HammingIndex.build(codes, path=path)
    built = time.perf_counter() - start
    lines = [_opening(of, path, built)]
    del codes
    index = HammingIndex.open(path)
    rival = Rival(folder) if (HOME / "faiss.done").exists() else None
    try:
        for work, number, target in works:
            lines += _race(of, index, queries, rival, (work, number, None if quick else target))
    finally:
        if rival is not None:
            rival.close()
    return lines


def _opening(of: Set, path: Path, built: float) -> Line:
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        index = HammingIndex.open(path)
        seconds.append(time.perf_counter() - start)
    figures = f"{milliseconds(median(seconds))}; built in {built:.1f} s, {index.nbytes / len(index):.1f} bytes a code"
    return Line(f"opening {len(index):,} rows, {of.name}", "at most 100 ms", figures, median(seconds) <= 0.1)


def _race(
    of: Set, index: HammingIndex, queries: Codes, rival: Rival | None, work: tuple[str, int, float | None]
) -> list[Line]:
    what, number, target = work
    ours: dict[str, Callable[[Codes], Hits]] = {
        "radius": lambda some: index.search(some, number),
        "nearest": lambda some: index.nearest(some, number),
        "scan": lambda some: index.search(some, number, plan="scan"),
    }
    task = {"nearest": number} if what == "nearest" else {"radius": number}
    against = [("flat", True), ("flat", False)]
    if index.bits == 256:
        against.append(("multihash", True))
    mine: list[float] = []
    theirs: list[list[float]] = [[] for _ in against]
    for turn in range(ROUNDS + 1):
        start = time.process_time()
        hits = ours[what](queries)
        mine.append((time.process_time() - start) / QUERIES)
        for (kind, batched), seconds in zip(against, theirs, strict=True):
            if rival is None or (turn == ROUNDS and kind == "multihash"):
                continue
            taken, found = rival.ask(of, kind, batched, **task)
            seconds.append(taken)
            _check(hits, found, exact=what != "nearest")
    name = f"{len(index):,} {of.name}, {what} {number}"
    single = _one_by_one(ours[what], queries)
    if rival is None:
        figures = f"{milliseconds(median(mine[1:]))} a query; one by one {milliseconds(single)}; faiss is not installed"
        return [Line(name, "", figures, None)]
    flat = min(median(seconds[1:]) for seconds in theirs[:2])
    lines = [_line(f"{name}: faiss IndexBinaryFlat", flat, median(mine[1:]), target, single)]
    if index.bits == 256:
        lines.append(_line(f"{name}: faiss MultiHash 16x16", median(theirs[2]), median(mine[1:]), target, single))
    return lines


def _one_by_one(work: Callable[[Codes], Hits], queries: Codes) -> float:
    start = time.process_time()
    for number in range(QUERIES):
        work(queries[number : number + 1])
    return (time.process_time() - start) / QUERIES


def _line(name: str, theirs: float, mine: float, target: float | None, single: float) -> Line:
    ratio = theirs / mine
    figures = f"{milliseconds(theirs)} / {milliseconds(mine)} a query = {ratio:.1f} times"
    figures += f" (one by one {milliseconds(single)})"
    if target is None:
        return Line(name, "", figures, None)
    return Line(name, f"at least {target} times", figures, ratio >= target)


def _check(hits: Hits, found: NDArray[np.int64], exact: bool) -> None:
    """The same answer; of the k nearest, which rows are taken of those equally far is faiss's own affair."""
    queries = np.repeat(np.arange(QUERIES), np.diff(hits.starts))
    ours = np.stack([queries, hits.distances, hits.rows], axis=1)
    columns = 3 if exact else 2
    assert np.array_equal(ours[:, :columns], found[:, :columns]), "answers differ"


def large(smaller: Set, folder: Path) -> list[Line]:
    """A hundred million codes against ten million."""
    if _free_memory() < LARGE_MEMORY:
        return [Line(f"{LARGE:,} codes", "", "not measured: needs 9 GB of free memory", None)]
    rng = np.random.default_rng(2)
    path = folder / "large.seg"
    codes = _random(rng, LARGE, 8)
    start = time.perf_counter()
    HammingIndex.build(codes, path=path)
    built = time.perf_counter() - start
    few, many = HammingIndex.open(folder / f"{smaller.codes.stem}.seg"), HammingIndex.open(path)
    many.verify()
    queries = np.load(smaller.queries)
    _check_by_scan(many, codes, queries[:3])
    seconds: list[list[float]] = [[], []]
    for _ in range(2 * ROUNDS + 1):
        for index, times in zip((few, many), seconds, strict=True):
            start = time.process_time()
            index.search(queries, 8)
            times.append((time.process_time() - start) / QUERIES)
    [small, great] = [median(times[1:]) for times in seconds]
    figures = (
        f"{milliseconds(great)} / {milliseconds(small)} a query = {great / small:.1f} times; built in {built:.0f} s"
    )
    return [
        Line(f"radius 8, {LARGE:,} codes against {len(few):,}", "at most 6 times", figures, great / small <= 6),
        Line(f"index of {LARGE:,} codes", "at most 5 GB", f"{many.nbytes / 1e9:.2f} GB", many.nbytes <= MOST_BYTES),
    ]


def _check_by_scan(index: HammingIndex, codes: Codes, queries: Codes) -> None:
    words = codes.view(np.uint64).ravel()
    for query in queries:
        apart = np.bitwise_count(words ^ query.view(np.uint64)[0])
        wanted = np.flatnonzero(apart <= 8)
        hits = index.search(query[None], 8)
        assert sorted(hits.rows.tolist()) == wanted.tolist()


def _free_memory() -> float:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 0.0


if __name__ == "__main__":
    main(run)
