"""Threads that work through a stream in order, and a gate that holds large work to its memory."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Gate", "ordered_map"]

T = TypeVar("T")
R = TypeVar("R")

_WAKE = 0.2
_FAREWELL = 0.5


class _Task(Generic[T, R]):
    """One call, and its result when it is done."""

    def __init__(self, function: Callable[[T], R], argument: T) -> None:
        self._function = function
        self._argument: T | None = argument
        self._done = threading.Event()
        self._result: R | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result = self._function(self._argument)  # type: ignore[arg-type]
        except BaseException as error:
            self._error = error
        self._argument = None
        self._done.set()

    def result(self) -> R:
        # A wait without end cannot be interrupted on every system.
        while not self._done.wait(_WAKE):
            pass
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Generator[R, None, None]:
    """Results of `function` in the order of `items`, computed by `workers` threads.

    Items are taken on the caller's thread, at most twice as many as workers ahead of the result that is
    handed out. When the iterator is closed, what has not begun is dropped.

    The threads are daemons: a standard pool would keep an interrupted process alive until its last
    download has timed out.
    """
    tasks: SimpleQueue[_Task[T, R] | None] = SimpleQueue()
    threads = [threading.Thread(target=_serve, args=(tasks,), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    waiting: deque[_Task[T, R]] = deque()
    try:
        for item in items:
            task = _Task(function, item)
            waiting.append(task)
            tasks.put(task)
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        _dismiss(tasks, threads)


def _serve(tasks: SimpleQueue[_Task[T, R] | None]) -> None:
    while (task := tasks.get()) is not None:
        task.run()
        del task  # or this thread would hold the last picture while it waits for the next


def _dismiss(tasks: SimpleQueue[_Task[T, R] | None], threads: list[threading.Thread]) -> None:
    with suppress(Empty):
        while True:
            tasks.get_nowait()  # the threads take from it too: between a look and a `get` it can run dry
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join(_FAREWELL / len(threads))


class Gate:
    """Lets work in while its sizes together stay within a capacity, first come first served.

    Work larger than the capacity goes in alone.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._open()
        if hasattr(os, "register_at_fork"):
            # A forked child has the visitors of its parent's threads, but not the threads.
            os.register_at_fork(after_in_child=self._open)

    def _open(self) -> None:
        self._used = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def visit(self) -> Iterator[Callable[[int], None]]:
        """Give a function that waits until work of a size may begin; it counts until the block ends."""
        held = 0

        def enter(size: int) -> None:
            nonlocal held
            size = min(size, self._capacity)
            self._enter(size)
            held += size

        try:
            yield enter
        finally:
            self._leave(held)

    def _enter(self, size: int) -> None:
        ticket = object()
        with self._changed:
            try:
                self._queue.append(ticket)
                while self._queue[0] is not ticket or self._used + size > self._capacity:
                    self._changed.wait(_WAKE)  # see `_Task.result`
                self._used += size
            finally:
                # Whoever is interrupted while waiting gives up its place, or nobody behind it would ever get in.
                with suppress(ValueError):
                    self._queue.remove(ticket)
                self._changed.notify_all()

    def _leave(self, size: int) -> None:
        with self._changed:
            self._used -= size
            self._changed.notify_all()
