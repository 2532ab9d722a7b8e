"""How sure a match is: what share of pairs so near are not there by chance.

Unrelated photos differ in about half of their bits, but not as coins would: neighbouring bits go together, and photos
of one shop resemble each other. So the background is measured where it matters, on random pairs of the library's own
pictures: of the nearest thousandth of these pairs, how many fewer there are with each bit less. That is taken to go
on, below what random pairs show, at the same rate (the exponential tail of "peaks over threshold"; Pickands 1975). On
700 photos of garments it says 20 chance pairs within 24 bits of 128 where there are 19, and 6 within 20 where there
are 3; a normal distribution of the same mean and spread says 7 and 1, a binomial one nothing.

With `m` pictures there are `m (m - 1) / 2` pairs, and as many chances of one to be at distance `d`:

    chance(d)     = share * rate * (1 - rate) ** (threshold - d)
    confidence(d) = 1 - min(1, pairs * chance(d) / found(d)),  never rising with the distance

where `found(d)` is the number of pairs that are there, averaged over two bits to either side. It is the local false
discovery rate of Efron (2004), turned round: 0.99 at 6 bits says that of a hundred pairs at 6 bits about one is chance.
The more pictures, the more chances, so the same distance counts for less in a larger library, as it should. It says
nothing of two photos that truly show the same: two shots of one scene are no chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Background", "confidences"]

_SAMPLE = 1_000_000
_SEED = 4
_TAIL = 0.001
_WINDOW = 2
# What is taken for known before anything is measured, as so many pairs' worth: half the bits, and two and a half times
# the variance of coins, which is that of phash and dhash together on photos of garments.
_PRIOR_PAIRS = 10_000
_PRIOR_VARIANCE = 2.5


@dataclass(frozen=True, slots=True)
class Background:
    """Distances of unrelated pictures.

    Attributes:
        threshold: where the tail begins, in bits.
        share: of all pairs that are not above it.
        rate: by how much fewer pairs there are with each bit less, from 0 to 1.
    """

    threshold: int
    share: float
    rate: float

    @classmethod
    def of(cls, codes: NDArray[np.uint8], bits: int, radius: int) -> Background:
        """Measure it on random pairs of distinct pictures; those within the radius are no random pairs and left out.

        Args:
            codes: shape (pictures, bytes), all kinds side by side.
            bits: how many of them count.
            radius: of all kinds together.
        """
        distances = _random_distances(codes)
        distances = np.sort(np.concatenate([distances[distances > radius], _prior(bits)]))
        threshold = int(distances[math.ceil(_TAIL * len(distances)) - 1])
        tail = distances[: np.searchsorted(distances, threshold, "right")]
        # Of a geometric distribution, the most likely rate.
        rate = 1 / (1 + float((threshold - tail).mean()))
        return cls(threshold, len(tail) / len(distances), min(rate, 0.999))

    def chance(self, distance: int) -> float:
        """The probability that two unrelated pictures are at this distance; above the threshold, that at it."""
        return float(self.share * self.rate * (1 - self.rate) ** max(0, self.threshold - distance))


def confidences(background: Background, pairs: float, found: NDArray[np.int64]) -> NDArray[np.float64]:
    """How sure a match is, by its distance.

    Args:
        background: of these pictures.
        pairs: how many pairs were compared.
        found: number of pairs that are at distance 0, 1, 2 and so on.

    Returns:
        Shape (len(found),), from 0 to 1, never rising.
    """
    expected = np.array([pairs * background.chance(distance) for distance in range(len(found))])
    # A distance at which a single pair was found says little by itself, so it is taken with its neighbours.
    window = np.ones(2 * _WINDOW + 1)
    around = np.convolve(found, window)[_WINDOW:-_WINDOW] / np.convolve(np.ones(len(found)), window)[_WINDOW:-_WINDOW]
    # At least one is there, or nobody would ask.
    chance = np.minimum(1.0, expected / np.maximum(around, 1 / len(window)))
    return 1.0 - np.maximum.accumulate(chance)


def _random_distances(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    if len(codes) < 2:
        return np.zeros(0, np.int64)
    random = np.random.default_rng(_SEED)
    size = min(_SAMPLE, len(codes) * (len(codes) - 1) // 2)
    left = random.integers(0, len(codes), size)
    right = (left + random.integers(1, len(codes), size)) % len(codes)
    distances: NDArray[np.int64] = np.bitwise_count(codes[left] ^ codes[right]).sum(axis=1, dtype=np.int64)
    return distances


def _prior(bits: int) -> NDArray[np.int64]:
    """Distances of pairs that nobody has measured: the quantiles of a normal distribution."""
    normal = NormalDist(bits / 2, math.sqrt(_PRIOR_VARIANCE * bits / 4))
    quantiles = [normal.inv_cdf((place + 0.5) / _PRIOR_PAIRS) for place in range(_PRIOR_PAIRS)]
    return np.clip(np.rint(quantiles), 0, bits).astype(np.int64)
