"""`lookalike similar`: images ranked by their distance to one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from . import arguments
from .arguments import Parser, count, number, operand

__all__ = ["parser", "run"]

_DEFAULT_COUNT = 10

_DESCRIPTION = """\
Rank images by their distance to one: the bits in which the hashes differ, two spaces, the name.
0 is the same hash; unrelated photos are some 32 bits of 64 apart.

  $ lookalike similar photo.jpg photos -k 3
   0  photos/a.jpg
   2  photos/a-small.jpg
  20  photos/b.jpg

For crop_resistant the distance is in segments: those of the query that have no partner in the image,
plus less than one for how well the others agree."""


def parser() -> Parser:
    """The arguments of the command."""
    from .targets import WITH_LIBRARY_HELP

    new = Parser("lookalike similar", "lookalike similar [options] QUERY FOLDER_OR_FRAME...", _DESCRIPTION)
    new.add_argument(
        "query",
        metavar="QUERY",
        type=operand,
        help="image or http(s) address; a hash as hex text, where there is no such file; '-' is an image on standard "
        "input",
    )
    arguments.add_sources(new, "FOLDER_OR_FRAME", WITH_LIBRARY_HELP)
    new.add_argument(
        "-k", metavar="N", type=count, help=f"at most N images (default: {_DEFAULT_COUNT}; all with --radius)"
    )
    new.add_argument("--radius", metavar="R", type=number, help="only images at most R bits away")
    arguments.add_on(new)
    arguments.add_recipe(new, frame=True)
    arguments.add_format(new)
    arguments.add_output(
        new, "--gallery", "also write a page that shows the matches, such as matches.html", arguments.page
    )
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Print the ranking."""
    from ..frames import column_names, rows_of
    from . import targets
    from .files import check_writable
    from .inputs import Counts, check_standard_input
    from .output import say

    check_standard_input([args.query, *args.sources])
    if args.on.bits is not None and args.radius is not None and not _is_radius(args.radius, args.on.bits):
        parser().error(
            f"argument --radius: expected a whole number from 0 to {args.on.bits} bits for {args.on}, got {args.radius}"
        )
    if args.gallery:
        check_writable(args.gallery)
    counts = Counts()
    matches, query = targets.ranked(args, [args.on], counts, k=_count(args), radius=args.radius)
    rows = rows_of(matches)
    if counts.status < 2:
        _print(rows, column_names(matches), args.format)
        if args.gallery:
            files = targets.files_of(args, matches)
            targets.write_gallery(args.gallery, matches, query, arguments.limits_of(args), files=files)
        if not args.quiet:
            say(_summary(args, len(rows)))
    return counts.status


def _count(args: Namespace) -> int | None:
    if args.k is None and args.radius is None:
        return _DEFAULT_COUNT
    return args.k if args.k is None else int(args.k)


def _is_radius(radius: float, bits: int) -> bool:
    return isinstance(radius, int) and radius <= bits


def _print(rows: Sequence[dict[str, Any]], columns: Sequence[str], form: str) -> None:
    from .output import Records, escaped, write_line

    if form != "plain":
        records = Records(form, columns)
        for row in rows:
            records.write(row)
        return
    measure = columns[-1]
    texts = [f"{row[measure]:.3f}" if isinstance(row[measure], float) else str(row[measure]) for row in rows]
    width = max([2, *map(len, texts)])
    for place, (row, text) in enumerate(zip(rows, texts, strict=True)):
        mark, name = escaped(str(row.get("image", f"match {place}")))
        write_line(f"{mark}{text:>{width}}  {name}")


def _summary(args: Namespace, found: int) -> str:
    images = "1 image" if found == 1 else f"{found:,} images"
    if args.radius is None:
        return f"the {images} nearest by {args.on}" if found else f"no image with a {args.on}"
    unit = "segments" if args.on.inner else "bits"
    return f"{images if found else 'no image'} within {args.radius} {unit} by {args.on}"
