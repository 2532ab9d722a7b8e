"""Pictures into the catalog: what is known is not opened, what is new or changed is fingerprinted.

Sources are taken in parts of a thousand at most. Of each part the catalog is asked once what it knows; the rest
goes through the threads in one stream, and is committed every thousand rows or every second.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .. import batch
from ..direct import Plan
from ..fingerprints import Progress
from ..looks import Look
from ..options import Limits
from ..sources import Item
from ..sources.items import expand, expand_each, settle
from .catalog import Catalog
from .places import Seen, is_gone, own_name, seen
from .records import Record
from .values import Given, as_facts, as_text, as_time, clean, dumped, now
from .writing import Batch

__all__ = ["STATUSES", "Added", "Adding", "added", "sources_of"]

STATUSES = ("added", "changed", "moved", "updated", "unchanged", "failed")
_PART = 1_000
_PART_BYTES = 32 * 1024 * 1024
_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the sources.

    Attributes:
        added: new in the library.
        changed: known, with other contents now.
        moved: known at another place, where it is no more.
        updated: known, with other facts now.
        unchanged: known.
        failed: could not be read; kept as rows with an error.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All sources."""
        return sum(getattr(self, status) for status in STATUSES)

    def __str__(self) -> str:
        parts = [f"{count:,} {status}" for status in STATUSES if (count := getattr(self, status))]
        return f"{self.total:,} {'image' if self.total == 1 else 'images'}: {', '.join(parts) or 'nothing to add'}"


def added(rows: Iterable[dict[str, Any]], total: Callable[[], int | None], progress: Progress) -> Added:
    """What became of the sources of some rows, with a bar or a function that is told of each."""
    counts: Counter[str] = Counter()
    if progress is True:
        from tqdm import tqdm

        rows = tqdm(rows, total=total(), unit="image", file=sys.stderr)
    for done, row in enumerate(rows, 1):
        counts[row["status"]] += 1
        if callable(progress):
            progress(done, row["image"])
    return Added(**counts)


class _One(NamedTuple):
    """One source before its part is looked up: the item, what a look told, what the user told."""

    item: Item
    seen: Seen
    owner: str
    listing: str
    time: str | None
    facts: dict[str, Any]
    named: bool

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.seen.place, self.owner, self.listing


def sources_of(sources: object, values: dict[str, Any], limits: Limits) -> tuple[Iterator[tuple[int, Item]], Given]:
    """Items with the number of the source that each came from, and the values that came with the sources."""
    given = Given(values, len(sources) if _is_list(sources) else None)  # type: ignore[arg-type]
    if given.columns:
        return expand_each(sources, limits), given  # type: ignore[arg-type]
    return ((0, item) for item in expand(sources, limits)), given


def _is_list(sources: object) -> bool:
    if isinstance(sources, str | bytes | bytearray | memoryview) or not hasattr(sources, "__len__"):
        return False
    return getattr(sources, "ndim", 1) == 1 and hasattr(sources, "__iter__")


class Adding:
    """One call of `add_rows`, with the lock held."""

    def __init__(self, catalog: Catalog, plan: Plan, workers: int, *, retry: bool) -> None:
        self._catalog = catalog
        self._plan = plan
        self._workers = workers
        self._retry = retry
        self._batch = Batch(catalog)
        self._known: dict[tuple[str, str, str], Record] = {}
        self._lacking: set[int] = set()
        self._places: dict[str, list[tuple[str, str, str]]] = {}

    def rows(self, items: Iterator[tuple[int, Item]], given: Given) -> Iterator[dict[str, Any]]:
        """One row for each item, in order, each when it is committed."""
        while part := list(self._part(items, given)):
            self._look_up(part)
            open_items, opened = self._to_open(part)
            found = batch.rows(iter(open_items), self._plan, self._workers)
            try:
                for one, is_open in zip(part, opened, strict=True):
                    row = next(found) if is_open else None
                    self._batch.waiting.append(self._settle(one, row))
                    if self._batch.is_due():
                        yield from self._batch.commit()
            except (KeyboardInterrupt, GeneratorExit):
                self._batch.commit()  # nobody is told, but the next call knows them
                raise
            finally:
                found.close()
            yield from self._batch.commit()

    def _part(self, items: Iterator[tuple[int, Item]], given: Given) -> Iterator[_One]:
        """So many items that it is worth asking the catalog, and not so many that they fill the memory."""
        begun, held = time.monotonic(), 0
        for number, item in itertools.islice(items, _PART):
            name = own_name(item)
            if item.fleeting or callable(getattr(item.source, "read", None)):
                item = replace(settle(item, self._plan.limits.bytes), fleeting=False)
            yield self._one(item, name, given.at(number))
            held += _weight(item.source)
            if held >= _PART_BYTES or time.monotonic() - begun >= _PATIENCE:
                return

    def _one(self, item: Item, name: str | None, values: dict[str, Any]) -> _One:
        values = dict(values)
        image = None if (label := values.pop("image", None)) is None else clean(str(label))
        owner, listing = (as_text(name, values.pop(name, None)) for name in ("owner", "listing"))
        told = as_time(values.pop("time", None))
        looked = seen(item, image or name)
        if image is not None:
            item = replace(item, image=image)
        if looked.gone and item.error is None:
            item = replace(item, error=FileNotFoundError("no such file"))
        return _One(item, looked, owner, listing, told, as_facts(values), image is not None)

    def _look_up(self, part: list[_One]) -> None:
        self._known, self._places = {}, {}
        for record in self._catalog.at_places({one.seen.place for one in part}):
            self._keep(record)
        if self._plan.keypoints:
            numbers = {record.number for record in self._known.values() if record.codes is not None}
            self._lacking = numbers - self._catalog.keypoints.having(numbers)

    def _to_open(self, part: list[_One]) -> tuple[list[Item], list[bool]]:
        """The items that must be read, and for each of the part whether it is one."""
        opened = [self._is_news(one) for one in part]
        first: set[tuple[Any, ...]] = set()
        for number, one in enumerate(part):
            # Twice in one call: the first tells what the second needs.
            key = one.seen.place, one.seen.size, one.seen.mtime_ns, one.seen.digest
            if opened[number] and key in first:
                opened[number] = False
            elif opened[number]:
                first.add(key)
        return [one.item for one, is_open in zip(part, opened, strict=True) if is_open], opened

    def _is_news(self, one: _One) -> bool:
        if one.item.error is not None:
            return False
        known = self._known.get(one.identity)
        if known is None or not _is_same(known, one.seen):
            known = self._like(one)
        return known is None or (known.error is not None and self._retry) or self._lacks(known)

    def _lacks(self, known: Record) -> bool:
        """Whether reading it again would tell more."""
        return _lacks_look(known) or known.number in self._lacking

    def _like(self, one: _One) -> Record | None:
        """A row of the same contents at the same place, for whichever owner and listing."""
        found = (self._known[identity] for identity in self._places.get(one.seen.place, ()))
        return next((record for record in found if _is_same(record, one.seen)), None)

    def _settle(self, one: _One, row: dict[str, Any] | None) -> dict[str, Any]:
        """Decide what becomes of one source, and what to tell of it."""
        known = self._known.get(one.identity)
        if row is not None:
            return self._read(one, known, self._from_row(one, row))
        if one.item.error is not None:
            return self._unreadable(one, known)
        if known is not None and _is_same(known, one.seen):
            return self._told_again(one, known)
        other = self._like(one)
        assert other is not None
        return self._read(one, known, self._fresh(one)._replace(**_contents(other), **self._kept_of(other)))

    def _kept_of(self, record: Record) -> dict[str, Any]:
        """The look and the keypoints of a row, which may not be committed yet."""
        look, keypoints = record.look, record.keypoints
        if look is None and record.parts is not None:
            look = self._catalog.looks([record.number]).get(record.number)
        if keypoints is None and self._plan.keypoints:
            keypoints = self._catalog.keypoints.of([record.number]).get(record.number)
        return {"look": look, "keypoints": keypoints}

    def _unreadable(self, one: _One, known: Record | None) -> dict[str, Any]:
        """It was not there to be read. What is known of it stays."""
        from ..prints import error_text

        assert one.item.error is not None
        text = error_text(one.item.error)
        if known is not None and known.error is None:
            return _told(one, "failed", known, text)
        fresh = self._fresh(one)._replace(error=text)
        record = fresh if known is None else self._merged(one, known)._replace(error=text)
        return _told(one, "failed", self._put(record, known), text)

    def _read(self, one: _One, known: Record | None, fresh: Record) -> dict[str, Any]:
        """It was read, or could not be decoded."""
        if known is None:
            moved = self._moved(one, fresh)
            if moved is not None:
                return moved
            record = self._put(fresh, None)
            return _told(one, "failed" if record.error else "added", record)
        merged = self._merged(one, known)
        same = known.codes is not None and fresh.codes == known.codes and fresh.digest == known.digest
        if same and _lacks_look(known) and fresh.look is not None:
            # A new row: the index may hold the old one, without its parts.
            kept = fresh.keypoints or self._catalog.keypoints.of([known.number]).get(known.number)
            merged = merged._replace(**_contents(fresh), look=fresh.look, keypoints=kept)
            return _told(one, "updated", self._put(merged, known))
        if same:
            return self._same_again(one, known, merged, fresh)
        record = self._put(merged._replace(**_contents(fresh), **_kept(fresh), added=fresh.added), known)
        return _told(one, "failed" if record.error else "changed" if known.error is None else "added", record)

    def _same_again(self, one: _One, known: Record, merged: Record, fresh: Record) -> dict[str, Any]:
        """Only its time of change is another, or it gets the keypoints that it has not."""
        merged = merged._replace(size=fresh.size, mtime_ns=fresh.mtime_ns)
        more = fresh.keypoints is not None and known.number in self._lacking
        self._keep(self._batch.update(merged._replace(keypoints=fresh.keypoints) if more else merged))
        self._lacking.discard(known.number)
        return _told(one, "unchanged" if _is_told(known, merged) and not more else "updated", merged)

    def _told_again(self, one: _One, known: Record) -> dict[str, Any]:
        merged = self._merged(one, known)
        if not _is_told(known, merged):
            self._keep(self._batch.update(merged))
            return _told(one, "failed" if merged.error else "updated", merged)
        return _told(one, "failed" if known.error else "unchanged", known)

    def _moved(self, one: _One, fresh: Record) -> dict[str, Any] | None:
        """The row of a file with the same bytes that is no more where it was, now here."""
        if fresh.digest is None or one.seen.mtime_ns is None or fresh.codes is None:
            return None
        for record in self._catalog.with_digest(fresh.digest):
            if (record.owner, record.listing) != (one.owner, one.listing) or self._batch.holds(record.number):
                continue
            if record.mtime_ns is None or record.codes != fresh.codes or not is_gone(record.place):
                continue
            size, mtime = fresh.size, fresh.mtime_ns
            here = record._replace(place=fresh.place, image=fresh.image, size=size, mtime_ns=mtime)
            merged = self._merged(one, here)
            if self._plan.keypoints and not self._catalog.keypoints.having([record.number]):
                merged = merged._replace(keypoints=fresh.keypoints)
            if self._known.pop(record.identity, None) is not None:
                self._places[record.place].remove(record.identity)
            self._keep(self._batch.update(merged))
            return _told(one, "moved", merged)
        return None

    def _put(self, record: Record, known: Record | None) -> Record:
        """A new row, in the place of one that is known."""
        if known is None:
            return self._keep(self._batch.insert(record))
        if known.codes is None and record.codes is None:
            # No index holds it, so it may keep its number.
            return self._keep(self._batch.update(record._replace(number=known.number)))
        return self._keep(self._batch.replace(known, record))

    def _keep(self, record: Record) -> Record:
        if record.identity not in self._known:
            self._places.setdefault(record.place, []).append(record.identity)
        self._known[record.identity] = record
        return record

    def _fresh(self, one: _One) -> Record:
        size, mtime = one.seen.size, one.seen.mtime_ns
        return Record(
            number=0, image=one.item.image, place=one.seen.place, size=size, mtime_ns=mtime, digest=one.seen.digest,
            owner=one.owner, listing=one.listing, time=one.time, facts=dumped(one.facts), added=now(),
        )  # fmt: skip

    def _from_row(self, one: _One, row: dict[str, Any]) -> Record:
        digest = one.seen.digest or row["digest"]
        fresh = self._fresh(one)._replace(digest=digest, warning=row["warning"], error=row["error"])
        if row["error"] is not None:
            return fresh
        layout = self._catalog.head.layout
        codes = layout.pack([row[name] for name in layout.names])
        fresh = fresh._replace(width=row["width"], height=row["height"], format=row["format"], codes=codes)
        fresh = fresh._replace(keypoints=row.get("keypoints"))
        if row["look"] is None:
            return fresh
        look = Look.trusted(row["look"])
        return fresh._replace(quality=look.quality, parts=look.parts(), look=look.data)

    def _merged(self, one: _One, known: Record) -> Record:
        """What is known with what is told now."""
        facts = known.facts if not one.facts else dumped({**known.known_facts, **one.facts})
        image = one.item.image if one.named else known.image
        return known._replace(image=image, time=one.time or known.time, facts=facts)


_CONTENTS = ("size", "mtime_ns", "digest", "width", "height", "format", "codes", "quality", "parts", "warning", "error")


def _contents(record: Record) -> dict[str, Any]:
    """What comes from the file, not from the user."""
    return {name: getattr(record, name) for name in _CONTENTS}


def _kept(record: Record) -> dict[str, Any]:
    """What is kept in tables of its own."""
    return {"look": record.look, "keypoints": record.keypoints}


def _is_same(known: Record, looked: Seen) -> bool:
    """Whether a row is of the contents that are there now, as far as can be told without opening."""
    if looked.digest is not None:
        return known.digest == looked.digest
    return (known.size, known.mtime_ns) == (looked.size, looked.mtime_ns)


def _lacks_look(known: Record) -> bool:
    """Whether it came from an older release, or as a ready fingerprint, and could be looked at twice if read again."""
    return known.codes is not None and known.parts is None


def _is_told(known: Record, merged: Record) -> bool:
    """Whether the user told nothing new."""
    return (known.image, known.time, known.facts) == (merged.image, merged.time, merged.facts)


def _told(one: _One, status: str, record: Record, error: str | None = None) -> dict[str, Any]:
    number = record.number
    problem = error or record.error
    return {"image": one.item.image, "status": status, "row": number, "error": problem, "warning": record.warning}


def _weight(source: object) -> int:
    if isinstance(source, bytes):
        return len(source)
    size: Any = getattr(source, "nbytes", None) or getattr(source, "size", 0)
    return size[0] * size[1] * 4 if isinstance(size, tuple) else int(size) if isinstance(size, int) else 0
