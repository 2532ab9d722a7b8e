"""Files to rows by the core's threads: order, limits, interruption, and files that are not what they were."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike import batch
from lookalike._core import Gate, Job, Pool
from lookalike.direct import exception_of
from lookalike.errors import LimitError, NoFileError, NoImageError
from lookalike.fingerprints import fingerprint, fingerprint_rows
from lookalike.options import Limits
from lookalike.sources.files import open_file

pytestmark = pytest.mark.timeout(60)

PHASH = [("phash", 8, "", False)]
MEGABYTE = 1 << 20


def jpeg(seed: int, width: int = 96, height: int = 64, **options: Any) -> bytes:
    """A small JPEG file, unlike that of any other seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty small JPEG files."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(60):
        (folder / f"{seed:02}.jpg").write_bytes(jpeg(seed))
    return folder


@pytest.fixture(scope="module")
def large() -> bytes:
    """A JPEG file that takes a second when every pixel of it is wanted."""
    return jpeg(0, 6000, 4000, progressive=True)


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.copy()


def take_all(pool: Pool, count: int) -> dict[int, Any]:
    taken: dict[int, Any] = {}
    deadline = time.monotonic() + 30
    while len(taken) < count and time.monotonic() < deadline:
        taken.update({ticket: found or failed for ticket, found, failed, _ in pool.take(count, 0.01)})
    return taken


def test_sources_of_every_kind_keep_their_order(folder: Path) -> None:
    paths = sorted(folder.iterdir())
    sources: list[object] = []
    for number, path in enumerate(paths):
        content = path.read_bytes()
        choices = [path, str(path), content, io.BytesIO(content), opened(path), "missing.jpg", b"no picture", None]
        sources.append(choices[number % len(choices)])
    rows = list(fingerprint_rows(sources, kinds="phash", workers=2))
    assert [row["error"] is None for row in rows] == [number % 8 < 5 for number in range(60)]
    for path, row in zip(paths, rows, strict=True):
        assert row["phash"] in (None, str(fingerprint(path)["phash"]), str(fingerprint(opened(path))["phash"]))


def test_rows_are_those_of_one_at_a_time(folder: Path) -> None:
    kinds = ["phash", "colorhash", "crop_resistant:colorhash", "crop_resistant"]
    files = sorted(folder.iterdir())[:20]
    assert list(fingerprint_rows(files, kinds=kinds)) == [fingerprint(file, kinds=kinds).as_row() for file in files]


def test_a_list_is_read_further_ahead_than_an_iterator(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0

    class Watched(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            return counted(super().__iter__())

    def counted(files: Iterator[Path]) -> Iterator[Path]:
        nonlocal most
        for most, file in enumerate(files, 1):  # noqa: B007
            yield file

    monkeypatch.setattr(batch, "_PAUSE", 60.0)
    files = sorted(folder.iterdir()) * 3
    rows = fingerprint_rows(counted(iter(files)), kinds="ahash", workers=2)
    next(rows)
    assert most <= 4
    rows.close()
    rows = fingerprint_rows(Watched(files), kinds="ahash", workers=2)
    next(rows)
    assert 4 < most <= 64
    rows.close()


def test_a_slow_iterator_does_not_hold_back_what_is_done(folder: Path) -> None:
    files = sorted(folder.iterdir())
    asked: list[float] = []

    def slow() -> Iterator[Path]:
        for number, file in enumerate(files[:12]):
            if number >= 6:
                time.sleep(0.1)
            asked.append(time.monotonic())
            yield file

    rows = fingerprint_rows(slow(), kinds="ahash", workers=2)
    for _ in range(3):
        next(rows)
    assert len(asked) <= 8
    assert len(list(rows)) == 9


def test_memory_for_bytes_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1000)

    monkeypatch.setattr(batch, "_AHEAD_BYTES", 2500)
    rows = fingerprint_rows(endless(), kinds="ahash", workers=8)
    next(rows)
    assert taken <= 4
    rows.close()


@pytest.mark.parametrize("name", ["folder", "pipe", "socket", "device", "missing", "below a file", "odd\0name"])
def test_what_is_no_file_has_the_same_error_on_both_roads(tmp_path: Path, name: str) -> None:
    path = {"device": Path("/dev/zero"), "below a file": tmp_path / "file" / "x"}.get(name, tmp_path / name)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)  # the name of a socket must be short
        server.bind("socket")
        with pytest.raises((NoImageError, NoFileError)) as expected:
            open_file(path, 10)
        found, failed, _ = Job(PHASH, 1000, 1000, Gate(10, 10)).run(path)
    assert found is None
    assert failed is not None
    error = exception_of(failed)
    assert (type(error), str(error)) == (type(expected.value), str(expected.value))


def test_limits_are_those_of_the_other_road(tmp_path: Path) -> None:
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(10_000_000_000)  # of no bytes on the disk
    (tmp_path / "empty.jpg").touch()
    rows = list(fingerprint_rows([huge, tmp_path / "empty.jpg", jpeg(0, 600, 600)], limits=Limits(pixels=1000)))
    assert rows[0]["error"] == "expected at most 536,870,912 bytes, got a file of 10,000,000,000; raise Limits.bytes"
    assert rows[1]["error"] == "expected an image, got an empty file (0 bytes)"
    assert "at most 1,000 pixels, got 600 x 600" in rows[2]["error"]
    with pytest.raises(LimitError, match=r"got a file of 10,000,000,000; raise Limits\.bytes"):
        fingerprint(huge)


def test_a_name_that_is_no_text_is_a_file_like_any_other(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    odd.write_bytes(jpeg(1))
    (row,) = fingerprint_rows(tmp_path, kinds="phash")
    assert (row["image"], row["phash"]) == (f"{tmp_path}/caf\\xe9.jpg", str(fingerprint(jpeg(1))["phash"]))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    (tmp_path / "a.jpg").chmod(0)
    (row,) = fingerprint_rows(tmp_path)
    assert row["error"] == "permission denied"


def test_many_tiny_files(tmp_path: Path) -> None:
    content = jpeg(1, 1, 1)
    for number in range(1500):
        (tmp_path / f"{number:04}.jpg").write_bytes(content)
    rows = list(fingerprint_rows(tmp_path, kinds=["ahash", "colorhash"], workers=2))
    assert [Path(row["image"]).stem for row in rows] == [f"{number:04}" for number in range(1500)]
    assert {(row["width"], row["error"]) for row in rows} == {(1, None)}


def test_files_that_change_while_they_are_read(folder: Path, tmp_path: Path) -> None:
    files = []
    for path in sorted(folder.iterdir()) * 5:
        files.append(tmp_path / f"{len(files)}.jpg")
        files[-1].write_bytes(path.read_bytes())
    chance = random.Random(0)
    stop = threading.Event()

    def meddle() -> None:
        while not stop.is_set():
            file = chance.choice(files)
            with suppress(FileNotFoundError):
                if chance.random() < 0.5:
                    file.unlink()
                else:
                    os.truncate(file, 300)

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        rows = list(fingerprint_rows(files, kinds="phash", workers=2))
    finally:
        stop.set()
        thread.join()
    assert [row["image"] for row in rows] == [str(file) for file in files]
    assert all((row["phash"] is None) == (row["error"] is not None) for row in rows)


def test_a_file_that_vanishes_is_an_error_of_its_row(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.jpg" for number in range(100)]
    for file in files:
        file.write_bytes(jpeg(1))
    rows = fingerprint_rows(files, kinds="phash", workers=1)
    next(rows)
    for file in files[40:]:
        file.unlink()
    rest = list(rows)
    assert len(rest) == 99
    assert all(row["error"] is None or row["error"].startswith("no such file") for row in rest)
    assert rest[-1]["error"] is not None


def test_work_in_memory_stays_within_the_gate(folder: Path) -> None:
    room = 200_000
    gate = Gate(room, room)
    pools = [Pool(Job([("whash", 8, "db4", False)], MEGABYTE, MEGABYTE, gate), 2) for _ in range(2)]
    contents = [jpeg(seed, 100 + 40 * seed, 200, quality=95) for seed in range(12)]
    for pool in pools:
        pool.submit([*enumerate(contents), *enumerate(sorted(folder.iterdir()), 100)])
    for pool in pools:
        taken = take_all(pool, 72)
        assert len(taken) == 72
        assert all(len(found) == 8 for found in taken.values())
    assert all(0 < most <= room for most in gate.most_used())


def test_two_iterators_at_once(folder: Path) -> None:
    files = sorted(folder.iterdir())
    one, other = (fingerprint_rows(some, kinds="phash", workers=2) for some in (files, files[::-1]))
    pairs = list(zip(one, other, strict=True))
    assert [row["phash"] for row, _ in pairs] == [row["phash"] for _, row in pairs[::-1]]
    assert [row["image"] for row, _ in pairs] == [str(file) for file in files]


def test_iterators_in_several_threads(folder: Path) -> None:
    expected = list(fingerprint_rows(folder, kinds="phash"))
    found: list[list[Any]] = []
    threads = [
        threading.Thread(target=lambda: found.append(list(fingerprint_rows(folder, kinds="phash", workers=2))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_closing_waits_for_nothing(large: bytes) -> None:
    rows = fingerprint_rows([jpeg(0), *[large] * 20], kinds="crop_resistant", workers=2)
    next(rows)
    begun = time.monotonic()
    rows.close()
    assert time.monotonic() - begun < 0.3


def test_a_pool_that_is_dropped_in_its_work_stops(large: bytes) -> None:
    pool = Pool(Job(PHASH, 10**9, 10**9, Gate(MEGABYTE, MEGABYTE)), 2)
    pool.submit([(number, large) for number in range(50)])
    begun = time.monotonic()
    del pool
    assert time.monotonic() - begun < 0.3


def test_a_cancelled_pool_takes_no_more() -> None:
    pool = Pool(Job(PHASH, 100, 100, Gate(MEGABYTE, MEGABYTE)), 1)
    pool.cancel()
    with pytest.raises(RuntimeError, match="stopped"):
        pool.submit([(1, b"")])
    assert pool.take(1, 0.0) == []


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a forked child that does the work; fails if it takes long."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child hangs")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(folder: Path, large: bytes) -> None:
    expected = list(fingerprint_rows(folder, kinds="phash"))
    rows = fingerprint_rows([jpeg(0), *[large] * 9], kinds=["phash", "crop_resistant"], workers=2)
    next(rows)

    def begin_anew() -> None:
        assert list(fingerprint_rows(folder, kinds="phash", workers=2)) == expected
        assert fingerprint(jpeg(0)).warning is None

    def go_on() -> None:
        with pytest.raises(ValueError, match="forked"):
            next(rows)

    assert in_child(begin_anew) == 0
    assert in_child(go_on) == 0
    assert in_child(rows.close) == 0
    assert next(rows)["error"] is None
    rows.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_no_lock_of_a_working_thread_is_held_in_a_forked_child() -> None:
    # Of many sizes, so that the weights of resampling are made and kept all the time.
    contents = [jpeg(seed, 40 + 7 * seed, 60 + 5 * seed) for seed in range(40)]
    job = Job([*PHASH, ("whash", 8, "", False)], MEGABYTE, MEGABYTE, Gate(MEGABYTE, MEGABYTE))
    pool = Pool(job, 2)
    pool.submit([(number, contents[number % 40]) for number in range(100_000)])
    for number in range(40):
        assert in_child(lambda number=number: hash_of(contents[number])) == 0
    pool.cancel()


def hash_of(content: bytes) -> str:
    return str(fingerprint(content, kinds="phash")["phash"])


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_multiprocessing_beside_a_batch(folder: Path, method: str) -> None:
    contents = [jpeg(seed) for seed in range(4)]
    rows = fingerprint_rows(folder, kinds="phash", workers=2)
    next(rows)
    with multiprocessing.get_context(method).Pool(2) as processes:
        assert processes.map(hash_of, contents) == [hash_of(content) for content in contents]
    assert len(list(rows)) == 59


def outcome(code: str, *words: object, interrupt_after: float | None = None) -> tuple[int, str, float]:
    """Status and standard error of a program, and the seconds from the interruption (or its start) to its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    begun = time.monotonic()
    if interrupt_after is not None:
        time.sleep(interrupt_after)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors, time.monotonic() - begun


ENDLESS = """
import itertools, sys
from pathlib import Path
from lookalike.fingerprints import fingerprint_rows
content = Path(sys.argv[1]).read_bytes()
rows = fingerprint_rows(itertools.repeat(content), kinds=["phash", "crop_resistant"], workers=2)
next(rows)
print("begun", flush=True)
"""


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_process_ends_though_its_threads_work(tmp_path: Path, large: bytes, size: str) -> None:
    (tmp_path / "a.jpg").write_bytes(large if size == "large" else jpeg(0))
    status, errors, seconds = outcome(ENDLESS, tmp_path / "a.jpg")
    assert (status, errors) == (0, "")
    assert seconds < 1.5


@pytest.mark.parametrize("size", ["small", "large"])
def test_an_interrupt_is_heard_at_once(tmp_path: Path, large: bytes, size: str) -> None:
    (tmp_path / "a.jpg").write_bytes(large if size == "large" else jpeg(0))
    loop = "try:\n    for row in rows: pass\nexcept KeyboardInterrupt:\n    rows.close(); sys.exit(7)\n"
    status, errors, seconds = outcome(ENDLESS + loop, tmp_path / "a.jpg", interrupt_after=0.2)
    assert (status, errors) == (7, "")
    assert seconds < 1.0
