"""The workers of this process: lent to one question at a time, ended when nobody needs them."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..workers import is_crew
from .messages import Fields
from .worker import Died, Worker

__all__ = ["ask", "held"]

# A worker that has done so much is replaced: what a decoder leaks is gone with it.
_MOST_ANSWERS = 1000
# So long one waits for another question, when no batch holds it.
_LINGER = 10.0
_STARTING = 60.0
_GRACE = 0.5


Seconds = Callable[[int], float]


class _Crew:
    """All workers: who is busy until when, who is idle since when."""

    def __init__(self) -> None:
        self._open()
        atexit.register(self.dismiss)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _open(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[tuple[float, Worker]] = []
        self._busy: dict[Worker, float] = {}
        self._holders = 0
        self._keeper: threading.Thread | None = None

    def _forked(self) -> None:
        """The workers are the parent's. Its ends of their pipes are closed here, or they would outlive it."""
        workers = [*self._busy, *(worker for _, worker in self._idle)]
        self._open()
        for worker in workers:
            worker.abandon()

    def ask(
        self, fields: Fields, data: bytes, most_data: int, seconds: Seconds, *, fresh: bool = False
    ) -> tuple[Fields, bytes]:
        """See `ask` below."""
        worker = self._take(fresh)
        try:
            self._allow(worker, _STARTING)
            worker.wait_ready()
            # It looks at the clock itself; this is for when it cannot.
            self._allow(worker, seconds(0) + _GRACE)
            answer = worker.ask(fields, data, most_data, lambda size: self._allow(worker, seconds(size) + _GRACE))
        except Died as error:
            # One that was ended because nobody needs it any more is not to be replaced.
            error.used &= self._drop(worker)
            raise
        except BaseException:
            self._drop(worker)
            raise
        self._give_back(worker, worn=answer[0].get("worn") is True)
        return answer

    def _take(self, fresh: bool) -> Worker:
        with self._changed:
            if self._idle and not fresh:
                worker = self._idle.pop()[1]
                return self._lend(worker)
        worker = Worker()
        with self._changed:
            return self._lend(worker)

    def _lend(self, worker: Worker) -> Worker:
        worker.is_for_crew = is_crew()
        self._busy[worker] = time.monotonic() + _STARTING
        return worker

    def _allow(self, worker: Worker, seconds: float) -> None:
        with self._changed:
            self._busy[worker] = time.monotonic() + seconds
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="lookalike-isolation", daemon=True)
                self._keeper.start()
            self._changed.notify_all()

    def _drop(self, worker: Worker) -> bool:
        """Let go of one; whether it was still wanted."""
        with self._changed:
            wanted = self._busy.pop(worker, None) is not None
        worker.end()
        return wanted

    def _give_back(self, worker: Worker, worn: bool) -> None:
        with self._changed:
            # One that `dismiss` has ended meanwhile is no longer among the busy.
            known = self._busy.pop(worker, None) is not None
            wanted = known and not worker.is_late and (self._holders > 0 or not worker.is_for_crew)
            if wanted and not worn and worker.answers < _MOST_ANSWERS:
                self._idle.append((time.monotonic(), worker))
                self._changed.notify_all()
                return
        worker.end()

    def hold(self) -> None:
        """Keep idle workers until `release`."""
        with self._changed:
            self._holders += 1

    def release(self) -> None:
        """Undo one `hold`; the last ends all workers, those too that still work for a batch that was given up."""
        with self._changed:
            self._holders -= 1
            if self._holders:
                return
            # Others work for single calls, on threads of the caller's.
            workers = self._without({worker for worker in self._busy if worker.is_for_crew})
        for worker in workers:
            worker.end()

    def dismiss(self) -> None:
        """End all workers."""
        with self._changed:
            workers = self._without(set(self._busy))
        for worker in workers:
            worker.end()

    def _without(self, busy: set[Worker]) -> list[Worker]:
        """Forget these and the idle ones."""
        workers = [*busy, *(worker for _, worker in self._idle)]
        for worker in busy:
            del self._busy[worker]
        self._idle.clear()
        self._changed.notify_all()
        return workers

    def _keep(self) -> None:
        """End workers whose time is over, and those that idle for long; on a thread that ends with the last."""
        while True:
            with self._changed:
                tired, wake = self._overdue(time.monotonic())
                if wake is None and not tired:
                    self._keeper = None
                    return
                if not tired:
                    assert wake is not None
                    self._changed.wait(max(0.0, wake - time.monotonic()))
                    continue
            for worker in tired:
                worker.end()

    def _overdue(self, now: float) -> tuple[list[Worker], float | None]:
        """Stop those whose time is over. Who idles for too long, and when to look again; `None` if there is nobody."""
        for worker in [worker for worker, until in self._busy.items() if until <= now]:
            worker.stop_late()  # while nobody can lend it to another question
            self._busy[worker] = now + _STARTING
        kept = self._holders > 0
        tired = [] if kept else [worker for since, worker in self._idle if since + _LINGER <= now]
        self._idle = [(since, worker) for since, worker in self._idle if worker not in tired]
        ends = [*self._busy.values(), *([] if kept else [since + _LINGER for since, _ in self._idle])]
        return tired, min(ends, default=now + _LINGER if self._idle else None)


_crew = _Crew()


def ask(fields: Fields, data: bytes, most_data: int, seconds: Seconds) -> tuple[Fields, bytes]:
    """Have a worker answer a question.

    A worker that dies may do so of an earlier question: then a fresh one is asked, once.

    Args:
        fields: what JSON can say.
        data: the rest.
        most_data: bytes that may come with the answer.
        seconds: how long it may take, for the size that the worker tells once it knows it; 0 until then.

    Raises:
        Died: if there was no answer, with how the worker ended.
        RuntimeError, OSError: if none could be started.
    """
    try:
        return _crew.ask(fields, data, most_data, seconds)
    except Died as error:
        if error.late or not error.used:
            raise
    return _crew.ask(fields, data, most_data, seconds, fresh=True)


@contextmanager
def held() -> Iterator[None]:
    """Keep workers from one question to the next for the time of a block, and none after the last such block."""
    _crew.hold()
    try:
        yield
    finally:
        _crew.release()
