"""What several tests share: the folder of real data, and a web server on this machine that can misbehave."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import settings

# The time of one case says more about the machine than about the code. `make test` takes the same cases each time;
# new ones are for `make fuzz`, whose profile, if it was loaded before, has no deadline either and stays.
if settings.default is not None and settings.default.deadline is not None:
    settings.register_profile("tests", deadline=None, derandomize=True)
    settings.load_profile("tests")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs and odd files beside the project, or a skipped test."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the shared data set at {SHARED.parent.name}/{SHARED.name} beside the project")
    return SHARED


@pytest.fixture(scope="session")
def photo(shared: Path) -> Path:
    """One ordinary JPEG photograph."""
    return sorted((shared / "photos" / "everyday").glob("*.jpg"))[0]


@pytest.fixture
def location(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a library can be made: a directory, or on the server that `make test-postgres` starts."""
    server = os.environ.get("LOOKALIKE_POSTGRES")
    if server is None:
        yield str(tmp_path / "lib")
        return
    import psycopg

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    schema = f"test_{uuid.uuid4().hex}"
    yield f"{server}&schema={schema}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())


@dataclass
class Site:
    """A web server on this machine.

    `/NAME` is the file of that name in `folder`. Otherwise, the paths tell what goes wrong: see `_ANSWERS`.

    Attributes:
        folder: the files that it serves.
        url: where it answers, without a slash at the end.
        requests: the paths that were asked for, in order.
    """

    folder: Path
    url: str
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server for the time of a test, with an empty folder to be filled."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.site = Site(folder, f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.site  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        path = unquote(self.path)
        site.requests.append(path)
        try:
            if path in _ANSWERS:
                _ANSWERS[path](self)
            else:
                _send_file(self, site)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client gave up, as it should

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def _send_file(handler: _Handler, site: Site) -> None:
    file = site.folder / unquote(handler.path.partition("?")[0]).lstrip("/")
    if file.is_file():
        handler.answer(200, file.read_bytes(), Content_Type="image/jpeg")
    else:
        handler.answer(404, b"<html>no such page</html>", Content_Type="text/html")


def _drip(handler: _Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"\xff")
        time.sleep(0.1)


def _cut(handler: _Handler) -> None:
    handler.answer(200, b"\xff\xd8\xff", Content_Length="1000")


def _endless(handler: _Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 16))


def _busy_twice(handler: _Handler) -> None:
    site: Site = handler.server.site  # type: ignore[attr-defined]
    if site.requests.count("/busy-twice") < 3:
        handler.answer(503, Retry_After="0")
    else:
        handler.answer(200, (site.folder / "photo.jpg").read_bytes())


def _sleepy(handler: _Handler) -> None:
    time.sleep(3)
    handler.answer(200, b"late")


_ANSWERS: dict[str, Callable[[_Handler], None]] = {
    "/page": lambda handler: handler.answer(200, b"<!DOCTYPE html><html>hello</html>", Content_Type="text/html"),
    "/empty": lambda handler: handler.answer(200),
    "/nothing": lambda handler: handler.answer(204),
    "/secret": lambda handler: handler.answer(403),
    "/broken": lambda handler: handler.answer(500, b"oops"),
    "/loop": lambda handler: handler.answer(302, Location="/loop"),
    "/moved": lambda handler: handler.answer(301, Location="photo.jpg"),
    "/to-file": lambda handler: handler.answer(302, Location="file:///etc/hostname"),
    "/busy": lambda handler: handler.answer(503, Retry_After="3600"),
    "/busy-twice": _busy_twice,
    "/slow": _sleepy,
    "/drip": _drip,
    "/cut": _cut,
    "/endless": _endless,
}
