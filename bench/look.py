"""What a look costs: the hashes that a library keeps, and a look, against the article's five; files in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from .harness import Line, alternate, main, milliseconds, use_one_core

use_one_core()

from lookalike.fingerprints import Fingerprint, fingerprint, turned_fingerprints  # noqa: E402
from lookalike.kinds import ARTICLE_KINDS  # noqa: E402
from lookalike.looks import LOOK_BYTES  # noqa: E402

from .photo_sets import open_sets  # noqa: E402

KINDS = ("phash", "dhash")
MOST_TIMES = 1.5
MOST_BYTES = 1536


def run(quick: bool) -> list[Line]:
    """Measure each set of photographs, and say how many bytes a look has."""
    with open_sets(quick) as sets:
        lines = [_compare(photos.name, _read(photos.first(12).paths), quick) for photos in sets.values()]
    stored = LOOK_BYTES <= MOST_BYTES
    return [*lines, Line("a look", f"at most {MOST_BYTES:,} bytes", f"{LOOK_BYTES:,} bytes", stored)]


def _read(paths: Sequence[Path]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


def _compare(name: str, contents: list[bytes], quick: bool) -> Line:
    totals = [0.0] * 4
    for content in contents:
        jobs = _jobs(content)
        _check(content)
        for n, seconds in enumerate(alternate(2 if quick else 9, *jobs)):
            totals[n] += seconds / len(contents)
    five, two, seen, turned = totals
    measured = (
        f"{milliseconds(seen)} / {milliseconds(five)} = {seen / five:.2f} times "
        f"(without the look {two / five:.2f}, of all eight turns {turned / five:.2f})"
    )
    what = f"{name}: {' and '.join(KINDS)} with a look, against the article's five hashes"
    return Line(what, f"at most {MOST_TIMES} times", measured, seen / five <= MOST_TIMES)


def _jobs(content: bytes) -> list[Callable[[], object]]:
    return [
        partial(fingerprint, content, kinds=ARTICLE_KINDS),
        partial(fingerprint, content, kinds=KINDS),
        partial(fingerprint, content, kinds=KINDS, look=True),
        partial(turned_fingerprints, content, kinds=KINDS, look=True),
    ]


def _check(content: bytes) -> None:
    """The look changes no hash, and the first of the eight is the picture as it is."""
    plain: Fingerprint = fingerprint(content, kinds=KINDS)
    seen = fingerprint(content, kinds=KINDS, look=True)
    assert plain.hashes == seen.hashes == turned_fingerprints(content, kinds=KINDS)[0].hashes
    assert seen.look is not None


if __name__ == "__main__":
    main(run)
