"""What comes in: sources, standard input, frames that were written before."""

from __future__ import annotations

import io
import os
import sys
from argparse import Namespace
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import IO, Any

from ..errors import LimitError
from ..errors import visible as safe
from ..kinds import Kind
from ..options import DEFAULT_LIMITS
from .arguments import limits_of
from .output import in_the_shell, visible
from .progress import Progress

__all__ = ["Counts", "check_standard_input", "counted", "image_or_path", "named", "names_or_lines", "scanned"]


class _NamedImage(io.BytesIO):
    """The image that standard input brought."""

    name = "-"


class Counts:
    """How many images were read, and with how many something went wrong; an image can be among both.

    Attributes:
        rows: all inputs.
        images: inputs with at least one hash.
        errors: inputs that something went wrong with.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.images = 0
        self.errors = 0

    @property
    def status(self) -> int:
        """The exit status: 0 all read, 1 some, 2 none."""
        if self.errors:
            return 1 if self.images else 2
        return 0


def scanned(
    sources: Iterable[object],
    kinds: Sequence[Kind],
    args: Namespace,
    counts: Counts,
    progress: Progress,
) -> Generator[dict[str, Any], None, None]:
    """Fingerprint the sources, with a bar, saying on standard error what could not be read, or not whole.

    Yields:
        The rows of `fingerprint_rows`, in order, each as soon as it is done.
    """
    from ..fingerprints import fingerprint_rows
    from .stream import interruptible

    sources = named(sources) if isinstance(sources, list) else sources
    rows = fingerprint_rows(
        sources, kinds=list(kinds), recipe=args.recipe or "standard", workers=args.workers, limits=limits_of(args)
    )
    with progress:
        for row in interruptible(rows, progress.tick):
            progress.step()
            counts.rows += 1
            counts.images += any(row[str(kind)] is not None for kind in kinds)
            if row["error"] is not None:
                counts.errors += 1
                progress.complain(complaint(row["image"], in_the_shell(row["error"])))
            elif row["warning"] is not None:
                progress.complain(complaint(row["image"], row["warning"]))
            yield row


def complaint(name: str, reason: str) -> str:
    """`NAME: reason` on one line, with the name only once where the reason gives it too.

    A line break in a name could else begin a line that poses as a message of its own.
    """
    reason = reason.removesuffix(f": {name!r}").removeprefix(f"{name}: ").removeprefix(f"{safe(name)}: ")
    return f"{visible(name)}: {visible(reason)}"


def named(names: Sequence[Any]) -> list[Any]:
    """The names of a command line: an archive among them is to be opened, which a slash behind it says."""
    from ..sources.files import is_file
    from ..sources.names import is_archive_name

    return [f"{name}/" if isinstance(name, str) and is_archive_name(name) and is_file(name) else name for name in names]


def counted(sources: Sequence[str]) -> int:
    """How many inputs the names mean."""
    from ..sources import expand

    return sum(1 for _ in expand(sources))


def image_or_path(name: str) -> object:
    """The name as a source: for `-`, the image that comes on standard input.

    Raises:
        OSError: if standard input is closed.
        LimitError: if it is longer than an image may be.
    """
    if name != "-":
        return name
    content = standard_input().read(DEFAULT_LIMITS.bytes + 1)
    if len(content) > DEFAULT_LIMITS.bytes:
        raise LimitError(f"standard input: expected at most {DEFAULT_LIMITS.bytes:,} bytes, got more")
    return _NamedImage(content)


def names_or_lines(names: Iterable[str]) -> Iterator[str]:
    """The names, with the lines of standard input in the place of `-`. Empty lines are passed over."""
    for name in names:
        if name != "-":
            yield from named([name])
            continue
        for line in standard_input():
            text = os.fsdecode(line.rstrip(b"\r\n"))
            if text:
                yield text


def standard_input() -> IO[bytes]:
    """Standard input, as bytes.

    Raises:
        OSError: if the process was started with it closed.
    """
    # Typed as always there, but None in a process that was started with it closed.
    stream: Any = sys.stdin
    if stream is None:
        raise OSError("standard input is closed: pass a name instead of '-', or pipe something in")
    binary: IO[bytes] = stream.buffer
    return binary


def check_standard_input(names: Sequence[str]) -> None:
    """Check that `-` can be read, before any work.

    Raises:
        OSError: if standard input is closed.
        ValueError: if it is asked for twice.
    """
    if names.count("-") > 1:
        raise ValueError("expected '-' once, got it more often: standard input can be read only once")
    if "-" in names:
        standard_input()
