"""`lookalike library pairs`: all pairs of images that look alike."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ..arguments import Parser, count, number
from . import answers, places
from .search import add_confidence, add_kind

__all__ = ["parser", "run"]

_LIMIT = 10_000_000

_DESCRIPTION = """\
List all pairs of images within the radius of a hash kind, best first: the distance in bits, the kind by
which they are nearest, and the two names in two lines. Pairs of images with looks get a second look, unless
--radius is given.

  $ lookalike library pairs photos.library
   0  phash  photos/cat.png
             photos/cat_grey.jpg"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library pairs", "lookalike library pairs [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    add_confidence(new)
    new.add_argument("--radius", metavar="R", type=number, help="pairs at most R bits apart (default: each kind's)")
    add_kind(new)
    new.add_argument(
        "--limit", metavar="N", type=count, default=_LIMIT, help=f"an error if there are more (default: {_LIMIT:,})"
    )
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print the pairs."""
    from ..output import say
    from ..stream import aside

    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    rows, columns = aside(
        lambda: answers.rows_in(
            library.pairs(confidence=args.confidence, radius=args.radius, kinds=args.kind, limit=args.limit)
        )
    )
    answers.write(args, rows, columns, _print)
    if not args.quiet:
        say(f"{len(rows):,} pairs" if len(rows) != 1 else "1 pair")
    return 0


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    from ..output import escaped, write_line

    for row in rows:
        head = f"{row['distance']:>2}  {row['kind']}  "
        for place, end in enumerate("ab"):
            mark, name = escaped(row[f"image_{end}"])
            write_line(f"{mark}{' ' * len(head) if place else head}{name}{answers.about(row, f'_{end}')}")
