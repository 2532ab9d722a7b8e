"""Evidence on the demo's photographs: a crop, a collage, a mirrored repost, and two views of one thing, refused.

Run as `python demo/evidence.py [FOLDER]`: the pictures that are compared, a sheet (PNG) and a page (HTML) of each pair
land in `.demo/evidence`, or the folder. Needs the extra `parts`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from photos import find_samples, make_photos
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

import lookalike

HOME = Path(__file__).resolve().parents[1] / ".demo" / "evidence"


def main(folder: Path) -> int:
    """Make the pairs and their evidence, and say what was found; 1 if that is not what is true."""
    photos = folder / "photos"
    make_photos(photos)
    wrong = 0
    for name, (original, make, verdicts) in PAIRS.items():
        other = folder / f"{name}.jpg"
        make(photos).convert("RGB").save(other, quality=88)
        found = lookalike.compare(photos / original, other, parts=True)
        found.save(folder / f"{name}-evidence.png")
        found.save(folder / f"{name}-evidence.html")
        print(f"{name:8} {found.verdict}: {found.summary}")
        wrong += found.verdict not in verdicts
    print(f"pages and sheets: {folder}")
    return min(1, wrong)


def _crop(photos: Path) -> Image.Image:
    """A fifth of the picture, larger and darker."""
    with Image.open(photos / "coffee.png") as image:
        part = image.crop((250, 60, 520, 240)).resize((540, 360), Image.Resampling.LANCZOS)
    return ImageEnhance.Brightness(part).enhance(0.8)


def _collage(photos: Path) -> Image.Image:
    """Four pictures with white margins, each cut to the form of its place."""
    page = Image.new("RGB", (840, 640), "white")
    for place, name in enumerate(("cat.png", "astronaut.png", "galaxies.jpg", "coffee.png")):
        with Image.open(photos / name) as image:
            cell = ImageOps.fit(image.convert("RGB"), (400, 300), Image.Resampling.LANCZOS)
        page.paste(cell, (15 + 410 * (place % 2), 15 + 310 * (place // 2)))
    return page


def _repost(photos: Path) -> Image.Image:
    """Mirrored and cropped, in a post with a name and lines of text."""
    with Image.open(photos / "rocket.jpg") as image:
        width, height = image.size
        part = ImageOps.mirror(image.crop((width // 12, height // 12, width * 11 // 12, height * 11 // 12)))
    page = Image.new("RGB", (480, 760), (244, 244, 246))
    draw = ImageDraw.Draw(page)
    draw.ellipse((20, 20, 60, 60), fill=(90, 120, 200))
    draw.rectangle((75, 32, 220, 46), fill=(40, 40, 48))
    page.paste(ImageOps.fit(part, (480, 360), Image.Resampling.LANCZOS), (0, 80))
    for line in range(5):
        draw.rectangle((20, 480 + 34 * line, 440 - 45 * line, 494 + 34 * line), fill=(170, 170, 178))
    return page


def _other_view(photos: Path) -> Image.Image:
    """What the other eye of a stereo camera saw."""
    return Image.open(photos / "motorcycle_other_view.png")


Make = Callable[[Path], Image.Image]
PAIRS: dict[str, tuple[str, Make, tuple[str, ...]]] = {
    "crop": ("coffee.png", _crop, ("part",)),
    "collage": ("cat.png", _collage, ("part",)),
    "repost": ("rocket.jpg", _repost, ("part", "copy")),
    "refused": ("motorcycle.png", _other_view, ("similar", "shared logo", "different")),
}
"""Of each pair: the original, how the other is made, and what may be said of it."""


if __name__ == "__main__":
    find_samples()
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME))
