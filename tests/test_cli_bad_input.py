"""What a user can do wrong, through the real command: a clear message, the right status, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commands import COMMAND, noise, picture_folder, run
from lookalike.frames import load, rows_of

ONE_SOURCE = ("hash", "scan", "duplicates", "gallery")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    picture_folder(tmp_path / "photos", count=2)
    Path("nothing").mkdir()
    Path("nothing/notes.txt").write_text("no picture")
    Path("text.png").write_text("hello, I am text")
    noise(3, 400).save("whole.jpg")
    Path("truncated.jpg").write_bytes(Path("whole.jpg").read_bytes()[:3000])
    Path("empty.png").write_bytes(b"")
    return tmp_path


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = {
            "/missing.jpg": (404, "text/plain", b"not here"),
            "/page.jpg": (200, "text/html", b"<!doctype html><title>Sorry</title>"),
            "/empty.jpg": (200, "image/jpeg", b""),
        }[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


BAD = [
    ("missing.png", ["no such file"]),
    ("missing-*.png", ["no file matches"]),
    ("nothing", ["no pictures"]),
    ("text.png", ["hello, I am text"]),
    ("truncated.jpg", ["truncated"]),
    ("empty.png", ["empty"]),
    ("ftp://example.com/a.jpg", ["http"]),
]


@pytest.mark.parametrize(("name", "words"), BAD)
@pytest.mark.parametrize("command", ONE_SOURCE)
def test_nothing_but_bad_input(folder: Path, command: str, name: str, words: list[str]) -> None:
    result = run(command, name)
    assert result.status == 2
    assert result.err.startswith(f"lookalike: {name}: ")
    assert all(word in result.err for word in words)
    assert not Path("gallery.html").exists()


@pytest.mark.parametrize(("name", "words"), BAD)
def test_bad_queries(folder: Path, name: str, words: list[str]) -> None:
    for command in (["similar", name, "photos"], ["compare", name, "whole.jpg"], ["compare", "whole.jpg", name]):
        result = run(*command)
        assert (result.status, result.out) == (2, "")
        assert result.err.startswith("lookalike: ")
        assert all(word in result.err for word in [name, *words])


@pytest.mark.parametrize("name", [name for name, _ in BAD])
def test_one_bad_input_among_good_ones_is_a_row(folder: Path, name: str) -> None:
    result = run("scan", "whole.jpg", name, "photos", "-o", "frame.csv")
    assert result.status == 1
    rows = rows_of(load("frame.csv"))
    assert [row["image"] for row in rows] == ["whole.jpg", name, "photos/0.png", "photos/1.png", "photos/copy-of-0.png"]
    assert [row["error"] is None for row in rows] == [True, False, True, True, True]
    assert [row["phash"] is None for row in rows] == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("path", "words"),
    [("missing.jpg", ["404"]), ("page.jpg", ["HTML"]), ("empty.jpg", ["empty"])],
)
def test_addresses_without_a_picture(folder: Path, address: str, path: str, words: list[str]) -> None:
    url = f"{address}/{path}"
    result = run("hash", "--allow-private", url, "whole.jpg")
    assert result.status == 1
    assert result.err.startswith(f"lookalike: {url}: ")
    assert all(word.lower() in result.err.lower() for word in words), result.err
    assert result.out.endswith("  whole.jpg\n")
    assert run("similar", "--allow-private", url, "photos").status == 2


def test_an_address_where_nobody_answers(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.jpg"
        result = run("hash", "--allow-private", url)
    assert result.status == 2
    assert result.err.startswith(f"lookalike: {url}: ")


def test_a_frame_without_the_column(folder: Path) -> None:
    run("scan", "photos", "--kind", "dhash", "-o", "frame.csv")
    for words in (["duplicates", "frame.csv"], ["similar", "whole.jpg", "frame.csv"]):
        result = run(*words)
        assert result.status == 2
        assert result.err.startswith("lookalike: ")
        assert "'phash'" in result.err
        assert "image, dhash, width" in result.err
    result = run("gallery", "frame.csv", "--query", "whole.jpg")
    assert result.status == 2
    assert "'phash'" in result.err


def test_frames_that_are_none(folder: Path) -> None:
    Path("binary.csv").write_bytes(bytes(range(256)))
    Path("broken.json").write_text("{")
    Path("broken.parquet").write_text("PAR1")
    Path("empty.csv").write_text("")
    for name in ("binary.csv", "broken.json", "broken.parquet", "empty.csv", "missing.csv"):
        for words in (["duplicates", name], ["similar", "whole.jpg", name], ["gallery", name]):
            result = run(*words)
            assert result.status == 2, (words, result)
            assert result.err.startswith("lookalike: "), (words, result)
            assert "unexpected" not in result.err


def test_a_hash_of_the_wrong_length(folder: Path) -> None:
    result = run("similar", "abc123", "photos")
    assert result.status == 2
    assert "abc123" in result.err
    assert "16 hex digits" in result.err


def test_a_radius_of_segments_out_of_range(folder: Path) -> None:
    result = run("similar", "photos/0.png", "photos", "--on", "crop_resistant", "--radius", "99")
    assert result.status == 2
    assert "expected a radius for crop_resistant" in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="no shell to close it")
@pytest.mark.parametrize("words", ["hash -", "scan -", "duplicates -", "similar - photos", "compare - whole.jpg"])
def test_standard_input_is_closed(folder: Path, words: str) -> None:
    message = "lookalike: standard input is closed: pass a name instead of '-', or pipe something in\n"
    assert _shell(f"{words} <&-") == (2, message)


@pytest.mark.skipif(sys.platform == "win32", reason="no shell to close it")
def test_standard_output_is_closed(folder: Path) -> None:
    assert _shell("hash whole.jpg >&-") == (2, "lookalike: standard output: it is closed\n")


@pytest.mark.skipif(sys.platform == "win32", reason="no shell to close it")
def test_standard_error_is_closed(folder: Path) -> None:
    assert _shell("hash whole.jpg missing.jpg 2>&-") == (1, "")


@pytest.mark.parametrize("words", [["hash", "-"], ["similar", "-", "photos"], ["compare", "-", "whole.jpg"]])
def test_standard_input_is_empty_or_no_picture(folder: Path, words: list[str]) -> None:
    for content, reason in ((b"", "empty"), (b"hello, I am text", "hello, I am text")):
        result = run(*words, input=content)
        assert result.status == 2
        assert result.err.startswith("lookalike: -: ")
        assert reason in result.err


def test_a_frame_on_standard_input_that_is_none(folder: Path) -> None:
    result = run("duplicates", "-", input=bytes(range(256)))
    assert result.status == 2
    assert result.err.startswith("lookalike: expected a table as .csv in standard input: ")


def test_no_names_on_standard_input(folder: Path) -> None:
    result = run("scan", "-", "-o", "frame.csv", input="\n")
    assert result.status == 2
    assert not Path("frame.csv").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_block(folder: Path) -> None:
    os.mkfifo("pipe.png")
    result = run("hash", "pipe.png", deadline=10)
    assert result.status == 2
    assert "pipe" in result.err


def test_remarks_of_libraries_are_not_shown(folder: Path) -> None:
    # Pillow warns of this one: its metadata are cut off.
    picture = noise(4)
    exif = picture.getexif()
    exif[270] = "x" * 40
    data = exif.tobytes()
    picture.save("odd.jpg", exif=data[:-20])
    result = run("hash", "odd.jpg")
    assert (result.status, result.err) == (0, "")


def test_remarks_of_libraries_in_c_are_not_shown(folder: Path) -> None:
    # libtiff complains of this one on its own.
    noise(4, 400).save("odd.tif", compression="tiff_lzw")
    content = Path("odd.tif").read_bytes()
    Path("odd.tif").write_bytes(content[:8] + bytes(40) + content[48:])
    result = run("hash", "odd.tif")
    assert all(line.startswith("lookalike: odd.tif: ") for line in result.err.splitlines())


def test_debug_shows_where_an_error_came_from(folder: Path) -> None:
    done = subprocess.run([*COMMAND, "duplicates", "missing.csv", "--debug"], capture_output=True, text=True)
    assert "Traceback" in done.stderr


def _shell(words: str) -> tuple[int, str]:
    command = " ".join(f"'{part}'" for part in COMMAND)
    done = subprocess.run(
        ["sh", "-c", f"exec {command} {words}"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    return done.returncode, done.stderr.decode()
