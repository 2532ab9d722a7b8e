"""What all benchmarks share: one core, alternating runs, medians, lines with a target."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

__all__ = ["Line", "alternate", "main", "milliseconds", "times_faster", "use_one_core"]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Line:
    """One measurement with its target.

    Attributes:
        name: what was measured.
        target: in words, such as `"at least 20 times"`.
        measured: likewise, with the figures it comes from.
        passed: whether the target is met; `None` for figures without a target.
    """

    name: str
    target: str
    measured: str
    passed: bool | None

    def __str__(self) -> str:
        verdict = {True: "pass", False: "MISS", None: "-"}[self.passed]
        return f"{verdict:<5} {self.name}: {self.measured}{f' (target: {self.target})' if self.target else ''}"


def times_faster(name: str, theirs: float, mine: float, target: float | None, remark: str = "") -> Line:
    """How many times as fast as a rival we are, from the seconds of both; without a target it is only a figure."""
    ratio = theirs / mine
    measured = f"{theirs * 1e3:.1f} ms / {mine * 1e3:.2f} ms = {ratio:.1f} times{remark}"
    if target is None:
        return Line(name, "", measured, None)
    return Line(name, f"at least {target} times", measured, ratio >= target)


def milliseconds(seconds: float) -> str:
    """For a table: three digits that count."""
    value = seconds * 1e3
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def use_one_core() -> None:
    """Keep this process, and every library in it, to one core. To be called before NumPy is imported."""
    for name in _THREADS:
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def alternate(rounds: int, *jobs: Callable[[], object]) -> list[float]:
    """Run the jobs in turn, A B A B, and give the median seconds of each; a first turn is not counted.

    In turn, and by the processor's time of this process (all its threads), so that whatever else the
    machine does hits all of them alike. None of the jobs waits for anything, so on an idle machine this is
    the time on the clock.
    """
    seconds: list[list[float]] = [[] for _ in jobs]
    for turn in range(rounds + 1):
        for job, times in zip(jobs, seconds, strict=True):
            start = time.process_time()
            job()
            if turn:
                times.append(time.process_time() - start)
    return [median(times) for times in seconds]


def main(run: Callable[[bool], Sequence[Line]]) -> None:
    """The command line of one benchmark: print its lines, for people or as JSON; status 1 on a miss."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer photographs and runs: noisy, for trying out")
    parser.add_argument("--json", action="store_true", help="for the runner")
    args = parser.parse_args()
    lines = run(args.quick)
    print(json.dumps([asdict(line) for line in lines]) if args.json else "\n".join(map(str, lines)))
    raise SystemExit(any(line.passed is False for line in lines))
