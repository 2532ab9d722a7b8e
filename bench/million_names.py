"""Memory while a folder of a million names is gone through: it must not grow with their number.

The files are empty, and are made first, which takes longer than all else. `--in FOLDER` goes through one that is there.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .harness import Line, main

NAMES = 1_000_000
TARGET = 100
"""Megabytes above what Python with the package takes before."""


def run(quick: bool) -> list[Line]:
    """Make a folder, go through it in a process of its own, and check that all names came, in order."""
    names = 250_000 if quick else NAMES
    with tempfile.TemporaryDirectory() as folder:
        _fill(folder, names)
        found = _measured(folder)
    assert found["names"] == names, f"expected {names:,} names, got {found['names']:,}"
    what = f"a folder of {names:,} names"
    grown = found["peak"] - found["before"]
    return [
        Line(f"{what}: peak above the start", f"under {TARGET} MB", f"{grown:.0f} MB", grown < TARGET),
        Line(f"{what}: seconds (first name after)", "", f"{found['seconds']:.1f} ({found['first']:.1f})", None),
    ]


def _fill(folder: str, names: int) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        for number in range(names):
            # In no order.
            name = f"{number * 7919 % names:07d}-photo.jpg"
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    finally:
        os.close(descriptor)


def _measured(folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.million_names", "--child", folder]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


def child(folder: str) -> None:
    """Go through the folder, and print what it took."""
    from lookalike.sources import expand

    before, begun, first = _peak(), time.monotonic(), 0.0
    last, names = "", 0
    for item in expand(folder):
        first = first or time.monotonic() - begun
        assert item.image > last, f"{item.image} came after {last}"
        last, names = item.image, names + 1
    print(
        json.dumps(
            {"names": names, "before": before, "peak": _peak(), "first": first, "seconds": time.monotonic() - begun}
        )
    )


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[-1])
    elif "--in" in sys.argv:
        print(json.dumps(_measured(str(Path(sys.argv[-1]).resolve()))))
    else:
        main(run)
