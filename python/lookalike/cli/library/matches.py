"""`lookalike library matches`: the same photo in several places."""

from __future__ import annotations

from argparse import Namespace

from ..arguments import Parser
from .reuse import add_options, report

__all__ = ["parser", "run"]

_DESCRIPTION = """\
List the photos that several owners posted, in groups with an empty line between two, as 'lookalike library
reuse' does but without a word on who was first: such as one product in several shops, with --by shop where
images were added with --fact shop=NAME. Before each name stand its distance from the group's first in bits
and how sure it is that it is the same photo.

  $ lookalike library matches shops.library --by shop
     0 1.00  photos/a.jpg  (north)
     2 1.00  photos/b.jpg  (south)"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library matches", "lookalike library matches [options] LIBRARY", _DESCRIPTION)
    add_options(new, ("pairs", "groups", "members", "popular", "parts"), "none")
    return new


def run(args: Namespace) -> int:
    """Print what is found."""
    return report(args, parser(), "matches")
