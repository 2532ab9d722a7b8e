"""What a search looks for: a hash, hex text, or a picture to be hashed like the column."""

from __future__ import annotations

import os
import re
from typing import Any

from ..errors import MismatchError, NoFileError, shortened
from ..fingerprints import Fingerprint, fingerprint
from ..hashes import Hash, MultiHash, parse_hash
from ..kinds import Kind
from ..options import Limits
from .columns import HashColumn

__all__ = ["as_query", "checked_count", "checked_radius", "is_hash_text"]

_HEX_LIST = re.compile("[0-9a-fA-F]+(,[0-9a-fA-F]+)*")


def as_query(source: Any, column: HashColumn, limits: Limits) -> Hash | MultiHash:
    """The hash to look for in a column, of its kind and recipe.

    Args:
        source: a `Hash` or `MultiHash`, a `Fingerprint`, a hash as hex text, or anything that `fingerprint` takes.
        column: where to look.
        limits: what reading a picture may cost.

    Raises:
        MismatchError: if it is a hash of another kind or recipe.
        NoFileError: if it is text that is neither a hash of the column's length nor a file.
        SourceError: if it is a picture that cannot be read.
    """
    kind = column.kind
    if kind is None:
        raise ValueError(f"column {column.name!r} is not named after a hash kind: pass kind=, as in kind='phash'")
    if isinstance(source, Fingerprint):
        source = _of_fingerprint(source, kind)
    if isinstance(source, str):
        source = _read_text(source, kind, column.recipe)
    if not isinstance(source, (Hash, MultiHash)):
        return fingerprint(source, kinds=[str(kind)], recipe=column.recipe, limits=limits).hashes[str(kind)]
    if source.kind != kind:
        raise MismatchError(f"the query is a {source.kind} hash, but the column {column.name!r} has {kind}")
    if source.recipe != column.recipe:
        raise MismatchError(f"the query comes from the recipe {source.recipe}, the column from {column.recipe}")
    return source


def checked_radius(radius: float | None, query: Hash | MultiHash) -> float | None:
    """A radius that makes sense for the query's kind.

    Raises:
        ValueError: if it is no number from 0 to the hash's length in bits (or to its number of segments).
    """
    if radius is None:
        return None
    numbers: tuple[type, ...]
    if isinstance(query, MultiHash):
        highest, numbers, what = len(query.segments), (int, float), f"a number from 0 to {len(query.segments)} segments"
    else:
        highest, numbers, what = query.bits, (int,), f"a whole number from 0 to {query.bits} bits"
    value = _as_plain(radius)
    if isinstance(value, bool) or not isinstance(value, numbers) or not 0 <= value <= highest:
        raise ValueError(f"expected a radius for {query.kind} that is {what}, got {radius!r}")
    return value


def checked_count(k: int | None) -> int | None:
    """How many matches to give at most.

    Raises:
        ValueError: if it is no whole number of at least 1.
    """
    if k is None:
        return None
    value = _as_plain(k)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"expected k as a whole number of at least 1, or None for all, got {k!r}")
    return value


def is_hash_text(text: str) -> bool:
    """Whether a text can only be a hash: hex digits (lists of them, for segments) that are not a file's name."""
    # Path.exists() raises for a name longer than a file's may be, as a long hash is.
    return _HEX_LIST.fullmatch(text) is not None and not os.path.exists(text)  # noqa: PTH110


def _as_plain(number: Any) -> Any:
    # NumPy's scalars have item(), which gives Python's own number or bool.
    item = getattr(number, "item", None)
    return item() if callable(item) and getattr(number, "ndim", None) == 0 else number


def _of_fingerprint(source: Fingerprint, kind: Kind) -> Hash | MultiHash:
    if str(kind) not in source.hashes:
        raise MismatchError(f"the query's fingerprint has no {kind}, only {', '.join(source.hashes)}")
    return source.hashes[str(kind)]


def _read_text(text: str, kind: Kind, recipe: str) -> str | Hash | MultiHash:
    """The hash that a text is, or the text itself where it is a path, a pattern or an address."""
    if not is_hash_text(text):
        return text
    try:
        return parse_hash(text, kind, recipe)
    except ValueError as error:
        raise NoFileError(f"there is no file {shortened(text)}, and as a hash: {error}") from None
