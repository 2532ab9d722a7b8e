"""Hashes as a library of real photos has them: clusters of near copies, blanks, crowded corners.

There are 1,500 shared photos. Random parts of them are hashed (a part is a picture of its own), some 150,000; each
becomes a cluster by flips of up to eight bits, as edits make them; one row in fifty is a blank picture.
Queries are parts that were hashed, edited for real: half the size, JPEG, brighter.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from lookalike._core import Planes

from .pictures import PHOTOS, ROOT

__all__ = ["photo_codes"]

SIDE = 288
"""Photos are reduced to it before parts are taken."""
PARTS = 150_000
MOST_FLIPS = 8
BLANK_SHARE = 0.02

Codes = NDArray[np.uint8]


def photo_codes(count: int, queries: int) -> tuple[Codes, Codes] | None:
    """So many codes of 64 bits, and queries; `None` without the shared photos. Made once, kept in `.bench`."""
    if not PHOTOS.is_dir():
        return None
    cache = ROOT / ".bench" / f"photo_codes-{queries}.npz"
    if not cache.exists():
        cache.parent.mkdir(exist_ok=True)
        parts, edited = _hashed(queries)
        np.savez(cache, parts=parts, edited=edited)
    with np.load(cache) as kept:
        return _spread(kept["parts"], count), kept["edited"]


def _hashed(queries: int) -> tuple[Codes, Codes]:
    rng = np.random.default_rng(20)
    photos = [_small(path) for path in sorted(PHOTOS.rglob("*.jpg"))]
    parts: list[bytes] = []
    edited: list[bytes] = []
    for number in range(PARTS):
        photo = photos[rng.integers(len(photos))]
        part = _part(photo, rng)
        parts.append(_phash(part))
        if number % (PARTS // queries) == 0 and len(edited) < queries:
            edited.append(_phash(_edited(part)))
    codes = [np.frombuffer(b"".join(some), np.uint8).reshape(-1, 8) for some in (parts, edited)]
    return np.unique(codes[0], axis=0), codes[1]


def _small(path: object) -> Image.Image:
    with Image.open(str(path)) as image:
        image.draft("L", (SIDE, SIDE))
        grey = image.convert("L")
    grey.thumbnail((SIDE, SIDE))
    return grey


def _part(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = (int(side * rng.uniform(0.3, 1)) for side in photo.size)
    left, upper = int(rng.integers(photo.width - width + 1)), int(rng.integers(photo.height - height + 1))
    return photo.crop((left, upper, left + width, upper + height))


def _edited(part: Image.Image) -> Image.Image:
    half = part.resize((max(8, part.width // 2), max(8, part.height // 2)))
    file = io.BytesIO()
    ImageEnhance.Brightness(half).enhance(1.15).save(file, "JPEG", quality=60)
    with Image.open(file) as image:
        return image.convert("L")


def _phash(image: Image.Image) -> bytes:
    planes = Planes(image.width, image.height)
    planes.push_grey(image.tobytes())
    return planes.phash(8, 4)


def _spread(parts: Codes, count: int) -> Codes:
    """Copies with flipped bits, and blanks."""
    rng = np.random.default_rng(21)
    words = parts.view(">u8").ravel().astype(np.uint64)[rng.integers(0, len(parts), count)]
    flips = rng.integers(0, MOST_FLIPS + 1, count)
    for step in range(MOST_FLIPS):
        more = np.flatnonzero(flips > step)
        words[more] ^= np.uint64(1) << rng.integers(0, 64, len(more), dtype=np.uint64)
    # The hash of one colour, and of a hair's breadth from it.
    blank = rng.random(count) < BLANK_SHARE
    words[blank] = np.uint64(1 << 63) ^ (np.uint64(1) << rng.integers(0, 6, int(blank.sum()), dtype=np.uint64))
    return words.astype(">u8").view(np.uint8).reshape(-1, 8)
