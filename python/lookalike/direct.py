"""The short road: from the bytes of a file to its hashes, all in the core and without the GIL."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ._core import Gate, Job
from .errors import LimitError, NoFileError, NoImageError
from .hashes import Hash, MultiHash, parse_hash
from .kinds import Kind
from .options import Limits
from .prints import Fingerprint, row_names
from .sources import FileName

__all__ = ["Failed", "Found", "Plan", "exception_of", "is_elsewhere", "plan_of", "print_of"]

Found = tuple[list[str], int, int, str, str | None]
Failed = tuple[str, int | None, str]

# Bytes of files, and of pixels decoded from them, that may be held at one time in this process. The files of
# two photos of 24 megapixels are 20 MB or less, and their pixels, at an eighth of their sides, 1.
_ROOM = 96 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with each picture.

    Attributes:
        kinds: all hashes that are wanted.
        recipe: with its version.
        limits: what a source may cost.
        names: the columns of a row.
        job: the core's part; `None` if it has none in this recipe.
        rest: kinds that the core does not compute.
        own: kinds that it computes, by their texts, each with its number of bits.
        digest: whether the content's digest is wanted too.
    """

    kinds: tuple[Kind, ...]
    recipe: str
    limits: Limits
    names: tuple[str, ...]
    job: Job | None
    rest: tuple[Kind, ...]
    own: dict[str, tuple[Kind, int | None]]
    digest: bool = False


def plan_of(kinds: Sequence[Kind], recipe: str, limits: Limits, digest: bool = False) -> Plan:
    """Decide what the core does."""
    kinds = tuple(kinds)
    names = tuple(row_names(kinds, digest))
    own = [kind for kind in kinds if not _needs_colored_segments(kind)]
    if not recipe.startswith("standard") or not own:
        return Plan(kinds, recipe, limits, names, None, kinds, {}, digest)
    rest = tuple(kind for kind in kinds if _needs_colored_segments(kind))
    job = Job([_spec(kind) for kind in own], max(0, limits.pixels), max(0, limits.bytes), _gate(), digest)
    texts = {str(kind): (kind, kind.bits) for kind in own}
    return Plan(kinds, recipe, limits, names, job, rest, texts, digest)


def is_elsewhere(failed: Failed) -> bool:
    """Whether it is no error, but a picture for Pillow."""
    return failed[0] == "unsupported"


def exception_of(failed: Failed) -> Exception:
    """The core's word for what went wrong, as an exception of ours."""
    sort, number, text = failed
    if sort == "corrupt":
        return NoImageError(text)
    if sort == "limit":
        return LimitError(text)
    if sort != "io":
        return ValueError(text) if sort == "argument" else RuntimeError(text)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return NoFileError("no such file")
    return OSError(text) if number is None else OSError(number, os.strerror(number))


def print_of(plan: Plan, image: str, source: bytes | FileName) -> Fingerprint | None:
    """Fingerprint one file on this thread, with the kinds that the core computes.

    Returns:
        The fingerprint, or `None` if the file is for Pillow.

    Raises:
        SourceError, OSError: if it cannot be read.
    """
    if plan.job is None:
        return None
    found, failed, digest = plan.job.run(source)
    if found is not None:
        return fingerprint_of(plan, image, found, digest)
    assert failed is not None
    if is_elsewhere(failed):
        return None
    raise exception_of(failed)


def fingerprint_of(plan: Plan, image: str, found: Found, digest: str | None) -> Fingerprint:
    """What the core found, as hashes."""
    texts, width, height, form, warning = found
    pairs = zip(plan.own.items(), texts, strict=True)
    hashes = {name: _hash_of(text, kind, bits, plan.recipe) for (name, (kind, bits)), text in pairs}
    return Fingerprint(image, hashes, width, height, form, plan.recipe, warning, digest)


def _hash_of(text: str, kind: Kind, bits: int | None, recipe: str) -> Hash | MultiHash:
    if bits is None:
        return parse_hash(text, kind, recipe)
    return Hash.trusted(int(text, 16), bits, kind, recipe)


def _needs_colored_segments(kind: Kind) -> bool:
    return kind.inner is not None and kind.inner.name == "colorhash"


def _spec(kind: Kind) -> tuple[str, int, str, bool]:
    one = kind.inner or kind
    return one.name, one.size, one.variant, kind.inner is not None


@cache
def _gate() -> Gate:
    """One for the whole process, for its memory is one."""
    if hasattr(os, "register_at_fork"):
        # A forked child has none of the threads that hold room in it, or its lock.
        os.register_at_fork(after_in_child=_gate.cache_clear)
    return Gate(_ROOM, _ROOM)
