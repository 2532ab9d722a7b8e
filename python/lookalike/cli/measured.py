"""What `evaluate` and `calibrate` share: options, a bar, Ctrl-C, and the file for the tables."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import Parser
from .stream import interruptible, uninterrupted

if TYPE_CHECKING:
    from .files import NewFile

__all__ = ["add_measuring", "check_output", "kept", "measured", "writes"]


def add_measuring(new: Parser, edits: str | None = None) -> None:
    """Add `--edits`, `--rate` and `--seed`."""
    new.add_argument(
        "--edits",
        metavar="NAMES",
        type=_edits,
        default=edits,
        help="names, patterns or families of edits, joined by commas: mild, turned, borders, geometry, hard "
        f"(default: {edits or 'all'})",
    )
    new.add_argument(
        "--rate",
        metavar="R",
        type=_rate,
        default=1e-6,
        help="false matches a pair of different pictures that a radius may lead to (default: 1e-6)",
    )
    new.add_argument("--seed", metavar="N", type=_seed, default=0, help="of all that is drawn (default: 0)")


def _edits(text: str) -> str:
    from ..evaluate.edits import chosen

    try:
        chosen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, such as 1e-6, got {text!r}")
    return value


def _seed(text: str) -> int:
    if not text.isdecimal() or not text.isascii():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got {text!r}")
    return int(text)


def check_output(parser: Parser, args: Namespace, forms: tuple[str, ...]) -> None:
    """Refuse a file whose form is not known, before any work."""
    if args.output is not None and not args.output.lower().endswith(forms):
        parser.error(f"argument --output: expected a name that ends in {', '.join(forms)}; got {args.output!r}")


@contextmanager
def kept(args: Namespace) -> Iterator[NewFile | None]:
    """The file that is asked for, if one is: begun before the work, gone again if nothing comes of it."""
    from .files import NewFile

    file = None if args.output is None else NewFile(args.output)
    try:
        if file is not None and file.path.lower().endswith(".parquet"):
            from ..frames import save

            save([{"rehearsal": 1}], file.temporary)  # or a missing package would be found out after the work
        yield file
    except BaseException:
        if file is not None:
            file.discard()
        raise


def measured(
    args: Namespace,
    steps: Iterator[str],
    total: Callable[[], int] | None,
    part: Callable[[], tuple[Any, int]],
    file: NewFile | None,
    unit: str,
) -> None:
    """Go through the steps with a bar. On Ctrl-C the tables of what is done are kept in the file.

    Args:
        args: of the command.
        steps: that do the work.
        total: how many there will be, if it can be told.
        part: the result so far, and of how many it is.
        file: where it goes.
        unit: what it is that was done.
    """
    from .progress import Progress

    try:
        with (
            Progress(show=not args.quiet, total=total) as progress,
            closing(interruptible(steps, progress.tick)) as names,
        ):
            for _ in names:
                progress.step()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_rescued(part, file, unit)) from None


def _rescued(part: Callable[[], tuple[Any, int]], file: NewFile | None, unit: str) -> str:
    with uninterrupted():
        result, done = part()
        if file is None or not done:
            return f" after {done:,} {unit}s; nothing written"
        writes(result, file.temporary)
        return f"; the figures of {done:,} {unit}s are in {file.keep_partial()}"


def writes(result: Any, path: Path) -> None:
    """Write the tables to a file, by its extension."""
    if path.suffix.lower() == ".md":
        path.write_text(result.markdown() + "\n", encoding="utf-8")
    else:
        result.save(path)
