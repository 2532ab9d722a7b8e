"""Work that the user can interrupt."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["abandoned", "aside", "interruptible", "uninterrupted"]

_T = TypeVar("_T")
_AHEAD = 64
_TICK = 0.1
_END = object()
_running = 0


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException


def interruptible(
    items: Iterable[_T], idle: Callable[[], None] | None = None, patience: float = 0.0
) -> Generator[_T, None, None]:
    """Go through the items in another thread, so that Ctrl-C is heard at once in this one.

    A picture that takes long to decode or an address that does not answer can hold the thread that
    waits for it. This one only waits for a queue, calls `idle` ten times a second, and on an interrupt
    leaves the other thread where it is, or gives it so many seconds to come to the next item and put
    away what it has.
    """
    global _running
    entries: queue.Queue[object] = queue.Queue(_AHEAD)
    stop = threading.Event()
    threading.Thread(target=_feed, args=(items, entries, stop), daemon=True).start()
    _running += 1
    try:
        while True:
            try:
                entry = entries.get(timeout=_TICK)
            except queue.Empty:
                if idle is not None:
                    idle()
                continue
            if entry is _END or isinstance(entry, _Failure):
                _running -= 1
            if entry is _END:
                return
            if isinstance(entry, _Failure):
                raise entry.error
            yield entry  # type: ignore[misc]  # the queue holds items, _END and _Failure
    except (KeyboardInterrupt, GeneratorExit):
        stop.set()
        _running -= _has_ended(entries, patience)
        raise


def _has_ended(entries: queue.Queue[object], patience: float) -> bool:
    """Whether the other thread, told to stop, comes to its end in this time. What it still brings is dropped."""
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0:
        try:
            entry = entries.get(timeout=min(left, _TICK))
        except queue.Empty:
            continue
        if entry is _END or isinstance(entry, _Failure):
            return True
    return False


def _feed(items: Iterable[object], entries: queue.Queue[object], stop: threading.Event) -> None:
    try:
        for item in items:
            if stop.is_set():
                break
            entries.put(item)
        close = getattr(items, "close", None)
        if close is not None:
            close()
    except BaseException as error:
        entries.put(_Failure(error))
    else:
        entries.put(_END)


def aside(work: Callable[[], _T]) -> _T:
    """Do one piece of work in another thread, and wait for it in an interruptible way."""

    def once() -> Iterator[_T]:
        yield work()

    result, *_ = interruptible(once())
    return result


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C for as long as it takes to finish something short."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Ctrl-C never comes here
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def abandoned() -> bool:
    """Whether work is still running that nobody waits for."""
    return _running > 0
