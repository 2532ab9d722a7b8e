"""Sources to fingerprints: one, a stream of rows, or a table."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .errors import NoImageError, SourceError
from .hashes import Hash, MultiHash
from .kinds import ARTICLE_KINDS, Kind
from .memory import return_large_blocks
from .options import DEFAULT_LIMITS, Limits, recipe_name
from .sources import Item, expand, open_picture
from .sources.items import count, settle, why_unsupported
from .workers import Gate, ordered_map

if TYPE_CHECKING:
    from PIL import Image

    from ._core import Planes

__all__ = ["Fingerprint", "compute", "fingerprint", "fingerprint_many", "fingerprint_rows", "row_names"]

Row = dict[str, Any]
Progress = bool | Callable[[int, str], object]

# As many pixels (weighted, see `sources.pillow.weight`) as may be decoded at one time, at 5 bytes each: two
# pictures of 12 megapixels, or one of 24. One gate for the whole process, for its memory is one.
_gate = Gate(25_000_000)

# How crop_resistant looks for segments: the defaults of ImageHash.
_SEGMENT_THRESHOLD = 128.0
_SEGMENT_MIN_SIZE = 500.0
_SEGMENT_IMAGE_SIZE = 300


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hashes of one picture under one recipe.

    Attributes:
        image: the picture's id.
        hashes: the hash of each kind, by the kind's text.
        width: in pixels (as shown, under `standard`: after EXIF orientation).
        height: likewise.
        format: of the file, such as `"JPEG"`; `None` for arrays.
        recipe: with its version, such as `"standard/1"`.
    """

    image: str
    hashes: Mapping[str, Hash | MultiHash]
    width: int
    height: int
    format: str | None
    recipe: str

    def __getitem__(self, kind: str | Kind) -> Hash | MultiHash:
        text = str(Kind.parse(kind))
        if text not in self.hashes:
            raise KeyError(f"expected one of the kinds in this fingerprint, {', '.join(self.hashes)}; got {text!r}")
        return self.hashes[text]

    def as_row(self) -> Row:
        """The fingerprint as a row of `fingerprint_many`'s table."""
        hashes = {kind: value.hex for kind, value in self.hashes.items()}
        return _row(self.image, hashes, (self.width, self.height, self.format), self.recipe, None)


def compute(image: Image.Image, kinds: Sequence[Kind], recipe: str) -> dict[str, Hash | MultiHash]:
    """Hash one picture that is decoded already.

    Args:
        image: normalised under the recipe.
        kinds: which hashes.
        recipe: the recipe that normalised it, with or without its version.

    Raises:
        NoImageError: if it has no pixels, or a mode that Pillow cannot convert to grey (`LAB` and `La`).
    """
    from .sources.pixels import planes

    try:
        pixels = planes(image, any(kind.name == "colorhash" for kind in kinds))
    except ValueError as error:
        shape = f"{image.width} x {image.height} and mode {image.mode}"
        raise NoImageError(f"no hash of a picture of {shape}: {error}") from error
    return {
        str(kind): _hash(pixels, kind, recipe) if kind.inner is None else _segments(image, pixels, kind.inner, recipe)
        for kind in kinds
    }


def fingerprint(
    source: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    limits: Limits = DEFAULT_LIMITS,
) -> Fingerprint:
    """Fingerprint one picture.

    Args:
        source: a path, http(s) address, bytes, file object, PIL image or array (`(H, W)` or `(H, W, C)`).
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        limits: what the source may cost.

    Raises:
        SourceError: if it cannot be read as a picture; its subclasses tell the cases apart.
        OSError: if the system refuses to read it.
        ValueError: for an unknown kind or recipe, or a source that means several pictures.
        TypeError: for a source of a type that is not supported.
    """
    parsed, name = _kinds(kinds), recipe_name(recipe)
    item = _single(source)
    try:
        with _gate.visit() as reserve:
            return _print_of(item, parsed, name, limits, reserve)
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
) -> Generator[Row, None, None]:
    """Fingerprint many pictures as a stream: one row for each, in input order, errors included.

    Arguments are checked at once; sources are read as rows are asked for, at most two for each worker
    ahead. Closing the iterator stops the work.

    Args:
        sources: as for `fingerprint_many`.
        kinds: one hash kind or several.
        recipe: `"standard"` or `"imagehash"`.
        workers: how many threads; by default, one for each CPU that this process may use.
        limits: what one source may cost.

    Returns:
        Rows with the keys of `row_names(kinds)`; missing values are `None`.

    Raises:
        ValueError, TypeError: for arguments that are out of range.
    """
    parsed, name, threads = _kinds(kinds), recipe_name(recipe), _worker_count(workers)
    return _rows(expand(sources), parsed, name, threads, limits)


def fingerprint_many(
    sources: object,
    *,
    kinds: str | Kind | Iterable[str | Kind] = ARTICLE_KINDS,
    recipe: str = "standard",
    workers: int | None = None,
    to: Literal["pandas", "polars", "arrow"] = "pandas",
    progress: Progress = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Any:
    """Fingerprint many pictures into a table, one row for each, in input order.

    The columns are `image` (its id), one for each kind (hex text), `width`, `height`, `format`,
    `recipe` and `error`: a picture that cannot be read is a row with an error and no hashes.

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

    Raises:
        SourceError, OSError, TypeError: if `sources` is a single thing with no picture in it.
        ValueError, TypeError: for arguments that are out of range.
        MissingExtraError: if the package for `to` is not installed.
    """
    from .frames import check_backend, to_frame

    check_backend(to)
    parsed, name, threads = _kinds(kinds), recipe_name(recipe), _worker_count(workers)
    rows = _rows(_checked(sources), parsed, name, threads, limits)
    return to_frame(_watched(rows, sources, progress), row_names(parsed), to)


def row_names(kinds: str | Kind | Iterable[str | Kind]) -> list[str]:
    """The columns of a table of fingerprints with these kinds."""
    return ["image", *map(str, _kinds(kinds)), "width", "height", "format", "recipe", "error"]


def error_text(error: Exception) -> str:
    """An exception as the text of a row's `error`."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _print_of(
    item: Item, kinds: Sequence[Kind], recipe: str, limits: Limits, reserve: Callable[[int], None]
) -> Fingerprint:
    picture = open_picture(item, recipe, limits, reserve)
    hashes = compute(picture.image, kinds, recipe)
    return Fingerprint(item.image, hashes, picture.width, picture.height, picture.format, recipe)


def _row_of(item: Item, kinds: Sequence[Kind], recipe: str, limits: Limits) -> Row:
    with _gate.visit() as reserve:
        # In a function of its own, so that the pixels are free before the gate lets the next ones in.
        return _row_within(item, kinds, recipe, limits, reserve)


def _row_within(item: Item, kinds: Sequence[Kind], recipe: str, limits: Limits, reserve: Callable[[int], None]) -> Row:
    nothing: dict[str, str | None] = dict.fromkeys(map(str, kinds))
    try:
        return _print_of(item, kinds, recipe, limits, reserve).as_row()
    except Exception as error:
        return _row(item.image, nothing, (None, None, None), recipe, error_text(error))


def _row(
    image: str,
    hashes: Mapping[str, str | None],
    shape: tuple[int | None, int | None, str | None],
    recipe: str,
    error: str | None,
) -> Row:
    measures = dict(zip(("width", "height", "format"), shape, strict=True))
    return {"image": image, **hashes, **measures, "recipe": recipe, "error": error}


def _hash(pixels: Planes, kind: Kind, recipe: str) -> Hash:
    code, bits = _CODES[kind.name](pixels, kind)
    return Hash.from_bytes(code, bits, kind, recipe)


def _square(code: bytes, kind: Kind) -> tuple[bytes, int]:
    return code, kind.size * kind.size


def _phash_simple(pixels: Planes, kind: Kind) -> tuple[bytes, int]:
    code, row = pixels.phash_simple(kind.size, _HIGHFREQ)
    return code, kind.size * row


def _whash(pixels: Planes, kind: Kind) -> tuple[bytes, int]:
    code, side = pixels.whash(kind.size, None, kind.variant.startswith("db4"), "keep_ll" not in kind.variant)
    return code, side * side


_HIGHFREQ = 4
_CODES: dict[str, Callable[[Planes, Kind], tuple[bytes, int]]] = {
    "ahash": lambda pixels, kind: _square(pixels.ahash(kind.size, kind.variant == "median"), kind),
    "phash": lambda pixels, kind: _square(pixels.phash(kind.size, _HIGHFREQ), kind),
    "phash_simple": _phash_simple,
    "dhash": lambda pixels, kind: _square(pixels.dhash(kind.size), kind),
    "dhash_vertical": lambda pixels, kind: _square(pixels.dhash_vertical(kind.size), kind),
    "whash": _whash,
    "colorhash": lambda pixels, kind: (pixels.colorhash(kind.size), 14 * kind.size),
}


def _segments(image: Image.Image, pixels: Planes, inner: Kind, recipe: str) -> MultiHash:
    boxes = pixels.segments(None, _SEGMENT_THRESHOLD, _SEGMENT_MIN_SIZE, _SEGMENT_IMAGE_SIZE)
    return MultiHash(tuple(_hash(_segment(image, pixels, box, inner), inner, recipe) for box in boxes))


def _segment(image: Image.Image, pixels: Planes, box: tuple[int, int, int, int], inner: Kind) -> Planes:
    from PIL import Image as pil

    from .sources.pixels import planes

    left, upper, right, lower = box
    if left >= right or upper >= lower:
        # In a picture of a few pixels a segment can have none: ImageHash takes black in its place.
        return planes(pil.new("RGB", (1, 1)), True)
    return planes(image.crop(box), True) if inner.name == "colorhash" else pixels.crop(*box)


def _kinds(kinds: str | Kind | Iterable[str | Kind]) -> list[Kind]:
    """Parse and check the kinds, each once, in order."""
    given = [kinds] if isinstance(kinds, str | Kind) else list(kinds)
    parsed = list(dict.fromkeys(Kind.parse(kind) for kind in given))
    if not parsed:
        raise ValueError(f"expected at least one hash kind, such as {', '.join(ARTICLE_KINDS)}; got none")
    return parsed


def _worker_count(workers: int | None) -> int:
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise TypeError(f"expected a whole number of workers, got {type(workers).__name__}")
    if workers < 1:
        raise ValueError(f"expected at least 1 worker, got {workers}")
    return workers


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


def _rows(
    items: Iterator[Item], kinds: Sequence[Kind], recipe: str, workers: int, limits: Limits
) -> Generator[Row, None, None]:
    return_large_blocks()
    settled = (settle(item, limits.bytes) for item in items)
    return ordered_map(lambda item: _row_of(item, kinds, recipe, limits), settled, workers)


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
