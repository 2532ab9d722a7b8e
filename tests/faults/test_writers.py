"""Several processes at one library: one writes, the others are told who does, or read what is acknowledged."""

from __future__ import annotations

import os
import random
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from lookalike import Library
from lookalike.errors import LockedError

from .brute import check_search
from .places import other, ready, segments, small_folds

HOLD = """
library = Library(sys.argv[1])
rows = library.add_rows(iter(sys.argv[2:]))
for row in rows:
    print(row['status'], flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """One with rows in segments, a removed row, and a tail."""
    small_folds(monkeypatch)
    library = Library(tmp_path / "library")
    library.add_fingerprints(ready(60))
    library.add_fingerprints(ready(7, 1, "tail "))
    library.remove("image 5")
    return library


def test_a_second_writer_is_told_who_holds_the_lock(library: Library, tmp_path: Path, photo: Path) -> None:
    with other(HOLD, tmp_path / "library", photo) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "added\n"
        for work in (lambda: library.remove("image 1"), library.compact, lambda: library.add(photo)):
            with pytest.raises(LockedError) as caught:  # each of them: asking must not wipe out the answer
                work()
            for told in (str(holder.pid), socket.gethostname(), "since", "add", "wait"):
                assert told in str(caught.value)
        holder.kill()
        holder.wait()
        assert library.remove("image 1") == 1  # at once


def test_a_writer_waits_if_it_is_told_to(library: Library, tmp_path: Path, photo: Path) -> None:
    with other(HOLD, tmp_path / "library", photo) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        with pytest.raises(LockedError, match=r"0\.2 seconds"):
            library.remove("image 1", wait=0.2)
        holder.stdin.close()
        assert library.remove("image 1", wait=30) == 1


READ = """
library = Library(sys.argv[1])
warnings.simplefilter('error')
for line in sys.stdin:
    print(*library.search(line.strip(), kinds='phash', radius=0)['image'], flush=True)
"""


def test_readers_see_rows_as_soon_as_they_are_acknowledged(library: Library, tmp_path: Path) -> None:
    """Through adding, folding, removing and compacting, whose files are replaced under the readers."""
    with ExitStack() as stack:
        readers = [stack.enter_context(other(READ, tmp_path / "library")) for _ in range(2)]

        def ask(code: str) -> list[str]:
            for reader in readers:
                print(code, file=reader.stdin, flush=True)
            return [reader.stdout.readline().strip() for reader in readers if reader.stdout]

        for number in range(12):
            rows = ready(9, 100 + number, f"{number}-")
            library.add_fingerprints(rows)
            assert ask(rows[8]["phash"]) == [f"{number}-8"] * 2
            library.remove(f"{number}-8")
            assert ask(rows[8]["phash"]) == [""] * 2
            if number % 5 == 4:
                library.compact()
            assert ask(rows[0]["phash"]) == [f"{number}-0"] * 2
        assert len(segments(library)) >= 2
    assert [reader.returncode for reader in readers] == [0, 0]


def test_the_nearest_is_no_row_that_is_gone(tmp_path: Path) -> None:
    """All rows go, and the log of removals with them, while a reader holds them in memory."""
    rows = ready(3)
    writer, reader = Library(tmp_path / "library"), Library(tmp_path / "library")
    writer.add_fingerprints(rows)
    assert list(reader.search(rows[0]["phash"], kinds="phash", k=1)["image"]) == ["image 0"]
    writer.remove([row["image"] for row in rows])
    writer.compact()
    writer.add_fingerprints(ready(1, 1, "new "))
    assert list(reader.search(rows[0]["phash"], kinds="phash", k=1)["image"]) == ["new 0"]
    check_search(reader, list(reader.rows()), random.Random(1))


CHURN = """
from lookalike.library import folding
folding.TAIL = 10
library, number = Library(sys.argv[1]), 0
while True:
    codes = [os.urandom(8).hex() for _ in range(12)]
    rows = [{'image': f'churn {number} {code}', 'phash': code, 'dhash': code} for code in codes]
    library.add_fingerprints(rows)
    library.remove([row['image'] for row in rows[:9]])
    number += 1
    if number % 4 == 0:
        library.compact()
"""


def test_looking_it_over_while_it_changes_finds_nothing_wrong(library: Library, tmp_path: Path) -> None:
    row = ready(60)[9]
    with other(CHURN, tmp_path / "library") as writer:
        try:
            end, looks = time.monotonic() + 2, 0
            while time.monotonic() < end:
                found = library.verify()
                assert found.ok, str(found)
                assert list(library.search(row["phash"], kinds="phash", radius=0)["image"]) == ["image 9"]
                looks += 1
        finally:
            writer.kill()
    assert looks > 5
    assert library.verify(repair=True).ok


def test_readers_that_are_killed_hold_up_nobody(library: Library, tmp_path: Path) -> None:
    """Not the writer, and not its log, which must be emptied now and then."""
    for number in range(3):
        with other(
            READ.replace("for line", "print(len(library), flush=True)\nfor line"), tmp_path / "library"
        ) as reader:
            assert reader.stdout is not None
            reader.stdout.readline()
            print(ready(60)[1]["phash"], file=reader.stdin, flush=True)
            reader.kill()
            reader.wait()
        library.add_fingerprints(ready(30, 50 + number, f"{number}-"))
        library.compact()
        assert not (tmp_path / "library" / "catalog.sqlite-wal").stat().st_size
    assert library.verify().ok


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
class TestForks:
    """A process that is forked off has the library too."""

    def _fork(self, work: object) -> int:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work()  # type: ignore[operator]
                status = 0
            finally:
                os._exit(status)
        return child

    def _end(self, child: int) -> None:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_what_a_child_adds_stays_when_the_parent_closes(self, library: Library, tmp_path: Path) -> None:
        """SQLite keeps its table of locks in memory: inherited, it would let the parent drop the child's log."""
        assert len(library) == 66
        ready_, go = os.pipe(), os.pipe()

        def child() -> None:
            library.add_fingerprints(ready(5, 2, "child "))
            os.write(ready_[1], b"1")
            os.read(go[0], 1)
            library.add_fingerprints(ready(5, 3, "more "))
            library.close()

        number = self._fork(child)
        os.read(ready_[0], 1)
        library.close()
        os.write(go[1], b"1")
        self._end(number)
        assert len(Library(tmp_path / "library")) == 76
        for handle in (*ready_, *go):
            os.close(handle)

    def test_both_search(self, library: Library) -> None:
        rows = list(library.rows())
        dice = random.Random(1)
        number = self._fork(lambda: check_search(library, rows, dice))
        check_search(library, rows, dice)
        self._end(number)

    def test_a_child_does_not_keep_the_lock(self, library: Library, tmp_path: Path) -> None:
        go = os.pipe()
        with library._opened.writing("test"):
            number = self._fork(lambda: os.read(go[0], 1))
        assert Library(tmp_path / "library").remove("image 1") == 1
        os.write(go[1], b"1")
        self._end(number)
        for handle in go:
            os.close(handle)

    def test_a_child_that_ends_does_not_free_its_parents_lock(self, library: Library, tmp_path: Path) -> None:
        with library._opened.writing("test"):
            self._end(self._fork(lambda: None))
            with pytest.raises(LockedError, match=str(os.getpid())):
                Library(tmp_path / "library").remove("image 1")


def test_the_lock_of_this_very_process_holds_too(library: Library, tmp_path: Path) -> None:
    with library._opened.writing("test"), pytest.raises(LockedError, match=str(os.getpid())):
        Library(tmp_path / "library").remove("image 1")


def test_it_is_used_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is of the folder where it was given."""
    small_folds(monkeypatch, 5)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    library = Library("library", index="index of it")
    library.add_fingerprints(ready(20))
    monkeypatch.chdir(tmp_path / "elsewhere")
    library.add_fingerprints(ready(20, 1, "more "))
    library.close()
    assert len(library.search(ready(20)[3]["phash"], kinds="phash", radius=0)) == 1
    assert library.verify().ok
    assert not list((tmp_path / "elsewhere").iterdir())
    assert sys.platform == "win32" or len(list((tmp_path / "index of it").iterdir())) >= 2
