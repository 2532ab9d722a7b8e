"""Hard negatives that are made: sets of pictures that share much, each from another photograph, none a copy.

A shop's mark, the same caption, the screen of one app, one frame, one backdrop: whatever looks for parts of pictures
finds such a part in all of them. `made_set` makes one of the sets of `SETS` from photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .edits.borders import captioned
from .edits.canvas import between, colour, encoded, font, lines_of_text, words
from .edits.edit import QUALITY, generator
from .edits.geometry import cropped
from .edits.hard import stickered
from .edits.marks import corner_text, tiled
from .edits.pages import browser, shop
from .edits.screens import post, story
from .textures import SURFACES, code, page, surface

__all__ = ["SETS", "NegativeSet", "made_set"]

Generator = np.random.Generator
Picture = Image.Image
Change = Callable[[Picture, Generator, Generator], Picture]

_SIDE = 720
"""Pixels of a surface's picture."""


@dataclass(frozen=True)
class NegativeSet:
    """A way to make pictures that are alike and no copies of each other.

    Attributes:
        name: unique.
        text: what they share, in a line.
        change: takes a photograph, a generator that starts alike for every picture of the set, and one of its own.
    """

    name: str
    text: str
    change: Change

    def make(self, picture: Picture, seed: int, name: str) -> bytes:
        """One picture of the set, as the bytes of a file.

        Args:
            picture: in RGB, as `normal` gives it.
            seed: of the set.
            name: of the photograph: what is the picture's own depends on it.
        """
        # An original's name is never empty, so that nothing of a picture's own is drawn like what is common.
        common, own = generator(seed, "", self.name), generator(seed, name, self.name)
        return encoded(self.change(picture, common, own), "JPEG", quality=int(own.integers(*QUALITY)))


def made_set(name: str, pictures: Sequence[Picture], seed: int = 0, names: Sequence[str] | None = None) -> list[bytes]:
    """A set of as many pictures as there are photographs, as bytes of files.

    Args:
        name: of one of `SETS`.
        pictures: different photographs, in RGB.
        seed: of everything that is drawn.
        names: of the photographs; by default their numbers.

    Raises:
        ValueError: for a name that no set has.
    """
    if name not in SETS:
        raise ValueError(f"expected one of the sets {', '.join(SETS)}; got {name!r}")
    named = [str(number) for number in range(len(pictures))] if names is None else names
    return [SETS[name].make(picture, seed, own) for picture, own in zip(pictures, named, strict=True)]


# Marks and texts over photographs


def _watermark(image: Picture, common: Generator, own: Generator) -> Picture:
    return corner_text(image, common)


def _brand(image: Picture, common: Generator, own: Generator) -> Picture:
    """A round mark with a ring of letters, a fifth to a third of the shorter side."""
    side = max(24, round(between(common, 0.2, 0.33) * min(image.size)))
    mark = Image.new("RGBA", (400, 400))
    draw = ImageDraw.Draw(mark)
    draw.ellipse((5, 5, 395, 395), fill=(*colour(common), 255), outline=(255, 255, 255, 255), width=8)
    draw.ellipse((95, 95, 305, 305), fill=(*colour(common), 255), outline=(255, 255, 255, 255), width=6)
    ink = (255, 255, 255, 255)
    letters = words(common, 6).upper()[:24]
    for place, letter in enumerate(letters):
        angle = 2 * np.pi * place / len(letters)
        at = (200 + 150 * np.cos(angle), 200 + 150 * np.sin(angle))
        draw.text(at, letter, fill=ink, font=font(52), anchor="mm")
    draw.text((200, 200), words(common, 1).upper()[:2], fill=ink, font=font(130), anchor="mm")
    copy, air = image.copy(), side // 8
    place_of = (image.width - side - air, image.height - side - air)
    mark = mark.resize((side, side), Image.Resampling.LANCZOS)
    copy.paste(mark, (max(0, place_of[0]), max(0, place_of[1])), mark)
    return copy


def _tiled(image: Picture, common: Generator, own: Generator) -> Picture:
    return tiled(image, common, 0.35)


def _banner(image: Picture, common: Generator, own: Generator) -> Picture:
    return captioned(image, common, "both", lines=3)


def _sale(image: Picture, common: Generator, own: Generator) -> Picture:
    """A star with a price, two fifths of the shorter side, and a ribbon with text over the foot."""
    copy = image.copy()
    draw = ImageDraw.Draw(copy)
    side = 0.4 * min(image.size)
    turns = np.arange(32) * np.pi / 16
    reach = np.where(np.arange(32) % 2, 0.4, 0.5) * side
    points = np.stack([0.55 * side + reach * np.cos(turns), 0.55 * side + reach * np.sin(turns)], 1)
    draw.polygon([tuple(point) for point in points.tolist()], (220, 30, 40), outline=(255, 255, 255))
    middle, size = round(0.55 * side), round(0.2 * side)
    draw.text((middle, middle), f"-{int(common.integers(20, 80))} %", fill="yellow", font=font(size), anchor="mm")
    draw.text((middle, middle + size), words(common, 1).upper(), fill="white", font=font(size * 2 // 3), anchor="mm")
    top = round(0.88 * image.height)
    draw.rectangle((0, top, image.width, round(0.97 * image.height)), fill=colour(common))
    size = max(8, round(0.05 * image.height))
    draw.text((size, top + size // 3), words(common, 8), fill="white", font=font(size))
    return copy


def _note(image: Picture, common: Generator, own: Generator) -> Picture:
    """A panel with eight lines of text over a third of the picture."""
    copy = image.copy()
    width, height = image.size
    box = (round(0.06 * width), round(0.56 * height), round(0.94 * width), round(0.94 * height))
    draw = ImageDraw.Draw(copy)
    draw.rectangle(box, fill=(252, 250, 240), outline=(40, 40, 40), width=2)
    size = max(7, round(0.38 * height / 13))
    lines_of_text(draw, (box[0] + size, box[1] + size, box[2] - size, box[3] - size), common, size, (20, 20, 20))
    return copy


# Screens, templates, backdrops


def _post(image: Picture, common: Generator, own: Generator) -> Picture:
    return post(image, common)


def _story(image: Picture, common: Generator, own: Generator) -> Picture:
    return story(image, common)


def _browser(image: Picture, common: Generator, own: Generator) -> Picture:
    return browser(image, common)


def _shop(image: Picture, common: Generator, own: Generator) -> Picture:
    """One shop's pages; the small pictures are parts of the large one, so that no two pages have any in common."""
    return shop(image, common, image)


def _template(image: Picture, common: Generator, own: Generator) -> Picture:
    """A card of three pictures, with a title, ornaments and a patterned ground."""
    page = surface("dots", (500, 625), common, common).resize((1000, 1250), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(page)
    draw.rectangle((60, 30, 940, 150), fill=(255, 255, 255))
    draw.text((500, 90), words(common, 3).title(), fill=colour(common), font=font(64), anchor="mm")
    for box, per_cent in (((60, 180, 940, 780), 100), ((60, 810, 485, 1210), 40), ((515, 810, 940, 1210), 40)):
        part = image if per_cent == 100 else cropped(image, own, per_cent, "any")
        page.paste(ImageOps.fit(part, (box[2] - box[0], box[3] - box[1])), box)
        draw.rectangle(box, outline=(255, 255, 255), width=8)
    return stickered(page, common, 6, 12)


def _frame(image: Picture, common: Generator, own: Generator) -> Picture:
    """The same ornamental frame, a tenth of the side wide."""
    page = surface("tiles", (700, 700), common, common)
    page.paste(ImageOps.fit(image, (560, 560)), (70, 70))
    ImageDraw.Draw(page).rectangle((65, 65, 635, 635), outline=(240, 220, 150), width=5)
    return page


def _on_backdrop(image: Picture, common: Generator, own: Generator, name: str) -> Picture:
    """Something cut out of the photograph, of a form of its own, before the same wall or cloth with a shadow on it."""
    page = surface(name, (_SIDE, _SIDE), common, common)
    turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    reach = np.full(72, 0.36)
    for waves in (2, 3, 5):
        reach += own.normal(0, 0.035) * np.cos(waves * turns + between(own, 0, 6.28))
    reach = np.clip(reach, 0.22, 0.46) * _SIDE
    centre = _SIDE / 2 + own.uniform(-25, 25, 2)
    points = np.stack([centre[0] + reach * np.cos(turns), centre[1] + reach * np.sin(turns)], 1)
    mask = Image.new("L", page.size)
    ImageDraw.Draw(mask).polygon([tuple(point) for point in points.tolist()], fill=255)
    shadow = mask.filter(ImageFilter.GaussianBlur(14)).point([level * 2 // 5 for level in range(256)])
    page.paste((0, 0, 0), (12, 16), shadow)
    page.paste(ImageOps.fit(image, page.size), mask=mask)
    return page


def _surface(image: Picture, common: Generator, own: Generator, name: str) -> Picture:
    return surface(name, (_SIDE, _SIDE * 3 // 4), common, own)


def _page(image: Picture, common: Generator, own: Generator) -> Picture:
    return page(common, own)


def _code(image: Picture, common: Generator, own: Generator) -> Picture:
    return code(common, own)


_MADE = (
    NegativeSet("watermark", "a shop's name in the same corner", _watermark),
    NegativeSet("brand", "a round mark with letters, a fifth to a third of the shorter side", _brand),
    NegativeSet("tiled-watermark", "a text all over, 35 % opaque", _tiled),
    NegativeSet("banner", "the same three lines of text above and below", _banner),
    NegativeSet("sale", "a star with a price, and a ribbon with text", _sale),
    NegativeSet("note", "a panel with eight lines of text over a third", _note),
    NegativeSet("app-post", "a post of the same app, author and text", _post),
    NegativeSet("app-story", "the same name and text over a story", _story),
    NegativeSet("browser", "the same page of text around it", _browser),
    NegativeSet("shop-page", "the page of one shop around it", _shop),
    NegativeSet("template", "a card of three pictures with title and ornaments", _template),
    NegativeSet("frame", "the same ornamental frame", _frame),
    *(
        NegativeSet(f"backdrop-{name}", f"something else before the same {name}", partial(_on_backdrop, name=name))
        for name in ("bricks", "fabric", "grid", "tiles")
    ),
    *(
        NegativeSet(f"texture-{name}", f"{name}, each begun elsewhere and lit otherwise", partial(_surface, name=name))
        for name in SURFACES
    ),
    NegativeSet("text-pages", "letterhead and letters; other words", _page),
    NegativeSet("codes", "square codes with other bits, the same text below", _code),
)  # fmt: skip

SETS = {made.name: made for made in _MADE}
"""The sets, by name."""
