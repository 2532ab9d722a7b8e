"""Text in a cell of CSV: such that no spreadsheet takes it for a formula, and back again.

A mark, an apostrophe, stands before what would be one: at the start, and behind a semicolon, a tabulator or a line
break, for a spreadsheet with another separator begins a cell there. Before a sign there may be spaces, quotes and
apostrophes, which programs take away. `unmarked` takes off what `marked` has put there, whatever the text.
"""

from __future__ import annotations

import re
from typing import Protocol

__all__ = ["LineFeeds", "Lines", "is_formula", "marked", "marked_inside", "unmarked", "unmarked_inside"]

_MARK = "'"
# The full-width signs are made into the others by some.
_SIGN = "['\"\\s]*[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(f"{_SIGN}|['\" ]*[\t\r\n]")
_INSIDE = re.compile(f"([;\t\r\n])(?={_SIGN})")
_MARKED_INSIDE = re.compile(f"([;\t\r\n]){_MARK}(?={_SIGN})")


class Lines(Protocol):
    """Something that takes lines of text."""

    def write(self, text: str, /) -> object: ...


class LineFeeds:
    """Ends each line of a CSV writer, whose `lineterminator` is `"\\r\\n"`, by a line feed.

    Told so itself, the writer of Python 3.11 would leave a cell with a carriage return without quotes.
    """

    def __init__(self, file: Lines) -> None:
        self._file = file

    def write(self, line: str) -> None:
        """Write one line."""
        self._file.write(line[:-2] + "\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take it for a formula, or for several cells."""
    return _FORMULA.match(text) is not None


def marked(text: str) -> str:
    """The text with marks where they are needed."""
    text = marked_inside(text)
    return _MARK + text if is_formula(text) else text


def unmarked(text: str) -> str:
    """The text without the marks."""
    return unmarked_inside(text[1:] if text.startswith(_MARK) and is_formula(text[1:]) else text)


def marked_inside(text: str) -> str:
    """The text with marks where they are needed, but for its start."""
    return _INSIDE.sub(rf"\1{_MARK}", text)


def unmarked_inside(text: str) -> str:
    """What `marked_inside` was given."""
    return _MARKED_INSIDE.sub(r"\1", text)
