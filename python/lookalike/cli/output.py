"""What goes out: lines, JSON and CSV on standard output, messages on standard error.

Names of files are data from strangers. Nothing here lets one of them move the cursor, break a line or
become a formula.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TextIO

from ..cells import is_formula, marked

__all__ = [
    "ClosedOutputError",
    "Records",
    "complain",
    "csv_line",
    "escaped",
    "finish",
    "in_the_shell",
    "is_terminal",
    "leave",
    "open_streams",
    "portable",
    "say",
    "visible",
    "write_data",
    "write_line",
]

# Control characters (C0, DEL, C1), marks that reorder text, line separators, and bytes that are no UTF-8.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL = re.compile(f"[{_UNSAFE}]")
_ESCAPED = re.compile(f"[{_UNSAFE}\\\\]")
# What errors tell a program to write, and what stands for it here.
_IN_THE_SHELL = (
    ("Limits.allow_private", "--allow-private"),
    ("the host in Limits.allow_hosts", "--allow-host"),
    ("its network in Limits.allow_hosts", "--allow-host with its network"),
    ("pass wait=SECONDS", "pass --wait SECONDS"),
    ("as in kinds=", "as in --kind "),
    ("expected by= as", "expected --by as"),
    ("leave kinds out", "leave --kind out"),
    ("leave recipe out", "leave --recipe out"),
    ("verify(repair=True)", "'lookalike library verify --repair'"),
    ("compact()", "'lookalike library compact'"),
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\\": "\\\\"}


class ClosedOutputError(Exception):
    """Standard output takes no more. `quiet` if its reader simply had enough, as `head` does."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"standard output: {reason}" if reason else "")
        self.quiet = not reason


def open_streams() -> None:
    """Make sure that no name can fail to be printed, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def visible(text: str) -> str:
    """The text with what would act on a terminal written out, as in `\\x1b`."""
    return _CONTROL.sub(_written_out, text)


def escaped(text: str) -> tuple[str, str]:
    """A mark and the text, as sha256sum prints names: a backslash at the line's start if the name was changed.

    A newline becomes `\\n`, a carriage return `\\r`, a backslash `\\\\`. What sha256sum lets through is
    written out too: `\\x1b` for a control character or a byte that is no UTF-8, `\\u202e` for a character
    that reorders the line.
    """
    changed = _ESCAPED.sub(_written_out, text)
    return ("\\" if changed != text else ""), changed


def _written_out(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


def portable(text: str) -> str:
    """The text as valid UTF-8: bytes that are none are written out. Frames cannot hold them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def in_the_shell(text: str) -> str:
    """The text of an error with options and commands in the place of arguments and functions."""
    for written, typed in _IN_THE_SHELL:
        text = text.replace(written, typed)
    return text


def complain(message: str) -> None:
    """Say what went wrong, on standard error."""
    say(f"lookalike: {message}")


def say(message: str) -> None:
    """Print a message on standard error, if there is one."""
    lines = (visible(line) for line in message.split("\n"))
    with suppress(OSError, ValueError, AttributeError):
        # One write: lines of several processes on one terminal should not mix.
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def write_line(text: str) -> None:
    """Print a line, or several, on standard output and hand it over at once, `visible` whatever is in it.

    Raises:
        ClosedOutputError: if nobody reads it any more, or the disk is full.
    """
    write_data("\n".join(map(visible, text.split("\n"))))


def write_data(text: str) -> None:
    """Print a line for a machine to read, as it is.

    Raises:
        ClosedOutputError: as `write_line`.
    """
    stream = _standard_output()
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        raise ClosedOutputError from None
    except OSError as error:
        raise ClosedOutputError(error.strerror or str(error)) from None


def finish() -> None:
    """Flush standard output.

    Raises:
        ClosedOutputError: as `write_line`.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise ClosedOutputError from None
    except OSError as error:
        raise ClosedOutputError(error.strerror or str(error)) from None


def leave(status: int, message: str = "") -> NoReturn:
    """End the process now, without waiting for threads, and without a word about a pipe that is closed."""
    if message:
        complain(message)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


class Records:
    """Rows on standard output, as JSON objects or as CSV."""

    def __init__(self, form: str, columns: Sequence[str]) -> None:
        self._form = form
        self._columns = columns
        self._terminal = False
        if form == "csv":
            stream = _standard_output()
            self._terminal = stream.isatty()
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
            write_data(csv_line(columns, columns))

    def write(self, row: Mapping[str, Any]) -> None:
        """Print a row: its cells in the order of the columns."""
        values = [row.get(column) for column in self._columns]
        if self._form == "json":
            # Pure ASCII: safe on a terminal. Bytes of a name that are no UTF-8 do not come back as they were.
            text = json.dumps(dict(zip(self._columns, values, strict=True)), allow_nan=False)
            write_data(text.replace("\x7f", "\\u007f"))
        else:
            if self._terminal:
                values = [visible(value) if isinstance(value, str) else value for value in values]
            write_data(csv_line(self._columns, values))


def csv_line(columns: Sequence[str], values: Iterable[object]) -> str:
    """The values as a line of CSV that no spreadsheet takes for a formula. A missing value is empty."""
    import csv

    cells = [_cell(column, value) for column, value in zip(columns, values, strict=True)]
    text = io.StringIO()
    # Both signs in the terminator, or Python 3.11 would leave cells with the other one without quotes.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = portable(value)
    if text == "-":
        return text
    # A path stays the same path with "./" before it; other texts get the spreadsheets' mark for text.
    return marked(f"./{text}" if column == "image" and is_formula(text) else text)


def is_terminal() -> bool:
    """Whether somebody looks at standard output."""
    return _standard_output().isatty()


def _standard_output() -> TextIO:
    # Typed as always there, but None in a process that was started with it closed.
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise ClosedOutputError("it is closed")
    return stream
