"""Packed bytes, unpacked a strip at a time: what comes out is counted, whatever a header says of it."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from ..errors import NoImageError

__all__ = ["BrokenError", "Unpacked"]

_STRIP = 1 << 16
# What xz may take for its dictionary: its strongest setting needs 65 MB, and a header can ask for 4 GB.
_XZ_MEMORY = 128 << 20
_FAULTS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class BrokenError(NoImageError):
    """An archive of which nothing behind this place can be read."""


class _Stored:
    """As they are."""

    eof, needs_input, unused_data = False, True, b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        self.eof = not data
        return data


class _Inflated:
    """zlib's with the face of the others."""

    def __init__(self, bits: int) -> None:
        self._engine = zlib.decompressobj(bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._engine.decompress(self._engine.unconsumed_tail + data, max_length)
        # All may be taken in and some still be to come out.
        self.needs_input = not self._engine.unconsumed_tail and len(out) < max_length
        return out


_ENGINES: dict[str, Callable[[], Any]] = {
    "stored": _Stored,
    "deflate": lambda: _Inflated(-15),
    "gzip": lambda: _Inflated(31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY),
}


class Unpacked:
    """A packed stream, to be read as what is in it.

    Args:
        pull: gives the next packed bytes; none at the end.
        form: `"stored"`, `"deflate"`, `"gzip"`, `"bzip2"` or `"xz"`; of the last three, several may follow each other.
        spend: told how many bytes have come out; it raises when that is too much.

    Attributes:
        given: how many bytes were read.
    """

    def __init__(self, pull: Callable[[], bytes], form: str, spend: Callable[[int], None]) -> None:
        self._pull, self._spend, self._make = pull, spend, _ENGINES[form]
        self._engine = self._make()
        self._goes_on = form in ("gzip", "bzip2", "xz")
        self._ready = b""
        self.given = 0

    @property
    def rest(self) -> int:
        """How many bytes were pulled and belong to what follows."""
        return len(self._engine.unused_data)

    def read(self, size: int) -> bytes:
        """At most so many bytes, none only at the end.

        Raises:
            BrokenError: if the packed bytes are damaged, or end before what is in them.
        """
        if not self._ready:
            self._ready = self._next()
        part, self._ready = self._ready[:size], self._ready[size:]
        self.given += len(part)
        return part

    def exactly(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        parts = []
        while size and (part := self.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over so many bytes; how many there were."""
        left = size
        while left and (part := self.read(min(left, _STRIP))):
            left -= len(part)
        return size - left

    def _next(self) -> bytes:
        while True:
            out = self._step()
            if out is None:
                return b""
            if out:
                self._spend(len(out))
                return out

    def _step(self) -> bytes | None:
        """What the engine gives for its next input, if anything; `None` at the end."""
        engine = self._engine
        data = b""
        if engine.eof:
            data = engine.unused_data.lstrip(b"\0")  # tapes are filled up
            if not self._goes_on or not (data or (data := self._pull().lstrip(b"\0"))):
                return None
            engine = self._engine = self._make()
        elif engine.needs_input:
            data = self._pull()
            if not data and not isinstance(engine, _Stored):
                raise BrokenError("it breaks off")
        try:
            out: bytes = engine.decompress(data, _STRIP)
        except _FAULTS as error:
            raise BrokenError(f"it is damaged: {error}") from None
        except MemoryError:
            raise BrokenError("unpacking it takes too much memory") from None
        return out
