"""What a gallery shows of each row, before it is HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..matching.columns import is_missing
from .thumbnails import Thumbnail

__all__ = ["Card", "card_of_row", "in_memory", "problem_text"]

_IN_MEMORY = re.compile(r"(bytes|image|array|file|source) \d+")


@dataclass(frozen=True, slots=True)
class Card:
    """One picture with what is known of it.

    Attributes:
        image: its id.
        thumbnail: the picture, if it can be shown.
        problem: why it cannot, or what else is wrong with the row.
        facts: such as size and format, one line or several.
        hashes: name and hex text of each hash.
        badge: its distance to the query, or its part in a group.
        is_exact: whether that is a distance of zero, or another picture's hash.
        duplicate_of: id of the picture that it repeats, if it does.
    """

    image: str
    thumbnail: Thumbnail | None = None
    problem: str = ""
    facts: str = ""
    hashes: tuple[tuple[str, str], ...] = ()
    badge: str = ""
    is_exact: bool = False
    duplicate_of: str | None = None


def card_of_row(row: Mapping[str, Any], hashes: list[str], picture: Thumbnail | Exception | None) -> Card:
    """The card of a frame's row.

    Args:
        row: values by column.
        hashes: the columns to print.
        picture: its thumbnail, or why there is none.
    """
    image = _text(row.get("image"))
    error = _text(row.get("error"))
    badge, is_exact = _badge(row)
    return Card(
        image=image,
        thumbnail=picture if isinstance(picture, Thumbnail) else None,
        problem=error or problem_text(image, picture),
        facts=_facts(row),
        hashes=tuple((name, _text(row[name])) for name in hashes if not is_missing(row.get(name))),
        badge=badge,
        is_exact=is_exact,
        duplicate_of=_text(row.get("duplicate_of")) or None,
    )


def problem_text(image: str, picture: Thumbnail | Exception | None) -> str:
    """Why there is no picture, in a sentence."""
    if isinstance(picture, Thumbnail):
        return ""
    if in_memory(image):
        return "not on disk: pass sources= to show it"
    return str(picture) if picture else "no picture"


def in_memory(image: str) -> bool:
    """Whether an id names a source that had no path and no address."""
    return _IN_MEMORY.fullmatch(image) is not None


def _text(value: object) -> str:
    return "" if is_missing(value) else str(value)


def _facts(row: Mapping[str, Any]) -> str:
    width, height, form = (row.get(name) for name in ("width", "height", "format"))
    size = "" if is_missing(width) or is_missing(height) else f"{width} x {height}"
    return " · ".join(filter(None, (size, _text(form))))


def _badge(row: Mapping[str, Any]) -> tuple[str, bool]:
    bits, segments = row.get("hamming_distance"), row.get("segment_distance")
    if not is_missing(bits):
        return ("same hash" if bits == 0 else f"{bits} bit{'' if bits == 1 else 's'}"), bits == 0
    if not is_missing(segments):
        return ("same segments" if segments == 0 else f"{segments:.2f} segments"), segments == 0
    return "", False
