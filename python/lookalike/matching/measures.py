"""How reuse compares pictures, from what a user asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import shortened
from ..kinds import Kind
from .mirror import can_mirror
from .pictures import Measure

__all__ = ["measure_of"]

# Bits of 64 that may differ. Two kinds that must agree may each be taken further than one alone: of 245,000 pairs of
# different garments 11 are within 10 bits by phash, 138 by dhash, none by both.
_ALONE = 8
_AGREEING = 10


def measure_of(
    kinds: Sequence[Kind],
    radius: int | Mapping[str, int] | None = None,
    mirrored: bool | None = None,
    *,
    threads: int = 1,
) -> Measure:
    """Check what was asked for and fill in the rest.

    Args:
        kinds: the first finds candidates, all others must agree.
        radius: most bits that may differ, for each kind, or by kind; `None` for a tenth or so of the bits: 10 of 64
            where kinds must agree, 8 for one alone.
        mirrored: whether mirrored copies count; `None` for yes, if the codes of all kinds can be mirrored.
        threads: of the search.

    Raises:
        ValueError: if a kind has no fixed length, a radius is out of range, or mirrored copies cannot be told by a
            kind.
        TypeError: if a radius is no whole number.
    """
    if not kinds:
        raise ValueError("expected at least one hash kind, got none")
    for kind in kinds:
        if kind.bits is None:
            raise ValueError(f"expected kinds whose codes have a fixed length, got {kind}")
    if mirrored and not all(map(can_mirror, kinds)):
        unable = ", ".join(str(kind) for kind in kinds if not can_mirror(kind))
        raise ValueError(f"mirrored copies cannot be told by {unable}: pass mirrored=False, or other kinds=")
    share = _ALONE if len(kinds) == 1 else _AGREEING
    radii = tuple(_radius(kind, radius, share) for kind in kinds)
    return Measure(tuple(kinds), radii, mirrored is not False, threads)


def _radius(kind: Kind, radius: int | Mapping[str, int] | None, share: int) -> int:
    bits = kind.bits or 0
    asked = radius.get(str(kind)) if isinstance(radius, Mapping) else radius
    if asked is None:
        return bits * share // 64
    if isinstance(asked, bool) or not isinstance(asked, int):
        raise TypeError(f"expected the radius of {kind} as a whole number of bits, got {shortened(asked)}")
    if not 0 <= asked < bits // 2:
        raise ValueError(f"expected a radius of {kind} from 0 to {bits // 2 - 1} bits, got {asked}")
    return asked
