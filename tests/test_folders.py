"""Folders that strangers have filled: links in circles, pipes, devices, names of bytes, what changes meanwhile."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import noise
from lookalike.errors import LimitError, NoFileError, NoImageError
from lookalike.fingerprints import fingerprint, fingerprint_rows
from lookalike.options import DEFAULT_LIMITS, Limits
from lookalike.sources import FileName, Item, digested, expand, folders, open_picture
from lookalike.sources.files import _matches
from lookalike.sources.regular import open_regular

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such files there")


def rows(source: object) -> dict[str, str | None]:
    return {str(row["image"]): row["error"] for row in fingerprint_rows(source, kinds="phash", digest=True)}


def test_links_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "a").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "b").symlink_to(tmp_path / "one")
    (tmp_path / "one" / "up").symlink_to("..")
    (tmp_path / "two" / "root").symlink_to("/")
    (tmp_path / "two" / "self.jpg").symlink_to("self.jpg")
    (tmp_path / "one" / "x.jpg").symlink_to("../two/y.jpg")
    (tmp_path / "two" / "y.jpg").symlink_to("../one/x.jpg")
    (tmp_path / "one" / "photo.jpg").symlink_to(tmp_path)
    noise(1).save(tmp_path / "two" / "good.png")
    assert rows(tmp_path) == {
        f"{tmp_path}/one/x.jpg": "too many levels of symbolic links",
        f"{tmp_path}/two/good.png": None,
        f"{tmp_path}/two/self.jpg": "too many levels of symbolic links",
        f"{tmp_path}/two/y.jpg": "too many levels of symbolic links",
    }


def test_what_is_no_file_has_a_row_and_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
        listener.bind("socket.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    (tmp_path / "nowhere.jpg").symlink_to("missing")
    (tmp_path / "nowhere.txt").symlink_to("missing")
    os.mkfifo(tmp_path / "pipe")
    begun = time.monotonic()
    found = rows(tmp_path)
    assert time.monotonic() - begun < 5
    assert found == {
        f"{tmp_path}/device.jpg": "expected a file, got a device",
        f"{tmp_path}/nowhere.jpg": "no such file",
        f"{tmp_path}/pipe.jpg": "expected a file, got a named pipe",
        f"{tmp_path}/socket.jpg": "expected a file, got a socket",
    }
    assert rows([f"{tmp_path}/pipe"]) == {f"{tmp_path}/pipe": "expected a file, got a named pipe"}
    assert rows(f"{tmp_path}/**/n*.jpg") == {f"{tmp_path}/nowhere.jpg": "no such file"}


@pytest.mark.parametrize("road", ["stat", "open"])
def test_a_file_that_becomes_a_pipe_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, road: str
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"something")
    real = os.open

    def swap(name: str, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return real(name, flags)

    if road == "open":
        monkeypatch.setattr(os, "open", swap)
    else:
        path.unlink()
        os.mkfifo(path)
    begun = time.monotonic()
    with pytest.raises(NoImageError, match="expected a file, got a named pipe"):
        open_regular(path, 1000)
    assert time.monotonic() - begun < 1


def test_a_file_without_end_is_read_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with open_regular(path, 10 << 20) as file:
        path.write_bytes(b"y" * (3 << 20))
        with pytest.raises(NoImageError, match="expected a file of 1 bytes, got more than 1,048,577: it grew"):
            file.read()
    path.write_bytes(b"x")
    with open_regular(path, 1000) as file:
        path.write_bytes(b"y" * 1001)
        with pytest.raises(LimitError, match="at most 1,000 bytes, got a file that has grown longer"):
            file.read()
    path.write_bytes(b"x" * 5000)
    with open_regular(path, 5000) as file:
        assert (file.read(10), file.seek(4990), file.read(), file.read()) == (b"x" * 10, 4990, b"x" * 10, b"")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc")
def test_files_of_the_kernel_end() -> None:
    begun = time.monotonic()
    found = rows([f"/proc/{name}" for name in ("self/mem", "self/environ", "self/pagemap", "cpuinfo", "kmsg", "kcore")])
    assert time.monotonic() - begun < 20
    assert len(found) == 6
    assert all(found.values())


@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, Limits(isolate=True)], ids=["here", "isolated"])
def test_a_long_file_that_changes_between_two_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    path = tmp_path / "a.bmp"
    noise(1).save(path)
    monkeypatch.setattr("lookalike.sources.digests._HELD", 1000)
    item = digested(Item("a.bmp", FileName(path)), 1 << 30)
    assert item.digest is not None
    assert isinstance(item.source, FileName)
    assert open_picture(item, "standard/2", limits).width > 0
    noise(2).save(path)
    with pytest.raises(NoImageError, match="the file has changed while it was read"):
        open_picture(item, "standard/2", limits)


def test_rows_of_files_that_change_are_of_one_state(tmp_path: Path) -> None:
    """A file goes back and forth between two pictures while it is read: digest and hash are of the same."""
    path, states = tmp_path / "a.png", []
    for number in range(2):
        noise(number, 200).save(tmp_path / f"{number}.png")
        states.append((tmp_path / f"{number}.png").read_bytes())
    known = set()
    for number in range(2):
        made = fingerprint(str(tmp_path / f"{number}.png"), kinds="phash", digest=True)
        known.add((made.digest, str(made["phash"])))
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for number, content in enumerate(states):
                (tmp_path / f"new-{number}").write_bytes(content)
                (tmp_path / f"new-{number}").replace(path)

    path.write_bytes(states[0])
    thread = threading.Thread(target=change)
    thread.start()
    try:
        found = {(row["digest"], row["phash"]) for row in fingerprint_rows([path] * 200, kinds="phash", digest=True)}
    finally:
        stop.set()
        thread.join()
    assert found <= known


def test_a_folder_that_is_removed_while_it_is_scanned(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}").mkdir()
        noise(number).save(tmp_path / f"{number}" / "a.png")
    found = expand(tmp_path)
    assert next(found).image == f"{tmp_path}/0/a.png"
    for number in (1, 2):
        (tmp_path / f"{number}" / "a.png").unlink()
        if number == 1:
            (tmp_path / "1").rmdir()
    assert list(found) == []
    noise(1).save(tmp_path / "0" / "b.png")
    items = expand([tmp_path])
    first = next(items)
    (tmp_path / "0" / "a.png").unlink()
    assert rows([first.image, *(item.image for item in items)]) == {
        f"{tmp_path}/0/a.png": "no such file or folder: '" + f"{tmp_path}/0/a.png'",
        f"{tmp_path}/0/b.png": None,
    }


def test_a_path_that_is_too_long_for_the_system_has_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    depth = 30
    for _ in range(depth):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    noise(1).save("deep.png")
    try:
        ((name, error),) = rows(tmp_path).items()
        assert error == "file name too long"
        assert len(name) > 4000
    finally:
        Path("deep.png").unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("d" * 200).rmdir()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everyone may enter, for others than root to be shut out of what is in it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users there")
def test_a_folder_and_a_file_that_may_not_be_read(open_folder: Path) -> None:
    noise(1).save(open_folder / "a.png")
    noise(1).save(open_folder / "b.png")
    (open_folder / "shut").mkdir()
    noise(1).save(open_folder / "shut" / "c.png")
    (open_folder / "to.png").symlink_to("shut/c.png")
    (open_folder / "b.png").chmod(0)
    (open_folder / "shut").chmod(0)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(65534)
        found = rows(open_folder)
    finally:
        if is_root:
            os.seteuid(0)
        (open_folder / "shut").chmod(0o755)
    refused = {f"{open_folder}/{name}": "permission denied" for name in ("b.png", "shut", "to.png")}
    assert found == {f"{open_folder}/a.png": None, **refused}


def test_a_long_folder_is_sorted_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_HELD", 10)
    names = [f"{number * 7919 % 1009:04d}" for number in range(235)]
    for name in names:
        (tmp_path / f"{name}.jpg").touch()
    (tmp_path / "0500").mkdir()
    (tmp_path / "0500" / "in.jpg").touch()
    (tmp_path / "0500-.jpg").touch()
    expected = [*(f"{name}.jpg" for name in names), "0500-.jpg", "0500/in.jpg"]
    expected.sort(key=lambda name: name.split("/"))
    assert [item.image.removeprefix(f"{tmp_path}/") for item in expand(tmp_path)] == expected


def test_memory_does_not_grow_with_the_number_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_HELD", 500)
    for number in range(10_000):
        (tmp_path / f"{number}.jpg").touch()
    tracemalloc.start()
    try:
        assert sum(1 for _ in expand(tmp_path)) == 10_000
        # A thousand names, and not ten thousand, which are 700 kB.
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


# Patterns.


def test_a_pattern_of_many_stars_is_fast() -> None:
    begun = time.monotonic()
    assert not _matches(["d"] * 60 + ["x"], [*["**", "d"] * 25, "y"])
    assert _matches(["d"] * 60 + ["x"], [*["**", "d"] * 25, "x"])
    assert time.monotonic() - begun < 2


def _slowly(names: list[str], parts: list[str]) -> bool:
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_slowly(names[skipped:], parts[1:] or ["*"]) for skipped in range(len(names)))
    return bool(names) and parts[0] in ("*", names[0]) and _slowly(names[1:], parts[1:])


_PARTS = st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=6)


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=6), _PARTS)
@settings(max_examples=200, deadline=None)
def test_patterns_match_as_by_trying_everything(names: list[str], parts: list[str]) -> None:
    assert _matches(names, parts) == _slowly(names, parts)


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"/" not in name and b"\0" not in name))
@settings(max_examples=60, deadline=None)
def test_any_name_has_a_row_that_can_be_written(name: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".png")).write_bytes(b"")
        except OSError:
            return  # not a name to this system
        found = rows([folder])
        ((image, error),) = found.items()
        image.encode()
        hidden = name.startswith(b".")
        assert error is not None
        assert ("no pictures in the folder" if hidden else "empty file") in error
        if not hidden:
            assert isinstance(next(expand(folder)).source, FileName)


def test_no_file_is_told_from_no_folder(tmp_path: Path) -> None:
    (item,) = expand(tmp_path)
    assert isinstance(item.error, NoFileError)
