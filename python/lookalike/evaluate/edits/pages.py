"""Pages in a browser and of shops, with the picture among texts and other pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .canvas import between, font, lines_of_text, words
from .collages import other_part
from .edit import Edit
from .screens import Theme, full_width, high, phone, pile, theme_of, top_strips

__all__ = ["EDITS", "browser", "shop"]

Generator = np.random.Generator
Picture = Image.Image
Box = tuple[int, int, int, int]


def _desk(rng: Generator) -> Theme:
    return theme_of(rng, between(rng, 1100, 1440), between(rng, 0.56, 0.68), between(rng, 70, 95))


def _window(theme: Theme, rng: Generator) -> tuple[Picture, ImageDraw.ImageDraw, int]:
    """An empty browser over the whole screen: tabs, buttons, the address; and where its page begins."""
    page = Image.new("RGB", (theme.width, theme.height), theme.paper)
    draw, unit = ImageDraw.Draw(page), theme.unit
    bar = tuple((3 * level + 128) // 4 for level in theme.paper)
    draw.rectangle((0, 0, page.width, 5 * unit), fill=bar)
    for n in range(int(rng.integers(1, 5))):
        left = 6 * unit + n * 13 * unit
        draw.rounded_rectangle((left, unit // 2, left + 12 * unit, 3 * unit), unit // 2, fill=theme.paper)
        draw.text((left + unit, unit), words(rng, 2), fill=theme.ink, font=font(unit))
    for n, level in enumerate(((230, 90, 80), (230, 190, 60), (90, 190, 90))):
        draw.ellipse((unit + n * unit * 3 // 2, unit, 2 * unit + n * unit * 3 // 2, 2 * unit), fill=level)
    box = (7 * unit, unit * 5 // 2, page.width - 8 * unit, unit * 9 // 2)
    draw.rounded_rectangle(box, unit, fill=theme.paper)
    address = f"{words(rng, 1)}.example/{words(rng, 1)}/{int(rng.integers(10**6))}"
    draw.text((8 * unit, 3 * unit), address, fill=theme.ink, font=font(unit))
    return page, draw, 5 * unit


def _into(page: Picture, box: Box, image: Picture, cut: bool) -> Box:
    """Put a picture into a box (left, top, right, bottom), whole or cut; where it lies."""
    size = (max(1, box[2] - box[0]), max(1, box[3] - box[1]))
    shown = ImageOps.fit(image, size) if cut else ImageOps.contain(image, size)
    left, top = box[0] + (size[0] - shown.width) // 2, box[1] + (size[1] - shown.height) // 2
    page.paste(shown, (left, top))
    return left, top, left + shown.width, top + shown.height


def browser(image: Picture, rng: Generator) -> Picture:
    """A page with a list at the left, a heading, the picture, text under and beside it."""
    theme = _desk(rng)
    page, draw, top = _window(theme, rng)
    unit = theme.unit
    left = round(theme.width * between(rng, 0.1, 0.2))
    right = left + round(theme.width * between(rng, 0.45, 0.6))
    for line in range(top + 2 * unit, theme.height, 3 * unit):
        draw.text((unit, line), words(rng, 1), fill=theme.ink, font=font(unit))
    draw.text((left, top + unit), words(rng, 4).title(), fill=theme.ink, font=font(2 * unit))
    box = (left, top + 4 * unit, right, theme.height - 5 * unit)
    low = _into(page, box, image, cut=False)[3]
    lines_of_text(draw, (left, low + unit, right, theme.height), rng, unit, theme.ink)
    lines_of_text(draw, (right + 2 * unit, top + 2 * unit, theme.width - unit, theme.height), rng, unit, theme.ink)
    return page


def shop(image: Picture, rng: Generator, other: Picture) -> Picture:
    """A product's page: small pictures, the large one, name and price; a row of others under it."""
    theme = _desk(rng)
    page, draw, top = _window(theme, rng)
    unit, width = theme.unit, theme.width
    _heading(theme, draw, rng, top)
    top, low = top + 5 * unit, theme.height - round(0.24 * theme.height)
    small = (low - top) // 4 - unit // 2
    for row in range(4):
        y = top + row * (small + unit // 2)
        _into(page, (2 * unit, y, 2 * unit + small, y + small), other_part(other, rng), cut=True)
    middle = round(width * between(rng, 0.55, 0.65))
    _into(page, (3 * unit + small, top, middle, low), image, cut=False)
    _offer(theme, draw, rng, (middle + 2 * unit, top, width - 2 * unit, low))
    _row(theme, page, rng, other, low + unit, int(rng.integers(4, 7)))
    return page


def _heading(theme: Theme, draw: ImageDraw.ImageDraw, rng: Generator, top: int) -> None:
    """A shop's name, a field to search in, its departments."""
    unit = theme.unit
    draw.text((2 * unit, top + unit), words(rng, 1).upper(), fill=theme.accent, font=font(2 * unit))
    box = (theme.width // 4, top + unit, theme.width * 3 // 4, top + 3 * unit)
    draw.rounded_rectangle(box, unit // 2, outline=theme.ink)
    draw.text((theme.width * 3 // 4 + 2 * unit, top + unit), words(rng, 3), fill=theme.ink, font=font(unit))


def _offer(theme: Theme, draw: ImageDraw.ImageDraw, rng: Generator, box: Box) -> None:
    """Name, price, a button, some lines."""
    unit, (left, top, right, low) = theme.unit, box
    draw.text((left, top), words(rng, 3).title(), fill=theme.ink, font=font(unit * 3 // 2))
    price = f"{int(rng.integers(5, 400))}.{int(rng.integers(100)):02d}"
    draw.text((left, top + 3 * unit), price, fill=theme.accent, font=font(2 * unit))
    button = (left, top + 6 * unit, max(left + 1, min(right, left + 14 * unit)), top + 9 * unit)
    draw.rounded_rectangle(button, unit, fill=theme.accent)
    draw.text((left + unit, top + unit * 15 // 2), words(rng, 2), fill=theme.paper, font=font(unit), anchor="lm")
    lines_of_text(draw, (left, top + 10 * unit, right, low), rng, unit, theme.ink)


def _row(theme: Theme, page: Picture, rng: Generator, other: Picture, top: int, count: int) -> None:
    """Other pictures side by side, down to the screen's edge."""
    unit = theme.unit
    wide = (theme.width - unit) // count - unit
    for place in range(count):
        left = unit + place * (wide + unit)
        _into(page, (left, top, left + wide, theme.height - unit // 2), other_part(other, rng), cut=True)


def _shop_phone(image: Picture, rng: Generator, other: Picture) -> Picture:
    """A product's page on a telephone: the picture, a row of small ones, the offer, two others."""
    theme = phone(rng)
    head = [*top_strips(theme, rng), full_width(theme, rng, image, cut=False)]
    page = pile(theme, head, [], [], 0)
    draw, unit, top = ImageDraw.Draw(page), theme.unit, high(head) + theme.unit // 2
    side = theme.width // 5 - unit // 2
    for place in range(5):
        left = unit // 4 + place * (side + unit // 2)
        _into(page, (left, top, left + side, top + side), other_part(other, rng), cut=True)
    top += side + unit
    _offer(theme, draw, rng, (unit, top, theme.width - unit, top + 15 * unit))
    if top + 17 * unit < theme.height:
        _row(theme, page, rng, other, top + 16 * unit, 2)
    return page


def _results(image: Picture, rng: Generator, other: Picture) -> Picture:
    """What a search in a shop shows: two rows of three, each picture whole on white, with a name and a price."""
    theme = _desk(rng)
    page, draw, top = _window(theme, rng)
    unit = theme.unit
    _heading(theme, draw, rng, top)
    top += 4 * unit
    across, down = theme.width // 3, (theme.height - top) // 2
    mine = int(rng.integers(6))
    for place in range(6):
        left, high = (place % 3) * across + unit, top + (place // 3) * down
        content = image if place == mine else other_part(other, rng)
        low = high + down - 4 * unit
        _into(page, (left, high + unit, left + across - 2 * unit, low), content, cut=False)
        draw.text((left, low + unit // 2), words(rng, 3), fill=theme.ink, font=font(unit))
        draw.text((left, low + 2 * unit), f"{int(rng.integers(5, 400))}.00", fill=theme.accent, font=font(unit))
    return page


EDITS = (
    Edit("browser-page", "parts", "in a page of text in a browser", browser),
    Edit("shop-page", "parts", "a product's page with other pictures, in a browser", shop, needs_other=True),
    Edit("shop-page-phone", "parts", "a product's page with other pictures, on a telephone", _shop_phone,
         needs_other=True),
    Edit("shop-results", "parts", "one of six in a shop's list", _results, 6, needs_other=True),
)  # fmt: skip
