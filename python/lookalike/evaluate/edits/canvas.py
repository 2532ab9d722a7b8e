"""What several edits draw with: texts, colours, round trips through files, warps, and pictures made up."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = [
    "between",
    "colour",
    "encoded",
    "flat_colour",
    "font",
    "lines_of_text",
    "made_up",
    "reopened",
    "scaled",
    "text_size",
    "warped",
    "words",
]

_TEXT = (
    "new sale original photo best offer today only look this is my own picture please share summer "
    "winter when you see it nobody everyone the a of and in with without fresh size large small "
    "price free shipping call now follow me for more like subscribe city river friends home kitchen "
    "garden market"
)
_WORDS = tuple(_TEXT.split())

Generator = np.random.Generator
Size = tuple[int, int]
_BICUBIC = Image.Resampling.BICUBIC


def between(rng: Generator, low: float, high: float) -> float:
    """A number drawn evenly from a range."""
    return float(rng.uniform(low, high))


def either(rng: Generator, *choices: Any) -> Any:
    """One of the choices."""
    return choices[int(rng.integers(len(choices)))]


def colour(rng: Generator) -> tuple[int, int, int]:
    """Any colour."""
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def flat_colour(rng: Generator) -> tuple[int, int, int]:
    """The colour of a border: often black or white or a grey, sometimes any."""
    kind = rng.random()
    if kind < 0.3:
        return (0, 0, 0)
    if kind < 0.6:
        return (255, 255, 255)
    grey = int(rng.integers(0, 256))
    return (grey, grey, grey) if kind < 0.7 else colour(rng)


def words(rng: Generator, count: int) -> str:
    """So many words."""
    return " ".join(_WORDS[int(n)] for n in rng.integers(0, len(_WORDS), count))


@lru_cache(maxsize=64)
def font(size: int) -> Any:
    """Pillow's own font, about so many pixels high."""
    return ImageFont.load_default(max(6, size))


def text_size(text: str, size: int) -> Size:
    """Width and height of a text, in pixels."""
    left, top, right, bottom = font(size).getbbox(text)
    return int(right - left), int(bottom - top)


def lines_of_text(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: Generator, size: int, ink: Any
) -> None:
    """Fill a box (left, top, right, bottom) with lines of text, the last one shorter."""
    left, top, right, bottom = box
    step = max(2, round(size * 1.4))
    for y in range(top, max(top + 1, bottom - step), step):
        width = right - left if y + 2 * step < bottom else (right - left) // 2
        # Letters are about half as wide as high.
        text = words(rng, 20)[: max(1, round(1.9 * width / size))]
        draw.text((left, y), text, fill=ink, font=font(size))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a file of a form that Pillow knows."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def reopened(image: Image.Image, form: str = "JPEG", **options: Any) -> Image.Image:
    """The picture saved and opened again, in RGB."""
    with Image.open(io.BytesIO(encoded(image, form, **options))) as again:
        return again.convert("RGB")


def scaled(
    image: Image.Image, across: float, down: float | None = None, how: Any = Image.Resampling.LANCZOS
) -> Image.Image:
    """The picture with its sides multiplied."""
    down = across if down is None else down
    return image.resize((max(1, round(image.width * across)), max(1, round(image.height * down))), how)


def warped(image: Image.Image, corners: Any, size: Size, fill: Any) -> Image.Image:
    """The picture in perspective.

    Args:
        image: in RGB.
        corners: where its corners come to lie in the new picture, `(4, 2)`: clockwise from top left.
        size: of the new picture.
        fill: the colour around it.
    """
    width, height = image.size
    here = [(0, 0), (width, 0), (width, height), (0, height)]
    # Pillow asks for the way back: new to old. Eight unknowns, two equations a corner.
    rows, right = [], []
    for (x, y), (u, v) in zip(np.asarray(corners, float), here, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    back = np.linalg.solve(np.array(rows), np.array(right, float))
    return image.transform(size, Image.Transform.PERSPECTIVE, back.tolist(), _BICUBIC, fillcolor=fill)


def made_up(rng: Generator, size: Size) -> Image.Image:
    """A picture of nothing, with the spectrum of a photograph: large soft shapes, small ones, colours."""
    width, height = size
    total = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((3, 1.0), (7, 0.6), (17, 0.35), (41, 0.2)):
        small = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += weight * np.asarray(small.resize(size, _BICUBIC), np.float32)
    total -= total.min()
    return Image.fromarray((total * (255.0 / max(1.0, float(total.max())))).astype(np.uint8))
