"""`lookalike library groups`: images that look alike, in groups."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from .. import arguments
from ..arguments import Parser, number
from . import answers, places
from .search import add_confidence
from .watching import add_parts, lacking, part_options, watched

__all__ = ["parser", "run", "summary"]

_DESCRIPTION = """\
Put the images that look alike into groups: each within the radius of its group's first, which is named
first; an empty line between groups. Before each name stands its distance from the first, in bits.
Where the library has looks, each image gets a second look unless --radius is given, and pictures with too
little detail to tell them apart are in no group. Images that are like no other are left out. With --parts, an image
that holds a part of one of a group, or is one, comes into it too, told as 'part'.

  $ lookalike library groups photos.library
   0  photos/cat.png
   0  photos/cat_grey.jpg
   2  photos/cat_phone.jpg"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library groups", "lookalike library groups [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    add_confidence(new)
    new.add_argument("--radius", metavar="R", type=number, help="at most R bits from the first (default: the kind's)")
    new.add_argument("--kind", metavar="KIND", type=arguments.one_kind, help="hash kind (default: the library's first)")
    add_parts(new)
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print the groups."""
    from ..output import say

    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    options = {"confidence": args.confidence, "radius": args.radius, "kind": args.kind, "parts": part_options(args)}
    found = watched(args, lambda tell: library.groups(**options, progress=tell))
    rows, columns = answers.rows_in(found)
    answers.write(args, rows, columns, lambda rows: answers.print_groups(rows, _head))
    if not args.quiet:
        say(summary(rows) + lacking(found.attrs.get("without_parts", 0)))
    return 0


def _head(row: Mapping[str, Any]) -> str:
    return "part  " if row.get("verdict") == "part" else f"{row['distance']:>2}  "


def summary(rows: list[dict[str, object]]) -> str:
    """How many images in how many groups."""
    groups = len({row["group"] for row in rows})
    return f"{len(rows):,} images in {groups:,} group{'s' * (groups != 1)}"
