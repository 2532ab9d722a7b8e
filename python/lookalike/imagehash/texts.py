"""From hex texts back to hashes."""

from __future__ import annotations

import math
import re

import numpy

from .values import ImageHash, ImageMultiHash, NDArray

__all__ = ["hex_to_flathash", "hex_to_hash", "hex_to_multihash", "old_hex_to_hash"]

_HEX = re.compile(r"\s*(?:0[xX])?([0-9a-fA-F]+)\s*")
_COLOR_BINS = 14


def hex_to_hash(hexstr: str) -> ImageHash:
    """Read a hash from its text, as `str(a)` wrote it.

    Args:
        hexstr: as many hex digits as a square number of bits has, or 14 times some `binbits`. Where
            both fit it is read as a square.

    Returns:
        The hash, of shape `(side, side)` or `(14, binbits)`.

    Raises:
        ValueError: if the text is not hex, has another length, or more bits than its shape.
        TypeError: if it is no text.
    """
    digits = _digits(hexstr)
    shape = _shape(len(digits))
    if shape is None:
        raise ValueError(
            "expected the hex text of a square hash (such as 16 digits for 8 x 8 bits) or of a colorhash "
            f"(such as 11 digits for 14 x 3 bits), got {len(digits)} digits"
        )
    value = int(digits, 16)
    if value >> math.prod(shape):
        raise ValueError(f"expected {math.prod(shape)} bits in {len(digits)} hex digits, got more: {digits!r}")
    return ImageHash(_bits(value, math.prod(shape)).reshape(shape))


def hex_to_flathash(hexstr: str, hashsize: int) -> ImageHash:
    """Read the hash of any shape from its text, as one row of bits.

    Args:
        hexstr: hex digits.
        hashsize: a divisor of the number of bits; bits that fill the first digit are dropped by it.
            For a colour hash take its `binbits`.

    Returns:
        The hash, of shape `(1, bits)`.

    Raises:
        ValueError: if the text is not hex.
    """
    value = int(hexstr, 16)
    if value < 0:
        raise ValueError(f"expected a hash as hex digits, got {hexstr!r}")
    width = int(len(hexstr) * 4 / hashsize) * hashsize
    # A number that is wider than that keeps its bits, as in ImageHash.
    return ImageHash(_bits(value, max(width, value.bit_length(), 1)).reshape(1, -1))


def hex_to_multihash(hexstr: str) -> ImageMultiHash:
    """Read a hash in parts from its text: hashes as `hex_to_hash` reads them, joined by commas.

    Raises:
        ValueError: if `hex_to_hash` cannot read one of the parts.
    """
    return ImageMultiHash([hex_to_hash(part) for part in hexstr.split(",")])


def old_hex_to_hash(hexstr: str, hash_size: int = 8) -> ImageHash:
    """Read a hash from the text that ImageHash wrote before version 4.

    There each row of eight bits stands in two digits, first bit lowest.

    Args:
        hexstr: `hash_size * (hash_size // 4)` hex digits.
        hash_size: the side of the square of bits.

    Returns:
        The hash, in rows of eight bits.

    Raises:
        ValueError: if the text is not hex or has another length.
    """
    count = hash_size * (hash_size // 4)
    if len(hexstr) != count:
        raise ValueError(f"Expected hex string size of {count}.")
    rows = [int("0x" + hexstr[2 * row : 2 * row + 2], 16) for row in range(count // 2)]
    packed = numpy.array(rows, dtype=numpy.uint8).reshape(-1, 1)
    return ImageHash(numpy.unpackbits(packed, axis=1, bitorder="little").view(numpy.bool_))


def _digits(hexstr: str) -> str:
    text = hexstr.decode("ascii", "replace") if isinstance(hexstr, bytes) else hexstr
    if not isinstance(text, str):
        raise TypeError(f"expected a hash as text, got {type(hexstr).__name__}")
    found = _HEX.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a hash as hex digits, got {text!r}")
    return found[1]


def _shape(digits: int) -> tuple[int, int] | None:
    side = math.isqrt(4 * digits)
    if -(-side * side // 4) == digits:
        return side, side
    binbits = 4 * digits // _COLOR_BINS
    if binbits and -(-_COLOR_BINS * binbits // 4) == digits:
        return _COLOR_BINS, binbits
    return None


def _bits(value: int, count: int) -> NDArray:
    packed = (value << (-count % 8)).to_bytes(-(-count // 8), "big")
    return numpy.unpackbits(numpy.frombuffer(packed, numpy.uint8), count=count).view(numpy.bool_)
