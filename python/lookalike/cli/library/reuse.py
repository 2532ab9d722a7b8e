"""`lookalike library reuse`: the photos that several owners posted."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import arguments
from ..arguments import Parser, count, number
from . import answers, places
from .search import add_kind
from .watching import add_parts, part_options, watched

__all__ = ["add_options", "parser", "report", "run"]

_TABLES = ("pairs", "groups", "members", "listings", "owners", "popular", "parts")

_DESCRIPTION = """\
List the photos that several owners posted, in groups with an empty line between two: first the posting
that was there first, then the copies, each with its distance in bits and how sure it is that this is the
same photo, from 0 to 1. What the first owner posted again is 'own', and no copy.

  $ lookalike library reuse shop.library
  first           photos/a.jpg  (shop 7, listing 12, 2024-05-01)
  copy    3 1.00  photos/b.jpg  (shop 9, listing 40, 2024-06-11)
  copy    5 0.98  photos/c.jpg  (shop 3, listing 77, 2024-06-12)  mirrored

Pictures that very many owners post, such as logos, say nothing and are left out: see --popular, and
'lookalike library allow' for those that everybody may use. --features writes numbers for a model: how many
of a listing's photos others posted before, how many owners, how near, how long before.

With --parts, photos that hold a part of another owner's, or were cut out of one, are counted too: --show pairs has
them behind the others, --show parts alone."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library reuse", "lookalike library reuse [options] LIBRARY", _DESCRIPTION)
    add_options(new, _TABLES, "auto")
    arguments.add_output(
        new, "--features", "also write a line of numbers for each listing (without listings, each owner)"
    )
    return new


def add_options(new: Parser, tables: Sequence[str], popular: str) -> None:
    """Add what `reuse` and `matches` have both.

    Args:
        new: the parser.
        tables: that can be shown.
        popular: default of `--popular`.
    """
    places.add_location(new)
    new.add_argument(
        "--by", metavar="COLUMN", default="owner", help="what an owner is: owner, listing or a fact (default: owner)"
    )
    new.add_argument(
        "--show", metavar="TABLE", choices=tables, default="members", help=f"{', '.join(tables)} (default: members)"
    )
    add_kind(new)
    new.add_argument("--radius", metavar="R", type=number, help="at most R bits apart by each kind (default: 10 of 64)")
    new.add_argument("--no-mirrored", action="store_true", help="mirrored copies are none")
    add_parts(new)
    new.add_argument(
        "--popular",
        metavar="N",
        type=_popular,
        default=_popular(popular),
        help="leave out what more than N owners post: a number, a share of them below 1, auto (the square root of "
        f"their number, at least 5) or none (default: {popular})",
    )
    new.add_argument(
        "--confidence", metavar="P", type=number, default=0.5, help="leave out what is less sure, 0 to 1 (default: 0.5)"
    )
    new.add_argument(
        "--limit", metavar="N", type=count, default=1_000_000, help="most rows of pairs (default: 1,000,000)"
    )
    arguments.add_output(new, "--gallery", "also write a page that shows the groups: .html", arguments.page)
    new.add_argument("--workers", metavar="N", type=count, default=1, help="threads (default: 1)")
    answers.add_answer(new)


def run(args: Namespace) -> int:
    """Print what is found."""
    from ..files import check_writable

    if args.features is not None:
        if not args.features.lower().endswith(arguments.FRAME_FORMS):
            parser().error(f"argument --features: expected .csv, .parquet or .json, got {args.features!r}")
        check_writable(args.features)
    return report(args, parser(), "reuse", _write_features)


def report(args: Namespace, parser: Parser, method: str, also: Callable[[Namespace, Any], None] | None = None) -> int:
    """Print what `Library.reuse` or `Library.matches` finds.

    Args:
        args: of `add_options`.
        parser: of the command.
        method: of `Library`.
        also: what to do with the report besides.
    """
    from ..files import check_writable, write_text
    from ..output import say
    from ..stream import aside

    answers.check_answer(parser, args)
    if args.show == "parts" and args.parts == "never":
        parser.error("argument --show: parts are not looked for: add --parts auto, or always")
    if args.gallery:
        check_writable(args.gallery)
    library = places.existing(args.library)
    mirrored = False if args.no_mirrored else None

    def work(tell: Callable[[int, str], None]) -> tuple[Any, list[dict[str, Any]], list[str]]:
        found = getattr(library, method)(
            args.by, kinds=args.kind, radius=args.radius, mirrored=mirrored, popular=args.popular,
            confidence=args.confidence, parts=part_options(args), limit=args.limit, threads=args.workers, progress=tell,
        )  # fmt: skip
        return found, *answers.rows_in(getattr(found, args.show))

    found, rows, columns = watched(args, work)
    answers.write(args, rows, columns, lambda rows: _print(rows, columns, args))
    if args.gallery:
        write_text(args.gallery, aside(lambda: found.gallery().html()))
    if also is not None:
        also(args, found)
    if not args.quiet:
        say(str(found))
    return 0


def _write_features(args: Namespace, found: Any) -> None:
    if args.features is None:
        return
    rows, columns = answers.rows_in(found.listings)
    if not rows:
        rows, columns = answers.rows_in(found.owners)
    answers.save(args.features, rows, columns)


def _print(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], args: Namespace) -> None:
    if args.show != "members":
        answers.print_table(rows, [name for name in columns if name != "region"])  # many numbers, for programs
        return
    owned = [
        {**row, "owner": row[args.by], "listing": row["listing"] if args.by != "listing" else None} for row in rows
    ]
    answers.print_groups(owned, _head, lambda row: "  mirrored" if row["transform"] == "mirrored" else "")


def _head(row: Mapping[str, Any]) -> str:
    """The part in the group, if there are parts; distance and confidence, but for the first."""
    role = f"{row['role']:<5}" if "role" in row else ""
    if role.strip() == "first":
        return f"{role}{'':11}"
    sure = "" if row["confidence"] is None else f"{row['confidence']:.2f}"
    return f"{role}{row['distance']:>4} {sure:<4}  "


def _popular(text: str) -> float | str | None:
    if text in ("auto", "none"):
        return None if text == "none" else text
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0 or (value >= 1 and not value.is_integer()):
        raise ArgumentTypeError(f"expected a whole number from 1, a share below 1, auto or none, got {text!r}")
    return int(value) if value >= 1 else value
