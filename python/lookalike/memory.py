"""Giving memory back to the system, which C libraries are slow to do by themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

__all__ = ["give_back"]


def give_back() -> None:
    """Return freed memory to the system, where the C library has to be told to (glibc).

    glibc keeps what a thread has freed for that thread. Decoding large pictures on two threads without
    this, a process of 40 MB grows to 300 between pictures, and the next one comes on top.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        import ctypes

        return ctypes.CDLL(None).malloc_trim
    except (ImportError, OSError, AttributeError, TypeError):
        return None  # another system, or another C library
