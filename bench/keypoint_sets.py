"""Keypoints to measure with: of photographs, of edits of them, and synthetic ones where photographs run out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pictures import all_files, spread
from .train_vocabulary import is_for_training

__all__ = ["EDITS", "Crowd", "Photo", "grey_of", "photos"]

SIDE = 512
CHUNK = 256
"""Synthetic pictures that are made at a time."""

SOURCES = 8
"""Photographs that a synthetic picture has its keypoints of."""

MOVED = 6000
"""65535ths of the sides by which they are moved at most."""

TURNED = 20
"""256ths of a turn by which they are turned at most."""

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Photo:
    """A photograph, decoded to grey, at most twice as large as the plane of keypoints."""

    path: Path
    image: Image.Image

    def keypoints(self, budget: int) -> bytes:
        """Of the whole picture."""
        return keypoints_of(self.image, budget)


def photos(count: int, training: bool = False) -> list[Photo]:
    """Photographs that the vocabulary does not know, spread over all; or, for a crowd, those that it does."""
    paths = [path for path in all_files() if is_for_training(path) == training]
    return [Photo(path, grey_of(path)) for path in spread(paths, min(count, len(paths)))]


def grey_of(path: Path) -> Image.Image:
    """A photograph in grey."""
    with Image.open(path) as image:
        image.draft("L", (2 * SIDE, 2 * SIDE))
        grey = image.convert("L")
    grey.thumbnail((2 * SIDE, 2 * SIDE), Image.Resampling.BOX)
    return grey


def keypoints_of(image: Image.Image, budget: int) -> bytes:
    """The keypoints of a picture, as bytes."""
    from lookalike import keypoints

    plane = image.copy()
    plane.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return bytes(keypoints.keypoints_of(np.asarray(plane), image.size, budget))


def cropped(image: Image.Image, share: float, rng: np.random.Generator) -> Image.Image:
    """A part with so much of the area."""
    width, height = (max(1, round(side * share**0.5)) for side in image.size)
    left, upper = int(rng.integers(0, image.width - width + 1)), int(rng.integers(0, image.height - height + 1))
    return image.crop((left, upper, left + width, upper + height))


def tilted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As seen from the side: the corners move inwards by up to a sixth."""
    width, height = image.size
    inwards = rng.uniform(0, 1 / 6, (4, 2)) * [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    shown = (corners + inwards) * (width, height)
    rows = []
    for (x, y), (u, v) in zip(shown, corners * (width, height), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    numbers = np.linalg.solve(np.array(rows), (corners * (width, height)).ravel())
    return image.transform(image.size, Image.Transform.PERSPECTIVE, numbers.tolist(), Image.Resampling.BICUBIC)


def pasted(image: Image.Image, share: float, rng: np.random.Generator) -> Image.Image:
    """With so much of the area on smooth noise."""
    rough = Image.fromarray(rng.integers(0, 256, (24, 32), dtype=np.uint8))
    ground = rough.resize((1024, 768), Image.Resampling.BICUBIC)
    scale = min((share * ground.width * ground.height / (image.width * image.height)) ** 0.5, 768 / image.height)
    small = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BOX
    )
    ground.paste(small, (int(rng.integers(0, 1024 - small.width + 1)), int(rng.integers(0, 768 - small.height + 1))))
    return ground


Edit = Callable[[Image.Image, np.random.Generator], Image.Image]

EDITS: dict[str, Edit] = {
    "crop to 50 %": lambda image, rng: cropped(image, 0.5, rng),
    "crop to 25 %": lambda image, rng: cropped(image, 0.25, rng),
    "crop to 10 %": lambda image, rng: cropped(image, 0.1, rng),
    "rotation by 45 degrees": lambda image, rng: image.rotate(45, Image.Resampling.BICUBIC, expand=True),
    "perspective": tilted,
    "pasted at 15 %": lambda image, rng: pasted(image, 0.15, rng),
    "mirrored and cropped to 60 %": lambda image, rng: cropped(
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 0.6, rng
    ),
}


class Crowd:
    """Synthetic pictures without end: each has keypoints of some photographs, their codes with an eighth of the bits
    flipped, moved and turned. A picture's number tells all of it, so that none need be kept.
    """

    def __init__(self, blobs: list[bytes], each: int) -> None:
        """Of the keypoints of photographs; `each` is how many a picture gets."""
        fields = [_fields(blob) for blob in blobs]
        fields = [some for some in fields if len(some[0]) >= each // SOURCES]
        self._each = each
        self._counts = np.array([len(some[0]) for some in fields])
        self._starts = np.cumsum(self._counts) - self._counts
        self._codes, self._places, self._sizes, self._angles = (
            np.concatenate(part) for part in zip(*fields, strict=True)
        )

    def chunk(self, number: int) -> list[bytes]:
        """Pictures `CHUNK * number` and those that follow."""
        rng = np.random.default_rng((8, number))
        shape = (CHUNK, self._each)
        sources = rng.integers(0, len(self._counts), (CHUNK, SOURCES))
        source = np.take_along_axis(sources, rng.integers(0, SOURCES, shape), axis=1)
        picked = self._starts[source] + (rng.random(shape) * self._counts[source]).astype(np.int64)
        flips = np.bitwise_and.reduce(rng.integers(0, 2**64, (3, *shape, 4), dtype=np.uint64))
        codes = self._codes[picked] ^ flips.view(np.uint8)
        places = self._places[picked] + rng.integers(-MOVED, MOVED, (*shape, 2))
        places = places.clip(0, 65535).astype("<u2").transpose(0, 2, 1)
        angles = (self._angles[picked] + rng.integers(-TURNED, TURNED, shape)).astype(np.uint8)
        head = b"\1\0" + b"".join(int(n).to_bytes(2, "little") for n in (self._each, 512, 384))
        head += (1024).to_bytes(4, "little") + (768).to_bytes(4, "little")
        columns = zip(codes, places, self._sizes[picked], angles, strict=True)
        return [head + b"".join(part.tobytes() for part in column) for column in columns]

    def some(self, count: int) -> Iterator[bytes]:
        """The first of them."""
        for number in range(-(-count // CHUNK)):
            yield from self.chunk(number)[: count - CHUNK * number]

    def one(self, number: int) -> bytes:
        """A single one."""
        return self.chunk(number // CHUNK)[number % CHUNK]


def _fields(blob: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Codes, places in 65535ths `(n, 2)`, sizes, angles."""
    count = int.from_bytes(blob[2:4], "little")
    codes = np.frombuffer(blob, np.uint8, 32 * count, 16).reshape(count, 32)
    places = np.frombuffer(blob, "<u2", 2 * count, 16 + 32 * count).reshape(2, count).T.astype(np.int64)
    rest = np.frombuffer(blob, np.uint8, 2 * count, 16 + 36 * count)
    return codes, places, rest[:count], rest[count:]
