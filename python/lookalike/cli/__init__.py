"""The command line: finds the command, runs it, and turns whatever went wrong into a message and a status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from .arguments import Parser, hide_operands
from .output import ClosedOutputError, complain, finish, in_the_shell, leave, open_streams, say

__all__ = ["main"]

_COMMANDS = {
    "hash": "print the hash of each image, as sha256sum does for bytes",
    "scan": "fingerprint folders into a table: CSV, Parquet or JSON",
    "duplicates": "list the images that have the same hash",
    "similar": "rank images by their distance to one image",
    "compare": "tell whether two images look alike",
    "evidence": "write a page or picture that shows how two images are related",
    "gallery": "write a page that shows images with their hashes",
    "library": "keep fingerprints on disk: add, search, find copies among millions",
    "evaluate": "measure on photos of yours how well edited copies are found",
    "calibrate": "tell which radius to use in a library, and what to expect of it",
}

_EXIT_STATUS = """\
exit status, the same for every command:
  0    done
  1    done, but some inputs could not be read (compare, evidence: the two do not look alike)
  2    wrong usage, or nothing could be done
  130  interrupted; what was done until then is kept

'lookalike COMMAND --help' explains a command. Standard input is '-'."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status.

    Args:
        argv: the arguments after the program's name; those of the process if `None`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    open_streams()
    try:
        status = _guarded(words)
        finish()
    except ClosedOutputError as error:
        leave(0 if error.quiet else 2, str(error))
    if _is_work_left():
        leave(status)
    return status


def _guarded(words: list[str]) -> int:
    debug = "--debug" in words
    try:
        return _run(words, debug)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt as stop:
        # Threads may be in the middle of a download: nothing here waits for them.
        leave(130, f"interrupted{stop}")
    except ClosedOutputError:
        raise
    except BaseException as error:  # a panic of the core is no Exception
        if debug:
            _show_trace(error)
        complain(_explain(error))
        return 2


def _show_trace(error: BaseException) -> None:
    """Show where an error came from. Python itself would print the error's text as it is, escapes and all."""
    from traceback import format_exception

    say("".join(format_exception(error)).rstrip("\n"))


def _is_work_left() -> bool:
    """Whether a scan is still running behind an error. Nobody wants its rows any more."""
    stream = sys.modules.get(f"{__name__}.stream")
    return stream is not None and stream.abandoned()


def _explain(error: BaseException) -> str:
    from ..errors import LookalikeError

    if isinstance(error, OSError) and not isinstance(error, LookalikeError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    if isinstance(error, (LookalikeError, ValueError, OSError)) and str(error):
        return in_the_shell(str(error))
    if isinstance(error, MemoryError):
        return "not enough memory"
    return f"unexpected {type(error).__name__}: {error} (--debug shows where)"


def _run(words: list[str], debug: bool) -> int:
    parser = _top_parser()
    options, name, rest = _split(words)
    args = parser.parse_args(options)
    if args.version:
        from .._core import __version__

        print(f"lookalike {__version__}")
        return 0
    if name is None:
        parser.print_help(sys.stderr)
        return 2
    if name not in _COMMANDS:
        parser.error(f"unknown command {name!r}: expected one of {', '.join(_COMMANDS)}")
    command = import_module(f".{name}", __name__)
    if name == "library":
        command, rest = command.chosen(rest)
    command_args = command.parser().parse_intermixed_args(hide_operands(rest))
    if not debug:
        from .silence import silence_libraries

        silence_libraries()
    return int(command.run(command_args))


def _split(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """The options before the command, the command's name, and what is the command's own.

    By hand, because `argparse.REMAINDER` takes the first `--` out of what follows the command.
    """
    for at, word in enumerate(words):
        if word == "--":
            return words[:at], next(iter(words[at + 1 :]), None), words[at + 2 :]
        if word == "-" or not word.startswith("-"):
            return words[:at], word, words[at + 1 :]
    return words, None, []


def _top_parser() -> Parser:
    listing = "\n".join(f"  {name:<12}{line}" for name, line in _COMMANDS.items())
    parser = Parser(
        prog="lookalike",
        usage="lookalike [--help] [--version] COMMAND ...",
        description="Fingerprint images, find duplicates, rank by similarity.\n\ncommands:\n" + listing,
        epilog=_EXIT_STATUS,
    )
    parser.add_argument("--version", action="store_true", help="show the version and stop")
    return parser
