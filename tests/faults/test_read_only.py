"""A directory that cannot be written: it is searched, and adding says what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike import Library

from .places import mounted, other, picture_folder, ready, small_folds


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A library on a file system that is read-only now."""
    small_folds(monkeypatch)
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as folder:
        with Library(folder / "library") as library:
            library.add_fingerprints(ready(50))
            library.add_fingerprints(ready(5, 1, "tail "))
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder / "library"


def test_it_is_searched_and_looked_over(read_only: Path) -> None:
    with Library(read_only) as library:
        for row in (ready(50)[3], ready(5, 1, "tail ")[4]):
            assert list(library.search(row["phash"], kinds="phash", radius=0)["image"]) == [row["image"]]
        assert len(library) == 55
        assert library.verify().ok
        assert library.stats()["images"] == 55
        assert len(list(library.rows())) == 55


@pytest.mark.parametrize("work", ["add", "add_ready", "remove", "compact", "rebuild"])
def test_changing_it_says_what_is_wrong(work: str, read_only: Path, tmp_path: Path) -> None:
    library = Library(read_only)
    calls = {
        "add": lambda: library.add(picture_folder(tmp_path / "pictures", 2)),
        "add_ready": lambda: library.add_fingerprints(ready(5, 3, "more ")),
        "remove": lambda: library.remove("image 3"),
        "compact": library.compact,
        "rebuild": library.rebuild,
    }
    with pytest.raises(OSError, match="read-only") as caught:
        calls[work]()
    assert "library" in str(caught.value)
    assert len(library) == 55


def test_one_that_was_killed_there_is_read(tmp_path: Path) -> None:
    """Its log is not empty."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as folder:
        code = "library = Library(sys.argv[1]); library.add_fingerprints(%r); os.kill(os.getpid(), 9)"
        with other(code % ready(50), folder / "library"):
            pass
        assert (folder / "library" / "catalog.sqlite-wal").stat().st_size
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        assert len(Library(folder / "library")) == 50  # the file of shared memory is there still
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        assert len(Library(folder / "library")) == 50


def test_a_new_one_cannot_be_made_there(read_only: Path) -> None:
    with pytest.raises(OSError, match="ead-only"):
        Library(read_only.parent / "new").add_fingerprints(ready(1))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody may look into: pytest's own are for their user alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


AS_NOBODY = """
own = Library(sys.argv[2])  # everything is imported before the rights are given up
own.add_fingerprints([{'image': 'a', 'phash': '0' * 16, 'dhash': '0' * 16}])
own.search('0' * 16, kinds='phash')
os.setgid(65534); os.setuid(65534)
library = Library(sys.argv[1])
for line in sys.stdin:
    try:
        print(*library.search(line.strip(), kinds='phash', radius=0)['image'], flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs the right to become another user")
def test_a_reader_without_rights_sees_what_a_writer_adds(open_folder: Path) -> None:
    """Somebody else's library: the reader came first, and can make no files beside the catalog."""
    rows, more = ready(50), ready(5, 1, "more ")
    with Library(open_folder / "library") as library:
        library.add_fingerprints(rows)
    (open_folder / "library").chmod(0o755)
    with other(AS_NOBODY, open_folder / "library", open_folder / "own") as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None

        def ask(row: dict[str, str]) -> str:
            print(row["phash"], file=reader.stdin, flush=True)
            return reader.stdout.readline().strip()

        assert ask(rows[3]) == "image 3"
        with Library(open_folder / "library") as library:
            library.add_fingerprints(more)
            assert ask(more[2]) == "more 2"
        assert ask(more[3]) == "more 3"
        with Library(open_folder / "library") as library:
            library.remove("more 3")
            library.compact()
        assert ask(more[3]) == ""
        assert ask(more[4]) == "more 4"
        reader.stdin.close()
