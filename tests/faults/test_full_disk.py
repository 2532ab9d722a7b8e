"""A disk that is full: said clearly, nothing acknowledged is lost, nothing half-written is believed."""

from __future__ import annotations

import errno
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lookalike import Library

from .kills import check_files, stray_files
from .places import mounted, other, picture_folder, ready, small_folds


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as folder:
        yield folder


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    ballast = folder / "ballast"
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="space"):
        pour(handle)
    os.close(handle)
    return ballast


def pour(handle: int) -> None:
    while True:
        os.write(handle, bytes(4096))


def add_until_full(library: Library) -> int:
    """How many rows were acknowledged."""
    for number in range(1_000):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the index could not be written
                library.add_fingerprints(ready(100, number, f"{number}-"))
        except OSError as error:
            said = str(error) if error.errno == errno.ENOSPC else f"not {error}"
            assert re.search("no space left for the library.*free some space", said)
            return 100 * number
    raise AssertionError("the disk was never full")


def assert_whole(folder: Path, rows: int) -> None:
    """As many rows as were acknowledged, every one of them found, nothing else believed."""
    with warnings.catch_warnings(), Library(folder) as library:
        warnings.simplefilter("error")
        assert len(library) == rows
        for number in (0, rows // 200, rows // 100 - 1):
            [row] = ready(1, number, f"{number}-")
            assert f"{number}-0" in list(library.search(row["phash"], kinds="phash", radius=0)["image"])
        assert not [text for text in library.verify().problems if "not listed" not in text]
    check_files(folder)


def test_added_until_it_is_full_and_then_goes_on(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch, 150)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(2_400_000))  # the log is copied into the catalog at the end: that needs as much again
    with Library(disk / "library") as library:
        rows = add_until_full(library)
        assert rows > 300
    assert_whole(disk / "library", rows)
    ballast.unlink()
    with Library(disk / "library") as library:
        number = rows // 100
        assert library.add_fingerprints(ready(100, number, f"{number}-")).added == 100
        library.compact()
        assert library.verify().ok
    assert_whole(disk / "library", rows + 100)
    assert not stray_files(disk / "library")


def test_it_is_searched_when_not_a_byte_is_left(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch)
    rows = ready(200)
    with Library(disk / "library") as library:
        library.add_fingerprints(rows)
    fill(disk)
    with other(
        "print(list(Library(sys.argv[1]).search(sys.argv[2], kinds='phash', radius=0)['image']))",
        disk / "library",
        rows[7]["phash"],
    ) as process:
        assert process.communicate()[0].strip() == "['image 7']"


@pytest.mark.parametrize("work", ["add", "add_ready", "remove", "compact", "rebuild", "make"])
def test_every_call_says_so_and_changes_nothing(work: str, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch)
    pictures = picture_folder(disk.parent / "pictures", 3)
    library = Library(disk / "library")
    library.add_fingerprints(ready(100, 0, "0-"))
    library.remove("0-50")
    ballast = fill(disk)
    calls = {
        "add": lambda: library.add(pictures),
        "add_ready": lambda: library.add_fingerprints(ready(50, 1, "1-")),
        "remove": lambda: library.remove([f"0-{n}" for n in range(1, 90)]),
        "compact": library.compact,
        "rebuild": library.rebuild,
        "make": lambda: Library(disk / "new").add_fingerprints(ready(1)),
    }
    # The log has some room in its last page: a small change may still fit.
    if work in ("add", "remove"):
        with suppress(OSError):
            calls[work]()
            return
    with pytest.raises(OSError, match="space") as caught:
        calls[work]()
    assert caught.value.errno == errno.ENOSPC
    assert len(library) == 99
    assert_codes(library)
    ballast.unlink()
    calls[work]()
    assert_codes(library)
    assert library.verify().ok


def assert_codes(library: Library) -> None:
    """What is in the catalog is found, and nothing else."""
    for row in list(library.rows())[:20]:
        assert list(library.search(row["phash"], kinds="phash", radius=0)["row"]) == [row["row"]]


def test_a_fold_that_does_not_fit_leaves_nothing_behind(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch, 10_000)
    with Library(disk / "library") as library:
        library.add_fingerprints(ready(3_000, 0, "0-"))
        used = disk / "used"
        # Room for the file of the first kind, and not for that of the second.
        room = os.statvfs(disk).f_bavail * 4096 - 3_000 * 60
        used.write_bytes(bytes(room))
        small_folds(monkeypatch, 10)
        with pytest.warns(UserWarning, match="index could not be written"):
            library.add_fingerprints(ready(1, 1, "1-"))
        assert not stray_files(disk / "library")
        assert len(library) == 3_001
        used.unlink()
        library.compact()
        assert library.verify().ok
        assert_codes(library)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_export_that_does_not_fit_is_not_there(suffix: str, disk: Path, tmp_path: Path) -> None:
    if not hasattr(Library, "export"):
        pytest.skip("this library cannot export")
    library = Library(tmp_path / "library")
    library.add_fingerprints(ready(2_000))
    fill(disk)
    with pytest.raises(OSError, match="space") as caught:
        library.export(disk / f"out{suffix}")
    assert caught.value.errno == errno.ENOSPC
    assert not (disk / f"out{suffix}").exists()
