"""How the C library keeps memory, where it has to be told."""

from __future__ import annotations

from functools import cache

__all__ = ["return_large_blocks"]

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of glibc's malloc.h
_LARGE = 4 * 1024 * 1024


@cache
def return_large_blocks() -> None:
    """Have blocks of 4 MB and more returned to the system when they are freed.

    glibc begins so, with smaller ones even, but raises its threshold with each large block that is
    freed, to 32 MB; what a thread has freed it keeps for that thread. Decoding large pictures on two
    threads then takes half as much memory again as the pictures (measured: 376 to 409 MB for 275), and
    `malloc_trim` between pictures does not reach all of it. The processor time is the same.
    """
    try:
        import ctypes

        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)
    except (ImportError, OSError, AttributeError, TypeError):
        return  # another system, or another C library
