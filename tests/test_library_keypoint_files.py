"""The index over keypoints: it says what the catalog says, whatever is removed, damaged, killed or done elsewhere."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from keypoint_help import NOTHING, cut_out, looked_for, made_up, rows_with
from lookalike import Library
from lookalike.library import folding, keypoint_files, keypoint_folding

TESTS = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few images each."""
    monkeypatch.setattr(keypoint_folding, "TAIL", 10)
    monkeypatch.setattr(keypoint_files, "PIECE", 4)


def add(library: Library, *seeds: int) -> None:
    """Add made-up pictures, named by their seeds."""
    library.add_fingerprints(rows_with([made_up(seed, 40) for seed in seeds], [str(seed) for seed in seeds]))


def found(library: Library, seed: int) -> list[str]:
    """The images that hold a part of a picture."""
    return [str(image) for image in library.search(looked_for(made_up(seed, 40)))["image"]]


def files(library: Library) -> list[tuple[int, int, int]]:
    """Of the catalog's files of keypoints: first, last, how many images."""
    listed = library._opened.catalog.segments()
    return [(one.first_row, one.last_row, one.codes) for one in listed if one.kind == "keypoints"]


def paths(library: Library) -> list[Path]:
    return sorted(Path(library._opened.store.index_folder).glob("keypoints-*"))


@pytest.fixture
def indexed(location: str) -> Library:
    """A library with two files of keypoints and a tail; of row 3 there are none."""
    library = Library(location)
    add(library, *range(50))
    library.remove(rows=3)
    add(library, *range(50, 60))
    add(library, 60, 61)
    return library


def test_the_tail_is_folded_and_files_grow(location: str) -> None:
    library = Library(location)
    add(library, *range(9))
    assert files(library) == []
    assert found(library, 4) == ["4"]
    add(library, 9)
    assert files(library) == [(1, 10, 10)]
    add(library, *range(10, 60))
    assert files(library) == [(1, 60, 60)]  # it had been outgrown
    add(library, *range(60, 70))
    assert files(library) == [(1, 60, 60), (61, 70, 10)]
    add(library, 70)
    reader = Library(location)
    for seed in (0, 9, 33, 60, 69, 70):
        assert found(reader, seed) == [str(seed)]
    assert found(reader, 99) == []
    assert reader.verify().ok
    assert reader.stats()["segments"] == 2


def test_rows_may_get_keypoints_long_after_their_codes(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "TAIL", 10)
    library = Library(location)
    rows = rows_with([None] * 30, [str(seed) for seed in range(30)])
    library.add_fingerprints(rows)
    reader = Library(location)
    with pytest.warns(UserWarning, match="30 images"):
        assert reader.search(looked_for(made_up(5, 40)), parts=True).empty
    for start in (20, 0, 10):
        part = [{**rows[n], "keypoints": made_up(n, 40)} for n in range(start, start + 10)]
        assert library.add_fingerprints(part).updated == 10
        assert found(reader, start + 5) == [str(start + 5)]
    assert library.frame()["row"].tolist() == list(range(1, 31))
    assert sum(codes for *_, codes in files(library)) == 30
    assert library.verify().ok


def test_removed_rows_are_not_found(indexed: Library) -> None:
    assert files(indexed) == [(1, 50, 50), (51, 60, 10)]
    reader = Library(indexed._opened.location)
    assert (found(reader, 2), found(reader, 55), found(reader, 61)) == ([], ["55"], ["61"])
    indexed.remove(["55", "61", "20"])
    assert (found(reader, 55), found(reader, 61), found(reader, 20), found(reader, 21)) == ([], [], [], ["21"])
    indexed.compact()
    assert files(indexed) == [(1, 61, 58)]
    assert (found(reader, 55), found(reader, 61), found(reader, 20), found(reader, 21)) == ([], [], [], ["21"])
    verified = indexed.verify()
    assert verified.ok, str(verified)
    names = [path.name for path in paths(indexed)]
    indexed.compact()  # nothing to do
    assert [path.name for path in paths(indexed)] == names
    indexed.remove([str(seed) for seed in range(62)])
    indexed.compact()
    assert files(indexed) == []
    assert paths(indexed) == []
    assert found(reader, 21) == []


def test_a_file_has_room_for_so_many(indexed: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keypoint_folding, "_MOST", 55)
    indexed.remove(["7", "55"])
    indexed.compact()
    assert files(indexed) == [(1, 50, 48), (51, 62, 11)]
    assert (found(indexed, 7), found(indexed, 55), found(indexed, 61), found(indexed, 8)) == ([], [], ["61"], ["8"])
    add(indexed, *range(70, 90))
    assert files(indexed) == [(1, 50, 48), (51, 82, 31)]
    assert indexed.verify().ok
    names = [path.name for path in paths(indexed)]
    indexed.compact()
    assert [path.name for path in paths(indexed)] == names


def test_enough_are_found_though_the_best_are_gone(location: str) -> None:
    """Of very many copies most were removed: those that are left come still."""
    library = Library(location)
    blob = made_up(1, 40)
    library.add_fingerprints(rows_with([blob] * 150))
    library.remove(rows=list(range(1, 149)))
    assert library.search(looked_for(blob))["row"].tolist() == [149, 150]


def test_removed_in_the_tail_of_another_process(location: str) -> None:
    Library(location).add_fingerprints([])
    writer, reader = Library(location), Library(location)
    add(writer, 1, 2, 3)
    assert found(reader, 2) == ["2"]
    writer.remove(rows=[1, 2, 3])
    writer.compact()
    add(writer, 4)
    assert (found(reader, 2), found(reader, 4)) == ([], ["4"])


@pytest.mark.parametrize("how", ["cut", "gone", "other", "empty", "text", "folder"])
def test_a_bad_file_is_not_believed(indexed: Library, how: str) -> None:
    one, other = paths(indexed)
    data = {"cut": one.read_bytes()[:-9], "other": other.read_bytes(), "empty": b"", "text": b"no index" * 99}
    one.unlink()
    if how in data:
        one.write_bytes(data[how])
    elif how == "folder":
        one.mkdir()
    reader = Library(indexed._opened.given)
    with pytest.warns(UserWarning, match=f"{one.name}.*searched from the catalog, slower"):
        assert found(reader, 7) == ["7"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (found(reader, 55), found(reader, 61), found(reader, 2)) == (["55"], ["61"], [])
    assert reader.stats()["index_problems"] == 1
    verified = reader.verify()
    assert not verified.ok
    assert one.name in str(verified)
    if how == "folder":
        shutil.rmtree(one)
    assert reader.verify(repair=True).ok
    again = Library(indexed._opened.given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found(again, 7) == ["7"]


@pytest.mark.parametrize("mend", ["rebuild", "compact"])
def test_a_flipped_bit_is_found_and_not_handed_on(indexed: Library, mend: str) -> None:
    for _ in range(2):  # of several files, and of one
        one = paths(indexed)[0]
        data = bytearray(one.read_bytes())
        data[len(data) // 2] ^= 4
        one.write_bytes(data)
        library = Library(indexed._opened.given)
        assert not library.verify().ok
        getattr(library, mend)()
        assert library.verify().ok
        assert found(library, 7) == ["7"]


def test_a_file_of_another_library_is_not_believed(indexed: Library, tmp_path: Path) -> None:
    other = Library(tmp_path / "other")
    add(other, *range(100, 110))
    shutil.copy(paths(other)[0], paths(indexed)[0])
    with pytest.warns(UserWarning, match="expected library"):
        assert found(Library(indexed._opened.given), 7) == ["7"]


def test_damaged_keypoints_are_named(indexed: Library) -> None:
    store = indexed._opened.store
    with store.transaction():
        store.execute(
            "UPDATE keypoint_bytes SET bytes = ? WHERE place = (SELECT seq * 8 FROM keypoints WHERE number = 8)",
            (b"x",),
        )
    verified = indexed.verify()
    assert "keypoints of row 8 are damaged" in str(verified)
    assert not verified.ok
    indexed.remove(rows=8)
    assert indexed.verify().ok


def test_blank_pictures_are_no_trouble(location: str) -> None:
    library = Library(location)
    library.add_fingerprints(rows_with([NOTHING] * 12))
    assert files(library) == [(1, 12, 12)]
    assert library.search(looked_for(made_up(1))).empty
    add(library, 5)
    library.compact()
    assert found(library, 5) == ["5"]
    assert library.verify().ok


def test_no_room_for_the_index(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(location)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as context:
        context.setattr(keypoint_folding, "sync", full)
        with pytest.warns(UserWarning, match="the rows are added, but the library's index could not be written"):
            add(library, *range(12))
    assert paths(library) == []
    assert found(library, 3) == ["3"]
    library.compact()
    assert files(library) == [(1, 12, 12)]


@pytest.mark.directory
def test_a_folder_that_was_copied_is_whole(indexed: Library, tmp_path: Path) -> None:
    indexed.close()
    shutil.copytree(indexed._opened.location, tmp_path / "copy")
    copy = Library(tmp_path / "copy")
    assert copy.verify().ok
    assert (found(copy, 7), found(copy, 61)) == (["7"], ["61"])


@pytest.mark.directory
def test_stray_files_are_swept(indexed: Library) -> None:
    sign = indexed._opened.catalog.head.id[:8]
    stray = paths(indexed)[0].with_name(f"keypoints-99-{sign}.seg")
    stray.write_bytes(b"left behind by a kill")
    verified = indexed.verify()
    assert verified.ok
    assert f"{stray.name}: not used" in str(verified)
    add(indexed, 80)
    assert not stray.exists()


KILLED = """
    from keypoint_help import made_up, rows_with
    from lookalike.library import folding, keypoint_folding, ready, writing
    from lookalike import Library
    folding.TAIL, keypoint_folding.TAIL, writing.ROWS, ready._PART = 7, 5, 2, 3
    library = Library(sys.argv[1])
    for turn in range(1000):
        seeds = [int(sys.argv[2]) * 1000 + turn * 10 + n for n in range(10)]
        library.add_fingerprints(rows_with([made_up(seed, 20) for seed in seeds], map(str, seeds)))
        print(*seeds)
        if turn % 3 == 2:
            library.remove([str(seeds[0])])
        if turn % 5 == 4:
            library.compact()
"""


@pytest.mark.directory
def test_killed_at_any_moment(tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n{textwrap.dedent(KILLED)}"
    told: set[int] = set()
    for turn in range(5):
        command = [sys.executable, "-u", "-c", code, str(tmp_path / "lib"), str(turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            told |= set(map(int, writer.stdout.readline().split()))
            time.sleep(0.05 * turn)
            writer.send_signal(signal.SIGKILL)
            for line in writer.communicate()[0].splitlines():
                told |= set(map(int, line.split())) if len(line.split()) == 10 else set()
        library = Library(tmp_path / "lib")
        verified = library.verify()
        assert verified.ok, str(verified)
        assert library.stats()["without_parts"] == 0
        there = set(library.frame()["image"])
        some = sorted(told)[:: max(1, len(told) // 5)]
        for seed in some:
            images = library.search(looked_for(made_up(seed, 20)), confidence=0)["image"].tolist()
            assert (str(seed) in images) == (str(seed) in there)
        library.close()


@pytest.mark.directory
def test_readers_see_a_whole_library_while_another_writes(tmp_path: Path) -> None:
    """Folds and compactions replace files under a reader, which finds what was there all the time."""
    library = Library(tmp_path / "lib")
    add(library, *range(12))
    errors: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                reader = Library(tmp_path / "lib")
                while not stop.is_set():
                    assert found(reader, 7) == ["7"]
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(1, 6):
        add(library, *range(100 * turn, 100 * turn + 11))
        library.remove([str(100 * turn)])
        library.compact()
    stop.set()
    thread.join()
    assert not errors


def test_keypoints_are_kept_in_pieces(location: str) -> None:
    """Of lengths around those of a piece, one by one and in blocks."""
    rows = Library(location)
    blobs = [NOTHING, *(made_up(count, count) for count in (1, 52, 53, 54, 106, 107, 160, 214))]
    rows.add_fingerprints(rows_with(blobs))
    kept = rows._opened.catalog.keypoints
    assert kept.of(range(1, 20)) == dict(enumerate(blobs, 1))
    parts = list(kept.between(1, 99, 4))
    assert [len(part.blobs) for part in parts] == [4, 4, 1]
    assert [blob for part in parts for blob in part.blobs] == blobs
    assert np.concatenate([part.rows for part in parts]).tolist() == list(range(1, 10))
    assert cut_out(made_up(214, 214)) != blobs[-1]
