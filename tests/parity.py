"""The engine of the parity proof: the same picture through ImageHash and through us, bit by bit.

Bits may differ in one case only: in `phash` and `phash_simple`, where the coefficient equals the
threshold in exact arithmetic, ImageHash's bit is the rounding noise of an FFT and ours is 0. Each such
bit is proved with 100 digits from the resized pixels; any other difference is a failure.

One more thing is not ours to follow: from 12.2 on, Pillow resizes some pictures columns first (in 12.2 and
12.3 those more than 100 times as tall as wide, in 13 all whose height shrinks much more than their width).
Our recipe is rows first, as in Pillow 7 to 12.1. Where bits differ, ImageHash computes again with Pillow's
two passes called one by one, rows first; those bits are counted apart, and must then all be the same.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from PIL import Image

import oracle
from dropin import outcome
from lookalike import imagehash as ours

LANCZOS = Image.Resampling.LANCZOS
GREY = ("average_hash", "phash", "phash_simple", "dhash", "dhash_vertical")
# ImageHash lets a float overflow through where whash cannot work; we raise what its assertions raise.
SAME_ERRORS = {"WhashError": ("AssertionError", "OverflowError", "ValueError")}


@dataclass
class Tally:
    """What was compared, and what came of it."""

    files: int = 0
    pictures: int = 0
    hashes: int = 0
    bits: int = 0
    noise_bits: int = 0
    noise_hashes: int = 0
    order_bits: int = 0
    differing_bits: int = 0
    errors: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in (f.name for f in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        return (
            f"{self.files} files, {self.pictures} pictures, {self.hashes} hashes, {self.bits} bits compared: "
            f"{self.differing_bits} differ, and {self.noise_bits} (in {self.noise_hashes} hashes) are proved to be "
            f"rounding noise; {self.order_bits} of tall pictures follow the order of Pillow's passes; "
            f"{self.errors} calls raise the same error in both; {len(self.failures)} failures"
        )


@dataclass(frozen=True)
class Case:
    """One call: the function's name and its settings."""

    function: str
    settings: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, function: str, **settings: Any) -> Case:
        return cls(function, tuple(settings.items()))

    def call(self, module: Any, image: Any) -> Any:
        return getattr(module, self.function)(image, **dict(self.settings))


class Once:
    """A picture that converts and resizes once, so that the slow side of the proof does not repeat itself.

    The reference calls `convert` and `resize` anew for each hash; both give the same answer each time.
    With `rows_first`, resizing is done by two calls of Pillow, each of one pass.
    """

    def __init__(self, image: Image.Image, rows_first: bool = False) -> None:
        self.image = image
        self.rows_first = rows_first
        self.convert = functools.cache(self._convert)
        self.resize = functools.cache(self._resize)

    def _convert(self, mode: str) -> Any:
        converted = self.image.convert(mode)
        return Once(converted, self.rows_first) if mode == "L" else converted

    def _resize(self, size: tuple[int, int], resample: int) -> Image.Image:
        if self.rows_first:
            return self.image.resize((size[0], self.image.height), resample).resize(size, resample)
        return self.image.resize(size, resample)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.image, name)


def all_sizes(pixels: int) -> Iterator[Case]:
    """Every kind in several sizes; fewer of the slow wavelets for large pictures."""
    for size in (2, 3, 7, 8, 16, 32):
        for function in GREY:
            yield Case.of(function, hash_size=size)
        yield Case.of("average_hash", hash_size=size, mean=np.median)
        yield Case.of("average_hash", hash_size=size, mean=_middle)
    for factor in (1, 2, 3, 8):
        yield Case.of("phash", highfreq_factor=factor)
        yield Case.of("phash_simple", highfreq_factor=factor)
    yield Case.of("dhash_vertical", hash_size=1)
    yield Case.of("phash_simple", hash_size=1)
    for binbits in (1, 2, 3, 4, 5, 6, 8, 17, 36):
        yield Case.of("colorhash", binbits=binbits)
    yield from _wavelets(pixels)


def _wavelets(pixels: int) -> Iterator[Case]:
    variants = [{"mode": mode, "remove_max_haar_ll": remove} for mode in ("haar", "db4") for remove in (True, False)]
    for variant in variants:
        for size in (2, 4, 8, 16, 32) if pixels <= 1_000_000 else (8, 16):
            yield Case.of("whash", hash_size=size, **variant)
            yield Case.of("whash", hash_size=size, image_scale=64, **variant)
    yield Case.of("whash", hash_size=1)
    yield Case.of("whash", hash_size=64)
    yield Case.of("whash", hash_size=8, image_scale=8)
    yield Case.of("whash", hash_size=3)
    yield Case.of("whash", hash_size=16, image_scale=8)


def default_sizes() -> Iterator[Case]:
    """Every kind in the size that people use."""
    for function in (*GREY, "whash", "colorhash"):
        yield Case.of(function)
    yield Case.of("average_hash", mean=np.median)
    yield Case.of("whash", mode="db4")


def compare(reference: Any, image: Image.Image, cases: Iterator[Case], name: str) -> Tally:
    """Run all cases on both sides."""
    tally, once = Tally(pictures=1), Once(image)
    for case in cases:
        theirs, mine = outcome(lambda c=case: c.call(reference, once)), outcome(lambda c=case: c.call(ours, image))
        part = judged(image, case, theirs, mine, name)
        if part.differing_bits:
            theirs = outcome(lambda c=case: c.call(reference, Once(image, rows_first=True)))
            part = _unless_order(part, judged(image, case, theirs, mine, name))
        tally.add(part)
    return tally


def _unless_order(plain: Tally, rows_first: Tally) -> Tally:
    if rows_first.failures:
        return plain
    rows_first.order_bits = plain.differing_bits
    return rows_first


def compare_regions(
    reference: Any, image: Image.Image, functions: tuple[str, ...], name: str, **settings: Any
) -> Tally:
    """`crop_resistant_hash` with several inner hashes, for the price of one segmentation there."""
    plain = _compare_regions(reference, image, functions, name, settings, rows_first=False)
    if not plain.failures:
        return plain
    return _unless_order(plain, _compare_regions(reference, image, functions, name, settings, rows_first=True))


def _compare_regions(
    reference: Any, image: Image.Image, functions: tuple[str, ...], name: str, settings: Any, rows_first: bool
) -> Tally:
    tally, crops, once = Tally(pictures=1), [], Once(image, rows_first)

    def keep(crop: Image.Image) -> None:
        crops.append(Once(crop, rows_first))

    found = outcome(lambda: reference.crop_resistant_hash(once, hash_func=keep, **settings))
    for function in functions:
        theirs = found
        if not isinstance(found, Exception):
            theirs = outcome(lambda f=function: [getattr(reference, f)(crop) for crop in crops])
        mine = outcome(
            lambda f=function: ours.crop_resistant_hash(image, hash_func=getattr(ours, f), **settings).segment_hashes
        )
        _judge_regions(tally, crops, function, theirs, mine, f"{name} crop_resistant {settings}")
    return tally


def _judge_regions(tally: Tally, crops: list[Any], function: str, theirs: Any, mine: Any, name: str) -> None:
    if isinstance(theirs, Exception) or isinstance(mine, Exception):
        tally.add(judged(None, Case(function), theirs, mine, name))
    elif len(theirs) != len(mine):
        tally.failures.append(f"{name} {function}: {len(theirs)} segments there, {len(mine)} here")
    else:
        for crop, their_part, my_part in zip(crops, theirs, mine, strict=True):
            tally.add(judged(crop, Case(function), their_part, my_part, name))


def judged(image: Any, case: Case, theirs: Any, mine: Any, name: str) -> Tally:
    """What one call gave on both sides."""
    label, tally = f"{name}: {case.function} {dict(case.settings)}", Tally(hashes=1)
    if isinstance(theirs, Exception) or isinstance(mine, Exception):
        tally.errors = 1
        if not _same_error(theirs, mine):
            tally.failures.append(f"{label}: {theirs!r} there, {mine!r} here")
    elif theirs.hash.shape != mine.hash.shape or mine.hash.dtype != bool:
        tally.failures.append(f"{label}: shape {theirs.hash.shape} there, {mine.hash.shape} {mine.hash.dtype} here")
    else:
        tally.bits = mine.hash.size
        _judge_bits(tally, image, case, theirs.hash != mine.hash, mine.hash, label)
    return tally


def _judge_bits(tally: Tally, image: Any, case: Case, differing: Any, mine: Any, label: str) -> None:
    count = int(differing.sum())
    if not count:
        return
    if case.function in ("phash", "phash_simple"):
        stable, tied = exact_bits(image, case)
        if tied[differing].all() and (mine == stable).all():
            tally.noise_bits += count
            tally.noise_hashes += 1
            return
    tally.differing_bits += count
    tally.failures.append(f"{label}: {count} bits differ")


def exact_bits(image: Image.Image, case: Case) -> tuple[Any, Any]:
    """The bits of a perceptual hash in exact arithmetic, and which of them are ties."""
    settings = {"hash_size": 8, "highfreq_factor": 4, **dict(case.settings)}
    side = settings["hash_size"] * settings["highfreq_factor"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grey = Once(image.convert("L"), rows_first=True)
    small = np.asarray(grey.resize((side, side), LANCZOS))
    return _exact_bits(small.tobytes(), side, case.function, settings["hash_size"])


@functools.lru_cache(maxsize=4096)
def _exact_bits(pixels: bytes, side: int, function: str, hash_size: int) -> tuple[Any, Any]:
    small = np.frombuffer(pixels, np.uint8).reshape(side, side)
    margins = getattr(oracle, f"{function}_margins")(small, hash_size)
    return oracle.above(margins), oracle.ties(margins)


def _same_error(theirs: Any, mine: Any) -> bool:
    if not (isinstance(theirs, Exception) and isinstance(mine, Exception)):
        return False
    return type(theirs).__name__ in SAME_ERRORS.get(type(mine).__name__, (type(mine).__name__,))


def _middle(pixels: Any) -> float:
    return (float(pixels.min()) + float(pixels.max())) / 2
