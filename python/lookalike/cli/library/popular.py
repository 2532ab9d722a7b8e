"""`lookalike library popular`: codes that suspiciously many images share."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ..arguments import Parser, count
from . import answers, places
from .search import add_kind

__all__ = ["parser", "run"]

_DESCRIPTION = """\
List the hashes that suspiciously many images share, the most popular first: how many images, the quality of
the picture (0 for a blank one, up to 100 for a photo), and the first image that has it. They are blank
pictures, logos and placeholders, which are no sign of anybody's copying.

  $ lookalike library popular shop.library
    412  quality   0  photos/blank.jpg
     57  quality  21  photos/logo.png"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library popular", "lookalike library popular [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    new.add_argument(
        "--least",
        metavar="N",
        type=count,
        help="at least so many images (default: the square root of their number, at least 10)",
    )
    add_kind(new)
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print what is found."""
    from ..output import say
    from ..stream import aside

    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    kind = args.kind[0] if args.kind else None
    rows, columns = aside(lambda: answers.rows_in(library.popular(least=args.least, kind=kind)))
    answers.write(args, rows, columns, _print)
    if not args.quiet:
        say(f"{len(rows):,} popular hash{'es' * (len(rows) != 1)}")
    return 0


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    from ..output import escaped, write_line

    for row in rows:
        mark, name = escaped(row["image"])
        quality = "  -" if row["quality"] is None else f"{row['quality']:>3}"
        write_line(f"{mark}{row['images']:>5}  quality {quality}  {name}")
