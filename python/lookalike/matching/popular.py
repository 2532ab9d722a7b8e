"""Pictures that so many owners post that it means nothing: logos, stock photos, size charts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import shortened
from .groups import star_groups
from .pictures import NearPairs
from .sightings import Owned, both_ways, count_owners

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Popular", "find_popular", "most_owners"]

_FEWEST = 5


@dataclass(frozen=True)
class Popular:
    """Popular pictures and what is near them.

    Attributes:
        threshold: a picture with more owners is popular; `None` if none can be.
        groups: shape (pictures,), the popular picture that each one is near or is; -1 for none.
        owners: shape (pictures,), owners of the picture or one like it, right where above the threshold.
    """

    threshold: int | None
    groups: Numbers
    owners: Numbers

    @property
    def left_out(self) -> NDArray[np.bool_]:
        """Shape (pictures,)."""
        return self.groups >= 0


def most_owners(popular: float | str | None, owners: int) -> int | None:
    """How many owners a picture may have and be no popular one.

    Args:
        popular: a number of owners; a share of them, below 1; `"auto"` for the square root of their number, and at
            least 5; `None` for no limit. The square root says: one picture may give about as many pairs as there are
            owners, and no more. It is 14 for 200 owners, 316 for 100,000.
        owners: how many there are.

    Raises:
        ValueError, TypeError: if it is none of these.
    """
    if popular is None:
        return None
    if popular == "auto":
        return max(_FEWEST, math.isqrt(owners))
    if isinstance(popular, (bool, str)) or not isinstance(popular, (int, float)):
        raise TypeError(f"expected popular as a number of owners, a share of them or 'auto', got {shortened(popular)}")
    if not popular > 0 or (popular >= 1 and popular != int(popular)):
        raise ValueError(f"expected popular as a whole number of owners from 1, or a share below 1, got {popular}")
    return int(popular) if popular >= 1 else max(1, int(popular * owners))


def find_popular(near: NearPairs, owned: Owned, threshold: int | None) -> Popular:
    """Find the pictures that more than `threshold` owners posted, as they are or alike, and all that is near them.

    The picture with the most owners takes its neighbours, then the next: see `star_groups`.
    """
    pictures = len(owned.starts) - 1
    none = np.full(pictures, -1, np.int64)
    if threshold is None:
        return Popular(None, none, np.zeros(pictures, np.int64))
    owners = count_owners(both_ways(pictures, near), owned, threshold)
    many = np.flatnonzero(owners > threshold)
    order = np.concatenate([many[np.argsort(-owners[many], kind="stable")], np.flatnonzero(owners <= threshold)])
    rank = np.empty(pictures, np.int64)
    rank[order] = np.arange(pictures)
    touched = (owners > threshold)[near.left] | (owners > threshold)[near.right]
    heads = order[star_groups(pictures, rank[near.left[touched]], rank[near.right[touched]])]
    groups = np.empty(pictures, np.int64)
    groups[order] = heads
    return Popular(threshold, np.where(owners[groups] > threshold, groups, none), owners)
