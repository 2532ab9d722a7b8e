"""Pictures by their http(s) address."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
    TimeoutError,
)

from .._core import __version__
from ..errors import FetchError, LimitError
from ..options import Limits

__all__ = ["fetch"]

_BUSY = frozenset({429, 502, 503, 504})
_ATTEMPTS = 3
_BACKOFF = 0.5
_REDIRECTS = 5
_CONNECT_SECONDS = 10.0
_CHUNK = 1 << 16
_MEANINGS = {401: "it needs a login", 403: "it is forbidden", 404: "nothing is there", 410: "it is gone"}

_lock = threading.Lock()
_pool: urllib3.PoolManager | None = None


def fetch(url: str, limits: Limits) -> bytes:
    """Download an address.

    Answers of 429, 502, 503 and 504 are asked again, up to three times in all and within
    `limits.seconds`. Up to five redirects are followed. Proxies of the environment are not used.

    Raises:
        FetchError: if it cannot be reached, or does not answer with something.
        LimitError: if the answer is longer than `limits.bytes`.
    """
    deadline = time.monotonic() + limits.seconds
    for attempt in range(1, _ATTEMPTS + 1):
        with closing(_follow(url, deadline, limits)) as response:
            pause = _pause(response, attempt)
            if pause is None or time.monotonic() + pause > deadline:
                return _body(response, deadline, limits)
        time.sleep(pause)
    raise AssertionError("the last attempt asks for no pause")


def _follow(url: str, deadline: float, limits: Limits) -> urllib3.BaseHTTPResponse:
    """The answer of an address, after redirects; they share one deadline."""
    for _ in range(_REDIRECTS + 1):
        response = _ask(url, deadline, limits)
        location = response.get_redirect_location()
        if not location:
            return response
        response.close()
        with _clear_errors(location, limits):
            url = urljoin(url, location)
        if not url.lower().startswith(("http://", "https://")):
            raise FetchError(f"it redirects to {url!r}, which is no http(s) address")
    raise FetchError(f"it redirects more than {_REDIRECTS} times")


def _ask(url: str, deadline: float, limits: Limits) -> urllib3.BaseHTTPResponse:
    left = max(0.01, deadline - time.monotonic())
    with _clear_errors(url, limits):
        return _shared_pool().request(
            "GET",
            url,
            headers={"User-Agent": f"lookalike/{__version__}", "Accept": "image/*,*/*;q=0.5"},
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=left),
            retries=False,
            redirect=False,
            preload_content=False,
        )


def _body(response: urllib3.BaseHTTPResponse, deadline: float, limits: Limits) -> bytes:
    if not 200 <= response.status < 300:
        meaning = _MEANINGS.get(response.status) or response.reason or "an error"
        raise FetchError(f"expected an image, the server answered {response.status} ({meaning})")
    data = bytearray()
    with _clear_errors(response.url or "", limits):
        # read1 hands out what has come; read would wait for a whole chunk, past any deadline.
        while part := response.read1(_CHUNK):
            data += part
            if len(data) > limits.bytes:
                raise LimitError(f"expected at most {limits.bytes:,} bytes, got a longer answer; raise Limits.bytes")
            if time.monotonic() > deadline:
                raise FetchError(f"it was not complete after {limits.seconds:g} seconds; raise Limits.seconds")
    if not data:
        raise FetchError("expected an image, the server answered with nothing (0 bytes)")
    return bytes(data)


def _pause(response: urllib3.BaseHTTPResponse, attempt: int) -> float | None:
    """Seconds to wait before asking again, or `None` if this answer is final."""
    if response.status not in _BUSY or attempt == _ATTEMPTS:
        return None
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return float(_BACKOFF * 2 ** (attempt - 1))


@contextmanager
def _clear_errors(url: str, limits: Limits) -> Iterator[None]:
    """Turn what urllib3 raises into a `FetchError` that says what happened."""
    try:
        yield
    except HTTPError as error:
        raise FetchError(_explained(error, url, limits)) from error
    except (UnicodeError, ValueError) as error:
        if isinstance(error, LimitError):
            raise
        raise FetchError(f"expected an address such as https://host/picture.jpg, got {url!r}") from error


def _explained(error: HTTPError, url: str, limits: Limits) -> str:
    if isinstance(error, LocationValueError):
        return f"expected an address such as https://host/picture.jpg, got {url!r}"
    host = urlsplit(url).netloc.rpartition("@")[2]  # without a password
    if isinstance(error, NameResolutionError):
        return f"the host {host!r} is not known"
    # Before the next, for urllib3 counts a refused connection among the timeouts.
    if isinstance(error, NewConnectionError):
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else None
        return f"cannot connect to {host}: {reason or error}"
    if isinstance(error, TimeoutError):
        return f"{host} did not answer in time (limit: {limits.seconds:g} seconds)"
    if isinstance(error, SSLError):
        return f"no secure connection to {host}: {error}"
    return f"the connection to {host} broke: {error}"


def _shared_pool() -> urllib3.PoolManager:
    global _pool
    with _lock:
        if _pool is None:
            _pool = urllib3.PoolManager(maxsize=8)
        return _pool
