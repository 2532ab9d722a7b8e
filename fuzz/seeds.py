"""Inputs to begin fuzzing with: fuzz/seeds.py TARGET fills fuzz/seeds/TARGET.

Some are made here, by Pillow, so that every way of coding is there; the odd and broken files of the data set beside
the project join them if it is there.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).resolve().parent
BAD = HERE.parents[1] / "shared" / "data" / "bad"
MOST_BYTES = 1 << 16
SUFFIXES = {"jpeg": {".jpg", ".jpeg"}, "formats": {".bmp", ".gif", ".png", ".tif", ".tiff", ".webp"}}


def picture(mode: str, width: int = 37, height: int = 29) -> Image.Image:
    """A gradient with a disc: flat blocks, edges and colours."""
    image = Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(90 * turn).resize((width, height)) for turn in range(3)]
    )
    ImageDraw.Draw(image).ellipse((width // 5, height // 4, width - 3, height - 2), fill=(200, 30, 90))
    return image.convert(mode)


def jpegs() -> Iterator[bytes]:
    """Every coding that Pillow writes: sampling, progressive or not, restarts, grey, inks and untransformed RGB."""
    restarts: tuple[dict[str, int], ...] = ({}, {"restart_marker_blocks": 2})
    for progressive, restart in itertools.product((False, True), restarts):
        options = {"progressive": progressive, "quality": 60, **restart}
        for subsampling in (0, 1, 2):
            yield encoded(picture("RGB"), "JPEG", subsampling=subsampling, **options)
        yield encoded(picture("L"), "JPEG", **options)
        yield encoded(picture("CMYK"), "JPEG", **options)
        yield encoded(picture("RGB"), "JPEG", keep_rgb=True, **options)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield encoded(picture("RGB", 8, 8), "JPEG", optimize=True, exif=exif)


def others() -> Iterator[bytes]:
    """Small files of the other formats, in the modes that they have."""
    for form, mode in itertools.product(("PNG", "WEBP", "GIF", "TIFF", "BMP"), ("1", "L", "P", "RGB", "RGBA")):
        if (form, mode) != ("BMP", "RGBA"):
            yield encoded(picture(mode), form)
    yield encoded(picture("RGB"), "WEBP", lossless=True)


def keypoints() -> Iterator[bytes]:
    """Keypoints of pseudo-random numbers: none, a few, many; and some with one code."""
    for count, same in itertools.product((0, 1, 7, 120), (False, True)):
        columns = [bytes([5]) * (32 * count) if same else random_bytes(32 * count), random_bytes(6 * count)]
        yield b"\1\0" + count.to_bytes(2, "little") + b"\0\2\x80\1\0\4\0\0\0\3\0\0" + b"".join(columns)


def random_bytes(count: int) -> bytes:
    """The same ones each time."""
    return hashlib.shake_128(count.to_bytes(4, "little")).digest(count)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def found(target: str) -> Iterator[bytes]:
    """The small ones among the odd files beside the project."""
    for path in sorted(BAD.rglob("*")):
        if path.suffix.lower() in SUFFIXES.get(target, ()) and path.is_file() and path.stat().st_size <= MOST_BYTES:
            yield path.read_bytes()


def main(target: str) -> None:
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    made = {"jpeg": jpegs, "formats": others, "keypoints": keypoints}[target]()
    for seed in itertools.chain(made, found(target)):
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    print(f"fuzz: {len(list(folder.iterdir()))} seeds for {target}")


if __name__ == "__main__":
    main(sys.argv[1])
