"""Parsing of arguments: one parser class, and the options that several commands share."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..kinds import NAMES, Kind
from ..options import RECIPES, Limits
from .output import complain

__all__ = [
    "DEFAULT_KIND",
    "FRAME_FORMS",
    "PAGE_FORMS",
    "Parser",
    "add_format",
    "add_limits",
    "add_on",
    "add_output",
    "add_recipe",
    "add_sources",
    "count",
    "hide_operands",
    "kinds",
    "limits_of",
    "number",
    "one_kind",
    "operand",
    "page",
    "sized",
]

DEFAULT_KIND = "phash"
"""The kind of the commands that want one: few chance collisions, and robust to scaling and recompression."""

FRAME_FORMS = (".csv", ".json", ".parquet")
"""How the names of frames end."""

PAGE_FORMS = (".html", ".htm")
"""How the names of pages end."""

_HIDDEN = "\0"


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """The same help text under every version of Python."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=100)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return str(action.metavar or action.dest)
        names = ", ".join(action.option_strings)
        return names if action.nargs == 0 else f"{names} {action.metavar}"


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line and points to its help."""

    def __init__(self, prog: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            add_help=False,
            allow_abbrev=False,
        )
        if sys.version_info >= (3, 14):
            self.color = False
        self._positionals.title = "arguments"
        self.add_argument("-h", "--help", action="help", help="show this text and stop")
        self.add_argument("--debug", action="store_true", help="show the full trace of an error")

    def error(self, message: str) -> NoReturn:
        """Complain about the usage and leave with status 2."""
        complain(f"{message}\nTry '{self.prog} --help'.")
        raise SystemExit(2)


def hide_operands(words: Sequence[str]) -> list[str]:
    """Take `--` out of the arguments and mark those after it, so that none of them is read as an option.

    `parse_intermixed_args`, which lets options stand after names, does not understand `--` itself in
    every version of Python. The mark is a NUL, which no argument of a process can contain; `operand`
    takes it off.
    """
    words = list(words)
    if "--" not in words:
        return words
    at = words.index("--")
    return words[:at] + [_HIDDEN + word for word in words[at + 1 :]]


def operand(text: str) -> str:
    """An argument that is no option. An empty one is refused: it comes from an unset variable."""
    text = text.removeprefix(_HIDDEN)
    if not text:
        raise argparse.ArgumentTypeError("expected a name, got an empty text")
    return text


def page(text: str) -> str:
    """A name for a page to write. Others are refused: the page could take the place of a picture or a frame."""
    from .files import is_special

    text = operand(text)
    if not text.lower().endswith(PAGE_FORMS) and not is_special(text):
        raise argparse.ArgumentTypeError(f"expected a name that ends in {' or '.join(PAGE_FORMS)}, got {text!r}")
    return text


def kinds(text: str) -> list[Kind]:
    """Hash kinds joined by commas."""
    try:
        return [Kind.parse(part.strip()) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def one_kind(text: str) -> Kind:
    """A hash kind."""
    try:
        return Kind.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """A whole number from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return value


def number(text: str) -> int | float:
    """A number from 0: an `int` where it is whole."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number from 0, got {text!r}")
    return int(value) if value.is_integer() else value


def sized(parser: Parser, chosen: Sequence[Kind] | None, size: int | None, default: Sequence[str]) -> tuple[Kind, ...]:
    """The kinds that were asked for, each once, all at the size that was asked for."""
    found = [Kind.parse(kind) for kind in chosen or default]
    if size is not None:
        try:
            found = [kind.with_size(size) for kind in found]
        except ValueError as error:
            parser.error(f"argument --size: {error}")
    return tuple(dict.fromkeys(found))


def add_sources(parser: Parser, name: str, text: str) -> None:
    """Add one or more names of sources."""
    parser.add_argument("sources", metavar=name, nargs="+", type=operand, help=text)


def add_kinds(parser: Parser, default: Sequence[str]) -> None:
    """Add `--kind` and `--size`."""
    parser.add_argument(
        "--kind",
        metavar="KIND",
        type=kinds,
        action="extend",
        help=f"hash kind, repeated or joined by commas (default: {','.join(default)}): {', '.join(NAMES)}; "
        "with settings as in phash:16 or ahash:median",
    )
    parser.add_argument(
        "--size", metavar="N", type=count, help="side of the square of bits, for every kind (default: 8; colorhash: 3)"
    )


def add_on(parser: Parser) -> None:
    """Add `--on`."""
    parser.add_argument(
        "--on",
        metavar="KIND",
        type=one_kind,
        default=Kind.parse(DEFAULT_KIND),
        help=f"hash kind to compare by: the frame's column (default: {DEFAULT_KIND})",
    )


def add_recipe(parser: Parser, *, frame: bool = False) -> None:
    """Add `--recipe`."""
    default = "the frame's, or standard" if frame else "standard"
    parser.add_argument(
        "--recipe",
        metavar="NAME",
        choices=sorted(RECIPES),
        help=f"road from file to bits: {' or '.join(sorted(RECIPES))} (default: {default})",
    )


def add_workers(parser: Parser) -> None:
    """Add `--workers` and `--quiet`."""
    parser.add_argument("--workers", metavar="N", type=count, help="threads (default: as many as there are CPUs)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no summary")


def add_limits(parser: Parser) -> None:
    """Add `--isolate`, `--allow-host` and `--allow-private`."""
    parser.add_argument(
        "--isolate",
        action="store_true",
        help="decode what C libraries decode in processes of its own: a file that crashes one is only an error",
    )
    parser.add_argument(
        "--allow-host",
        metavar="HOST",
        type=operand,
        action="append",
        default=[],
        help="host, or end of it such as .example.org, that may be in a private network; or a network such as "
        "10.1.0.0/16 (repeat for more)",
    )
    parser.add_argument(
        "--allow-private",
        action="store_true",
        help="let any http(s) address lead to private and loopback addresses (default: public ones only)",
    )


def limits_of(args: argparse.Namespace) -> Limits:
    """What a source may cost, and where an address may lead."""
    return Limits(allow_private=args.allow_private, allow_hosts=tuple(args.allow_host), isolate=args.isolate)


def add_format(parser: Parser) -> None:
    """Add `--json` and `--csv`."""
    group: Any = parser.add_mutually_exclusive_group()
    group.add_argument("--json", dest="format", action="store_const", const="json", help="one JSON object a line")
    group.add_argument(
        "--csv",
        dest="format",
        action="store_const",
        const="csv",
        help="CSV with a header, safe to open in a spreadsheet",
    )
    parser.set_defaults(format="plain")


def add_output(parser: Parser, option: str, text: str, form: Callable[[str], str] = operand) -> None:
    """Add an option for a file to write, with a check of its name."""
    names = ("-o", "--output") if option == "--output" else (option,)
    parser.add_argument(*names, metavar="FILE", type=form, help=text)
