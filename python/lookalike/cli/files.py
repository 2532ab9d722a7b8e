"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

__all__ = ["NewFile", "write_text"]


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
        # Through a symbolic link, the file it points to is replaced, not the link.
        self.path = path
        self._place = os.path.realpath(path)
        folder, name = os.path.split(self._place)
        if os.path.isdir(self._place):
            raise IsADirectoryError(21, "cannot write: it is a folder", path)
        if not os.path.isdir(folder):
            raise FileNotFoundError(2, f"cannot write: there is no folder {folder}", path)
        stem, extension = os.path.splitext(name)
        try:
            handle, self.temporary = tempfile.mkstemp(prefix=f".{stem[:40]}.", suffix=extension, dir=folder)
        except OSError as error:
            raise self.problem(error) from None
        os.close(handle)

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
        if not os.path.exists(self._place):
            return self.keep()
        return self._move(_partial(self._place), _partial(self.path))

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            os.unlink(self.temporary)

    def problem(self, error: OSError) -> OSError:
        """The error as one that names this file instead of the temporary one."""
        return OSError(error.errno or 5, f"cannot write: {error.strerror or error}", self.path)

    def _move(self, place: str, path: str) -> str:
        try:
            with open(self.temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.chmod(self.temporary, _mode(place))
            os.replace(self.temporary, place)
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
        with open(new.temporary, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        new.keep()
    except OSError as error:
        new.discard()
        raise new.problem(error) if error.filename != path else error from None
    except BaseException:
        new.discard()
        raise


def _partial(path: str) -> str:
    stem, extension = os.path.splitext(path)
    return f"{stem}.partial{extension}"


def _mode(place: str) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    with suppress(OSError):
        return os.stat(place).st_mode & 0o7777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
