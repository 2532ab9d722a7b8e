"""Races every rival that is installed in .bench (by `bench/rivals/setup.sh`) on the same files, on one core.

Every road is a process; all take each file in turn. Times are the processor's, from the file's name to its
hashes. We always compute five kinds; what a rival computes is in its line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import IO

from PIL import Image

from ..harness import Line, main, milliseconds, use_one_core
from ..photo_sets import PhotoSet, open_sets
from ..pictures import ROOT

HOME = ROOT / ".bench"
WORKER = Path(__file__).with_name("worker.py")

# Of a copy, and of another photograph, in bits of the whole hash: an answer is proved by both.
NEAR_SHARE = 0.15
FAR_SHARE = 0.2
"""An average hash of unlike photographs can be as near as this."""


@dataclass(frozen=True)
class Rival:
    """A road to be raced.

    Attributes:
        name: for the table, with what it computes.
        package: what `setup.sh` calls it; empty for what the development environment has.
        command: to start its process.
    """

    name: str
    package: str
    command: list[str]


def _ours(road: str) -> list[str]:
    return [sys.executable, str(WORKER), road]


def _theirs(road: str) -> list[str]:
    return [str(HOME / "venv" / "bin" / "python"), str(WORKER), road]


OURS = Rival("lookalike, 5 kinds", "", _ours("lookalike"))
RIVALS = (
    Rival("lookalike again, 5 kinds: the noise", "", _ours("lookalike")),
    Rival("ImageHash, 5 kinds", "", _ours("imagehash")),
    Rival("Pillow draft 1/8 + ImageHash, 5 kinds", "", _ours("imagehash-draft")),
    Rival("imagededup, 4 kinds", "imagededup", _theirs("imagededup")),
    Rival("imagededup, phash alone", "imagededup", _theirs("imagededup-phash")),
    Rival("OpenCV img_hash, 2 kinds", "opencv", _theirs("opencv")),
    Rival("OpenCV, decoding to 1/8, img_hash, 2 kinds", "opencv", _theirs("opencv-eighth")),
    Rival("pdqhash on OpenCV, 1 kind", "pdqhash", _theirs("pdqhash")),
    Rival("dhash on Pillow, 1 kind", "dhash", _theirs("dhash")),
    Rival("czkawka's way (image, image_hasher), 1 kind", "czkawka", [str(HOME / "target" / "release" / "czkawka-way")]),
)


@dataclass
class Entrant:
    """A rival's running process, and what it took for each file of each set."""

    rival: Rival
    process: subprocess.Popen[str]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, path: Path) -> tuple[dict[str, str], float]:
        """Hashes and seconds of one file.

        Raises:
            RuntimeError: if the rival failed at it.
        """
        source, sink = self._pipes()
        print(path, file=sink, flush=True)
        answer = json.loads(source.readline() or '{"error": "it stopped"}')
        if "error" in answer:
            raise RuntimeError(f"{self.rival.name}: {path}: {answer['error']}")
        return answer["codes"], answer["seconds"]

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        return self.process.stdout, self.process.stdin


def run(quick: bool) -> list[Line]:
    """Start them, prove them, race them. One that is not there, or whose answer is not right, is named."""
    use_one_core()
    entrants: list[Entrant] = []
    absent: list[Line] = []
    with open_sets(quick) as sets:
        try:
            for rival in (OURS, *RIVALS):
                why = _enter(rival, entrants, sets)
                if why is not None:
                    absent.append(Line(f"rival: {rival.name}", "", why, None))
            for key, photos in sets.items():
                _race(entrants, key, photos, quick)
        finally:
            for entrant in entrants:
                entrant.process.communicate()
        assert entrants[0].rival is OURS, absent
        return [*(_line(entrant, entrants[0], sets) for entrant in entrants), *absent]


def _enter(rival: Rival, entrants: list[Entrant], sets: dict[str, PhotoSet]) -> str | None:
    """Start a rival and prove its answer; or the reason why it cannot be raced."""
    why = _missing(rival)
    if why is not None:
        return f"not installed: {why}"
    entrant = _start(rival)
    try:
        prove(entrant, sets["small"].paths[0], sets["png"].paths[0])
    except (AssertionError, OSError, RuntimeError) as error:
        entrant.process.kill()
        return f"not raced, for its answer is not right: {error}"
    entrants.append(entrant)
    return None


def _missing(rival: Rival) -> str | None:
    if not rival.package or (HOME / f"{rival.package}.done").exists():
        return None
    note = HOME / f"{rival.package}.missing"
    return note.read_text(encoding="utf-8").strip() if note.exists() else "run bench/rivals/setup.sh"


def _start(rival: Rival) -> Entrant:
    return Entrant(
        rival, subprocess.Popen(rival.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    )


def prove(entrant: Entrant, original: Path, other: Path) -> None:
    """That a rival hashes: a copy at half the size comes out near, another photograph far."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.jpg"
        with Image.open(original) as image:
            image.convert("RGB").resize((image.width // 2, image.height // 2)).save(copy, quality=80)
        codes, copied, unlike = (entrant.ask(path)[0] for path in (original, copy, other))
    for kind, code in codes.items():
        near, far = _share(code, copied[kind]), _share(code, unlike[kind])
        assert near <= NEAR_SHARE, f"{kind} of a copy differs by {near:.0%}"
        assert far >= FAR_SHARE or "color" in kind, f"{kind} of another photograph differs by {far:.0%} only"


def _share(one: str, other: str) -> float:
    assert len(one) == len(other)
    return (int(one, 16) ^ int(other, 16)).bit_count() / (4 * len(one))


def _race(entrants: list[Entrant], key: str, photos: PhotoSet, quick: bool) -> None:
    """Every file in turn, by every road in turn, the same answer each time."""
    few = photos.first(3 if photos.large else 20)
    rounds = 1 if quick else 3
    for path in few.paths:
        answers = [[entrant.ask(path) for entrant in entrants] for _ in range(rounds + 1)]
        for number, entrant in enumerate(entrants):
            codes = [turn[number][0] for turn in answers]
            assert all(code == codes[0] for code in codes), (entrant.rival.name, path, "answers differ")
            entrant.seconds.setdefault(key, []).append(median(turn[number][1] for turn in answers[1:]))


def _line(entrant: Entrant, ours: Entrant, sets: dict[str, PhotoSet]) -> Line:
    parts = []
    for key, photos in sets.items():
        figures = f"{photos.name} {milliseconds(mean(entrant.seconds[key]))}"
        if entrant is not ours:
            ratios = [a / b for a, b in zip(entrant.seconds[key], ours.seconds[key], strict=True)]
            figures += f" ({median(ratios):.2g} times ours)"
        parts.append(figures)
    return Line(f"rival, from file to hashes: {entrant.rival.name}", "", "; ".join(parts), None)


if __name__ == "__main__":
    main(run)
