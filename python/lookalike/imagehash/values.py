"""The two hash objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy
import numpy.typing

__all__ = ["ImageHash", "ImageMultiHash", "NDArray"]

NDArray = numpy.typing.NDArray[numpy.bool_]

_MATCHING_SHARE = 0.25


class ImageHash:
    """A perceptual hash: an array of bits.

    `str(a)` is its hex text, `a - b` the Hamming distance, `len(a)` the number of bits. Equal means the
    same bits in row-major order, whatever the shape; hashes can be members of sets and keys of dicts.

    Attributes:
        hash: array of bool of any shape, `(hash_size, hash_size)` for most kinds.
    """

    def __init__(self, binary_array: NDArray) -> None:
        self.hash = binary_array

    def __str__(self) -> str:
        count = self.hash.size
        if not count:
            raise ValueError("a hash without bits has no hex text")
        return f"{_packed(self.hash):0{-(-count // 4)}x}"

    def __repr__(self) -> str:
        return repr(self.hash)

    def __sub__(self, other: ImageHash) -> int:
        if other is None:
            raise TypeError("Other hash must not be None.")
        if self.hash.size != other.hash.size:
            raise TypeError("ImageHashes must be of the same shape.", self.hash.shape, other.hash.shape)
        return int(numpy.count_nonzero(self.hash.ravel() != other.hash.ravel()))

    def __eq__(self, other: object) -> bool:
        bits = getattr(other, "hash", None)
        if not isinstance(bits, numpy.ndarray):
            return NotImplemented
        return numpy.array_equal(self.hash.ravel(), bits.ravel())

    def __hash__(self) -> int:
        return hash((self.hash.size, _packed(self.hash)))

    def __len__(self) -> int:
        return self.hash.size


class ImageMultiHash:
    """The hash of a picture in parts, as `crop_resistant_hash` gives it: one hash for each segment.

    `a == b` means that `a` matches `b`: at least one segment of `a` is within a quarter of its bits of
    some segment of `b`. `a - b` is the number of segments of `a` without such a partner, and a
    tie-breaker below one for how well the others agree. Neither is symmetric.

    Attributes:
        segment_hashes: the hashes of the segments, in the order in which they were found.
    """

    def __init__(self, hashes: list[ImageHash]) -> None:
        self.segment_hashes = hashes

    def __eq__(self, other: object) -> bool:
        if not hasattr(other, "segment_hashes"):
            return NotImplemented
        return self.matches(cast(ImageMultiHash, other))

    def __sub__(
        self, other: ImageMultiHash, hamming_cutoff: float | None = None, bit_error_rate: float | None = None
    ) -> float:
        matching, distance = self.hash_diff(other, hamming_cutoff, bit_error_rate)
        segments = len(self.segment_hashes)
        if not matching:
            return segments
        # The order of these two differences decides the last digit of the float.
        score = matching - distance / (matching * len(self.segment_hashes[0]))
        return segments - score

    def __hash__(self) -> int:
        # Whether two of them match does not follow from any part of either, except that hashes of
        # different lengths cannot match. Keeping those apart spares dicts the error of comparing them.
        return hash(("ImageMultiHash", len(self.segment_hashes[0]) if self.segment_hashes else 0))

    def __str__(self) -> str:
        return ",".join(str(segment) for segment in self.segment_hashes)

    def __repr__(self) -> str:
        return repr(self.segment_hashes)

    def hash_diff(
        self, other_hash: ImageMultiHash, hamming_cutoff: float | None = None, bit_error_rate: float | None = None
    ) -> tuple[int, int]:
        """Compare segment by segment.

        Args:
            other_hash: the hash to compare with.
            hamming_cutoff: bits in which matching segments may differ; by default `bit_error_rate` of them.
            bit_error_rate: share of bits in which matching segments may differ, 0.25 by default.

        Returns:
            How many segments have a match, and the sum of their Hamming distances to the nearest one.

        Raises:
            TypeError: if segments have hashes of different lengths.
        """
        if not self.segment_hashes or not other_hash.segment_hashes:
            return 0, 0
        if hamming_cutoff is None:
            share = _MATCHING_SHARE if bit_error_rate is None else bit_error_rate
            hamming_cutoff = len(self.segment_hashes[0]) * share
        nearest = [min(mine - theirs for theirs in other_hash.segment_hashes) for mine in self.segment_hashes]
        matching = [distance for distance in nearest if not distance > hamming_cutoff]
        return len(matching), sum(matching)

    def matches(
        self,
        other_hash: ImageMultiHash,
        region_cutoff: int = 1,
        hamming_cutoff: float | None = None,
        bit_error_rate: float | None = None,
    ) -> bool:
        """Whether at least `region_cutoff` segments have a match in `other_hash`, as `hash_diff` counts them."""
        matching, _ = self.hash_diff(other_hash, hamming_cutoff, bit_error_rate)
        return matching >= region_cutoff

    def best_match(
        self,
        other_hashes: Iterable[ImageMultiHash],
        hamming_cutoff: float | None = None,
        bit_error_rate: float | None = None,
    ) -> ImageMultiHash:
        """The one of `other_hashes` at the smallest distance; the first of several.

        Raises:
            ValueError: if there is none to choose from.
        """
        return min(other_hashes, key=lambda other: self.__sub__(other, hamming_cutoff, bit_error_rate))


def _packed(bits: NDArray) -> int:
    flat: NDArray = bits.ravel() != 0
    packed = numpy.packbits(flat).tobytes()
    return int.from_bytes(packed, "big") >> (-flat.size % 8)
