"""The evidence as a picture: both pictures, the second laid onto the first, and where they agree."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..show.thumbnails import small_picture
from .geometry import Matrix, Points, clipped, mapped, square

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .comparison import Comparison

__all__ = ["agreement", "draw"]

_SIDE = 480  # of the square that each picture is fitted into
_FINE = 2 * _SIDE  # to which the pictures are read: a part may be enlarged
_GAP = 16
_WIDTH = 2 * _SIDE + 3 * _GAP
_LINE = 24
_MAP = 128
"""Longer side of the map of agreement: the pictures lie on each other to about a hundredth of their sides."""
_BLUR = 3
_NOISE = 36.0
"""Variance of grey values below which there is nothing to agree or disagree about."""

_PAPER, _INK, _GROUND = (255, 255, 255), (34, 34, 34), (232, 232, 232)
# Told apart by those who do not see red and green too (Okabe and Ito 2008).
_GOOD, _BAD = (0, 158, 115), (213, 94, 0)


def draw(comparison: Comparison) -> Image.Image:
    """Two panels, or four where B can be laid onto A, under a headline; below them the reasons.

    Raises:
        SourceError, OSError: if one of the pictures cannot be read any more.
    """
    one, other = (small_picture(side.item, _FINE, side.limits).convert("RGB") for side in comparison.sides)
    matrix = None if comparison.matrix is None else np.array([*comparison.matrix, (0, 0, 1)])
    panels = _pair(comparison, one, other, matrix)
    if matrix is not None:
        panels += _laid(one, other, matrix)
    head = _text([f"{comparison.verdict}: {comparison.summary}"], 18, 115)
    foot = _text(list(comparison.reasons), 14, 145)
    rows = len(panels) // 2 * (_SIDE + _LINE + _GAP)
    sheet = Image.new("RGB", (_WIDTH, head.height + rows + foot.height + 2 * _GAP), _PAPER)
    sheet.paste(head, (0, _GAP))
    for number, (label, panel) in enumerate(panels):
        down, across = divmod(number, 2)
        top = _GAP + head.height + down * (_SIDE + _LINE + _GAP)
        _put(sheet, _GAP + across * (_SIDE + _GAP), top, label, panel)
    sheet.paste(foot, (0, _GAP + head.height + rows))
    return sheet


def _pair(
    comparison: Comparison, one: Image.Image, other: Image.Image, matrix: Matrix | None
) -> list[tuple[str, Image.Image]]:
    """Both pictures, with what they share outlined in each."""
    a, b = _fitted(one), _fitted(other)
    if matrix is not None:
        colour = _GOOD if comparison.is_copy else _BAD
        _outline(a, clipped(mapped(np.linalg.inv(matrix), square())), colour)
        _outline(b, clipped(mapped(matrix, square())), colour)
    shapes = zip("AB", (comparison.a, comparison.b), comparison.shapes, strict=True)
    labels = [f"{letter}: {_short(name)}, {shape}" for letter, name, shape in shapes]
    return list(zip(labels, (a, b), strict=True))


def _laid(one: Image.Image, other: Image.Image, matrix: Matrix) -> list[tuple[str, Image.Image]]:
    """B on A, and a map of where they agree."""
    a = _fitted(one)
    b, inside = _warped(other, matrix, a.size)
    pale = Image.blend(a, Image.new("RGB", a.size, _GROUND), 0.7)
    laid = Image.composite(b, pale, Image.fromarray(inside))
    size = _within(one.size, _MAP)
    small_b, small_inside = _warped(other, matrix, size)
    small = [np.asarray(image.convert("L"), np.float32) for image in (one.resize(size, Image.Resampling.BOX), small_b)]
    share = agreement(small[0], small[1], small_inside > 0)
    return [
        ("B laid onto A (pale: only in A)", laid),
        (f"green: they agree, orange: they do not ({_told(share)})", _coloured(a, share)),
    ]


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


def _told(share: NDArray[np.float32]) -> str:
    seen = share[~np.isnan(share)]
    return f"{100 * float(np.mean(seen > 0.5)):.0f} % agrees" if len(seen) else "they share nothing"


def _coloured(a: Image.Image, share: NDArray[np.float32]) -> Image.Image:
    """The map over the first picture in grey."""
    level = np.nan_to_num(share)[..., None]
    colours = np.array(_BAD) + level * (np.array(_GOOD) - np.array(_BAD))
    layer = Image.fromarray(colours.astype(np.uint8)).resize(a.size, Image.Resampling.BILINEAR)
    strength = np.where(np.isnan(share), 0.0, 0.45 + 0.25 * (1 - level[..., 0]))
    mask = Image.fromarray((255 * strength).astype(np.uint8)).resize(a.size, Image.Resampling.BILINEAR)
    return Image.composite(
        layer, Image.blend(a.convert("L").convert("RGB"), Image.new("RGB", a.size, _PAPER), 0.3), mask
    )


def _blurred(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Three running means along each side, which come close to a Gaussian."""
    for _ in range(2):
        for axis in (0, 1):
            padded = np.concatenate([np.zeros_like(plane.take([0], axis)), plane], axis).cumsum(axis, dtype=np.float64)
            length = plane.shape[axis]
            low = np.clip(np.arange(length) - _BLUR, 0, length)
            high = np.clip(np.arange(length) + _BLUR + 1, 0, length)
            plane = ((padded.take(high, axis) - padded.take(low, axis)) / (2 * _BLUR + 1)).astype(np.float32)
    return plane


def _warped(image: Image.Image, matrix: Matrix, size: tuple[int, int]) -> tuple[Image.Image, NDArray[np.uint8]]:
    """B as it lies on A of this size, and where there is any of it (255)."""
    # Shrunk first to the scale of A, for a transform takes single pixels.
    ends = np.abs(matrix[:2, :2]).sum(axis=1)
    share = min(1.0, max(length / (end * side) for length, end, side in zip(size, ends, image.size, strict=True)))
    shrunk = image.resize(_scaled(image.size, share), Image.Resampling.BOX)
    pixels = np.diag((*shrunk.size, 1)) @ matrix @ np.diag((1 / size[0], 1 / size[1], 1))
    data = tuple(pixels[:2].ravel())
    laid = shrunk.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    places = np.stack(np.meshgrid((np.arange(size[0]) + 0.5) / size[0], (np.arange(size[1]) + 0.5) / size[1]), -1)
    there = places @ matrix[:2, :2].T + matrix[:2, 2]
    return laid, np.where(((there > 0) & (there < 1)).all(axis=-1), 255, 0).astype(np.uint8)


def _outline(image: Image.Image, points: Points, colour: tuple[int, int, int]) -> None:
    if points:
        width, height = image.size
        # Drawn wholly inside, for most outlines run along the edge.
        corners = [(2 + x * (width - 5), 2 + y * (height - 5)) for x, y in points]
        ImageDraw.Draw(image).line([*corners, corners[0], corners[1]], colour, 4, joint="curve")


def _fitted(image: Image.Image) -> Image.Image:
    return image.resize(_within(image.size, _SIDE), Image.Resampling.LANCZOS)


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    return _scaled(size, side / max(size))


def _scaled(size: tuple[int, int], share: float) -> tuple[int, int]:
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _put(sheet: Image.Image, left: int, top: int, label: str, panel: Image.Image) -> None:
    ImageDraw.Draw(sheet).text((left, top), label, _INK, _font(14))
    sheet.paste(_GROUND, (left, top + _LINE, left + _SIDE, top + _LINE + _SIDE))
    sheet.paste(panel, (left + (_SIDE - panel.width) // 2, top + _LINE + (_SIDE - panel.height) // 2))


def _text(sentences: list[str], size: int, width: int) -> Image.Image:
    """Lines of so many characters at most, as a strip."""
    lines = [line for sentence in sentences for line in textwrap.wrap(_plain(sentence), width)]
    strip = Image.new("RGB", (_WIDTH, len(lines) * _LINE + _GAP // 2), _PAPER)
    for number, line in enumerate(lines):
        ImageDraw.Draw(strip).text((_GAP, number * _LINE), line, _INK, _font(size))
    return strip


def _plain(text: str) -> str:
    """In characters that every font has."""
    return text.encode("ascii", "replace").decode()


def _short(name: str, most: int = 42) -> str:
    """The name of a file without its folders, and the middle left out of a long one."""
    text = _plain(name.replace("\\", "/").rpartition("/")[2])
    return text if len(text) <= most else f"{text[: most // 3]}...{text[3 + most // 3 - most :]}"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.load_default(size)
    except ImportError:  # Pillow without FreeType
        return ImageFont.load_default()
