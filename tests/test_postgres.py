"""What a library on a PostgreSQL server has of its own: see `make test-postgres`."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from library_help import codes, ready
from lookalike import Library, LockedError
from lookalike.library.postgres import PostgresStore, is_address

needs_server = pytest.mark.skipif("LOOKALIKE_POSTGRES" not in os.environ, reason="needs a server: make test-postgres")

HOLD = """
import sys, time
from lookalike.library.postgres import PostgresStore
with PostgresStore(sys.argv[1]).hold("a test", 0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_addresses() -> None:
    assert is_address("postgresql://host/db")
    assert is_address("postgres://host/db")
    assert not is_address("photos")
    assert not is_address(Path("postgresql://host/db"))


def test_a_password_is_not_told() -> None:
    store = PostgresStore("postgresql://me:secret@host/db?schema=shop")
    assert store.schema == "shop"
    assert store.told == "postgresql://me:...@host/db?schema=shop"
    assert "secret" not in repr(store.home) + repr(store.index_folder)


def test_schemas_need_no_quotes() -> None:
    with pytest.raises(ValueError, match="expected a schema of small letters"):
        PostgresStore('postgresql://host/db?schema="x"')


@needs_server
def test_the_second_writer_is_told_who_is_first(location: str) -> None:
    library = Library(location)
    library.add_fingerprints(ready(codes(3)))
    holder = subprocess.Popen([sys.executable, "-c", HOLD, location], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder, holder.stdout:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"process {holder.pid} .*: a test\)"):
            library.add_fingerprints(ready(codes(5)))
        assert len(library) == 3
        holder.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        # The server notices at its next look at the connection.
        try:
            library.add_fingerprints(ready(codes(5)))
            break
        except LockedError:
            time.sleep(0.05)
    assert len(library) == 5


@needs_server
def test_a_connection_that_broke_is_made_anew(location: str) -> None:
    import psycopg

    library = Library(location)
    library.add_fingerprints(ready(codes(3)))
    with psycopg.connect(os.environ["LOOKALIKE_POSTGRES"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(RuntimeError, match=r"the library on|does not answer"):
        len(library)
    assert len(library) == 3


@needs_server
def test_each_machine_has_its_own_index(location: str, tmp_path: Path) -> None:
    one, two = Library(location, index=tmp_path / "one"), Library(location, index=tmp_path / "two")
    values = codes(200, seed=5)
    one.add_fingerprints(ready(values))
    one.compact()
    two.compact()
    assert [len(list((tmp_path / name).glob("*.seg"))) for name in ("one", "two")] == [2, 2]
    one.remove(["image 7"])
    one.compact()
    query = ready(values)[7]["phash"]
    for library in (one, two):
        found = library.search(query, kinds="phash", k=3)
        assert len(found) == 3
        assert "image 7" not in set(found["image"])
        assert library.verify().ok


@needs_server
def test_texts_with_a_zero_character(location: str) -> None:
    library = Library(location)
    library.add_fingerprints(ready(codes(1), names=["a\0b"]))
    assert library.frame()["image"].tolist() == ["a\\x00b"]


@needs_server
def test_a_child_does_not_end_the_parents_connection(location: str) -> None:
    library = Library(location)
    library.add_fingerprints(ready(codes(3)))
    child = os.fork()
    if child == 0:
        os._exit(0 if len(library) == 3 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(library) == 3


@needs_server
def test_a_copy_keeps_the_password(location: str) -> None:
    address = location.replace("://lookalike@", "://lookalike:secret@")
    library = Library(address)
    library.add_fingerprints(ready(codes(3)))
    again = pickle.loads(pickle.dumps(library))
    assert again._opened.given == address
    assert len(again) == 3
    assert "secret" not in repr(again)
