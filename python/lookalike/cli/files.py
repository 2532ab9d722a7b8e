"""Files that appear whole or not at all; and pipes and devices, which get theirs at the end."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path

__all__ = ["NewFile", "check_writable", "is_special", "write_text"]

_DESCRIPTOR = re.compile(r"/dev/(?:std(out|err)|fd/(\d+))|/proc/self/fd/(\d+)")


class NewFile:
    """A file to be written beside its place, and moved there when it is complete.

    It is begun before the long work, so that a folder that cannot be written to is found out at once.
    A pipe or a device stays what it is: what was written elsewhere is copied into it.

    Attributes:
        path: where it shall stand.
        temporary: where to write it, with the same extension.
    """

    def __init__(self, path: str) -> None:
        """
        Raises:
            OSError: if there is a folder in its place, or nothing can be written beside it.
        """
        self.path = path
        self._special = is_special(path)
        self._copying = False
        try:
            place = Path(path) if self._special else _replaceable(path)
            folder = None if self._special else place.parent
            if self._special:
                _check_special(path)
            handle, temporary = tempfile.mkstemp(prefix=f".{place.stem[:40]}.", suffix=place.suffix, dir=folder)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
            raise self.problem(error) from None
        os.close(handle)
        self._place, self.temporary = place, Path(temporary)

    @property
    def is_kept(self) -> bool:
        """Whether it is in its place already, even if an interrupt hid that from the caller."""
        return not self.temporary.exists()

    def keep(self) -> str:
        """Move the file to its place, where it replaces an older one.

        Returns:
            The path.
        """
        return self._copy() if self._special else self._move(self._place, self.path)

    def keep_partial(self) -> str:
        """Move an incomplete file to its place, or beside it where there is an older file: that may be complete.

        Returns:
            The path, such as `frame.csv`, `frame.partial.csv` or, where there is one already, `frame.partial.2.csv`.
        """
        if self.is_kept:
            return self.path
        if self._special:
            return self._copy(wait=False)
        if not self._place.exists():
            return self.keep()
        # Beside the file that a link points to, not beside the link.
        place = self._place if Path(self.path).is_symlink() else Path(self.path)
        try:
            place = _reserve_partial(place)
        except OSError as error:
            raise self.problem(error) from None
        return self._move(place, str(place))

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            self.temporary.unlink()

    def problem(self, error: Exception) -> OSError:
        """The error as one that names this file instead of the temporary one."""
        reason = error.strerror if isinstance(error, OSError) else None
        return OSError(getattr(error, "errno", None) or errno.EIO, f"cannot write: {reason or error}", self.path)

    def _move(self, place: Path, path: str) -> str:
        try:
            with self.temporary.open("rb+") as file:
                os.fsync(file.fileno())
            self.temporary.chmod(_mode(place))
            self.temporary.replace(place)
        except OSError as error:
            raise self.problem(error) from None
        return path

    def _copy(self, *, wait: bool = True) -> str:
        try:
            if self._copying:
                raise OSError(errno.EINTR, "interrupted while it was written")
            with self.temporary.open("rb") as file, os.fdopen(_open_special(self.path, wait=wait), "wb") as place:
                self._copying = True
                shutil.copyfileobj(file, place)
        except OSError as error:
            raise self.problem(error) from None
        self.discard()
        return self.path


def is_special(path: str) -> bool:
    """Whether there is something that can be written to but not replaced: a pipe, a device, an open descriptor."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def write_text(path: str, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        OSError: if it cannot be written; the error names the file.
    """
    new = NewFile(path)
    try:
        try:
            new.temporary.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise new.problem(error) from None
        new.keep()
    except BaseException:
        new.discard()
        raise


def check_writable(path: str) -> None:
    """Check that a file can be written, before long work for it.

    Raises:
        OSError: if not.
    """
    NewFile(path).discard()


def _replaceable(path: str) -> Path:
    """Where a file is to stand. Through a symbolic link, the file it points to is replaced, not the link."""
    place = Path(path).resolve()
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not place.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {place.parent}")
    return place


def _descriptor(path: str) -> int | None:
    """The number of the open descriptor that a name such as `/dev/stdout` means."""
    match = _DESCRIPTOR.fullmatch(path)
    if match is None:
        return None
    name, *numbers = match.groups()
    number = {"out": 1, "err": 2}[name] if name else int(next(filter(None, numbers)))
    # Standard error may have moved: libraries that write to number 2 themselves are not listened to.
    return sys.stderr.fileno() if number == 2 and sys.stderr is not None else number


def _check_special(path: str) -> None:
    number = _descriptor(path)
    if number is not None:
        os.fstat(number)
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _open_special(path: str, *, wait: bool) -> int:
    """Open it as it is; a pipe without a reader is waited for, or an error."""
    number = _descriptor(path)
    if number is not None:
        # Not by its name: that would begin a file anew that the shell appends to.
        return os.dup(number)
    if wait or os.name != "posix":
        return os.open(path, os.O_WRONLY)
    try:
        opened = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        raise OSError(error.errno, "nobody reads from it") if error.errno == errno.ENXIO else error from None
    os.set_blocking(opened, True)
    return opened


def _reserve_partial(path: Path) -> Path:
    """Begin an empty file under the first free name: `frame.partial.csv`, `frame.partial.2.csv` and so on."""
    for number in count(1):
        place = path.with_name(f"{path.stem}.partial{f'.{number}' if number > 1 else ''}{path.suffix}")
        with suppress(FileExistsError):
            place.touch(exist_ok=False)
            return place
    raise AssertionError("there is always a further number")


def _mode(place: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    with suppress(OSError):
        return place.stat().st_mode & 0o7777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
