"""The catalog's store in one file of SQLite: connection, transactions, and its errors in our words.

What is promised. Write-ahead log, and `synchronous=FULL`: a commit returns when the log is on the disk, so a
row that was acknowledged is there after SIGKILL and, as far as the disk itself keeps its word, after a loss of
power. `NORMAL` would be enough for SIGKILL, and saves nothing worth having: there is one commit for a thousand
rows.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import DamagedError, LibraryError, LockedError, NoLibraryError
from .lock import FileLock
from .sql import SCHEMA

__all__ = ["NAME", "SqliteStore"]

NAME = "catalog.sqlite"
_OURS = (NAME, f"{NAME}-wal", f"{NAME}-shm", f"{NAME}-journal", "index", "lock")
_WORDS = {"big": "INTEGER", "blob": "BLOB", "serial": "INTEGER PRIMARY KEY AUTOINCREMENT"}
_BUSY_SECONDS = 30.0
_FETCH = 10_000
_PAGE = 64 * 1024
_PAGE_SIZE = 16 * 1024
_HEADER = 100
"""Bytes that every database of SQLite begins with."""
_stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
_of_parents: list[sqlite3.Connection] = []


class SqliteStore:
    """One connection, shared by the threads of a process in turn.

    Attributes:
        told: the location as errors tell it.
        home: which of the catalog's segments are ours: `""` for those in the directory itself.
        read_only: whether nothing can be written there.
    """

    def __init__(self, location: str | os.PathLike[str], index: str | os.PathLike[str] | None = None) -> None:
        self.told = os.fspath(location)
        self.home = "" if index is None else os.fspath(Path(index).absolute())
        self.folder = Path(location).absolute()  # wherever the process goes
        self.path = self.folder / NAME
        self.read_only = False
        self._lock = FileLock(self.folder / "lock")
        self._guard = threading.RLock()
        self._depth = 0
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, ...] | None = None
        _stores.add(self)

    @property
    def index_folder(self) -> Path:
        """Where the segments are, unless the user has another place for them."""
        return self.folder / "index"

    def exists(self) -> bool:
        """Whether a catalog is there; it may be one that was not finished.

        Raises:
            DamagedError: if it is not, but an index is.
        """
        if self.path.is_file() and self.path.stat().st_size >= _HEADER:
            return True
        self._check_no_remains()
        return False

    def _check_no_remains(self) -> None:
        """An index without a catalog: adding would begin anew, and sweep it away."""
        if next(iter(self.index_folder.glob("*.seg")), None) is not None:
            raise DamagedError(
                f"the catalog {os.fspath(self.path)!r} is missing or empty, but its index is there: restore the "
                "catalog from a backup, or remove the directory to begin anew"
            )

    def prepare(self) -> None:
        """Make the directory, where it is not there: the lock is in it.

        Raises:
            LibraryError: if the location is something else.
            OSError: if the system refuses it.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise LibraryError(f"expected a directory for a library, got the file {os.fspath(self.folder)!r}")
        if not self.exists():
            self._check_free()
        self.folder.mkdir(parents=True, exist_ok=True)

    def make(self) -> None:
        """Make the tables, where they are not there. With the lock held."""
        with self._guard:
            if self._connection is None:
                self._connect("rwc")
        if not self.query("SELECT 1 FROM sqlite_master WHERE name = 'images'"):
            self._check_no_remains()
        self.change(SCHEMA)

    def change(self, statements: Iterable[str]) -> None:
        """Make or change tables, in the words of this database."""
        with self.transaction():
            for statement in statements:
                self.execute(statement.format_map(_WORDS))

    def _check_free(self) -> None:
        others = (
            sorted(entry.name for entry in self.folder.iterdir() if entry.name not in _OURS)
            if self.folder.is_dir()
            else []
        )
        if others:
            raise LibraryError(
                f"expected an empty or a new directory for a library, got {os.fspath(self.folder)!r} with "
                f"{others[0]!r} in it: give the name of a new one"
            )

    def hold(self, what: str, wait: float) -> Any:
        """The writer's lock as a block; see `FileLock.hold`."""
        return self._lock.hold(what, wait)

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        with self._guard, self._translated():
            return self._open().execute(statement, values).fetchall()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """An answer in parts of some thousand rows. To be read to its end inside one `snapshot`."""
        with self._guard, self._translated():
            cursor = self._open().execute(statement, values)
            while part := cursor.fetchmany(_FETCH):
                yield part

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change something; how many rows it was. To be called inside a `transaction`."""
        with self._guard, self._translated():
            return self._open().execute(statement, values).rowcount

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """The same change for each row of values. To be called inside a `transaction`."""
        with self._guard, self._translated():
            self._open().executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes of a block, or none. In a block already open, a part of that."""
        with self._guard:
            if self.read_only and self._connection is not None and not self._connection.in_transaction:
                self._open_for_writing()
            with self._block("BEGIN IMMEDIATE"):
                yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in a block is of one instant."""
        with self._block("BEGIN"):
            yield

    @contextmanager
    def _block(self, begin: str) -> Iterator[None]:
        with self._guard:
            connection, outer = self._open(), self._depth > 0
            try:
                self._depth += 1
                if not outer:
                    with self._translated():
                        if connection.in_transaction:
                            connection.execute("ROLLBACK")  # left by a Ctrl-C that no block has seen
                        connection.execute(begin)
                yield
            except BaseException:
                if not outer and connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = self._depth - 1 if outer else 0
            if not outer:
                self._commit(connection)

    def _commit(self, connection: sqlite3.Connection) -> None:
        try:
            with self._translated():
                connection.execute("COMMIT")
        finally:
            # A COMMIT that failed, as on a full disk, leaves the transaction open.
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def sound(self) -> list[str]:
        """What SQLite's own check finds wrong; empty if nothing."""
        found = [text for (text,) in self.query("PRAGMA quick_check")]
        return [] if found == ["ok"] else found

    def tidy(self) -> None:
        """Give back the room of what was removed, where it is worth it, and empty the log."""
        [[pages]], [[free]] = self.query("PRAGMA page_count"), self.query("PRAGMA freelist_count")
        if free * 4 > pages:
            self.query("VACUUM")
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.glob(f"{NAME}*") if path.is_file())

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        with self._guard:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def before_fork(self) -> None:
        """Close the connection, which opens again when it is needed: SQLite's cannot be carried over a fork.

        Its table of locks is in the process's memory, so the child's own new connections would take no lock, and
        the parent would remove the log under them.
        """
        self._guard.acquire()
        if self._connection is not None and not self._connection.in_transaction:
            self._connection.close()
            self._connection = None

    def after_fork(self, *, child: bool) -> None:
        """Go on after `before_fork`."""
        if not child:
            self._guard.release()
            return
        self._guard = threading.RLock()
        self._depth = 0
        self._lock.after_fork()
        if self._connection is not None:
            _of_parents.append(self._connection)  # not even closed
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._is_stale():
            self.close()
        if self._connection is None:
            if not self.exists():
                raise NoLibraryError(f"no library in {os.fspath(self.folder)!r}: add pictures to it first")
            self._connect("rw")
        assert self._connection is not None
        return self._connection

    def _open_for_writing(self) -> None:
        """What could only be read before, for want of rights or of room, may be written by now."""
        self.close()
        with self._translated():
            self._connection = self._try("?mode=rw")
        self.read_only, self._seen = not os.access(self.path, os.W_OK), None

    def _connect(self, mode: str) -> None:
        self.read_only, self._seen = False, None
        with self._translated():
            try:
                connection = self._try(f"?mode={mode}")
            except sqlite3.OperationalError as error:
                if mode == "rwc" or not _is_refusal(error):
                    raise
                connection = self._read_only()
        self._connection = connection

    def _read_only(self) -> sqlite3.Connection:
        self.read_only = True
        try:
            return self._try("?mode=ro")
        except sqlite3.OperationalError as error:
            log = Path(f"{self.path}-wal")
            if not _is_refusal(error) or (log.exists() and log.stat().st_size):
                raise
            # Readers too need a file of shared memory, which cannot be made here; but there is no log to share.
            self._seen = self._signature()
            return self._try("?mode=ro&immutable=1")

    def _is_stale(self) -> bool:
        """Whether an immutable connection shows what is no more."""
        if self._seen is None or self._connection is None or self._connection.in_transaction:
            return False
        return self._seen != self._signature()

    def _signature(self) -> tuple[int, ...]:
        """What tells that somebody else has written: an immutable connection would never see it."""
        log = Path(f"{self.path}-wal")
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns, log.stat().st_size if log.exists() else -1

    def _try(self, options: str) -> sqlite3.Connection:
        address = "file:" + quote(os.fsencode(self.path.absolute())) + options
        connection = sqlite3.connect(
            address, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True
        )
        try:
            # What a stranger has written into a schema shall call no function that reaches out of it.
            connection.execute("PRAGMA trusted_schema = OFF")
            self._check_ours(connection.execute("SELECT name, type, rootpage FROM sqlite_master").fetchall())
            writable = "mode=ro" not in options
            # Of a new file only. Of looks 13 go into such a page, of the usual 4 KB 3, with a seventh left over.
            connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
            if writable and connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                raise LibraryError(f"the file system of {os.fspath(self.folder)!r} cannot hold a write-ahead log")
            connection.execute("PRAGMA synchronous = FULL")
            # What a log has grown to it keeps, unless told: room that a full disk has no more.
            connection.execute("PRAGMA journal_size_limit = 0")
            # In KB; of the 2 MB that it takes by itself, the index of places outgrows all at some 20,000 files.
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
        if writable and not os.access(self.path, os.W_OK):
            self.read_only = True
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._in_our_words(error) from error

    def _check_ours(self, schema: list[tuple[str, str, int]]) -> None:
        if schema and not {name for name, _, _ in schema} & {"meta", "images"}:
            raise LibraryError(
                f"expected a library's catalog, got a database with other tables in {os.fspath(self.path)!r}: give "
                "the name of a new directory"
            )
        strange = [f"{kind} {name}" for name, kind, page in schema if kind not in ("table", "index") or not page]
        if strange:
            raise DamagedError(
                f"expected nothing but tables and their indexes in {os.fspath(self.path)!r}, got {', '.join(strange)}: "
                "no release makes such; do not use a library that has them"
            )

    def _is_brimful(self) -> bool:
        """Whether there is no room left: SQLite calls it an I/O error where it is a file of its own that has none."""
        try:
            return shutil.disk_usage(self.folder).free < _PAGE
        except OSError:
            return False

    def _in_our_words(self, error: sqlite3.Error) -> Exception:
        where, name = os.fspath(self.folder), getattr(error, "sqlite_errorname", "") or ""
        if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and self._is_brimful()):
            text = (
                "no space left for the library: what was acknowledged is kept; free some space and add the rest again"
            )
            return OSError(errno.ENOSPC, text, where)
        if name.startswith("SQLITE_IOERR"):
            return OSError(errno.EIO, f"the library's catalog cannot be read or written ({error}, {name})", where)
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return PermissionError(errno.EACCES, f"the library cannot be opened or written here ({error})", where)
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return LockedError(f"the library {where!r} is busy: its catalog was not free for {_BUSY_SECONDS:g} seconds")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "decode to UTF-8" in str(error):
            return DamagedError(
                f"the catalog {os.fspath(self.path)!r} is damaged ({error}): restore it from a backup, or recover what "
                "is left with SQLite's own .recover"
            )
        return LibraryError(f"the catalog {os.fspath(self.path)!r}: {error}") if name else error


if hasattr(os, "register_at_fork"):
    _held: list[SqliteStore] = []

    def _before() -> None:
        _held[:] = list(_stores)
        for store in _held:
            store.before_fork()

    def _after(child: bool) -> None:
        for store in _held:
            store.after_fork(child=child)
        _held.clear()

    os.register_at_fork(
        before=_before, after_in_parent=lambda: _after(child=False), after_in_child=lambda: _after(child=True)
    )


def _is_refusal(error: sqlite3.OperationalError) -> bool:
    name = getattr(error, "sqlite_errorname", "") or ""
    return name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR_SHM", "SQLITE_FULL"))
