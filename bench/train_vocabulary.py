"""Trains the vocabulary of the keypoint index: `python -m bench.train_vocabulary [FILE]`.

Codes of one spot in two pictures differ in 37 of 256 bits on the mean, so that few of them have the same nearest
neighbour. But bits that look at the same pixels go together: a linear map to 40 numbers, learnt from codes of the same
spots (Fisher's discriminant), leaves most of that noise out. A word stands for places of that space that are near to
each other; words are found in two steps, so that looking one up compares with a thousand and not with all: first
branches, then the words of each branch, as many as its share of the codes (Lloyd's iteration). What is kept of a code
besides its word is on which side of its word it lies in each of the 40 numbers (Hamming embedding, Jegou et al. 2008).

One photograph in three is used, by name (`is_for_training`), so that measurements can keep to the others. The
same photographs give the same file.

The file, little-endian: `LOOKWORD`, version u32, branches u32, words u32, CRC-32 of what follows u32; the map, i16, 40
numbers for each bit of a code that is set, and 40 to begin with, i32, both in 1024ths; where the words of each branch
begin and the end of the last, u32; the branches' places, the words' places, 40 i8 each; and how much evidence it is
that so many of the 40 sides differ, 64ths of a natural logarithm, i16, 41 of them.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pictures import ROOT, all_files

BRANCHES = 128
WORDS = 16_384
STEPS = 8
DIMENSIONS = 40
FINENESS = 6
"""Units of a place for one standard deviation of the noise."""
FRACTION = 1024
SAMPLE = 400_000
CODES_OF_PHOTO = 1200
SIDE = 512
VERSION = 1

Codes = NDArray[np.uint8]
Places = NDArray[np.float32]


def is_for_training(path: Path) -> bool:
    """Whether a photograph is one of the third that the vocabulary is made of."""
    return zlib.crc32(path.name.encode()) % 3 == 0


def main(target: Path) -> None:
    """Train on the photographs, and write the file."""
    pairs = [found for path in all_files() if is_for_training(path) for found in _of_photo(path)]
    codes, same = (np.concatenate([pair[part] for pair in pairs]) for part in (0, 1))
    print(f"{len(codes):,} codes, {len(same):,} pairs of the same spot", file=sys.stderr)
    target.write_bytes(trained(codes, same))


def trained(codes: Codes, same: Codes, branches: int = BRANCHES, words: int = WORDS) -> bytes:
    """The file."""
    rng = np.random.default_rng(6)
    codes = codes[np.sort(rng.choice(len(codes), min(len(codes), SAMPLE), replace=False))]
    matrix, offset = discriminant(codes, same)
    places = placed(codes, matrix, offset)
    tops, starts, below = tree(places, branches, words, rng)
    evidence = _evidence(places, [placed(same[:, side], matrix, offset) for side in (0, 1)], (tops, starts, below), rng)
    parts = (
        matrix.astype("<i2"),
        offset.astype("<i4"),
        starts.astype("<u4"),
        *(x.astype(np.int8) for x in (tops, below)),
    )
    body = b"".join(part.tobytes() for part in (*parts, evidence))
    return struct.pack("<8s4I", b"LOOKWORD", VERSION, len(tops), len(below), zlib.crc32(body)) + body


def _of_photo(path: Path) -> Iterator[tuple[Codes, Codes]]:
    """Codes of a photograph and of edits of it; and pairs of codes of the same spots, shape `(n, 2, 32)`."""
    from lookalike.keypoints import keypoints_of

    with Image.open(path) as image:
        grey = image.convert("L")
    grey.thumbnail((2 * SIDE, 2 * SIDE), Image.Resampling.BOX)
    found = []
    for turn, scale in ((0, 1.0), (25, 0.9), (0, 0.62)):
        edited = grey.rotate(turn, Image.Resampling.BICUBIC, expand=False)
        edited.thumbnail((round(SIDE * scale),) * 2, Image.Resampling.BOX)
        keypoints = keypoints_of(np.asarray(edited), edited.size, CODES_OF_PHOTO)
        places = _places(keypoints.positions * np.array(edited.size), turn, edited.size) / scale
        found.append((keypoints.codes, places))
    first = found[0]
    for codes, places in found:
        yield codes, _same(first, (codes, places)) if codes is not first[0] else np.zeros((0, 2, 32), np.uint8)


def _places(places: NDArray[np.float64], turn: float, size: tuple[int, int]) -> NDArray[np.float64]:
    """Where points of a turned picture were before."""
    angle, centre = np.radians(turn), np.array(size) / 2
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray((places - centre) @ matrix + centre)


def _same(one: tuple[Codes, NDArray[np.float64]], two: tuple[Codes, NDArray[np.float64]]) -> Codes:
    """For each spot of the first, the nearest code of the second within three pixels, if it is alike."""
    if not len(one[0]) or not len(two[0]):
        return np.zeros((0, 2, 32), np.uint8)
    apart = ((one[1][:, None] - two[1][None]) ** 2).sum(2)
    differ = np.bitwise_count(one[0].view("<u8")[:, None] ^ two[0].view("<u8")[None]).sum(2, dtype=np.int64)
    differ[apart > 9] = 256
    nearest = differ.argmin(1)
    here = np.flatnonzero(differ[np.arange(len(differ)), nearest] <= 64)
    return np.stack([one[0][here], two[0][nearest[here]]], axis=1)


def discriminant(codes: Codes, same: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The map: what each set bit adds, shape (256, 40), and what there is without, shape (40,), in 1024ths.

    Its numbers are those that codes differ in the most for how much they differ among codes of one spot.
    """
    bits = _bits(codes)
    noise = _bits(same[:, 0]) - _bits(same[:, 1])
    within = noise.T @ noise / (2 * len(noise)) + 1e-4 * np.eye(256)
    unmix = np.linalg.inv(np.linalg.cholesky(within))
    strength, axes = np.linalg.eigh(unmix @ np.cov(bits.T) @ unmix.T)
    best = (unmix.T @ axes[:, np.argsort(-strength)[:DIMENSIONS]]) * FINENESS
    # The sign of an axis is arbitrary.
    best *= np.sign(best[np.abs(best).argmax(0), np.arange(DIMENSIONS)])
    matrix = np.rint(best * FRACTION).astype(np.int64)
    return matrix, np.rint(-bits.mean(0) @ matrix).astype(np.int64)


def placed(codes: Codes, matrix: NDArray[np.int64], offset: NDArray[np.int64]) -> Places:
    """Places of codes: whole numbers from -127 to 127, shape (n, 40)."""
    pieces = [codes[start : start + 50_000] for start in range(0, len(codes), 50_000)]
    sums = np.concatenate([_bits(piece) @ matrix.astype(np.float64) + offset for piece in pieces])
    return np.clip(np.floor(sums / FRACTION + 0.5), -127, 127).astype(np.float32)


def _bits(codes: Codes) -> NDArray[np.float64]:
    return np.unpackbits(codes, axis=1).astype(np.float64)


def tree(
    places: Places, branches: int, words: int, rng: np.random.Generator
) -> tuple[Places, NDArray[np.int64], Places]:
    """Places of the branches, where the words of each begin, and places of the words."""
    tops = clusters(places[rng.choice(len(places), min(len(places), 200_000), replace=False)], branches, rng)
    branch = nearest(places, tops)
    members = np.bincount(branch, minlength=len(tops))
    counts = np.maximum(1, members * words // members.sum())
    parts = np.split(places[np.argsort(branch, kind="stable")], np.cumsum(members)[:-1])
    below = [clusters(part, count, rng) for part, count in zip(parts, counts, strict=True)]
    return tops, np.cumsum([0, *(len(part) for part in below)]), np.concatenate(below)


def clusters(places: Places, count: int, rng: np.random.Generator) -> Places:
    """At most so many places that stand for all: each the mean of those nearest to it."""
    centres = places[np.sort(rng.choice(len(places), min(count, len(places)), replace=False))]
    for _ in range(STEPS):
        label = nearest(places, centres)
        order = np.argsort(label, kind="stable")
        used, begin = np.unique(label[order], return_index=True)
        sizes = np.diff(begin, append=len(places))[:, None]
        centres = centres.copy()
        centres[used] = np.rint(np.add.reduceat(places[order].astype(np.float64), begin, axis=0) / sizes)
    return np.unique(centres, axis=0)


def nearest(places: Places, centres: Places) -> NDArray[np.int64]:
    """Number of the centre nearest to each place, the first of equals. Whole numbers below 2**24: exact."""
    half = (centres**2).sum(1) / 2
    pieces = [places[start : start + 20_000] for start in range(0, len(places), 20_000)]
    return np.concatenate([(piece @ centres.T - half).argmax(1) for piece in pieces])


def word_of(places: Places, tops: Places, starts: NDArray[np.int64], words: Places) -> NDArray[np.int64]:
    """The word of each place, by its nearest branch."""
    branch = nearest(places, tops)
    found = np.empty(len(places), np.int64)
    for number in np.unique(branch):
        here = branch == number
        found[here] = starts[number] + nearest(places[here], words[starts[number] : starts[number + 1]])
    return found


def _evidence(
    places: Places,
    same: list[Places],
    words: tuple[Places, NDArray[np.int64], Places],
    rng: np.random.Generator,
) -> NDArray[np.int16]:
    """How much likelier it is with codes of one spot than with others of one word that so many sides differ."""
    shuffled = rng.permutation(len(places))
    word = word_of(places, *words)
    shuffled = shuffled[np.argsort(word[shuffled], kind="stable")]
    together = np.flatnonzero(np.diff(word[shuffled]) == 0)
    others = [places[shuffled[together + step]] for step in (0, 1)]
    # A query asks the lists of words that are near to it, too: what lies in the word of one is compared.
    shares = []
    of_others, of_same = word[shuffled[together]], word_of(same[1], *words)
    for (one, two), of in ((others, of_others), (same, of_same)):
        middle = words[2][of]
        differ = ((one > middle) != (two > middle)).sum(1)
        shares.append((np.bincount(differ, minlength=DIMENSIONS + 1) + 1) / len(differ))
    # Both ends are rare: fewer sides that differ are never less evidence.
    evidence = np.maximum.accumulate(np.log(shares[1] / shares[0])[::-1])[::-1]
    return np.asarray(np.clip(64 * evidence, -32000, 32000), "<i2")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "crates" / "core" / "src" / "keypoint" / "words.bin")
