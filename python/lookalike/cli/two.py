"""What the commands that compare two images have in common."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from ..kinds import NAMES, Kind
from .arguments import Parser, limits_of, operand

if TYPE_CHECKING:
    from ..comparing.comparison import Comparison
    from ..comparing.sides import Side

__all__ = ["PARTS", "PICTURE_FORMS", "Parts", "add_images", "add_parts", "check_place", "compared", "write_evidence"]

_T = TypeVar("_T")

PICTURE_FORMS = (".png", ".jpg", ".jpeg", ".webp")
"""How the names of pictures that are written end."""

Parts = bool | Literal["always"] | None

PARTS: dict[str | None, Parts] = {
    None: None,
    "never": False,
    "needed": True,
    "always": "always",
}
"""What the words for `--parts` are to `compare`."""

_KINDS = tuple(map(Kind.parse, NAMES))


def add_images(parser: Parser) -> None:
    """Add A and B."""
    parser.add_argument(
        "a", metavar="A", type=operand, help="image or http(s) address; '-' is an image on standard input"
    )
    parser.add_argument("b", metavar="B", type=operand, help="the image to compare it with, which may be made from A")


def add_parts(parser: Parser, default: str) -> None:
    """Add `--parts`."""
    words = [word for word in PARTS if word]
    parser.add_argument(
        "--parts",
        metavar="WHEN",
        choices=words,
        help="when to look for parts of the one in the other: never, needed (if they are no copies as a whole) or "
        f"always (default: {default})",
    )


def check_place(parser: Parser, option: str, path: str, args: Namespace) -> None:
    """Check where the evidence is to be written, before any work, and before one of the two is replaced.

    Raises:
        OSError: if it cannot be written there.
    """
    from .files import check_writable

    for name in (args.a, args.b):
        if _is_same_file(path, name):
            parser.error(f"argument {option}: {path} is one of the two images: choose another name")
    check_writable(path)


def _is_same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False  # one of them is not there, or no name of a file


def compared(args: Namespace, parts: Parts) -> Comparison | None:
    """The comparison; `None` if one image cannot be read, which is said.

    Raises:
        MissingExtraError: if parts are asked for, and OpenCV is not installed.
    """
    from ..comparing.comparison import compare_sides
    from ..comparing.parts import when_to_look
    from .stream import aside

    when_to_look(parts)  # before any work
    sides = _sides(args)
    return None if sides is None else aside(partial(compare_sides, *sides, _KINDS, parts=parts))


def _sides(args: Namespace) -> tuple[Side, Side] | None:
    """Both images; `None` if one cannot be read, which is said."""
    from ..comparing.comparison import read_side
    from .inputs import image_or_path
    from .stream import aside

    sides = []
    for name, turned in ((args.a, False), (args.b, True)):
        source = image_or_path(name)
        read = partial(read_side, source, _KINDS, args.recipe or "standard", limits_of(args), turned=turned)
        side = aside(partial(_attempt, read))
        if isinstance(side, Exception):
            _complain(name, side)
        else:
            sides.append(side)
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _attempt(work: Callable[[], _T]) -> _T | Exception:
    try:
        return work()
    except (OSError, ValueError, TypeError) as error:
        return error


def _complain(name: str, error: Exception) -> None:
    from ..fingerprints import error_text
    from .inputs import complaint
    from .output import complain

    complain(complaint(name, error_text(error)))


def write_evidence(comparison: Comparison, path: str) -> None:
    """Write it whole or not at all: as a picture if its name says so, else as a page.

    Raises:
        OSError: if it cannot be written, or one of the images cannot be read any more.
    """
    from .files import NewFile
    from .stream import aside

    new = NewFile(path)
    try:
        if path.lower().endswith(PICTURE_FORMS):
            save: Callable[[Path], object] = aside(comparison.picture).save
        else:
            save = aside(comparison.show).save
        try:
            save(new.temporary)
        except OSError as error:
            raise new.problem(error) from None
        new.keep()
    except BaseException:
        new.discard()
        raise
