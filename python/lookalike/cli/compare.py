"""`lookalike compare`: whether two images look alike."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kinds import NAMES, Kind
from . import arguments
from .arguments import Parser, operand

if TYPE_CHECKING:
    from ..hashes import Hash, MultiHash

__all__ = ["DECIDING", "RADIUS", "parser", "run", "verdict"]

DECIDING = ("phash", "dhash")
"""The kinds that tell whether two images look alike."""

RADIUS = 10
"""How many of its 64 bits each of them may differ in."""

_KINDS = tuple(map(Kind.parse, NAMES))
_BAND = 256  # rows of pixels that are converted at a time

_DESCRIPTION = f"""\
Tell whether two images look alike. Prints the distance of every hash kind (bits that differ; segments
without a partner, for crop_resistant), and a verdict:

  same bytes     the two files are equal
  same picture   every pixel is equal once decoded, whatever the file format and metadata
  look alike     phash differs in at most {RADIUS} of its 64 bits, and so does dhash
  not alike      none of these

Each of the two radii alone lets chance through: among 700 photos of garments on plain ground 11 pairs
of different ones are within 10 bits by phash, 124 by dhash, none by both. Copies that were scaled,
recompressed, tinted, blurred or overlaid are within both; a crop, a turn or a mirroring is not found.

  $ lookalike compare photo.jpg photo-small.jpg
  ahash             1 of 64
  ...
  look alike: phash 2 and dhash 1, each within {RADIUS} bits"""

_EXIT_STATUS = """\
exit status: 0 if they are the same or look alike, 1 if not, 2 if one cannot be read, 130 if interrupted"""


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two images.

    Attributes:
        content: digest of its file's bytes.
        pixels: digest of its size and pixels, whatever the recipe and the way they are stored; `None` if
            some are missing.
        shape: such as `"640 x 480 JPEG"`.
        hashes: by kind.
    """

    content: bytes
    pixels: bytes | None
    shape: str
    hashes: dict[str, Hash | MultiHash]


def parser() -> Parser:
    """The arguments of the command."""
    new = Parser("lookalike compare", "lookalike compare [options] A B", _DESCRIPTION, _EXIT_STATUS)
    new.add_argument("a", metavar="A", type=operand, help="image or http(s) address; '-' is an image on standard input")
    new.add_argument("b", metavar="B", type=operand, help="the image to compare it with")
    arguments.add_recipe(new)
    arguments.add_format(new)
    return new


def run(args: Namespace) -> int:
    """Print distances and verdict."""
    from functools import partial

    from . import inputs
    from .stream import aside

    inputs.check_standard_input([args.a, args.b])
    sources = [inputs.image_or_path(name) for name in (args.a, args.b)]
    sides = []
    for name, source in zip((args.a, args.b), sources, strict=True):
        side = aside(partial(_attempt, source, args.recipe or "standard"))
        if isinstance(side, Exception):
            _complain(name, side)
        else:
            sides.append(side)
    if len(sides) < 2:
        return 2
    one, other = sides
    distances = _distances(one, other)
    same_pixels = one.pixels is not None and one.pixels == other.pixels
    words, reason = verdict(distances, same_bytes=one.content == other.content, same_pixels=same_pixels)
    if args.format == "plain":
        _print(one, other, distances, f"{words}: {reason}")
    else:
        _print_records(args, distances, words)
    return 1 if words == "not alike" else 0


def verdict(
    distances: dict[str, int | float], *, same_bytes: bool = False, same_pixels: bool = False
) -> tuple[str, str]:
    """What the distances mean.

    Args:
        distances: by kind, at least of those in `DECIDING`.
        same_bytes: whether the files are equal.
        same_pixels: whether the pictures are equal.

    Returns:
        The verdict and its reason.
    """
    if same_bytes:
        return "same bytes", "the files are equal"
    if same_pixels:
        return "same picture", "every pixel is equal"
    listed = " and ".join(f"{kind} {distances[kind]}" for kind in DECIDING)
    if all(distances[kind] <= RADIUS for kind in DECIDING):
        return "look alike", f"{listed}, each within {RADIUS} bits"
    return "not alike", f"{listed}, not both within {RADIUS} bits"


def _attempt(source: object, recipe: str) -> _Side | Exception:
    try:
        return _read(source, recipe)
    except (OSError, ValueError, TypeError) as error:
        return error


def _complain(name: str, error: Exception) -> None:
    from ..fingerprints import error_text
    from .inputs import complaint
    from .output import complain

    complain(complaint(name, error_text(error)))


def _read(source: object, recipe: str) -> _Side:
    """
    Raises:
        SourceError, OSError, ValueError, TypeError: as `fingerprint`.
    """
    import hashlib

    from ..direct import plan_of
    from ..options import DEFAULT_LIMITS, recipe_name
    from ..single import fingerprint_item
    from ..sources import Item

    content = _content(source)
    found = fingerprint_item(Item("", content), plan_of(_KINDS, recipe_name(recipe), DEFAULT_LIMITS))
    shape = f"{found.width} x {found.height} {found.format or ''}".strip()
    return _Side(hashlib.sha256(content).digest(), _pixel_digest(content), shape, dict(found.hashes))


def _pixel_digest(content: bytes) -> bytes | None:
    """One digest for all files that look the same in every pixel, grey or not; none for one that breaks off."""
    import hashlib

    from ..errors import NoImageError
    from ..options import DEFAULT_LIMITS
    from ..sources import Item, open_picture

    try:
        # Under this recipe, for pixels as they are may be numbers in a palette, or lie on their side.
        image = open_picture(Item("", content), "standard", DEFAULT_LIMITS).image
    except NoImageError:
        return None
    digest = hashlib.sha256(f"{image.size}".encode())
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height)))
        digest.update(band.convert("RGB").tobytes())
    return digest.digest()


def _content(source: object) -> bytes:
    """The bytes of a file, of an address's answer or of standard input, read once for all comparisons."""
    from itertools import islice

    from ..options import DEFAULT_LIMITS
    from ..sources import FileName, expand
    from ..sources.files import open_file

    item, *others = islice(expand(source), 2)
    if item.error is not None:
        raise item.error
    if others:
        raise ValueError(f"expected one image, got several, of which the first is {item.image!r}")
    if isinstance(item.source, FileName):
        with open_file(item.source, DEFAULT_LIMITS.bytes) as file:
            return file.read()
    if isinstance(item.source, str):
        from ..sources.web import fetch

        return fetch(item.source, DEFAULT_LIMITS)
    content: bytes = item.source.read()  # type: ignore[attr-defined]  # what standard input brought
    return content


def _distances(one: _Side, other: _Side) -> dict[str, int | float]:
    pairs: dict[str, Any] = dict(one.hashes)
    return {kind: value - other.hashes[kind] for kind, value in pairs.items()}


def _print(one: _Side, other: _Side, distances: dict[str, int | float], conclusion: str) -> None:
    from .output import write_line

    for kind, distance in distances.items():
        value = one.hashes[kind]
        if isinstance(distance, float):
            write_line(f"{kind:<15}{distance:6.2f} of {len(value.segments)} segments")  # type: ignore[union-attr]
        else:
            write_line(f"{kind:<15}{distance:4} of {value.bits}")  # type: ignore[union-attr]
    write_line(f"{'size':<15}   {one.shape}, {other.shape}")
    write_line(conclusion)


def _print_records(args: Namespace, distances: dict[str, int | float], words: str) -> None:
    from .output import Records

    row = {"a": args.a, "b": args.b, "verdict": words, **distances}
    Records(args.format, list(row)).write(row)
