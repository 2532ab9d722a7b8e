"""`lookalike library verify`: whether a library is sound."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..arguments import Parser
from . import places

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Read a whole library and check that its parts agree: the catalog by itself, and each file of the index with
the catalog. --repair makes anew what is wrong in the index; it is made of the catalog, and no loss.
The exit status is 1 if something is wrong still.

  $ lookalike library verify photos.library
  118 rows, 2 index files: sound"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike library verify", "lookalike library verify [options] LIBRARY", _DESCRIPTION)
    places.add_location(new)
    new.add_argument("--files", action="store_true", help="look also whether each image's file is there, unchanged")
    new.add_argument("--repair", action="store_true", help="make anew what is wrong in the index")
    places.add_wait(new)
    new.add_argument("--json", action="store_true", help="one JSON object")
    return new


def run(args: Namespace) -> int:
    """Print what is found."""
    from ..output import Records, in_the_shell, visible, write_line
    from ..stream import aside

    library = places.existing(args.library)
    found = aside(lambda: library.verify(files=args.files, repair=args.repair, wait=args.wait))
    if args.json:
        told = _told(found)
        Records("json", list(told)).write(told)
    else:
        for line in in_the_shell(str(found)).split("\n"):
            write_line(visible(line))
    return 0 if found.ok else 1


def _told(found: Any) -> dict[str, Any]:
    from ..output import in_the_shell

    told = {name: getattr(found, name) for name in ("ok", "rows", "segments", "files", "gone", "changed")}
    problems = [in_the_shell(text) for text in found.problems]
    return {**told, "problems": problems, "notes": list(found.notes)}
