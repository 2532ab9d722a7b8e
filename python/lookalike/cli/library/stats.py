"""`lookalike library stats`: how much there is."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..arguments import Parser
from . import places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Tell how much there is in a library: images, failures, owners, sizes, and the state of its index.

  $ lookalike library stats photos.library
  location          photos.library
  kinds             phash, dhash
  images            118"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library stats", "lookalike library stats [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("--json", action="store_true", help="one JSON object")
    return new


def run(args: Namespace) -> int:
    """Print the figures."""
    from ..output import Records, visible, write_line
    from ..stream import aside

    library = places.existing(args.library)
    found = aside(library.stats)
    found["location"] = places.shown(args.library)
    if args.json:
        Records("json", list(found)).write(found)
        return 0
    width = max(map(len, found)) + 2
    for name, value in found.items():
        write_line(f"{name.replace('_', ' '):<{width}}{visible(_text(value))}")
    return 0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
