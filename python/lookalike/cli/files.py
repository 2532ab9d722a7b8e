"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["NewFile", "check_writable", "write_text"]


class NewFile:
    """A file to be written beside its place, and moved there when it is complete.

    It is begun before the long work, so that a folder that cannot be written to is found out at once.

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
        try:
            # Through a symbolic link, the file it points to is replaced, not the link.
            place = Path(path).resolve()
            if place.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            if not place.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, f"there is no folder {place.parent}")
            handle, temporary = tempfile.mkstemp(prefix=f".{place.stem[:40]}.", suffix=place.suffix, dir=place.parent)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
            raise self.problem(error) from None
        os.close(handle)
        self._place, self.temporary = place, Path(temporary)

    def keep(self) -> str:
        """Move the file to its place, where it replaces an older one.

        Returns:
            The path.
        """
        return self._move(self._place, self.path)

    def keep_partial(self) -> str:
        """Move an incomplete file to its place, or beside it where there is an older file: that may be complete.

        Returns:
            The path, such as `frame.csv` or `frame.partial.csv`.
        """
        if not self._place.exists():
            return self.keep()
        return self._move(_partial(self._place), str(_partial(Path(self.path))))

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


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def _mode(place: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    with suppress(OSError):
        return place.stat().st_mode & 0o7777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
