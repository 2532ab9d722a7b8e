"""Mild edits of tone, colour and grain: what sliders and filters do."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from .canvas import between, colour, either
from .edit import Edit

__all__ = ["EDITS", "filtered", "noisy", "sepia"]

Generator = np.random.Generator


def _enhanced(image: Image.Image, rng: Generator, tool: str, per_cent: int) -> Image.Image:
    factor = 1 + per_cent / 100 * between(rng, 0.85, 1.15)
    made: Image.Image = getattr(ImageEnhance, tool)(image).enhance(max(0.0, factor))
    return made


def _curve(image: Image.Image, table: Any) -> Image.Image:
    return image.point([min(255, max(0, round(float(value)))) for value in table] * 3)


def _gamma(image: Image.Image, rng: Generator, gamma: float) -> Image.Image:
    power = gamma * between(rng, 0.93, 1.07)
    return _curve(image, 255 * (np.arange(256) / 255) ** power)


def _hue(image: Image.Image, rng: Generator, degrees: int) -> Image.Image:
    turn = round(either(rng, -1, 1) * degrees * between(rng, 0.8, 1.2) * 256 / 360)
    hue, saturation, value = image.convert("HSV").split()
    hue = hue.point([(level + turn) % 256 for level in range(256)])
    return Image.merge("HSV", (hue, saturation, value)).convert("RGB")


def _grey(image: Image.Image, rng: Generator) -> Image.Image:
    return image.convert("L").convert("RGB")


def sepia(image: Image.Image, rng: Generator) -> Image.Image:
    """Brown and cream, as old photographs."""
    light = (255, int(rng.integers(230, 248)), int(rng.integers(195, 225)))
    return ImageOps.colorize(image.convert("L"), (int(rng.integers(10, 40)), 15, 5), light)


def _duotone(image: Image.Image, rng: Generator) -> Image.Image:
    dark = tuple(level // 3 for level in colour(rng))
    light = tuple(255 - level // 4 for level in colour(rng))
    return ImageOps.colorize(image.convert("L"), dark, light)


def _tinted(image: Image.Image, rng: Generator) -> Image.Image:
    return Image.blend(image, Image.new("RGB", image.size, colour(rng)), between(rng, 0.1, 0.25))


def _temperature(image: Image.Image, rng: Generator, side: int) -> Image.Image:
    gain = side * between(rng, 0.12, 0.25)
    red, green, blue = image.split()
    red = red.point([min(255, round(v * (1 + gain))) for v in range(256)])
    blue = blue.point([min(255, round(v * (1 - gain))) for v in range(256)])
    return Image.merge("RGB", (red, green, blue))


def _faded(image: Image.Image, rng: Generator) -> Image.Image:
    floor, top = between(rng, 20, 50), between(rng, 215, 245)
    return ImageEnhance.Color(_curve(image, np.linspace(floor, top, 256))).enhance(between(rng, 0.6, 0.85))


def _noir(image: Image.Image, rng: Generator) -> Image.Image:
    return ImageEnhance.Contrast(_grey(image, rng)).enhance(between(rng, 1.3, 1.7))


def _dramatic(image: Image.Image, rng: Generator) -> Image.Image:
    levels = np.arange(256) / 255
    curve = 255 * (levels + between(rng, 0.06, 0.1) * -np.sin(2 * np.pi * levels))
    return ImageEnhance.Color(_curve(image, curve)).enhance(between(rng, 1.2, 1.6))


def _vignette(image: Image.Image, rng: Generator) -> Image.Image:
    width, height = image.size
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    dark = 255 * (1 - between(rng, 0.25, 0.45) * np.clip((x * x + y * y) / 2, 0, 1))
    mask = Image.fromarray(dark.astype(np.uint8))
    return Image.composite(image, Image.new("RGB", image.size), mask)


def filtered(image: Image.Image, rng: Generator) -> Image.Image:
    """One of an app's filters."""
    made: Image.Image = either(rng, _faded, _noir, _dramatic, sepia, _vignette, _tinted)(image, rng)
    return made


def _auto(image: Image.Image, rng: Generator) -> Image.Image:
    return ImageOps.autocontrast(image, cutoff=between(rng, 0.5, 2))


def _equalized(image: Image.Image, rng: Generator) -> Image.Image:
    bright, blue, red = image.convert("YCbCr").split()
    return Image.merge("YCbCr", (ImageOps.equalize(bright), blue, red)).convert("RGB")


def _posterized(image: Image.Image, rng: Generator) -> Image.Image:
    return ImageOps.posterize(image, int(rng.integers(2, 5)))


def _palette(image: Image.Image, rng: Generator) -> Image.Image:
    return image.quantize(int(rng.integers(8, 33))).convert("RGB")


def noisy(image: Image.Image, rng: Generator, sigma: float) -> Image.Image:
    """The picture with Gaussian noise of about so many levels."""
    noise = rng.standard_normal((image.height, image.width, 3), np.float32) * (sigma * between(rng, 0.85, 1.15))
    return Image.fromarray(np.clip(np.asarray(image, np.float32) + noise, 0, 255).astype(np.uint8))


def _pepper(image: Image.Image, rng: Generator) -> Image.Image:
    values = np.array(image)
    share = between(rng, 0.01, 0.03)
    drawn = rng.random(values.shape[:2], np.float32)
    values[drawn < share / 2] = 0
    values[drawn > 1 - share / 2] = 255
    return Image.fromarray(values)


def _blurred(image: Image.Image, rng: Generator, per_mille: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(per_mille / 1000 * max(image.size) * between(rng, 0.85, 1.15)))


def _shaken(image: Image.Image, rng: Generator) -> Image.Image:
    steps = 8
    reach = between(rng, 0.01, 0.02) * max(image.size)
    angle = between(rng, 0, 2 * np.pi)
    total = np.zeros((image.height, image.width, 3), np.float32)
    for step in np.linspace(-0.5, 0.5, steps):
        moved = ImageChops.offset(image, round(reach * step * np.cos(angle)), round(reach * step * np.sin(angle)))
        total += np.asarray(moved, np.float32) / steps
    return Image.fromarray(total.astype(np.uint8))


def _sharpened(image: Image.Image, rng: Generator) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(between(rng, 1.5, 3), int(rng.integers(120, 260)), 2))


def _median(image: Image.Image, rng: Generator) -> Image.Image:
    return image.filter(ImageFilter.MedianFilter(3))


def _mosaic(image: Image.Image, rng: Generator) -> Image.Image:
    share = between(rng, 0.008, 0.015) * max(image.size)
    small = image.resize(
        (max(1, round(image.width / share)), max(1, round(image.height / share))), Image.Resampling.BOX
    )
    return small.resize(image.size, Image.Resampling.NEAREST)


def _steps(name: str, text: str, tool: str, steps: tuple[int, ...]) -> list[Edit]:
    return [
        Edit(
            f"{name}{step:+d}",
            "mild",
            f"{text} by {step:+d} %, give or take",
            partial(_enhanced, tool=tool, per_cent=step),
            step,
        )
        for step in steps
    ]


EDITS = (
    *_steps("brightness", "brightness changed", "Brightness", (15, 40, -15, -40)),
    *_steps("contrast", "contrast changed", "Contrast", (20, 50, -20, -45)),
    *_steps("saturation", "colours changed", "Color", (50, 120, -50)),
    *(
        Edit(f"gamma-{gamma}", "mild", f"brightness to the power of {gamma}, about",
             partial(_gamma, gamma=gamma), gamma)
        for gamma in (0.6, 0.8, 1.3, 1.7)
    ),
    *(
        Edit(f"hue-{turn}", "mild", f"colours turned by {turn} degrees, about", partial(_hue, degrees=turn), turn)
        for turn in (15, 60, 140)
    ),
    Edit("grey", "mild", "no colours", _grey),
    Edit("sepia", "mild", "brown and cream", sepia),
    Edit("duotone", "mild", "two colours, and those between", _duotone),
    Edit("tinted", "mild", "10 to 25 % of one colour over all", _tinted),
    Edit("warm", "mild", "more red, less blue", partial(_temperature, side=1)),
    Edit("cool", "mild", "more blue, less red", partial(_temperature, side=-1)),
    Edit("faded", "mild", "filter: no black, no white, paler colours", _faded),
    Edit("noir", "mild", "filter: grey, and hard contrast", _noir),
    Edit("dramatic", "mild", "filter: an S-curve, and stronger colours", _dramatic),
    Edit("vignette", "mild", "filter: corners darker by 25 to 45 %", _vignette),
    Edit("auto-contrast", "mild", "levels stretched to the full range", _auto),
    Edit("equalized", "mild", "brightness spread evenly over its range", _equalized),
    Edit("posterized", "mild", "2 to 4 bits a colour", _posterized),
    Edit("palette", "mild", "8 to 32 colours", _palette),
    *(
        Edit(f"noise-{sigma}", "mild", f"Gaussian noise of {sigma} levels, about", partial(noisy, sigma=sigma), sigma)
        for sigma in (8, 18, 35)
    ),
    Edit("salt-and-pepper", "mild", "1 to 3 % of the pixels black or white", _pepper),
    *(
        Edit(f"blur-{share}", "mild", f"Gaussian blur, radius {share} ‰ of the longer side",
             partial(_blurred, per_mille=share), share)
        for share in (2, 5, 10)
    ),
    Edit("shaken", "mild", "motion blur of 1 to 2 % of the longer side", _shaken),
    Edit("sharpened", "mild", "unsharp mask, strong", _sharpened),
    Edit("median", "mild", "median of 3 x 3 pixels, as a denoiser", _median),
    Edit("mosaic", "mild", "cells of 0.8 to 1.5 % of the longer side", _mosaic),
)  # fmt: skip
