"""Mild edits that put something small or translucent on the picture: watermarks, logos, dates."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from .canvas import between, colour, either, font, text_size, words
from .edit import Edit

__all__ = ["EDITS", "corner_text", "logo", "tiled", "trimmed"]

Generator = np.random.Generator


def _over(image: Image.Image, layer: Image.Image) -> Image.Image:
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _ink(rng: Generator, opacity: float) -> tuple[int, int, int, int]:
    level = either(rng, (255, 255, 255), (255, 255, 255), (0, 0, 0), colour(rng))
    return (*level, round(255 * opacity))


def tiled(image: Image.Image, rng: Generator, opacity: float = 0.25) -> Image.Image:
    """A short text all over the picture, on a slant."""
    size = round(between(rng, 0.03, 0.06) * max(image.size))
    text, ink = words(rng, 2), _ink(rng, opacity * between(rng, 0.8, 1.2))
    side = round(1.5 * max(image.size))
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    width = text_size(text, size)[0]
    for row, y in enumerate(range(0, side, round(size * between(rng, 2.5, 4)))):
        for x in range(-(row % 2) * width // 2, side, width + 2 * size):
            draw.text((x, y), text, fill=ink[3], font=font(size))
    mask = mask.rotate(between(rng, 15, 40), Image.Resampling.BILINEAR)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    copy = image.copy()
    copy.paste(ink[:3], mask=mask.crop((left, top, left + image.width, top + image.height)))
    return copy


def _corner(rng: Generator, room: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Where something goes so that it stands in a corner, with a little air."""
    air = round(between(rng, 0.01, 0.04) * min(room))
    x = either(rng, air, room[0] - size[0] - air)
    y = either(rng, air, room[1] - size[1] - air)
    return max(0, x), max(0, y)


def corner_text(image: Image.Image, rng: Generator) -> Image.Image:
    """A name in a corner."""
    size = round(between(rng, 0.025, 0.05) * max(image.size))
    text = "© " + words(rng, int(rng.integers(1, 4)))
    layer = Image.new("RGBA", image.size)
    width, height = text_size(text, size)
    ImageDraw.Draw(layer).text(
        _corner(rng, image.size, (width, 2 * height)), text, fill=_ink(rng, between(rng, 0.5, 1)), font=font(size)
    )
    return _over(image, layer)


def _centre_text(image: Image.Image, rng: Generator) -> Image.Image:
    text = words(rng, 1).upper()
    size = round(between(rng, 0.5, 0.8) * image.width / (0.65 * len(text)))
    size = min(size, image.height // 2)
    layer = Image.new("RGBA", image.size)
    place = (image.width // 2, image.height // 2)
    ImageDraw.Draw(layer).text(place, text, fill=_ink(rng, between(rng, 0.2, 0.4)), font=font(size), anchor="mm")
    return _over(image, layer.rotate(between(rng, 0, 30), Image.Resampling.BILINEAR))


def logo(image: Image.Image, rng: Generator, per_cent: float = 10) -> Image.Image:
    """A badge of two colours with a letter in a corner, its side so many per cent of the picture's shorter side."""
    side = max(8, round(per_cent / 100 * min(image.size) * between(rng, 0.8, 1.2)))
    layer = Image.new("RGBA", image.size)
    draw = ImageDraw.Draw(layer)
    x, y = _corner(rng, image.size, (side, side))
    shape = either(rng, draw.ellipse, draw.rectangle)
    shape((x, y, x + side, y + side), fill=(*colour(rng), 255))
    letter = words(rng, 1)[0].upper()
    draw.text((x + side // 2, y + side // 2), letter, fill=(*colour(rng), 255), font=font(side * 2 // 3), anchor="mm")
    return _over(image, layer)


def _dated(image: Image.Image, rng: Generator) -> Image.Image:
    size = round(between(rng, 0.03, 0.045) * max(image.size))
    day, month, year = (int(rng.integers(*span)) for span in ((1, 29), (1, 13), (1, 27)))
    text = f"{day:02d}.{month:02d}.'{year:02d}"
    width, height = text_size(text, size)
    copy = image.copy()
    place = (max(0, image.width - width - size), max(0, image.height - 2 * height - size // 2))
    ImageDraw.Draw(copy).text(place, text, fill=(255, int(rng.integers(120, 190)), 30), font=font(size))
    return copy


def _rounded(image: Image.Image, rng: Generator) -> Image.Image:
    mask = Image.new("L", image.size)
    radius = round(between(rng, 0.03, 0.1) * min(image.size))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius, fill=255)
    return Image.composite(image, Image.new("RGB", image.size, either(rng, "white", "black")), mask)


def trimmed(image: Image.Image, rng: Generator, least: float = 0.002, most: float = 0.012) -> Image.Image:
    """The picture with a different little taken off each side: shares of the side's length."""
    left, top, right, bottom = (between(rng, least, most) for _ in range(4))
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), width - round(right * width), height - round(bottom * height))
    )


EDITS = (
    Edit("watermark-tiled-faint", "mild", "a text all over, 15 % opaque", partial(tiled, opacity=0.15), 15),
    Edit("watermark-tiled", "mild", "a text all over, 30 % opaque", partial(tiled, opacity=0.3), 30),
    Edit("watermark-corner", "mild", "a name in a corner", corner_text),
    Edit("watermark-centre", "mild", "one large word in the middle, 20 to 40 % opaque", _centre_text),
    Edit("logo-8", "mild", "a badge in a corner, 8 % of the shorter side", partial(logo, per_cent=8), 8),
    Edit("logo-16", "mild", "a badge in a corner, 16 % of the shorter side", partial(logo, per_cent=16), 16),
    Edit("dated", "mild", "the date in the corner", _dated),
    Edit("round-corners", "mild", "corners rounded off", _rounded),
    Edit("trimmed", "mild", "0.2 to 1.2 % cut off each side", trimmed),
)
