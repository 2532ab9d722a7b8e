"""Mild edits that every upload makes: other formats, qualities and sizes."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image

from .canvas import between, either, encoded, reopened, scaled
from .edit import Edit

__all__ = ["EDITS"]

Generator = np.random.Generator
_HOWS = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def _jpeg(image: Image.Image, rng: Generator, quality: int) -> bytes:
    exact = int(rng.integers(quality - 3, quality + 4))
    return encoded(image, "JPEG", quality=exact, progressive=bool(rng.integers(2)), subsampling=int(rng.integers(3)))


def _webp(image: Image.Image, rng: Generator, quality: int) -> bytes:
    return encoded(image, "WEBP", quality=int(rng.integers(quality - 5, quality + 6)), method=2)


def _png(image: Image.Image, rng: Generator) -> bytes:
    return encoded(image, "PNG", compress_level=1)


def _gif(image: Image.Image, rng: Generator) -> bytes:
    return encoded(image.quantize(256), "GIF")


def _scale(image: Image.Image, rng: Generator, per_cent: int) -> Image.Image:
    return scaled(image, per_cent / 100 * between(rng, 0.95, 1.05), how=either(rng, *_HOWS[1:]))


def _thumbnail(image: Image.Image, rng: Generator) -> Image.Image:
    return scaled(image, between(rng, 140, 220) / max(image.size))


def _nearest(image: Image.Image, rng: Generator) -> Image.Image:
    return scaled(image, between(rng, 0.4, 0.7), how=Image.Resampling.NEAREST)


def _down_up(image: Image.Image, rng: Generator) -> Image.Image:
    return scaled(image, between(rng, 0.25, 0.4)).resize(image.size, Image.Resampling.BICUBIC)


def _aspect(image: Image.Image, rng: Generator, per_cent: int) -> Image.Image:
    share = 1 - per_cent / 100
    return scaled(image, share, 1) if rng.random() < 0.5 else scaled(image, 1, share)


def _squared(image: Image.Image, rng: Generator) -> Image.Image:
    side = round(between(rng, 0.7, 1) * min(image.size))
    return image.resize((side, side), Image.Resampling.LANCZOS)


def _chain(image: Image.Image, rng: Generator) -> bytes:
    first = reopened(image, quality=int(rng.integers(55, 86)))
    second = reopened(scaled(first, between(rng, 0.5, 0.8)), quality=int(rng.integers(55, 86)))
    return encoded(second, "WEBP", quality=int(rng.integers(50, 81)), method=2)


def _reposts(image: Image.Image, rng: Generator) -> Image.Image:
    for _ in range(5):
        image = reopened(
            scaled(image, between(rng, 0.82, 1.1), how=either(rng, *_HOWS[1:])), quality=int(rng.integers(45, 81))
        )
    return image


EDITS = (
    *(
        Edit(f"jpeg-{quality}", "mild", f"JPEG of quality {quality} ± 3", partial(_jpeg, quality=quality), quality)
        for quality in (90, 70, 50, 30, 15)
    ),
    *(
        Edit(f"webp-{quality}", "mild", f"WebP of quality {quality} ± 5", partial(_webp, quality=quality), quality)
        for quality in (75, 30)
    ),
    Edit("png", "mild", "saved without loss", _png),
    Edit("gif", "mild", "256 colours, dithered, as GIF", _gif),
    *(
        Edit(f"scale-{size}", "mild", f"scaled to {size} % ± 5 %", partial(_scale, per_cent=size), size)
        for size in (75, 50, 25, 150, 200)
    ),
    Edit("thumbnail", "mild", "longest side of 140 to 220 pixels", _thumbnail),
    Edit("scale-nearest", "mild", "scaled to 40 to 70 % without filtering", _nearest),
    Edit("down-up", "mild", "scaled to 25 to 40 % and back", _down_up),
    *(
        Edit(f"aspect-{share}", "mild", f"one side squeezed by {share} %", partial(_aspect, per_cent=share), share)
        for share in (5, 15, 30)
    ),
    Edit("squared", "mild", "squeezed into a square", _squared),
    Edit("chain", "mild", "JPEG, scaled, JPEG, WebP", _chain),
    Edit("reposts", "mild", "scaled and saved as JPEG of quality 45 to 80 five times over", _reposts),
)
