"""Files of the index that are damaged, gone, or somebody else's: never believed, always found, made anew."""

from __future__ import annotations

import os
import random
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike import Library

from .brute import check_search
from .kills import check_files, stray_files
from .places import ready, segments, small_folds


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """One with segments of several sizes, removed rows among them, and a tail."""
    small_folds(monkeypatch)
    return make(tmp_path / "library", 0)


def make(folder: Path, seed: int) -> Library:
    library = Library(folder)
    library.add_fingerprints(ready(400, seed))
    library.add_fingerprints(ready(60, seed + 1, "more "))
    library.remove([f"image {n}" for n in range(0, 400, 7)])
    library.add_fingerprints(ready(7, seed + 2, "tail "))
    library.close()
    return library


def flip(path: Path, place: int) -> None:
    """Turn one bit round."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 0x10]))


def answers_right(folder: Path) -> None:
    """A new process's library finds what brute force over the catalog finds."""
    with warnings.catch_warnings(), Library(folder) as library:
        warnings.simplefilter("ignore")
        check_search(library, list(library.rows()), random.Random(1), 6)


def is_found_and_made_anew(folder: Path) -> None:
    with warnings.catch_warnings(), Library(folder) as library:
        warnings.simplefilter("ignore")
        rows = list(library.rows())
        found = library.verify()
        assert not found.ok
        assert found.bad
        repaired = library.verify(repair=True)
        assert repaired.ok, str(repaired)
        assert list(library.rows()) == rows
    with warnings.catch_warnings(), Library(folder) as library:
        warnings.simplefilter("error")
        assert library.verify().ok
        check_search(library, rows, random.Random(2), 6)
    check_files(folder)
    assert not stray_files(folder)


def damage(do: Callable[[Path], object]) -> Callable[[Library], None]:
    return lambda library: [do(path) for path in segments(library)[:3]] and library.close()


DAMAGE: dict[str, Callable[[Library], None]] = {
    "gone": damage(Path.unlink),
    "empty": damage(lambda path: path.write_bytes(b"")),
    "a byte": damage(lambda path: path.write_bytes(b"L")),
    "the header alone": damage(lambda path: os.truncate(path, 64)),
    "half": damage(lambda path: os.truncate(path, path.stat().st_size // 2)),
    "a byte less": damage(lambda path: os.truncate(path, path.stat().st_size - 1)),
    "a byte more": damage(lambda path: path.write_bytes(path.read_bytes() + b"\0")),
    "zeros": damage(lambda path: path.write_bytes(bytes(path.stat().st_size))),
    "noise": damage(lambda path: path.write_bytes(random.Random(3).randbytes(path.stat().st_size))),
    "a folder": damage(lambda path: (path.unlink(), path.mkdir())),
    "a link to nothing": damage(lambda path: (path.unlink(), path.symlink_to("nowhere"))),
    "a link to itself": damage(lambda path: (path.unlink(), path.symlink_to(path.name))),
    "a pipe": damage(lambda path: (path.unlink(), os.mkfifo(path))),
    "its magic": damage(lambda path: flip(path, 0)),
    "all of them gone": lambda library: shutil.rmtree(segments(library)[0].parent),
}


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
@pytest.mark.parametrize("kind", DAMAGE)
def test_what_the_header_or_the_length_tells_is_never_believed(kind: str, library: Library, tmp_path: Path) -> None:
    DAMAGE[kind](library)
    answers_right(tmp_path / "library")
    is_found_and_made_anew(tmp_path / "library")


def test_a_flipped_bit_is_found_wherever_it_is(library: Library, tmp_path: Path) -> None:
    """In header, tables, codes and tail. Searching may go wrong where only reading all would tell; it never crashes."""
    folder, path = tmp_path / "library", segments(library)[-1]
    library.close()
    sound, dice = path.read_bytes(), random.Random(5)
    places = [*range(0, 256, 13), *(dice.randrange(len(sound)) for _ in range(24)), len(sound) - 1]
    for place in places:
        path.write_bytes(sound)
        flip(path, place)
        with warnings.catch_warnings(), Library(folder) as damaged:
            warnings.simplefilter("ignore")
            found = damaged.verify()
            assert not found.ok, f"a bit of byte {place} of {len(sound)} is turned, and nothing is said"
            for kind in ("phash", "dhash"):
                damaged.search("0" * 16, kinds=kind, radius=24)
                damaged.search("f" * 16, kinds=kind, k=30)
            damaged.pairs(radius=4)
    is_found_and_made_anew(folder)


def test_a_damaged_segment_is_not_handed_on_by_folding(library: Library, tmp_path: Path) -> None:
    """Merging takes codes from old files, if these are sound."""
    for path in segments(library):
        flip(path, path.stat().st_size // 2)
    library.close()
    library.add_fingerprints(ready(300, 9, "new "))
    library.compact()
    assert library.verify().ok
    answers_right(tmp_path / "library")


def _older(library: Library, folder: Path) -> None:
    """A file of an earlier generation under the name of the last."""
    old = {path.name.partition("-")[0]: path.read_bytes() for path in segments(library)}
    library.add_fingerprints(ready(300, 9, "new "))
    library.compact()
    for path in segments(library):
        path.write_bytes(old[path.name.partition("-")[0]])


def _of_another(library: Library, folder: Path) -> None:
    """Of a library that was made in the same way, with as many rows."""
    other = make(folder.parent / "other", 50)
    for path, theirs in zip(segments(library), segments(other), strict=True):
        shutil.copyfile(theirs, path)
    other.close()


def _of_the_other_kind(library: Library, folder: Path) -> None:
    paths = segments(library)
    for path in paths:
        if path.name.startswith("phash"):
            shutil.copyfile(path.with_name(path.name.replace("phash", "dhash")), path)


def _of_a_lost_time(library: Library, folder: Path) -> None:
    """A backup was put back: library, generation, names, rows and counts are the same; the checksum alone differs."""
    library.close()
    backup = (folder / "catalog.sqlite").read_bytes()
    kept = {}
    for seed in (7, 8):
        (folder / "catalog.sqlite").write_bytes(backup)
        library.add_fingerprints(ready(100, seed, "again "))
        library.compact()
        kept[seed] = {path: path.read_bytes() for path in segments(library)}
        library.close()
    assert kept[7].keys() == kept[8].keys()
    for path, content in kept[7].items():
        path.write_bytes(content)


@pytest.mark.parametrize("swap", [_older, _of_another, _of_the_other_kind, _of_a_lost_time])
def test_a_sound_file_in_the_wrong_place_is_not_believed(
    swap: Callable[[Library, Path], None], library: Library, tmp_path: Path
) -> None:
    swap(library, tmp_path / "library")
    library.close()
    answers_right(tmp_path / "library")
    is_found_and_made_anew(tmp_path / "library")


def test_an_older_catalog_does_not_believe_newer_files(library: Library, tmp_path: Path) -> None:
    """A backup is put back, of the catalog alone; and the library goes on from there."""
    folder = tmp_path / "library"
    backup = (folder / "catalog.sqlite").read_bytes()
    library.add_fingerprints(ready(100, 7, "lost "))
    library.compact()
    library.add_fingerprints(ready(40, 8, "lost too "))
    library.close()
    (folder / "catalog.sqlite").write_bytes(backup)
    answers_right(folder)
    with warnings.catch_warnings(), Library(folder) as restored:
        warnings.simplefilter("ignore")
        # Row numbers and generations are given again: files of the lost time have the same ones.
        restored.add_fingerprints(ready(100, 17, "other "))
        restored.compact()
        assert len(restored.search(ready(100, 7, "lost ")[3]["phash"], kinds="phash", radius=0)) == 0
        assert restored.verify().ok, str(restored.verify())
    answers_right(folder)
    assert not stray_files(folder)


def test_files_of_the_user_in_the_index_folder_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch)
    folder = tmp_path / "both"
    folder.mkdir()
    own = ["x.segments.csv", "mine.seg", "a.seg.bak", "phash-1.seg", "phash-1.seg.txt"]
    for name in own:
        (folder / name).write_text("mine")
    libraries = [Library(tmp_path / name, index=folder) for name in "ab"]
    for number in range(4):
        for seed, library in enumerate(libraries):
            library.add_fingerprints(ready(40, 10 * number + seed, f"{number}-"))
            library.compact()
    for library in libraries:
        assert not library.verify().bad
        check_search(library, list(library.rows()), random.Random(1))
    assert [(folder / name).read_text() for name in own] == ["mine"] * len(own)
