"""`lookalike library`: the commands on a library on disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ..arguments import Parser

__all__ = ["COMMANDS", "chosen"]

COMMANDS = {
    "add": "add images; what is known already and has not changed is not opened",
    "search": "find the images that look like one",
    "parts": "keep keypoints of images that have none, to find parts of pictures",
    "duplicates": "list the images with the same bytes, or the same hash",
    "pairs": "list all pairs of images that look alike",
    "groups": "put the images that look alike into groups",
    "popular": "list the hashes that suspiciously many images share",
    "reuse": "list the photos that several owners posted: who was first, who came later",
    "matches": "list the photos that several owners posted, and nobody's fault",
    "allow": "tell which pictures everybody may use: 'reuse' and 'matches' leave them out",
    "failures": "list the images that could not be read",
    "remove": "remove images from the library; their files stay",
    "stats": "tell how much there is",
    "verify": "check the library, and repair its index",
    "compact": "give back the room of what was removed",
    "export": "write everything into one CSV or Parquet file",
    "import": "read such a file, or one of 'lookalike scan'",
}

_DESCRIPTION = """\
Keep the fingerprints of images in a library, with what is known of each, and search it: the answer is
always that of a comparison with every image, in a moment also among millions.

  $ lookalike library add photos.library photos
  $ lookalike library search photos.library photo.jpg

A library is a directory, made by the first 'add', or the address of a database as in
postgresql://user@host/name. One process writes it at a time; any number search it meanwhile.

commands:
"""
_FILES = {"import": "import_file"}


def parser() -> Parser:
    """The parser of what stands before the command's name, which is nothing but help."""
    listing = "\n".join(f"  {name:<12}{line}" for name, line in COMMANDS.items())
    return Parser(
        "lookalike library",
        "lookalike library COMMAND LIBRARY ...",
        _DESCRIPTION + listing,
        "'lookalike library COMMAND --help' explains a command.",
    )


def chosen(words: Sequence[str]) -> tuple[Any, list[str]]:
    """The module of the command that the words name, and the words for it.

    Raises:
        SystemExit: after help, or for an unknown command.
    """
    name = next((word for word in words if not word.startswith("-")), None)
    before = list(words[: words.index(name)] if name is not None else words)
    known = parser()
    known.parse_args(before)
    if name is None:
        known.print_help(sys.stderr)
        raise SystemExit(2)
    if name not in COMMANDS:
        known.error(f"unknown command {name!r}: expected one of {', '.join(COMMANDS)}")
    return import_module(f".{_FILES.get(name, name)}", __name__), [*before, *words[len(before) + 1 :]]
