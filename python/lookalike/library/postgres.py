"""The catalog's store on a PostgreSQL server, for a team that shares one library.

The library's tables stand in a schema of their own: `lookalike`, or the one that the address names, as in
`postgresql://host/database?schema=shop`. The index is on the machine that searches: each has its own folder, and the
catalog lists the files of each apart.
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from ..errors import LibraryError, LockedError, MissingExtraError
from .lock import holder_text, who
from .sql import SCHEMA

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresStore", "is_address"]

_WORDS = {"big": "BIGINT", "blob": "BYTEA", "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}
_SCHEMES = ("postgresql://", "postgres://")
_SCHEMA_NAME = re.compile("[a-z_][a-z0-9_]{0,40}")
_FETCH = 10_000
_LOOK = 0.1
# Any number of ours: advisory locks have numbers, and this one's second half is the schema's.
_LOCK = 0x4C6B6C6B


def is_address(location: object) -> bool:
    """Whether a location is a server's address."""
    return isinstance(location, str) and location.startswith(_SCHEMES)


_stores: weakref.WeakSet[PostgresStore] = weakref.WeakSet()
_of_parents: list[psycopg.Connection[Any]] = []


class PostgresStore:
    """One connection, shared by the threads of a process in turn; see `catalog.Store`.

    Attributes:
        told: the location as errors tell it, without a password.
        home: which of the catalog's segments are ours: this machine's name and the folder of our index.
        read_only: whether nothing can be written there.
        schema: whose tables they are.
    """

    def __init__(self, location: str, index: str | os.PathLike[str] | None = None) -> None:
        self._address, self.schema = _parted(location)
        self.told = _without_password(location)
        self._index = Path(index).absolute() if index is not None else _cache_folder(self._address, self.schema)
        self.home = f"{socket.gethostname()}:{os.fspath(self._index)}"
        self.read_only = False
        self._guard = threading.RLock()
        self._connection: psycopg.Connection[Any] | None = None
        self._process = 0
        self._depth = 0
        _stores.add(self)

    @property
    def index_folder(self) -> Path:
        """Where this machine's segments are."""
        return self._index

    def exists(self) -> bool:
        """Whether the schema has a catalog."""
        return self.query("SELECT to_regclass(?)", (f"{self.schema}.meta",)) != [(None,)]

    def prepare(self) -> None:
        """Nothing: the lock is the server's."""

    def make(self) -> None:
        """Make the schema and the tables, where they are not there."""
        with self.transaction():
            self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            self.change(SCHEMA)

    def change(self, statements: Iterable[str]) -> None:
        """Make or change tables, in the words of this database."""
        with self.transaction():
            for statement in statements:
                self.execute(statement.format_map(_WORDS))

    @contextmanager
    def hold(self, what: str, wait: float = 0.0) -> Iterator[None]:
        """Take the writer's lock for the time of a block.

        It is an advisory lock of a connection of its own: the server frees it when its holder dies.

        Raises:
            LockedError: if another holds it still.
        """
        with self._translated():
            connection = self._connect()
        try:
            deadline = time.monotonic() + wait
            while not self._try_lock(connection, who(what)):
                if time.monotonic() >= deadline:
                    raise LockedError(holder_text(self._holder(connection), self.told, wait))
                time.sleep(_LOOK)
            yield
        finally:
            # A server notices only after a while that a connection was closed.
            with suppress(Exception):
                connection.execute("SELECT pg_advisory_unlock_all()")
            connection.close()

    def _try_lock(self, connection: psycopg.Connection[Any], holder: dict[str, object]) -> bool:
        with self._translated():
            # What a lock is for is told by the name of its connection: 63 bytes, enough for the most of it.
            taken = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LOCK, self.schema)).fetchone()
            if taken != (True,):
                return False
            told = json.dumps(
                [holder["pid"], str(holder["host"])[:12], str(holder["user"])[:10], str(holder["what"])[:18]]
            )
            connection.execute("SELECT set_config('application_name', %s, false)", (told,))
            return True

    def _holder(self, connection: psycopg.Connection[Any]) -> dict[str, object]:
        with self._translated():
            found = connection.execute(
                "SELECT application_name, query_start FROM pg_stat_activity JOIN pg_locks USING (pid)"
                " WHERE locktype = 'advisory' AND granted"
                " AND classid = %s AND objid = hashtext(%s)::bigint & 4294967295",
                (_LOCK, self.schema),
            ).fetchone()
        with suppress(ValueError, TypeError):
            pid, host, user, what = json.loads(found[0])  # type: ignore[index]
            since = found[1].isoformat(timespec="seconds")  # type: ignore[index]
            return {"pid": pid, "host": host, "user": user, "since": since, "what": what}
        return {}

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        with self._guard, self._translated():
            return self._open().execute(_spelled(statement), _plain(values)).fetchall()

    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """An answer in parts of some thousand rows. To be read to its end inside one `snapshot`."""
        with self._guard, self._translated(), self._open().cursor("stream") as cursor:
            cursor.execute(_spelled(statement), _plain(values))
            while part := cursor.fetchmany(_FETCH):
                yield part

    def execute(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change something; how many rows it was. To be called inside a `transaction`."""
        with self._guard, self._translated():
            return self._open().execute(_spelled(statement), _plain(values)).rowcount

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """The same change for each row of values. To be called inside a `transaction`."""
        with self._guard, self._translated(), self._open().cursor() as cursor:
            cursor.executemany(_spelled(statement), [_plain(row) for row in rows])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes of a block, or none. In a block already open, a part of that."""
        with self._block("BEGIN"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in a block is of one instant."""
        with self._block("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def _block(self, begin: str) -> Iterator[None]:
        with self._guard:
            with self._translated():
                connection = self._open()
            outer = self._depth > 0
            try:
                self._depth += 1
                if not outer:
                    with self._translated():
                        if _in_transaction(connection):
                            connection.execute("ROLLBACK")  # left by a Ctrl-C that no block has seen
                        connection.execute(begin)
                yield
            except BaseException:
                if not outer and not connection.closed and _in_transaction(connection):
                    with suppress(Exception):  # the connection may have broken: then the server rolls back
                        connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = self._depth - 1 if outer else 0
            if not outer:
                with self._translated():
                    connection.execute("COMMIT")

    def sound(self) -> list[str]:
        """What is found wrong with the database: a server checks its own."""
        self.query("SELECT count(*) FROM images")
        return []

    def tidy(self) -> None:
        """Give back the room of what was removed."""
        for table in ("images", "looks", "keypoints", "keypoint_bytes", "removed"):
            self.execute(f"VACUUM {table}")

    def size(self) -> int:
        """Bytes on the server's disk."""
        tables = "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        [[size]] = self.query(f"{tables} WHERE nspname = ? AND relkind = 'r'", (self.schema,))
        return int(size or 0)

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        with self._guard:
            connection, self._connection = self._connection, None
            if connection is not None and self._process == os.getpid():
                connection.close()

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    def after_fork(self) -> None:
        """In a child: the connection is the parent's, and the thread that holds the guard may not be here."""
        self._guard, self._depth = threading.RLock(), 0
        if self._connection is not None:
            _of_parents.append(self._connection)  # never closed here: that would end the parent's
            self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._connection
        if connection is None or connection.closed or self._process != os.getpid():
            # A connection must not be carried over a fork, and one that broke is made anew.
            connection = self._connect()
            self._connection, self._process = connection, os.getpid()
        return connection

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtraError(
                "a library on PostgreSQL needs psycopg: pip install 'lookalike[postgres]'"
            ) from error
        connection = psycopg.connect(self._address, autocommit=True)
        connection.execute("SELECT set_config('search_path', %s, false)", (self.schema,))
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            ours = self._in_our_words(error)
            if ours is error:
                raise
            raise ours from error

    def _in_our_words(self, error: Exception) -> Exception:
        if type(error).__module__.partition(".")[0] != "psycopg":
            return error
        state, said = getattr(error, "sqlstate", None) or "", " ".join(str(error).split())
        if state == "53100":
            text = (
                "no space left for the library: what was acknowledged is kept; free some space and add the rest again"
            )
            return OSError(errno.ENOSPC, text, self.told)
        if state in ("42501", "25006"):
            return PermissionError(errno.EACCES, f"the library cannot be written with this account ({said})", self.told)
        if state.startswith("08") or not state:
            return LibraryError(f"the library's server {self.told!r} does not answer: {said}")
        return LibraryError(f"the library on {self.told!r}: {said}")


def _after_fork() -> None:
    for store in list(_stores):
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@lru_cache(maxsize=256)
def _spelled(statement: str) -> Any:
    """A statement with PostgreSQL's sign for a value."""
    return statement.replace("%", "%%").replace("?", "%s")


def _plain(values: Sequence[Any]) -> list[Any]:
    """Values as the server takes them: its texts hold no zero character."""
    return [value.replace("\0", "\\x00") if isinstance(value, str) and "\0" in value else value for value in values]


def _in_transaction(connection: psycopg.Connection[Any]) -> bool:
    # 0 is idle; others are in a transaction, sound or failed.
    return connection.info.transaction_status != 0


def _parted(location: str) -> tuple[str, str]:
    """The address without the schema, and the schema.

    Raises:
        ValueError: if the schema's name would need quoting.
    """
    parts = urlsplit(location)
    options = parse_qsl(parts.query, keep_blank_values=True)
    schema = dict(options).get("schema", "lookalike")
    if not _SCHEMA_NAME.fullmatch(schema):
        raise ValueError(f"expected a schema of small letters, digits and underscores, got {schema!r}")
    rest = urlencode([option for option in options if option[0] != "schema"], quote_via=quote)
    return urlunsplit(parts._replace(query=rest)), schema


def _without_password(location: str) -> str:
    return re.sub(r"(?<=://)([^:/@]*):[^@]*@", r"\1:...@", location)


def _cache_folder(address: str, schema: str) -> Path:
    """Where the index is unless the user says: a folder of this user's for each library."""
    import hashlib

    base = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    name = hashlib.sha256(f"{_without_password(address)} {schema}".encode()).hexdigest()[:16]
    return Path(base or Path.home() / ".cache") / "lookalike" / name
