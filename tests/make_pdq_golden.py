"""Makes tests/golden/pdq.json: hashes that the package pdqhash, a binding of Meta's reference, gives.

    pip install pdqhash==0.2.8
    python tests/make_pdq_golden.py

`made` are pictures of `make_golden.py`, by formula, width and height; left out are those with a bit that is rounding
noise. `photos` are files of the shared data, by their paths there, as Pillow's pixels without regard to EXIF; no
picture is kept, only its hash and quality.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pdqhash
from PIL import Image

import make_golden
import pdq_oracle
import pictures

GOLDEN = Path(__file__).parent / "golden" / "pdq.json"
SIDES = (*make_golden.SIDES, (5, 5), (4, 300), (64, 200), (128, 128), (129, 127), (640, 1), (500, 383))
FOLDERS = (
    "vectors",
    "photos/png",
    "photos/everyday",
    "photos/web",
    "photos/large-progressive",
    "photos/large-baseline",
)
EVERY = (("photos/products-clothing", 10), ("photos/products-grocery", 10))
MOST_PIXELS = 12_000_000
NOISE = 1e-3


def reference(rgb: Image.Image) -> list[Any]:
    """Hex text and quality."""
    bits, quality = pdqhash.compute(np.array(rgb))
    return [np.packbits(bits.astype(np.uint8)).tobytes().hex(), int(quality)]


def made() -> dict[str, list[Any]]:
    """Of pictures made by formulas."""
    found = {}
    for formula in make_golden.FORMULAS:
        for width, height in SIDES:
            rgb = make_golden.picture(formula, width, height)
            small = min(width, height) < pdq_oracle.LEAST_SIDE
            margins = pdq_oracle.margins(pdq_oracle.luminance(np.asarray(rgb)))
            if small or (np.sort(np.abs(margins), axis=None)[1:] > NOISE).all():
                found[f"{formula} {width} {height}"] = reference(rgb)
    return found


def photos() -> dict[str, list[Any]]:
    """Of the shared files."""
    paths = [path for folder in FOLDERS for path in pictures.files(folder)]
    paths += [path for folder, every in EVERY for path in pictures.files(folder)[::every]]
    found = {}
    for path in paths:
        image = pictures.opened(path)
        if image is not None and image.width * image.height <= MOST_PIXELS:
            found[path.relative_to(pictures.SHARED).as_posix()] = reference(image.convert("RGB"))
    return found


if __name__ == "__main__":
    about = {name: version(name) for name in ("pdqhash", "numpy", "pillow")}
    answer = {"about": about, "made": made(), "photos": photos()}
    GOLDEN.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    print(f"{len(answer['made'])} made pictures, {len(answer['photos'])} photos", file=sys.stderr)
