"""Readers, a writer and kills on one library, for as long as it is told: is anything lost, or seen that is not so?

    python -m bench.mixed_load 3600

Eight processes search and export a library to which a ninth adds, in which it changes and from which it removes; at
random instants one of them gets SIGKILL, and another takes its place. The writer keeps a journal (`mixed_writer`):
what it is about to do, and that the library has acknowledged it. By it the readers (`mixed_readers`) check each
answer, and at the end the whole library is read: every row that was acknowledged must be there, once, with its codes,
and none else. Status 1 if anything was wrong; the folder is kept then.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import pandas  # noqa: F401 - for the children, which would each load it else

from lookalike import Library

from . import mixed_readers, mixed_writer
from .mixed_writer import Journal, code_of, told

READERS = 8
PAUSE = 0.7
"""Seconds between two kills, on average."""
OF_THE_WRITER = 0.4
"""Share of the kills that the writer gets: it has more to lose."""
TRIES = 200
"""Searches that are compared with brute force at the end."""


class Load:
    """The processes, and what happened to them. They are forked, so that kills hit them at work and not at imports."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.dice = folder, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.processes: dict[str, int] = {}
        self.problems: list[str] = []
        for name in ("writer", *(f"reader {number}" for number in range(READERS))):
            self._begin(name)

    def _begin(self, name: str) -> None:
        seed = self.dice.randrange(1 << 30)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                role = mixed_writer if name == "writer" else mixed_readers
                role.main(self.folder, seed)
            except BaseException:
                (self.folder / f"{name}.error").write_text(traceback.format_exc())
            os._exit(1)
        self.processes[name] = child

    def go_on(self, seconds: float) -> None:
        """Kill, look and start again until the time is up or something is wrong."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.problems:
            time.sleep(min(self.dice.expovariate(1 / PAUSE), max(0.0, end - time.monotonic())))
            self._look()
            if not self.problems:
                self._kill("writer" if self.dice.random() < OF_THE_WRITER else f"reader {self.dice.randrange(READERS)}")

    def _look(self) -> None:
        """Has any ended by itself?"""
        for name, process in list(self.processes.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                del self.processes[name]
                self.problems.append(f"the {name} ended by itself: {self._last_words(name)}")

    def _kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        if not os.WIFSIGNALED(status):
            self.problems.append(f"the {name} ended by itself: {self._last_words(name)}")
            return
        self.kills[name.partition(" ")[0]] += 1
        self._begin(name)

    def _last_words(self, name: str) -> str:
        path = self.folder / f"{name}.error"
        return path.read_text()[-2000:] if path.exists() else "without a word"

    def end(self) -> None:
        for process in self.processes.values():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)

    def acts(self) -> dict[str, int]:
        """How many answers the readers have checked, of each sort: a byte each."""
        marks = b"".join(path.read_bytes() for path in self.folder.glob("*.acts"))
        return {name: marks.count(mark.encode()) for mark, name in mixed_readers.NAMES.items()}


def compared(folder: Path, dice: random.Random) -> list[str]:
    """What of the library is not as the journal has it."""
    journal = Journal(folder / "journal")
    journal.read()
    library = Library(folder / "library")
    problems = journal.settle(library)
    verified = library.verify()
    problems += [f"verify: {problem}" for problem in verified.problems]
    rows = told(library)
    expected = {**journal.kept, **journal.loose}
    problems += [f"lost: {image!r}" for image in expected.keys() - rows.keys()]
    problems += [f"nobody added {image!r}" for image in rows.keys() - expected.keys()]
    both = expected.keys() & rows.keys()
    problems += [
        f"{image!r} is {rows[image]}, not {expected[image]}" for image in both if rows[image] != expected[image]
    ]
    for image in dice.sample(sorted(expected), min(TRIES, len(expected))):
        code = code_of(image, expected[image])
        found = library.search(code[:16], kinds="phash", radius=0)
        if image not in set(found["image"]):
            problems.append(f"a search does not find {image!r}")
    return problems


def run(folder: Path, seconds: float, seed: int) -> bool:
    """The load and then the comparison; whether all was well."""
    load = Load(folder, seed)
    start = time.monotonic()
    try:
        load.go_on(seconds)
    finally:
        load.end()
    lasted = time.monotonic() - start
    problems = load.problems or compared(folder, load.dice)
    journal = Journal(folder / "journal")
    journal.read()
    kept, steps, rows = len(journal.kept), journal.steps, journal.acknowledged
    acts = ", ".join(f"{count:,} {name}" for name, count in load.acts().items())
    print(f"{lasted:,.0f} s: {load.kills['writer']:,} kills of the writer, {load.kills['reader']:,} of readers")
    print(f"acknowledged: {steps:,} steps with {rows:,} rows; {kept:,} of them stay")
    print(f"checked answers: {acts}")
    print("\n".join(problems[:20]) if problems else "nothing lost, nothing wrong")
    return not problems


def _stop(*_: object) -> None:
    raise SystemExit("stopped: its processes are ended, and nothing was compared")


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    parser = argparse.ArgumentParser(prog="python -m bench.mixed_load", description=__doc__.splitlines()[0])
    parser.add_argument("seconds", type=float, nargs="?", default=3600.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mixed-load-"))
    if run(folder, options.seconds, options.seed):
        shutil.rmtree(folder)
        return 0
    print(f"the library and the journal are in {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
