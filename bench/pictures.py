"""The photographs that benchmarks run on."""

from __future__ import annotations

import runpy
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

__all__ = ["PHOTOS", "SMALL_FOLDER", "all_files", "demo_photos", "large", "small", "spread"]

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = ROOT.parent / "shared" / "data" / "photos"
SMALL_FOLDER = PHOTOS / "products-clothing"
LARGE_NAMES = (
    "large-baseline/odm-drone__seneca__images__IMG_0457.jpg",
    "large-baseline/wallpapers-solus__backgrounds__boats-on-the-river.jpg",
    "large-baseline/wallpapers-solus__backgrounds__rosa-kent.jpg",
    "large-baseline/wallpapers-popos__original__sebastien-gabriel-232361.jpg",
)
"""Photographs of 9.7 to 15.2 megapixels, 12 on average."""

LARGE_SIZE = (4000, 3000)


def small(count: int) -> list[Image.Image]:
    """Decoded photographs of about 0.2 megapixels, spread over those there are."""
    if SMALL_FOLDER.is_dir():
        return [_decoded(path) for path in spread(sorted(SMALL_FOLDER.iterdir()), count)]
    return [_decoded(path) for path in spread(demo_photos(), count)]


def large(count: int) -> list[Image.Image]:
    """Decoded photographs of about 12 megapixels; enlarged ones where no real ones are at hand."""
    paths = [PHOTOS / name for name in LARGE_NAMES]
    if all(path.is_file() for path in paths):
        return [_decoded(path) for path in paths[:count]]
    print("no photographs of 12 megapixels at hand: small ones are enlarged", file=sys.stderr)
    pictures = [_decoded(path) for path in spread(demo_photos(), count)]
    return [picture.resize(LARGE_SIZE, Image.Resampling.BICUBIC) for picture in pictures]


def all_files() -> list[Path]:
    """Every photograph there is, in all sizes."""
    if PHOTOS.is_dir():
        return sorted(path for path in PHOTOS.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return demo_photos()


def demo_photos() -> list[Path]:
    """The demo's photographs and copies, for a clone without others."""
    print("no shared photographs at hand: the demo's are used", file=sys.stderr)
    folder = Path(tempfile.gettempdir()) / "lookalike-bench-photos"
    runpy.run_path(str(ROOT / "demo" / "photos.py"))["make_photos"](folder)
    return sorted(folder.iterdir())


def spread(paths: Sequence[Path], count: int) -> list[Path]:
    """So many of the paths, evenly over all of them."""
    return [paths[n * len(paths) // count] for n in range(count)]


def _decoded(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
