"""What keypoints cost: finding them beside the decoding, the plane for them, and many files with and without."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .harness import Line, alternate, main, milliseconds, use_one_core

use_one_core()

from lookalike._core import Gate, Job  # noqa: E402
from lookalike.fingerprints import fingerprint, fingerprint_many  # noqa: E402
from lookalike.keypoints import (  # noqa: E402
    KEYPOINT_SIDE,
    LIBRARY_BUDGET,
    grey_array,
    keypoints_of,
    query_keypoints,
)

from .photo_sets import PhotoSet, open_sets  # noqa: E402

if TYPE_CHECKING:
    from lookalike._core import Grey

KINDS = ("phash", "dhash")
MOST_SECONDS = 0.015
MOST_BYTES = 8192
_ROOM = 1 << 28


def run(quick: bool) -> list[Line]:
    """Measure each set of photographs, and say how many bytes are kept of one."""
    with open_sets(quick) as sets:
        chosen = [sets[name].first(12) for name in ("large", "small", "progressive", "png")]
        lines = [line for photos in chosen for line in _of_set(photos, 2 if quick else 7)]
    stored = 16 + 38 * LIBRARY_BUDGET
    return [
        *lines,
        Line("keypoints of a picture", f"at most {MOST_BYTES:,} bytes", f"{stored:,}", stored <= MOST_BYTES),
    ]


def _of_set(photos: PhotoSet, rounds: int) -> list[Line]:
    totals = [0.0] * 4
    for path in photos.paths:
        content = path.read_bytes()
        _check(content)
        for n, seconds in enumerate(_seconds(content, rounds)):
            totals[n] += seconds / len(photos.paths)
    look, plane, found, query = totals
    beside = f"beside {milliseconds(look)} for hashes and look, and {milliseconds(plane - look)} more for the plane"
    return [
        Line(
            f"{photos.name}: finding keypoints, one core",
            f"at most {milliseconds(MOST_SECONDS)}",
            f"{milliseconds(found)}, {beside}; of a query, also mirrored, {milliseconds(query)}",
            found <= MOST_SECONDS,
        ),
        _throughput(photos.name, photos.paths, rounds),
    ]


def _seconds(content: bytes, rounds: int) -> list[float]:
    """Hashes and look, the same with the plane, the keypoints in it, those of a query."""
    plain, more = _job(None), _job(KEYPOINT_SIDE)
    grey, size = _plane(more, content)
    array = grey_array(grey)
    return alternate(
        rounds,
        partial(plain.run, content),
        partial(more.run, content),
        partial(keypoints_of, array, size),
        partial(query_keypoints, array, size),
    )


def _throughput(name: str, paths: Sequence[Path], rounds: int) -> Line:
    seen = partial(fingerprint_many, paths, kinds=KINDS, workers=1, look=True)
    without, with_them = (len(paths) / seconds for seconds in alternate(rounds, seen, partial(seen, keypoints=True)))
    measured = f"{with_them:.0f} a second of one core, {without:.0f} without keypoints"
    return Line(f"{name}: files with hashes, look and keypoints", "", measured, None)


def _job(side: int | None) -> Job:
    kinds = [(kind, 8, "", False) for kind in KINDS]
    return Job(kinds, _ROOM, _ROOM, Gate(_ROOM, _ROOM), False, True, side)


def _plane(job: Job, content: bytes) -> tuple[Grey, tuple[int, int]]:
    found = job.run(content)[0]
    assert found is not None
    assert found[7] is not None
    return found[7], found[1:3]


def _check(content: bytes) -> None:
    """Keypoints change nothing else."""
    plain, seen = (fingerprint(content, kinds=KINDS, look=True, keypoints=wanted) for wanted in (False, True))
    assert plain.hashes == seen.hashes
    assert plain.look == seen.look
    assert seen.keypoints is not None


if __name__ == "__main__":
    main(run)
