"""The writer of `mixed_load`, which is killed, and its journal, by which readers know what must be there.

Two sorts of images: those that are kept are added once, and stay for ever; loose ones are added, changed and removed.
What an image's codes are follows from its name and version, so that a row cannot be half one and half another unseen.
A step is told before it begins, and again when the library has acknowledged it:

    {"step": 3, "kept": ["kept 17", "kept 18"]}         or     {"step": 4, "loose": {"loose 3": 7, "loose 5": null}}
    {"done": 3}             or, by the next writer, who has looked:     {"undone": 4}
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any

from lookalike import Library
from lookalike.library import folding
from lookalike.options import RECIPES

MOST_KEPT = 20_000
"""More would make the readers' exports slow, and show nothing else."""
LOOSE = 300
BATCH = 40
TAIL = 500
"""Rows after which the index gets another segment: fewer than usual, so that it happens often."""
WAIT = 60.0


def code_of(image: str, version: int) -> str:
    """Of `phash` and `dhash`, 16 hex digits each."""
    return hashlib.sha256(f"{image} {version}".encode()).hexdigest()[:32]


def told(library: Library) -> dict[str, int]:
    """The version of each image; its codes must be of that version, and it must be there once.

    Raises:
        AssertionError: if not.
    """
    rows: dict[str, int] = {}
    for row in library.rows():
        check_row(row["image"], int(row["version"]), row["phash"] + row["dhash"])
        assert row["image"] not in rows, f"{row['image']} is there twice"
        rows[row["image"]] = int(row["version"])
    return rows


def check_row(image: str, version: int, code: str) -> None:
    assert code == code_of(image, version), f"{image}: version {version} has other codes"


class Journal:
    """What was promised, as far as it has been read.

    Attributes:
        kept: version of each image that must be there.
        loose: the same of those that come and go.
        open: the step that was begun and not acknowledged.
        latest: the highest version of each loose image that was ever tried.
        number: of the last step that was begun.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._at = 0
        self.kept: dict[str, int] = {}
        self.loose: dict[str, int] = {}
        self.latest: dict[str, int] = {}
        self.batches: dict[str, int] = {}
        self.open: dict[str, Any] | None = None
        self.number = self.steps = self.acknowledged = 0

    def tell(self, **line: Any) -> None:
        os.write(self._handle, json.dumps(line).encode() + b"\n")

    def read(self) -> None:
        """What has been told since; the last line may be half there."""
        size = os.fstat(self._handle).st_size
        new = os.pread(self._handle, size - self._at, self._at)
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            self._follow(json.loads(line))

    def _follow(self, line: dict[str, Any]) -> None:
        if "step" in line:
            self.open = line
            self.number = line["step"]
            for image, version in line.get("loose", {}).items():
                self.latest[image] = max(self.latest.get(image, 0), version or 0)
        elif "done" in line and self.open is not None:
            self._acknowledge(self.open)
            self.open = None
        else:
            self.open = None

    def _acknowledge(self, step: dict[str, Any]) -> None:
        self.steps += 1
        self.acknowledged += len(step.get("kept", ())) + len(step.get("loose", ()))
        for image in step.get("kept", ()):
            self.kept[image] = 0
            self.batches[image] = step["step"]
        for image, version in step.get("loose", {}).items():
            if version is None:
                self.loose.pop(image, None)
            else:
                self.loose[image] = version

    def settle(self, library: Library) -> list[str]:
        """Find out whether the step that a kill has interrupted is done: wholly, or not at all."""
        step = self.open
        if step is None:
            return []
        wanted: dict[str, int | None] = dict.fromkeys(step["kept"], 0) if "kept" in step else step["loose"]
        rows = told(library) if library.exists else {}
        done = [rows.get(image) == version for image, version in wanted.items()]
        before = [rows.get(image) == self.loose.get(image) for image in wanted]
        if not all(done) and not all(before):
            return [f"half of a step is done: {step}, {done}"]
        self.tell(**({"done": step["step"]} if all(done) else {"undone": step["step"]}))
        self.read()
        return []


class Writer:
    """Steps without end."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.journal = Journal(folder / "journal")
        self.journal.read()
        self.library = Library(folder / "library")
        problems = self.journal.settle(self.library)
        assert not problems, problems

    def work(self) -> None:
        """Until a kill, of this process or of the one that watches it."""
        parent = os.getppid()
        while os.getppid() == parent:
            self.journal.read()
            self.number = self.journal.number + 1
            self.dice.choices(
                [self.keep, self.change, self.remove, self.tidy], [6 if self._has_room() else 0, 4, 2, 1]
            )[0]()

    def _has_room(self) -> bool:
        return len(self.journal.kept) < MOST_KEPT

    def keep(self) -> None:
        """New images, for ever."""
        first = len(self.journal.kept)
        images = [f"kept {number}" for number in range(first, first + self.dice.randrange(1, BATCH))]
        self.journal.tell(step=self.number, kept=images)
        self._add(dict.fromkeys(images, 0))

    def change(self) -> None:
        """Loose ones, new or with the next version."""
        some = [f"loose {number}" for number in self.dice.sample(range(LOOSE), self.dice.randrange(1, 20))]
        versions = {image: self.journal.latest.get(image, 0) + 1 for image in some}
        self.journal.tell(step=self.number, loose=versions)
        self._add(versions)

    def _add(self, versions: dict[str, int]) -> None:
        rows = []
        for image, version in versions.items():
            code = code_of(image, version)
            facts = {"version": version, "batch": self.number, "of": len(versions)}
            rows.append({"image": image, "phash": code[:16], "dhash": code[16:], **facts})
        common = {"recipe": RECIPES["standard"], "width": 640, "height": 480, "format": "JPEG", "error": None}
        added = self.library.add_fingerprints([{**common, **row} for row in rows], wait=WAIT)
        assert added.total == len(rows)
        self.journal.tell(done=self.number)

    def remove(self) -> None:
        there = sorted(self.journal.loose)
        some = self.dice.sample(there, min(len(there), self.dice.randrange(1, 15)))
        if some:
            self.journal.tell(step=self.number, loose=dict.fromkeys(some))
            assert self.library.remove(some, wait=WAIT) == len(some)
            self.journal.tell(done=self.number)

    def tidy(self) -> None:
        """What changes no row."""
        if self.library.exists:
            self.dice.choice([self.library.compact, self.library.rebuild])(wait=WAIT)


def main(folder: Path, seed: int) -> None:
    folding.TAIL = TAIL
    Writer(folder, seed).work()
