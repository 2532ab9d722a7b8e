"""The process that is killed: it works on a library without end, and tells in a journal what it was promised.

A nursery has imported everything; it forks a worker for each line on its input, and waits for its death. The journal
is a file: what a process has written to it stays when the process is killed. Each step is told before it begins, and
again when the library has acknowledged it.

    {"step": 3, "do": "remove", "images": [...]}    about to be done
    {"step": 3, "row": {...}}                       one row of `add_rows` was handed out
    {"step": 3, "done": true}                       the call has returned
"""

from __future__ import annotations

import functools
import json
import mmap
import os
import random
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lookalike import Library
from lookalike.library import adding, catalog, folding, ready, sqlite, writing

PART = 16
"""Ready rows that are committed together, here."""
MOST = 300
"""Rows of a library; with more, half of them go."""
SMALL = (
    (folding, "TAIL", 40),
    (folding, "_LEAST_TAIL_DURING", 60),
    (writing, "ROWS", 8),
    (ready, "_PART", PART),
    (adding, "_PART", 20),
)
"""Thresholds at which a small library does what a large one does."""

PHASES: tuple[tuple[str, Any, str], ...] = (
    ("make the catalog", catalog.Catalog, "make"),
    ("collect rows", writing.Batch, "commit"),
    ("COMMIT", sqlite.SqliteStore, "_commit"),
    ("read codes", folding, "_codes_of"),
    ("write a segment", folding, "_write"),
    ("sync the names", folding, "sync"),
    ("list segments", catalog.Catalog, "replace_segments"),
    ("sweep", folding, "sweep"),
    ("log removals", catalog.Catalog, "delete"),
    ("vacuum, checkpoint", sqlite.SqliteStore, "tidy"),
    ("look files up", adding.Adding, "_look_up"),
)
"""Functions whose names are left in shared memory while they run; 0 there is anything else."""


class Journal:
    """Lines that outlive their writer."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def close(self) -> None:
        os.close(self._handle)

    def tell(self, **line: Any) -> None:
        os.write(self._handle, json.dumps(line).encode() + b"\n")


def small_thresholds() -> None:
    for module, name, value in SMALL:
        getattr(module, name)  # a name that is gone must not go unnoticed
        setattr(module, name, value)


def mark_phases(path: Path) -> None:
    """From now on, a byte in this file is the number of the phase."""
    with path.open("r+b") as file:
        shown = mmap.mmap(file.fileno(), 1)
    for number, (_, owner, name) in enumerate((*PHASES, *_OWN), 1):
        plain = owner.__dict__[name]
        inner = plain.__func__ if isinstance(plain, classmethod) else plain
        marked = _marked(inner, shown, number)
        setattr(owner, name, classmethod(marked) if isinstance(plain, classmethod) else marked)


def _marked(function: Callable[..., Any], shown: mmap.mmap, number: int) -> Callable[..., Any]:
    @functools.wraps(function)
    def marked(*values: Any, **named: Any) -> Any:
        before, shown[0] = shown[0], number
        try:
            return function(*values, **named)
        finally:
            shown[0] = before

    return marked


class Worker:
    """Steps of every sort on one library, chosen by chance."""

    def __init__(self, task: dict[str, Any], journal: Journal) -> None:
        self.dice = random.Random(task["seed"])
        self.library = Library(task["library"])
        self.tree, self.pool = Path(task["tree"]), sorted(Path(task["pool"]).iterdir())
        self.known = {path.read_bytes(): path.name for path in self.pool}
        self.journal, self.step, self.made = journal, 0, task["made"]
        self.tree.mkdir(exist_ok=True)

    def work(self) -> None:
        while True:
            names = self._names()
            some = [self.add_ready, self.add_ready, self.add_files, self.add_files, self.update, self.compact]
            if len(names) > 20:
                some += [self.remove, self.remove, self.rebuild]
            do = self.dice.choice(some) if len(names) < MOST else self.remove
            do(names)
            self.step += 1

    def _names(self) -> dict[str, dict[str, Any]]:
        return {row["place"]: row for row in self.library.rows()} if self.library.exists else {}

    def _tell(self, **line: Any) -> None:
        self.journal.tell(step=self.step, **line)

    def _code(self) -> str:
        """Around a few centres, or nothing would ever be near."""
        code = random.Random(self.dice.randrange(6)).getrandbits(64)
        for _ in range(self.dice.randrange(9)):
            code ^= 1 << self.dice.randrange(64)
        return f"{code:016x}"

    def add_ready(self, names: dict[str, Any]) -> None:
        """New rows, and some that are known with other codes."""
        known = [name for name in names if name.startswith("ready")]
        images = self.dice.sample(known, min(len(known), self.dice.randrange(4)))
        for _ in range(self.dice.randrange(1, 70)):
            images.append(f"ready {self.made}")
            self.made += 1
        self._add_ready([{"image": image, "phash": self._code(), "dhash": self._code()} for image in images])

    def update(self, names: dict[str, Any]) -> None:
        """Other facts for rows that are known."""
        known = [name for name in names if name.startswith("ready")]
        some = self.dice.sample(known, min(len(known), 12))
        self._add_ready([{"image": n, "phash": names[n]["phash"], "dhash": names[n]["dhash"]} for n in some])

    def _add_ready(self, rows: list[dict[str, Any]]) -> None:
        rows = [{**row, "note": self.dice.randrange(1000)} for row in rows]
        if rows:
            self._tell(do="add_ready", rows=rows)
            self.library.add_fingerprints(rows, owner="files")
            self._tell(done=True)

    def add_files(self, names: dict[str, Any]) -> None:
        """Files that are new, changed, moved, broken, gone or the same."""
        paths = [self.tree / f"{number}.png" for number in self.dice.sample(range(40), self.dice.randrange(1, 30))]
        for path in paths:
            self._touch(path)
        note, texts = self.dice.randrange(1000), [str(path) for path in paths]
        self._tell(do="add_files", paths={text: self._content(text) for text in texts}, note=note)
        for row in self.library.add_rows(texts, owner="files", note=note, workers=2):
            self._tell(row=row)
        self._tell(done=True)

    def _touch(self, path: Path) -> None:
        what = self.dice.random()
        if what < 0.15:
            path.unlink(missing_ok=True)
        elif what < 0.3 and path.exists():
            path.rename(self.tree / f"{self.dice.randrange(40)}.png")
        elif what < 0.7 or not path.exists():
            beside = self.tree / "new"
            shutil.copyfile(self.dice.choice(self.pool), beside)
            beside.rename(path)

    def _content(self, path: str) -> str | None:
        """Which of the pool a file is."""
        return self.known[Path(path).read_bytes()] if Path(path).exists() else None

    def remove(self, names: dict[str, Any]) -> None:
        most = len(names) // 2 if len(names) >= MOST else 20
        images = self.dice.sample(sorted(names), min(most, len(names)))
        self._tell(do="remove", images=images)
        self.library.remove(images)
        self._tell(done=True)

    def compact(self, names: dict[str, Any]) -> None:
        self._index("compact", names)

    def rebuild(self, names: dict[str, Any]) -> None:
        self._index("rebuild", names)

    def _index(self, do: str, names: dict[str, Any]) -> None:
        """What must change no row."""
        if names:
            self._tell(do=do)
            getattr(self.library, do)()
            self._tell(done=True)


_OWN = (("between steps", Worker, "_names"), ("between steps", Worker, "_touch"), ("between steps", Worker, "_content"))
NAMES = ("reading pictures, and else", *(name for name, _, _ in (*PHASES, *_OWN)))
"""Of the phases, by number."""


def _live(task: dict[str, Any]) -> None:
    """The whole life of a worker, which only a kill ends well."""
    journal = Journal(Path(task["journal"]))
    try:
        mark_phases(Path(task["phase"]))
        journal.tell(begun=True)
        Worker(task, journal).work()
    except BaseException:
        journal.tell(crashed=traceback.format_exc())
    os._exit(1)


def nursery() -> None:
    """Fork a worker for each task; tell its number, and then that it is dead."""
    small_thresholds()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _live(json.loads(line))
        print(child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    nursery()
