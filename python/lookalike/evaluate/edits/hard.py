"""Hard edits of one picture: warps, photos of screens, things over it, tones that nobody would call mild."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .canvas import between, colour, either, flat_colour, font, reopened, scaled, text_size, warped, words
from .edit import Edit
from .tones import noisy

__all__ = ["EDITS", "inwards", "memed", "on_screen", "stickered", "subtitled"]

Generator = np.random.Generator


def inwards(size: tuple[int, int], rng: Generator, least: float, most: float) -> Any:
    """The corners, each moved inwards by a share of the sides."""
    width, height = size
    moves = rng.uniform(least, most, (4, 2)) * (width, height) * [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    return np.array([(0, 0), (width, 0), (width, height), (0, height)]) + moves


def _sheared(image: Image.Image, rng: Generator, degrees: float) -> Image.Image:
    slope = float(np.tan(np.radians(degrees * between(rng, 0.8, 1.2)))) * either(rng, -1, 1)
    back = (1, slope, -slope * image.height / 2, 0, 1, 0)
    return image.transform(
        image.size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC, fillcolor=flat_colour(rng)
    )


def _bent(image: Image.Image, rng: Generator, way: str) -> Image.Image:
    """A mesh of tiles: a wave, or the bulge of a wide lens."""
    phase, depth = between(rng, 0, 6.28), between(rng, 0.015, 0.03)

    def source(x: float, y: float) -> tuple[float, float]:
        if way == "wave":
            return x + depth * np.sin(2 * np.pi * 2 * y + phase), y + depth * np.sin(2 * np.pi * 2 * x + phase)
        dx, dy = 2 * x - 1, 2 * y - 1
        gain = (1 - 5 * depth) * (1 + 5 * depth * (dx * dx + dy * dy) / 2)
        return 0.5 + dx * gain / 2, 0.5 + dy * gain / 2

    return image.transform(image.size, Image.Transform.MESH, _mesh(image.size, source, 12), Image.Resampling.BICUBIC)


def _mesh(size: tuple[int, int], source: Any, tiles: int) -> list[Any]:
    width, height = size
    steps = [n / tiles for n in range(tiles + 1)]
    parts = []
    for left, right in pairwise(steps):
        for top, bottom in pairwise(steps):
            box = (round(left * width), round(top * height), round(right * width), round(bottom * height))
            corners = [source(*place) for place in ((left, top), (left, bottom), (right, bottom), (right, top))]
            parts.append((box, tuple(value for x, y in corners for value in (x * width, y * height))))
    return parts


def on_screen(image: Image.Image, rng: Generator, strong: bool) -> Image.Image:
    """A photograph of a screen: the grid of its pixels, a reflection, perspective, a dark room, noise."""
    width, height = image.size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, wave = between(rng, 0, np.pi), between(rng, 3, 9)
    moire = 1 + between(rng, 0.03, 0.1) * np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / wave))
    gleam = between(rng, 0, 50) * np.clip(1 - np.hypot(x / width - rng.random(), y / height - rng.random()), 0, 1)
    values = np.asarray(image, np.float32) * moire[..., None] * between(rng, 0.75, 1.15) + gleam[..., None]
    shown = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    room = tuple(int(level) for level in rng.integers(5, 70, 3))
    least, most = (0.03, 0.14) if strong else (0.0, 0.05)
    photo = warped(shown, inwards(image.size, rng, least, most), image.size, room)
    return noisy(photo.filter(ImageFilter.GaussianBlur(between(rng, 0.5, 1.2))), rng, between(rng, 3, 8))


def stickered(image: Image.Image, rng: Generator, count: int, per_cent: float) -> Image.Image:
    """Faces, hearts and stars here and there, each so large of the shorter side."""
    copy = image.copy()
    draw = ImageDraw.Draw(copy)
    for _ in range(count):
        side = per_cent / 100 * min(image.size) * between(rng, 0.7, 1.3)
        x, y = between(rng, 0, image.width - side), between(rng, 0, image.height - side)
        either(rng, _face, _heart, _star)(draw, x, y, side, rng)
    return copy


def _face(draw: ImageDraw.ImageDraw, x: float, y: float, side: float, rng: Generator) -> None:
    draw.ellipse((x, y, x + side, y + side), fill=(255, int(rng.integers(190, 225)), 40))
    for eye in (0.3, 0.7):
        draw.ellipse((x + (eye - 0.07) * side, y + 0.28 * side, x + (eye + 0.07) * side, y + 0.45 * side), fill="black")
    box = (x + 0.2 * side, y + 0.3 * side, x + 0.8 * side, y + 0.82 * side)
    draw.arc(box, 20, 160, fill="black", width=max(1, round(side / 15)))


def _heart(draw: ImageDraw.ImageDraw, x: float, y: float, side: float, rng: Generator) -> None:
    red = (int(rng.integers(200, 256)), int(rng.integers(0, 70)), int(rng.integers(20, 110)))
    draw.ellipse((x, y, x + 0.55 * side, y + 0.55 * side), fill=red)
    draw.ellipse((x + 0.45 * side, y, x + side, y + 0.55 * side), fill=red)
    draw.polygon(
        [(x + 0.05 * side, y + 0.42 * side), (x + 0.95 * side, y + 0.42 * side), (x + side / 2, y + side)], red
    )


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, side: float, rng: Generator) -> None:
    turns = np.arange(10) * np.pi / 5 + between(rng, 0, 6.28)
    reach = np.where(np.arange(10) % 2, 0.22, 0.5) * side
    points = np.stack([x + side / 2 + reach * np.cos(turns), y + side / 2 + reach * np.sin(turns)], 1)
    draw.polygon([tuple(point) for point in points.tolist()], colour(rng))


def subtitled(image: Image.Image, rng: Generator) -> Image.Image:
    """One or two lines near the foot, white or yellow with a black edge."""
    copy = image.copy()
    draw = ImageDraw.Draw(copy)
    size = max(8, round(between(rng, 0.05, 0.075) * image.height))
    ink = either(rng, "white", "white", "yellow")
    for line in range(int(rng.integers(1, 3))):
        place = (image.width // 2, round(image.height * 0.93 - line * 1.3 * size))
        draw.text(place, words(rng, 5), fill=ink, font=font(size), anchor="mm", stroke_width=max(1, size // 12),
                  stroke_fill="black")  # fmt: skip
    return copy


def memed(image: Image.Image, rng: Generator) -> Image.Image:
    """Large capitals on the picture's head and foot."""
    copy = image.copy()
    draw = ImageDraw.Draw(copy)
    for share in (0.12, 0.88):
        text = words(rng, 3).upper()
        size = max(8, round(0.13 * image.height))
        size = max(8, round(size * min(1.0, 0.95 * image.width / max(1, text_size(text, size)[0]))))
        place = (image.width // 2, round(share * image.height))
        draw.text(place, text, fill="white", font=font(size), anchor="mm", stroke_width=max(1, size // 10),
                  stroke_fill="black")  # fmt: skip
    return copy


def _veiled(image: Image.Image, rng: Generator, per_cent: float) -> Image.Image:
    return Image.blend(image, Image.new("RGB", image.size, colour(rng)), per_cent / 100 * between(rng, 0.9, 1.1))


def _covered(image: Image.Image, rng: Generator, per_cent: float) -> Image.Image:
    """A box of one colour over so much of the area."""
    copy = image.copy()
    form = between(rng, 0.7, 1.4)
    share = (per_cent / 100) ** 0.5
    width, height = min(1.0, share * form) * image.width, min(1.0, share / form) * image.height
    x, y = between(rng, 0, image.width - width), between(rng, 0, image.height - height)
    ImageDraw.Draw(copy).rectangle((x, y, x + width, y + height), fill=flat_colour(rng))
    return copy


def _censored(image: Image.Image, rng: Generator) -> Image.Image:
    copy = image.copy()
    for _ in range(int(rng.integers(1, 4))):
        width, height = (round(between(rng, 0.12, 0.3) * side) for side in image.size)
        x, y = int(rng.integers(image.width - width)), int(rng.integers(image.height - height))
        box = (x, y, x + width, y + height)
        copy.paste(
            copy.crop(box).resize((8, 8), Image.Resampling.BOX).resize((width, height), Image.Resampling.NEAREST), box
        )
    return copy


def _negative(image: Image.Image, rng: Generator) -> Image.Image:
    return ImageOps.invert(image)


def _solarized(image: Image.Image, rng: Generator) -> Image.Image:
    return ImageOps.solarize(image, int(rng.integers(120, 190)))


def _two_levels(image: Image.Image, rng: Generator) -> Image.Image:
    return image.convert("1").convert("RGB")


def _sketched(image: Image.Image, rng: Generator) -> Image.Image:
    return ImageOps.invert(
        image.convert("L").filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    ).convert("RGB")


def _painted(image: Image.Image, rng: Generator) -> Image.Image:
    half = scaled(image, 0.5)
    return half.filter(ImageFilter.ModeFilter(7)).resize(image.size, Image.Resampling.BICUBIC)


def _tiny(image: Image.Image, rng: Generator) -> Image.Image:
    small = scaled(image, between(rng, 40, 64) / max(image.size))
    return reopened(small, quality=int(rng.integers(30, 61))).resize(image.size, Image.Resampling.BILINEAR)


def _many(name: str, text: str, change: Any, key: str, steps: tuple[float, ...]) -> list[Edit]:
    return [Edit(f"{name}-{step:g}", "hard", text.format(step), partial(change, **{key: step}), step) for step in steps]


EDITS = (
    *_many("shear", "sheared by {:g} degrees, about", _sheared, "degrees", (4, 12)),
    Edit("wave", "hard", "bent by waves of 1.5 to 3 %", partial(_bent, way="wave")),
    Edit("bulge", "hard", "bent as by a wide lens", partial(_bent, way="bulge")),
    Edit("screen-photo", "hard", "photo of a screen, nearly straight", partial(on_screen, strong=False)),
    Edit("screen-photo-askew", "hard", "photo of a screen from the side", partial(on_screen, strong=True)),
    Edit("stickers-few", "hard", "3 stickers of 15 % of the shorter side", partial(stickered, count=3, per_cent=15)),
    Edit("stickers-many", "hard", "12 stickers of 20 % of the shorter side", partial(stickered, count=12, per_cent=20)),
    Edit("subtitles", "hard", "one or two lines of text on the foot", subtitled),
    Edit("meme", "hard", "large capitals on head and foot", memed),
    *_many("veil", "{:g} % of one colour over all", _veiled, "per_cent", (45, 70)),
    *_many("covered", "a box over {:g} % of the area", _covered, "per_cent", (10, 30)),
    Edit("censored", "hard", "1 to 3 parts in coarse mosaic", _censored),
    Edit("negative", "hard", "brightness inverted", _negative),
    Edit("solarized", "hard", "bright parts inverted", _solarized),
    Edit("two-levels", "hard", "black and white dots", _two_levels),
    Edit("sketch", "hard", "its edges alone", _sketched),
    Edit("painted", "hard", "as if in oil", _painted),
    Edit("tiny", "hard", "through 40 to 64 pixels and JPEG, blown up again", _tiny),
)  # fmt: skip
