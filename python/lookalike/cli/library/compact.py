"""`lookalike library compact`: gives back the room of what was removed."""

from __future__ import annotations

from argparse import Namespace

from ..arguments import Parser
from . import places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Make the index of a library one file a kind, without the images that were removed, and give back their room
in the catalog. Searching gives the same as before, a little sooner.

  $ lookalike library compact photos.library
  catalog 1.1 MB, index 0.2 MB: before, 3.0 MB and 0.4 MB"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library compact", "lookalike library compact [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    places.add_wait(new)
    new.add_argument("-q", "--quiet", action="store_true", help="no summary")
    return new


def run(args: Namespace) -> int:
    """Compact the library."""
    from ..output import say
    from ..stream import aside

    library = places.existing(args.library)
    before = aside(library.stats)
    aside(lambda: library.compact(wait=args.wait))
    after = aside(library.stats)
    if not args.quiet:
        old, new = (
            [f"{stats[f'bytes_of_{name}'] / 1e6:,.1f} MB" for name in ("catalog", "index")] for stats in (before, after)
        )
        say(f"catalog {new[0]}, index {new[1]}: before, {old[0]} and {old[1]}")
    return 0
