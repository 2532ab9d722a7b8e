"""`lookalike evidence`: a page or a picture that shows how two images are related."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError, Namespace

from . import arguments, two
from .arguments import PAGE_FORMS, Parser, operand
from .two import PICTURE_FORMS

__all__ = ["parser", "run"]

_DEFAULT_OUTPUT = "evidence.html"
_FORMS = (*PAGE_FORMS, *PICTURE_FORMS)

_DESCRIPTION = f"""\
Write evidence of how two images are related, to be kept, printed or attached to a claim. It shows both images
side by side with what they share outlined and the details that lie alike; A laid onto B, squares of both by
turns, and where they differ; and in words the verdict, how sure it is, what was done to A, how much of each is
shared, and the names, sizes and BLAKE3 digests of both files, with the date.

  $ lookalike evidence photo.jpg repost.jpg
  part: B is a part of A (27 % of it), mirrored and scaled to 52 %
  {_DEFAULT_OUTPUT}

A page (.html) is one file that loads nothing and runs nothing; it also lets A and B blink, and lists the
details. A picture (.png, .jpg, .webp) is a sheet of about A4. An existing file is replaced only if -o names it.

The verdicts are those of 'lookalike compare'. Parts of images are found only where OpenCV is installed
(pip install 'lookalike[parts]'), which also makes the places of whole images exact."""

_EXIT_STATUS = """\
exit status: 0 if they are alike (all but shared logo and different), 1 if not (the evidence is written all the
same), 2 if one cannot be read or the evidence cannot be written, 130 if interrupted"""


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike evidence", "lookalike evidence [options] A B", _DESCRIPTION, _EXIT_STATUS)
    two.add_images(new)
    text = f"the evidence: {', '.join(_FORMS)} (default: {_DEFAULT_OUTPUT})"
    arguments.add_output(new, "--output", text, _place)
    new.add_argument("--open", action="store_true", help="show it in the browser then")
    two.add_parts(new, "always, if OpenCV is installed")
    arguments.add_recipe(new)
    arguments.add_limits(new)
    new.add_argument("-q", "--quiet", action="store_true", help="do not print the name of the file")
    return new


def _place(text: str) -> str:
    text = operand(text)
    if not text.lower().endswith(_FORMS):
        raise ArgumentTypeError(f"expected a name that ends in {', '.join(_FORMS)}, got {text!r}")
    return text


def run(args: Namespace) -> int:
    """Write the evidence, and print the verdict."""
    from . import inputs
    from .output import say, write_line

    output = args.output or _DEFAULT_OUTPUT
    if args.output is None and os.path.lexists(output):
        parser().error(f"{output} exists already: to replace it, name it with -o {output}")
    inputs.check_standard_input([args.a, args.b])
    two.check_place(parser(), "--output", output, args)
    comparison = two.compared(args, _parts(args.parts))
    if comparison is None:
        return 2
    two.write_evidence(comparison, output)
    write_line(f"{comparison.verdict}: {comparison.summary}")
    if not args.quiet:
        say(output)
    if args.open:
        _open(output)
    return 0 if comparison.is_alike else 1


def _parts(word: str | None) -> two.Parts:
    from ..comparing.parts import parts_are_there

    # The places that details give are the more exact ones, for whole images too.
    return "always" if word is None and parts_are_there() else two.PARTS[word]


def _open(path: str) -> None:
    import webbrowser
    from pathlib import Path

    from .output import complain

    if not webbrowser.open(Path(path).resolve().as_uri()):
        complain(f"no browser to show {path} in")
