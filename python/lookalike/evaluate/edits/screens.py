"""Screens of telephones with the picture as one thing among others: posts, feeds, stories, chats.

A screen is a pile of strips, each as wide as the screen: bars, heads of posts, pictures, texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .canvas import between, either, flat_colour, font, lines_of_text, words
from .collages import other_part
from .edit import Edit

__all__ = ["EDITS", "Theme", "chat", "full_width", "high", "phone", "pile", "post", "story", "theme_of", "top_strips"]

Generator = np.random.Generator
Picture = Image.Image
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Theme:
    """What all strips of a screen share.

    Attributes:
        width: of the screen, in pixels.
        height: of the screen.
        unit: the height of its text.
        paper: its ground.
        ink: of text and icons.
        accent: of buttons.
    """

    width: int
    height: int
    unit: int
    paper: Colour
    ink: Colour
    accent: Colour

    def strip(self, units: float) -> tuple[Picture, ImageDraw.ImageDraw]:
        """An empty strip, so many units high."""
        strip = Image.new("RGB", (self.width, max(1, round(units * self.unit))), self.paper)
        return strip, ImageDraw.Draw(strip)


def theme_of(rng: Generator, width: float, form: float, units: float) -> Theme:
    """A light or dark screen, so many pixels wide, `form` times as high, with so many units across."""
    light = rng.random() < 0.6
    level, ink = (int(rng.integers(244, 256)), 25) if light else (int(rng.integers(8, 36)), 235)
    accent = tuple(int(value) for value in rng.integers(20, 230, 3))
    across = round(width)
    unit = max(6, round(width / units))
    return Theme(across, round(across * form), unit, (level,) * 3, (ink,) * 3, accent)  # type: ignore[arg-type]


def phone(rng: Generator) -> Theme:
    return theme_of(rng, between(rng, 540, 830), between(rng, 1.78, 2.17), between(rng, 24, 30))


def pile(
    theme: Theme, head: Sequence[Picture], body: Sequence[Picture], foot: Sequence[Picture], start: int
) -> Picture:
    """Strips on a screen: the body from `start` on, which may be above the screen; head and foot over it."""
    page = Image.new("RGB", (theme.width, theme.height), theme.paper)
    for strips, top in ((body, start), (head, 0), (foot, theme.height - sum(strip.height for strip in foot))):
        for strip in strips:
            page.paste(strip, (0, top))
            top += strip.height
    return page


def high(strips: Sequence[Picture]) -> int:
    return sum(strip.height for strip in strips)


# Strips


def _status(theme: Theme, rng: Generator) -> Picture:
    """Clock, reception, battery."""
    strip, draw = theme.strip(1.9)
    unit, middle = theme.unit, strip.height // 2
    clock = f"{int(rng.integers(24)):02d}:{int(rng.integers(60)):02d}"
    draw.text((unit, middle), clock, fill=theme.ink, font=font(unit), anchor="lm")
    right = theme.width - unit
    draw.rounded_rectangle(
        (right - 2 * unit, middle - unit // 2, right, middle + unit // 2), unit // 4, outline=theme.ink
    )
    full = right - 2 * unit + max(2, round(2 * unit * rng.random()))
    draw.rectangle((right - 2 * unit + 1, middle - unit // 2 + 2, full, middle + unit // 2 - 2), fill=theme.ink)
    for bar in range(4):
        x = right - round((5.2 - 0.6 * bar) * unit)
        draw.rectangle(
            (x, middle + unit // 2 - (bar + 1) * unit // 4, x + unit // 3, middle + unit // 2), fill=theme.ink
        )
    return strip


def _icon(draw: ImageDraw.ImageDraw, x: int, y: int, size: int, kind: int, ink: Any) -> None:
    """A heart, a bubble, an arrow, a mark, dots: outlines in a box around `(x, y)`."""
    r, line = size // 2, max(1, size // 9)
    if kind == 0:
        points = [(0, 0.9), (-0.9, 0), (-0.6, -0.7), (0, -0.3), (0.6, -0.7), (0.9, 0), (0, 0.9)]
    elif kind == 1:
        points = [(-0.8, 0.9), (-0.9, -0.6), (0.9, -0.6), (0.9, 0.5), (-0.4, 0.5), (-0.8, 0.9)]
    elif kind == 2:
        points = [(-0.9, -0.7), (0.9, -0.7), (0, 0.9), (-0.2, 0), (-0.9, -0.7)]
    elif kind == 3:
        points = [(-0.6, -0.9), (0.6, -0.9), (0.6, 0.9), (0, 0.3), (-0.6, 0.9), (-0.6, -0.9)]
    else:
        for dot in (-0.7, 0, 0.7):
            draw.ellipse((x + dot * r - line, y - line, x + dot * r + line, y + line), fill=ink)
        return
    draw.line([(x + a * r, y + b * r) for a, b in points], fill=ink, width=line, joint="curve")


def _bar(theme: Theme, rng: Generator, title: bool) -> Picture:
    """An app's own bar: its name and a few icons, or icons alone, evenly."""
    strip, draw = theme.strip(3)
    unit, middle = theme.unit, strip.height // 2
    if title:
        draw.text((unit, middle), words(rng, 2).title(), fill=theme.ink, font=font(unit * 3 // 2), anchor="lm")
        places = [theme.width - unit - n * unit * 5 // 2 for n in range(int(rng.integers(1, 4)))]
    else:
        places = [(2 * n + 1) * theme.width // 10 for n in range(5)]
    for n, x in enumerate(places):
        _icon(draw, x, middle, unit * 3 // 2, n, theme.ink)
    edge = 0 if not title else strip.height - 1
    draw.line(
        (0, edge, theme.width, edge), fill=tuple((a + b) // 2 for a, b in zip(theme.paper, theme.ink, strict=True))
    )
    return strip


def top_strips(theme: Theme, rng: Generator) -> list[Picture]:
    """The clock's bar, and the app's with its name."""
    return [_status(theme, rng), _bar(theme, rng, True)]


def _author(theme: Theme, rng: Generator) -> Picture:
    """Who posts: a round portrait of flat colour, a name, a place, dots."""
    strip, draw = theme.strip(3.4)
    unit, middle = theme.unit, strip.height // 2
    radius = round(1.2 * unit)
    draw.ellipse((unit, middle - radius, unit + 2 * radius, middle + radius), fill=flat_colour(rng), outline=theme.ink)
    left = unit * 2 + 2 * radius
    draw.text((left, middle), words(rng, 2), fill=theme.ink, font=font(unit), anchor="ls")
    draw.text((left, middle + unit), words(rng, 2), fill=theme.ink, font=font(unit * 4 // 5), anchor="ls")
    _icon(draw, theme.width - 2 * unit, middle, unit * 3 // 2, 4, theme.ink)
    return strip


def _buttons(theme: Theme, rng: Generator) -> Picture:
    strip, draw = theme.strip(2.6)
    unit, middle = theme.unit, strip.height // 2
    for n in range(3):
        _icon(draw, unit * 3 // 2 + n * unit * 5 // 2, middle, unit * 3 // 2, n, theme.ink)
    _icon(draw, theme.width - unit * 3 // 2, middle, unit * 3 // 2, 3, theme.ink)
    return strip


def _text(theme: Theme, rng: Generator, lines: int) -> Picture:
    strip, draw = theme.strip(1.4 * lines + 1)
    box = (theme.unit, 0, theme.width - theme.unit, strip.height)
    lines_of_text(draw, box, rng, theme.unit, theme.ink)
    return strip


def full_width(theme: Theme, rng: Generator, image: Picture, cut: bool) -> Picture:
    """The picture over the full width, whole (narrower if it is high), or cut to the app's form."""
    if cut:
        form = either(rng, 1.0, 1.25, 1.0, 1 / 1.91, 0.75)
        return ImageOps.fit(image, (theme.width, round(theme.width * form)))
    height = min(round(theme.width * image.height / image.width), round(0.62 * theme.height))
    ground = either(rng, theme.paper, (0, 0, 0))
    return ImageOps.pad(image, (theme.width, max(1, height)), color=ground)


def _post(theme: Theme, rng: Generator, image: Picture, cut: bool) -> list[Picture]:
    """Author, picture, buttons, a few lines."""
    shown = full_width(theme, rng, image, cut)
    return [_author(theme, rng), shown, _buttons(theme, rng), _text(theme, rng, int(rng.integers(1, 4)))]


# Screens of telephones


def post(image: Picture, rng: Generator, cut: bool = False) -> Picture:
    """A post in an app, with comments: the picture whole, or cut to the app's form."""
    theme = phone(rng)
    head, foot = top_strips(theme, rng), [_bar(theme, rng, False)]
    body = _post(theme, rng, image, cut)
    room = theme.height - high([*head, *body, *foot])
    if room > 3 * theme.unit:
        body.append(_text(theme, rng, round(room / theme.unit / 1.4)))
    return pile(theme, head, body, foot, high(head))


def _post_cut(image: Picture, rng: Generator) -> Picture:
    return post(image, rng, cut=True)


def _viewer(image: Picture, rng: Generator) -> Picture:
    """A gallery's full screen: the picture in the middle, black around it."""
    theme = phone(rng)
    page = ImageOps.pad(image, (theme.width, theme.height), color=either(rng, (0, 0, 0), theme.paper))
    for strip, top in ((_status(theme, rng), 0), (_bar(theme, rng, False), theme.height - 3 * theme.unit)):
        page.paste(strip, (0, top))
    return page


def story(image: Picture, rng: Generator) -> Picture:
    """Cut to fill the screen, with a name above, a line of text and a field for an answer over it."""
    theme = phone(rng)
    page = ImageOps.fit(image, (theme.width, round(theme.width * 16 / 9)))
    draw, unit = ImageDraw.Draw(page), theme.unit
    for n in range(3):
        left = unit // 2 + n * (page.width - unit) // 3
        draw.rectangle((left, unit // 2, left + (page.width - 2 * unit) // 3, unit * 3 // 4), fill="white")
    draw.ellipse((unit, unit * 3 // 2, unit * 3, unit * 7 // 2), fill=flat_colour(rng))
    draw.text((unit * 4, unit * 5 // 2), words(rng, 2), fill="white", font=font(unit), anchor="lm")
    place = (page.width // 2, round(between(rng, 0.2, 0.8) * page.height))
    draw.text(place, words(rng, 3), fill="white", font=font(unit * 2), anchor="mm", stroke_width=2, stroke_fill="black")
    box = (unit, page.height - 3 * unit, page.width - 5 * unit, page.height - unit)
    draw.rounded_rectangle(box, unit, outline="white", width=max(1, unit // 10))
    _icon(draw, page.width - 3 * unit, page.height - 2 * unit, unit * 3 // 2, 2, "white")
    return page


def _feed(image: Picture, rng: Generator, other: Picture) -> Picture:
    """Two posts: the picture's, whole or cut, and another one that the screen's edge cuts off."""
    theme = phone(rng)
    head, foot = top_strips(theme, rng), [_bar(theme, rng, False)]
    mine = _post(theme, rng, image, bool(rng.integers(2)))
    theirs = _post(theme, rng, other_part(other, rng), True)
    if rng.integers(2):
        # Scrolled so far that some of what is under the author's name of theirs shows.
        room = theme.height - high(foot) - high(mine[:2]) - round(0.25 * theme.height)
        start = min(high(head), room)
        return pile(theme, head, [*mine, *theirs], foot, max(start, high(head) - mine[0].height))
    start = max(theme.height - high(foot) - high(mine), high(head) + theme.unit * 6)
    return pile(theme, head, [*theirs, *mine], foot, min(start, theme.height - high(mine[:2])) - high(theirs))


def chat(image: Picture, rng: Generator) -> Picture:
    """Two bubbles of text, and the picture in a third, with round corners."""
    theme = phone(rng)
    head, foot = top_strips(theme, rng), [_bar(theme, rng, False)]
    page = pile(theme, head, [], foot, 0)
    draw, unit, top = ImageDraw.Draw(page), theme.unit, high(head) + theme.unit
    wide = round(theme.width * between(rng, 0.6, 0.78))
    shown = ImageOps.contain(image, (wide, theme.height - top - high(foot) - 12 * unit))
    for side, content in ((0, None), (int(rng.integers(2)), shown), (1, None)):
        size = (wide, 4 * unit) if content is None else content.size
        left = unit if side == 0 else theme.width - unit - size[0]
        box = (left, top, left + size[0], top + size[1])
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), unit, fill=255)
        page.paste(Image.new("RGB", size, theme.accent) if content is None else content, box, mask)
        if content is None:
            lines_of_text(draw, (left + unit, top + unit // 2, box[2] - unit, box[3]), rng, unit, theme.paper)
        top = box[3] + unit
    return page


def _behind(image: Picture, rng: Generator) -> Picture:
    """Whole, on a telephone's screen that is filled with the picture itself, enlarged and blurred."""
    theme = phone(rng)
    page = ImageOps.fit(image, (theme.width, theme.height)).filter(ImageFilter.GaussianBlur(theme.unit))
    wide = round(theme.width * between(rng, 0.8, 1))
    shown = ImageOps.contain(image, (wide, round(0.7 * theme.height)))
    page.paste(shown, ((theme.width - shown.width) // 2, (theme.height - shown.height) // 2))
    page.paste(_status(theme, rng), (0, 0))
    return page


EDITS = (
    Edit("app-post", "parts", "a post in an app, the picture whole", post),
    Edit("app-post-cut", "parts", "a post in an app, cut to the app's form", _post_cut),
    Edit("app-viewer", "parts", "a gallery's full screen, bars above and below", _viewer),
    Edit("app-story", "parts", "cut to a screen of 9 : 16, text over it", story),
    Edit("app-story-whole", "parts", "on a screen filled with itself, blurred", _behind),
    Edit("app-feed", "parts", "one of two posts in a feed", _feed, needs_other=True),
    Edit("app-chat", "parts", "in a chat, with round corners", chat),
)
