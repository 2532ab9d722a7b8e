"""`lookalike library export`: a library into one file."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from ..arguments import Parser, operand
from . import places

if TYPE_CHECKING:
    from ...library.library import Library

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Write everything that a library knows into one file, CSV or Parquet by its name: images with their places,
hashes, owners, listings, times, facts and errors, all of one instant. The file is written in parts and
appears when it is complete. 'lookalike library import' makes a library of it again.

  $ lookalike library export photos.library photos.parquet
  118 rows: photos.parquet

In CSV, a text that a spreadsheet would take for a formula has an apostrophe before it, which 'import'
takes off again."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library export", "lookalike library export [options] LIBRARY FILE", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("file", metavar="FILE", type=operand, help=".csv or .parquet; '-' is CSV on standard output")
    new.add_argument("-q", "--quiet", action="store_true", help="no summary")
    return new


def run(args: Namespace) -> int:
    """Write the file."""
    from ..files import is_special
    from ..output import say

    if args.file not in ("-", "/dev/stdout") and not args.file.lower().endswith((".csv", ".parquet")):
        parser().error(f"argument FILE: expected a name that ends in .csv or .parquet, got {args.file!r}")
    library = places.existing(args.library)
    if args.file in ("-", "/dev/stdout"):
        _print(library)
        return 0
    count = _copy(library, args.file) if is_special(args.file) else library.export(args.file)
    if not args.quiet:
        say(f"{count:,} row{'s' * (count != 1)}: {args.file}")
    return 0


def _copy(library: Library, path: str) -> int:
    """Write the file elsewhere, and copy it into the pipe or device of this name."""
    from ..files import NewFile

    new = NewFile(path)
    try:
        count = library.export(new.temporary)
        new.keep()
    finally:
        new.discard()
    return count


def _print(library: Library) -> None:
    from ...library.exporting import write_csv
    from ..output import is_terminal, write_data, write_line

    # Read by a person: what would act on the terminal is written out, and it is no more what can be imported.
    write = write_line if is_terminal() else write_data

    class Lines:
        def write(self, text: str) -> None:
            write(text.removesuffix("\n"))

    write_csv(library._opened.catalog, Lines())
