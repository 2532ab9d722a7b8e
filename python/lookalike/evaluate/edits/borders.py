"""Something around the whole picture: frames, letterboxes, captions, and the screens of apps."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from .canvas import between, either, flat_colour, font, lines_of_text, words
from .edit import Edit

__all__ = ["EDITS", "barred", "captioned", "framed", "phone"]

Generator = np.random.Generator


def _contrast(paper: Any) -> tuple[int, int, int]:
    return (20, 20, 20) if sum(paper) > 380 else (240, 240, 240)


def framed(image: Image.Image, rng: Generator, per_cent: float) -> Image.Image:
    """A frame of one colour, so wide of the shorter side, give or take a fifth."""
    return ImageOps.expand(image, _width(image, rng, per_cent), flat_colour(rng))


def _width(image: Image.Image, rng: Generator, per_cent: float) -> int:
    return max(1, round(per_cent / 100 * min(image.size) * between(rng, 0.8, 1.2)))


def _double(image: Image.Image, rng: Generator) -> Image.Image:
    return framed(framed(image, rng, between(rng, 1, 3)), rng, between(rng, 4, 9))


def _uneven(image: Image.Image, rng: Generator) -> Image.Image:
    left, top, right, bottom = (round(between(rng, 0, 0.12) * min(image.size)) for _ in range(4))
    return ImageOps.expand(image, (left, top, right, bottom), flat_colour(rng))


def barred(image: Image.Image, rng: Generator, per_cent: float, side: str) -> Image.Image:
    """Bars of one colour above and below (or left and right), each so much of the picture's side."""
    share = per_cent / 100 * between(rng, 0.8, 1.2)
    across, down = (0, round(share * image.height)) if side == "letter" else (round(share * image.width), 0)
    return ImageOps.expand(image, (across, down, across, down), either(rng, (0, 0, 0), (0, 0, 0), flat_colour(rng)))


def _square(image: Image.Image, rng: Generator) -> Image.Image:
    side = max(image.size)
    paper = Image.new("RGB", (side, side), flat_colour(rng))
    paper.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return paper if image.width != image.height else framed(image, rng, 6)


def captioned(image: Image.Image, rng: Generator, places: str, lines: int = 2) -> Image.Image:
    """Bars with a text: `places` is any of `"above"`, `"below"`, `"both"`."""
    size = max(8, round(between(rng, 0.04, 0.065) * image.width))
    bar = round(size * (1.4 * lines + 1.2))
    above, below = bar if places != "below" else 0, bar if places != "above" else 0
    paper = either(rng, (255, 255, 255), (255, 255, 255), (0, 0, 0), flat_colour(rng))
    page = Image.new("RGB", (image.width, image.height + above + below), paper)
    page.paste(image, (0, above))
    draw = ImageDraw.Draw(page)
    for top in ([0] if above else []) + ([above + image.height] if below else []):
        box = (size // 2, top + size // 2, page.width - size // 2, top + bar)
        lines_of_text(draw, box, rng, size, _contrast(paper))
    return page


def _polaroid(image: Image.Image, rng: Generator) -> Image.Image:
    side = round(between(rng, 0.04, 0.08) * min(image.size))
    foot = round(side * between(rng, 2.5, 4))
    paper = tuple(int(rng.integers(238, 256)) for _ in range(3))
    page = ImageOps.expand(image, (side, side, side, foot), paper)
    place = (page.width // 2, page.height - foot // 2)
    ImageDraw.Draw(page).text(place, words(rng, 3), fill=(40, 40, 70), font=font(foot // 3), anchor="mm")
    return page


def _paper(rng: Generator) -> tuple[int, int, int]:
    level = either(rng, int(rng.integers(244, 256)), int(rng.integers(10, 40)))
    return (level, level, level)


def _icons(draw: ImageDraw.ImageDraw, left: int, middle: int, size: int, count: int, ink: Any) -> None:
    for number in range(count):
        x = left + number * 2 * size
        draw.ellipse((x, middle - size // 2, x + size, middle + size // 2), outline=ink, width=max(1, size // 8))


def phone(image: Image.Image, rng: Generator) -> Image.Image:
    """A telephone's screen: the clock, an app's head, the picture over the full width, icons, comments."""
    unit = max(6, round(image.width / between(rng, 22, 30)))
    paper = _paper(rng)
    ink = _contrast(paper)
    head, foot = round(unit * between(rng, 3.5, 6)), round(unit * between(rng, 4, 14))
    page = Image.new("RGB", (image.width, image.height + head + foot), paper)
    page.paste(image, (0, head))
    draw = ImageDraw.Draw(page)
    draw.text((unit, unit // 3), f"{int(rng.integers(24)):02d}:{int(rng.integers(60)):02d}", fill=ink, font=font(unit))
    draw.rectangle((page.width - 3 * unit, unit // 2, page.width - unit, unit * 5 // 4), outline=ink)
    draw.ellipse((unit, 2 * unit, unit * 5 // 2, unit * 7 // 2), fill=flat_colour(rng))
    draw.text((3 * unit, 2 * unit), words(rng, 2), fill=ink, font=font(unit))
    below = head + image.height
    _icons(draw, unit, below + unit * 3 // 2, unit * 5 // 4, 3, ink)
    lines_of_text(draw, (unit, below + 3 * unit, page.width - unit, page.height - unit // 2), rng, unit, ink)
    return page


def _browser(image: Image.Image, rng: Generator) -> Image.Image:
    unit = max(6, round(image.width / between(rng, 35, 50)))
    paper = _paper(rng)
    ink = _contrast(paper)
    side, head, foot = (round(unit * between(rng, *span)) for span in ((2, 8), (4, 7), (1, 6)))
    page = Image.new("RGB", (image.width + 2 * side, image.height + head + foot), paper)
    draw = ImageDraw.Draw(page)
    bar = tuple((3 * level + 128) // 4 for level in paper)
    draw.rectangle((0, 0, page.width, 3 * unit), fill=bar)
    _icons(draw, unit, unit * 3 // 2, unit, 3, ink)
    draw.rounded_rectangle((8 * unit, unit // 2, page.width - 2 * unit, unit * 5 // 2), unit // 2, fill=paper)
    draw.text((9 * unit, unit), words(rng, 1) + ".example/" + words(rng, 1), fill=ink, font=font(unit))
    page.paste(image, (side, head))
    return page


def _slide(image: Image.Image, rng: Generator) -> Image.Image:
    width = round(image.width * between(rng, 1.15, 1.5))
    height = round(image.height * between(rng, 1.25, 1.5))
    paper = flat_colour(rng)
    page = Image.new("RGB", (width, height), paper)
    size = max(8, height // 14)
    ImageDraw.Draw(page).text((size, size // 2), words(rng, 4), fill=_contrast(paper), font=font(size))
    page.paste(image, ((width - image.width) // 2, height - image.height - size // 2))
    return page


def _card(image: Image.Image, rng: Generator) -> Image.Image:
    paper = Image.new("RGB", image.size, flat_colour(rng))
    mask = Image.new("L", image.size)
    radius = round(between(rng, 0.02, 0.06) * min(image.size))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius, fill=255)
    colour = paper.getpixel((0, 0))
    return ImageOps.expand(Image.composite(image, paper, mask), _width(image, rng, 7), colour)  # type: ignore[arg-type]


EDITS = (
    *(
        Edit(f"frame-{width}", "borders", f"a frame of one colour, {width} % of the shorter side ± a fifth",
             partial(framed, per_cent=width), width)
        for width in (1, 3, 6, 12, 25)
    ),
    Edit("frame-double", "borders", "a narrow frame in a wider one", _double),
    Edit("frame-uneven", "borders", "a frame, 0 to 12 % wide, other on each side", _uneven),
    *(
        Edit(f"letterbox-{bar}", "borders", f"bars above and below, each {bar} % of the height ± a fifth",
             partial(barred, per_cent=bar, side="letter"), bar)
        for bar in (6, 14, 35)
    ),
    *(
        Edit(f"pillarbox-{bar}", "borders", f"bars left and right, each {bar} % of the width ± a fifth",
             partial(barred, per_cent=bar, side="pillar"), bar)
        for bar in (8, 20, 45)
    ),
    Edit("square-pad", "borders", "made square by bars", _square),
    Edit("caption-above", "borders", "a bar with text above", partial(captioned, places="above")),
    Edit("caption-below", "borders", "a bar with text below", partial(captioned, places="below")),
    Edit("caption-both", "borders", "bars with text above and below", partial(captioned, places="both")),
    Edit("caption-long", "borders", "six lines of text above", partial(captioned, places="above", lines=6)),
    Edit("polaroid", "borders", "a white frame with a broad foot and a line of text", _polaroid),
    Edit("screenshot-phone", "borders", "an app on a telephone around it", phone),
    Edit("screenshot-browser", "borders", "a browser around it", _browser),
    Edit("slide", "borders", "on a slide with a title", _slide),
    Edit("card", "borders", "round corners on flat colour", _card),
)  # fmt: skip
