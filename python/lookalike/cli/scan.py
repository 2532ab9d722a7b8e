"""`lookalike scan`: folders into a table of fingerprints."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from ..kinds import ARTICLE_KINDS
from . import arguments
from .arguments import Parser
from .stream import uninterrupted

if TYPE_CHECKING:
    from .inputs import Counts
    from .tables import Table

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Fingerprint the images of folders (with their subfolders) into a table: one row an image, one column
a hash kind, and width, height, format, recipe, warning, error. What cannot be read has a row with its
error, and a message on standard error.

  $ lookalike scan photos -o frame.csv
  118 images, 2 errors, 3.1 s, 38.7 images/s: frame.csv

An archive (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz) that is named, itself or by a pattern such as '*.zip', is
read too: an image in it is named as in 'shop.zip/photos/a.jpg'. Archives that lie in a folder are passed over.

The file is written when the scan is complete, in one step, in the place of an older one. On Ctrl-C
the rows that are done are kept: in FILE, or beside it as in 'frame.partial.csv' where there is an
older FILE. If not one image can be read, nothing is written.

With --library the images go into a library instead, a new one with the kinds phash and dhash if --kind
names no others: see 'lookalike library add'."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike scan", "lookalike scan [options] FOLDER... [-o FILE | --library LIBRARY]", _DESCRIPTION)
    arguments.add_sources(
        new,
        "FOLDER",
        "folder, image, pattern, archive or http(s) address; '-' reads such names from standard input, one a line",
    )
    arguments.add_output(new, "--output", "the table: .csv, .parquet or .json; '-', or none, is CSV on standard output")
    new.add_argument(
        "--library",
        metavar="LIBRARY",
        type=arguments.operand,
        help="add to this library instead, a directory or postgresql:// address",
    )
    arguments.add_kinds(new, ARTICLE_KINDS)
    arguments.add_recipe(new)
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Write the table."""
    if args.library is not None:
        return _add(args)
    kinds = arguments.sized(parser(), args.kind, args.size, ARTICLE_KINDS)
    from .files import is_special

    output = None if args.output in ("-", "/dev/stdout") else args.output
    if output is not None and not output.lower().endswith(arguments.FRAME_FORMS) and not is_special(output):
        parser().error(f"argument --output: expected a name that ends in .csv, .parquet or .json, got {output!r}")

    from ..fingerprints import row_names
    from . import inputs
    from .output import say
    from .progress import Progress
    from .tables import open_table

    inputs.check_standard_input(args.sources)
    table = open_table(output, row_names(kinds))
    counts = inputs.Counts()
    lazy = "-" in args.sources
    progress = Progress(show=not args.quiet, total=None if lazy else lambda: inputs.counted(args.sources))
    sources = inputs.names_or_lines(args.sources) if lazy else args.sources
    try:
        with closing(inputs.scanned(sources, kinds, args, counts, progress)) as rows:
            for row in rows:
                table.write(row)
        if not counts.images:
            table.discard()
            say(_summary(counts, progress.seconds, "nothing written: not one image could be read"))
            return 2
        place = table.keep()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_rescue(table, counts.rows)) from None
    except BaseException:
        table.discard()
        raise
    if not args.quiet:
        say(_summary(counts, progress.seconds, place))
    return counts.status


def _add(args: Namespace) -> int:
    from .library.add import add_names

    if args.output is not None:
        parser().error("argument --library: not together with --output; 'lookalike library export' writes a file")
    return add_names(args)


def _rescue(table: Table, rows: int) -> str:
    if not rows:
        table.discard()
        return " before the first image; nothing written"
    try:
        # Who presses Ctrl-C twice is impatient, and wants the rows none the less.
        with uninterrupted():
            return f"; the {rows:,} rows done so far are in {table.keep_partial()}"
    except Exception:
        table.discard()
        raise


def _summary(counts: Counts, seconds: float, place: str) -> str:
    rate = counts.rows / seconds if seconds else 0.0
    images = "1 image" if counts.images == 1 else f"{counts.images:,} images"
    errors = "1 error" if counts.errors == 1 else f"{counts.errors:,} errors"
    return f"{images}, {errors}, {seconds:,.1f} s, {rate:,.1f} images/s: {place}"
