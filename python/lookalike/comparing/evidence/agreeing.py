"""Where two pictures that lie on each other agree, and where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["agreement", "difference", "share_of_agreement"]

_MAP = 128
"""Longer side of the map of agreement: the pictures lie on each other to about a hundredth of their sides."""
_BLUR = 3
_NOISE = 36.0
"""Variance of grey values below which there is nothing to agree or disagree about."""

_FULL = 80.0
"""Difference of grey values that is drawn brightest."""
_MOST_GAIN = 4.0
_ROUNDS, _SAMPLES = 4, 20_000
_SHIFT = 2
"""How far pixels around are, along each side."""
_STIFF = 4.0
"""Variance of grey values of a plain ground, whose contrast nothing is known of, so that it stays as it is."""

_OUTSIDE = (128, 128, 128)
# Black for no difference, over violet and orange to yellow: told apart in grey too, and by those who do not see red and
# green.
_RAMP = np.array([(0, 0, 0), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], np.float32)


def share_of_agreement(one: Image.Image, other: Image.Image, inside: Image.Image) -> float | None:
    """How much of what they share agrees, 0 to 1.

    Args:
        one: a picture.
        other: one of the same size.
        inside: 255 where both have pixels, mode L.

    Returns:
        `None` if they share nothing.
    """
    width, height = (max(1, round(side * _MAP / max(one.size))) for side in one.size)
    size = (width, height)
    planes = [np.asarray(image.convert("L").resize(size, Image.Resampling.BOX), np.float32) for image in (one, other)]
    there = np.asarray(inside.resize(size, Image.Resampling.BOX)) > 250
    share = agreement(planes[0], planes[1], there)
    seen = share[~np.isnan(share)]
    return float(np.mean(seen > 0.5)) if len(seen) else None


def agreement(one: NDArray[np.float32], other: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far two planes of grey values agree around each pixel, whatever their brightness and contrast.

    The structure term of SSIM (Wang et al. 2004), with contrast compared over the whole of both.

    Args:
        one: shape (H, W).
        other: likewise.
        inside: where both have pixels.

    Returns:
        Shape (H, W), 0 to 1; NaN outside.
    """
    weight = _blurred(inside.astype(np.float32))
    low = np.maximum(weight, 1e-3)
    means = [_blurred(np.where(inside, plane, 0)) / low for plane in (one, other)]
    apart = [np.where(inside, plane - mean, 0) for plane, mean in zip((one, other), means, strict=True)]
    spread = [float(np.sqrt(np.mean(plane[inside] ** 2) + 1e-3)) if inside.any() else 1.0 for plane in apart]
    apart[1] = apart[1] * (spread[0] / spread[1]) if min(spread) > 1 else apart[1]
    both = _blurred(apart[0] * apart[1]) / low
    each = [_blurred(plane**2) / low for plane in apart]
    # Halves of the sum and not the root of the product: what is in one picture alone disagrees.
    share = (2 * both + _NOISE) / (each[0] + each[1] + _NOISE)
    return np.where(inside, np.clip(share, 0, 1), np.nan).astype(np.float32)


def difference(one: Image.Image, other: Image.Image, inside: Image.Image) -> Image.Image:
    """How far grey values differ once their brightness and contrast are made equal: black where not at all.

    Only what is darker or brighter than all pixels around counts: a shift by a pixel or two makes every edge differ.

    Args:
        one: a picture.
        other: one of the same size.
        inside: 255 where both have pixels, mode L; the rest is grey.
    """
    there = np.asarray(inside) > 0
    its, mine = np.asarray(other.convert("L")), np.asarray(one.convert("L"), np.float32)
    low, high = _around(its, np.minimum), _around(its, np.maximum)
    gain, bias = _tone(its[there], mine[there])
    apart = np.maximum(gain * low + bias - mine, mine - gain * high - bias)
    level = np.clip(apart / _FULL, 0, 1) * (len(_RAMP) - 1)
    step = np.minimum(level.astype(int), len(_RAMP) - 2)
    colours = _RAMP[step] + (level - step)[..., None] * (_RAMP[step + 1] - _RAMP[step])
    return Image.fromarray(np.where(there[..., None], colours, _OUTSIDE).astype(np.uint8))


def _around(plane: NDArray[np.uint8], best: np.ufunc) -> NDArray[np.float32]:
    """The least or greatest value around each pixel."""
    for axis in (0, 1):
        ends = [(0, 0), (0, 0)]
        ends[axis] = (_SHIFT, _SHIFT)
        wide, length = np.pad(plane, ends, "edge"), plane.shape[axis]
        plane = best.reduce([wide.take(range(at, at + length), axis) for at in range(2 * _SHIFT + 1)])
    return plane.astype(np.float32)


def _tone(ours: NDArray[Any], wanted: NDArray[Any]) -> tuple[float, float]:
    """Gain and bias that give some pixels the brightness and contrast of others, as most of them have it."""
    if not len(ours):
        return 1.0, 0.0
    step = len(ours) // _SAMPLES + 1
    ours, wanted = ours[::step].astype(np.float64), wanted[::step].astype(np.float64)
    gain, bias = 1.0, float(np.median(wanted) - np.median(ours))
    for _ in range(_ROUNDS):
        apart = np.abs(gain * ours + bias - wanted)
        kept = apart <= 1.5 * np.median(apart) + 1
        mean, target = ours[kept].mean(), wanted[kept].mean()
        moved = ours[kept] - mean
        stiff = _STIFF * len(moved)
        slope = (moved @ (wanted[kept] - target) + stiff) / (moved @ moved + stiff)
        gain = min(_MOST_GAIN, max(1 / _MOST_GAIN, float(slope)))
        bias = float(target - gain * mean)
    return gain, bias


def _blurred(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Running means along each side, twice, which come close to a Gaussian."""
    for _ in range(2):
        for axis in (0, 1):
            padded = np.concatenate([np.zeros_like(plane.take([0], axis)), plane], axis).cumsum(axis, dtype=np.float64)
            length = plane.shape[axis]
            low = np.clip(np.arange(length) - _BLUR, 0, length)
            high = np.clip(np.arange(length) + _BLUR + 1, 0, length)
            plane = ((padded.take(high, axis) - padded.take(low, axis)) / (2 * _BLUR + 1)).astype(np.float32)
    return plane
