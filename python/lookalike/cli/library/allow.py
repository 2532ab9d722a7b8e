"""`lookalike library allow`: pictures that everybody may use."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ..arguments import Parser, count, operand
from . import answers, places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Put pictures on the list of those that everybody may use, such as stock photos and a manufacturer's own:
they, and all that looks like them, are left out of 'lookalike library reuse' and 'matches'. A picture may
be in the library, or any other file or address. Without pictures, the list is printed.

  $ lookalike library allow shop.library logo.png --reason "our logo"
  1 picture is new on the list"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library allow", "lookalike library allow [options] LIBRARY [IMAGE...]", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("images", metavar="IMAGE", nargs="*", type=operand, help="name, path or address")
    new.add_argument("--row", metavar="N", type=count, action="append", default=[], help="the image of this row")
    new.add_argument("--reason", metavar="TEXT", help="why; kept with them")
    new.add_argument("--remove", action="store_true", help="take them from the list instead")
    places.add_wait(new)
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Change the list, or print it."""
    from ..output import say
    from ..stream import aside

    answers.check_answer(parser(), args)
    if args.remove and not (args.images or args.row):
        parser().error("argument --remove: expected pictures to take from the list")
    library = places.existing(args.library)
    if not (args.images or args.row):
        rows, columns = aside(lambda: answers.rows_in(library.allowed()))
        answers.write(args, rows, columns, _print)
    elif args.remove:
        changed = aside(lambda: library.disallow(args.images, rows=args.row, wait=args.wait))
        _say(say, args, changed, "taken from the list")
    else:
        changed = aside(lambda: library.allow(args.images, rows=args.row, reason=args.reason, wait=args.wait))
        _say(say, args, changed, "new on the list")
    return 0


def _say(say: Any, args: Namespace, changed: int, what: str) -> None:
    if not args.quiet:
        say(f"{'1 picture is' if changed == 1 else f'{changed:,} pictures are'} {what}")


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    from ..output import escaped, visible, write_line

    for row in rows:
        mark, name = escaped(row["image"])
        write_line(f"{mark}{name}" + (f"  ({visible(row['reason'])})" if row["reason"] else ""))
