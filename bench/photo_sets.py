"""The files that the races run on: real photographs, chosen by what their headers say."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from .pictures import PHOTOS, SMALL_FOLDER, demo_photos, spread

__all__ = ["PhotoSet", "is_upright", "open_sets"]

WEBP_QUALITY = 80


@dataclass(frozen=True)
class PhotoSet:
    """Files of one sort.

    Attributes:
        name: for the table.
        paths: the files.
        large: whether one takes ImageHash about a second, so that few runs must do.
    """

    name: str
    paths: list[Path]
    large: bool

    def first(self, count: int) -> PhotoSet:
        """The same with fewer files, spread over all."""
        return PhotoSet(self.name, spread(self.paths, min(count, len(self.paths))), self.large)


@contextmanager
def open_sets(quick: bool) -> Generator[dict[str, PhotoSet]]:
    """The sets by short names; those that have to be made lie in a folder that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="lookalike-bench-") as folder:
        found = _real(Path(folder)) if PHOTOS.is_dir() else _made(Path(folder))
        yield {key: photos.first(_QUICK[key]) if quick else photos for key, photos in found.items()}


_QUICK = {"large": 2, "small": 10, "progressive": 2, "png": 3, "webp": 4}


def _real(folder: Path) -> dict[str, PhotoSet]:
    large = spread(_jpegs((PHOTOS / "large-baseline").iterdir(), 9.7, 16, False), 6)
    small = spread(_jpegs(SMALL_FOLDER.iterdir(), 0.15, 0.3, False), 300)
    progressive = _jpegs((PHOTOS / "large-progressive").iterdir(), 2, 25, True)
    png = sorted((PHOTOS / "png").iterdir())
    webp = _as_webp(spread(_jpegs((PHOTOS / "everyday").iterdir(), 0.1, 2, False), 16), folder)
    return _named(large, small, progressive, png, webp)


def _made(folder: Path) -> dict[str, PhotoSet]:
    """Of the demo's photographs, where there are no others."""
    originals = spread([path for path in demo_photos() if path.suffix == ".png"], 4)
    return _named(
        [_saved(path, folder / f"large-{path.stem}.jpg", (4000, 3000)) for path in originals],
        [_saved(path, folder / f"small-{path.stem}.jpg", (500, 400)) for path in originals],
        [_saved(path, folder / f"progressive-{path.stem}.jpg", (4000, 3000), progressive=True) for path in originals],
        originals,
        _as_webp(originals, folder),
    )


def _named(
    large: list[Path], small: list[Path], progressive: list[Path], png: list[Path], webp: list[Path]
) -> dict[str, PhotoSet]:
    return {
        "large": PhotoSet("12-megapixel baseline JPEG", large, True),
        "small": PhotoSet("0.2-megapixel baseline JPEG", small, False),
        "progressive": PhotoSet("progressive JPEG of 2 MP and more", progressive, True),
        "png": PhotoSet(f"PNG, {_megapixels(png)} MP", png, False),
        "webp": PhotoSet(f"WebP (quality {WEBP_QUALITY}, made of JPEG), {_megapixels(webp)} MP", webp, False),
    }


def _jpegs(paths: Iterable[Path], low: float, high: float, progressive: bool) -> list[Path]:
    """Upright JPEG files of so many megapixels."""
    found = []
    for path in sorted(paths):
        with Image.open(path) as image:
            fits = low <= image.width * image.height / 1e6 <= high
            if image.format == "JPEG" and fits and bool(image.info.get("progressive")) == progressive:
                found.append((path, is_upright(image)))
    return [path for path, upright in found if upright]


def is_upright(image: Image.Image) -> bool:
    """Whether recipe `standard` looks at the same picture as ImageHash: not turned, not laid on white."""
    return bool(image.getexif().get(0x0112, 1) == 1 and not image.has_transparency_data)


def _as_webp(paths: list[Path], folder: Path) -> list[Path]:
    """Real photographs in WebP are few: so they are made."""
    made = []
    for path in paths:
        made.append(folder / f"{path.stem}.webp")
        with Image.open(path) as image:
            image.convert("RGB").save(made[-1], quality=WEBP_QUALITY)
    return made


def _saved(path: Path, target: Path, size: tuple[int, int], progressive: bool = False) -> Path:
    with Image.open(path) as image:
        picture = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    picture.save(target, quality=90, progressive=progressive)
    return target


def _megapixels(paths: list[Path]) -> str:
    sizes = []
    for path in paths:
        with Image.open(path) as image:
            sizes.append(image.width * image.height / 1e6)
    return f"{min(sizes):.1f} to {max(sizes):.1f}"
