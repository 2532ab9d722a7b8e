"""Pictures by their http(s) address."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3
from urllib3.util import Retry, Timeout

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
_PHRASES = {
    400: "bad request",
    401: "it needs a login",
    403: "it is forbidden",
    404: "nothing is there",
    410: "it is gone",
    429: "too many requests",
}

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
        with _Answer(url, deadline, limits.seconds) as answer:
            if answer.status in _BUSY and attempt < _ATTEMPTS:
                pause = _pause(answer.headers.get("Retry-After"), attempt)
                if time.monotonic() + pause < deadline:
                    time.sleep(pause)
                    continue
            return answer.body(limits.bytes)
    raise AssertionError("the last attempt returns or raises")
