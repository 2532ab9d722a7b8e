"""`lookalike library add`: images into a library."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable
from typing import Any

from .. import arguments
from ..arguments import Parser, operand
from . import places

__all__ = ["parser", "run"]

_COLUMNS = ("source", "owner", "listing", "time")

_DESCRIPTION = """\
Add the images of folders (with their subfolders) to a library, which is made if it is not there.
What the library knows already, with the same size and time of change, is not opened; what changed is
read again; a file that was moved is recognised by its bytes. What cannot be read is kept with its error,
and read again when it changes or with --retry.

  $ lookalike library add shop.library photos --owner "shop 7"
  118 images: 116 added, 2 failed

Each image is safe on the disk as soon as it is counted. On Ctrl-C, or after any accident, the same
command goes on from there.

The same photo can be there for several owners and listings. With --table, each row of a table names
an image and tells whose it is: its columns image, owner, listing and time, or those that the options
name; other columns are kept where --fact-column names them. Times are ISO 8601, of UTC where they have
no zone.

With --parts the library keeps keypoints of these images and of all that are added later, so that they are found by
a part of them, and pictures that were pasted into others too. It takes 8 KB more an image, and OpenCV:
pip install 'lookalike[parts]'. Images that were there before get theirs by 'lookalike library parts'."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library add", "lookalike library add [options] LIBRARY SOURCE...", _DESCRIPTION)
    places.add_location(new)
    new.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        type=operand,
        help="folder, image, pattern, archive or http(s) address; '-' reads such names from standard input, one a line",
    )
    new.add_argument("--owner", metavar="NAME", help="whose the images are")
    new.add_argument("--listing", metavar="NAME", help="what they belong to")
    new.add_argument("--time", metavar="TIME", type=_time, help="when they were posted or taken")
    new.add_argument(
        "--fact",
        metavar="KEY=VALUE",
        dest="facts",
        type=_fact,
        action="append",
        default=[],
        help="something else to keep with them, as text; KEY:=VALUE takes the value as JSON",
    )
    new.add_argument("--table", metavar="FILE", type=operand, help="table with the sources: .csv, .parquet or .json")
    for name in _COLUMNS:
        default = "image" if name == "source" else name
        new.add_argument(
            f"--{name}-column", metavar="NAME", help=f"the table's column with the {name} (default: {default})"
        )
    new.add_argument(
        "--fact-column", metavar="NAME", action="append", default=[], help="another column of the table to keep"
    )
    new.add_argument("--retry", action="store_true", help="read again also what could not be read before")
    new.add_argument(
        "--parts",
        action=BooleanOptionalAction,
        help="keep keypoints, of these images and from now on; or not any more (default: as before, at first not)",
    )
    arguments.add_kinds(new, ("phash", "dhash"))
    arguments.add_recipe(new)
    places.add_wait(new)
    arguments.add_format(new)
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Add the images."""
    if bool(args.sources) == bool(args.table):
        parser().error("expected either sources or --table")
    facts = dict(args.facts)
    _check_names([*facts, *args.fact_column])
    told = {name: getattr(args, name) for name in ("owner", "listing", "time")}
    given = {**facts, **{name: value for name, value in told.items() if value is not None}}
    if args.table is None:
        return add_names(args, given)
    sources, columns = _of_table(args)
    if both := sorted(set(given) & set(columns)):
        parser().error(f"{both[0]} is given twice: for all, and by a column of the table")
    return _add(args, sources, given | columns, lambda: len(sources))


def add_names(args: Namespace, given: dict[str, Any] | None = None) -> int:
    """Add the sources that the arguments name; the exit status.

    Args:
        args: with `library`, `sources`, `kind`, `size`, `recipe`, `workers`, `quiet`; and `retry`, `wait` and `format`,
            if any.
        given: owner, listing, time and facts.
    """
    from ..inputs import check_standard_input, counted, named, names_or_lines

    check_standard_input(args.sources)
    lazy = "-" in args.sources
    sources = names_or_lines(args.sources) if lazy else named(args.sources)
    return _add(args, sources, given or {}, None if lazy else lambda: counted(args.sources))


def _add(args: Namespace, sources: Any, given: dict[str, Any], total: Callable[[], int] | None) -> int:
    from .adding import added

    asked = args.kind is not None or args.size is not None
    kinds = arguments.sized(parser(), args.kind, args.size, ("phash", "dhash")) if asked else None
    library = places.new_or_existing(args.library, kinds, args.recipe, getattr(args, "parts", None))
    retry, wait = getattr(args, "retry", False), getattr(args, "wait", 0)
    limits = arguments.limits_of(args)
    rows = library.add_rows(sources, retry=retry, workers=args.workers, limits=limits, wait=wait, **given)
    return added(args, rows, total, getattr(args, "format", "plain"))


def _of_table(args: Namespace) -> tuple[list[str], dict[str, list[Any]]]:
    """The sources that a table names, and its columns with what is known of them.

    Raises:
        ColumnError: if one is missing that was asked for.
        OSError, ValueError: if the table cannot be read.
    """
    from ...frames import column_names, read_columns
    from ..stream import aside
    from ..targets import load_frame

    table = load_frame(args.table)
    there = column_names(table)
    asked = {name: getattr(args, f"{name}_column") for name in _COLUMNS}
    # Its own name is tried where none was asked for, except that of the source: without it there is nothing to add.
    wanted = {name: column or name for name, column in asked.items() if column or name in there}
    wanted["source"] = asked["source"] or "image"
    wanted |= {name: name for name in args.fact_column}
    columns = aside(lambda: read_columns(table, list(wanted.values())))
    found = {name: columns[column] for name, column in wanted.items()}
    return ["" if source is None else str(source) for source in found.pop("source")], found


def _check_names(names: list[str]) -> None:
    from ...library.values import check_facts

    check_facts(names)
    if taken := {"self", "sources"} & set(names):
        raise ValueError(f"a fact cannot be named {min(taken)!r}: choose another name")


def _time(text: str) -> str:
    from datetime import datetime

    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"expected a time as in 2024-05-01 or 2024-05-01T12:00:00Z, got {text!r}") from None
    return text


def _fact(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.rstrip(":"):
        raise ArgumentTypeError(f"expected KEY=VALUE or KEY:=JSON, got {text!r}")
    if not name.endswith(":"):
        return name, value
    try:
        known = json.loads(value)
    except ValueError as error:
        raise ArgumentTypeError(f"expected JSON after ':=', got {value!r}: {error}") from None
    if isinstance(known, list):
        # The library would take it for a column.
        raise ArgumentTypeError(f'expected one value, or an object as in {{"{name[:-1]}": [...]}}, got a list')
    return name[:-1], known
