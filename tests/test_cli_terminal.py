"""Ctrl-C, closed pipes, and the progress bar on a terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import COMMAND, listing, noise, run, start
from lookalike.frames import load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are others there")

DEADLINE = 1.0
"""Seconds from the signal to the end of the process."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for seed in range(3):
        noise(seed).save(f"photos/{seed}.png")
    return tmp_path


@contextmanager
def silent_server() -> Iterator[str]:
    """An address that takes the question and never answers: the worst of slow downloads."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopped = threading.Event()

        def hold() -> None:
            held = []
            server.settimeout(0.1)
            while not stopped.is_set():
                try:
                    held.append(server.accept())
                except TimeoutError:
                    continue
            for connection, _ in held:
                connection.close()

        thread = threading.Thread(target=hold)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/slow.jpg"
        stopped.set()
        thread.join()


def interrupt(process: subprocess.Popen[str]) -> float:
    """Send SIGINT and wait: the seconds it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    return time.monotonic() - began


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_interrupted_hash_has_printed_its_lines(folder: Path) -> None:
    with silent_server() as slow:
        words = ["hash", "--allow-private", "--workers", "1", "photos", slow, slow]
        process = start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert interrupt(process) < DEADLINE
    rest, message = process.communicate()
    assert process.returncode == 130
    assert [line[18:] for line in lines] == ["photos/0.png\n", "photos/1.png\n", "photos/2.png\n"]
    assert (rest, message) == ("", "lookalike: interrupted\n")


@pytest.mark.parametrize("extension", ["csv", "parquet", "json"])
@pytest.mark.parametrize("older", [False, True])
def test_interrupted_scan_keeps_its_rows(folder: Path, extension: str, older: bool) -> None:
    name = f"frame.{extension}"
    if older:
        Path(name).write_text("old")
    Path("log").touch()
    with silent_server() as slow, Path("log").open("w") as log:
        # The unreadable one comes after the others: once it is complained of, they are done.
        words = ["scan", "--allow-private", "--workers", "1", "photos", "missing", slow, slow, "-o", name]
        process = start(*words, stdout=subprocess.DEVNULL, stderr=log)
        wait_until(lambda: "missing" in Path("log").read_text())
        assert interrupt(process) < DEADLINE
    assert process.returncode == 130
    kept = f"frame.partial.{extension}" if older else name
    assert Path("log").read_text().endswith(f"lookalike: interrupted; the 4 rows done so far are in {kept}\n")
    assert list(load(kept)["image"]) == ["photos/0.png", "photos/1.png", "photos/2.png", "missing"]
    if older:
        assert Path(name).read_text() == "old"
    assert listing() == sorted({"photos", "log", name, kept})


def test_interrupted_before_the_first_row(folder: Path) -> None:
    with silent_server() as slow:
        process = start("scan", "--allow-private", slow, "-o", "frame.csv", stderr=subprocess.PIPE)
        wait_until(lambda: len(listing()) > 1)
        time.sleep(0.2)
        assert interrupt(process) < DEADLINE
    assert process.returncode == 130
    assert process.communicate()[1] == "lookalike: interrupted before the first image; nothing written\n"
    assert listing() == ["photos"]


def test_interrupted_while_waiting_for_names(folder: Path) -> None:
    process = start("scan", "-", "-o", "frame.csv", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write("photos/0.png\nphotos/1.png\n")
    process.stdin.flush()
    wait_until(lambda: len(listing()) > 1)
    time.sleep(0.5)
    assert interrupt(process) < DEADLINE
    process.communicate()
    assert process.returncode == 130


@pytest.mark.parametrize("words", [["similar", "SLOW", "photos"], ["compare", "photos/0.png", "SLOW"], ["hash", "-"]])
def test_interrupted_elsewhere(folder: Path, words: list[str]) -> None:
    with silent_server() as slow:
        words = [slow if word == "SLOW" else word for word in words]
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = start(*words, "--allow-private", **options)
        time.sleep(1.5)
        assert interrupt(process) < DEADLINE
    assert process.returncode == 130
    assert process.communicate()[1] == "lookalike: interrupted\n"


@pytest.mark.parametrize("command", ["hash", "scan"])
def test_a_reader_that_has_enough_is_no_error(folder: Path, command: str) -> None:
    names = ["photos/0.png"] * 3000
    process = start(command, *names, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_help_into_a_closed_pipe(folder: Path) -> None:
    command = " ".join(f"'{part}'" for part in COMMAND)
    done = subprocess.run(["sh", "-c", f"{command} --help | true"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def on_terminal(*words: str, capture_output: bool = False, names: Sequence[str] = ()) -> str:
    """What `lookalike` shows on a terminal, where it is fed names slowly on standard input."""
    import pty

    ours, theirs = pty.openpty()
    process = start(
        *words,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if not capture_output else theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(theirs)
    assert process.stdin is not None
    shown = b""
    for name in names:
        time.sleep(0.1)
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
    process.stdin.close()
    while select.select([ours], [], [], 30)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # Linux's word for the end of a terminal
            break
    os.close(ours)
    process.wait(timeout=20)
    return shown.decode()


def test_the_bar_appears_on_a_terminal(folder: Path) -> None:
    shown = on_terminal("scan", "-", "-o", "frame.csv", names=["photos/0.png"] * 12)
    assert re.search(r"\d+ images \[00:\d\d, +[\d.]+ images/s\]", shown), shown
    # It is gone at the end, and the summary is there.
    assert re.search(r"\r12 images, 0 errors, [\d.]+ s, [\d.]+ images/s: frame.csv\r\n$", shown), shown


def test_the_bar_knows_its_end(folder: Path) -> None:
    noise(5, 2000).save("photos/large.jpg")
    for number in range(49):
        Path(f"photos/copy-{number}.jpg").write_bytes(Path("photos/large.jpg").read_bytes())
    # A kind that needs every pixel, or it is done before there is a bar.
    shown = on_terminal("scan", "photos", "-o", "frame.csv", "--workers", "1", "--kind", "crop_resistant")
    assert re.search(r"\d+%\|.*\| \d+/53 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+ images/s\]", shown), shown


def test_no_bar_where_it_is_not_wanted(folder: Path) -> None:
    assert "images/s]" not in on_terminal("scan", "-", "-q", "-o", "frame.csv", names=["photos/0.png"] * 8)
    # The lines of hash are on the terminal themselves.
    assert "images/s]" not in on_terminal("hash", *["photos"] * 200, capture_output=True)


def test_no_bar_in_a_pipe(folder: Path) -> None:
    result = run("scan", *["photos"] * 300, "-o", "frame.csv")
    assert re.fullmatch(r"900 images, 0 errors, [\d.]+ s, [\d.,]+ images/s: frame.csv\n", result.err)
    assert "\r" not in result.err


def test_a_message_stands_on_a_line_of_its_own(folder: Path) -> None:
    Path("broken.png").write_bytes(b"no picture")
    names = [*["photos/0.png"] * 10, "broken.png", *["photos/0.png"] * 5]
    shown = on_terminal("scan", "-", "-o", "frame.csv", names=names)
    assert re.search(r"images/s\]\r +\rlookalike: broken.png: [^\r]+\r\n", shown), shown
