"""The evidence as a page: one file with everything inside, that runs nothing and loads nothing."""

from __future__ import annotations

import base64
import io
import secrets
from typing import TYPE_CHECKING

from PIL import Image

from ...regions import Points, in_pixels
from ...show.gallery import Gallery
from ...show.page import escaped
from .marks import BAD, GOOD, PINS, colour_of, spread
from .record import inverted, record_of
from .style import STYLE
from .views import views_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..comparison import Comparison
    from .record import Record
    from .views import Close, Views

__all__ = ["shown"]

_FINE = 960  # to which the pictures are read
_QUALITIES = (85, 75, 60, 40)
_BYTES = 240_000  # of one picture, if one of these qualities allows it


def shown(comparison: Comparison) -> Gallery:
    """The evidence, to be shown in a notebook or saved as a page.

    Raises:
        SourceError, OSError: if one of the pictures cannot be read any more, or is another one by now.
    """
    views = views_of(comparison, _FINE)
    record = record_of(comparison, views)
    # Two of them may stand in one notebook: what a button switches is found by its name.
    key = f"lke-{secrets.token_hex(4)}"
    parts = [
        f"<style>{STYLE}</style>",
        f'<article class="lk-evidence" lang="en">{_headline(record)}',
        _pair(comparison, views, key),
        _close(comparison, views.close, key) if views.close is not None else "",
        _facts(record),
        _points(comparison, views),
        f"<footer>Made {escaped(record.made)}. A and B are not shown at their own sizes.</footer></article>",
    ]
    title = f"{comparison.verdict}: {comparison.a}, {comparison.b}"
    return Gallery(title, "\n".join(filter(None, parts)), (STYLE,))


def _headline(record: Record) -> str:
    verdict, _, rest = record.verdict.partition(": ")
    return f"<header><h1>{escaped(verdict.capitalize())}</h1><p>{escaped(rest[0].upper() + rest[1:])}.</p></header>"


def _pair(comparison: Comparison, views: Views, key: str) -> str:
    """Both pictures side by side, with marks that can be switched off."""
    colour = "#{:02x}{:02x}{:02x}".format(*(GOOD if comparison.is_copy else BAD))
    figures, switches = [], ""
    pins = spread(views.lay.points[:, 2:], PINS) if views.lay is not None else []
    for letter, name, image, at in (("A", comparison.a, views.a, 0), ("B", comparison.b, views.b, 1)):
        marks = ""
        if views.lay is not None and views.lay.region:
            outline = (views.lay.region.in_a, views.lay.region.in_b)[at]
            marks = _marks(image.size, outline, views.lay.points, at, pins, colour)
        alt = f"Picture {letter}: {name}"
        figures.append(
            f"<figure><figcaption><b>{letter}</b> <bdi>{escaped(_last(name))}</bdi></figcaption>"
            f'<div class="lke-pic">{_image(image, alt)}{marks}</div></figure>'
        )
    if views.lay is not None and views.lay.region:
        names = ["outline", "shade", *(["details"] if len(views.lay.points) else [])]
        labels = {"outline": "Outline", "shade": "Shade the rest", "details": "Details"}
        switches = "".join(
            f'<input type="checkbox" id="{key}-{name}" class="lke-{name}" checked>'
            f'<label for="{key}-{name}">{labels[name]}</label>'
            for name in names
        )
    return f'<section class="lke-both">{switches}<div class="lke-pair">{"".join(figures)}</div></section>'


def _marks(
    size: tuple[int, int], outline: Points, points: NDArray[np.float64], at: int, pins: list[int], colour: str
) -> str:
    """Outline, shade and details as a drawing over a picture."""
    width, height = size
    corners = in_pixels(outline, size)
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"
    unit = max(size) / 480  # in which widths are given, for the drawing grows with its picture
    dots = []
    for row in points:
        x, y = row[2 * at] * width, row[2 * at + 1] * height
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.4 * unit:.1f}" fill="{_hex(row)}"/>')
    for number, pin in enumerate(pins, 1):
        x, y = points[pin][2 * at] * width, points[pin][2 * at + 1] * height
        dots.append(
            f'<g transform="translate({x:.1f} {y:.1f}) scale({unit:.2f})"><circle r="9" fill="#141418" '
            f'stroke="{_hex(points[pin])}" stroke-width="2"/><text>{number}</text></g>'
        )
    return (
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">'
        f'<path class="lke-shade" fill-rule="evenodd" d="M0 0H{width}V{height}H0Z{path}"/>'
        f'<g class="lke-outline" fill="none" stroke-linejoin="round"><path d="{path}" stroke="#fff" '
        f'stroke-width="{5 * unit:.1f}"/><path d="{path}" stroke="{colour}" stroke-width="{3 * unit:.1f}"/></g>'
        f'<g class="lke-details" stroke="#fff" stroke-width="{0.8 * unit:.1f}">{"".join(dots)}</g></svg>'
    )


def _close(comparison: Comparison, close: Close, key: str) -> str:
    """What they share, seen close: views to choose from, and two of them by turns."""
    fit = "" if comparison.is_copy else " as well as it fits"
    name = f"A{inverted(comparison)}"
    views = (
        ("there", "B", "What is outlined, as it is in B", close.there),
        ("laid", "A laid onto B", f"{name} laid onto B{fit}; pale: only in B", close.laid),
        ("squares", "Squares", f"Squares of {name} and B by turns", close.chequers),
        ("apart", "Difference", "Where they differ in brightness: black where they do not", close.apart),
    )
    buttons = [("blink", "Blink"), *((name, label) for name, label, _, _ in views)]
    inputs = "".join(
        f'<input type="radio" name="{key}-view" id="{key}-{name}" class="lke-{name}"{" checked" * (name == "laid")}>'
        f'<label for="{key}-{name}">{label}</label>'
        for name, label in buttons
    )
    figures = "".join(
        f'<figure class="lke-{name}">{_image(image, text)}<figcaption>{escaped(text)}</figcaption></figure>'
        for name, _, text, image in views
    )
    return (
        f'<section class="lke-close"><h2>Laid onto each other</h2>{inputs}<div class="lke-views">{figures}</div>'
        '<p class="lke-note">Blink shows A and B by turns: what they share stays where it is.</p></section>'
    )


def _facts(record: Record) -> str:
    found = "".join(f"<tr><th scope=row>{escaped(label)}<td>{escaped(text)}" for label, text in record.found)
    files = "".join(
        f"<tr><th scope=row>{escaped(label)}<td><bdi>{escaped(one)}</bdi><td><bdi>{escaped(other)}</bdi>"
        for label, one, other in record.files
    )
    reasons = "".join(f"<li>{escaped(reason)}" for reason in record.reasons)
    head = "<colgroup><col><col><col></colgroup><tr><td><th scope=col>A<th scope=col>B"
    return (
        f"<section><h2>Findings</h2><table>{found}</table></section>"
        f'<section><h2>Files</h2><table class="lke-files">{head}{files}</table></section>'
        + (f"<section><h2>Reasons</h2><ul>{reasons}</ul></section>" if reasons else "")
    )


def _points(comparison: Comparison, views: Views) -> str:
    """The details that lie alike, in pixels of the whole pictures."""
    if views.lay is None or not len(views.lay.points):
        return ""
    one, other = (side.look.size for side in comparison.sides)
    rows = "".join(
        f"<tr><td>{number}<td>{x * one[0]:.0f}, {y * one[1]:.0f}<td>{u * other[0]:.0f}, {v * other[1]:.0f}"
        for number, (x, y, u, v) in enumerate(views.lay.points.tolist(), 1)
    )
    text = f"The {len(views.lay.points)} details that lie alike, in pixels from the upper left corner"
    head = "<tr><th scope=col>No.<th scope=col>in A<th scope=col>in B"
    return f'<details><summary>{text}</summary><table class="lke-points">{head}{rows}</table></details>'


def _image(image: Image.Image, alt: str) -> str:
    return f'<img src="{_data_url(image)}" width="{image.width}" height="{image.height}" alt="{escaped(alt)}">'


def _data_url(image: Image.Image) -> str:
    for quality in _QUALITIES:
        data = io.BytesIO()
        image.save(data, "JPEG", quality=quality, optimize=True)
        if data.tell() <= _BYTES:
            break
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()


def _hex(row: NDArray[np.float64]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour_of(row[0], row[1]))


def _last(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] or name
