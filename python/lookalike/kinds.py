"""The registry of hash kinds: their names, variants and lengths in bits."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from .errors import shortened

__all__ = ["ARTICLE_KINDS", "NAMES", "Kind"]

NAMES = (
    "ahash",
    "phash",
    "phash_simple",
    "dhash",
    "dhash_vertical",
    "whash",
    "colorhash",
    "crop_resistant",
    "pdq",
)
"""The hash kinds, in the field's own terms (those of ImageHash, and Meta's PDQ)."""

ARTICLE_KINDS = ("ahash", "phash", "dhash", "whash", "colorhash")
"""The five kinds that are computed unless others are asked for."""

_VARIANTS = {"ahash": ("median",), "whash": ("keep_ll", "db4", "db4_keep_ll")}
_MAX_SIZE = 128
_MAX_BINBITS = 40
_PDQ_SIZE = 16
_SIZE = re.compile("[1-9][0-9]{0,8}")
# By size, see `Kind.radius`: bench/chance.py counts the pairs within each.
_RADII = {
    "ahash": {8: 0, 16: 5},
    "phash": {8: 6, 16: 62},
    "phash_simple": {8: 0, 16: 4},
    "dhash": {8: 3, 16: 38},
    "dhash_vertical": {8: 4, 16: 38},
    "whash": {8: 1, 16: 9},
    "colorhash": {3: 0},
    "pdq": {16: 64},
}
# Likewise, see `Kind.loose`.
_LOOSE = {
    "ahash": {8: 2, 16: 18},
    "phash": {8: 12, 16: 86},
    "phash_simple": {8: 3, 16: 22},
    "dhash": {8: 10, 16: 63},
    "dhash_vertical": {8: 9, 16: 59},
    "whash": {8: 3, 16: 18},
    "colorhash": {3: 0},
    "pdq": {16: 86},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One hash kind with its settings.

    Written as text it is the name, then what differs from the defaults, joined by colons:
    `"phash"`, `"phash:16"` (256 bits), `"ahash:median"`, `"whash:16:db4"`, `"colorhash:4"` (binbits),
    `"crop_resistant:phash"` (the inner kind, `dhash` by default).

    Attributes:
        name: one of `NAMES`.
        size: side of the square of bits (`hash_size`, 8 by default), or bits per bin for `colorhash`
            (`binbits`, 3 by default); 0 stands for the default. `crop_resistant` has its inner kind's, and `pdq`
            always 16.
        variant: `"median"` for `ahash`; `"keep_ll"`, `"db4"` or `"db4_keep_ll"` for `whash`; else `""`.
        inner: the kind that `crop_resistant` takes of each segment (`dhash` by default); else `None`.

    Raises:
        ValueError: if the name is unknown, or a setting does not fit it.
        TypeError: if the size is no whole number, or the inner kind no `Kind`.
    """

    name: str
    size: int = 0
    variant: str = ""
    inner: Kind | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.name == "crop_resistant" and self.inner is None:
            object.__setattr__(self, "inner", Kind("dhash"))
        _check_inner(self)
        if self.inner is not None:
            object.__setattr__(self, "size", self.inner.size)
        elif self.size == 0:
            object.__setattr__(self, "size", _default_size(self.name))
        _check_size(self.name, self.size)
        _check_variant(self)

    @classmethod
    def parse(cls, text: str | Kind) -> Kind:
        """Read a kind from its text.

        Raises:
            ValueError: if the name is unknown, or a setting does not fit it.
            TypeError: if `text` is neither text nor a `Kind`.
        """
        if isinstance(text, Kind):
            return text
        if not isinstance(text, str):
            raise TypeError(f"expected a hash kind such as 'phash', got {type(text).__name__}")
        return _parse(text)

    @property
    def bits(self) -> int | None:
        """Length of the code in bits; `None` where it depends on the picture."""
        if self.name == "crop_resistant" or self.variant.startswith("db4"):
            return None
        return _bits(self.name, self.size)

    @property
    def hex_digits(self) -> int | None:
        """Length of the code as hex text; `None` where it depends on the picture."""
        return None if self.bits is None else math.ceil(self.bits / 4)

    @property
    def radius(self) -> int | None:
        """The default radius in bits; `None` where the code's length depends on the picture.

        It is the loosest with which about one pair of different photos in a million matches by chance: at most 1
        of 754,150 pairs, those within radius 0 excepted. Found so for 8 x 8 and 16 x 16 bits; other sizes have the
        share of the next smaller one of these two (of 8 x 8, below it), rounded down. At 64 bits the counts are
        0 for `phash`, 1 for `dhash`, `dhash_vertical` and `whash`. Equal codes alone make 3 chance matches by
        `ahash`, 11 by `phash_simple` and 13,875 by `colorhash`: these need a second kind beside them. `pdq` has a
        quarter of its bits, 64, with 0 of those pairs (and 1 within 70); Meta advises 31, where hashes come from
        others' software, and to leave out pictures without detail by their quality.
        """
        return self._at_size(_RADII)

    @property
    def loose(self) -> int | None:
        """The radius in bits within which a second look is worth it; `None` as for `radius`.

        About one pair of different photos in ten thousand is within it (of `dhash` at 64 bits three, of `colorhash`
        many more), and of copies with strong edits most are. Measured as `radius`.
        """
        return self._at_size(_LOOSE)

    def _at_size(self, table: dict[str, dict[int, int]]) -> int | None:
        if self.bits is None:
            return None
        radii = table[self.name]
        size = max((size for size in radii if size <= self.size), default=min(radii))
        return radii[size] * self.bits // _bits(self.name, size)

    def negative(self, value: int, bits: int) -> int | None:
        """The code of a picture's negative from the picture's own, as far as bits tell; `None` where they do not.

        All bits change, but for the first of `phash`, which compares the mean brightness with the middle one of the
        frequencies: that is never beyond it. Of 150 photos and their negatives, `pdq`, `whash`, `phash_simple` and
        `ahash` are then right to the bit (one differs in one of them), `phash` to one bit, the middle one itself.
        `dhash` cannot know where neighbours are equal, as on white ground: 1.8 bits of 64 on average, 22 at most.

        Args:
            value: the code as a number.
            bits: how many bits it has.
        """
        if self.name in ("colorhash", "crop_resistant"):
            return None
        return value ^ ((1 << (bits - (self.name == "phash"))) - 1)

    def with_size(self, size: int) -> Kind:
        """The same kind at another size (of the inner kind, for `crop_resistant`).

        Raises:
            ValueError: if the kind cannot have that size.
        """
        if self.inner is not None:
            return Kind(self.name, inner=self.inner.with_size(size))
        _check_size(self.name, size)
        return Kind(self.name, size, self.variant)

    def __str__(self) -> str:
        if self.inner is not None:
            inner = str(self.inner)
            return self.name if inner == "dhash" else f"{self.name}:{inner}"
        parts = [self.name]
        if self.size != _default_size(self.name):
            parts.append(str(self.size))
        if self.variant:
            parts.append(self.variant)
        return ":".join(parts)


@lru_cache(maxsize=256)
def _parse(text: str) -> Kind:
    name, colon, rest = text.partition(":")
    _check_name(name)
    if name == "crop_resistant":
        return Kind(name, inner=_parse(rest) if colon else None)
    size, variant = 0, ""
    for part in rest.split(":") if colon else ():
        if _SIZE.fullmatch(part) and not size:
            size = int(part)
        elif part in _VARIANTS.get(name, ()) and not variant:
            variant = part
        else:
            allowed = " or ".join(("a size", *_VARIANTS.get(name, ())))
            raise ValueError(f"hash kind {shortened(text)}: {shortened(part)} does not fit; expected {allowed}, once")
    return Kind(name, size, variant)


def _bits(name: str, size: int) -> int:
    return 14 * size if name == "colorhash" else size * size


def _default_size(name: str) -> int:
    return {"colorhash": 3, "pdq": _PDQ_SIZE}.get(name, 8)


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise ValueError(f"unknown hash kind {shortened(name)}: expected one of {', '.join(NAMES)}")


def _check_inner(kind: Kind) -> None:
    if kind.inner is None:
        return
    if kind.name != "crop_resistant":
        raise ValueError(f"hash kind {kind.name}: only crop_resistant has an inner kind, got {kind.inner}")
    if not isinstance(kind.inner, Kind):
        raise TypeError(f"hash kind {kind.name}: expected a Kind as the inner kind, got {type(kind.inner).__name__}")
    if kind.inner.inner is not None:
        raise ValueError("the inner kind of crop_resistant cannot be crop_resistant")


def _check_size(name: str, size: int) -> None:
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"hash kind {name}: expected a whole number as its size, got {size!r}")
    if name == "pdq" and size != _PDQ_SIZE:
        raise ValueError(f"hash kind pdq: expected no size, for it always has 256 bits; got {size}")
    low, high = (1, _MAX_BINBITS) if name == "colorhash" else (2, _MAX_SIZE)
    if name != "crop_resistant" and not low <= size <= high:
        raise ValueError(f"hash kind {name}: expected a size from {low} to {high}, got {size}")
    if name == "whash" and size & (size - 1):
        raise ValueError(f"hash kind whash: expected a power of two as its size, got {size}")


def _check_variant(kind: Kind) -> None:
    allowed = ("", *_VARIANTS.get(kind.name, ()))
    if kind.variant not in allowed:
        raise ValueError(f"hash kind {kind.name}: expected a variant among {allowed}, got {shortened(kind.variant)}")
