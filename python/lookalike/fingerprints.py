"""Sources to fingerprints: one, a stream of rows, or a table."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

from . import batch
from .direct import Plan, plan_of
from .errors import SourceError
from .kinds import ARTICLE_KINDS, Kind
from .memory import return_large_blocks
from .options import DEFAULT_LIMITS, Limits, recipe_name
from .prints import Fingerprint, Row, compute, error_text, parse_kinds, row_names
from .single import fingerprint_item
from .sources import Item, expand
from .sources.items import count, why_unsupported

__all__ = [
    "Fingerprint",
    "compute",
    "error_text",
    "fingerprint",
    "fingerprint_many",
    "fingerprint_rows",
    "row_names",
    "worker_count",
]

Progress = bool | Callable[[int, str], object]


def fingerprint(
    source: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
) -> Fingerprint:
    """Fingerprint one picture.

    Args:
        source: a path, http(s) address, bytes, file object, PIL image or array (`(H, W)` or `(H, W, C)`).
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        limits: what the source may cost.
        digest: whether to give the content's digest: BLAKE3 of the file's bytes in hex, or `"pixels:"` and that
            of the pixels of an image or array.

    Raises:
        SourceError: if it cannot be read as a picture; its subclasses tell the cases apart.
        OSError: if the system refuses to read it.
        ValueError: for an unknown kind or recipe, or a source that means several pictures.
        TypeError: for a source of a type that is not supported.
    """
    plan = _plan(kinds, recipe, limits, digest)
    item = _single(source)
    try:
        return fingerprint_item(item, plan)
    except SourceError as error:
        if item.error is not None:
            raise
        raise type(error)(f"{item.image}: {error}") from error


def fingerprint_rows(
    sources: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    digest: bool = False,
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

    Returns:
        Rows with the keys of `row_names(kinds, digest)`; missing values are `None`.

    Raises:
        ValueError, TypeError: for arguments that are out of range.
    """
    plan, threads = _plan(kinds, recipe, limits, digest), worker_count(workers)
    return_large_blocks()
    return batch.rows(expand(sources), plan, threads)


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

    Raises:
        SourceError, OSError, TypeError: if `sources` is a single thing with no picture in it.
        ValueError, TypeError: for arguments that are out of range.
        MissingExtraError: if the package for `to` is not installed.
    """
    from .frames import check_backend, to_frame

    check_backend(to)
    plan, threads = _plan(kinds, recipe, limits, digest), worker_count(workers)
    return_large_blocks()
    rows = batch.rows(_checked(sources), plan, threads)
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


def _plan(kinds: str | Kind | Iterable[str | Kind], recipe: str, limits: Limits, digest: bool) -> Plan:
    if isinstance(kinds, tuple) and all(isinstance(kind, str) for kind in kinds):
        return _kept_plan(kinds, recipe, limits, digest)
    return plan_of(parse_kinds(kinds), recipe_name(recipe), limits, digest)


# To make a plan takes a tenth of the time of a small photo.
@lru_cache(maxsize=16)
def _kept_plan(kinds: tuple[str, ...], recipe: str, limits: Limits, digest: bool) -> Plan:
    return plan_of(parse_kinds(kinds), recipe_name(recipe), limits, digest)


if hasattr(os, "register_at_fork"):
    # Plans hold the gate, which may be held by a thread that the child has not.
    os.register_at_fork(after_in_child=_kept_plan.cache_clear)


def _single(source: object) -> Item:
    """The one item that a source means, or an error if it means none or several."""
    items = expand(source)
    first = next(items, None)
    if first is None:
        raise ValueError("expected one source, got an empty list")
    if next(items, None) is not None:
        raise ValueError(f"expected one source, got several ({first.image!r}, ...): use fingerprint_many")
    if first.error is not None:
        raise first.error
    return first


def _checked(sources: object) -> Iterator[Item]:
    """The items of sources; an error if the sources are a single thing with nothing in it."""
    items = expand(sources)
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
