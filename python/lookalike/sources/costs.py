"""What a file would cost Pillow, found out before it is let near it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import LimitError
from ..options import Limits

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["check_inside", "check_memory"]

# Bytes a pixel at the peak of decoding and normalising, measured with Pillow 12.3 on 12 megapixels and rounded up. Of
# most formats it is the picture, and once more what it is converted to.
_OF_MODE = {"1": 3, "L": 2, "P": 6, "RGB": 6, "I;16": 9, "I;16B": 9, "I;16L": 9, "I;16N": 9, "I": 17, "F": 17}
_OTHER_MODES = 10
# Libraries that hold a picture several times over, and decoders in Python; by mode, and for all other modes.
_OF_FORMAT: dict[str, tuple[dict[str, float], float]] = {
    "AVIF": ({}, 14),
    "BLP": ({}, 18),
    "DDS": ({}, 18),
    "FITS": ({"L": 22}, 56),
    "HEIF": ({"RGB": 9.2}, 15),
    "JPEG": ({"L": 3, "RGB": 10}, 14),
    "JPEG2000": ({"L": 7, "I;16": 13, "RGB": 22}, 26),
    "MPO": ({"L": 3, "RGB": 10}, 14),
    "QOI": ({}, 18),
    "WEBP": ({}, 17),
}
# A progressive JPEG is kept as coefficients until its last scan, at whatever scale it is decoded.
_OF_COEFFICIENT = 2
# Pillow keeps a pointer to each row, in each of up to three pictures.
_OF_ROW = 24
_OF_BLP_BYTE = 7
_OF_JPEG_2000_TILE = 16_000
_MOST_BYTE_BY_BYTE = 1_000_000
_TILE = (322, 323)
_SAMPLE_BYTES = 8

_SCAN = b"\xff\xda"
_STRIP = 1 << 20
# Where metadata is looked for. What stands behind that is left to the limits of another process.
_MOST_SEARCHED = 16 * 1024 * 1024
_MOST_METADATA = 64 * 1024 * 1024
# A TIFF directory where Pillow reads one: at the head of a file, or behind what JPEG, PNG, WebP and HEIF write before
# EXIF data, and MPO before its own. Elsewhere the same bytes are nothing: Canon ends its notes with them.
_DIRECTORY = re.compile(rb"(?:\A|Exif\0\0|eXIf|EXIF....|MPF\0)(II\*\0|MM\0\*)", re.DOTALL)
_LONGEST_HEAD = 12
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_MOST_BLOCKS = 10_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_2000 = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")


def check_memory(image: Image.Image, limits: Limits, whole: int = 0) -> None:
    """Refuse a picture that would take more memory than it may.

    Args:
        image: opened, but not decoded.
        limits: of which `memory` counts.
        whole: how many pixels it has, where it is to be decoded at another scale.

    Raises:
        LimitError: as said.
    """
    form, pixels = image.format or "", image.width * image.height
    by_mode, other = _OF_FORMAT.get(form, (_OF_MODE, _OTHER_MODES))
    needed = pixels * by_mode.get(image.mode, other) + image.height * _OF_ROW
    if "progressive" in image.info:
        needed += max(pixels, whole) * len(image.getbands()) * _OF_COEFFICIENT
    file = getattr(image, "fp", None)
    if form == "BLP" and file is not None:
        needed += file.seek(0, 2) * _OF_BLP_BYTE  # as many pixels as there are bytes, whatever its size
    if form == "TIFF":
        needed += _tile(image)
    _refuse_if_large(int(needed), f"{form or 'picture'} of {image.width} x {image.height}", limits)


def check_inside(file: BinaryIO, head: bytes, limits: Limits) -> None:
    """Refuse a file with something in it that Pillow would take in before anybody can ask how large it is.

    These are pictures in icons, metadata that point to the same bytes many times over, and scans of a JPEG file.

    Raises:
        LimitError: as said.
    """
    if head.startswith(b"\0\0\1\0"):
        _check_sizes(_of_icon(file), limits)
    elif head.startswith(b"icns"):
        _check_sizes(_of_mac_icon(file), limits)
    elif head.startswith(b"BLP"):
        _check_palette(head)
    if head.startswith(_JPEG_2000):
        file.seek(0)
        _check_tiles(file.read(_STRIP), limits)
    scans = 0
    is_jpeg = head.startswith(b"\xff\xd8")
    for start, again, strip in _strips(file):
        if is_jpeg:
            scans += strip.count(_SCAN) - strip.count(_SCAN, 0, again)
        for found in _DIRECTORY.finditer(strip):
            if found.start(1) or not start:
                _check_directory(file, start + found.start(1), found[1][:2] == b"II")
    if scans > limits.scans:
        raise LimitError(
            f"expected a JPEG file of at most {limits.scans:,} scans, got one of {scans:,}; "
            "raise Limits.scans to allow it"
        )
    file.seek(0)


def _check_palette(head: bytes) -> None:
    """Pillow goes through all bytes of a BLP file's picture, one by one, and asks nothing of its file meanwhile."""
    at = 20 + 64 if head.startswith(b"BLP2") else 28 + 64
    width, height = struct.unpack("<II", head[12:20].ljust(8, b"\0"))
    length = int.from_bytes(head[at : at + 4], "little")
    if length > 2 * max(_MOST_BYTE_BY_BYTE, width * height):
        raise LimitError(f"expected a BLP file of {width} x {height} pixels, got one with {length:,} bytes for them")


def _check_tiles(head: bytes, limits: Limits) -> None:
    """Refuse a JPEG 2000 file of so many tiles that what is kept of each fills the memory."""
    at = head.find(_JPEG_2000[0])
    if at < 0 or len(head) < at + 40:
        return
    right, lower, left, upper, across, down, first, top = struct.unpack_from(">8I", head, at + 8)
    if right > left and lower > upper and across and down:
        tiles = -(-(right - min(first, right)) // across) * -(-(lower - min(top, lower)) // down)
        what = f"JPEG 2000 file of {right - left} x {lower - upper} in {tiles:,} tiles"
        _refuse_if_large(tiles * _OF_JPEG_2000_TILE, what, limits)


def _tile(image: Image.Image) -> int:
    """Bytes of a TIFF file's tile, which may be larger than the picture."""
    tags = getattr(image, "tag_v2", {})
    width, height = (tags.get(tag, 0) for tag in _TILE)
    return width * height * _SAMPLE_BYTES if isinstance(width, int) and isinstance(height, int) else 0


def _refuse_if_large(needed: int, what: str, limits: Limits) -> None:
    if needed > limits.memory:
        raise LimitError(
            f"expected a picture that decodes within {limits.memory:,} bytes of memory, got a {what}, which takes "
            f"about {needed:,}; raise Limits.memory to allow it"
        )


def _strips(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """The file's first megabytes in parts, each with its place, and how many of its bytes the one before had too."""
    start, tail = 0, b""
    while start < _MOST_SEARCHED:
        file.seek(start)
        new = file.read(_STRIP)
        if not new:
            return
        yield start - len(tail), len(tail), tail + new
        start += len(new)
        tail = new[1 - _LONGEST_HEAD :]


def _check_directory(file: BinaryIO, start: int, little: bool) -> None:
    """The values of a TIFF directory, as EXIF data are one, each of which Pillow copies."""
    order = "<" if little else ">"
    file.seek(start + 4)
    where = file.read(4)
    if len(where) < 4:
        return
    file.seek(start + struct.unpack(f"{order}I", where)[0])
    size = file.read(2)
    if len(size) < 2:
        return
    entries = file.read(12 * struct.unpack(f"{order}H", size)[0])
    end = file.seek(0, 2)
    total = 0
    for at in range(0, len(entries) - 11, 12):
        _, kind, count, offset = struct.unpack_from(f"{order}HHII", entries, at)
        # What lies outside of the file is not read.
        total += max(0, min(_TYPE_BYTES.get(kind, 0) * count, end - start - offset))
    if total > max(_MOST_METADATA, 4 * end):
        raise LimitError(
            f"expected metadata of at most {_MOST_METADATA:,} bytes, got a directory whose values would take {total:,}"
        )


def _check_sizes(sizes: Iterator[tuple[int, int]], limits: Limits) -> None:
    for width, height in sizes:
        if width * height > limits.pixels:
            raise LimitError(
                f"expected at most {limits.pixels:,} pixels, got an icon with a picture of {width} x {height}; "
                "raise Limits.pixels to allow it"
            )
        needed = width * height * _OTHER_MODES + height * _OF_ROW
        _refuse_if_large(needed, f"picture of {width} x {height} in an icon", limits)


def _of_icon(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Sides of the pictures in a Windows icon."""
    file.seek(4)
    (count,) = struct.unpack("<H", file.read(2).ljust(2, b"\0"))
    entries = file.read(16 * count)
    for at in range(0, len(entries) - 15, 16):
        file.seek(int.from_bytes(entries[at + 12 : at + 16], "little"))
        head = file.read(24).ljust(24, b"\0")
        if head.startswith(_PNG):
            yield struct.unpack(">II", head[16:24])
        elif head[:4] == b"\x0c\0\0\0":
            yield struct.unpack("<HH", head[4:8])
        else:
            width, height = struct.unpack("<ii", head[4:12])
            yield abs(width), abs(height) // 2


def _of_mac_icon(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Sides of the PNG and JPEG 2000 pictures in a Macintosh icon."""
    file.seek(4)
    (end,) = struct.unpack(">I", file.read(4).ljust(4, b"\0"))
    at = 8
    for _ in range(_MOST_BLOCKS):
        file.seek(at)
        block = file.read(8 + 96)
        length = int.from_bytes(block[4:8], "big")
        if length < 8 or at >= end:
            return
        data = block[8:]
        if data.startswith(_PNG) and len(data) >= 24:
            yield struct.unpack(">II", data[16:24])
        elif data.startswith(_JPEG_2000[0]) and len(data) >= 16:
            yield struct.unpack(">II", data[8:16])
        elif data[:8] == _JPEG_2000[1] and (box := data.find(b"ihdr")) >= 0 and len(data) >= box + 12:
            height, width = struct.unpack(">II", data[box + 4 : box + 12])
            yield width, height
        at += length
    raise LimitError(f"expected an icon of at most {_MOST_BLOCKS:,} blocks, got one of more")
