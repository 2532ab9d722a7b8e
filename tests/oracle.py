"""Slow and obvious twins of the kernels: whole numbers, loops, and 100 digits where that is not enough.

Written from the definitions, not from our code: what both agree on is unlikely to be wrong in the same
way. Pictures are arrays of uint8, shape (height, width).
"""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np

Grey = np.ndarray[Any, np.dtype[np.uint8]]
Bits = np.ndarray[Any, np.dtype[np.bool_]]
Box = tuple[int, int, int, int]

DIGITS = 100
"""Decimal places of the cosines below. A coefficient sums fewer than 10^9 of them times at most 255."""

SCALE = 10**DIGITS
TIE = Fraction(1, 10**40)
"""Numbers nearer than this are equal in exact arithmetic, or nobody can tell."""


def resize(grey: Grey, width: int, height: int) -> Grey:
    """Lanczos with three lobes in 22-bit fixed point, rows first, rounded to bytes in between."""
    if width != grey.shape[1]:
        grey = _resize_rows(grey, width)
    if height != grey.shape[0]:
        grey = _resize_rows(grey.T, height).T
    return grey


def average_bits(small: Grey) -> Bits:
    """Pixels above the mean."""
    mean = Fraction(int(small.astype(np.int64).sum()), small.size)
    return np.array([[int(pixel) > mean for pixel in row] for row in small])


def median_bits(small: Grey) -> Bits:
    """Pixels above the median."""
    median = _median([int(pixel) for pixel in small.flat])
    return np.array([[int(pixel) > median for pixel in row] for row in small])


def difference_bits(small: Grey) -> Bits:
    """Pixels brighter than their left neighbour."""
    return np.array([[int(row[i + 1]) > int(row[i]) for i in range(len(row) - 1)] for row in small])


def phash_margins(small: Grey, hash_size: int) -> list[list[Fraction]]:
    """By how much each low frequency of a square picture is above the median of them all."""
    basis = _cosines(small.shape[0], hash_size)
    low = (basis @ small.astype(object) @ basis.T).tolist()
    median = _median([value for row in low for value in row])
    return [[(value - median) / SCALE**2 for value in row] for row in low]


def phash_simple_margins(small: Grey, hash_size: int) -> list[list[Fraction]]:
    """By how much the frequencies 1 to `hash_size` of the first rows are above their mean."""
    basis = _cosines(small.shape[0], hash_size + 1)[1:]
    low = (small[:hash_size].astype(object) @ basis.T).tolist()
    count = sum(len(row) for row in low)
    mean = Fraction(sum(value for row in low for value in row), max(count, 1))
    return [[(value - mean) / SCALE for value in row] for row in low]


def haar_margins(scaled: Grey, hash_size: int) -> list[list[Fraction]]:
    """By how much the sum of each block is above the median: Haar's low band but for a factor.

    Taking the lowest frequency away shifts all of them, and their median, by the same.
    """
    block = scaled.shape[0] // hash_size
    parts = scaled.astype(np.int64).reshape(hash_size, block, hash_size, block)
    low = [[int(parts[i, :, j, :].sum()) for j in range(hash_size)] for i in range(hash_size)]
    median = _median([value for row in low for value in row])
    return [[value - median for value in row] for row in low]


def color_counts(grey: Grey, hue: Grey, saturation: Grey) -> list[int]:
    """Pixels in each of the 14 classes; a saturation of exactly 170 is in none."""
    counts = [0] * 14
    for pixel, h, s in zip(grey.flat, hue.flat, saturation.flat, strict=True):
        bin_of_hue = min(int(h) * 2 // 85, 5)
        if pixel < 32:
            counts[0] += 1
        elif s < 85:
            counts[1] += 1
        elif s != 170:
            counts[(2 if s < 170 else 8) + bin_of_hue] += 1
    return counts


def color_bits(counts: list[int], pixels: int, binbits: int) -> Bits:
    """The shares of the classes, each in `binbits` bits of ImageHash's own code."""
    colored = max(1, pixels - counts[0] - counts[1])
    rows = []
    for index, count in enumerate(counts):
        share = Fraction(count / (pixels if index < 2 else colored))
        level = min(2**binbits - 1, math.floor(share * 2**binbits))
        rows.append([level // 2 ** (binbits - i - 1) % 2 ** (binbits - i) > 0 for i in range(binbits)])
    return np.array(rows)


def regions(filtered: Grey, threshold: float, min_size: float) -> list[list[tuple[int, int]]]:
    """Pixels (row, column) of each bright and then each dark region of a square picture, large ones only.

    ImageHash looks for dark regions only until its count of seen pixels reaches the area, and that
    count begins with the four borders outside the picture, so the last dark regions can go unseen.
    A region of a single pixel is never counted.
    """
    side = filtered.shape[0]
    found, seen = [], 4 * side
    label = np.zeros(filtered.shape, dtype=bool)
    for bright in (True, False):
        for start in np.ndindex(filtered.shape):
            if not bright and seen >= side * side:
                break
            if label[start] or (filtered[start] > threshold) != bright:
                continue
            region = _flood(filtered > threshold, start, label)
            seen += len(region) if len(region) > 1 else 0
            if len(region) > min_size:
                found.append(region)
    return found


def boxes(found: list[list[tuple[int, int]]], side: int, width: int, height: int) -> list[Box]:
    """The regions' boxes in the whole picture: left, upper, right, lower."""
    across, down = float(width) / side, float(height) / side
    result = []
    for region in found or [[(0, 0), (side - 1, side - 1)]]:
        rows, columns = [row for row, _ in region], [column for _, column in region]
        edges = (min(columns) * across, min(rows) * down, (max(columns) + 1) * across, (max(rows) + 1) * down)
        left, upper, right, lower = (round(edge) for edge in edges)
        result.append((left, upper, right, lower))
    return result


def above(margins: list[list[Fraction]]) -> Bits:
    """The stable bits: 1 where the margin is positive beyond any doubt."""
    return np.array([[margin > TIE for margin in row] for row in margins], dtype=bool).reshape(len(margins), -1)


def ties(margins: list[list[Fraction]]) -> Bits:
    """Where the margin is zero in exact arithmetic."""
    return np.array([[abs(margin) < TIE for margin in row] for row in margins], dtype=bool).reshape(len(margins), -1)


def _median(values: list[int]) -> Fraction:
    ordered, half = sorted(values), len(values) // 2
    return Fraction(
        ordered[half] if len(values) % 2 else ordered[half - 1] + ordered[half], 1 if len(values) % 2 else 2
    )


@lru_cache(maxsize=32)
def _cosines(side: int, count: int) -> Any:
    # 2 cos(pi k (2 i + 1) / (2 side)), times SCALE, as whole numbers: sums and products of them are exact.
    count = min(count, side)
    with mpmath.workdps(DIGITS + 20):
        table = [int(mpmath.nint(2 * mpmath.cospi(mpmath.mpf(m) / (2 * side)) * SCALE)) for m in range(4 * side)]
    return np.array([[table[k * (2 * i + 1) % (4 * side)] for i in range(side)] for k in range(count)], dtype=object)


def _resize_rows(grey: Grey, width: int) -> Grey:
    columns = []
    for index in range(width):
        start, weights = _lanczos_weights(index, grey.shape[1], width)
        total = np.full(grey.shape[0], 1 << 21, dtype=np.int64)
        for offset, weight in enumerate(weights):
            total += weight * grey[:, start + offset].astype(np.int64)
        columns.append(np.clip(total >> 22, 0, 255).astype(np.uint8))
    return np.stack(columns, axis=1)


def _lanczos_weights(index: int, before: int, after: int) -> tuple[int, list[int]]:
    scale = before / after
    stretch = max(scale, 1.0)
    center = (index + 0.5) * scale
    first = int(max(center - 3.0 * stretch + 0.5, 0))
    last = int(min(center + 3.0 * stretch + 0.5, before))
    weights = [_lanczos((x - center + 0.5) / stretch) for x in range(first, last)]
    total = sum(weights)
    return first, [math.trunc(w / total * 2**22 + math.copysign(0.5, w)) for w in weights]


def _lanczos(x: float) -> float:
    return _sinc(x) * _sinc(x / 3) if -3.0 <= x < 3.0 else 0.0


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


def _flood(bright: Bits, start: tuple[int, ...], label: Bits) -> list[tuple[int, int]]:
    region, waiting = [], deque([(start[0], start[1])])
    label[start] = True
    while waiting:
        row, column = waiting.popleft()
        region.append((row, column))
        for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= near[0] < bright.shape[0] and 0 <= near[1] < bright.shape[1]
            if inside and not label[near] and bright[near] == bright[start]:
                label[near] = True
                waiting.append(near)
    return region
