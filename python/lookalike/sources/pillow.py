"""Pictures through Pillow: open with limits and clear errors, and the decode policy of each recipe."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NoReturn

from PIL import Image, UnidentifiedImageError

from ..errors import LimitError, MissingExtraError, NoImageError, SourceError
from ..options import Limits
from . import sniff
from .costs import check_inside
from .watched import Watched

__all__ = ["check_size", "held", "normalise", "opened", "orientation", "turned", "weight"]

_HEAD = 512
_REFUSED = frozenset({"EPS"})  # Pillow has Ghostscript run the file: no untrusted file may start a program
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow registers its plugins as it goes, and a second thread that looks meanwhile misses some.
_registering = threading.Lock()
# One lazy image can stand in several rows; two threads that load it at once spoil it.
_loading = tuple(threading.Lock() for _ in range(64))


@contextmanager
def opened(file: BinaryIO | Watched, limits: Limits) -> Iterator[Image.Image]:
    """Open a picture file for the time of a block, in which whatever Pillow throws is a `NoImageError`.

    The picture's size is checked here; its pixels are decoded when `normalise` loads them, before which whoever asks
    for them checks with `check_memory` what that takes.

    Raises:
        NoImageError: if it is no picture, or a broken one.
        LimitError: if it has too many pixels, or takes too much time.
        OSError: if the system fails to read it.
    """
    file = file if isinstance(file, Watched) else Watched(file, limits)
    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise NoImageError("expected an image, got an empty file (0 bytes)")
    try:
        check_inside(file.as_file(), head, limits)
        with _identify(file.as_file(), head) as image:
            check_size(image, limits)
            file.allow(image.width * image.height)
            yield image
    except Exception as error:
        # A decoder may have taken the limit for an error of the file.
        _translate(error if file.error is None else file.error)


def check_size(image: Image.Image, limits: Limits) -> None:
    """Refuse a picture that has no pixels or too many.

    Raises:
        NoImageError, LimitError: as said.
    """
    width, height = image.size
    if width < 1 or height < 1:
        raise NoImageError(f"expected an image with pixels, got one of {width} x {height}")
    if width * height > limits.pixels:
        raise LimitError(
            f"expected at most {limits.pixels:,} pixels, got {width} x {height} = {width * height:,}; "
            "raise Limits.pixels to allow it (and PIL.Image.MAX_IMAGE_PIXELS, for a file of more than twice that)"
        )
    if max(width, height) > limits.side:
        raise LimitError(
            f"expected sides of at most {limits.side:,} pixels, got {width} x {height}; raise Limits.side to allow it"
        )


def weight(image: Image.Image) -> int:
    """The picture's pixels, counted twice where they need twice the memory while they are decoded."""
    pixels = image.width * image.height
    # A progressive JPEG is kept as coefficients until its last scan; a turned picture is a second picture.
    # (Only JPEG tells its orientation before that: PNG would be decoded by the question.)
    turned = image.format in ("JPEG", "MPO") and orientation(image) in _TURNS
    return 2 * pixels if turned or "progressive" in image.info or image.mode not in ("L", "RGB") else pixels


def held(image: Image.Image) -> Image.Image:
    """The image with its pixels in memory, a copy of this frame if it has several."""
    _load(image)
    if not getattr(image, "is_animated", False):
        return image
    frame = image.copy()
    frame.format = image.format
    return frame


def orientation(image: Image.Image) -> int:
    """Its EXIF orientation, 1 to 8 (or what number stands there); 1 if there is none."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1  # EXIF data that cannot be read does not spoil the picture
    return value if isinstance(value, int) else 1


def normalise(image: Image.Image, recipe: str) -> Image.Image:
    """Decode the pixels and bring them into the recipe's form; the image that was given stays as it is.

    Under `standard` the result has mode `L` or `RGB`: turned as its EXIF orientation says, alpha laid on
    white, 16 bits cut to the upper 8. Colour profiles are not applied. Under `imagehash` it is the image.

    Raises:
        NoImageError: if its pixels cannot be decoded.
    """
    try:
        _load(image)
        if recipe.startswith("imagehash"):
            return image
        return turned(_flat(image), orientation(image))
    except Exception as error:
        _translate(error)


def _load(image: Image.Image) -> None:
    with _loading[(id(image) >> 6) % len(_loading)]:
        image.load()


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned by an EXIF orientation: 2 to 8; any other number leaves it as it is."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _flat(image: Image.Image) -> Image.Image:
    """Eight bits, no palette, no alpha."""
    if image.mode in _DEEP_MODES:
        return _eight_bits(image)
    if _is_transparent(image):
        return _on_white(_with_alpha(image))
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    # Only here: most processes never need NumPy for decoding, and it is 14 MB.
    import numpy as np

    from .arrays import high_bytes

    deep = np.asarray(image)
    grey = Image.fromarray(high_bytes(deep))
    key = image.info.get("transparency")
    if isinstance(key, int):
        grey.paste(255, mask=Image.fromarray(deep == key))
    return grey


def _is_transparent(image: Image.Image) -> bool:
    try:
        return image.has_transparency_data
    except (AttributeError, AssertionError):
        return False  # a palette image whose palette is missing: its numbers are grey then


def _with_alpha(image: Image.Image) -> Image.Image:
    if image.mode in ("LA", "RGBA"):
        return image
    if image.mode == "La":
        return image.convert("LA")
    if image.mode == "P":
        image = image.copy()  # Pillow writes the alpha into the palette of the image that it converts
    elif image.mode in ("1", "L", "RGB"):
        return _keyed(image)
    return image.convert("RGBA")


def _keyed(image: Image.Image) -> Image.Image:
    """One grey value or colour is transparent: PNG's `tRNS`."""
    key = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(key, tuple) and max(key, default=0) > 255:
        image = image.copy()
        image.info["transparency"] = tuple(part >> 8 for part in key)  # 16-bit pixels came as 8, their key did not
    try:
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    except (TypeError, ValueError, OverflowError):
        opaque = image.copy()
        opaque.info.pop("transparency", None)
        return opaque.convert("RGBA" if image.mode == "RGB" else "LA")


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("L" if image.mode == "LA" else "RGB", image.size, "white")
    white.paste(image, mask=image)
    return white


def _identify(file: BinaryIO, head: bytes) -> Image.Image:
    if sniff.is_postscript(head):
        raise NoImageError("expected an image, got PostScript, which is a program and is not run")
    with _registering:
        Image.preinit()
        common = _formats()
    try:
        return _open(file, common)
    except UnidentifiedImageError:
        with _registering:
            Image.init()
            if sniff.is_heif(head):
                _register_heif()
            every = _formats()
        file.seek(0)
        try:
            return _open(file, [form for form in every if form not in common])
        except UnidentifiedImageError:
            raise NoImageError(_not_identified(file, head, every)) from None


def _formats() -> list[str]:
    return [form for form in Image.ID if form not in _REFUSED]


def _open(file: BinaryIO, formats: list[str]) -> Image.Image:
    return Image.open(file, formats=formats)


def _register_heif() -> None:
    try:
        import pillow_heif
    except ImportError:
        return
    # With more, whichever tile fails first is named in the error, another one each time; and files are decoded in
    # threads of ours.
    pillow_heif.register_heif_opener(decode_threads=1)


def _not_identified(file: BinaryIO, head: bytes, formats: list[str]) -> str:
    if sniff.is_heif(head) and "HEIF" not in formats:
        return str(MissingExtraError.for_extra("reading HEIC pictures", "pillow-heif", "heic"))
    known = "HEIF" if sniff.is_heif(head) else next((form for form in formats if _accepts(form, head)), None)
    if known:
        return f"expected an image, got a {known} file that is broken or of an unsupported sort"
    length = file.seek(0, io.SEEK_END)
    return f"expected an image, got {length:,} bytes: {sniff.describe(head)}"


def _accepts(form: str, head: bytes) -> bool:
    accept = Image.OPEN[form][1]
    try:
        return accept is not None and accept(head[:16]) is True
    except Exception:
        return False


def _translate(error: Exception) -> NoReturn:
    """Raise the error of ours that says what Pillow met."""
    if isinstance(error, SourceError):
        raise error
    if isinstance(error, MemoryError):
        raise LimitError(
            "expected a picture that fits in memory, got one that needs more than there is or than Limits.memory allows"
        ) from error
    # The warning comes here only where the process turns warnings into errors.
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        raise LimitError(f"Pillow refuses it: {error} Raise PIL.Image.MAX_IMAGE_PIXELS to allow it") from error
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        raise error  # the system failed; but EINVAL comes of a seek to where a broken picture points
    text = str(error) or type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError):
        raise NoImageError(f"expected a whole image, got a truncated one ({text})") from error
    raise NoImageError(f"expected a sound image, got one that cannot be decoded ({text})") from error
