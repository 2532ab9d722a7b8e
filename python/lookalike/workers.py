"""Threads that work through a stream in order, and a gate that holds large work to its memory."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

__all__ = ["Crew", "Gate", "Task", "is_crew", "ordered_map"]

T = TypeVar("T")
R = TypeVar("R")

_WAKE = 0.2
_FAREWELL = 0.05
_CREW = "lookalike-crew"


class Task(Generic[T, R]):
    """One call, and its result when it is done."""

    def __init__(self, function: Callable[[T], R], argument: T) -> None:
        self._function = function
        self._argument: T | None = argument
        self._done = threading.Event()
        self._result: R | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the call, on the thread of whoever asks."""
        try:
            self._result = self._function(self._argument)  # type: ignore[arg-type]
        except BaseException as error:
            self._error = error
        self._argument = None
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether it is done, at the latest after so many seconds."""
        return self._done.wait(seconds)

    def result(self) -> R:
        """What the call returns, or raises."""
        # A wait without end cannot be interrupted on every system.
        while not self._done.wait(_WAKE):
            pass
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]


class Crew:
    """Threads that make calls, first come first served. Each is started when there is a call for it.

    They are daemons: a standard pool would keep an interrupted process alive until its last download
    has timed out.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._tasks: SimpleQueue[Task[Any, Any] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self, function: Callable[[T], R], argument: T) -> Task[T, R]:
        """Have a call made."""
        task = Task(function, argument)
        self._tasks.put(task)
        if len(self._threads) < self._workers:
            thread = threading.Thread(target=_serve, args=(self._tasks,), daemon=True, name=_CREW)
            thread.start()
            self._threads.append(thread)  # one that Ctrl-C kept from starting cannot be waited for
        return task

    def dismiss(self) -> None:
        """Drop the calls that have not begun, and wait a moment for those that have."""
        with suppress(Empty):
            while True:
                self._tasks.get_nowait()  # the threads take from it too: between a look and a `get` it can run dry
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + _FAREWELL
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def is_crew() -> bool:
    """Whether this thread belongs to a crew, whose work is dropped when the crew is dismissed."""
    return threading.current_thread().name == _CREW


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Generator[R, None, None]:
    """Results of `function` in the order of `items`, computed by `workers` threads.

    Items are taken on the caller's thread, at most twice as many as workers ahead of the result that is
    handed out. When the iterator is closed, what has not begun is dropped.
    """
    crew = Crew(workers)
    waiting: deque[Task[T, R]] = deque()
    try:
        for item in items:
            waiting.append(crew.start(function, item))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        crew.dismiss()


def _serve(tasks: SimpleQueue[Task[Any, Any] | None]) -> None:
    while (task := tasks.get()) is not None:
        task.run()
        del task  # or this thread would hold the last picture while it waits for the next


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
