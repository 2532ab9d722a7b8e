"""Makes tests/golden/imagehash.json: hashes that ImageHash 4.3.2 gives of pictures made by arithmetic.

    python tests/make_golden.py

The pictures are whole numbers and formulas, so they are the same everywhere, and no data is needed to
check the hashes. Left out are perceptual hashes with a bit that is rounding noise, and pictures so tall
that Pillow's version decides the order of its passes.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

GOLDEN = Path(__file__).parent / "golden" / "imagehash.json"
PACKAGES = ("ImageHash", "numpy", "pillow", "PyWavelets", "scipy")

FORMULAS: dict[str, Callable[[Any, Any, int], Any]] = {
    "slopes": lambda x, y, band: x * 3 + y * (5 + band),
    "waves": lambda x, y, band: (x * x * 7 + y * y * 3 + x * y * (band + 1)) // 64 + 85 * band,
    "blocks": lambda x, y, band: (x // 9) * 37 + (y // 7) * (91 + 20 * band),
    "grains": lambda x, y, band: (x * 1103515245 + y * 12345 + x * y * 2654435761 + band * 97) >> 8,
    "discs": lambda x, y, band: 40 + 180 * ((x % 70 - 30) ** 2 + (y % 90 - 40) ** 2 < 800) + band * x // 9,
}
SIDES = ((1, 1), (7, 5), (33, 160), (64, 64), (97, 41), (301, 203))
MODES = ("1", "L", "RGB", "RGBA", "CMYK")
GREY = ("average_hash", "phash", "phash_simple", "dhash", "dhash_vertical")


def picture(formula: str, width: int, height: int, mode: str = "RGB") -> Image.Image:
    """The picture of that name."""
    y, x = np.mgrid[:height, :width].astype(np.int64)
    bands = [(FORMULAS[formula](x, y, band) % 256).astype(np.uint8) for band in range(4)]
    if mode == "1":
        return Image.fromarray(np.where(bands[0] > 127, 255, 0).astype(np.uint8)).convert("1")
    count = len(Image.new(mode, (1, 1)).getbands())
    return Image.merge(mode, [Image.fromarray(band) for band in bands[:count]])


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every kind in several sizes; `"mean": "median"` stands for that function."""
    for size in (2, 3, 8, 16):
        for function in GREY:
            yield function, {"hash_size": size}
        yield "average_hash", {"hash_size": size, "mean": "median"}
    for factor in (1, 3):
        yield "phash", {"highfreq_factor": factor}
        yield "phash_simple", {"highfreq_factor": factor}
    for binbits in (1, 2, 3, 4, 6, 8):
        yield "colorhash", {"binbits": binbits}
    for size in (2, 8, 16):
        yield "whash", {"hash_size": size}
        yield "whash", {"hash_size": size, "mode": "db4"}
    yield "whash", {"remove_max_haar_ll": False}
    yield "whash", {"mode": "db4", "remove_max_haar_ll": False, "image_scale": 64}
    for inner in ("dhash", "phash", "whash", "colorhash"):
        yield "crop_resistant_hash", {"hash_func": inner, "segmentation_image_size": 90, "min_segment_size": 40}
    yield "crop_resistant_hash", {}
    yield "crop_resistant_hash", {"limit_segments": 2, "segment_threshold": 90}


def compute(module: Any, image: Image.Image, function: str, settings: dict[str, Any]) -> Any:
    """One call, names in the settings turned into functions."""
    settings = dict(settings)
    if "mean" in settings:
        settings["mean"] = getattr(np, settings["mean"])
    if "hash_func" in settings:
        settings["hash_func"] = getattr(module, settings["hash_func"])
    return getattr(module, function)(image, **settings)


def named_pictures() -> Iterator[tuple[str, int, int, str]]:
    """Formula, width, height and mode of each picture."""
    for number, formula in enumerate(FORMULAS):
        for width, height in SIDES:
            yield formula, width, height, "RGB"
        for mode in MODES:
            yield formula, 120 + number, 90, mode


def _entries(reference: Any) -> Iterator[dict[str, Any]]:
    for name in named_pictures():
        image = picture(*name)
        hashes = {}
        for function, settings in calls():
            if not _is_noise(image, function, settings):
                hashes[json.dumps([function, settings])] = str(compute(reference, image, function, settings))
        yield {"picture": list(name), "hashes": hashes}


def _is_noise(image: Image.Image, function: str, settings: dict[str, Any]) -> bool:
    import parity

    if settings.get("hash_func") == "phash":
        return image.width * image.height < 5000
    if function not in ("phash", "phash_simple"):
        return False
    return bool(parity.exact_bits(image, parity.Case.of(function, **settings))[1].any())


def main() -> None:
    """Write the file."""
    import imagehash

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entries = list(_entries(imagehash))
    made = {"command": "python tests/make_golden.py", "python": sys.version.split()[0]}
    made |= {package: version(package) for package in PACKAGES}
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps({"made": made, "pictures": entries}, indent=1) + "\n", encoding="utf-8")
    print(f"{GOLDEN.name}: {len(entries)} pictures, {sum(len(entry['hashes']) for entry in entries)} hashes")


if __name__ == "__main__":
    main()
