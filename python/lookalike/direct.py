"""The short road: from the bytes of a file to its hashes, all in the core and without the GIL."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from ._core import Gate, Job
from .errors import LimitError, NoFileError, NoImageError
from .hashes import Hash, MultiHash, parse_hash
from .keypoints import KEYPOINT_SIDE, grey_array, keypoints_of, need_extra, query_keypoints
from .kinds import Kind
from .looks import Look
from .options import Limits
from .prints import Fingerprint, Hashes, row_names
from .sources import FileName
from .turns import is_across

if TYPE_CHECKING:
    from ._core import Grey

__all__ = [
    "Failed",
    "Found",
    "Plan",
    "exception_of",
    "fingerprint_of",
    "is_elsewhere",
    "plan_of",
    "print_of",
    "turned_print",
    "turned_prints_of",
    "with_query_keypoints",
]

Found = tuple[list[str], int, int, str, str | None, bytes | None, int | None, "Grey | None"]
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
        look: whether what is kept for a second look is wanted too.
        keypoints: whether keypoints are wanted too.
    """

    kinds: tuple[Kind, ...]
    recipe: str
    limits: Limits
    names: tuple[str, ...]
    job: Job | None
    rest: tuple[Kind, ...]
    own: dict[str, tuple[Kind, int | None]]
    digest: bool = False
    look: bool = False
    keypoints: bool = False


def plan_of(
    kinds: Sequence[Kind],
    recipe: str,
    limits: Limits,
    digest: bool = False,
    look: bool = False,
    keypoints: bool = False,
) -> Plan:
    """Decide what the core does.

    Raises:
        MissingExtraError: if keypoints are wanted and OpenCV is not installed.
    """
    if keypoints:
        need_extra()
    kinds, extras = tuple(kinds), (digest, look, keypoints)
    names = tuple(row_names(kinds, *extras))
    own = [kind for kind in kinds if not _needs_colored_segments(kind)]
    if not recipe.startswith("standard") or not own:
        return Plan(kinds, recipe, limits, names, None, kinds, {}, *extras)
    rest = tuple(kind for kind in kinds if _needs_colored_segments(kind))
    specs, most = [_spec(kind) for kind in own], (max(0, limits.pixels), max(0, limits.bytes))
    more = max(0, limits.memory), max(0.0, limits.decode_seconds), max(0, limits.scans), max(0, limits.side)
    job = Job(specs, *most, _gate(), digest, look, KEYPOINT_SIDE if keypoints else None, limits=more)
    texts = {str(kind): (kind, kind.bits) for kind in own}
    return Plan(kinds, recipe, limits, names, job, rest, texts, *extras)


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
    """What the core found, as hashes, and the keypoints of the plane that it gives."""
    texts, width, height, form, warning, data, pdq_quality, grey = found
    look = None if data is None else Look.trusted(data)
    keypoints = None if grey is None else keypoints_of(grey_array(grey), (width, height))
    about = (image, _hashes_of(plan, texts), width, height, form, plan.recipe, warning, digest, look)
    return Fingerprint(*about, pdq_quality, keypoints)


def turned_prints_of(plan: Plan, image: str, source: bytes | FileName) -> list[Fingerprint] | None:
    """`print_of` the picture turned by each orientation, 1 to 8, from one decoding; see `turned_fingerprints`.

    Raises:
        SourceError, OSError: if it cannot be read.
    """
    if plan.job is None:
        return None
    found, failed, digest = plan.job.run_turned(source)
    if found is None:
        assert failed is not None
        if is_elsewhere(failed):
            return None
        raise exception_of(failed)
    turns, width, height, form, warning, look, qualities, grey = found
    first = fingerprint_of(plan, image, (turns[0], width, height, form, warning, look, qualities[0], None), digest)
    each = enumerate(zip(turns, qualities, strict=True), 1)
    prints = [turned_print(first, turn, _hashes_of(plan, texts), quality) for turn, (texts, quality) in each]
    return prints if grey is None else with_query_keypoints(prints, grey)


def with_query_keypoints(prints: Sequence[Fingerprint], grey: Grey) -> list[Fingerprint]:
    """The fingerprints of a picture in all turns, the first two with its keypoints, and with those of it mirrored."""
    upright, mirrored, *rest = prints
    one, other = query_keypoints(grey_array(grey), (upright.width, upright.height))
    return [replace(upright, keypoints=one), replace(mirrored, keypoints=other), *rest]


def turned_print(upright: Fingerprint, turn: int, hashes: Hashes, pdq_quality: int | None) -> Fingerprint:
    """The fingerprint of the picture turned, of which the hashes are known."""
    width, height = (upright.height, upright.width) if is_across(turn) else (upright.width, upright.height)
    look = None if upright.look is None else upright.look.turned(turn)
    return replace(upright, hashes=hashes, width=width, height=height, look=look, pdq_quality=pdq_quality)


def _hashes_of(plan: Plan, texts: list[str]) -> Hashes:
    pairs = zip(plan.own.items(), texts, strict=True)
    return {name: _hash_of(text, kind, bits, plan.recipe) for (name, (kind, bits)), text in pairs}


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
