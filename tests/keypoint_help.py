"""Keypoints without pictures: made up, cut out, pasted together; and a library's rows that have them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from library_help import RECIPE, codes, ready
from lookalike import Fingerprint, Hash
from lookalike.keypoints import Keypoints

PLANE = (512, 384)
SIZE = (1600, 1200)
Box = tuple[float, float, float, float]


def made_up(seed: int, count: int = 100) -> bytes:
    """Keypoints of a picture that is like no other seed's, as they are stored."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    places = rng.uniform(0.03, 0.97, (count, 2))
    return stored(patches, places, rng.uniform(31, 90, count), rng.uniform(0, 360, count))


def stored(patches: np.ndarray, places: np.ndarray, sizes: np.ndarray, angles: np.ndarray) -> bytes:
    """Keypoints as bytes: see `lookalike.keypoints`; places in shares of the sides, sizes in pixels, degrees."""
    head = struct.pack("<BBHHHII", 1, 0, len(patches), *PLANE, *SIZE)
    levels = np.clip(np.rint(32 * np.log2(sizes / 31) + 32), 0, 255).astype(np.uint8)
    turns = (np.rint(angles * 256 / 360) % 256).astype(np.uint8)
    numbers = np.rint(places.T * 65535).clip(0, 65535).astype("<u2")
    return head + b"".join(column.tobytes() for column in (patches, numbers, levels, turns))


def cut_out(blob: bytes, box: Box = (0.2, 0.2, 0.8, 0.8)) -> bytes:
    """The keypoints of the part in a box, as of a picture of its own."""
    patches, places, sizes, angles = _parted(blob)
    corner, sides = np.array(box[:2]), np.array(box[2:]) - np.array(box[:2])
    inside = ((places >= corner) & (places <= corner + sides)).all(axis=1)
    return stored(patches[inside], (places[inside] - corner) / sides, sizes[inside] / sides[0], angles[inside])


def pasted(blobs: Iterable[tuple[bytes, Box]]) -> bytes:
    """The keypoints of pictures in boxes of one."""
    columns: list[tuple[np.ndarray, ...]] = []
    for blob, box in blobs:
        patches, places, sizes, angles = _parted(blob)
        corner, sides = np.array(box[:2]), np.array(box[2:]) - np.array(box[:2])
        columns.append((patches, places * sides + corner, sizes * sides[0], angles))
    return stored(*(np.concatenate(column) for column in zip(*columns, strict=True)))


NOTHING = struct.pack("<BBHHHII", 1, 0, 0, *PLANE, *SIZE)
"""Of a blank picture."""


def _parted(blob: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    count = struct.unpack_from("<H", blob, 2)[0]
    patches = np.frombuffer(blob, np.uint8, 32 * count, 16).reshape(-1, 32)
    places = np.frombuffer(blob, "<u2", 2 * count, 16 + 32 * count).reshape(2, -1).T / 65535
    last = np.frombuffer(blob, np.uint8, 2 * count, 16 + 36 * count).reshape(2, -1).astype(float)
    return patches, places, 31 * 2.0 ** (last[0] / 32 - 1), last[1] * 360 / 256


def rows_with(
    blobs: Sequence[bytes | None], names: Iterable[str] | None = None, **columns: Any
) -> list[dict[str, Any]]:
    """Rows as of `fingerprint_many`, with codes that are far apart and these keypoints."""
    return ready(codes(len(blobs), seed=len(blobs)), names, keypoints=blobs, **columns)


def textured(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """A picture with corners at several scales, like no other seed's."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", size)
    for cells, share in ((9, 1.0), (23, 0.5), (61, 0.35)):
        patches = rng.integers(0, 256, (cells * size[1] // size[0], cells, 3), dtype=np.uint8)
        layer = Image.fromarray(patches).resize(size, Image.Resampling.NEAREST)
        picture = layer if share == 1.0 else Image.blend(picture, layer, share)
    return picture


def looked_for(blob: bytes | None, seed: int = 999) -> Fingerprint:
    """A query with these keypoints, whose codes are far from all others."""
    code = codes(1, seed=seed)[0].tobytes()
    hashes = {
        name: Hash.from_hex(part.hex(), name, RECIPE) for name, part in (("phash", code[:8]), ("dhash", code[8:]))
    }
    keypoints = None if blob is None else Keypoints(blob)
    return Fingerprint("query", hashes, *SIZE, None, RECIPE, keypoints=keypoints)
