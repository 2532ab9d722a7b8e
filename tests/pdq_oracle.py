"""A slow and obvious twin of the PDQ kernel, written from its published description.

Source: Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019). Everything is in
double precision; pictures are arrays of numbers, shape (height, width).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]

SMALL = 64
LOW = 16
LEAST_SIDE = 5
TIE = 1e-9
"""Coefficients nearer than this to the median are equal to it in exact arithmetic, or nobody can tell."""


def luminance(rgb: Any) -> Numbers:
    """The grey values of an array of colours, not rounded."""
    return np.asarray(rgb[..., 0] * 0.299 + rgb[..., 1] * 0.587 + rgb[..., 2] * 0.114, np.float64)


def box(lines: Numbers, window: int) -> Numbers:
    """Along the first axis, each number's mean over a window; an even one reaches further to the far end.

    Beyond the ends there is nothing.
    """
    right = window // 2
    left = window - 1 - right
    count = len(lines)
    return np.array([lines[max(0, i - left) : min(count, i + right + 1)].mean(axis=0) for i in range(count)])


def tent(lines: Numbers) -> Numbers:
    """Two boxes one after the other, as wide as half of what a pixel of the small picture stands for."""
    window = math.ceil(len(lines) / (2 * SMALL))
    return box(box(lines, window), window)


def small_picture(grey: Numbers) -> Numbers:
    """64 x 64 numbers: the blurred picture at the middle of each of 64 x 64 parts."""
    if grey.shape == (SMALL, SMALL):
        return grey
    blurred = tent(tent(grey).T).T
    rows, columns = ([int((i + 0.5) * side / SMALL) for i in range(SMALL)] for side in grey.shape)
    return np.asarray(blurred[np.ix_(rows, columns)])


def quality_of(small: Numbers) -> int:
    """How much the small picture's neighbours differ, in hundredths of white cut to whole ones, up to 100."""
    steps = [*np.diff(small, axis=0).flat, *np.diff(small, axis=1).flat]
    return min(100, sum(int(abs(step) * 100 / 255) for step in steps) // 90)


def coefficients(small: Numbers) -> Numbers:
    """Cosine transform: frequencies 1 to 16 along both sides, without the constant ones."""
    angle = math.pi / (2 * SMALL)
    rows = [[math.cos(angle * k * (2 * j + 1)) for j in range(SMALL)] for k in range(1, LOW + 1)]
    basis = math.sqrt(2 / SMALL) * np.array(rows)
    return np.asarray(basis @ small @ basis.T)


def margins(grey: Numbers) -> Numbers:
    """By how much each coefficient is above the 128th smallest of the 256."""
    low = coefficients(small_picture(grey))
    return low - np.sort(low, axis=None)[LOW * LOW // 2 - 1]


def hex_of(bits: Any) -> str:
    """As Meta's tools write it: the last coefficient first."""
    return np.packbits(np.asarray(bits).reshape(-1)[::-1]).tobytes().hex()


def pdq(grey: Numbers) -> tuple[str, int]:
    """The hash of a picture as hex text, and its quality."""
    if min(grey.shape) < LEAST_SIDE:
        return "0" * (LOW * LOW // 4), 0
    return hex_of(margins(grey) > TIE), quality_of(small_picture(grey))
