"""`lookalike gallery`: a page that shows images with their hashes."""

from __future__ import annotations

import os
from argparse import Namespace

from ..kinds import ARTICLE_KINDS, Kind
from . import arguments
from .arguments import Parser, count, operand

__all__ = ["parser", "run"]

_DEFAULT_OUTPUT = "gallery.html"
_DEFAULT_LIMIT = 200

_DESCRIPTION = f"""\
Write a page that shows images with their hashes: one file, with everything inside, that loads nothing
when it opens. With --query the images are ranked by their distance to one.

  $ lookalike gallery photos
  {_DEFAULT_OUTPUT}

An existing file is replaced only if -o names it. For a frame, the images are read again: run it in the
folder where the scan ran."""


def parser() -> Parser:
    """The arguments of the command."""
    from .targets import SOURCES_HELP

    new = Parser("lookalike gallery", "lookalike gallery [options] FOLDER_OR_FRAME...", _DESCRIPTION)
    arguments.add_sources(new, "FOLDER_OR_FRAME", SOURCES_HELP)
    arguments.add_output(new, "--output", f"the page: .html or .htm (default: {_DEFAULT_OUTPUT})", arguments.page)
    new.add_argument(
        "--query", metavar="QUERY", type=operand, help="image, http(s) address or hash to rank by, as for 'similar'"
    )
    new.add_argument(
        "--limit", metavar="N", type=count, default=_DEFAULT_LIMIT, help=f"at most N images (default: {_DEFAULT_LIMIT})"
    )
    arguments.add_on(new)
    arguments.add_kinds(new, ARTICLE_KINDS)
    arguments.add_recipe(new, frame=True)
    arguments.add_limits(new)
    arguments.add_workers(new)
    return new


def run(args: Namespace) -> int:
    """Write the page."""
    output = args.output or _DEFAULT_OUTPUT
    kinds = list(arguments.sized(parser(), args.kind, args.size, ARTICLE_KINDS))
    if args.output is None and os.path.lexists(output):
        parser().error(f"{output} exists already: to replace it, name it with -o {output}")

    from . import targets
    from .files import check_writable
    from .inputs import Counts, check_standard_input
    from .output import say

    check_standard_input([*args.sources, *([args.query] if args.query else [])])
    check_writable(output)
    counts = Counts()
    query = None
    if args.query:
        matches, query = targets.ranked(args, _with(kinds, args.on), counts, k=None, radius=None)
    else:
        matches = targets.frame_of(args, kinds, counts)
    if counts.status == 2:
        return 2
    targets.write_gallery(output, matches, query, arguments.limits_of(args), limit=args.limit)
    if not args.quiet:
        say(output)
    return counts.status


def _with(kinds: list[Kind], on: Kind) -> list[Kind]:
    return kinds if on in kinds else [*kinds, on]
