"""Two workers against one, by the clock; and what two processes, which share nothing, win on this machine."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from lookalike import fingerprint_many
from lookalike.fingerprints import fingerprint_rows

from .harness import Line, main
from .photo_sets import open_sets

TARGET = 1.9
SECONDS = 2.0
"""Length of a run with one worker, so that beginning and end count for little."""

Job = Callable[[], object]


def run(quick: bool) -> list[Line]:
    """Measure small and large photographs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 2:
        return [Line("2 workers against 1", "", "not measured: needs two cores", None)]
    with open_sets(quick) as sets:
        return [
            *_compare(sets["small"].name, sets["small"].paths, quick),
            *_compare(sets["large"].name, sets["large"].paths, quick),
        ]


def _compare(name: str, paths: list[Path], quick: bool) -> list[Line]:
    answers = [list(fingerprint_rows(paths, workers=workers)) for workers in (1, 2)]
    assert answers[0] == answers[1]
    assert all(row["error"] is None for row in answers[0])
    times = _times(paths, SECONDS / 8 if quick else SECONDS)
    files = paths * times
    with _Helper(paths) as first, _Helper(paths) as second:
        jobs: list[Job] = [
            lambda: _drain(files, 1),
            lambda: _drain(files, 1),
            lambda: _drain(files, 2),
            lambda: fingerprint_many(files, workers=1),
            lambda: fingerprint_many(files, workers=2),
            lambda: first.run(times),
            lambda: _both(first, second, times),
        ]
        one, again, two, frame, frame_two, alone, double = _on_the_clock(2 if quick else 5, jobs)
    both = [seconds / 2 for seconds in double]
    what = f"{name}, {len(files):,} files: 2 workers against 1"
    return [
        _line(f"{what}, fingerprint_rows", one, two, TARGET),
        _line(f"{what}, fingerprint_many", frame, frame_two, None),
        _line(f"{name}: 2 processes against 1, the machine's own limit", alone, both, None),
        _line(f"{name}: noise, 1 worker against itself", one, again, None),
    ]


def _line(name: str, one: list[float], two: list[float], target: float | None) -> Line:
    ratios = [a / b for a, b in zip(one, two, strict=True)]
    ratio = median(one) / median(two)
    figures = f"{median(one):.2f} s / {median(two):.2f} s = {ratio:.2f} times "
    figures += f"({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} runs)"
    if target is None:
        return Line(name, "", figures, None)
    return Line(name, f"at least {target} times", figures, ratio >= target)


def _drain(files: list[Path], workers: int) -> None:
    """Take all rows, keep none."""
    for _ in fingerprint_rows(files, workers=workers):
        pass


def _times(paths: list[Path], seconds: float) -> int:
    """How often one worker can go through the files in so long a time; the files are warm afterwards."""
    _drain(paths, 1)
    start = time.perf_counter()
    _drain(paths, 1)
    return math.ceil(seconds / (time.perf_counter() - start))


def _on_the_clock(rounds: int, jobs: list[Job]) -> list[list[float]]:
    """Seconds by job and round, in turn; a first turn is not counted."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for turn in range(rounds + 1):
        for job, times in zip(jobs, seconds, strict=True):
            start = time.perf_counter()
            job()
            if turn:
                times.append(time.perf_counter() - start)
    return seconds


class _Helper:
    """A process of its own that goes through the files so many times when told, with one worker."""

    def __init__(self, paths: list[Path]) -> None:
        command = [sys.executable, "-m", "bench.two_workers", "--child", *map(str, paths)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def start(self, times: int) -> None:
        assert self._process.stdin is not None
        print(times, file=self._process.stdin, flush=True)

    def wait(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"

    def run(self, times: int) -> None:
        self.start(times)
        self.wait()

    def __enter__(self) -> _Helper:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def _both(first: _Helper, second: _Helper, times: int) -> None:
    """Twice the work of one."""
    for helper in (first, second):
        helper.start(times)
    for helper in (first, second):
        helper.wait()


def child(paths: list[Path]) -> None:
    """The helper's side."""
    for line in sys.stdin:
        _drain(paths * int(line), 1)
        print("done", flush=True)


if __name__ == "__main__":
    if "--child" in sys.argv:
        child([Path(name) for name in sys.argv[sys.argv.index("--child") + 1 :]])
    else:
        main(run)
