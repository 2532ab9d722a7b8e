"""`lookalike compare`: how two images are related, and why."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..kinds import NAMES, Kind
from . import arguments
from .arguments import Parser, operand

if TYPE_CHECKING:
    from ..comparing.comparison import Comparison
    from ..comparing.sides import Side

__all__ = ["PICTURE_FORMS", "parser", "run"]

_T = TypeVar("_T")

PICTURE_FORMS = (".png", ".jpg", ".jpeg", ".webp")
"""How the names of pictures that are written end."""

_KINDS = tuple(map(Kind.parse, NAMES))

_DESCRIPTION = """\
Tell how two images are related, and why. Prints the distance of every hash kind (bits that differ; segments
without a partner, for crop_resistant), what was tried, what agreed and what did not, and a verdict:

  same bytes     the two files are equal
  same picture   every pixel is equal once decoded, whatever the file format and metadata
  copy           one was made from the other: scaled, recompressed, recoloured, cropped a little, turned,
                 mirrored, put into a border
  similar        they look alike, but may be two photos of one thing, or show too little to tell
  different      none of these

Hashes are compared with A turned and mirrored in all eight ways. Then comes a second look: small versions of
both are laid onto each other, with borders left out, and how well they agree there is a confidence from 0 to 1.
From 0.9 on it is a copy; similar is what has 0.5, or hashes that are near. A collage, a crop that leaves less
than three quarters of a side, or a picture within another is not found.

  $ lookalike compare photo.jpg photo-small.jpg --picture why.png
  ahash             1 of 64
  ...
  - the second look agrees (0.99): laid onto each other, details agree by 1.00
  copy: B is A mirrored and scaled to 50 %

The picture of --picture shows both, B laid onto A, and where they agree."""

_EXIT_STATUS = """\
exit status: 0 if they are alike (all but different), 1 if not, 2 if one cannot be read or the picture cannot
be written, 130 if interrupted"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike compare", "lookalike compare [options] A B", _DESCRIPTION, _EXIT_STATUS)
    new.add_argument("a", metavar="A", type=operand, help="image or http(s) address; '-' is an image on standard input")
    new.add_argument("b", metavar="B", type=operand, help="the image to compare it with, which may be made from A")
    arguments.add_output(new, "--picture", f"write the evidence as a picture: {', '.join(PICTURE_FORMS)}", _picture)
    arguments.add_recipe(new)
    arguments.add_format(new)
    return new


def _picture(text: str) -> str:
    text = operand(text)
    if not text.lower().endswith(PICTURE_FORMS):
        raise ArgumentTypeError(f"expected a name that ends in {', '.join(PICTURE_FORMS)}, got {text!r}")
    return text


def run(args: Namespace) -> int:
    """Print distances, reasons and verdict."""
    from . import inputs

    inputs.check_standard_input([args.a, args.b])
    if args.picture is not None:
        _check_picture(args)
    sides = _sides(args)
    if sides is None:
        return 2
    comparison = _compared(*sides)
    if args.picture is not None:
        _write_picture(comparison, args.picture)
    if args.format == "plain":
        _print(comparison)
    else:
        _print_record(args, comparison)
    return 0 if comparison.is_alike else 1


def _check_picture(args: Namespace) -> None:
    """Before any work, and before one of the two is replaced."""
    from .files import check_writable

    for name in (args.a, args.b):
        if _is_same_file(args.picture, name):
            parser().error(f"argument --picture: {args.picture} is one of the two images: choose another name")
    check_writable(args.picture)


def _is_same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False  # one of them is not there, or no name of a file


def _sides(args: Namespace) -> tuple[Side, Side] | None:
    """Both images; `None` if one cannot be read, which is said."""
    from ..comparing.comparison import read_side
    from ..options import DEFAULT_LIMITS
    from .inputs import image_or_path
    from .stream import aside

    sides = []
    for name, turned in ((args.a, False), (args.b, True)):
        source = image_or_path(name)
        read = partial(read_side, source, _KINDS, args.recipe or "standard", DEFAULT_LIMITS, turned=turned)
        side = aside(partial(_attempt, read))
        if isinstance(side, Exception):
            _complain(name, side)
        else:
            sides.append(side)
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _compared(a: Side, b: Side) -> Comparison:
    from ..comparing.comparison import compare_sides
    from ..turns import ALL_TURNS
    from .stream import aside

    return aside(partial(compare_sides, a, b, _KINDS, ALL_TURNS))


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


def _write_picture(comparison: Comparison, path: str) -> None:
    """Write it whole or not at all.

    Raises:
        OSError: if it cannot be written, or one of the images cannot be read any more.
    """
    from .files import NewFile
    from .stream import aside

    new = NewFile(path)
    try:
        image = aside(comparison.picture)
        try:
            image.save(new.temporary)
        except OSError as error:
            raise new.problem(error) from None
        new.keep()
    except BaseException:
        new.discard()
        raise


def _print(comparison: Comparison) -> None:
    from .output import write_line

    one, _ = comparison.sides
    for kind, distance in comparison.distances.items():
        value = one.upright.hashes[kind]
        if isinstance(distance, float):
            write_line(f"{kind:<15}{distance:6.2f} of {len(value.segments)} segments")  # type: ignore[union-attr]
        else:
            write_line(f"{kind:<15}{distance:4} of {value.bits}")  # type: ignore[union-attr]
    write_line(f"{'size':<15}   {', '.join(comparison.shapes)}")
    for reason in comparison.reasons:
        write_line(f"- {reason}")
    write_line(f"{comparison.verdict}: {comparison.summary}")


def _print_record(args: Namespace, comparison: Comparison) -> None:
    from .output import Records

    row = comparison.as_row() | {"a": args.a, "b": args.b}
    Records(args.format, list(row)).write(row)
