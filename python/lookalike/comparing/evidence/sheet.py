"""The evidence as one picture: a sheet to print, to send, to attach to a claim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from .letters import font, plain, short, wrapped
from .marks import BAD, GOOD, PINS, colour_of, marked, spread
from .record import inverted, record_of
from .views import views_of

if TYPE_CHECKING:
    from ..comparison import Comparison
    from .record import Record
    from .views import Views

__all__ = ["WIDTH", "draw"]

WIDTH = 1240
"""Of the sheet in pixels: A4 at 150 dots an inch."""

_MARGIN, _GAP = 40, 20
_INNER = WIDTH - 2 * _MARGIN
_FINE = 800  # to which the pictures are read
_TALLEST = 560
_LABEL = 30
_PAPER, _INK, _DIM, _LINE, _GROUND = (255, 255, 255), (28, 28, 32), (96, 96, 104), (212, 212, 216), (240, 240, 242)

Panel = tuple[str, Image.Image]


def draw(comparison: Comparison) -> Image.Image:
    """Both pictures with what they share; this laid onto each other; and what is on record of them.

    Raises:
        SourceError, OSError: if one of the pictures cannot be read any more, or is another one by now.
    """
    views = views_of(comparison, _FINE)
    record = record_of(comparison, views)
    strips = [_headline(record), _row(_pair(comparison, views))]
    if views.close is not None:
        strips.append(_row(_close_views(comparison, views)))
    strips += [_table([(label, [text]) for label, text in record.found])]
    strips += [_table([("", ["A", "B"]), *((label, [one, other]) for label, one, other in record.files)])]
    strips += [_sentences(record.reasons), _sentences([f"Made {record.made}."], mark="")]
    sheet = Image.new("RGB", (WIDTH, sum(strip.height for strip in strips) + 2 * _MARGIN), _PAPER)
    top = _MARGIN
    for strip in strips:
        sheet.paste(strip, (_MARGIN, top))
        top += strip.height
    return sheet


def _pair(comparison: Comparison, views: Views) -> list[Panel]:
    """Both pictures, with what they share outlined in each and its details in the same colours."""
    names = (comparison.a, comparison.b)
    images = [_fitted(image, 2) for image in (views.a, views.b)]
    if views.lay is not None:
        region, points = views.lay.region, views.lay.points
        colours = [colour_of(x, y) for x, y in points[:, :2]]
        pins = spread(points[:, 2:], PINS)
        colour = GOOD if comparison.is_copy else BAD
        sides = zip(images, (region.in_a, region.in_b), (points[:, :2], points[:, 2:]), strict=True)
        images = [marked(image, outline, places, colours, pins, colour) for image, outline, places in sides]
    # The name of a file without its folders: all of it is on record below.
    labels = [f"{letter}: {plain(_last(name))}" for letter, name in zip("AB", names, strict=True)]
    return list(zip(labels, images, strict=True))


def _close_views(comparison: Comparison, views: Views) -> list[Panel]:
    close = views.close
    assert close is not None
    fit, name = "" if comparison.is_copy else ", as well as it fits", f"A{inverted(comparison)}"
    return [
        (f"{name} laid onto B{fit}", _fitted(close.laid, 3)),
        (f"Squares of {name} and B by turns", _fitted(close.chequers, 3)),
        ("Difference: black where none", _fitted(close.apart, 3)),
    ]


def _row(panels: Sequence[Panel]) -> Image.Image:
    """Panels side by side under their labels."""
    width = _column(len(panels))
    height = max(image.height for _, image in panels)
    strip = Image.new("RGB", (_INNER, _LABEL + height + _GAP), _PAPER)
    pen = ImageDraw.Draw(strip)
    for number, (label, image) in enumerate(panels):
        left = number * (width + _GAP)
        pen.text((left, 4), short(label, font(16), width), _INK, font(16))
        strip.paste(_GROUND, (left, _LABEL, left + width, _LABEL + height))
        strip.paste(image, (left + (width - image.width) // 2, _LABEL + (height - image.height) // 2))
    return strip


def _headline(record: Record) -> Image.Image:
    verdict, _, rest = record.verdict.partition(": ")
    return _lines([(verdict[0].upper() + verdict[1:], 30, _INK), (f"{rest[0].upper()}{rest[1:]}.", 19, _INK)])


def _sentences(sentences: Sequence[str], mark: str = "- ") -> Image.Image:
    return _lines([(f"{mark}{sentence}", 15, _DIM) for sentence in sentences])


def _lines(texts: Sequence[tuple[str, int, tuple[int, int, int]]]) -> Image.Image:
    """Texts of several sizes one below the other, each broken where the sheet ends."""
    rows = [(line, size, colour) for text, size, colour in texts for line in wrapped(text, font(size), _INNER)]
    strip = Image.new("RGB", (_INNER, sum(_high(size) for _, size, _ in rows) + _GAP * 3 // 4), _PAPER)
    pen, top = ImageDraw.Draw(strip), 0
    for line, size, colour in rows:
        pen.text((0, top), line, colour, font(size))
        top += _high(size)
    return strip


def _table(rows: Sequence[tuple[str, list[str]]]) -> Image.Image:
    """Labels and cells under lines."""
    letters, first = font(15), 230
    width = (_INNER - first - (len(rows[0][1]) - 1) * _GAP) // len(rows[0][1])
    broken = [(label, [wrapped(cell, letters, width) for cell in cells]) for label, cells in rows]
    heights = [max(map(len, cells)) * _high(15) + 8 for _, cells in broken]
    strip = Image.new("RGB", (_INNER, sum(heights) + _GAP), _PAPER)
    pen, top = ImageDraw.Draw(strip), 0
    for (label, cells), height in zip(broken, heights, strict=True):
        pen.line((0, top, _INNER, top), _LINE)
        pen.text((0, top + 5), label, _DIM, letters)
        for number, lines in enumerate(cells):
            for down, line in enumerate(lines):
                pen.text((first + number * (width + _GAP), top + 5 + down * _high(15)), line, _INK, letters)
        top += height
    return strip


def _high(size: int) -> int:
    return size * 4 // 3


def _column(count: int) -> int:
    return (_INNER - (count - 1) * _GAP) // count


def _fitted(image: Image.Image, count: int) -> Image.Image:
    """As large as one of so many panels side by side."""
    share = min(_column(count) / image.width, _TALLEST / image.height)
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    return image.resize(size, Image.Resampling.LANCZOS)


def _last(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name
