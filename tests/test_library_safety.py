"""What can go wrong with a library: other processes, kills, full disks, damage, versions."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from library_help import codes, picture, ready, saved
from lookalike import (
    DamagedError,
    Library,
    LibraryError,
    LockedError,
    MismatchError,
    NewerError,
    NoLibraryError,
    fingerprint,
)
from lookalike.library import folding
from lookalike.library.sql import SCHEMA_VERSION

pytestmark = pytest.mark.directory

TESTS = Path(__file__).resolve().parent


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process with the library and its helpers."""
    code = f"import sys; sys.path.insert(0, {str(TESTS)!r})\nfrom library_help import *\n{textwrap.dedent(code)}"
    command = [sys.executable, "-u", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


WRITER = """
    library = Library(sys.argv[1])
    for row in library.add_rows(sys.argv[2:]):
        print(row["row"])
        sys.stdin.readline()
    print("done")
"""


def test_reader_sees_rows_at_once_and_second_writer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = saved(tmp_path / "photos", *range(4))
    Library(tmp_path / "lib").add(paths[:1])
    reader = Library(tmp_path / "lib")
    assert len(reader.search(picture(2), radius=0)) == 0
    with start(WRITER, tmp_path / "lib", *paths) as writer:
        assert line(writer) == "1"
        assert list(reader.search(picture(2), radius=0)["row"]) == [3]
        with pytest.raises(LockedError, match=rf"process {writer.pid} of .* on .* \(since 20.*: add\)"):
            reader.add(paths)
        begun = time.monotonic()
        with pytest.raises(LockedError, match=r"still, after 0\.2 seconds"):
            reader.remove(paths, wait=0.2)
        assert time.monotonic() - begun < 2
        writer.communicate("\n" * 9, timeout=20)
    assert reader.add(paths).unchanged == 4


def test_second_writer_waits(tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", *range(2))
    with start(WRITER, tmp_path / "lib", paths[0]) as writer:
        line(writer)
        threading.Timer(0.3, writer.communicate, ["\n" * 9]).start()
        assert Library(tmp_path / "lib").add(paths[1], wait=20).added == 1
        writer.wait(20)


def test_lock_of_a_dead_writer_is_free(tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", *range(2))
    with start(WRITER, tmp_path / "lib", *paths) as writer:
        line(writer)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    assert str(writer.pid) in (tmp_path / "lib" / "lock").read_text()
    assert Library(tmp_path / "lib").add(paths).unchanged == 2


def test_own_writing_within_a_loop(tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", *range(3))
    library = Library(tmp_path / "lib")
    for row in library.add_rows(paths):
        if row["row"] == 2:
            assert library.remove(rows=1) == 1
    assert list(library.frame()["row"]) == [2, 3]


def test_other_threads_take_turns(tmp_path: Path) -> None:
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(codes(200)))
    errors: list[BaseException] = []

    def look() -> None:
        try:
            for _ in range(20):
                assert len(library.search("0" * 16, kinds="phash", k=5)) == 5
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        library.add_fingerprints(ready(codes(5, seed=number), [f"{number} {n}" for n in range(5)]))
    for thread in threads:
        thread.join()
    assert not errors
    assert len(library) == 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork(tmp_path: Path) -> None:
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(codes(5)))
    library.search("0" * 16, kinds="phash", k=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            library.add_fingerprints(ready(codes(5, seed=1), [f"child {n}" for n in range(5)]))
            os._exit(len(library.search("0" * 16, kinds="phash", k=99)))
        finally:
            os._exit(77)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 10
    assert len(library.search("0" * 16, kinds="phash", k=99)) == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_parent_that_closes_takes_nothing_from_its_child(tmp_path: Path) -> None:
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(codes(5)))
    to_child, to_parent = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            library.add_fingerprints(ready(codes(5, seed=1), [f"first {n}" for n in range(5)]))
            os.write(to_parent[1], b"x")
            os.read(to_child[0], 1)
            library.add_fingerprints(ready(codes(5, seed=2), [f"second {n}" for n in range(5)]))
        finally:
            os._exit(0)
    os.read(to_parent[0], 1)
    library.close()
    os.write(to_child[1], b"x")
    os.waitpid(child, 0)
    assert len(Library(tmp_path / "lib")) == 15
    for end in (*to_child, *to_parent):
        os.close(end)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_lock_is_not_carried_over_a_fork(tmp_path: Path) -> None:
    """A child is not the writer that its parent is, and does not keep the lock when the parent lets go."""
    library = Library(tmp_path / "lib")
    rows = library.add_rows(saved(tmp_path / "photos", 1, 2))
    next(rows)
    to_child, to_parent = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        try:
            library.remove(rows=1)
        except LockedError:
            os.write(to_parent[1], b"refused")
            os.read(to_child[0], 1)
        finally:
            os.write(to_parent[1], b"not refused")
            os._exit(0)
    assert os.read(to_parent[0], 99) == b"refused"
    list(rows)
    assert Library(tmp_path / "lib").add(picture(3)).added == 1
    os.write(to_child[1], b"x")
    os.waitpid(child, 0)
    for end in (*to_child, *to_parent):
        os.close(end)


def test_relative_location_and_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    library = Library("lib", index="fast")
    library.add(picture(1))
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    library.add(picture(2))
    library.compact()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fast", "lib", "sub"]
    assert len(library) == 2


def test_two_libraries_share_a_folder_for_the_index(tmp_path: Path) -> None:
    one, two = (Library(tmp_path / name, index=tmp_path / "fast") for name in ("one", "two"))
    for library in (one, two, one):
        library.add_fingerprints(ready(codes(20)))
        library.compact()
    assert one.verify().ok
    assert two.verify().ok


def test_removed_before_they_were_in_a_file(tmp_path: Path) -> None:
    writer, reader = Library(tmp_path / "lib"), Library(tmp_path / "lib")
    writer.add_fingerprints(ready(np.zeros((3, 16), np.uint8)))
    reader.add_fingerprints([])
    assert len(reader.search("0" * 16, kinds="phash", k=9)) == 3
    writer.remove(rows=[1, 2, 3])
    writer.compact()
    writer.add_fingerprints(ready(codes(1), ["new"]))
    assert list(reader.search("0" * 16, kinds="phash", k=1)["image"]) == ["new"]


@pytest.mark.parametrize("how", ["empty", "gone"])
def test_index_without_its_catalog(indexed: Library, how: str) -> None:
    folder = Path(indexed._opened.location)
    indexed.close()
    (folder / "catalog.sqlite").unlink()
    if how == "empty":
        (folder / "catalog.sqlite").touch()
    before = segments(indexed)
    with pytest.raises(DamagedError, match="restore"):
        Library(folder).add(picture(1))
    assert segments(indexed) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "x"),
        ("kinds", "{"),
        ("kinds", '["zzz"]'),
        ("kinds", '["crop_resistant"]'),
        ("last", "x"),
        ("generation", ""),
        ("recipe", b"standard/2"),
        ("made", b"0.1"),
        ("id", b"0" * 32),
    ],
)
def test_damaged_notes(indexed: Library, key: str, value: str | bytes) -> None:
    change_meta(indexed, key, value)
    with pytest.raises(DamagedError, match="backup"):
        Library(indexed._opened.location).search("0" * 16, kinds="phash")


def test_looks_that_are_no_bytes(tmp_path: Path) -> None:
    image = Image.effect_noise((200, 150), 60)
    with Library(tmp_path / "library", kinds="phash") as library:
        library.add(image, image="a")
        assert library.search(image.resize((100, 75)))["image"].tolist() == ["a"]
    with sqlite3.connect(tmp_path / "library" / "catalog.sqlite") as connection:
        connection.execute("UPDATE looks SET look = 'text'")
    connection.close()
    with (
        Library(tmp_path / "library") as library,
        pytest.raises(DamagedError, match="row 1 is damaged: expected bytes as look"),
    ):
        library.search(image.resize((100, 75)))


KILLED = """
    from lookalike.library import folding, writing, ready as part
    folding.TAIL, writing.ROWS, part._PART = 7, 2, 3
    library = Library(sys.argv[1])
    seed = int(sys.argv[2])
    for turn in range(1000):
        names = [f"{seed} {turn} {n}" for n in range(10)]
        library.add_fingerprints(ready(codes(10, seed=seed * 1000 + turn), names))
        print(*names, sep="|")
        if turn % 3 == 2:
            library.remove(names[:2])
            print("-", *names[:2], sep="|")
        if turn % 5 == 4:
            library.compact()
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Every acknowledged row is there, and the index says what the catalog says."""
    there: set[str] = set()
    doubtful: set[str] = set()
    for turn in range(8):
        with start(KILLED, tmp_path / "lib", turn) as writer:
            first = line(writer)
            time.sleep(0.02 * turn)
            writer.send_signal(signal.SIGKILL)
            rest = writer.communicate()[0]
        for text in [first, *rest.splitlines()]:
            head, *names = text.split("|")
            if head == "-":
                there -= set(names)
            elif len(names) == 9:
                there |= {head, *names}
        library = Library(tmp_path / "lib")
        found = set(library.frame()["image"])
        doubtful = {name for name in there - found if name[-1] in "01"}  # removed, and killed before it was told
        assert there - doubtful <= found
        there -= doubtful
        verified = library.verify()
        assert verified.ok, str(verified)
        everything = library.search("0" * 16, kinds="phash", radius=64)
        assert set(everything["image"]) == found
        library.close()
    Library(tmp_path / "lib").compact()
    assert Library(tmp_path / "lib").verify().ok


@pytest.fixture
def indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library with some segments."""
    monkeypatch.setattr(folding, "TAIL", 10)
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(codes(100)))
    library.add_fingerprints(ready(codes(20, seed=1), [f"later {n}" for n in range(20)]))
    assert library.stats()["segments"] == 4
    return library


def segments(library: Library) -> list[Path]:
    return sorted(Path(library._opened.store.index_folder).iterdir())


@pytest.mark.parametrize("how", ["cut", "gone", "other", "empty", "text"])
def test_bad_segment_is_not_believed(indexed: Library, how: str) -> None:
    expected = indexed.search("0" * 16, kinds="phash", radius=30)
    one, *_, last = [path for path in segments(indexed) if path.name.startswith("phash")]
    data = {"cut": one.read_bytes()[:-9], "other": last.read_bytes(), "empty": b"", "text": b"no index" * 99}
    one.unlink()
    if how in data:
        one.write_bytes(data[how])
    reader = Library(indexed._opened.location)
    with pytest.warns(UserWarning, match=one.name):
        found = reader.search("0" * 16, kinds="phash", radius=30)
    assert found.equals(expected)
    verified = reader.verify()
    assert not verified.ok
    assert one.name in str(verified)
    assert reader.verify(repair=True).ok
    assert Library(indexed._opened.location).search("0" * 16, kinds="phash", radius=30).equals(expected)


def test_flipped_bit_is_found_and_mended(indexed: Library) -> None:
    expected = indexed.search("0" * 16, kinds="phash", radius=30)
    one = max(segments(indexed), key=lambda path: (path.name.startswith("phash"), path.stat().st_size))
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 4
    one.write_bytes(data)
    library = Library(indexed._opened.location)
    assert not library.verify().ok
    library.rebuild()
    assert library.verify().ok
    assert library.search("0" * 16, kinds="phash", radius=30).equals(expected)


def test_flipped_bit_is_not_handed_on(indexed: Library) -> None:
    one = max(segments(indexed), key=lambda path: (path.name.startswith("phash"), path.stat().st_size))
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 4
    one.write_bytes(data)
    Library(indexed._opened.location).compact()
    assert Library(indexed._opened.location).verify().ok


def test_segment_of_another_library_is_not_believed(indexed: Library, tmp_path: Path) -> None:
    other = Library(tmp_path / "other")
    other.add_fingerprints(ready(codes(100, seed=7)))
    theirs, mine = (next(p for p in segments(one) if p.name.startswith("phash-1-")) for one in (other, indexed))
    shutil.copy(theirs, mine)
    with pytest.warns(UserWarning, match="expected library"):
        Library(indexed._opened.location).search("0" * 16, kinds="phash", radius=30)


def test_stray_files_are_reported_and_swept(indexed: Library) -> None:
    sign = indexed._opened.catalog.head.id[:8]
    folder = segments(indexed)[0].parent
    strays = [folder / f"phash-99-{sign}.seg", folder / f".phash-9-{sign}.seg.77-1.tmp"]
    others = [folder / "phash-99.seg", folder / "my.segments.csv", folder / "phash-9-12345678.seg"]
    for path in strays + others:
        path.write_bytes(b"left behind by a kill, or not ours")
    verified = indexed.verify()
    assert verified.ok
    assert f"phash-99-{sign}.seg: not used" in str(verified)
    indexed.add_fingerprints(ready(codes(1), ["one more"]))
    assert [path.exists() for path in strays] == [False, False]
    assert [path.exists() for path in others] == [True] * 3


def test_index_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "TAIL", 10)
    library = Library(tmp_path / "lib", index=tmp_path / "fast")
    library.add_fingerprints(ready(codes(20)))
    assert len(list((tmp_path / "fast").iterdir())) == 2
    assert not (tmp_path / "lib" / "index").exists()
    assert library.verify().ok


def change_meta(library: Library, key: str, value: str | bytes) -> None:
    library.close()
    with sqlite3.connect(Path(library._opened.location) / "catalog.sqlite") as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
    connection.close()


def test_newer_library_is_left_alone(indexed: Library) -> None:
    change_meta(indexed, "schema", str(SCHEMA_VERSION + 1))
    with pytest.raises(NewerError, match="pip install -U"):
        Library(indexed._opened.location)


def test_recipe_of_another_release(indexed: Library) -> None:
    change_meta(indexed, "recipe", "standard/1")
    with pytest.raises(MismatchError, match="another release"):
        Library(indexed._opened.location)


@pytest.mark.parametrize("how", ["text", "middle"])
def test_damaged_catalog(indexed: Library, how: str) -> None:
    path = Path(indexed._opened.location) / "catalog.sqlite"
    indexed.close()
    data = bytearray(path.read_bytes())
    data[:] = b"no database, but a text" * 50 if how == "text" else data[:4096] + b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    for name in ("catalog.sqlite-wal", "catalog.sqlite-shm"):
        path.with_name(name).unlink(missing_ok=True)
    with pytest.raises(DamagedError, match="backup"):
        Library(indexed._opened.location).frame()


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(codes(10)))
    [[pages]] = library._opened.store.query("PRAGMA page_count")
    library._opened.store.query(f"PRAGMA max_page_count = {pages + 20}")
    told: list[int] = []

    def fill() -> None:
        for number in range(1000):
            told.append(library.add_fingerprints(ready(codes(10), [f"{number} {n}" for n in range(10)])).added)

    with pytest.raises(OSError, match="no space left") as caught:
        fill()
    assert caught.value.errno == errno.ENOSPC
    assert len(library.search("0" * 16, kinds="phash", radius=64)) == 10 + sum(told)
    library._opened.store.query("PRAGMA max_page_count = 1000000")
    assert library.add_fingerprints(ready(codes(10), [f"after {n}" for n in range(10)])).added == 10
    assert library.verify().ok


def test_no_room_for_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folding, "TAIL", 10)
    library = Library(tmp_path / "lib")
    with monkeypatch.context() as patch:
        patch.setattr(folding, "_write", refuse)
        with pytest.warns(UserWarning, match="index could not be written"):
            assert library.add_fingerprints(ready(codes(20))).added == 20
    assert len(library.search("0" * 16, kinds="phash", radius=64)) == 20
    library.compact()
    assert library.stats()["segments"] == 2


def read_only(folder: Path) -> bool:
    """Make a folder read-only, if that keeps us out."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return not os.access(folder, os.W_OK)


def test_read_only_directory(indexed: Library) -> None:
    expected = indexed.search("0" * 16, kinds="phash", radius=30)
    folder = Path(indexed._opened.location)
    indexed.close()
    if not read_only(folder):
        pytest.skip("this user may write everywhere")
    try:
        library = Library(folder)
        assert library.search("0" * 16, kinds="phash", radius=30).equals(expected)
        assert library.verify().ok
        with pytest.raises(PermissionError, match="read-only"):
            library.add(picture(1))
    finally:
        folder.chmod(0o755)


def test_catalog_without_shared_memory(indexed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only file system: opened for reading only, where no file can be made."""
    expected = indexed.search("0" * 16, kinds="phash", radius=30)
    indexed.close()
    tried = []
    connect = sqlite3.connect

    def refuse(address: str, **options: object) -> sqlite3.Connection:
        tried.append(address.partition("?")[2])
        if "immutable" in address:
            return connect(address, **options)  # type: ignore[arg-type, no-any-return, call-overload]
        return connect("file:/nonexistent/a?mode=ro", **options)  # type: ignore[arg-type, no-any-return, call-overload]

    monkeypatch.setattr(sqlite3, "connect", refuse)
    library = Library(indexed._opened.location)
    assert library.search("0" * 16, kinds="phash", radius=30).equals(expected)
    assert tried == ["mode=rw", "mode=ro", "mode=ro&immutable=1"]
    assert library._opened.store.read_only
    with pytest.raises(PermissionError):
        library.remove(rows=1)
    monkeypatch.undo()
    writer = Library(indexed._opened.location)
    writer.add_fingerprints(ready(codes(1, seed=5), ["new"]))
    assert "new" in set(library.search("0" * 16, kinds="phash", radius=64)["image"])
    assert library.remove("new") == 1


def test_killed_while_it_was_made(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    connection = sqlite3.connect(tmp_path / "lib" / "catalog.sqlite")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    library = Library(tmp_path / "lib")
    assert not library.exists
    with pytest.raises(NoLibraryError):
        library.frame()
    assert library.add(picture(1)).added == 1
    assert library.search(fingerprint(picture(1), kinds=["phash"]))["row"][0] == 1


def test_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lib" / "catalog.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryError, match="other tables"):
        Library(tmp_path / "lib").add(picture(1))
    assert path.read_bytes() == before


def test_damaged_facts_are_named(tmp_path: Path) -> None:
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(codes(2)), price=1)
    library.close()
    connection = sqlite3.connect(tmp_path / "lib" / "catalog.sqlite")
    connection.execute("UPDATE images SET facts = '{\"pri' WHERE number = 2")
    connection.commit()
    connection.close()
    with pytest.raises(DamagedError, match="row 2"):
        library.frame()
    assert library.remove(rows=2) == 1
    assert len(library.frame()) == 1


def test_compacting_what_is_compact_tells_the_readers(tmp_path: Path) -> None:
    """A reader that holds rows in memory must hear of their removal, though no file has to be written."""
    Library(tmp_path / "lib").add_fingerprints(ready(codes(5, seed=3)))
    Library(tmp_path / "lib").compact()
    Library(tmp_path / "lib").add_fingerprints(ready(np.zeros((2, 16), np.uint8), ["gone", "gone too"]))
    reader = Library(tmp_path / "lib")
    assert reader.search("0" * 16, kinds="phash", k=1)["image"][0] == "gone"
    Library(tmp_path / "lib").remove(["gone", "gone too"])
    Library(tmp_path / "lib").compact()
    assert reader.search("0" * 16, kinds="phash", k=1)["image"][0].startswith("image")
