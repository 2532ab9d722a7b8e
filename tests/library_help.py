"""What the tests of the library share: small pictures that differ, codes without pictures, and brute force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookalike import Library

RECIPE = "standard/2"


def picture(number: int, side: int = 48) -> Image.Image:
    """A smooth picture, another one for each number."""
    rng = np.random.default_rng(number)
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return small.resize((side, side), Image.Resampling.BICUBIC)


def saved(folder: Path, *numbers: int) -> list[Path]:
    """Pictures as PNG files, named by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}.png" for number in numbers]
    for path, number in zip(paths, numbers, strict=True):
        picture(number).save(path)
    return paths


def codes(count: int, seed: int = 0, width: int = 16, spread: int = 0) -> np.ndarray:
    """Random codes of a library with phash and dhash; with `spread`, so many bits around a few centres."""
    rng = np.random.default_rng(seed)
    if not spread:
        return rng.integers(0, 256, (count, width), dtype=np.uint8)
    centres = rng.integers(0, 256, (max(1, count // 8), width), dtype=np.uint8)
    flips = rng.random((count, 8 * width)) < spread / (8 * width)
    return centres[rng.integers(0, len(centres), count)] ^ np.packbits(flips, axis=1)


def ready(values: np.ndarray, names: Iterable[str] | None = None, **columns: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows as of `fingerprint_many`, with given codes."""
    images = [f"image {number}" for number in range(len(values))] if names is None else list(names)
    rows = []
    for number, (image, code) in enumerate(zip(images, values, strict=True)):
        row = {"image": image, "phash": code[:8].tobytes().hex(), "dhash": code[8:].tobytes().hex()}
        row |= {"width": 640, "height": 480, "format": "JPEG", "recipe": RECIPE, "warning": None, "error": None}
        rows.append(row | {name: column[number] for name, column in columns.items()})
    return rows


def statuses(library: Library, sources: object, **options: Any) -> list[str]:
    """What became of each source."""
    return [row["status"] for row in library.add_rows(sources, **options)]


def apart(one: bytes, other: bytes) -> int:
    """Bits that differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def brute(
    model: dict[str, bytes], query: bytes, radius: dict[str, int], order: dict[str, int]
) -> list[tuple[Any, ...]]:
    """What a search must find: image, kind and distance, by the share of bits, then by row."""
    found = []
    for image, code in model.items():
        kinds = {"phash": apart(code[:8], query[:8]), "dhash": apart(code[8:], query[8:])}
        near = [(distance, kind) for kind, distance in kinds.items() if distance <= radius[kind]]
        if near:
            distance = min(near)[0]
            kind = next(kind for kind in kinds if (distance, kind) in near)
            found.append((distance, order[image], image, kind))
    return [(image, kind, distance) for distance, _, image, kind in sorted(found)]
