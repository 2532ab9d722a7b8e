"""`lookalike library pairs`: all pairs of images that look alike."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ..arguments import Parser, count, number
from . import answers, places
from .search import add_confidence, add_kind
from .watching import add_parts, lacking, part_options, watched

__all__ = ["parser", "run"]

_LIMIT = 10_000_000

_DESCRIPTION = """\
List all pairs of images within the radius of a hash kind, best first: the distance in bits, the kind by
which they are nearest, and the two names in two lines. Pairs of images with looks get a second look, unless
--radius is given. With --parts, the pairs of which one image holds a part of the other come behind them: how sure
that is, and the share of each image that both show.

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
    add_parts(new)
    new.add_argument(
        "--limit", metavar="N", type=count, default=_LIMIT, help=f"an error if there are more (default: {_LIMIT:,})"
    )
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print the pairs."""
    from ..output import say

    answers.check_answer(parser(), args)
    library = places.existing(args.library)

    options = {"confidence": args.confidence, "radius": args.radius, "kinds": args.kind, "parts": part_options(args)}
    found = watched(args, lambda tell: library.pairs(**options, limit=args.limit, progress=tell))
    rows, columns = answers.rows_in(found)
    answers.write(args, rows, columns, _print)
    if not args.quiet:
        say((f"{len(rows):,} pairs" if len(rows) != 1 else "1 pair") + lacking(found.attrs.get("without_parts", 0)))
    return 0


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    from ..output import escaped, write_line

    for row in rows:
        head = f"{row['distance']:>2}  {row['kind']}  " if row.get("verdict") != "part" else _shares(row)
        for place, end in enumerate("ab"):
            mark, name = escaped(row[f"image_{end}"])
            write_line(f"{mark}{' ' * len(head) if place else head}{name}{answers.about(row, f'_{end}')}")


def _shares(row: Mapping[str, Any]) -> str:
    return f"{row['confidence']:.2f}  part {100 * row['overlap_a']:.0f} %, {100 * row['overlap_b']:.0f} %  "
