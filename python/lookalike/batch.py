"""Many sources to rows, in their order: files in the core's threads, all else in Python's."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from ._core import Pool
from .direct import Failed, Found, Plan, exception_of, fingerprint_of, is_elsewhere
from .prints import Fingerprint, Row, error_row
from .single import by_pillow, fingerprint_item, with_digest, with_rest
from .sources import FileName, Item
from .sources.elsewhere import held
from .sources.items import settle
from .workers import Crew, Task

__all__ = ["rows"]

_DIRECT = (bytes, FileName)
# Rows in work: enough for a cold disk to have a choice, and for the threads to have work while rows are handed out.
_AHEAD = 64
_AHEAD_BYTES = 32 * 1024 * 1024
# Rows that are taken from the pool together, if they are done in time: to be woken for each costs more than the row.
_TOGETHER = 16
_LOOK = 0.01
_PAUSE = 0.005


class _Place:
    """A row's place in the order."""

    __slots__ = ("item", "row", "task")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.row: Row | None = None
        self.task: Task[Item, Row] | None = None


def rows(items: Iterator[Item], plan: Plan, workers: int) -> Generator[Row, None, None]:
    """One row for each item, in order, as they are asked for.

    Of paths at most `_AHEAD` are taken ahead of the row that is handed out, of bytes as many but not more
    than 32 MB. Of all else, and of what an iterator yields, two for each worker are in work at a time.
    """
    batch = _Batch(plan, workers)
    with held(plan.limits):
        try:
            yield from batch.rows(items)
        finally:
            batch.close()


class _Batch:
    """The work of one iterator: what waits for its row, and who works on it."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self._plan = plan
        self._workers = workers
        self._crew = Crew(workers)
        self._pool: Pool | None = None
        self._places: deque[_Place] = deque()
        self._in_pool: dict[int, _Place] = {}
        self._fresh: list[tuple[int, bytes | FileName]] = []
        self._ticket = 0
        self._bytes = 0
        self._tasks = 0
        self._fleeting = False

    def rows(self, items: Iterator[Item]) -> Iterator[Row]:
        more = True
        while more or self._places:
            more = more and self._fill(items)
            self._submit()
            self._collect(wait=not more or self._is_full())
            while self._places and (row := self._row(self._places[0])) is not None:
                self._places.popleft()
                yield row

    def close(self) -> None:
        if self._pool is not None:
            self._pool.cancel()
        self._crew.dismiss()

    def _is_full(self) -> bool:
        few = 2 * self._workers
        if self._tasks >= few or self._bytes > _AHEAD_BYTES or len(self._places) >= max(_AHEAD, few):
            return True
        # An iterator may keep us waiting for its next item, and rows that are done meanwhile would wait too.
        return self._fleeting and len(self._in_pool) >= few

    def _fill(self, items: Iterator[Item]) -> bool:
        """Take items until it is enough; whether there may be more."""
        begun = time.monotonic()
        while not self._is_full():
            item = next(items, None)
            if item is None:
                return False
            self._add(item)
            if time.monotonic() - begun > _PAUSE:
                break  # a slow iterator must not hold back the rows that are done
        return True

    def _add(self, item: Item) -> None:
        self._fleeting = item.fleeting
        item = settle(item, self._plan.limits.bytes)
        place = _Place(item)
        self._places.append(place)
        if item.error is not None:
            place.row = self._failure(item, item.error)
        elif self._plan.job is not None and isinstance(item.source, _DIRECT):
            self._ticket += 1
            self._in_pool[self._ticket] = place
            self._fresh.append((self._ticket, item.source))
            if isinstance(item.source, bytes):
                self._bytes += len(item.source)
        else:
            self._start(place, lambda item: fingerprint_item(item, self._plan))

    def _start(self, place: _Place, work: Callable[[Item], Fingerprint]) -> None:
        def row_of(item: Item) -> Row:
            try:
                item = with_digest(item, self._plan)
                return work(item).as_row()
            except Exception as error:
                return self._failure(item, error, item.digest)

        self._tasks += 1
        place.task = self._crew.start(row_of, place.item)

    def _submit(self) -> None:
        if not self._fresh:
            return
        if self._pool is None:
            assert self._plan.job is not None
            self._pool = Pool(self._plan.job, self._workers)
        self._pool.submit(self._fresh)
        self._fresh = []

    def _collect(self, wait: bool) -> None:
        """Take what the pool has done. `wait` a moment for the first row, if it is not done."""
        first = self._places[0] if self._places else None
        seconds = _LOOK if wait and first is not None and first.row is None else 0.0
        if first is not None and first.task is not None:
            first.task.wait(seconds)
            seconds = 0.0
        if self._pool is None or not self._in_pool:
            return
        wanted = max(1, min(_TOGETHER, len(self._in_pool) // 4))
        for ticket, found, failed, digest in self._pool.take(wanted, seconds):
            self._settle(self._in_pool.pop(ticket), found, failed, digest)

    def _settle(self, place: _Place, found: Found | None, failed: Failed | None, digest: str | None) -> None:
        item = place.item
        if isinstance(item.source, bytes):
            self._bytes -= len(item.source)
        if failed is not None and not is_elsewhere(failed):
            place.row = self._failure(item, exception_of(failed), digest)
        elif found is None:
            if isinstance(item.source, bytes):  # a file is read once more, and may have changed
                place.item = replace(item, digest=digest)
            self._start(place, lambda item: by_pillow(item, self._plan))
        elif self._plan.rest:
            # There, for it may have keypoints to find.
            self._start(
                place, lambda item: with_rest(item, self._plan, fingerprint_of(self._plan, item.image, found, digest))
            )
        elif self._plan.keypoints:
            place.item = replace(item, digest=digest)  # which is not to be made again
            self._start(place, lambda item: fingerprint_of(self._plan, item.image, found, digest))
        else:
            hashes, width, height, form, warning, look, *_ = found
            extra = [*([look] if self._plan.look else []), *([digest] if self._plan.digest else [])]
            values = (item.image, *hashes, width, height, form, self._plan.recipe, *extra, warning, None)
            place.row = dict(zip(self._plan.names, values, strict=True))

    def _row(self, place: _Place) -> Row | None:
        if place.row is None and place.task is not None and place.task.wait(0):
            self._tasks -= 1
            place.row = place.task.result()
        return place.row

    def _failure(self, item: Item, error: Exception, digest: str | None = None) -> Row:
        return error_row(self._plan.names, item.image, self._plan.recipe, error, digest)
