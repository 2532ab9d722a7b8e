"""`lookalike hash`: the hash of each image, as sha256sum prints the hash of bytes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from . import arguments
from .arguments import Parser

__all__ = ["parser", "run"]

_DEFAULT = (arguments.DEFAULT_KIND,)

_DESCRIPTION = f"""\
Print the hash of each image: the hash, two spaces, the name.

  $ lookalike hash photo.jpg
  c99f361bcb1e9619  photo.jpg

The hash is a {arguments.DEFAULT_KIND} unless --kind says otherwise. With several kinds each has a line of its own:
'phash (photo.jpg) = c99f361bcb1e9619'. In a name, a newline, a backslash and control characters
are written out, as in '\\n', '\\\\' and '\\x1b', and the line begins with a backslash.

Lines come in the order of the names, as soon as they are known. What cannot be read gets a message
on standard error; with --json and --csv it has a row too, with its error."""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike hash", "lookalike hash [options] FILE...", _DESCRIPTION)
    arguments.add_sources(new, "FILE", "image, folder, pattern or http(s) address; '-' is one image on standard input")
    arguments.add_kinds(new, _DEFAULT)
    arguments.add_recipe(new)
    arguments.add_format(new)
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Print the hashes."""
    kinds = arguments.sized(parser(), args.kind, args.size, _DEFAULT)

    from ..fingerprints import row_names
    from . import inputs
    from .output import Records
    from .progress import Progress

    inputs.check_standard_input(args.sources)
    sources = [inputs.image_or_path(name) for name in args.sources]
    columns = [str(kind) for kind in kinds]
    records = None
    if args.format != "plain":
        records = Records(args.format, row_names(kinds))
    counts = inputs.Counts()
    progress = Progress(show=not args.quiet and not _lines_on_terminal(), total=lambda: inputs.counted(args.sources))
    with closing(inputs.scanned(sources, kinds, args, counts, progress)) as rows:
        for row in rows:
            if records is not None:
                records.write(row)
            else:
                _print(row, columns)
    return counts.status


def _print(row: dict[str, Any], columns: Sequence[str]) -> None:
    from .output import escaped, write_line

    mark, name = escaped(row["image"])
    found = [column for column in columns if row[column] is not None]
    for column in found:
        tagged = f"{column} ({name}) = {row[column]}"
        write_line(mark + (tagged if len(columns) > 1 else f"{row[column]}  {name}"))


def _lines_on_terminal() -> bool:
    # The lines themselves show how far it is; a bar between them would be in the way.
    import sys

    return sys.stdout is not None and sys.stdout.isatty()
