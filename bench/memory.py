"""Memory while 10,000 files are fingerprinted by two workers."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from .harness import Line, main

WORKERS = 2
STEPS = 10
PEAK_TARGET = 300
GROWTH_TARGET = 1.2
"""The peak at the end against that after the first fifth, when each size of picture has been seen."""


def run(quick: bool) -> list[Line]:
    """Measure in a process of its own, where nothing else has raised the peak."""
    files = 1_000 if quick else 10_000
    command = [sys.executable, "-m", "bench.memory", "--child", str(files)]
    curve = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    peaks = [point["peak"] for point in curve]
    peak, growth = peaks[-1], peaks[-1] / peaks[len(peaks) // 5]
    steps = ", ".join(f"{point['files']:,}: {point['now']:.0f} ({point['peak']:.0f})" for point in curve)
    what = f"{files:,} files, {WORKERS} workers"
    return [
        Line(f"{what}: peak", f"under {PEAK_TARGET} MB", f"{peak:.0f} MB", peak < PEAK_TARGET),
        Line(
            f"{what}: peak / peak of the first fifth", f"under {GROWTH_TARGET}", f"{growth:.2f}", growth < GROWTH_TARGET
        ),
        Line(f"{what}: MB after so many files (peak until then)", "", steps, None),
    ]


def child(files: int) -> None:
    """Fingerprint the files into a frame, and print the curve."""
    import lookalike

    from .pictures import all_files

    paths = all_files()
    sources = [paths[n % len(paths)] for n in range(files)]
    curve = [_point(0)]

    def watch(done: int, image: str) -> None:
        if done % (files // STEPS) == 0:
            curve.append(_point(done))

    frame = lookalike.fingerprint_many(sources, workers=WORKERS, progress=watch)
    _check(frame, sources, len(paths))
    print(json.dumps(curve))


def _check(frame: object, sources: list[Path], different: int) -> None:
    table = frame.drop(columns="image")  # type: ignore[attr-defined]
    assert frame.image.tolist() == [str(path) for path in sources]  # type: ignore[attr-defined]
    assert table.error.isna().all(), table.error.dropna().tolist()
    first = table.iloc[:different].reset_index(drop=True)
    again = table.iloc[different : 2 * different].reset_index(drop=True)
    assert again.equals(first.iloc[: len(again)]), "the same files gave other rows the second time"


def _point(done: int) -> dict[str, float]:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) if Path("/proc/self/statm").exists() else 0
    return {"files": done, "now": pages * resource.getpagesize() / 1e6, "peak": _peak()}


def _peak() -> float:
    """Largest resident size so far, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(int(sys.argv[-1]))
    else:
        main(run)
