"""`lookalike library duplicates`: the images with the same bytes, or the same hash."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from .. import arguments
from ..arguments import Parser
from . import answers, places
from .groups import summary
from .search import add_confidence
from .watching import add_parts, lacking, part_options, watched

__all__ = ["parser", "run"]

_DESCRIPTION = """\
List the images whose files are the same, byte for byte, in groups with an empty line between two; with
--on, those that have the same hash of a kind. With --parts, what holds a part of one of them comes to its group,
told as 'part'.

  $ lookalike library duplicates photos.library
  photos/rocket.jpg
  photos/upload_2041.jpg"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library duplicates", "lookalike library duplicates [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("--on", metavar="KIND", type=arguments.one_kind, help="hash kind to compare instead of bytes")
    add_parts(new)
    add_confidence(new)
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print the groups."""
    from ..output import say

    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    options = {"parts": part_options(args), "confidence": args.confidence}
    found = watched(args, lambda tell: library.duplicates(args.on, **options, progress=tell))
    rows, columns = answers.rows_in(found)
    answers.write(args, rows, columns, lambda rows: answers.print_groups(rows, _head))
    if not args.quiet:
        say(summary(rows) + lacking(found.attrs.get("without_parts", 0)))
    return 0


def _head(row: Mapping[str, Any]) -> str:
    return "part  " if row.get("verdict") == "part" else ""
