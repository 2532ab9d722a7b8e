"""Messages between two processes: a mark, two lengths, a JSON object, bytes."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

__all__ = ["MOST_FIELDS", "receive", "send"]

Fields = dict[str, Any]

MOST_FIELDS = 4 * 1024 * 1024
"""Bytes of the JSON object: hashes of the largest size of every kind, of all turns, are far less."""

_MARK = b"LKM1"
_HEAD = struct.Struct("<4sIQ")


def send(file: BinaryIO, fields: Fields, data: bytes = b"") -> None:
    """Write one message.

    Raises:
        OSError: if nobody reads it any more.
    """
    text = json.dumps(fields, separators=(",", ":")).encode("ascii")
    file.write(_HEAD.pack(_MARK, len(text), len(data)) + text)
    if data:
        file.write(data)
    file.flush()


def receive(file: BinaryIO, most_data: int) -> tuple[Fields, bytes]:
    """Read one message. Its lengths are checked before there is memory for it.

    Raises:
        EOFError: if the other side has ended.
        ValueError: if it is no message, or a longer one.
    """
    mark, length, size = _HEAD.unpack(_exactly(file, _HEAD.size))
    if mark != _MARK or length > MOST_FIELDS or size > most_data:
        raise ValueError(f"expected a message of at most {most_data:,} bytes, got {mark!r} of {length:,} + {size:,}")
    fields = json.loads(_exactly(file, length))
    if not isinstance(fields, dict):
        raise ValueError(f"expected an object in a message, got {type(fields).__name__}")
    return fields, _exactly(file, size)


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return data
