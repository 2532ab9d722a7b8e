"""`lookalike library duplicates`: the images with the same bytes, or the same hash."""

from __future__ import annotations

from argparse import Namespace

from .. import arguments
from ..arguments import Parser
from . import answers, places
from .groups import summary

__all__ = ["parser", "run"]

_DESCRIPTION = """\
List the images whose files are the same, byte for byte, in groups with an empty line between two; with
--on, those that have the same hash of a kind.

  $ lookalike library duplicates photos.library
  photos/rocket.jpg
  photos/upload_2041.jpg"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library duplicates", "lookalike library duplicates [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("--on", metavar="KIND", type=arguments.one_kind, help="hash kind to compare instead of bytes")
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print the groups."""
    from ..output import say
    from ..stream import aside

    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    rows, columns = aside(lambda: answers.rows_in(library.duplicates(args.on)))
    answers.write(args, rows, columns, lambda rows: answers.print_groups(rows, lambda _: ""))
    if not args.quiet:
        say(summary(rows))
    return 0
