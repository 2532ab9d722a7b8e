"""The code of the mirrored picture, made from the code alone.

`ahash` and `whash` say of each cell whether it is light, so the mirrored picture's bits stand in reverse. `dhash` says
whether brightness grows from a cell to the next: reversed, and the other way round (but for equal cells). In a cosine
transform, mirroring changes the sign of every second column, so `phash` has those bits turned over; its threshold is
the median, which stays about 0 but moves a little, as do cells whose edges do not fall on pixels' edges. How well it
works on photos is in DESIGN.md: of 64 bits 3.1 differ for `phash`, 1.8 for `dhash`, below 0.1 for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..kinds import Kind

__all__ = ["can_mirror", "mirrored_codes"]

Squares = Any


def _reversed(bits: Squares) -> Squares:
    return bits[:, :, ::-1]


def _reversed_and_turned(bits: Squares) -> Squares:
    return 1 - bits[:, :, ::-1]


def _odd_columns_turned(bits: Squares) -> Squares:
    return bits ^ (np.arange(bits.shape[2], dtype=np.uint8) & 1)


_WAYS: dict[str, Callable[[Squares], Squares]] = {
    "ahash": _reversed,
    "whash": _reversed,
    "dhash": _reversed_and_turned,
    "dhash_vertical": _reversed,
    "phash": _odd_columns_turned,
    "pdq": _odd_columns_turned,
}
# The columns of pdq are the frequencies 16 to 1, so that the odd ones are the same as in phash.
# phash_simple compares with a mean that changes as much as the signs do; colorhash does not know left from right.

_CODES_AT_A_TIME = 1 << 18


def can_mirror(kind: Kind) -> bool:
    """Whether the mirrored picture's code follows from the picture's."""
    return kind.name in _WAYS and kind.bits is not None


def mirrored_codes(codes: NDArray[np.uint8], kind: Kind) -> NDArray[np.uint8]:
    """The codes that the mirrored pictures would have, up to a few bits. Mirroring twice gives the code again.

    Args:
        codes: shape (n, stride), bytes of the hex text.
        kind: what they are.

    Raises:
        ValueError: if they do not follow from these.
    """
    bits = kind.bits
    if kind.name not in _WAYS or bits is None:
        raise ValueError(f"expected codes of one of {', '.join(_WAYS)} to mirror, got {kind}")
    padding = 8 * codes.shape[1] - bits
    mirrored = np.empty_like(codes)
    for start in range(0, len(codes), _CODES_AT_A_TIME):
        part = slice(start, start + _CODES_AT_A_TIME)
        unpacked = np.unpackbits(codes[part], axis=1)
        squares = unpacked[:, padding:].reshape(-1, kind.size, kind.size)
        unpacked[:, padding:] = _WAYS[kind.name](squares).reshape(-1, bits)
        mirrored[part] = np.packbits(unpacked, axis=1)
    return mirrored
