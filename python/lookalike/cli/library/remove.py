"""`lookalike library remove`: images out of a library."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..arguments import Parser, count, operand
from . import places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Remove images from a library, by name, path or address; their files stay. Without --yes nothing is removed:
what would be is listed.

  $ lookalike library remove photos.library photos/cat.png
  photos/cat.png
  1 image would be removed: add --yes to do it"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library remove", "lookalike library remove [options] LIBRARY [IMAGE...]", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("images", metavar="IMAGE", nargs="*", type=operand, help="name, path or address")
    new.add_argument("--row", metavar="N", type=count, action="append", default=[], help="the row of this number")
    new.add_argument("--missing", action="store_true", help="all whose files are not there any more")
    new.add_argument("--yes", action="store_true", help="do it")
    places.add_wait(new)
    new.add_argument("-q", "--quiet", action="store_true", help="do not list them; no summary")
    return new


def run(args: Namespace) -> int:
    """List the images, and remove them if that is wanted."""
    from ..output import complain, escaped, say, write_line
    from ..stream import aside
    from .answers import about

    if not (args.images or args.row or args.missing):
        parser().error("expected images to remove: names, --row or --missing")
    library = places.existing(args.library)
    rows, unknown = aside(lambda: _chosen(library, args))
    for name in unknown:
        complain(f"{name}: not in the library")
    if not args.quiet:
        for row in rows:
            mark, name = escaped(row["image"])
            write_line(f"{mark}{name}{about(row)}")
    if args.yes:
        gone = aside(lambda: library.remove(rows=[row["row"] for row in rows], wait=args.wait)) if rows else 0
    if not args.quiet:
        say(_summary(gone, "removed") if args.yes else _summary(len(rows), "would be removed: add --yes to do it"))
    if unknown:
        return 1 if rows else 2
    return 0


def _chosen(library: Any, args: Namespace) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows that are meant, and the names that mean none."""
    from ...library.places import is_gone, place_of_path
    from ...library.tables import told_of

    catalog = library._opened.catalog
    numbers = set(args.row)
    if args.missing:
        numbers |= {number for number, place, _, _ in catalog.files() if is_gone(place)}
    # Paths as they are kept: for an address that is harmless.
    by_name = {name: {name, place_of_path(name)} for name in args.images}
    numbers |= catalog.numbers_of(set().union(*by_name.values()), args.images) if by_name else set()
    records = [record for _, record in sorted(catalog.records(numbers).items())]
    there = {record.place for record in records} | {record.image for record in records}
    unknown = [name for name, places_ in by_name.items() if not places_ & there]
    missing_rows = set(args.row) - {record.number for record in records}
    return [{"image": record.image, **told_of(record)} for record in records], [
        *unknown,
        *(f"row {number}" for number in sorted(missing_rows)),
    ]


def _summary(count: int, what: str) -> str:
    return f"{'1 image' if count == 1 else f'{count:,} images'} {what}"
