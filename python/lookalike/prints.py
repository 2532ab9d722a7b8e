"""The fingerprint of a decoded picture, as a value and as a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import NoImageError
from .hashes import Hash, MultiHash
from .keypoints import KEYPOINT_SIDE, Keypoints
from .kinds import ARTICLE_KINDS, Kind
from .looks import Look
from .turns import ALL_TURNS

if TYPE_CHECKING:
    from PIL import Image

    from ._core import Grey, Planes

__all__ = [
    "Computed",
    "Fingerprint",
    "Hashes",
    "Kept",
    "Row",
    "compute",
    "compute_all",
    "compute_turned",
    "error_row",
    "error_text",
    "parse_kinds",
    "row_names",
]

Row = dict[str, Any]
Hashes = dict[str, Hash | MultiHash]

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
        look: what is kept for a second look, if it was asked for.
        pdq_quality: of `pdq`, 0 to 100, if it is among the kinds. Meta's advice is not to match by `pdq` below 50: such
            a picture has too little detail to be told from others.
        keypoints: by which parts of it are found, if they were asked for.
    """

    image: str
    hashes: Mapping[str, Hash | MultiHash]
    width: int
    height: int
    format: str | None
    recipe: str
    warning: str | None = None
    digest: str | None = None
    look: Look | None = None
    pdq_quality: int | None = None
    keypoints: Keypoints | None = None

    def __getitem__(self, kind: str | Kind) -> Hash | MultiHash:
        text = str(Kind.parse(kind))
        if text not in self.hashes:
            raise KeyError(f"expected one of the kinds in this fingerprint, {', '.join(self.hashes)}; got {text!r}")
        return self.hashes[text]

    @property
    def quality(self) -> int | None:
        """How much there is to tell the picture from others, 0 to 100; `None` without a look."""
        return None if self.look is None else self.look.quality

    def as_row(self) -> Row:
        """The fingerprint as a row of `fingerprint_many`'s table; with what else there is of it."""
        row: Row = {"image": self.image}
        row.update((kind, value.hex) for kind, value in self.hashes.items())
        row.update(width=self.width, height=self.height, format=self.format, recipe=self.recipe)
        if self.look is not None:
            row["look"] = self.look.data
        if self.keypoints is not None:
            row["keypoints"] = self.keypoints.data
        if self.digest is not None:
            row["digest"] = self.digest
        row.update(warning=self.warning, error=None)
        return row


class Computed(NamedTuple):
    """The hash of each kind, by the kind's text, and the quality of `pdq`, if it is among the kinds."""

    hashes: Hashes
    pdq_quality: int | None


class Kept(NamedTuple):
    """What is kept of a picture beside its hashes, where it was asked for: the look, and the plane for keypoints."""

    look: Look | None
    grey: Grey | None


def compute(image: Image.Image, kinds: Sequence[Kind], recipe: str) -> Hashes:
    """Hash one picture that is decoded already: `compute_all` without the rest."""
    return compute_all(image, kinds, recipe)[0].hashes


def compute_all(
    image: Image.Image, kinds: Sequence[Kind], recipe: str, look: bool = False, keypoints: bool = False
) -> tuple[Computed, Kept]:
    """Hash one picture that is decoded already.

    Args:
        image: normalised under the recipe.
        kinds: which hashes.
        recipe: the recipe that normalised it, with or without its version.
        look: whether what is kept for a second look is wanted too.
        keypoints: whether the plane for keypoints is wanted too.

    Raises:
        NoImageError: if it has no pixels, or a mode that Pillow cannot convert to grey (`LAB` and `La`).
    """
    pixels, bright = _planes(image, kinds, look)
    return _computed(image, pixels, bright, kinds, recipe), _kept(pixels, look, keypoints)


def compute_turned(
    image: Image.Image, kinds: Sequence[Kind], recipe: str, look: bool, keypoints: bool = False
) -> tuple[list[Computed], Kept]:
    """The hashes of a picture turned by each orientation, 1 to 8, and what is kept of it as it is.

    Raises:
        NoImageError: as `compute_all`.
    """
    from .sources.pillow import turned

    pixels, bright = _planes(image, kinds, look)
    # Colours of segments are taken from the image; all else from the planes.
    needs_image = any(kind.inner is not None for kind in kinds)
    turns = [_computed(image, pixels, bright, kinds, recipe)]
    for turn in ALL_TURNS[1:]:
        whole = pixels.turned(turn)
        shown = whole if bright is pixels else bright.turned(turn)
        turns.append(_computed(turned(image, turn) if needs_image else image, whole, shown, kinds, recipe))
    return turns, _kept(pixels, look, keypoints)


def _kept(pixels: Planes, look: bool, keypoints: bool) -> Kept:
    return Kept(Look.trusted(pixels.look()) if look else None, pixels.within(KEYPOINT_SIDE) if keypoints else None)


def _planes(image: Image.Image, kinds: Sequence[Kind], look: bool) -> tuple[Planes, Planes]:
    """What the hashes are made of, and what `pdq` is made of."""
    from .sources.pixels import planes

    names = {name for kind in kinds for name in (kind.name, kind.inner.name if kind.inner else "")}
    try:
        pixels = planes(image, any(kind.name == "colorhash" for kind in kinds), look=look, fine="pdq" in names)
    except ValueError as error:
        shape = f"{image.width} x {image.height} and mode {image.mode}"
        raise NoImageError(f"no hash of a picture of {shape}: {error}") from error
    if image.mode in _OTHER_COLORS and any(kind.name == "pdq" for kind in kinds):
        # Its brightness is a sum of red, green and blue, whatever Pillow takes for the grey of other colours.
        return pixels, planes(image.convert("RGB"), False, fine=True)
    return pixels, pixels


def _computed(image: Image.Image, pixels: Planes, bright: Planes, kinds: Sequence[Kind], recipe: str) -> Computed:
    pdq_quality = None
    hashes: Hashes = {}
    for kind in kinds:
        if kind.inner is not None:
            hashes[str(kind)] = _segments(image, pixels, kind.inner, recipe)
        elif kind.name == "pdq":
            code, pdq_quality = bright.pdq()
            hashes[str(kind)] = Hash.from_bytes(code, _PDQ_BITS, kind, recipe)
        else:
            hashes[str(kind)] = _hash(pixels, kind, recipe)
    return Computed(hashes, pdq_quality)


def parse_kinds(kinds: str | Kind | Iterable[str | Kind]) -> list[Kind]:
    """Parse and check the kinds, each once, in order."""
    given = [kinds] if isinstance(kinds, str | Kind) else list(kinds)
    parsed = list(dict.fromkeys(Kind.parse(kind) for kind in given))
    if not parsed:
        raise ValueError(f"expected at least one hash kind, such as {', '.join(ARTICLE_KINDS)}; got none")
    return parsed


def row_names(
    kinds: str | Kind | Iterable[str | Kind], digest: bool = False, look: bool = False, keypoints: bool = False
) -> list[str]:
    """The columns of a table of fingerprints with these kinds, and with what else is asked for."""
    extras = {"look": look, "keypoints": keypoints, "digest": digest}
    about = ["width", "height", "format", "recipe", *(name for name, wanted in extras.items() if wanted)]
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
_PDQ_BITS = 256
_OTHER_COLORS = frozenset({"P", "PA", "CMYK", "YCbCr", "HSV"})
_CODES: dict[str, Callable[[Planes, Kind], tuple[bytes, int]]] = {
    "ahash": lambda pixels, kind: _square(pixels.ahash(kind.size, kind.variant == "median"), kind),
    "phash": lambda pixels, kind: _square(pixels.phash(kind.size, _HIGHFREQ), kind),
    "phash_simple": _phash_simple,
    "dhash": lambda pixels, kind: _square(pixels.dhash(kind.size), kind),
    "dhash_vertical": lambda pixels, kind: _square(pixels.dhash_vertical(kind.size), kind),
    "whash": _whash,
    "colorhash": lambda pixels, kind: (pixels.colorhash(kind.size), 14 * kind.size),
    "pdq": lambda pixels, kind: (pixels.pdq()[0], _PDQ_BITS),
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
