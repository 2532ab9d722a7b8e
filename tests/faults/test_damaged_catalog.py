"""A catalog that is damaged, gone or from another time: an error with advice, never a quiet loss."""

from __future__ import annotations

import os
import random
import sqlite3
import warnings
from pathlib import Path

import pytest

from lookalike import Library, LookalikeError
from lookalike.errors import DamagedError, LibraryError, NewerError

from .brute import check_search
from .places import other, ready, small_folds


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of 300 rows with an index, closed."""
    small_folds(monkeypatch)
    with Library(tmp_path / "library") as library:
        library.add_fingerprints(ready(300, owner="me", note="what the user told"))
    return tmp_path / "library"


def use(folder: Path) -> int:
    """All that a user does; how many rows there are."""
    with warnings.catch_warnings(), Library(folder) as library:
        warnings.simplefilter("ignore")
        count = len(list(library.rows()))
        library.search("0" * 16, kinds="phash", k=9)
        library.pairs(radius=2)
        library.stats()
        problems = library.verify().problems
        if problems:
            raise DamagedError(str(problems))
        return count


@pytest.mark.parametrize("size", [0, 1, 100, 4_096, 10_000])
def test_a_truncated_one_is_never_taken_for_a_new_library(size: int, folder: Path) -> None:
    os.truncate(folder / "catalog.sqlite", size)
    names = sorted(path.name for path in (folder / "index").iterdir())
    for work in (use, lambda folder: Library(folder).add_fingerprints(ready(1, 1, "new "))):
        with pytest.raises(LibraryError) as caught:
            work(folder)
        assert "catalog" in str(caught.value)
        assert any(word in str(caught.value) for word in ("restore", "backup", "recover"))
    assert sorted(path.name for path in (folder / "index").iterdir()) == names
    assert (folder / "catalog.sqlite").stat().st_size == size


@pytest.mark.parametrize("content", [bytes(40_960), b"noise" * 10_000, b"SQLite format 3\0" + bytes(5_000)])
def test_other_bytes_are_no_catalog(content: bytes, folder: Path) -> None:
    (folder / "catalog.sqlite").write_bytes(content)
    with pytest.raises(LibraryError, match=r"restore|backup|recover"):
        use(folder)


def test_one_that_is_gone_is_missed(folder: Path) -> None:
    (folder / "catalog.sqlite").unlink()
    with pytest.raises(LibraryError, match="catalog"):
        Library(folder).add_fingerprints(ready(1, 1, "new "))


def test_a_folder_in_its_place(folder: Path) -> None:
    (folder / "catalog.sqlite").unlink()
    (folder / "catalog.sqlite").mkdir()
    with pytest.raises((LookalikeError, OSError)):
        Library(folder).add_fingerprints(ready(1, 1, "new "))


def test_flipped_bits_are_an_error_or_harmless(folder: Path) -> None:
    """SQLite has no checksums: a bit of a name or a fact goes unnoticed. No row does, and all errors are ours."""
    path, dice = folder / "catalog.sqlite", random.Random(3)
    sound = path.read_bytes()
    noticed = 0
    for number in range(80):
        place = number if number < 40 else dice.randrange(len(sound))
        path.write_bytes(sound[:place] + bytes([sound[place] ^ (1 << dice.randrange(8))]) + sound[place + 1 :])
        for beside in ("catalog.sqlite-wal", "catalog.sqlite-shm"):
            (folder / beside).unlink(missing_ok=True)
        try:
            assert use(folder) == 300, f"byte {place}: rows are missing, and nothing is said"
        except (LookalikeError, OSError):
            noticed += 1
    assert noticed > 15


NOTES = [("schema", "abc"), ("schema", None), ("kinds", "{"), ("kinds", '["zzz"]'), ("recipe", None), ("last", "x")]


@pytest.mark.parametrize(("key", "value"), [*NOTES, ("generation", "-"), ("made", None), ("kinds", None)])
def test_damaged_notes(key: str, value: str | None, folder: Path) -> None:
    change(folder, key, value)
    try:
        assert use(folder) == 300
    except LibraryError as error:
        assert "catalog" in str(error)  # noqa: PT017
    else:
        assert key == "made"


def change(folder: Path, key: str, value: str | None) -> None:
    connection = sqlite3.connect(folder / "catalog.sqlite")
    with connection:
        if value is None:
            connection.execute("DELETE FROM meta WHERE key = ?", (key,))
        else:
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
    connection.close()


def test_a_newer_schema_is_left_untouched(folder: Path) -> None:
    change(folder, "schema", "99")
    content = (folder / "catalog.sqlite").read_bytes()
    for work in (use, lambda folder: Library(folder).add_fingerprints(ready(1, 1, "new "))):
        with pytest.raises(NewerError, match="newer release") as caught:
            work(folder)
        assert "pip install" in str(caught.value)
    assert (folder / "catalog.sqlite").read_bytes() == content


def test_a_log_that_was_deleted_takes_only_its_own_rows(folder: Path) -> None:
    """After a kill the last rows are in the log alone; whoever deletes it has an older library, and a sound one."""
    code = "library = Library(sys.argv[1]); library.add_fingerprints(%r); os.kill(os.getpid(), 9)"
    with other(code % ready(50, 1, "late "), folder):
        pass
    assert (folder / "catalog.sqlite-wal").stat().st_size
    (folder / "catalog.sqlite-wal").unlink()
    with Library(folder) as library:
        rows = list(library.rows())
        assert len(rows) == 300
        check_search(library, rows, random.Random(1))
        library.add_fingerprints(ready(50, 1, "late "))
        library.compact()
        assert library.verify().ok
        assert len(library) == 350


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    connection = sqlite3.connect(folder / "catalog.sqlite")
    with connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    connection.close()
    content = (folder / "catalog.sqlite").read_bytes()
    with pytest.raises((LookalikeError, OSError)):
        Library(folder).add_fingerprints(ready(1))
    assert (folder / "catalog.sqlite").read_bytes() == content
