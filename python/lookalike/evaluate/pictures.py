"""The pictures that a measurement is made on: which there are, which can be read, and which are the same already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import shortened
from ..options import DEFAULT_LIMITS, Limits
from ..prints import error_text
from ..sources import FileName, Item, expand
from ..sources.files import open_file
from ..sources.pillow import opened
from ..workers import ordered_map
from .edits import normal

__all__ = ["SAME", "Photo", "Planes", "open_normal", "plane_of", "read_all", "twins"]

SIDE = 32
"""Pixels of the small planes that tell twins."""

SAME = 0.97
"""Correlation of two small grey planes from which on two pictures are the same one.

Of the 858,330 pairs of 1,311 photographs, the six that are the same in several sizes reach 0.984 or more, all others
at most 0.957.
"""

_FLAT = 2.0
"""Standard deviation, in levels: planes with less have no structure to be told by."""

_NEAR = 4.0
"""Mean difference, in levels, up to which two flat planes are the same."""

Planes = NDArray[np.float32]


@dataclass
class Photo:
    """A picture file.

    Attributes:
        name: as the user wrote its path.
        path: what to open.
        plane: its small grey plane, `(32, 32)`, in levels; `None` until it is read.
        error: why it cannot be read, if so.
    """

    name: str
    path: str
    plane: Planes | None = field(default=None, repr=False)
    error: str | None = None


def read_all(sources: Any, workers: int, limits: Limits = DEFAULT_LIMITS) -> Iterator[Photo]:
    """Every picture of the sources with its plane or its error, in order; each file once."""

    def read(item: Item) -> Photo:
        path = str(item.source) if isinstance(item.source, FileName) else ""
        photo = Photo(item.image, path)
        try:
            if item.error is not None:
                raise item.error
            if not path:
                raise TypeError(f"expected a file, got {shortened(item.image)}: save it first")
            photo.plane = plane_of(open_normal(path, limits, 2 * SIDE))
        except Exception as error:  # one row for each input, whatever is wrong with it
            photo.error = error_text(error)
        return photo

    return ordered_map(read, _once(expand(sources, limits)), workers)


def _once(items: Iterable[Item]) -> Iterator[Item]:
    seen: set[str] = set()
    for item in items:
        key = str(item.source) if isinstance(item.source, FileName) else ""
        if not key or key not in seen:
            yield item
        seen.add(key)


def open_normal(path: str, limits: Limits = DEFAULT_LIMITS, longest: int | None = None) -> Image.Image:
    """A file's picture as an edit begins with it: upright, in RGB, not too large.

    Raises:
        SourceError: if there is no picture in it.
        OSError: if the system refuses to read it.
    """
    with open_file(FileName(path), limits.bytes) as file, opened(file, limits) as image:
        return normal(image) if longest is None else normal(image, longest)


def plane_of(image: Image.Image) -> Planes:
    """The picture in grey, squeezed into a small square."""
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


def twins(planes: Planes) -> set[tuple[int, int]]:
    """Pairs of numbers, the smaller first, of planes `(n, side, side)` that show the same picture, turned or not."""
    found: set[tuple[int, int]] = set()
    deviation = planes.std((1, 2)) if len(planes) else np.zeros(0)
    rough = np.flatnonzero(deviation >= _FLAT)
    unit = _units(planes[rough])
    for start in range(0, len(rough), 512):
        part = planes[rough[start : start + 512]]
        best = np.full((len(part), len(rough)), -1, np.float32)
        for turned in _turns(part):
            np.maximum(best, _units(turned) @ unit.T, out=best)
        for here, there in zip(*np.nonzero(best >= SAME), strict=True):
            pair = int(rough[start + here]), int(rough[there])
            if pair[0] != pair[1]:
                found.add((min(pair), max(pair)))
    return found | _flat_twins(planes, np.flatnonzero(deviation < _FLAT))


def _units(planes: Planes) -> Planes:
    flat = planes.reshape(len(planes), planes.shape[1] * planes.shape[2])
    flat = flat - flat.mean(1, keepdims=True)
    units: Planes = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return units


def _turns(planes: Planes) -> Iterator[Planes]:
    for way in (planes, planes.transpose(0, 2, 1)):
        for mirrored in (way, way[:, :, ::-1]):
            yield mirrored
            yield mirrored[:, ::-1]


def _flat_twins(planes: Planes, flat: NDArray[np.intp]) -> set[tuple[int, int]]:
    means = planes[flat].mean((1, 2))
    near = np.abs(means[:, None] - means[None]) <= _NEAR
    return {(int(flat[a]), int(flat[b])) for a, b in zip(*np.nonzero(np.triu(near, 1)), strict=True)}
