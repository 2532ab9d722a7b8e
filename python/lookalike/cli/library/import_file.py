"""`lookalike library import`: a file into a library."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter

from ..arguments import Parser, operand
from . import places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Add the rows of a file to a library: one that 'lookalike library export' wrote, or a table of 'lookalike
scan', .csv or .parquet. No image is opened. A new library gets the hash kinds and the recipe of the file;
into another one it must fit. What the library knows already is not added again, so an import that was
interrupted is begun again with the same command.

  $ lookalike library import copy.library photos.parquet
  118 images: 116 added, 2 failed

A column that no export has becomes a fact. A table of 'scan' says no places: an image whose name is that
of a file which is there is taken to be that file, at its absolute path."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library import", "lookalike library import [options] LIBRARY FILE", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("file", metavar="FILE", type=operand, help=".csv or .parquet")
    places.add_wait(new)
    new.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")
    return new


def run(args: Namespace) -> int:
    """Add the rows."""
    from ...library.importing import imported
    from ..progress import Progress
    from .adding import kept, summarize

    if not args.file.lower().endswith((".csv", ".parquet")):
        parser().error(f"argument FILE: expected a name that ends in .csv or .parquet, got {args.file!r}")
    library = places.new_or_existing(args.library)
    counts: Counter[str] = Counter()
    try:
        with Progress(show=not args.quiet) as progress:
            for part in imported(library._opened, args.file, args.wait):
                for row in part:
                    counts[row["status"]] += 1
                    progress.step()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept(args.library)) from None
    if not args.quiet:
        summarize(counts, "plain")
    return 0
