"""Races from files: each road takes the same file in turn, and the whole set is timed as one pass too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

from .harness import Line, milliseconds

__all__ = ["Pass", "Result", "check_near", "faster", "noise", "pass_faster", "race"]

Road = Callable[[Path], object]


@dataclass(frozen=True)
class Pass:
    """What a run over the whole set took, as the median of the runs.

    Attributes:
        processor: seconds of the processor, for a photo.
        clock: seconds on the clock, likewise.
    """

    processor: float
    clock: float


@dataclass(frozen=True)
class Result:
    """What a race gave.

    Attributes:
        roads: by road, the median seconds of the processor for each file.
        passes: by pass over all files.
    """

    roads: list[list[float]]
    passes: list[Pass]


def race(
    paths: Sequence[Path],
    rounds: int,
    roads: Sequence[Road],
    passes: Sequence[Callable[[Sequence[Path]], object]] = (),
) -> Result:
    """Run everything in turn, so that whatever else the machine does hits all alike; a first turn is not counted.

    With small files a tenth of the time hangs on who came before: the first fetches the file from memory for
    the others, and each leaves the processor's caches full of its own. So the file is read before, and the
    order is drawn anew each time, the same in every run.
    """
    order = Random(1)
    single: list[list[list[float]]] = [[[] for _ in paths] for _ in roads]
    whole: list[list[tuple[float, float]]] = [[] for _ in passes]
    for turn in range(rounds + 1):
        for number, path in enumerate(paths):
            path.read_bytes()
            for which in order.sample(range(len(roads)), len(roads)):
                seconds, _ = _timed(roads[which], path)
                if turn:
                    single[which][number].append(seconds)
        for job, runs in zip(passes, whole, strict=True):
            both = _timed(job, paths)
            if turn:
                runs.append(both)
    medians = [[median(times) for times in road] for road in single]
    return Result(medians, [_pass(runs, len(paths)) for runs in whole])


def _timed(job: Callable[[Any], object], argument: object) -> tuple[float, float]:
    """Seconds of the processor (all threads of this process), and on the clock."""
    clock, processor = time.perf_counter(), time.process_time()
    job(argument)
    return time.process_time() - processor, time.perf_counter() - clock


def _pass(runs: list[tuple[float, float]], photos: int) -> Pass:
    return Pass(median(run[0] for run in runs) / photos, median(run[1] for run in runs) / photos)


def faster(name: str, theirs: Sequence[float], mine: Sequence[float], target: float | None) -> Line:
    """How many times as fast we are: the median over the files, and its spread."""
    ratios = [a / b for a, b in zip(theirs, mine, strict=True)]
    ratio = median(ratios)
    figures = f"{milliseconds(mean(theirs))} / {milliseconds(mean(mine))} a photo; "
    figures += f"median of {len(ratios)}: {ratio:.1f} times ({min(ratios):.1f} to {max(ratios):.1f})"
    return _line(name, figures, ratio, target)


def pass_faster(name: str, theirs: Sequence[float], mine: Pass, target: float | None) -> Line:
    """The same for a pass over all files. Waiting would not show in the processor's time, so the clock's is told."""
    ratio = mean(theirs) / mine.processor
    figures = f"{milliseconds(mean(theirs))} / {milliseconds(mine.processor)} a photo = {ratio:.1f} times"
    return _line(name, f"{figures} (on the clock {milliseconds(mine.clock)})", ratio, target)


def _line(name: str, figures: str, ratio: float, target: float | None) -> Line:
    if target is None:
        return Line(name, "", figures, None)
    return Line(name, f"at least {target} times", figures, ratio >= target)


def noise(name: str, once: Sequence[float], again: Sequence[float]) -> Line:
    """The same job raced with itself: what differs from 1 is the machine's noise."""
    ratios = [a / b for a, b in zip(once, again, strict=True)]
    figures = f"{median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f} on {len(ratios)} photos)"
    return Line(f"{name}: noise, the same job against itself", "", figures, None)


def check_near(path: Path, theirs: Sequence[str], mine: Sequence[str], most: int) -> None:
    """Prove an answer: hashes in hex that differ by few bits; those of unlike pictures differ by half of them."""
    assert len(theirs) == len(mine) > 0, (path, theirs, mine)
    for one, other in zip(theirs, mine, strict=True):
        distance = (int(one, 16) ^ int(other, 16)).bit_count()
        assert len(one) == len(other), (path, one, other)
        assert distance <= most, (path, one, other, distance)
