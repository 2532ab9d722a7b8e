"""Searching for copies, with the second look, among a million pictures.

There are not so many photographs at hand, so pictures are made of those there are: two of them, cropped and mirrored at
random, laid over each other. Their codes and looks are as skewed as those of photographs: the pictures are of garments,
groceries and whatever else. Among them are the photographs themselves, and edited copies of these are searched for.
"""

from __future__ import annotations

import gc
import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lookalike import Library, fingerprint
from lookalike.fingerprints import turned_fingerprints
from lookalike.looks import LOOK_BYTES, Look

from .harness import Line, main, milliseconds
from .pictures import PHOTOS, SMALL_FOLDER, spread

SECONDS = 5e-3
"""Of one search, at most, on one core: by the processor's clock, for there is but one thread."""
BYTES = 1.5 * 1024
"""An image, beside its codes, at most."""
PART = 10_000
QUERIES = 60
KINDS = ("phash", "dhash")
_GREY = 146
_SIDE = 32


def run(quick: bool) -> list[Line]:
    """Fill a library, weigh it, and search it."""
    if not SMALL_FOLDER.is_dir():
        return [Line("search for copies", "", "not measured: needs the shared photographs", None)]
    photos = spread(sorted(PHOTOS.glob("*/*.jpg")), 600)
    count = 50_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "library")
        library.add(photos)
        start = time.perf_counter()
        for part in made(photos, count - len(photos)):
            library.add_fingerprints(part)
        library.compact()
        filled = f"made in {time.perf_counter() - start:.0f} s"
        return [_weigh(library), *_search(library, photos, filled)]


def made(photos: list[Path], count: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of made-up pictures, some at a time."""
    sources = np.stack([_plane(path) for path in photos])
    rng = np.random.default_rng(5)
    for start in range(0, count, PART):
        number = min(PART, count - start)
        planes = _blended(sources, number, rng)
        yield [_row(start + n, plane) for n, plane in enumerate(planes)]


def _plane(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("L").resize((64, 64), Image.Resampling.BOX))


def _blended(sources: NDArray[np.uint8], number: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Two pictures over each other, each cropped and mirrored: `(number, 32, 32)`."""
    first, second = (_cropped(sources[rng.integers(0, len(sources), number)], rng) for _ in range(2))
    share = rng.uniform(0.35, 0.5, (number, 1, 1))
    return np.asarray((first * (1 - share) + second * share).round(), np.uint8)


def _cropped(planes: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float64]:
    lines = []
    for _ in range(2):
        size = rng.uniform(0.3, 0.6, (len(planes), 1))
        before = rng.uniform(0, 1, (len(planes), 1)) * (1 - size)
        line = (before + size * (np.arange(_SIDE) + 0.5) / _SIDE) * planes.shape[1]
        lines.append(np.where(rng.random((len(planes), 1)) < 0.5, line, line[:, ::-1]).astype(np.intp))
    chosen = planes[np.arange(len(planes))[:, None, None], lines[0][:, :, None], lines[1][:, None, :]]
    return np.asarray(chosen, float)


def _row(number: int, plane: NDArray[np.uint8]) -> dict[str, Any]:
    head = bytes([1, 80]) + bytes([0, 0, 0, 0, 255, 255, 255, 255]) + (640).to_bytes(4, "little") * 2
    look = Look(head + bytes([128]) * (_GREY - len(head)) + plane.tobytes())
    small = np.asarray(Image.fromarray(plane).resize((9, 8), Image.Resampling.LANCZOS)).astype(int)
    dhash = np.packbits(small[:, 1:] > small[:, :-1]).tobytes().hex()
    return {"image": f"made {number}", "phash": look.inner_code().hex(), "dhash": dhash, "look": look.data}


def _weigh(library: Library) -> Line:
    stats = library.stats()
    bare = _bare_bytes(library)
    beside = (stats["bytes_of_catalog"] + stats["bytes_of_index"] - bare) / stats["images"]
    name = f"{stats['images']:,} images on disk, beside their codes and names"
    figures = f"{beside:,.0f} bytes an image, of which {LOOK_BYTES} are the look"
    return Line(name, f"at most {BYTES:,.0f} bytes", figures, beside <= BYTES)


def _bare_bytes(library: Library) -> float:
    """What the same library takes without looks: measured on a part of it."""
    rows = [row for _, row in zip(range(20_000), library.rows(), strict=False)]
    with tempfile.TemporaryDirectory() as folder:
        bare = Library(Path(folder) / "bare")
        bare.add_fingerprints([{name: row[name] for name in ("image", *KINDS)} for row in rows])
        bare.compact()
        stats = bare.stats()
        return float(stats["bytes_of_catalog"] + stats["bytes_of_index"]) / len(rows) * len(library)


def _search(library: Library, photos: list[Path], filled: str) -> list[Line]:
    """Edited copies of photographs, from ready fingerprints, so that no decoding is timed; then with it."""
    # A picture without detail is found by its bytes alone.
    chosen = [path for path in spread(photos, QUERIES) if not _is_poor(path)]
    copies = [_copy(path) for path in chosen]
    prints = [turned_fingerprints(copy, kinds=KINDS, digest=True, look=True) for copy in copies]
    opened, way = library._opened, library._way("normal", None, None, None, None, False, False)
    from lookalike.library.queries import _of_turned

    queries = [_of_turned(one, KINDS) for one in prints]
    for query in queries[:5]:
        library._find([query], way)
    gc.disable()
    seconds, found = [], 0
    for path, query in zip(chosen, queries, strict=True):
        start = time.process_time()
        [matches], _ = library._find([query], way)
        seconds.append(time.process_time() - start)
        found += str(path) in {match["image"] for match in matches}
    start = time.process_time()
    whole = [library.search(copy) for copy in copies[:20]]
    each = (time.process_time() - start) / len(whole)
    gc.enable()
    assert opened.catalog.last() >= len(library)
    mean, worst = float(np.mean(seconds)), float(np.max(seconds))
    name = f"confirmed search among {len(library):,} images"
    figures = f"{milliseconds(mean)} a query on average, {milliseconds(worst)} at most; {filled}"
    return [
        Line(name, f"at most {milliseconds(SECONDS)}", figures, mean <= SECONDS),
        Line(f"{name}: copies found", f"all {len(chosen)}", f"{found}", found == len(chosen)),
        Line(f"{name}, with decoding and a pandas frame", "", f"{milliseconds(each)} a query", None),
    ]


def _is_poor(path: Path) -> bool:
    look = fingerprint(path, kinds="phash", look=True).look
    return look is None or look.is_poor


def _copy(path: Path) -> bytes:
    """The photo smaller, a little cropped, mirrored, and compressed again."""
    with Image.open(path) as image:
        picture = ImageOps.exif_transpose(image).convert("RGB")
    width, height = picture.size
    picture = ImageOps.mirror(picture.crop((width // 50, height // 60, width, height - height // 40)))
    file = io.BytesIO()
    picture.resize((max(1, width * 2 // 3), max(1, height * 2 // 3))).save(file, "JPEG", quality=60)
    return file.getvalue()


if __name__ == "__main__":
    main(run)
