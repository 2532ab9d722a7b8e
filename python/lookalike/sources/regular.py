"""Regular files: the only ones that are opened, and read no further than they should be."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import LimitError, NoFileError, NoImageError

__all__ = ["is_file", "open_regular", "stamp"]

# By so many bytes a file may grow between its opening and its end, as in the core's `files.rs`.
_GROWTH = 1 << 20
_STRIP = 1 << 20
# Without waiting, should it have become a pipe since it was looked at.
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


def is_file(path: str) -> bool:
    """Whether there is a regular file of that name."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  # a Path takes three times as long
    except (OSError, ValueError):
        return False


def open_regular(path: str | os.PathLike[str], max_bytes: int) -> BinaryIO:
    """Open a regular file for reading.

    It is looked at before, so that no pipe and no device is opened, and after, for between the two it may have become
    one. What is read is at most `_GROWTH` more than its length was then.

    Raises:
        NoFileError: if there is none.
        NoImageError: for a folder, a device or a pipe (which is not opened: it could block for ever); while it is
            read, if it grows.
        LimitError: if it is longer than `max_bytes`, now or while it is read.
        OSError: if the system refuses it.
    """
    try:
        _length(os.stat(path), max_bytes)  # noqa: PTH116  # a Path takes three times as long
        descriptor = os.open(path, _FLAGS)
    except (LimitError, NoImageError):
        raise
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NoFileError("no such file") from None
    try:
        length = _length(os.fstat(descriptor), max_bytes)
        return io.BufferedReader(_Bounded(descriptor, length, max_bytes))
    except BaseException:
        os.close(descriptor)
        raise


class _Bounded(io.FileIO):
    """A file that may have no end, as some of `/proc` have whose length is 0, or that others write to."""

    def __init__(self, descriptor: int, length: int, max_bytes: int) -> None:
        super().__init__(descriptor, "rb")
        self._length, self._most = length, min(length + _GROWTH, max_bytes)

    def readinto(self, buffer: Any, /) -> int:
        # One byte more than allowed tells whether there are more.
        room = max(0, self._most - self.tell()) + 1
        count = super().readinto(memoryview(buffer)[:room])
        if count is None:
            raise OSError("it has nothing to read yet, and is no picture's file")
        if count == room:
            raise _grown(self._length, self._most)
        return count

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return self.readall()
        buffer = bytearray(size)
        return bytes(memoryview(buffer)[: self.readinto(buffer)])

    def readall(self) -> bytes:
        whole = io.BytesIO()
        while part := self.read(_STRIP):
            whole.write(part)
        return whole.getvalue()


def _grown(length: int, most: int) -> Exception:
    if most < length + _GROWTH:
        return LimitError(f"expected at most {most:,} bytes, got a file that has grown longer; raise Limits.bytes")
    return NoImageError(f"expected a file of {length:,} bytes, got more than {most:,}: it grew while it was read")


def _length(status: os.stat_result, max_bytes: int) -> int:
    if not stat.S_ISREG(status.st_mode):
        raise NoImageError(f"expected a file, got {_species(status.st_mode)}")
    if status.st_size > max_bytes:
        raise LimitError(f"expected at most {max_bytes:,} bytes, got a file of {status.st_size:,}; raise Limits.bytes")
    return status.st_size


def stamp(file: int | str) -> tuple[int, ...]:
    """What tells the contents of a file, open or by its path, from other ones, without reading them."""
    status = Path(file).stat() if isinstance(file, str) else os.fstat(file)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _species(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "something that is no regular file"
