"""`lookalike duplicates`: the images that have the same hash."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from ..kinds import Kind
from . import arguments
from .arguments import Parser

__all__ = ["parser", "run"]

_DESCRIPTION = """\
List the images that have the same hash, in groups: the hash, two spaces, the name; an empty line
between groups. Groups and their members come in the order of the images.

  $ lookalike duplicates photos
  c99f361bcb1e9619  photos/a.jpg
  c99f361bcb1e9619  photos/copy of a.jpg

The same hash means that two images look the same at the size of a stamp. Copies whose hash differs
in a few bits are found by 'lookalike similar --radius'."""

Groups = list[tuple[str, list[str]]]


def parser() -> Parser:
    """The arguments of the command."""
    from .targets import WITH_LIBRARY_HELP

    new = Parser("lookalike duplicates", "lookalike duplicates [options] FOLDER_OR_FRAME...", _DESCRIPTION)
    arguments.add_sources(new, "FOLDER_OR_FRAME", WITH_LIBRARY_HELP)
    arguments.add_on(new)
    arguments.add_recipe(new, frame=True)
    arguments.add_format(new)
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Print the groups."""
    from . import targets
    from .inputs import Counts
    from .output import say
    from .stream import aside

    counts = Counts()
    library = targets.library_of(args, args.on)
    name = None if library is not None else targets.frame_name(args.sources)
    if library is not None:
        pairs = aside(lambda: [(row[str(args.on)], row["image"]) for row in library.rows()])
    elif name is None:
        rows = targets.rows_of_scan(args, [args.on], counts)
        pairs = [(row[str(args.on)], row["image"]) for row in rows]
    else:
        frame = targets.load_frame(name)
        pairs = aside(lambda: _pairs_of_frame(frame, args.on, args.recipe))
    groups = _groups(pairs)
    _print(groups, args.on, args.format)
    if not args.quiet and counts.status < 2:
        hashed = sum(text is not None for text, _ in pairs)
        say(_summary(groups, hashed, args.on))
    return counts.status


def _pairs_of_frame(frame: Any, on: Kind, recipe: str | None) -> list[tuple[str | None, str]]:
    """Hash and name of each row that has a hash.

    Raises:
        ColumnError, MismatchError, ValueError: as `find_duplicates`.
    """
    from ..frames import column_names, read_columns
    from ..matching.columns import read_hash_column

    column = read_hash_column(frame, str(on), kind=on, recipe=recipe)
    column.codes((on.inner or on).hex_digits)
    if "image" not in column_names(frame):
        return [(text.lower(), f"row {row}") for row, text in zip(column.rows, column.texts, strict=True)]
    names = read_columns(frame, ["image"])["image"]
    return [(text.lower(), str(names[row])) for row, text in zip(column.rows, column.texts, strict=True)]


def _groups(pairs: Iterable[tuple[str | None, str]]) -> Groups:
    """Names by hash, where there is more than one, in the order of the first."""
    found: dict[str, list[str]] = {}
    for text, name in pairs:
        if text is not None:
            found.setdefault(text, []).append(name)
    return [(text, names) for text, names in found.items() if len(names) > 1]


def _print(groups: Groups, on: Kind, form: str) -> None:
    from .output import Records, escaped, write_line

    if form == "json":
        records = Records("json", [str(on), "images"])
        for text, names in groups:
            records.write({str(on): text, "images": names})
    elif form == "csv":
        records = Records("csv", ["group", str(on), "image"])
        for number, (text, names) in enumerate(groups, 1):
            for name in names:
                records.write({"group": number, str(on): text, "image": name})
    else:
        for number, (text, names) in enumerate(groups):
            if number:
                write_line("")
            for mark, name in map(escaped, names):
                write_line(f"{mark}{text}  {name}")


def _summary(groups: Groups, total: int, on: Kind) -> str:
    members = sum(len(names) for _, names in groups)
    images = "1 image" if total == 1 else f"{total:,} images"
    if not groups:
        return f"{images}, no two with the same {on}"
    return f"{images}, {members:,} of them in {len(groups):,} group{'s' * (len(groups) != 1)} with the same {on}"
