"""The same files when none of them is in memory: by the clock, beside merely reading them. No targets.

What a disk gives differs from machine to machine, and a virtual one's host keeps a cache of its own that
nothing here can empty.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from lookalike.fingerprints import fingerprint_rows

from .harness import Line, main, milliseconds
from .photo_sets import PhotoSet, open_sets

Job = Callable[[Sequence[Path]], object]


def run(quick: bool) -> list[Line]:
    """Measure small and large photographs."""
    if not hasattr(os, "posix_fadvise"):
        return [Line("cold cache", "", "not measured: needs posix_fadvise", None)]
    with open_sets(quick) as sets:
        rounds = 1 if quick else 3
        return [line for key in ("small", "large") for line in _compare(sets[key], rounds)]


def _compare(photos: PhotoSet, rounds: int) -> list[Line]:
    jobs: dict[str, Job] = {
        "reading alone": _read,
        "fingerprint_rows, 1 worker": lambda paths: _drain(paths, 1),
        "fingerprint_rows, 2 workers": lambda paths: _drain(paths, 2),
        "ImageHash": _imagehash,
    }
    for job in jobs.values():
        job(photos.paths[:1])  # imports are not what is measured
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    fetched = 0.0
    for _ in range(rounds):
        for name, job in jobs.items():
            _forget(photos.paths)
            before, start = _from_disk(), time.perf_counter()
            job(photos.paths)
            seconds[name].append(time.perf_counter() - start)
            fetched = _from_disk() - before
    whole = sum(path.stat().st_size for path in photos.paths) / 1e6
    size = f"{len(photos.paths)} files, {whole:.1f} MB, {fetched:.1f} MB of them from disk in the last run"
    return [_line(f"cold, {photos.name}: {name}", size, seconds, name, len(photos.paths)) for name in jobs]


def _line(name: str, size: str, seconds: dict[str, list[float]], which: str, files: int) -> Line:
    mine, slowest = median(seconds[which]), median(seconds["ImageHash"])
    figures = f"{milliseconds(mine / files)} a photo"
    if which != "ImageHash":
        figures += f", {slowest / mine:.1f} times as fast as ImageHash"
    return Line(name, "", f"{figures} ({size})", None)


def _forget(paths: Sequence[Path]) -> None:
    """Ask the system to drop the files' pages; those not yet written stay, so they are written first."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def _from_disk() -> float:
    """Megabytes that this process has had fetched from storage; NaN where the system does not tell."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes")) / 1e6


def _read(paths: Sequence[Path]) -> int:
    return sum(len(path.read_bytes()) for path in paths)


def _drain(paths: Sequence[Path], workers: int) -> None:
    assert all(row["error"] is None for row in fingerprint_rows(paths, workers=workers))


def _imagehash(paths: Sequence[Path]) -> None:
    # Here, so that this process is not kept to one core as the races from memory are.
    import imagehash
    from PIL import Image

    for path in paths:
        with Image.open(path) as image:
            for name in ("average_hash", "phash", "dhash", "whash", "colorhash"):
                assert getattr(imagehash, name)(image) is not None


if __name__ == "__main__":
    main(run)
