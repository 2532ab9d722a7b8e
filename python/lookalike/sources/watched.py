"""A file under watch while a decoder of Pillow's reads it: how much it reads, and how long that takes."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from ..errors import LimitError
from ..options import Limits

__all__ = ["Watched", "seconds_for", "too_slow"]

Reserve = Callable[[int], None]

# A sound decoder reads a file once, or its head a few times. A TIFF directory can point thousands of times at the same
# megabytes, and each time they would be kept.
_TIMES = 4
_AT_LEAST = 64 * 1024 * 1024
_LARGE = 1 << 16
# A million empty chunks take a decoder in Python seconds; as a number of reads, every computer sees the same limit.
_MOST_READS = 300_000
_READS_OF_PIXEL = 5
# A picture of more pixels may take more time. The same number stands in the core's `job.rs`.
_PIXELS_A_TIME = 25_000_000


def seconds_for(pixels: int, limits: Limits) -> float:
    """How long decoding a picture of so many pixels may take."""
    return limits.decode_seconds * max(1, math.ceil(pixels / _PIXELS_A_TIME))


def too_slow() -> LimitError:
    """The error of a picture that takes longer; the core says the same."""
    return LimitError(
        "expected a picture that decodes within its time limit, got a slower one; "
        "raise Limits.decode_seconds to allow it"
    )


class Watched:
    """A file that is read until its limits are met; then every read of it is a `LimitError`.

    Decoders read between two steps of their work, so this holds most of them to their time. It cannot stop one that
    does not read.

    Attributes:
        length: of the file, in bytes.
        error: the limit that was met, if one was, for a decoder may have swallowed it.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self.length = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._left = _TIMES * self.length + _AT_LEAST
        self._reads_left = _MOST_READS
        self._begun = time.monotonic()
        self._allowed = limits.decode_seconds
        self.error: LimitError | None = None
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int | None = -1) -> bytes:
        """As of any file. Memory is asked for no more than there is to read, whatever a header says."""
        if size is None or size < 0 or size > _LARGE:
            rest = max(0, self.length - self._file.tell())
            size = rest if size is None or size < 0 else min(size, rest)
        self._spend(size)
        return self._file.read(size)

    def readline(self, size: int = -1) -> bytes:
        """As of any file."""
        line = self._file.readline(size)
        self._spend(len(line))
        return line

    def allow(self, pixels: int) -> None:
        """Give it the time that a picture of so many pixels may take."""
        self._allowed = seconds_for(pixels, self._limits)
        self._reads_left += _READS_OF_PIXEL * pixels

    def patient(self, reserve: Reserve | None) -> Reserve | None:
        """The same function, but the time that it waits is not the decoder's."""
        if reserve is None:
            return None
        known = reserve

        def wait(size: int) -> None:
            begun = time.monotonic()
            known(size)
            self._begun += time.monotonic() - begun

        return wait

    def as_file(self) -> BinaryIO:
        """Itself, as the type that Pillow asks for."""
        return cast("BinaryIO", self)

    def _spend(self, size: int) -> None:
        self._left -= size
        self._reads_left -= 1
        if self._reads_left < 0:
            self.error = LimitError(
                f"expected a file of at most {_MOST_READS:,} pieces before its pixels, got one that is read in more"
            )
        elif self._left < 0:
            self.error = LimitError(
                f"expected a file of which a decoder reads at most {_TIMES} times its {self.length:,} bytes, "
                "got one that has it read the same again and again"
            )
        elif time.monotonic() > self._begun + self._allowed:
            self.error = too_slow()
        if self.error is not None:
            raise self.error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
