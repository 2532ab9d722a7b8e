"""Pictures by their http(s) address.

The address may be a stranger's: where it leads is checked by `dialing`, and what comes is counted.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import (
    EmptyPoolError,
    HTTPError,
    IncompleteRead,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
    TimeoutError,
)

from .._core import __version__
from ..errors import FetchError, LimitError, shortened
from ..options import Limits
from . import addresses
from .dialing import Clock, RefusedError, pool_for, timed

__all__ = ["fetch"]

_ATTEMPTS = 3
_BACKOFF = 0.5
_CHUNK = 1 << 16
_MEANINGS = {401: "it needs a login", 403: "it is forbidden", 404: "nothing is there", 410: "it is gone"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_USERINFO = re.compile(r"(?i)^(https?:)?/*[^/?#]*@")
_ZLIB_FORMS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
_HEADERS = {
    "User-Agent": f"lookalike/{__version__}",
    "Accept": "image/*,*/*;q=0.5",
    # Pictures are packed already, and what is not packed cannot balloon.
    "Accept-Encoding": "identity",
}


def fetch(url: str, limits: Limits) -> bytes:
    """Download an address: of http(s), or of a cloud's store (see `cloud`).

    Answers of 429 and 5xx are asked again, up to three times in all and within `limits.seconds`. Redirects
    are followed, each checked as the first address is. No cookie and no password is kept or sent.

    Raises:
        FetchError: if it cannot be reached, may not be, or does not answer with something.
        LimitError: if the answer is longer than `limits.bytes`.
        MissingExtraError: if a package for a cloud's address is not installed.
    """
    if url[:4].lower() != "http":
        from .cloud import read

        return read(url, limits)
    clock = Clock(limits)
    with timed(clock):
        for attempt in range(1, _ATTEMPTS + 1):
            with _follow(url, clock, limits) as (last, response):
                pause = _pause(response, attempt)
                if pause is None or time.monotonic() + pause > clock.end:
                    return _body(response, last, limits)
            time.sleep(pause)
    raise AssertionError("the last attempt asks for no pause")


@contextmanager
def _follow(url: str, clock: Clock, limits: Limits) -> Iterator[tuple[str, urllib3.BaseHTTPResponse]]:
    """The address that redirects end at, and its answer; they share one clock."""
    for _ in range(limits.redirects + 1):
        with _given_back(_ask(url, clock, limits)) as response:
            location = response.get_redirect_location()
            if not location:
                yield url, response
                return
        url = _next(url, location, limits)
    raise FetchError(f"it redirects more than {limits.redirects} times")


@contextmanager
def _given_back(response: urllib3.BaseHTTPResponse) -> Iterator[urllib3.BaseHTTPResponse]:
    """Give the connection back, closed where not all of the answer was read: the host has only so many."""
    try:
        yield response
    finally:
        response.close()
        response.release_conn()


def _next(url: str, location: str, limits: Limits) -> str:
    with _clear_errors(location, limits):
        found = urljoin(url, location)
    if not found.lower().startswith(("http://", "https://")):
        raise FetchError(f"it redirects to {shortened(found)}, which is no http(s) address")
    return found


def _ask(url: str, clock: Clock, limits: Limits) -> urllib3.BaseHTTPResponse:
    host = _checked(url, limits)
    if limits.proxy is not None and (address := addresses.literal(host)) is not None:
        # What a name leads to is the proxy's business, for the proxy resolves it.
        addresses.check(host, address, limits)
    with _clear_errors(url, limits):
        try:
            return _sent(url, clock, limits)
        except ProtocolError:
            # A kept connection may be closed by its server at the moment in which it is used again.
            return _sent(url, clock, limits)


def _sent(url: str, clock: Clock, limits: Limits) -> urllib3.BaseHTTPResponse:
    return pool_for(limits).request(
        "GET",
        url,
        headers=_HEADERS,
        timeout=clock.left,
        pool_timeout=clock.left,
        retries=False,
        redirect=False,
        preload_content=False,
        decode_content=False,
    )


def _checked(url: str, limits: Limits) -> str:
    """The host of an address that can be asked for.

    Raises:
        FetchError: if the address is none, or has more in it than an address for everyone.
    """
    if _CONTROL.search(url):
        raise FetchError(f"expected an address without control characters, got {shortened(url)}")
    with _clear_errors(url, limits):
        parts = urllib3.util.parse_url(url)
    if parts.auth is not None or _USERINFO.match(url):
        raise FetchError("expected an address without a user's name or password before the host")
    if parts.scheme not in ("http", "https") or not parts.host:
        raise FetchError(_no_address(url))
    return parts.host


def _body(response: urllib3.BaseHTTPResponse, url: str, limits: Limits) -> bytes:
    if not 200 <= response.status < 300:
        meaning = _MEANINGS.get(response.status) or _CONTROL.sub("?", response.reason or "an error")
        raise FetchError(f"expected an image, the server answered {response.status} ({meaning})")
    data = bytearray()
    with _clear_errors(url, limits):
        for part in _unpacked(response, limits):
            data += part
            if len(data) > limits.bytes:
                raise LimitError(f"expected at most {limits.bytes:,} bytes, got a longer answer; raise Limits.bytes")
    if not data:
        raise FetchError("expected an image, the server answered with nothing (0 bytes)")
    return bytes(data)


def _unpacked(response: urllib3.BaseHTTPResponse, limits: Limits) -> Iterator[bytes]:
    """The body in small parts, whatever it was packed to."""
    form = response.headers.get("Content-Encoding", "").strip().lower()
    if form in ("", "identity"):
        # read1 hands out what has come; read would wait for a whole chunk, past any deadline.
        while part := response.read1(_CHUNK, decode_content=False):
            yield part
        return
    if form not in _ZLIB_FORMS:
        raise FetchError(f"asked for a picture as it is, the server packed it by {shortened(form)}")
    unpacker, packed = zlib.decompressobj(_ZLIB_FORMS[form]), 0
    while part := response.read1(_CHUNK, decode_content=False):
        packed += len(part)
        if packed > limits.bytes:
            raise LimitError(f"expected at most {limits.bytes:,} bytes, got a longer answer; raise Limits.bytes")
        while part and not unpacker.eof:
            yield unpacker.decompress(part, _CHUNK)
            part = unpacker.unconsumed_tail
    yield unpacker.flush()
    if not unpacker.eof:
        raise FetchError(f"the server packed the answer by {form}, and broke off")


def _pause(response: urllib3.BaseHTTPResponse, attempt: int) -> float | None:
    """Seconds to wait before asking again, or `None` if this answer is final."""
    if (response.status != 429 and not 500 <= response.status < 600) or attempt == _ATTEMPTS:
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
    except (FetchError, LimitError):
        raise
    except HTTPError as error:
        raise FetchError(_explained(error, url, limits)) from error
    except zlib.error as error:
        raise FetchError(f"the server's packed answer is broken: {error}") from error
    except (UnicodeError, ValueError) as error:
        raise FetchError(_no_address(url)) from error


def _explained(error: HTTPError, url: str, limits: Limits) -> str:
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, LocationValueError):
        return _no_address(url)
    parts = urllib3.util.parse_url(url)
    host = parts.netloc or ""  # without a password
    if isinstance(error, NameResolutionError):
        return f"the host {parts.host!r} is not known"
    # Before the next, for urllib3 counts a refused connection among the timeouts.
    if isinstance(error, NewConnectionError):
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else None
        return f"cannot connect to {host}: {reason or error}"
    if isinstance(error, EmptyPoolError):
        return f"{host} was busy with other pictures of ours for too long (limit: {limits.seconds:g} seconds)"
    if isinstance(error, TimeoutError):
        return (
            f"{host} did not answer in time "
            f"(limits: {limits.first_byte:g} seconds to begin, {limits.seconds:g} to be complete)"
        )
    if isinstance(error, SSLError):
        return f"no secure connection to {host}: {error}"
    cut = error.__cause__
    if isinstance(cut, IncompleteRead):
        return f"the connection to {host} broke: got {cut.partial:,} bytes, {cut.expected:,} more were to come"
    return f"the connection to {host} broke: {error}"


def _no_address(url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    if not host.isascii():
        return f"expected a host in ASCII (a name with other letters begins with xn--), got {shortened(url)}"
    return f"expected an address such as https://host/picture.jpg, got {shortened(url)}"
