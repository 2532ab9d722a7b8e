"""The lock of the one writer: a file that the system frees when its holder dies."""

from __future__ import annotations

import errno
import getpass
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..errors import LockedError

__all__ = ["FileLock", "holder_text", "who"]

_LOOK = 0.05


class FileLock:
    """Held by one process at a time, between `hold` and the end of its block.

    A lock of the system on an open file (`flock`), so a holder that was killed has let go of it: no lock is
    ever stale. The file's text only says who holds it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @contextmanager
    def hold(self, what: str, wait: float = 0.0) -> Iterator[None]:
        """Take the lock for the time of a block.

        Args:
            what: the work it is for, told to whoever else asks for the lock.
            wait: seconds to wait for another holder.

        Raises:
            LockedError: if another holds it still.
            OSError: if the file cannot be made, as in a directory that is read-only.
        """
        handle = self._open()
        try:
            self._take(handle, wait)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        try:
            _write(handle, json.dumps(who(what)))
            yield
        finally:
            if self._handle is not None:
                self._handle = None
                _write(handle, "")
                _unlock(handle)
                os.close(handle)

    def after_fork(self) -> None:
        """In a child: the lock is its parent's. (To close the handle does not free it there.)"""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            why = os.strerror(error.errno).lower()
            text = f"the library can be searched but not written: its directory is read-only ({why})"
            raise PermissionError(error.errno, text, os.fspath(self._path.parent)) from error

    def _take(self, handle: int, wait: float) -> None:
        deadline = time.monotonic() + wait
        while not _try_lock(handle):
            if time.monotonic() >= deadline:
                raise LockedError(holder_text(self._read(), self._path.parent, wait))
            time.sleep(_LOOK)

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def who(what: str) -> dict[str, object]:
    """This process, for the text of a lock."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "?"
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "user": user, "since": since, "what": what}


def holder_text(holder: dict[str, object], location: object, wait: float) -> str:
    """Who holds the lock of a library, and what to do."""
    told = {name: holder.get(name, "?") for name in ("pid", "host", "user", "since", "what")}
    name = "another process"
    if holder:
        name = "process {pid} of {user} on {host} (since {since}: {what})".format(**told)
    waited = f" still, after {wait:g} seconds" if wait else ""
    return f"the library {str(location)!r} is being written{waited} by {name}: wait for it, or pass wait=SECONDS"


def _write(handle: int, text: str) -> None:
    # The text is for people: on a full disk the lock holds without it.
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text.encode())


if sys.platform == "win32":
    import msvcrt

    # Locks are mandatory there: far behind the text, or nobody could read it.
    _FAR = 1 << 30

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        # Said, not left to the closing: a child that was forked meanwhile has the file open too.
        fcntl.flock(handle, fcntl.LOCK_UN)
