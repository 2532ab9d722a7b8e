"""`lookalike library failures`: the images that could not be read."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from ..arguments import Parser
from . import answers, places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
List the images that could not be read, each with the reason. They are read again when they change, and by
'lookalike library add --retry'.

  $ lookalike library failures photos.library
  photos/half.jpg: the file ends after 12 of 480 lines"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library failures", "lookalike library failures [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    answers.add_answer(new)
    return new


def run(args: Namespace) -> int:
    """Print the failures."""
    from ..output import say
    from ..stream import aside

    answers.check_answer(parser(), args)
    library = places.existing(args.library)
    rows, columns = aside(lambda: answers.rows_in(library.failures()))
    answers.write(args, rows, columns, _print)
    if not args.quiet:
        say(f"{len(rows):,} images could not be read" if len(rows) != 1 else "1 image could not be read")
    return 0


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    from ..inputs import complaint
    from ..output import escaped, write_line

    for row in rows:
        mark, text = escaped(complaint(row["image"], row["error"]))
        write_line(mark + text)
