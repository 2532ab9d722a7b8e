"""The pictures of the parity proof: real photographs, odd files, and every mode that Pillow has."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
MOST_PIXELS = 50_000_000
MODE_SIDE = 256
"""Pictures are cut to this before they go through all modes: conversions know nothing of size."""


def files(folder: str) -> list[Path]:
    """All files of a folder of the shared data, sorted."""
    return sorted(path for path in (SHARED / folder).rglob("*") if path.is_file() and path.suffix != ".csv")


def opened(path: Path) -> Image.Image | None:
    """The loaded picture, or `None` if Pillow cannot open it or it is too large."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                image.load()
                return image
        except Exception:
            return None


def in_every_mode(image: Image.Image) -> Iterator[Image.Image]:
    """The picture (the middle of a large one) in every mode, with values that the mode alone can hold."""
    across, down = (max(0, side - MODE_SIDE) // 2 for side in image.size)
    part = image.crop((across, down, min(across + MODE_SIDE, image.width), min(down + MODE_SIDE, image.height)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rgb = Image.frombytes("RGB", part.size, part.convert("RGB").tobytes())
    for make in MODES.values():
        yield make(rgb)


def _alpha(rgb: Image.Image) -> Image.Image:
    return rgb.getchannel("G").point(lambda v: v * 3 % 256)


def _with_alpha(rgb: Image.Image, mode: str) -> Image.Image:
    picture = rgb.convert(mode)
    picture.putalpha(_alpha(rgb))
    return picture


def _palette_with_transparency(rgb: Image.Image) -> Image.Image:
    picture = rgb.quantize(32)
    picture.info["transparency"] = bytes(range(0, 256, 8))
    return picture


def _numbers(rgb: Image.Image, mode: str) -> Image.Image:
    grey = np.asarray(rgb.convert("L"), dtype=np.int64)
    types = {"I;16": "<u2", "I;16L": "<u2", "I;16B": ">u2", "I;16N": "=u2", "I": "=i4", "F": "=f4"}
    # Beyond 0 to 255 on both sides where the mode can hold it; sixteen bits wrap around.
    values = grey * 257 if mode.startswith("I;16") else grey * 3 - 200
    if mode == "F":
        return Image.frombytes("F", rgb.size, (values / 2.0).astype(types[mode]).tobytes())
    return Image.frombytes(mode, rgb.size, values.astype(types[mode]).tobytes())


def _reread(rgb: Image.Image, mode: str) -> Image.Image:
    return Image.merge(mode, rgb.split())


MODES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "1": lambda rgb: rgb.convert("1"),
    "L": lambda rgb: rgb.convert("L"),
    "LA": lambda rgb: _with_alpha(rgb, "L"),
    "La": lambda rgb: _with_alpha(rgb, "L").convert("La"),
    "P": lambda rgb: rgb.quantize(64),
    "P with transparency": _palette_with_transparency,
    "PA": lambda rgb: rgb.quantize(64).convert("PA"),
    "RGB": lambda rgb: rgb,
    "RGBA": lambda rgb: _with_alpha(rgb, "RGB"),
    "RGBX": lambda rgb: Image.merge("RGBX", (*rgb.split(), _alpha(rgb))),
    "RGBa": lambda rgb: _with_alpha(rgb, "RGB").convert("RGBa"),
    "CMYK": lambda rgb: Image.merge("CMYK", (*rgb.split(), _alpha(rgb))),
    "YCbCr": lambda rgb: rgb.convert("YCbCr"),
    "LAB": lambda rgb: _reread(rgb, "LAB"),
    "HSV": lambda rgb: rgb.convert("HSV"),
    "I": lambda rgb: _numbers(rgb, "I"),
    "F": lambda rgb: _numbers(rgb, "F"),
    "I;16": lambda rgb: _numbers(rgb, "I;16"),
    "I;16B": lambda rgb: _numbers(rgb, "I;16B"),
    "I;16L": lambda rgb: _numbers(rgb, "I;16L"),
    "I;16N": lambda rgb: _numbers(rgb, "I;16N"),
}
