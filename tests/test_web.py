"""Pictures by address: what arrives, and what is said when it does not."""

from __future__ import annotations

import gzip
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Site
from lookalike.errors import FetchError, LimitError
from lookalike.fingerprints import fingerprint, fingerprint_many
from lookalike.options import DEFAULT_LIMITS
from lookalike.sources.web import fetch

SHORT = replace(DEFAULT_LIMITS, seconds=0.8)


@pytest.fixture
def stocked(site: Site, photo: Path) -> Site:
    """A server with a photo."""
    shutil.copy(photo, site.folder / "photo.jpg")
    return site


def test_a_file_arrives_whole(stocked: Site) -> None:
    assert fetch(f"{stocked.url}/photo.jpg", DEFAULT_LIMITS) == (stocked.folder / "photo.jpg").read_bytes()


def test_an_address_may_have_spaces_and_a_query(stocked: Site) -> None:
    (stocked.folder / "my photo.jpg").write_bytes(b"content")
    assert fetch(f"{stocked.url}/my photo.jpg?size=large", DEFAULT_LIMITS) == b"content"


def test_redirects_are_followed(stocked: Site) -> None:
    assert fetch(f"{stocked.url}/moved", DEFAULT_LIMITS) == (stocked.folder / "photo.jpg").read_bytes()


def test_a_busy_server_is_asked_again(stocked: Site) -> None:
    assert fetch(f"{stocked.url}/busy-twice", DEFAULT_LIMITS).startswith(b"\xff\xd8")
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
        ("/cut", "the connection to 127.0.0.1:[0-9]+ broke"),
    ],
)
def test_an_answer_without_a_picture_says_what_it_is(stocked: Site, path: str, problem: str) -> None:
    with pytest.raises(FetchError, match=problem):
        fetch(stocked.url + path, DEFAULT_LIMITS)


@pytest.mark.parametrize(("path", "problem"), [("/slow", "did not answer in time"), ("/drip", "not complete after")])
def test_a_slow_answer_ends_at_the_limit(stocked: Site, path: str, problem: str) -> None:
    begin = time.monotonic()
    with pytest.raises(FetchError, match=problem):
        fetch(stocked.url + path, SHORT)
    assert time.monotonic() - begin < 2 * SHORT.seconds


def test_a_body_is_counted_as_it_comes(stocked: Site) -> None:
    with pytest.raises(LimitError, match="at most 100,000 bytes"):
        fetch(f"{stocked.url}/endless", replace(DEFAULT_LIMITS, bytes=100_000))


def test_a_compressed_body_is_counted_unpacked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(10_000_000))
    answer = lambda handler: handler.answer(200, packed, Content_Encoding="gzip")  # noqa: E731
    monkeypatch.setitem(__import__("conftest")._ANSWERS, "/packed", answer)
    assert fetch(f"{site.url}/packed", DEFAULT_LIMITS) == bytes(10_000_000)
    with pytest.raises(LimitError):
        fetch(f"{site.url}/packed", replace(DEFAULT_LIMITS, bytes=1_000_000))


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FetchError, match=rf"cannot connect to 127.0.0.1:{port}: Connection refused"):
        fetch(f"http://127.0.0.1:{port}/a.jpg", DEFAULT_LIMITS)


def test_an_unknown_host() -> None:
    with pytest.raises(FetchError, match=r"the host 'no-such-host.invalid' is not known"):
        fetch("http://no-such-host.invalid/a.jpg", SHORT)


@pytest.mark.parametrize("url", ["http://", "http:///a.jpg", "http://[::1", "http://host:port/a.jpg"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(FetchError, match=r"expected an address such as https://host/picture.jpg, got"):
        fetch(url, SHORT)


def test_a_page_instead_of_a_picture(stocked: Site) -> None:
    with pytest.raises(ValueError, match=r"/page: expected an image, got 33 bytes: an HTML page"):
        fingerprint(f"{stocked.url}/page")


def test_every_address_has_its_row(stocked: Site) -> None:
    paths = ["/photo.jpg", "/none.jpg", "/page", "/empty", "/moved"]
    frame = fingerprint_many([stocked.url + path for path in paths])
    assert list(frame["image"]) == [stocked.url + path for path in paths]
    assert list(frame["error"].isna()) == [True, False, False, False, True]
    assert frame["phash"][0] == frame["phash"][4]
