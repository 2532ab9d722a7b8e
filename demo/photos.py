"""Makes a folder of real photographs with honest copies of them, to try things on.

The originals are the sample photographs inside scikit-image's wheel: real, free (public domain or CC0, see its
`skimage/data` folder), and to be had wherever packages are. Nothing of scikit-image is run.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

__all__ = ["find_samples", "make_photos"]

PACKAGES = Path(__file__).resolve().parents[1] / ".demo" / "packages"
"""Where `make demo` puts the wheel's contents."""

ORIGINALS = {
    "astronaut.png": "astronaut.png",
    "cat.png": "chelsea.png",
    "coffee.png": "coffee.png",
    "galaxies.jpg": "hubble_deep_field.jpg",
    "motorcycle.png": "motorcycle_left.png",
    "rocket.jpg": "rocket.jpg",
    # The other eye's view of a stereo camera: the same thing at the same time, and no copy.
    "motorcycle_other_view.png": "motorcycle_right.png",
}
"""Name in the folder, and in the wheel."""


def find_samples() -> Path:
    """The folder with the originals: of `make demo`, or of an installed scikit-image.

    Raises:
        FileNotFoundError: if there is neither.
    """
    # Found, not imported: importing scikit-image would need its dependencies.
    spec = find_spec("skimage")
    homes = [PACKAGES / "skimage", *map(Path, (spec and spec.submodule_search_locations) or ())]
    for home in homes:
        if all((home / "data" / name).is_file() for name in ORIGINALS.values()):
            return home / "data"
    raise FileNotFoundError("expected the sample photographs of scikit-image: run `make demo`, or install scikit-image")


def make_photos(folder: Path) -> None:
    """Write the originals and the copies into a folder.

    Raises:
        FileNotFoundError: if the originals cannot be found.
    """
    samples = find_samples()
    folder.mkdir(parents=True, exist_ok=True)
    for name, sample in ORIGINALS.items():
        shutil.copyfile(samples / sample, folder / name)
    shutil.copyfile(folder / "rocket.jpg", folder / "upload_2041.jpg")
    for name, (original, edit, quality) in COPIES.items():
        with Image.open(folder / original) as image:
            edit(image).save(folder / name, quality=quality, exif=_exif(name))


def _same(image: Image.Image) -> Image.Image:
    return image.copy()


def _half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def _grey(image: Image.Image) -> Image.Image:
    return ImageOps.grayscale(image)


def _brighter(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.25)


def _cropped(image: Image.Image) -> Image.Image:
    """Two percent off each side."""
    return ImageOps.crop(image, image.width // 50)


def _watermarked(image: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", image.size)
    font = ImageFont.load_default(image.height // 12)
    place = (image.width // 2, image.height * 9 // 10)
    ImageDraw.Draw(layer).text(place, "© Lookalike demo", (255, 255, 255, 160), font, anchor="mm")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _turned(image: Image.Image) -> Image.Image:
    """As phones save it: the pixels lie on their side, and a tag says how to turn them."""
    return image.transpose(Image.Transpose.ROTATE_90)


def _mirrored(image: Image.Image) -> Image.Image:
    return ImageOps.mirror(image)


Edit = Callable[[Image.Image], Image.Image]

COPIES: dict[str, tuple[str, Edit, int]] = {
    "astronaut_brighter.jpg": ("astronaut.png", _brighter, 90),
    "cat_grey.jpg": ("cat.png", _grey, 90),
    "cat_phone.jpg": ("cat.png", _turned, 90),
    "coffee_cropped.jpg": ("coffee.png", _cropped, 90),
    "coffee_half_size.jpg": ("coffee.png", _half, 90),
    "galaxies_mirrored.jpg": ("galaxies.jpg", _mirrored, 90),
    "motorcycle_recompressed.jpg": ("motorcycle.png", _same, 20),
    "rocket_watermarked.jpg": ("rocket.jpg", _watermarked, 90),
}
"""Name of each copy: what it is made of, how, and the quality of its JPEG."""


def _exif(name: str) -> Image.Exif:
    exif = Image.Exif()
    if name == "cat_phone.jpg":
        exif[0x0112] = 6  # orientation: turn a quarter to the right to show it
    return exif


if __name__ == "__main__":
    make_photos(Path(sys.argv[1]))
