"""A frame's pictures with their hashes, to look at in a notebook or a browser."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import shortened
from ..fingerprints import Fingerprint
from ..frames import column_names, read_columns, require_column
from ..hashes import Hash, MultiHash
from ..matching.columns import is_missing, kind_of
from ..matching.query import is_hash_text
from ..options import DEFAULT_LIMITS, Limits
from .cards import Card, card_of_row, in_memory, problem_text
from .page import Section, fragment, page, styled
from .thumbnails import Thumbnail, item_of, make_thumbnail, thumbnails

__all__ = ["Gallery", "gallery"]

_EXTRA_COLUMNS = ("width", "height", "format", "error", "hamming_distance", "segment_distance", "duplicate_of")
_SIDES = (16, 1024)


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures to look at: the last line of a notebook's cell shows it, `save` writes it as a page.

    Everything is inside: a saved page opens anywhere, loads nothing and runs nothing, and tells the browser to hold it
    to that. A notebook's page cannot be told so; what is shown there has its texts escaped all the same.

    Attributes:
        title: of the page, as text.
        fragment: HTML, without a page around it.
        styles: all that are in the fragment, to the letter.
    """

    title: str
    fragment: str
    styles: tuple[str, ...] = ()

    def html(self) -> str:
        """The gallery as one self-contained HTML page."""
        return page(self.title, self.fragment, self.styles)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, and return its path.

        Raises:
            OSError: if it cannot be written.
        """
        target = Path(path)
        target.write_text(self.html(), encoding="utf-8", newline="\n")
        return target

    def _repr_html_(self) -> str:
        return self.fragment

    def __repr__(self) -> str:
        return f"<Gallery {self.title!r}: {len(self.fragment):,} characters; save(path) writes it as a page>"


def gallery(
    frame: Any,
    *,
    query: Any = None,
    hashes: Sequence[str] | None = None,
    limit: int | None = 200,
    title: str | None = None,
    sources: Sequence[Any] | Mapping[str, Any] | None = None,
    thumbnail: int = 160,
    limits: Limits = DEFAULT_LIMITS,
) -> Gallery:
    """Show a frame's pictures with their hashes, or a query with its ranked matches.

    The pictures are read again, shrunk and embedded. One that cannot be read is a card that says why.

    Args:
        frame: a frame of fingerprints, or what `find_similar` or `find_duplicates` made of one.
        query: what `find_similar` looked for, shown first: a source, a hash or a `Fingerprint`.
        hashes: the columns to print; `None` for all that are named after a hash kind.
        limit: show at most so many rows; `None` for all.
        title: the heading.
        sources: the pictures of rows whose `image` is no path or address: one for each row, or by `image`.
        thumbnail: longest side of the embedded pictures, in pixels.
        limits: what reading one picture may cost.

    Raises:
        ColumnError: if the frame has no column `image`, or lacks one of `hashes`.
        ValueError: if a number is out of range, or `sources` has another length than the frame.
    """
    _check_whole("limit", limit, 1, None)
    _check_whole("thumbnail", thumbnail, *_SIDES)
    rows, total, printed = _read(frame, hashes, limit)
    pictures = _Pictures(sources, total, thumbnail, limits)
    cards = [card_of_row(row, printed, small) for row, small in zip(rows, pictures.of_rows(rows), strict=True)]
    sections = _groups(cards, pictures) if "duplicate_of" in column_names(frame) else [Section("", tuple(cards))]
    shown = _query_card(query, thumbnail * 3 // 2, limits) if query is not None else None
    heading = title if title is not None else _title(frame, shown)
    more = f"and {total - len(rows):,} more, not shown (limit={limit})" if total > len(rows) else ""
    summary = _summary(cards, total, ranked=_is_ranked(frame))
    inside = fragment(heading, summary, shown, sections, more, thumbnail)
    return Gallery(heading, inside, (styled(thumbnail),))


class _Pictures:
    """Where the thumbnails come from."""

    def __init__(self, sources: Sequence[Any] | Mapping[str, Any] | None, rows: int, side: int, limits: Limits) -> None:
        if sources is not None and not isinstance(sources, Mapping) and len(sources) != rows:
            raise ValueError(
                f"expected as many sources as the frame has rows, {rows}, got {len(sources)}; "
                "a dictionary from `image` to source fits a frame that was ranked or filtered"
            )
        self._sources, self._side, self._limits = sources, side, limits

    def of_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[Thumbnail | Exception | None]:
        wanted = (None if _is_unread(row) else self._source(row["image"], n) for n, row in enumerate(rows))
        return list(thumbnails(wanted, self._side, self._limits))

    def of_images(self, images: Sequence[str]) -> list[Thumbnail | Exception | None]:
        by_image = self._sources if isinstance(self._sources, Mapping) else {}
        wanted = (by_image.get(image, None if in_memory(image) else image) for image in images)
        return list(thumbnails(wanted, self._side, self._limits))

    def _source(self, image: object, number: int) -> Any:
        if isinstance(self._sources, Mapping) and image in self._sources:
            return self._sources[str(image)]
        if self._sources is not None and not isinstance(self._sources, Mapping):
            return self._sources[number]
        return image if isinstance(image, str) and not in_memory(image) else None


def _is_unread(row: Mapping[str, Any]) -> bool:
    # A picture that merely lacks one of its hashes has an error too, but its size is known.
    return not is_missing(row.get("error")) and is_missing(row.get("width"))


def _read(frame: Any, hashes: Sequence[str] | None, limit: int | None) -> tuple[list[dict[str, Any]], int, list[str]]:
    """The rows to show as dictionaries, how many there are in all, and the hash columns to print."""
    require_column(frame, "image")
    names = column_names(frame)
    wanted = [hashes] if isinstance(hashes, str) else hashes
    for name in wanted or ():
        require_column(frame, name)
    printed = [name for name in names if kind_of(name)] if wanted is None else list(wanted)
    kept = dict.fromkeys(["image", *printed, *(name for name in _EXTRA_COLUMNS if name in names)])
    columns = read_columns(frame, list(kept))
    total = len(columns["image"])
    shown = [values[:limit] for values in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*shown, strict=True)], total, printed


def _groups(cards: Sequence[Card], pictures: _Pictures) -> list[Section]:
    """Each original, which `find_duplicates` does not give, followed by its copies."""
    copies: dict[str, list[Card]] = {}
    for card in cards:
        copies.setdefault(card.duplicate_of or "", []).append(card)
    originals = [image for image in copies if image]
    sections = []
    for image, picture in zip(originals, pictures.of_images(originals), strict=True):
        small = picture if isinstance(picture, Thumbnail) else None
        first = Card(image, small, problem_text(image, picture), badge="first")
        heading = f"{_counted(len(copies[image]), 'copy', 'copies')} of {image}"
        sections.append(Section(heading, (first, *copies[image])))
    rest = copies.get("", [])
    return [*sections, Section("", tuple(rest))] if rest else sections


def _query_card(query: Any, side: int, limits: Limits) -> Card:
    if isinstance(query, (Hash, MultiHash)):
        return Card(f"{query.kind} hash", hashes=((str(query.kind), query.hex),), badge="query")
    hashes: tuple[tuple[str, str], ...] = ()
    if isinstance(query, Fingerprint):
        hashes = tuple((kind, value.hex) for kind, value in query.hashes.items())
        query = query.image
    if isinstance(query, str) and is_hash_text(query):
        return Card(query, badge="query")
    item = item_of(query)
    picture: Thumbnail | Exception
    try:
        picture = make_thumbnail(item, side, limits)
    except Exception as error:  # the matches are worth showing without it
        picture = error
    small = picture if isinstance(picture, Thumbnail) else None
    return Card(item.image or "query", small, problem_text(item.image, picture), hashes=hashes, badge="query")


def _title(frame: Any, query: Card | None) -> str:
    if "duplicate_of" in column_names(frame):
        return "Duplicates"
    return "Similar images" if query or _is_ranked(frame) else "Images"


def _is_ranked(frame: Any) -> bool:
    return bool({"hamming_distance", "segment_distance"} & set(column_names(frame)))


def _summary(cards: Sequence[Card], total: int, *, ranked: bool) -> str:
    originals = {card.duplicate_of for card in cards if card.duplicate_of}
    unread = sum(card.thumbnail is None for card in cards)
    if originals:
        what = f"{_counted(total, 'copy', 'copies')} of {_counted(len(originals), 'image', 'images')}"
    else:
        what = _counted(total, "image", "images")
    order = ", nearest first" if ranked and total > 1 else ""
    return f"{what}{order}{f' · {unread:,} without a picture' if unread else ''}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _check_whole(name: str, value: object, low: int, high: int | None) -> None:
    if name == "limit" and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        reach = f"from {low} to {high}" if high is not None else f"of at least {low}, or None for all"
        raise ValueError(f"expected {name} as a whole number {reach}, got {shortened(value)}")
