"""Images on their way into a library: a bar, complaints, a line for each if wanted, and Ctrl-C that loses nothing."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from ..progress import Progress
from .places import existing, shown

__all__ = ["COLUMNS", "added"]

COLUMNS = ("image", "status", "row", "error", "warning")
_PATIENCE = 0.5
"""Seconds that an interrupt leaves for the rows that are done to be committed."""
_LONG = 1.0
"""Seconds from which the time is told too."""


def added(args: Namespace, rows: Iterator[dict[str, Any]], total: Callable[[], int] | None, form: str) -> int:
    """Add the rows, and tell what became of them; the exit status.

    Args:
        args: with `library` and `quiet`.
        rows: of `Library.add_rows`.
        total: counts the sources, if they can be counted.
        form: `"plain"` for a summary, `"json"` or `"csv"` for a line for each image.
    """
    from ..output import Records, say

    records = None if form == "plain" else Records(form, COLUMNS)
    counts: Counter[str] = Counter()
    progress = Progress(show=not args.quiet, total=total)
    try:
        with closing(_watched(rows, progress)) as watched:
            for row in watched:
                counts[row["status"]] += 1
                if records is not None:
                    records.write(row)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept(args.library)) from None
    if not args.quiet:
        summarize(counts, form)
        if progress.seconds >= _LONG:
            say(f"{progress.seconds:,.1f} s, {progress.done / progress.seconds:,.0f} images/s: {shown(args.library)}")
    return status_of(counts)


def _watched(rows: Iterator[dict[str, Any]], progress: Progress) -> Generator[dict[str, Any], None, None]:
    from ..inputs import complaint
    from ..output import in_the_shell
    from ..stream import interruptible

    with progress, closing(interruptible(rows, progress.tick, _PATIENCE)) as heard:
        for row in heard:
            progress.step()
            if row["status"] == "failed":
                progress.complain(complaint(row["image"], in_the_shell(row["error"])))
            elif row["warning"] is not None and row["status"] != "unchanged":
                progress.complain(complaint(row["image"], row["warning"]))
            yield row


def summarize(counts: Counter[str], form: str) -> None:
    """How many became what: on standard output, unless rows are there."""
    from ...library.adding import Added
    from ..output import say, write_line

    (write_line if form == "plain" else say)(str(Added(**counts)))


def status_of(counts: Counter[str]) -> int:
    """The exit status: 0 all read, 1 some, 2 none."""
    if not counts["failed"]:
        return 0
    return 1 if counts.total() > counts["failed"] else 2


def kept(location: str) -> str:
    """What is safe after an interrupt, as the end of a sentence."""
    from ...errors import NoLibraryError

    try:
        rows = len(existing(location))
    except NoLibraryError:
        return " before the first image; there is no library yet"
    images = "1 image is" if rows == 1 else f"{rows:,} images are"
    return f"; {images} safe in {shown(location)}: the same command goes on from there"
