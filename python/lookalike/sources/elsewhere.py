"""Files decoded in another process: what is asked of it, and an answer that is checked like any stranger's word."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import LimitError, MissingExtraError, NoFileError, NoImageError
from ..options import Limits
from .files import FileName
from .items import Item
from .regular import stamp
from .watched import seconds_for, too_slow

if TYPE_CHECKING:
    from PIL import Image

    from .. import isolation

__all__ = [
    "Fields",
    "ask",
    "failure_of",
    "format_in",
    "goes_elsewhere",
    "held",
    "limits_in",
    "pixels_elsewhere",
    "size_in",
]

Fields = dict[str, Any]
T = TypeVar("T")

_LIMITS = ("pixels", "side", "bytes", "memory", "scans", "decode_seconds")
_BANDS = {"L": 1, "RGB": 3}
_MOST_SIDE = 1 << 32
_MOST_TEXT = 1 << 16
_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error for error in (LimitError, MissingExtraError, NoFileError, NoImageError, TypeError, ValueError)
}


def goes_elsewhere(item: Item, limits: Limits) -> bool:
    """Whether another process decodes it. An image or array of the caller's has been opened here already."""
    return limits.isolate and isinstance(item.source, bytes | FileName)


@contextmanager
def held(limits: Limits) -> Iterator[None]:
    """Keep the other processes for the time of a block, if these limits want any, and end them behind it."""
    if not limits.isolate:
        yield
        return
    from .. import isolation

    with isolation.held():
        yield


def ask(item: Item, limits: Limits, fields: Fields, understand: Callable[[Fields, bytes], T], most_data: int = 0) -> T:
    """Have a file, or bytes, decoded in another process.

    Args:
        item: with the file's name, or its bytes.
        limits: what it may cost.
        fields: what is to be done with it.
        understand: makes a result of the answer, or raises what Python raises of nonsense.
        most_data: bytes that may come with the answer.

    Raises:
        NoImageError: if a decoder dies of it.
        LimitError: if it takes more time or memory than the limits allow.
        SourceError, OSError, TypeError, ValueError: as the same in this process.
    """
    from .. import isolation  # here, for most never need it

    data = item.source if isinstance(item.source, bytes) else b""

    def seconds(pixels: int) -> float:
        # It may make up what it tells of a picture's size, but no picture may be larger than this.
        return seconds_for(min(pixels, limits.pixels), limits)

    try:
        answer, more = isolation.ask({**fields, **_about(item, limits)}, data, most_data, seconds)
    except isolation.Died as error:
        raise _death(error) from error
    if item.stamp is not None and isinstance(item.source, FileName) and item.stamp != stamp(item.source):
        raise NoImageError("the file has changed while it was read")
    try:
        if "failed" not in answer:
            return understand(answer, more)
        failure = _failure(answer["failed"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"[:200]
        failure = NoImageError(
            f"expected an image, got one of which the decoder goes astray: it answers nonsense ({what})"
        )
    raise failure


def pixels_elsewhere(item: Item, recipe: str, limits: Limits) -> tuple[Image.Image, str | None]:
    """The pixels of a file, normalised, and its format. Under `imagehash` what is neither grey nor RGB becomes RGB.

    Raises: as `ask`.
    """

    def understand(answer: Fields, data: bytes) -> tuple[Image.Image, str | None]:
        from PIL import Image

        width, height, mode = *size_in(answer), str(answer["mode"])
        if len(data) != width * height * _BANDS[mode]:
            raise ValueError(f"{len(data):,} bytes for {width} x {height} pixels of {mode}")
        return Image.frombytes(mode, (width, height), data), format_in(answer)

    most = min(3 * limits.pixels, limits.memory)
    return ask(item, limits, {"task": "pixels", "recipe": recipe}, understand, most)


def size_in(answer: Fields) -> tuple[int, int]:
    """Width and height that an answer tells, checked."""
    width, height = answer["width"], answer["height"]
    for side in (width, height):
        if not isinstance(side, int) or not 0 < side < _MOST_SIDE:
            raise ValueError(f"a side of {side!r} pixels")
    return width, height


def format_in(answer: Fields) -> str | None:
    """The format that an answer tells, checked."""
    form = answer["format"]
    if form is None:
        return None
    if not isinstance(form, str) or len(form) > 32 or not form.isascii() or not form.isprintable():
        raise ValueError(f"format {form!r}")
    return form


def _about(item: Item, limits: Limits) -> Fields:
    fields: Fields = {"limits": {name: getattr(limits, name) for name in _LIMITS}, "pillow": _pillow_settings()}
    if isinstance(item.source, FileName):
        # As text: `Path` would drop a "./", and nothing here may change which file is meant.
        is_whole = Path(item.source).is_absolute()
        fields["path"] = str(item.source) if is_whole else f"{Path.cwd()}{os.sep}{item.source}"
    return fields


def _pillow_settings() -> Fields:
    """What somebody may have changed in Pillow here, and expects to hold there."""
    settings: Fields = {}
    for module, name in (("PIL.Image", "MAX_IMAGE_PIXELS"), ("PIL.ImageFile", "LOAD_TRUNCATED_IMAGES")):
        if module in sys.modules:
            settings[name] = getattr(sys.modules[module], name)
    return settings


def _death(error: isolation.Died) -> Exception:
    if error.late:
        return too_slow()
    return NoImageError(f"expected an image, got one of which the decoder dies: {error}")


def _failure(fields: Fields) -> Exception:
    """The error that the other process met, as one of those that this process may meet."""
    name, text, number = fields["error"], fields["text"], fields["errno"]
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        raise ValueError("an error of a strange form")
    if name == "OSError":
        return OSError(text) if number is None else OSError(int(number), os.strerror(int(number)))
    return _ERRORS[name](text) if name in _ERRORS else RuntimeError(text)


def limits_in(fields: Fields) -> Limits:
    """The limits of a question, for the process that answers it."""
    return Limits(**fields["limits"])


def failure_of(error: Exception) -> Fields:
    """An answer that says what went wrong."""
    names = [one.__name__ for one in type(error).__mro__]
    name = next((name for name in names if name in _ERRORS or name == "OSError"), "RuntimeError")
    number = error.errno if isinstance(error, OSError) else None
    text = str(error) or type(error).__name__
    return {"failed": {"error": name, "text": text[:_MOST_TEXT], "errno": number}}
