"""Pictures by address: what arrives, and what is said when it does not."""

from __future__ import annotations

import gzip
import shutil
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

import conftest
from conftest import Site
from lookalike.errors import FetchError, LimitError
from lookalike.fingerprints import fingerprint, fingerprint_many
from lookalike.options import Limits
from lookalike.sources import dialing
from lookalike.sources.web import fetch

LOCAL = Limits(allow_private=True)
SHORT = replace(LOCAL, seconds=0.8)


@pytest.fixture
def stocked(site: Site, photo: Path) -> Site:
    """A server with a photo."""
    shutil.copy(photo, site.folder / "photo.jpg")
    return site


def test_a_file_arrives_whole(stocked: Site) -> None:
    assert fetch(f"{stocked.url}/photo.jpg", LOCAL) == (stocked.folder / "photo.jpg").read_bytes()


def test_an_address_may_have_spaces_and_a_query(stocked: Site) -> None:
    (stocked.folder / "my photo.jpg").write_bytes(b"content")
    assert fetch(f"{stocked.url}/my photo.jpg?size=large", LOCAL) == b"content"


def test_redirects_are_followed(stocked: Site) -> None:
    assert fetch(f"{stocked.url}/moved", LOCAL) == (stocked.folder / "photo.jpg").read_bytes()


def test_a_busy_server_is_asked_again(stocked: Site) -> None:
    assert fetch(f"{stocked.url}/busy-twice", LOCAL).startswith(b"\xff\xd8")
    assert stocked.requests == ["/busy-twice"] * 3


def test_a_server_that_asks_for_patience_beyond_the_limit_is_given_up_at_once(stocked: Site) -> None:
    begin = time.monotonic()
    with pytest.raises(FetchError, match="answered 503"):
        fetch(f"{stocked.url}/busy", SHORT)
    assert time.monotonic() - begin < SHORT.seconds


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/none.jpg", r"answered 404 \(nothing is there\)"),
        ("/secret", r"answered 403 \(it is forbidden\)"),
        ("/broken", r"answered 500 \(Internal Server Error\)"),
        ("/empty", r"answered with nothing \(0 bytes\)"),
        ("/nothing", r"answered with nothing \(0 bytes\)"),
        ("/loop", "redirects more than 5 times"),
        ("/to-file", r"redirects to 'file:.*, which is no http\(s\) address"),
        ("/cut", "the connection to 127.0.0.1:[0-9]+ broke: got 3 bytes, 997 more were to come"),
    ],
)
def test_an_answer_without_a_picture_says_what_it_is(stocked: Site, path: str, problem: str) -> None:
    with pytest.raises(FetchError, match=problem):
        fetch(stocked.url + path, LOCAL)


@pytest.mark.parametrize(
    ("path", "problem"), [("/slow", "did not answer in time"), ("/drip", "did not answer in time")]
)
def test_a_slow_answer_ends_at_the_limit(stocked: Site, path: str, problem: str) -> None:
    begin = time.monotonic()
    with pytest.raises(FetchError, match=problem):
        fetch(stocked.url + path, SHORT)
    assert time.monotonic() - begin < 2 * SHORT.seconds


def test_a_body_is_counted_as_it_comes(stocked: Site) -> None:
    with pytest.raises(LimitError, match="at most 100,000 bytes"):
        fetch(f"{stocked.url}/endless", replace(LOCAL, bytes=100_000))


def test_a_compressed_body_is_counted_unpacked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(10_000_000))
    answer = lambda handler: handler.answer(200, packed, Content_Encoding="gzip")  # noqa: E731
    monkeypatch.setitem(conftest._ANSWERS, "/packed", answer)
    assert fetch(f"{site.url}/packed", LOCAL) == bytes(10_000_000)
    with pytest.raises(LimitError):
        fetch(f"{site.url}/packed", replace(LOCAL, bytes=1_000_000))


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FetchError, match=rf"cannot connect to 127.0.0.1:{port}: Connection refused"):
        fetch(f"http://127.0.0.1:{port}/a.jpg", LOCAL)


def test_an_unknown_host() -> None:
    with pytest.raises(FetchError, match=r"the host 'no-such-host.invalid' is not known"):
        fetch("http://no-such-host.invalid/a.jpg", SHORT)


@pytest.mark.parametrize("url", ["http://", "http:///a.jpg", "http://[::1", "http://host:port/a.jpg"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(FetchError, match=r"expected an address such as https://host/picture.jpg, got"):
        fetch(url, SHORT)


def test_a_page_instead_of_a_picture(stocked: Site) -> None:
    with pytest.raises(ValueError, match=r"/page: expected an image, got 33 bytes: an HTML page"):
        fingerprint(f"{stocked.url}/page", limits=LOCAL)


def test_every_address_has_its_row(stocked: Site) -> None:
    paths = ["/photo.jpg", "/none.jpg", "/page", "/empty", "/moved"]
    frame = fingerprint_many([stocked.url + path for path in paths], limits=LOCAL)
    assert list(frame["image"]) == [stocked.url + path for path in paths]
    assert list(frame["error"].isna()) == [True, False, False, False, True]
    assert frame["phash"][0] == frame["phash"][4]


def answering(monkeypatch: pytest.MonkeyPatch, path: str, answer: Callable[[Any], None]) -> None:
    monkeypatch.setitem(conftest._ANSWERS, path, answer)


def test_an_address_of_this_computer_is_refused_by_default(stocked: Site) -> None:
    with pytest.raises(FetchError, match=r"127.0.0.1 is a loopback address; Limits.allow_private, or the host"):
        fetch(f"{stocked.url}/photo.jpg", Limits())
    assert stocked.requests == []


def test_the_server_is_asked_for_no_packing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    answering(monkeypatch, "/a", lambda handler: (heard.append(handler.headers), handler.answer(200, b"a"))[1])
    fetch(f"{site.url}/a", LOCAL)
    assert heard[0]["Accept-Encoding"] == "identity"
    assert heard[0]["User-Agent"].startswith("lookalike/")


@pytest.mark.parametrize("form", ["br", "gzip, gzip", "compress"])
def test_packing_of_other_kinds_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    answering(monkeypatch, "/a", lambda handler: handler.answer(200, b"a", Content_Encoding=form))
    with pytest.raises(FetchError, match=f"the server packed it by '{form}'"):
        fetch(f"{site.url}/a", LOCAL)


@pytest.mark.parametrize(
    ("packed", "problem"),
    [(b"not gzip", "packed answer is broken"), (gzip.compress(b"a" * 100)[:-9], "broke off")],
)
def test_broken_packing_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch, packed: bytes, problem: str) -> None:
    answering(monkeypatch, "/a", lambda handler: handler.answer(200, packed, Content_Encoding="gzip"))
    with pytest.raises(FetchError, match=problem):
        fetch(f"{site.url}/a", LOCAL)


def test_a_balloon_never_unpacks(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = zlib.compress(bytes(200_000_000), 9)
    answering(monkeypatch, "/a", lambda handler: handler.answer(200, packed, Content_Encoding="deflate"))
    tracemalloc.start()
    try:
        with pytest.raises(LimitError):
            fetch(f"{site.url}/a", replace(LOCAL, bytes=1_000_000))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_content_length_that_lies_changes_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "/short", lambda handler: handler.answer(200, bytes(100_000), Content_Length="10"))
    assert fetch(f"{site.url}/short", replace(LOCAL, bytes=50)) == bytes(10)
    answering(monkeypatch, "/long", lambda handler: handler.answer(200, b"a", Content_Length=str(10**15)))
    with pytest.raises(FetchError, match="broke"):
        fetch(f"{site.url}/long", replace(LOCAL, bytes=50))


def _drip(handler: Any, start: bytes) -> None:
    handler.wfile.write(start)
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"HTTP/1.1 200 O"],
)
def test_a_server_that_drips_cannot_hold_its_reader(site: Site, monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    """Each byte comes within any timeout of the socket: in a header, in a chunk's size, in the status."""
    answering(monkeypatch, "/a", lambda handler: _drip(handler, start))
    begin = time.monotonic()
    with pytest.raises(FetchError, match="did not answer in time"):
        fetch(f"{site.url}/a", SHORT)
    assert time.monotonic() - begin < 2 * SHORT.seconds


def test_the_first_byte_has_its_own_limit(stocked: Site) -> None:
    begin = time.monotonic()
    with pytest.raises(FetchError, match=r"limits: 0.3 seconds to begin, 30 to be complete"):
        fetch(f"{stocked.url}/slow", replace(LOCAL, first_byte=0.3))
    assert time.monotonic() - begin < 1.5


def test_a_slow_resolver_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    begin = time.monotonic()
    with pytest.raises(FetchError, match="did not answer in time"):
        fetch("http://slow.example/a.jpg", SHORT)
    assert time.monotonic() - begin < 2 * SHORT.seconds


def test_answers_without_a_picture_leave_the_host_its_connections(stocked: Site) -> None:
    """More of each than a host may have at a time."""
    for path in ["/none.jpg", "/loop", "/endless", "/secret"] * 10:
        with pytest.raises((FetchError, LimitError)):
            fetch(stocked.url + path, replace(LOCAL, bytes=100_000))
    assert fetch(f"{stocked.url}/photo.jpg", SHORT)


class _Lasting(BaseHTTPRequestHandler):
    """A server that keeps connections, and counts them."""

    protocol_version = "HTTP/1.1"
    met: ClassVar[list[object]] = []
    now = most = 0
    lock = threading.Lock()

    def setup(self) -> None:
        super().setup()
        self.met.append(self.client_address)

    def do_GET(self) -> None:
        with self.lock:
            _Lasting.now += 1
            _Lasting.most = max(_Lasting.most, _Lasting.now)
        time.sleep(0.02)
        with self.lock:
            _Lasting.now -= 1
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"a")

    def log_message(self, *_: object) -> None:
        pass


def test_connections_are_used_again_and_a_host_has_few_at_a_time() -> None:
    _Lasting.met.clear()
    _Lasting.most = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Lasting) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        for _ in range(5):
            assert fetch(url, LOCAL) == b"a"
        assert len(_Lasting.met) == 1
        frame = fingerprint_many([url] * 60, workers=20, limits=LOCAL)
        assert frame["error"].str.contains("expected an image, got 1 byte").all()
        assert len(_Lasting.met) <= 8
        assert _Lasting.most <= 8
        server.shutdown()
        thread.join()
        dialing.pool_for(LOCAL).clear()


@pytest.mark.parametrize(("status", "times"), [(429, 3), (500, 3), (502, 3), (599, 3), (404, 1), (418, 1)])
def test_which_answers_are_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, status: int, times: int
) -> None:
    answering(monkeypatch, "/a", lambda handler: handler.answer(status, Retry_After="0"))
    with pytest.raises(FetchError, match=f"answered {status}"):
        fetch(f"{site.url}/a", LOCAL)
    assert site.requests == ["/a"] * times


@pytest.mark.parametrize("patience", ["-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "1" * 5000, "nan"])
def test_odd_retry_after(site: Site, monkeypatch: pytest.MonkeyPatch, patience: str) -> None:
    answering(monkeypatch, "/a", lambda handler: handler.answer(429, Retry_After=patience))
    with pytest.raises(FetchError, match="answered 429"):
        fetch(f"{site.url}/a", replace(LOCAL, seconds=5))
