"""Hostile files, one at a time: what becomes of each, how long that takes, and at what peak of memory.

Tried are all files of `../shared/data/bad`, files made to hurt, and sound ones with damage done to them; each without
and with isolation. The folders of other corpora can be named instead: `python -m bench.hostile FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .harness import Line
from .hostile_files import damaged, made

__all__ = ["run"]

MOST_SECONDS = 5.0
MOST_BYTES = 500_000_000
_HANG = 20.0
_KINDS = ("phash", "crop_resistant", "pdq", "colorhash")
_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_WORST = 5

# What may be said of a file that Pillow opens: the first is in the README, the others are limits that can be raised.
_LIMITS = (
    r"Limits\.|MAX_IMAGE_PIXELS|MAX_TEXT|metadata of at most|same again and again|is read in more|icon of at most|"
    r"bytes for them"
)
_DOCUMENTED = re.compile(f"of the picture is missing|got PostScript|{_LIMITS}")
_OUTCOMES = (
    ("by limit", re.compile(_LIMITS)),
    ("decoder died", re.compile(r"the decoder (dies|itself fails|goes astray)")),
    ("broken off", re.compile(r"truncated|breaks off|whole image")),
    ("broken", re.compile(r"sound image|that is broken|damaged|no hash of a picture|with pixels")),
    ("needs an extra", re.compile(r"pip install")),
    ("no picture", re.compile(r"expected an image|PostScript")),
    ("broken", re.compile("expected")),
)


@dataclass(frozen=True)
class Trial:
    """What became of one file."""

    path: str
    seconds: float
    peak: int
    row: dict[str, Any] = field(default_factory=dict)
    same: bool = True
    accident: str = ""

    @property
    def outcome(self) -> str:
        """In a few words."""
        if self.accident:
            return self.accident
        error = self.row["error"]
        if error is None:
            return "opened" if self.row["warning"] is None else "opened, with a warning"
        return f"refused: {next((name for name, words in _OUTCOMES if words.search(error)), 'other')}"


def run(folders: Sequence[Path], every: int) -> Iterator[Line]:
    """Try all files, and judge."""
    with tempfile.TemporaryDirectory() as place:
        for name, files in _corpora(folders, Path(place), every):
            here = {trial.path: trial for trial in _tried(files, "here")}
            yield from _judged(name, files, list(here.values()))
            yield _against_pillow(name, here)
            there = {trial.path: trial for trial in _tried(files, "isolated")}
            yield from _judged(f"{name}, isolated", files, list(there.values()))
            yield _compared(name, here, there)


def _corpora(folders: Sequence[Path], place: Path, every: int) -> Iterator[tuple[str, list[Path]]]:
    for folder in folders:
        yield folder.name, _files(folder)[::every]
    if folders != [_DATA / "bad"]:
        return
    samples = _samples()[:: min(every, 4)]
    for name, files in (("made", made()), ("damaged", damaged(samples))):
        folder = place / name
        folder.mkdir()
        for file, data in files:
            (folder / file).write_bytes(data)
        yield name, _files(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _samples() -> list[Path]:
    """Up to three small files of each extension."""
    found: dict[str, list[Path]] = {}
    for path in _files(_DATA / "bad"):
        if 200 < path.stat().st_size < 60_000:
            found.setdefault(path.suffix.lower(), []).append(path)
    return [path for paths in found.values() if len(paths) < 400 for path in paths[:: max(1, len(paths) // 3)][:3]]


def _tried(files: Sequence[Path], mode: str) -> Iterator[Trial]:
    """Each file, in a process that is replaced when it dies or hangs."""
    process: subprocess.Popen[bytes] | None = None
    for file in files:
        if process is None:
            command = [sys.executable, "-m", "bench.hostile", "--child", mode]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(str(file)).encode() + b"\n")
        process.stdin.flush()
        ready = select.select([process.stdout], [], [], _HANG)[0]
        answer = process.stdout.readline() if ready else b""
        if answer:
            yield Trial(**json.loads(answer))
            continue
        process.kill()
        yield Trial(str(file), _HANG, 0, accident="**hang**" if not ready else f"**crash** {process.wait()}")
        process = None
    if process is not None:
        process.communicate()


def _judged(name: str, files: Sequence[Path], trials: list[Trial]) -> list[Line]:
    counts = Counter(trial.outcome for trial in trials)
    table = ", ".join(f"{outcome} {count:,}" for outcome, count in counts.most_common())
    slow = sorted(trials, key=lambda trial: -trial.seconds)[:_WORST]
    large = sorted(trials, key=lambda trial: -trial.peak)[:_WORST]
    accidents = [trial for trial in trials if trial.accident]
    unlike = [Path(trial.path).name for trial in trials if not trial.same]
    return [
        Line(
            f"{name}: files with a row", f"all {len(files):,}", f"{len(trials):,}: {table}", len(trials) == len(files)
        ),
        Line(
            f"{name}: crashes and hangs",
            "none",
            f"{len(accidents)} {[Path(t.path).name for t in accidents][:_WORST]}",
            not accidents,
        ),
        Line(
            f"{name}: slowest",
            f"under {MOST_SECONDS:g} s",
            ", ".join(f"{Path(t.path).name} {t.seconds:.2f} s" for t in slow),
            slow[0].seconds < MOST_SECONDS,
        ),
        Line(
            f"{name}: largest peak",
            f"under {MOST_BYTES / 1e6:.0f} MB",
            ", ".join(f"{Path(t.path).name} {t.peak / 1e6:.0f} MB" for t in large),
            large[0].peak < MOST_BYTES,
        ),
        Line(f"{name}: another row the second time", "none", f"{len(unlike)} {unlike[:_WORST]}", not unlike),
    ]


def _compared(name: str, here: dict[str, Trial], there: dict[str, Trial]) -> Line:
    """Whether isolation changes a row; where a limit was met it may, in the words."""
    other = [
        Path(path).name
        for path, trial in here.items()
        if trial.row != there[path].row and "by limit" not in trial.outcome + there[path].outcome
    ]
    return Line(f"{name}: another row when isolated", "none", f"{len(other)} {other[:_WORST]}", not other)


def _against_pillow(name: str, trials: dict[str, Trial]) -> Line:
    """Files that Pillow opens and we do not, by whether the documentation says why."""
    refused = [Path(path) for path, trial in trials.items() if trial.row.get("error") is not None]
    opened = [
        trial.path for trial in _tried(refused, "pillow") if trial.row.get("error") is None and not trial.accident
    ]
    open_questions = [Path(path).name for path in opened if not _DOCUMENTED.search(trials[path].row["error"])]
    explained = len(opened) - len(open_questions)
    measured = f"{len(open_questions)} {open_questions[:_WORST]}; with a documented reason: {explained}"
    return Line(f"{name}: opened by Pillow only", "none without a reason", measured, not open_questions)


def child(mode: str) -> None:
    """Try the files whose names come in, and tell of each."""
    import warnings

    warnings.simplefilter("ignore")
    work = _pillow if mode == "pillow" else _rows(isolate=mode == "isolated")
    for line in sys.stdin:
        path = json.loads(line)
        _reset_peaks()
        begun = time.perf_counter()
        row = work(path)
        seconds, peak = time.perf_counter() - begun, _peak()
        print(json.dumps(asdict(Trial(path, seconds, peak, row, mode == "pillow" or row == work(path)))), flush=True)


def _rows(isolate: bool) -> Any:
    from lookalike import Limits, isolation
    from lookalike.fingerprints import fingerprint_rows

    isolation.held().__enter__()  # a worker for many files, as in a batch
    limits = Limits(isolate=isolate)
    return lambda path: next(fingerprint_rows([path], kinds=_KINDS, workers=1, limits=limits, digest=True))


def _pillow(path: str) -> dict[str, Any]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
    except Exception as error:
        return {"error": str(error) or type(error).__name__}
    return {"error": None, "warning": None}


def _processes() -> list[str]:
    """This process and its workers."""
    found = ["self"]
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            found += task.read_text().split()
        except OSError:
            continue  # this thread has just ended
    return found


def _reset_peaks() -> None:
    for pid in _processes():
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            continue  # it has just ended


def _peak() -> int:
    """The most bytes that this process, or one of its workers, had resident since the last reset."""
    peaks = [0]
    for pid in _processes():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        peaks += [1024 * int(found) for found in re.findall(r"VmHWM:\s+(\d+)", status)]
    return max(peaks)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--quick", action="store_true", help="every twentieth file")
    parser.add_argument("--json", action="store_true", help="for the runner")
    parser.add_argument("--child", help="for itself")
    args = parser.parse_args()
    if args.child:
        child(args.child)
        return
    lines = []
    for line in run(args.folders or [_DATA / "bad"], 20 if args.quick else 1):
        lines.append(line)
        print(line, file=sys.stderr if args.json else sys.stdout, flush=True)
    if args.json:
        print(json.dumps([asdict(line) for line in lines]))
    raise SystemExit(any(line.passed is False for line in lines))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
