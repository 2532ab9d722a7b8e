"""Sources to fingerprints: one, a stream of rows, or a table."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from . import batch
from .direct import Plan, plan_of
from .errors import SourceError, visible
from .hashes import Hash
from .kinds import ARTICLE_KINDS, Kind
from .memory import return_large_blocks
from .options import DEFAULT_LIMITS, Limits, recipe_name
from .prints import Fingerprint, Row, compute, error_text, parse_kinds, row_names
from .single import fingerprint_item, turned_item
from .sources import Item, expand
from .sources.elsewhere import held
from .sources.items import count, settle, why_unsupported
from .workers import ordered_map

__all__ = [
    "Fingerprint",
    "Turned",
    "compute",
    "error_text",
    "fingerprint",
    "fingerprint_many",
    "fingerprint_rows",
    "pdq",
    "row_names",
    "turned_fingerprints",
    "turned_many",
    "turned_prints",
    "worker_count",
]

Answer = TypeVar("Answer")
Progress = bool | Callable[[int, str], object]


@dataclass(frozen=True, slots=True)
class Turned:
    """One picture of `turned_many`.

    Attributes:
        image: the picture's id.
        prints: by orientation from 1; none if it cannot be read.
        error: why not; else `None`.
    """

    image: str
    prints: list[Fingerprint]
    error: str | None = None


def fingerprint(
    source: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
    look: bool = False,
    keypoints: bool = False,
    isolate: bool = False,
) -> Fingerprint:
    """Fingerprint one picture.

    Args:
        source: a path, http(s) address, bytes, file object, PIL image or array (`(H, W)` or `(H, W, C)`).
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        limits: what the source may cost.
        digest: whether to give the content's digest: BLAKE3 of the file's bytes in hex, or `"pixels:"` and that
            of the pixels of an image or array.
        look: whether to give what is kept for a second look, with the picture's quality.
        keypoints: whether to give the keypoints, by which parts of the picture are found (extra `parts`).
        isolate: whether C libraries decode it in a process of its own: see `Limits`, which can say so too.

    Raises:
        SourceError: if it cannot be read as a picture; its subclasses tell the cases apart.
        MissingExtraError: if keypoints are asked for and OpenCV is not installed.
        OSError: if the system refuses to read it.
        ValueError: for an unknown kind or recipe, or a source that means several pictures.
        TypeError: for a source of a type that is not supported.
    """
    plan = _plan(kinds, recipe, limits.isolated(isolate), digest, look, keypoints)
    return _of_single(source, plan, fingerprint_item)


def turned_fingerprints(
    source: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
    look: bool = False,
    keypoints: bool = False,
    isolate: bool = False,
) -> list[Fingerprint]:
    """Fingerprint one picture as it is turned and mirrored in all eight ways, from one decoding.

    Where all pixels are read (of all but JPEG files) the hashes are those of the turned pixels to the bit; else they
    are those of the file with that orientation in its EXIF data.

    Args:
        source: as for `fingerprint`, and so are all others.
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        limits: what the source may cost.
        digest: whether to give the content's digest, the same in all eight.
        look: whether to give looks, turned too.
        keypoints: whether to give the keypoints of a picture that is looked for, more than `fingerprint` gives: the
            first has those of the picture as it is, the second those of it mirrored. The others have none, for
            keypoints turn with the picture.
        isolate: as for `fingerprint`.

    Returns:
        Eight, by orientation from 1, which is the picture as it is: see `turns.NAMES`.

    Raises:
        SourceError, OSError, ValueError, TypeError: as `fingerprint`.
    """
    return _of_single(source, _plan(kinds, recipe, limits.isolated(isolate), digest, look, keypoints), turned_item)


def turned_many(
    sources: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
    look: bool = False,
    keypoints: bool = False,
    isolate: bool = False,
) -> Generator[Turned, None, None]:
    """`turned_fingerprints` of many pictures as a stream, in input order, errors included.

    Args:
        sources: as for `fingerprint_many`.
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        workers: how many threads; by default, one for each CPU that this process may use.
        limits: what one source may cost.
        digest: whether to give the contents' digests.
        look: whether to give looks.
        keypoints: whether to give keypoints.
        isolate: as for `fingerprint`.

    Raises:
        ValueError, TypeError: for arguments that are out of range.
    """
    plan, threads = _plan(kinds, recipe, limits.isolated(isolate), digest, look, keypoints), worker_count(workers)
    return turned_prints(expand(sources, plan.limits), plan, threads)


def turned_prints(items: Iterable[Item], plan: Plan, workers: int) -> Generator[Turned, None, None]:
    """`turned_many` of items, by a plan."""

    def work(item: Item) -> Turned:
        try:
            return Turned(item.image, turned_item(item, plan))
        except Exception as error:
            return Turned(item.image, [], error_text(error))

    with held(plan.limits):
        # Settled on this thread: an iterator may close or overwrite what it has given out.
        yield from ordered_map(work, (settle(item, plan.limits.bytes) for item in items), workers)


def pdq(source: object, *, recipe: str = "standard", limits: Limits = DEFAULT_LIMITS) -> tuple[Hash, int]:
    """Meta's PDQ hash of one picture, and its quality.

    The hash's hex text is in the form of Meta's tools. Of the same pixels (recipe `imagehash`) the reference gives the
    same, but for two bits of 256 in one photo of three hundred.

    Args:
        source: as for `fingerprint`.
        recipe: `"standard"` or `"imagehash"`.
        limits: what the source may cost.

    Returns:
        The hash, and the quality from 0 to 100. Meta's advice: no match by hashes of quality 49 or less, and by
        others within 31 bits.

    Raises:
        SourceError, OSError, ValueError, TypeError: as for `fingerprint`.
    """
    made = fingerprint(source, kinds="pdq", recipe=recipe, limits=limits)
    value = made["pdq"]
    assert isinstance(value, Hash)
    assert made.pdq_quality is not None
    return value, made.pdq_quality


def fingerprint_rows(
    sources: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
    look: bool = False,
    keypoints: bool = False,
    isolate: bool = False,
) -> Generator[Row, None, None]:
    """Fingerprint many pictures as a stream: one row for each, in input order, errors included.

    Arguments are checked at once; sources are read as rows are asked for, at most two for each worker
    ahead (64 paths, for files are read in advance). Closing the iterator stops the work.

    Args:
        sources: as for `fingerprint_many`.
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        workers: how many threads; by default, one for each CPU that this process may use.
        limits: what one source may cost.
        digest: whether to give the content's digest, as `fingerprint` does; also of bytes that are no picture.
        look: whether to give the look, as bytes (see `Look`).
        keypoints: whether to give the keypoints, as bytes (see `Keypoints`).
        isolate: as for `fingerprint`: a file on which a decoder crashes or hangs is then a row with an error.

    Returns:
        Rows with the keys of `row_names(kinds, digest, look)`; missing values are `None`.

    Raises:
        ValueError, TypeError: for arguments that are out of range.
    """
    plan, threads = _plan(kinds, recipe, limits.isolated(isolate), digest, look, keypoints), worker_count(workers)
    return_large_blocks()
    return batch.rows(expand(sources, plan.limits), plan, threads)


def fingerprint_many(
    sources: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    workers: int | None = None,
    to: Literal["pandas", "polars", "arrow"] = "pandas",
    progress: Progress = False,
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
    look: bool = False,
    keypoints: bool = False,
    isolate: bool = False,
) -> Any:
    """Fingerprint many pictures into a table, one row for each, in input order.

    The columns are `image` (its id), one for each kind (hex text), `width`, `height`, `format`,
    `recipe`, `warning` and `error`: a picture that cannot be read is a row with an error and no hashes; a
    file that breaks off has hashes of what is there, and a warning.

    Args:
        sources: a path, folder (searched in depth), pattern or anything that `fingerprint` takes, or an
            iterable or column of these.
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        workers: how many threads; by default, one for each CPU that this process may use.
        to: the kind of table: `"pandas"`, `"polars"` or `"arrow"`.
        progress: `True` for a progress bar, or a function that is called with the number of rows done
            and the id of the last.
        limits: what one source may cost.
        digest: whether to add a column `digest`, before `warning`; see `fingerprint_rows`.
        look: whether to add a column `look`, of bytes, before these; see `fingerprint_rows`.
        keypoints: whether to add a column `keypoints`, of bytes, behind it; see `fingerprint_rows`.
        isolate: as for `fingerprint_rows`.

    Raises:
        SourceError, OSError, TypeError: if `sources` is a single thing with no picture in it.
        ValueError, TypeError: for arguments that are out of range.
        MissingExtraError: if the package for `to`, or for keypoints, is not installed.
    """
    from .frames import check_backend, to_frame

    check_backend(to)
    plan, threads = _plan(kinds, recipe, limits.isolated(isolate), digest, look, keypoints), worker_count(workers)
    return_large_blocks()
    rows = batch.rows(_checked(sources, plan.limits), plan, threads)
    return to_frame(_watched(rows, sources, progress), plan.names, to)


def worker_count(workers: int | None) -> int:
    """How many threads are meant; checked."""
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(f"expected a whole number of workers, got {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"expected at least 1 worker, got {workers}")
    return workers


def _plan(kinds: str | Kind | Iterable[str | Kind], recipe: str, limits: Limits, *extras: bool) -> Plan:
    if isinstance(kinds, tuple) and all(isinstance(kind, str) for kind in kinds):
        return _kept_plan(kinds, recipe, limits, *extras)
    return plan_of(parse_kinds(kinds), recipe_name(recipe), limits, *extras)


# To make a plan takes a tenth of the time of a small photo.
@lru_cache(maxsize=16)
def _kept_plan(kinds: tuple[str, ...], recipe: str, limits: Limits, *extras: bool) -> Plan:
    return plan_of(parse_kinds(kinds), recipe_name(recipe), limits, *extras)


if hasattr(os, "register_at_fork"):
    # Plans hold the gate, which may be held by a thread that the child has not.
    os.register_at_fork(after_in_child=_kept_plan.cache_clear)


def _of_single(source: object, plan: Plan, work: Callable[[Item, Plan], Answer]) -> Answer:
    item = _single(source, plan.limits)
    try:
        return work(item, plan)
    except SourceError as error:
        if item.error is not None:
            raise
        raise type(error)(f"{visible(item.image)}: {error}") from error


def _single(source: object, limits: Limits) -> Item:
    """The one item that a source means, or an error if it means none or several."""
    items = expand(source, limits)
    first = next(items, None)
    if first is None:
        raise ValueError("expected one source, got an empty list")
    if next(items, None) is not None:
        raise ValueError(f"expected one source, got several ({first.image!r}, ...): use fingerprint_many")
    if first.error is not None:
        raise first.error
    return first


def _checked(sources: object, limits: Limits) -> Iterator[Item]:
    """The items of sources; an error if the sources are a single thing with nothing in it."""
    items = expand(sources, limits)
    if not isinstance(sources, str | os.PathLike) and why_unsupported(sources) is None:
        return items
    first = list(itertools.islice(items, 2))
    if len(first) == 1 and first[0].error is not None:
        raise first[0].error
    return itertools.chain(first, items)


def _watched(rows: Iterator[Row], sources: object, progress: Progress) -> Iterator[Row]:
    if callable(progress):
        for done, row in enumerate(rows, 1):
            progress(done, row["image"])
            yield row
    elif progress:
        from tqdm import tqdm

        yield from tqdm(rows, total=count(sources), unit="image")
    else:
        yield from rows
