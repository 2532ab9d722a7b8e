"""`lookalike compare`: how two images are related, and why."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from . import arguments, two
from .arguments import Parser, operand
from .two import PICTURE_FORMS

if TYPE_CHECKING:
    from ..comparing.comparison import Comparison

__all__ = ["parser", "run"]

_DESCRIPTION = """\
Tell how two images are related, and why. Prints the distance of every hash kind (bits that differ; segments
without a partner, for crop_resistant), what was tried, what agreed and what did not, and a verdict:

  same bytes     the two files are equal
  same picture   every pixel is equal once decoded, whatever the file format and metadata
  copy           one was made from the other: scaled, recompressed, recoloured, cropped a little, turned,
                 mirrored, put into a border, inverted to a negative
  part           one is a part of the other, or both share a part: a crop, a collage, a screenshot, a rotation
  similar        they look alike, but may be two photos of one thing, or show too little to tell
  shared logo    different images with the same logo, caption or frame
  different      none of these

Hashes are compared with A turned and mirrored in all eight ways. Then comes a second look: small versions of
both are laid onto each other, with borders left out, and how well they agree there is a confidence from 0 to 1.
From 0.9 on it is a copy; similar is what has 0.5, or hashes that are near. Where they are no copies as a whole,
details of the one are looked for in the other: for this, install OpenCV (pip install 'lookalike[parts]').

  $ lookalike compare photo.jpg photo-small.jpg --picture why.png
  ahash             1 of 64
  ...
  - the second look agrees (0.99): laid onto each other, details agree by 1.00
  copy: B is A mirrored and scaled to 50 %

The picture of --picture shows both, what they share, and where it agrees, as 'lookalike evidence' does."""

_EXIT_STATUS = """\
exit status: 0 if they are alike (all but shared logo and different), 1 if not, 2 if one cannot be read or the picture
cannot be written, 130 if interrupted"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike compare", "lookalike compare [options] A B", _DESCRIPTION, _EXIT_STATUS)
    two.add_images(new)
    arguments.add_output(new, "--picture", f"write the evidence as a picture: {', '.join(PICTURE_FORMS)}", _picture)
    two.add_parts(new, "needed, if OpenCV is installed")
    arguments.add_recipe(new)
    arguments.add_limits(new)
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
        two.check_place(parser(), "--picture", args.picture, args)
    comparison = two.compared(args, two.PARTS[args.parts])
    if comparison is None:
        return 2
    if args.picture is not None:
        two.write_evidence(comparison, args.picture)
    if args.format == "plain":
        _print(comparison)
    else:
        _print_record(args, comparison)
    return 0 if comparison.is_alike else 1


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
