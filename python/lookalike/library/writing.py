"""Rows on their way into the catalog: collected, committed together, and only then handed out."""

from __future__ import annotations

import time
from typing import Any

from .catalog import Catalog
from .records import Record

__all__ = ["Batch"]

ROWS = 1_000
"""Rows that are committed together at most."""
SECONDS = 1.0
"""How long a row waits at most for others, while rows keep coming."""


class Batch:
    """Changes that are not committed yet.

    Attributes:
        waiting: what is to be told of them when they are.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._inserts: dict[int, Record] = {}
        self._updates: dict[int, Record] = {}
        self._deletes: set[int] = set()
        self._next = catalog.last() + 1
        self._begun = time.monotonic()
        self.waiting: list[dict[str, Any]] = []

    def insert(self, record: Record) -> Record:
        """A new row; it is returned with its number."""
        record = Record(self._next, *record[1:])
        self._next += 1
        self._inserts[record.number] = record
        return record

    def update(self, record: Record) -> Record:
        """Other values for a row, with the same number and codes; a look or keypoints that are not given stay."""
        changes = self._inserts if record.number in self._inserts else self._updates
        if (before := changes.get(record.number)) is not None:
            look, keypoints = record.look or before.look, record.keypoints or before.keypoints
            record = record._replace(look=look, keypoints=keypoints)
        changes[record.number] = record
        return record

    def replace(self, old: Record, new: Record) -> Record:
        """A new row in the place of another."""
        if self._inserts.pop(old.number, None) is None:
            self._updates.pop(old.number, None)
            self._deletes.add(old.number)
        return self.insert(new)

    def holds(self, number: int) -> bool:
        """Whether a row of the catalog is about to change."""
        return number in self._updates or number in self._deletes

    def is_due(self) -> bool:
        """Whether it is time to commit."""
        return len(self.waiting) >= ROWS or (bool(self.waiting) and time.monotonic() - self._begun >= SECONDS)

    def commit(self) -> list[dict[str, Any]]:
        """Commit everything; what may be told now."""
        inserts, updates, deletes = self._inserts, self._updates, self._deletes
        self._inserts, self._updates, self._deletes = {}, {}, set()
        told, self.waiting = self.waiting, []
        if inserts or updates or deletes:
            with self._catalog.store.transaction():
                self._catalog.delete(sorted(deletes))
                self._catalog.update(updates.values())
                self._catalog.insert(list(inserts.values()))
        self._begun = time.monotonic()
        return told
