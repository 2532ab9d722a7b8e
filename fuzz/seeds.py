"""Inputs to begin fuzzing with: fuzz/seeds.py TARGET fills fuzz/seeds/TARGET.

Some are made here, by Pillow, so that every way of coding is there; the odd and broken files of the data set beside
the project join them if it is there.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
BAD = HERE.parents[1] / "shared" / "data" / "bad"
MOST_BYTES = 1 << 16
SUFFIXES = {"jpeg": {".jpg", ".jpeg"}, "formats": {".bmp", ".gif", ".png", ".tif", ".tiff", ".webp"}}


def picture(mode: str, width: int = 37, height: int = 29) -> Image.Image:
    """A gradient with a disc: flat blocks, edges and colours."""
    image = Image.merge(
        "RGB", [Image.linear_gradient("L").rotate(90 * turn).resize((width, height)) for turn in range(3)]
    )
    if min(width, height) > 4:
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


def stored() -> Iterator[bytes]:
    """What the library writes: segments and looks; the headers of indexes of keypoints; and codes to be joined.

    The first byte says which it is, and the second how far a search goes and whether it is for the nearest.
    """
    from lookalike.keypoint_index import KeypointIndex

    for bits, count, radius in itertools.product((8, 13, 64, 63, 100, 256), (0, 1, 40), (0, 3, 255)):
        yield bytes([0, radius]) + segment(bits, count)
        yield bytes([3, radius]) + bits.to_bytes(2, "little") + codes(bits, count).tobytes()
    looks = [look(picture("RGB", 60, 40)), look(picture("L", 33, 80))]
    yield from (bytes([2, turn]) + seen for turn in (0, 5) for seen in (*looks, b"".join(looks)))
    index = KeypointIndex.build([0], [next(keypoints())])
    with tempfile.TemporaryDirectory() as folder:
        index.write(path := Path(folder) / "index", {"kind": "keypoints"})
        yield b"\1\0" + path.read_bytes()[: 1 << 10]


def look(image: Image.Image) -> bytes:
    from lookalike._core import Planes

    pixels = Planes(*image.size, look=True)
    pixels.push_rgbx(image.convert("RGBX").tobytes())
    return pixels.look()


def segment(bits: int, count: int) -> bytes:
    """An index in a file, in which every third code has two rows."""
    from lookalike.hamming import HammingIndex

    own = codes(bits, count)
    own[2::3] = own[1::3][: len(own[2::3])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "segment"
        # Few buckets, or there is nothing but buckets; of which a search of wide codes must not have too many.
        HammingIndex._build(own, bits=bits, rows=None, path=path, about={"kind": "phash"}, tables=-(-bits // 6))
        return path.read_bytes()


def codes(bits: int, count: int) -> NDArray[np.uint8]:
    """Codes of that width, shape `(count, ceil(bits / 8))`."""
    stride = -(-bits // 8)
    packed = np.frombuffer(random_bytes(count * stride), np.uint8).reshape(count, stride).copy()
    packed[:, 0] &= 0xFF >> (-bits % 8)
    return packed


def planes() -> Iterator[bytes]:
    """Pixels after eight bytes that say how they are taken: pictures, flat ones, frames, lines and single pixels."""
    for width, height in ((1, 1), (1, 300), (300, 1), (2, 2), (9, 9), (40, 30), (64, 64), (33, 90)):
        pictures = (picture("L", width, height), Image.new("L", (width, height), 255), framed(width, height))
        for image, step in itertools.product(pictures, range(4)):
            yield (width - 1).to_bytes(2, "little") + bytes([step, 0, 1, 1, 6, step]) + image.tobytes()


def framed(width: int, height: int) -> Image.Image:
    """A picture with a black border, if it has room for one."""
    frame = Image.new("L", (width, height))
    frame.paste(picture("L", -(-width // 2), -(-height // 2)), (width // 4, height // 4))
    return frame


def entries() -> Iterator[bytes]:
    """For `entries.py`: small pictures, texts of hashes, and what the library writes."""
    for form in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "TGA", "ICO", "PPM", "JPEG2000", "PCX", "SGI", "DDS"):
        yield b"\0" + encoded(picture("RGB", 16, 16), form)
    texts = ["0123456789abcdef", "FFFF", "0" * 11, "ffff,0123456789abcdef", "crop_resistant:16\n" + "1" * 64, "ff 0f"]
    yield from (bytes([number]) + text.encode() for number in (1, 2) for text in texts)
    yield from (b"\3" + stored_bytes[2:] for stored_bytes in stored() if stored_bytes[0] == 2)
    yield from (b"\3" + blob for blob in keypoints() if len(blob) < 1000)
    yield b"\4" + segment(64, 3)
    yield from exported()
    nested = ["a", ["b", 7, None], {"c": 1}, 1.5, "", "*.jpg", [[[[]]]], "a\0b", "x[", "**"]
    yield from (b"\7" + json.dumps(given).encode() for given in (nested, *([one] for one in nested)))
    yield b"\x08" + b"0123456789abcdef\n0123456789abcdee\n\nno hash"
    yield b"\x08" + b"image,phash\na,0123456789abcdef\nb,\n"

    for number, column in itertools.product(range(8), range(10)):
        yield bytes([9, number, column, number + column, column, 5]) + b"../xy"
    yield bytes([9, 4, 1, 1, 0, 8]) + b"x|.*|xyz"


def exported() -> Iterator[bytes]:
    """A small library in both forms."""
    from lookalike import Library

    row = {"width": 4, "height": 3, "format": "PNG", "recipe": "standard/2", "warning": None, "error": None}
    rows = [{"image": f"é {n}", "phash": f"{n:016x}", "dhash": "f" * 16, "note": [n, None], **row} for n in range(3)]
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
        library.add_fingerprints(rows, owner="me", listing="=1", time="2024-05-01")
        for number, form in ((5, "csv"), (6, "parquet")):
            library.export(path := Path(folder) / f"table.{form}")
            yield bytes([number]) + path.read_bytes()
    yield b"\5image,phash,dhash,price\na,0123456789abcdef,0123456789abcdef,12\n"


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


MADE = {
    "jpeg": jpegs,
    "formats": others,
    "keypoints": keypoints,
    "stored": stored,
    "planes": planes,
    "entries": entries,
}


def main(target: str) -> None:
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    made = MADE[target]()
    for seed in itertools.chain(made, found(target)):
        (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    print(f"fuzz: {len(list(folder.iterdir()))} seeds for {target}")


if __name__ == "__main__":
    main(sys.argv[1])
