"""The fingerprint of a decoded picture, as a value and as a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import NoImageError
from .hashes import Hash, MultiHash
from .kinds import ARTICLE_KINDS, Kind

if TYPE_CHECKING:
    from PIL import Image

    from ._core import Planes

__all__ = ["Fingerprint", "Row", "compute", "error_row", "error_text", "parse_kinds", "row_names"]

Row = dict[str, Any]

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
        recipe: with its version, such as `"standard/2"`.
        warning: what is wrong with the file though it has hashes, such as that it breaks off; or `None`.
        digest: of the content, if it was asked for: BLAKE3 of the file's bytes in hex, or `"pixels:"` and that
            of the pixels of an image or array.
    """

    image: str
    hashes: Mapping[str, Hash | MultiHash]
    width: int
    height: int
    format: str | None
    recipe: str
    warning: str | None = None
    digest: str | None = None

    def __getitem__(self, kind: str | Kind) -> Hash | MultiHash:
        text = str(Kind.parse(kind))
        if text not in self.hashes:
            raise KeyError(f"expected one of the kinds in this fingerprint, {', '.join(self.hashes)}; got {text!r}")
        return self.hashes[text]

    def as_row(self) -> Row:
        """The fingerprint as a row of `fingerprint_many`'s table; with a digest if there is one."""
        row: Row = {"image": self.image}
        row.update((kind, value.hex) for kind, value in self.hashes.items())
        row.update(width=self.width, height=self.height, format=self.format, recipe=self.recipe)
        if self.digest is not None:
            row["digest"] = self.digest
        row.update(warning=self.warning, error=None)
        return row


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


def parse_kinds(kinds: str | Kind | Iterable[str | Kind]) -> list[Kind]:
    """Parse and check the kinds, each once, in order."""
    given = [kinds] if isinstance(kinds, str | Kind) else list(kinds)
    parsed = list(dict.fromkeys(Kind.parse(kind) for kind in given))
    if not parsed:
        raise ValueError(f"expected at least one hash kind, such as {', '.join(ARTICLE_KINDS)}; got none")
    return parsed


def row_names(kinds: str | Kind | Iterable[str | Kind], digest: bool = False) -> list[str]:
    """The columns of a table of fingerprints with these kinds, with the content's digest or without."""
    about = ["width", "height", "format", "recipe", *(["digest"] if digest else [])]
    return ["image", *map(str, parse_kinds(kinds)), *about, "warning", "error"]


def error_row(names: Sequence[str], image: str, recipe: str, error: Exception, digest: str | None = None) -> Row:
    """The row of a picture that cannot be read, with the digest of its bytes if they could."""
    row = dict.fromkeys(names) | {"image": image, "recipe": recipe, "error": error_text(error)}
    if digest is not None:
        row["digest"] = digest
    return row


def error_text(error: Exception) -> str:
    """An exception as the text of a row's `error`."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


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
