"""Distinct pictures among postings, and which of them look alike, as they are or mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..hamming import cross_join, join
from ..kinds import Kind
from .mirror import can_mirror, mirrored_codes
from .spans import AT_A_TIME, batches, expand_pairs, number_rows, spans_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Codes = NDArray[np.uint8]

__all__ = ["Measure", "NearPairs", "Pictures", "find_pictures", "near_to", "plain"]


@dataclass(frozen=True)
class Measure:
    """By what pictures are compared: the first kind finds candidates, and all others must agree.

    Attributes:
        kinds: at least one.
        radii: for each, the most bits that may differ.
        mirrored: whether mirrored copies count.
        threads: of the search.
        most: pairs that may be found before it is an error.
    """

    kinds: tuple[Kind, ...]
    radii: tuple[int, ...]
    mirrored: bool
    threads: int = 1
    most: int = 100_000_000

    @property
    def bits(self) -> int:
        """Of all kinds together."""
        return sum(kind.bits or 0 for kind in self.kinds)

    @property
    def radius(self) -> int:
        """The largest distance of all kinds together."""
        return sum(self.radii)

    @property
    def mirrors(self) -> bool:
        """Whether mirrored copies are looked for and all kinds know how."""
        return self.mirrored and all(map(can_mirror, self.kinds))

    def mirror(self, codes: tuple[Codes, ...]) -> tuple[Codes, ...]:
        """The codes of the mirrored pictures."""
        return tuple(mirrored_codes(part, kind) for part, kind in zip(codes, self.kinds, strict=True))


@dataclass(frozen=True)
class NearPairs:
    """Pairs of pictures within all radii.

    Attributes:
        left, right: shape (pairs,), numbers of pictures.
        distances: shape (pairs, kinds).
        mirrored: shape (pairs,), whether it is the mirrored picture that is so near.
    """

    left: Numbers
    right: Numbers
    distances: NDArray[np.int32]
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.left)

    def kept(self, which: NDArray[np.bool_] | NDArray[np.signedinteger[Any]]) -> NearPairs:
        """Some of them, by a mask or by their numbers."""
        return NearPairs(self.left[which], self.right[which], self.distances[which], self.mirrored[which])

    @property
    def totals(self) -> Numbers:
        """The distance of all kinds together. Shape (pairs,)."""
        totals: Numbers = self.distances.sum(axis=1, dtype=np.int64)
        return totals


@dataclass(frozen=True)
class Pictures:
    """Postings with the same codes in all kinds are one picture, however often it was posted.

    Attributes:
        of: shape (postings,), each one's picture, numbered in order of first posting.
        starts, members: the postings of picture `p` are `members[starts[p]:starts[p + 1]]`, ascending.
        codes: for each kind, shape (pictures, bytes).
    """

    of: Numbers
    starts: Numbers
    members: Numbers
    codes: tuple[Codes, ...]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def joint_codes(self) -> Codes:
        """All kinds side by side. Shape (pictures, bytes)."""
        return np.concatenate(self.codes, axis=1)


def plain(codes: Mapping[str, Codes], kinds: tuple[Kind, ...]) -> NDArray[np.bool_]:
    """Which codes come of pictures without detail (blank, one colour): nearly all bits alike, in any of the kinds.

    Half of a phash's bits are set, by its making; of 1,100 photos' `dhash` at least 12 of 64. With no more than one
    in 32 set, or not set, it is a picture of nothing.
    """
    found = np.zeros(len(next(iter(codes.values()))), np.bool_)
    for kind in kinds:
        bits = kind.bits or 0
        ones = np.bitwise_count(codes[str(kind)]).sum(axis=1, dtype=np.int64)
        found |= (ones <= bits // 32) | (ones >= bits - bits // 32)
    return found


def find_pictures(codes: Mapping[str, Codes], measure: Measure) -> tuple[Pictures, NearPairs]:
    """Collapse equal codes, and find the pairs of pictures that look alike.

    Args:
        codes: by kind, shape (postings, bytes), the earliest posting first.
        measure: how to compare.

    Raises:
        ValueError: if there are more than `measure.most` pairs.
    """
    columns = tuple(codes[str(kind)] for kind in measure.kinds)
    kind, radius = measure.kinds[0], measure.radii[0]
    found = join(columns[0], radius, bits=kind.bits, limit=measure.most, threads=measure.threads)
    count = len(found.starts) - 1
    primary = np.empty(len(columns[0]), np.int64)
    primary[found.members] = np.repeat(np.arange(count, dtype=np.int64), np.diff(found.starts))
    words = [primary.view(np.uint64), *(word for column in columns[1:] for word in _words(column))]
    of, firsts = number_rows(words)
    starts, members = spans_of(of, len(firsts))
    pictures = Pictures(of, starts, members, tuple(column[firsts] for column in columns))
    shared = spans_of(primary[firsts], count)
    same = np.arange(count, dtype=np.int64)
    left, right = np.concatenate([same, found.left]), np.concatenate([same, found.right])
    near = _confirmed(shared, left, right, pictures.codes, pictures.codes, measure, mirrored=False)
    if not measure.mirrors:
        return pictures, near
    heads = columns[0][found.members[found.starts[:-1]]]
    across = cross_join(
        heads, mirrored_codes(heads, kind), radius, bits=kind.bits, limit=2 * measure.most, threads=measure.threads
    )
    once = across.left <= across.right
    turned = measure.mirror(pictures.codes)
    left, right = across.left[once], across.right[once]
    return pictures, _nearest(near, _confirmed(shared, left, right, pictures.codes, turned, measure, mirrored=True))


def near_to(pictures: tuple[Codes, ...], others: tuple[Codes, ...], measure: Measure) -> NearPairs:
    """Which pictures are near which of other ones: `left` counts `pictures`, `right` the others."""
    near = _across(pictures, others, measure, mirrored=False)
    if not measure.mirrors:
        return near
    return _nearest(near, _across(pictures, measure.mirror(others), measure, mirrored=True))


def _across(pictures: tuple[Codes, ...], others: tuple[Codes, ...], measure: Measure, *, mirrored: bool) -> NearPairs:
    kind = measure.kinds[0]
    found = cross_join(
        pictures[0], others[0], measure.radii[0], bits=kind.bits, limit=measure.most, threads=measure.threads
    )
    return _measured(found.left, found.right, pictures, others, measure, mirrored=mirrored)


def _confirmed(
    shared: tuple[Numbers, Numbers],
    left: Numbers,
    right: Numbers,
    codes: tuple[Codes, ...],
    others: tuple[Codes, ...],
    measure: Measure,
    *,
    mirrored: bool,
) -> NearPairs:
    """Of the pictures that have either code of a pair (`shared`: by code), those that all kinds find near."""
    parts = []
    for one, other in _candidates(shared, left, right, codes, others, measure):
        near = _measured(one, other, codes, others, measure, mirrored=mirrored)
        low, high = np.minimum(near.left, near.right), np.maximum(near.left, near.right)
        parts.append(NearPairs(low, high, near.distances, near.mirrored))
    near = _together(parts, len(measure.kinds))
    if len(near) > measure.most:
        raise ValueError(
            f"expected at most {measure.most:,} pairs of pictures, got {len(near):,}: take a smaller radius"
        )
    return near


def _candidates(
    shared: tuple[Numbers, Numbers],
    left: Numbers,
    right: Numbers,
    codes: tuple[Codes, ...],
    others: tuple[Codes, ...],
    measure: Measure,
) -> Iterator[tuple[Numbers, Numbers]]:
    """Each two pictures of which one has the code `left[i]` and the other `right[i]`, part by part."""
    starts, members = shared
    costs = np.diff(starts)[left] * np.diff(starts)[right]
    for part in batches(costs, AT_A_TIME):
        if costs[part][0] > AT_A_TIME:
            # One code, with thousands of codes of the second kind behind it: the second kind decides who meets whom.
            sides = [members[starts[code] : starts[code + 1]] for code in (left[part][0], right[part][0])]
            met = cross_join(
                codes[1][sides[0]],
                others[1][sides[1]],
                measure.radii[1],
                bits=measure.kinds[1].bits,
                limit=measure.most,
            )
            one, other, is_same = sides[0][met.left], sides[1][met.right], (left[part] == right[part])[met.left * 0]
        else:
            places, first, second = expand_pairs(starts, left[part], right[part])
            one, other, is_same = members[first], members[second], (left[part] == right[part])[places]
        # Within one code each pair comes twice, and each picture with itself.
        once = ~is_same | (one < other)
        yield one[once], other[once]


def _measured(
    left: Numbers,
    right: Numbers,
    codes: tuple[Codes, ...],
    others: tuple[Codes, ...],
    measure: Measure,
    *,
    mirrored: bool,
) -> NearPairs:
    distances = np.empty((len(left), len(measure.kinds)), np.int32)
    for column, (own, other) in enumerate(zip(codes, others, strict=True)):
        distances[:, column] = np.bitwise_count(own[left] ^ other[right]).sum(axis=1, dtype=np.int32)
    near = NearPairs(left, right, distances, np.full(len(left), mirrored, np.bool_))
    within: NDArray[np.bool_] = np.all(distances <= np.array(measure.radii, np.int32), axis=1)
    return near.kept(within)


def _nearest(one: NearPairs, other: NearPairs) -> NearPairs:
    """Both together; of a pair that is in both, the nearer, and of equal ones that which is not mirrored."""
    near = _together([one, other], one.distances.shape[1])
    order = np.lexsort((near.mirrored, near.totals, near.right, near.left))
    left, right = near.left[order], near.right[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return NearPairs(left, right, near.distances[order], near.mirrored[order]).kept(first)


def _together(parts: list[NearPairs], kinds: int) -> NearPairs:
    empty = NearPairs(
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, kinds), np.int32), np.zeros(0, np.bool_)
    )
    parts = [empty, *parts]
    return NearPairs(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.distances for part in parts]),
        np.concatenate([part.mirrored for part in parts]),
    )


def _words(codes: Codes) -> Iterator[NDArray[np.uint64]]:
    """Codes as columns of 64-bit words."""
    width = -(-codes.shape[1] // 8) * 8
    padded = np.zeros((len(codes), width), np.uint8)
    padded[:, : codes.shape[1]] = codes
    yield from np.ascontiguousarray(padded.view(np.uint64).T)
