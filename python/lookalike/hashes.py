"""Hashes as values: parse, print, compare."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .errors import MismatchError, shortened
from .kinds import Kind
from .options import RECIPES, recipe_name

__all__ = ["Hash", "MultiHash", "hamming_distance", "hex_digit_distance", "parse_hash"]

_HEX = re.compile(r"[0-9a-fA-F]+")
MATCHING_SHARE = 0.25
"""Two segments of crop_resistant hashes match when at most this share of their bits differs."""


@dataclass(frozen=True, slots=True, repr=False)
class Hash:
    """One perceptual hash: a code of bits, with the kind and recipe that made it.

    Equal hashes have the same kind, recipe and bits, and work as dictionary keys. `a - b` is their
    Hamming distance: the number of bits that differ, from 0 to `bits`.

    Attributes:
        kind: the hash kind.
        value: the bits as an unsigned number, first bit highest.
        bits: how many bits there are.
        recipe: the recipe with its version, such as `"standard/2"`.

    Raises:
        ValueError: if value, number of bits and kind do not fit each other, or the recipe is unknown.
    """

    kind: Kind
    value: int
    bits: int
    recipe: str = RECIPES["standard"]

    def __post_init__(self) -> None:
        if self.kind.inner is not None:
            raise ValueError(f"{self.kind} hashes have several segments: use MultiHash")
        if self.bits != (self.kind.bits or self.bits):
            raise ValueError(f"expected {self.kind.bits} bits for {self.kind}, got {self.bits}")
        if self.bits < 1 or self.value < 0 or self.value >> self.bits:
            raise ValueError(f"expected a number of {self.bits} bits for {self.kind}, got {self.value:#x}")
        object.__setattr__(self, "recipe", recipe_name(self.recipe))

    @classmethod
    def trusted(cls, value: int, bits: int, kind: Kind, recipe: str) -> Hash:
        """A hash from the core, whose parts are known to fit: checking five takes a tenth of the time of a photo."""
        made = object.__new__(cls)
        for name, part in (("kind", kind), ("value", value), ("bits", bits), ("recipe", recipe)):
            object.__setattr__(made, name, part)
        return made

    @classmethod
    def from_hex(cls, text: str, kind: str | Kind, recipe: str = "standard") -> Hash:
        """Read a hash from its hex text, as in a frame's column.

        >>> from lookalike import Hash
        >>> a = Hash.from_hex("fe86c38181c1c3c7", "ahash")
        >>> b = Hash.from_hex("333e9f8981c3c3e3", "ahash")
        >>> a - b
        17

        Args:
            text: hex digits, as many as the kind has.
            kind: the hash kind, such as `"phash"` or `"phash:16"`.
            recipe: the recipe that made the hash.

        Raises:
            ValueError: if the text is not the hex form of such a hash.
            TypeError: if it is not text.
        """
        kind = Kind.parse(kind)
        if kind.inner is not None:
            raise ValueError(f"{kind} hashes have several segments: read them with MultiHash.from_hex")
        _check_hex(text, str(kind))
        bits = kind.bits or _square_bits(text, kind)
        digits = math.ceil(bits / 4)
        if len(text) != digits:
            raise ValueError(
                f"expected {digits} hex digits for {kind} ({bits} bits), got {len(text)} in {shortened(text)}; "
                f"if it has another size, say so, as in '{kind.name}:16'"
            )
        value = int(text, 16)
        if value >> bits:
            raise ValueError(f"expected {bits} bits for {kind}, but {shortened(text)} has a higher bit set")
        return cls(kind, value, bits, recipe)

    @classmethod
    def from_bytes(cls, code: bytes, bits: int, kind: str | Kind, recipe: str = "standard") -> Hash:
        """Take a packed code: `bits` bits, first bit highest, zeros to the end of the last byte.

        Raises:
            ValueError: if the code has another length, or ones after its last bit.
        """
        spare = 8 * len(code) - bits
        value = int.from_bytes(code, "big")
        if not 0 <= spare < 8 or value & ((1 << spare) - 1):
            raise ValueError(f"expected {bits} bits in {math.ceil(bits / 8)} bytes, zeros after them, got {code.hex()}")
        return cls(Kind.parse(kind), value >> spare, bits, recipe)

    @property
    def hex(self) -> str:
        """The bits as hex text, in ImageHash's form."""
        return f"{self.value:0{math.ceil(self.bits / 4)}x}"

    def __str__(self) -> str:
        return self.hex

    def __repr__(self) -> str:
        return f"Hash({self.hex!r}, {str(self.kind)!r}, {self.recipe!r})"

    def __len__(self) -> int:
        return self.bits

    def __sub__(self, other: Hash) -> int:
        if isinstance(other, MultiHash):
            raise MismatchError(f"hashes of different kinds cannot be compared: {self.kind} and {other.kind}")
        if not isinstance(other, Hash):
            return NotImplemented
        self._check_comparable(other)
        return (self.value ^ other.value).bit_count()

    def _check_comparable(self, other: Hash) -> None:
        for word, mine, theirs in (
            ("kinds", str(self.kind), str(other.kind)),
            ("lengths in bits", self.bits, other.bits),
            ("recipes", self.recipe, other.recipe),
        ):
            if mine != theirs:
                raise MismatchError(f"hashes of different {word} cannot be compared: {mine} and {theirs}")


@dataclass(frozen=True, slots=True, repr=False)
class MultiHash:
    """A `crop_resistant` hash: one `Hash` for each segment of the picture.

    `a - b` is the distance that ImageHash defines for these: the segments of `a` that have no partner
    in `b` within a quarter of their bits, plus a tie-breaker below one for how well the others agree.
    It is not symmetric.

    Raises:
        ValueError: if there is no segment.
        MismatchError: if the segments differ in kind or recipe.
    """

    segments: tuple[Hash, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("expected at least one segment, got none")
        for word, values in (
            ("kinds", {str(segment.kind) for segment in self.segments}),
            ("recipes", {segment.recipe for segment in self.segments}),
        ):
            if len(values) > 1:
                raise MismatchError(f"expected segments of one kind and recipe, got the {word} {sorted(values)}")

    @classmethod
    def from_hex(cls, text: str, kind: str | Kind = "crop_resistant", recipe: str = "standard") -> MultiHash:
        """Read the hash from hex texts joined by commas.

        Raises:
            ValueError: if a part is not the hex form of the inner kind.
            TypeError: if it is not text.
        """
        kind = Kind.parse(kind)
        if kind.inner is None:
            raise ValueError(f"expected a crop_resistant kind, got {kind}")
        if not isinstance(text, str):
            raise TypeError(f"expected {kind} as text, got {type(text).__name__}")
        return cls(tuple(Hash.from_hex(part, kind.inner, recipe) for part in text.split(",")))

    @property
    def kind(self) -> Kind:
        """The `crop_resistant` kind with its inner kind."""
        return Kind("crop_resistant", inner=self.segments[0].kind)

    @property
    def recipe(self) -> str:
        """The recipe that made the segments."""
        return self.segments[0].recipe

    @property
    def hex(self) -> str:
        """The segments' hex texts, joined by commas."""
        return ",".join(segment.hex for segment in self.segments)

    def __str__(self) -> str:
        return self.hex

    def __repr__(self) -> str:
        return f"MultiHash({self.hex!r}, {str(self.kind)!r}, {self.recipe!r})"

    def __sub__(self, other: MultiHash) -> float:
        if isinstance(other, Hash):
            raise MismatchError(f"hashes of different kinds cannot be compared: {self.kind} and {other.kind}")
        if not isinstance(other, MultiHash):
            return NotImplemented
        nearest = [min(mine - theirs for theirs in other.segments) for mine in self.segments]
        bits = self.segments[0].bits
        matching = [distance for distance in nearest if distance <= bits * MATCHING_SHARE]
        if not matching:
            return float(len(nearest))
        # Subtracted in ImageHash's order, so that the last bit of the float is the same too.
        return len(nearest) - (len(matching) - sum(matching) / (len(matching) * bits))


def parse_hash(text: str, kind: str | Kind, recipe: str = "standard") -> Hash | MultiHash:
    """Read a hash of any kind from its text.

    Raises:
        ValueError: if the text is not the hex form of such a hash.
        TypeError: if it is not text.
    """
    kind = Kind.parse(kind)
    if kind.inner is not None:
        return MultiHash.from_hex(text, kind, recipe)
    return Hash.from_hex(text, kind, recipe)


def hamming_distance(a: Hash | str, b: Hash | str) -> int:
    """Number of bits that differ between two hashes, given as `Hash` or as hex text.

    >>> hamming_distance("0f0783ce0f8b8b05", "fe86c38181c1c3c7")
    25

    Raises:
        MismatchError: if the two differ in kind, recipe or length.
        ValueError: if a text is not hex.
        TypeError: if one is neither a `Hash` nor text (`MultiHash` values compare as `a - b`).
    """
    left, right = _same_length(a, b)
    return (int(left, 16) ^ int(right, 16)).bit_count()


def hex_digit_distance(a: Hash | str, b: Hash | str) -> int:
    """Number of hex digits that differ. This is the wrong distance: use `hamming_distance`.

    A digit counts as one whether one or all four of its bits differ, so the ranking depends on where
    the differing bits happen to lie. It exists because an article of 2021 ranks with it, and its table
    can be reproduced in no other way.

    >>> hex_digit_distance("0f0783ce0f8b8b05", "fe86c38181c1c3c7")
    15

    Raises:
        MismatchError: if the two differ in kind, recipe or length.
        ValueError: if a text is not hex.
        TypeError: if one is neither a `Hash` nor text.
    """
    left, right = _same_length(a, b)
    return sum(x != y for x, y in zip(left.lower(), right.lower(), strict=True))


def _same_length(a: Hash | str, b: Hash | str) -> tuple[str, str]:
    if isinstance(a, Hash) and isinstance(b, Hash):
        a._check_comparable(b)
    left, right = (value.hex if isinstance(value, Hash) else _check_hex(value, "a hash") for value in (a, b))
    if len(left) != len(right):
        raise MismatchError(f"hashes of different lengths cannot be compared: {len(left)} and {len(right)} hex digits")
    return left, right


def _check_hex(text: str, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"expected {what} as hex digits, got {type(text).__name__}")
    if not _HEX.fullmatch(text):
        raise ValueError(f"expected {what} as hex digits, got {shortened(text)}")
    return text


def _square_bits(text: str, kind: Kind) -> int:
    # db4 extends the picture at its borders, so the side of its square is not the size that was asked for.
    side = math.isqrt(4 * len(text))
    if math.ceil(side * side / 4) != len(text) or side < kind.size:
        raise ValueError(f"expected a square number of bits for {kind}, got {len(text)} hex digits")
    return side * side
