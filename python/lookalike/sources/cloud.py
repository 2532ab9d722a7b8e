"""Pictures in a cloud's store: one object by its `s3://`, `gs://` or `az://` address.

They are read with the caller's own credentials, as that cloud's package finds them.
"""

from __future__ import annotations

import time
from typing import Any

from ..errors import FetchError, LimitError, MissingExtraError, shortened
from ..options import Limits

__all__ = ["read"]

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
_CHUNK = 1 << 20


def read(url: str, limits: Limits) -> bytes:
    """The bytes of an object.

    Raises:
        MissingExtraError: if fsspec, or its package for this cloud, is not installed.
        FetchError: if it cannot be read.
        LimitError: if it is longer than `limits.bytes`.
    """
    scheme, _, path = url.partition("://")
    store, end = _store(scheme.lower()), time.monotonic() + limits.seconds
    try:
        with store.open(path, "rb", cache_type="none") as file:
            return _counted(file, end, limits)
    except (FetchError, LimitError):
        raise
    except FileNotFoundError as error:
        raise FetchError(f"nothing is there: {shortened(url)}") from error
    except Exception as error:  # each cloud has its own
        raise FetchError(f"cannot read {shortened(url)}: {type(error).__name__}: {error}") from error


def _store(scheme: str) -> Any:
    try:
        import fsspec

        # Not `fsspec.open`, which takes several addresses in one, `s3://a::file://b`, and opens the last.
        return fsspec.filesystem(scheme)
    except ImportError as error:
        raise MissingExtraError.for_extra(f"an address {scheme}://", _PACKAGES[scheme], "cloud") from error
    except Exception as error:
        raise FetchError(f"cannot use {scheme}://: {type(error).__name__}: {error}") from error


def _counted(file: Any, end: float, limits: Limits) -> bytes:
    data = bytearray()
    while part := file.read(_CHUNK):
        data += part
        if len(data) > limits.bytes:
            raise LimitError(f"expected at most {limits.bytes:,} bytes, got a longer object; raise Limits.bytes")
        if time.monotonic() > end:
            raise FetchError(f"it was not complete after {limits.seconds:g} seconds; raise Limits.seconds")
    if not data:
        raise FetchError("expected an image, the object is empty (0 bytes)")
    return bytes(data)
