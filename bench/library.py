"""The library on disk: adding ready fingerprints, looking over unchanged files, opening ten million."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookalike import Library
from lookalike.options import RECIPES

from .harness import Line, main, milliseconds

A_SECOND = 40_000
RESCAN = 1.0
OPENING = 0.1
MEMORY = 64.0
"""Megabytes that a process may grow by when it opens ten million and searches them once."""

FILL = """
    WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < ?)
    INSERT INTO images (number, image, place, width, height, format, owner, listing, codes, added)
    SELECT number, 'photo ' || number, printf('%012d', number), 640, 480, 'JPEG', 'owner ' || number % 1000, '',
        randomblob(16), '2024-01-01T00:00:00+00:00' FROM counted
"""
"""Rows without Python: ten million by `add_fingerprints` take minutes, and it is not the filling that is measured."""


def run(quick: bool) -> list[Line]:
    """Measure adding, looking over and opening."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            _adding(Path(folder) / "adding", 20_000 if quick else 100_000),
            _rescan(Path(folder), 1_000 if quick else 10_000),
            *_opening(Path(folder) / "opening", 200_000 if quick else 10_000_000),
        ]


def _adding(folder: Path, count: int) -> Line:
    rows = _ready(count)
    clock, processor = [], []
    for turn in range(3):
        library = Library(folder / str(turn))
        start, busy = time.perf_counter(), time.process_time()
        assert library.add_fingerprints(rows).added == count
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
        assert library.search(rows["phash"][7], kinds="phash", radius=0)["image"][0] == "photo 7"
    best = count / min(clock)
    figures = f"{best:,.0f} a second by the clock, {count / min(processor):,.0f} by the processor's ({count:,} rows)"
    return Line(
        "library: ready fingerprints of two kinds added", f"at least {A_SECOND:,} a second", figures, best >= A_SECOND
    )


def _ready(count: int) -> Any:
    import pandas as pd

    texts = np.random.default_rng(1).bytes(16 * count).hex()
    hashes = [texts[at : at + 32] for at in range(0, 32 * count, 32)]
    columns = {"image": [f"photo {n}" for n in range(count)], "phash": [text[:16] for text in hashes]}
    table = pd.DataFrame(columns | {"dhash": [text[16:] for text in hashes]})
    return table.assign(width=640, height=480, format="JPEG", recipe=RECIPES["standard"], warning=None, error=None)


def _rescan(folder: Path, count: int) -> Line:
    photos = folder / "photos"
    for number in range(count):
        path = photos / f"{number // 500:03d}" / f"{number:06d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number % 256, number // 256, 99)).save(path)
    library = Library(folder / "rescan")
    assert library.add(photos).added == count
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert library.add(photos).unchanged == count
        seconds.append(time.perf_counter() - start)
    figures = f"{milliseconds(min(seconds))}, best of 3"
    return Line(
        f"library: {count:,} unchanged files looked over", f"under {RESCAN:g} s", figures, min(seconds) < RESCAN
    )


def _opening(folder: Path, count: int) -> list[Line]:
    filling = _filled(folder, count)
    answers = [_child(folder) for _ in range(3)]
    opening, searching = (min(answer[name] for answer in answers) for name in ("opening", "searching"))
    grown = max(answer["grown"] for answer in answers)
    name = f"library: {count:,} images opened"
    figures = f"{milliseconds(opening)}; with the first search, {milliseconds(searching)} ({filling})"
    memory = f"{grown:.0f} MB with the first search"
    return [
        Line(name, f"under {milliseconds(OPENING)}", figures, opening < OPENING),
        Line(f"{name}: memory", f"under {MEMORY:.0f} MB", memory, grown < MEMORY),
    ]


def _filled(folder: Path, count: int) -> str:
    """Make a library of so many rows of random codes, and its index."""
    library = Library(folder)
    library.add_fingerprints(_ready(1))
    library.remove(rows=1)
    start = time.perf_counter()
    store, catalog = library._opened.store, library._opened.catalog
    with library._opened.writing("fill"), store.transaction():
        store.execute(FILL, (count,))
        catalog.set_meta("last", str(count))
    filled = time.perf_counter()
    library.compact()
    assert library.stats()["hashed"] == count
    library.close()
    return f"made in {filled - start:.0f} s, its index in {time.perf_counter() - filled:.0f} s"


def _child(folder: Path) -> dict[str, float]:
    """Open and search in a process of its own, everything imported and warmed before."""
    command = [sys.executable, "-m", "bench.library", "--child", str(folder)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))


def child(folder: Path) -> None:
    """The process of its own."""
    with tempfile.TemporaryDirectory() as other:
        small = Library(other)
        small.add_fingerprints(_ready(100))
        small.search("0" * 16, kinds="phash", k=3)
    before, start = _memory(), time.perf_counter()
    library = Library(folder)
    assert library.kinds == ("phash", "dhash")
    opening = time.perf_counter() - start
    found = library.search(f"{random.getrandbits(64):016x}", kinds="phash", radius=4)
    assert len(found) < 10
    seconds = time.perf_counter() - start
    print(json.dumps({"opening": opening, "searching": seconds, "grown": _memory() - before}))


def _memory() -> float:
    """Megabytes of this process's own, mapped files not among them; NaN where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(Path(os.fsdecode(sys.argv[sys.argv.index("--child") + 1])))
    else:
        main(run)
