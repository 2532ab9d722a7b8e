"""A reader of `mixed_load`: it asks without end, and compares each answer with what was acknowledged before.

What is acknowledged before it asks must be in the answer; what was not even tried when it has the answer must not.
"""

from __future__ import annotations

import csv
import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from lookalike import Library

from .mixed_writer import LOOSE, Journal, check_row, code_of

NAMES = {"f": "images found", "n": "nearest compared", "e": "exports read", "v": "verifications"}
NEAREST = 5
KINDS = {"phash": slice(0, 16), "dhash": slice(16, 32)}


class Reader:
    """Questions of every sort."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.journal = Journal(folder / "journal")
        self.library = Library(folder / "library")
        self.acts = os.open(folder / f"{os.getpid()}.acts", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.names: list[str] = []
        self.codes: dict[str, Any] = {}

    def work(self) -> None:
        """Until a kill, of this process or of the one that watches it."""
        parent = os.getppid()
        while os.getppid() == parent:
            self.journal.read()
            if not self.journal.kept:
                time.sleep(0.05)
                continue
            mark = self.dice.choices("fnev", [30, 30, 2, 1])[0]
            {"f": self.find, "n": self.nearest, "e": self.export, "v": self.verify}[mark]()
            os.write(self.acts, mark.encode())
            if self.dice.random() < 0.05:
                self.library.close()

    def find(self) -> None:
        """A kept image is found by its own code, and what else is found has that code."""
        image = self.dice.choice(list(self.journal.kept))
        kind = self.dice.choice(list(KINDS))
        text = code_of(image, 0)[KINDS[kind]]
        found = self.library.search(text, kinds=kind, radius=0)
        assert image in set(found["image"]), f"{image}, which was acknowledged, is not found by its {kind}"
        assert not found["image"].duplicated().any(), f"the same twice: {list(found['image'])}"

    def nearest(self) -> None:
        """The nearest of all, at their distances, and none of the kept is passed over."""
        kept = self._kept()
        kind, query = self.dice.choice(list(KINDS)), self.dice.getrandbits(64)
        found = self.library.search(f"{query:016x}", kinds=kind, k=NEAREST)
        self.journal.read()
        distances = np.bitwise_count(kept[kind] ^ np.uint64(query))
        for image, distance in zip(found["image"], found["distance"], strict=True):
            assert distance in self._possible(image, kind, query), f"{image} is not at distance {distance}"
        farthest = found["distance"].max() if len(found) == NEAREST else 65
        nearer = {self.names[number] for number in np.flatnonzero(distances < farthest)}
        assert nearer <= set(found["image"]), f"passed over: {sorted(nearer - set(found['image']))}"
        assert not found["image"].duplicated().any()

    def _kept(self) -> dict[str, Any]:
        """The codes of all kept images that were acknowledged until now."""
        new = list(self.journal.kept)[len(self.names) :]
        for kind, part in KINDS.items():
            more = np.array([int(code_of(image, 0)[part], 16) for image in new], np.uint64)
            self.codes[kind] = np.concatenate([self.codes.get(kind, more[:0]), more])
        self.names += new
        return self.codes

    def _possible(self, image: str, kind: str, query: int) -> set[int]:
        """Distances of all versions that there may have been."""
        versions = [0] if image.startswith("kept") else range(1, self.journal.latest.get(image, 0) + 1)
        return {(int(code_of(image, version)[KINDS[kind]], 16) ^ query).bit_count() for version in versions}

    def export(self) -> None:
        """All rows at one instant: each whole, none twice, and of each step all rows or none."""
        kept = dict(self.journal.kept)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "all.csv"
            self.library.export(path)
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
        self.journal.read()
        facts = [json.loads(row["facts"]) for row in rows]
        images = [row["image"] for row in rows]
        for row, fact in zip(rows, facts, strict=True):
            check_row(row["image"], fact["version"], row["phash"] + row["dhash"])
            most = 0 if row["image"].startswith("kept") else self.journal.latest.get(row["image"], 0)
            assert fact["version"] <= most, f"{row['image']} has version {fact['version']}, and {most} was tried"
        assert len(set(images)) == len(images) <= len(self.journal.kept) + LOOSE + 64, "an image twice"
        assert kept.keys() <= set(images), f"lost: {sorted(kept.keys() - set(images))[:5]}"
        steps = Counter(
            (fact["batch"], fact["of"]) for image, fact in zip(images, facts, strict=True) if "kept" in image
        )
        halves = [(batch, of, count) for (batch, of), count in steps.items() if count != of]
        assert not halves, f"half of a step is seen: {halves}"

    def verify(self) -> None:
        """Nothing is wrong while others write."""
        problems = self.library.verify().problems
        assert not problems, problems


def main(folder: Path, seed: int) -> None:
    while not Library(folder / "library").exists:
        time.sleep(0.05)
    Reader(folder, seed).work()
