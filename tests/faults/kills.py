"""Kill a writer at hundreds of random instants, and look each time whether every promise is kept.

    python -m tests.faults.kills --kills 500 --seed 1

Each round a worker does steps of every sort on a library; after a random time it gets SIGKILL; the library is opened
again, compared with the worker's journal and with brute force; and goes on being used, up to a dozen kills long.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lookalike import Library, fingerprint_many
from lookalike.hamming import HammingIndex

from .brute import check_search
from .promises import NOTHING, Codes, Promises, lines_of, states
from .worker import NAMES

MOST_KILLS_OF_ONE = 12
LONGEST = 0.35
"""Seconds that a worker has at most: a few dozen steps, each in tens of phases."""


@dataclass
class Count:
    """What the kills have hit.

    Attributes:
        kills: how many.
        libraries: on how many libraries.
        acknowledged: rows that were, in all.
        phases: what was being done, by the worker's own mark.
        steps: which call was not finished.
        left: what a kill left on the disk.
    """

    kills: int = 0
    libraries: int = 0
    acknowledged: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        head = f"{self.kills} kills of {self.libraries} libraries, {self.acknowledged:,} acknowledgements: all kept"
        tables = (("during", self.phases), ("unfinished", self.steps), ("left", self.left))
        return "\n".join([head, *(f"{name}: {_listed(table)}" for name, table in tables)])


def _listed(table: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in table.most_common())


class Nursery:
    """Where workers come from: they start in milliseconds, for everything is imported there."""

    def __init__(self) -> None:
        package = __package__ or "faults"
        top = Path(__file__).resolve().parents[package.count(".") + 1]
        path = os.pathsep.join([str(top), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-W", "error", "-m", f"{package}.worker"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def live(self, task: dict[str, Any], seconds: float) -> None:
        """A worker's life, that long from its first word."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        journal = Path(task["journal"])
        while not (journal.exists() and journal.stat().st_size):
            time.sleep(0.0005)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert self._process.stdout.readline() == "dead\n"


def make_pool(folder: Path) -> dict[str, Codes]:
    """Small files to be copied, and their codes; two of them are broken."""
    from PIL import Image

    folder.mkdir()
    dice = np.random.default_rng(4)
    for number in range(14):
        pixels = dice.integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(pixels).resize((40, 32)).save(folder / f"{number:02}.png")
    (folder / "98.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (folder / "99.png").write_bytes(b"")
    found = fingerprint_many([str(path) for path in sorted(folder.iterdir())], kinds=["phash", "dhash"])
    codes = {Path(r.image).name: (r.phash, r.dhash) if r.error is None else NOTHING for r in found.itertuples()}
    assert sum(code == NOTHING for code in codes.values()) == 2
    return codes


class Round:
    """One library, and the kills that it lives through."""

    def __init__(self, folder: Path, pool: Path, codes: dict[str, Codes], dice: random.Random, count: Count) -> None:
        self.folder, self.pool, self.dice, self.count = folder, pool, dice, count
        self.library = folder / "library"
        self.promises = Promises(codes)
        self.made = 0
        self.reader = Library(self.library)  # it lives through all of it
        folder.mkdir()
        count.libraries += 1

    def kill(self, nursery: Nursery) -> None:
        phase, journal = self.folder / "phase", self.folder / "journal"
        phase.write_bytes(b"\0")
        journal.unlink(missing_ok=True)
        paths = {name: str(self.folder / name) for name in ("library", "tree", "phase", "journal")}
        task = {**paths, "pool": str(self.pool), "seed": self.dice.random(), "made": self.made}
        # A new library is made within milliseconds: now and then a kill must fall into these.
        nursery.live(task, self.dice.random() * (0.03 if not self.made and self.dice.random() < 0.5 else LONGEST))
        lines = lines_of(journal)
        self.made += sum(len(line.get("rows", ())) for line in lines)
        step = self.promises.follow(lines)
        self.count.kills += 1
        self.count.phases[NAMES[phase.read_bytes()[0]]] += 1
        self.count.steps["none" if step is None else step["do"]] += 1
        self.look(step)

    def look(self, step: dict[str, Any] | None) -> None:
        """Open it as any other process would, and compare."""
        with warnings.catch_warnings(), Library(self.library) as library:
            warnings.simplefilter("error")
            if not library.exists:
                assert not self.promises.now, f"a library of {len(self.promises.now)} rows is gone"
                self.count.left["no library"] += 1
                return
            rows = list(library.rows())
            self.promises.check(states(rows), step)
            check_files(self.library)
            check_search(library, rows, self.dice)
            check_search(self.reader, rows, self.dice)
            self._check_verified(library)

    def _check_verified(self, library: Library) -> None:
        strays = stray_files(self.library)
        self.count.left["files that are not listed"] += bool(strays)
        self.count.left["a temporary file"] += any(not name.endswith(".seg") for name in strays)
        self.count.left["nothing"] += not strays
        problems = [text for text in library.verify().problems if "not listed" not in text]
        assert not problems, problems

    def end(self) -> None:
        """A last writer leaves nothing that is not the library's."""
        self.reader.close()
        with Library(self.library) as library:
            if library.exists:
                library.compact()
                assert library.verify().ok, str(library.verify())
                assert not stray_files(self.library), stray_files(self.library)
                self.promises.check(states(list(library.rows())), None)
        self.count.acknowledged += self.promises.acknowledged
        shutil.rmtree(self.folder)


def listed(folder: Path) -> list[tuple[str, str, int, str]]:
    """File, kind, generation and checksum of each file of the index, read from the catalog by ourselves."""
    connection = sqlite3.connect(folder / "catalog.sqlite")
    try:
        return connection.execute("SELECT file, kind, generation, checksum FROM segments").fetchall()
    finally:
        connection.close()


def check_files(folder: Path) -> None:
    """Every listed file is there, says what the catalog says, and is what its checksum says."""
    for file, kind, generation, checksum in listed(folder):
        index = HammingIndex.open(folder / "index" / file)
        assert (index.about["kind"], index.about["generation"]) == (kind, str(generation)), file
        assert str(index.checksum) == checksum, file
        index.verify()


def stray_files(folder: Path) -> list[str]:
    """Names in the index's folder that the catalog does not list."""
    inside = (folder / "index").iterdir() if (folder / "index").is_dir() else ()
    names = {path.name for path in inside if path.is_file()}
    return sorted(names - {file for file, *_ in listed(folder)})


def run(kills: int, seed: int, folder: Path) -> Count:
    """So many kills. Raises `AssertionError` at the first promise that was not kept; the library is left there."""
    dice, count = random.Random(seed), Count()
    pool = folder / "pool"
    codes = make_pool(pool)
    with Nursery() as nursery:
        while count.kills < kills:
            one = Round(folder / f"round-{count.libraries}", pool, codes, dice, count)
            for _ in range(min(dice.randrange(1, MOST_KILLS_OF_ONE + 1), kills - count.kills)):
                one.kill(nursery)
            one.end()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill a writer at random instants; see whether promises are kept.")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lookalike-kills-"))
    begun = time.monotonic()
    print(f"in {folder}, which stays if a promise is broken")
    print(run(wanted.kills, wanted.seed, folder))
    print(f"{time.monotonic() - begun:.0f} seconds")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
