"""Fingerprints that are ready, from a table, into the catalog."""

from __future__ import annotations

import base64
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ColumnError, MismatchError
from ..frames import column_names, read_columns
from ..keypoints import Keypoints
from ..looks import Look
from ..options import recipe_name
from .catalog import Catalog
from .keypoint_rows import MOST_BYTES
from .records import Layout, Record
from .values import as_facts, as_text, as_time, check_facts, clean, dumped, now, plain
from .writing import Batch

__all__ = ["add_ready"]

_PART = 10_000
_OWN = (
    "image",
    "row",
    "place",
    "owner",
    "listing",
    "time",
    "width",
    "height",
    "format",
    "recipe",
    "size",
    "mtime_ns",
    "digest",
    "added",
    "warning",
    "error",
    "status",
    "look",
    "keypoints",
    "quality",
)

_KEPT = ("digest", "size", "mtime_ns", "width", "height", "format")
"""What is not forgotten if a table does not say it again."""

Columns = dict[str, Sequence[Any]]


def columns_of(table: Any) -> Columns:
    """The columns of a table, or of a list of rows, missing values as `None`."""
    if isinstance(table, list):
        names = dict.fromkeys(name for row in table for name in row)
        return {name: [plain(row.get(name)) for row in table] for name in names}
    return dict(read_columns(table, column_names(table)))


def add_ready(
    catalog: Catalog, table: Any, renamed: Mapping[str, str | None], scalars: Mapping[str, Any]
) -> Iterator[list[dict[str, Any]]]:
    """Add the rows of a table, and tell what became of them in parts, each when it is committed.

    Args:
        catalog: with the lock held.
        table: of `fingerprint_many`, or its rows; columns that are none of it or of the catalog become facts.
        renamed: which column is the owner, listing, time.
        scalars: the same for all rows.
    """
    if isinstance(table, list) and not table:
        return
    columns = columns_of(table)
    checked = _Ready(catalog, columns, renamed, scalars)
    for start in range(0, checked.count, _PART):
        yield checked.add(start, min(start + _PART, checked.count))


class _Ready:
    def __init__(
        self, catalog: Catalog, columns: Columns, renamed: Mapping[str, str | None], scalars: Mapping[str, Any]
    ) -> None:
        self._catalog = catalog
        self._layout = catalog.head.layout
        self._columns = columns
        self._scalars = dict(scalars)
        for name in ("image", *self._layout.names):
            if name not in columns:
                raise ColumnError(f"expected a column {name!r}, got a table with {', '.join(map(str, columns))}")
        self._own = {name: renamed.get(name) or name for name in ("owner", "listing", "time")}
        for name, column in self._own.items():
            if column != name and column not in columns:
                raise ColumnError(f"expected a column {column!r} for {name}, got {', '.join(map(str, columns))}")
        taken = {*_OWN, *self._own.values(), *self._layout.names}
        self._facts = [name for name in columns if name not in taken and not _is_kind(name)]
        check_facts(self._facts)
        self.count = len(columns["image"])
        self._check_recipe()

    def _check_recipe(self) -> None:
        expected = self._catalog.head.recipe
        for text in {text for text in self._columns.get("recipe", ()) if text is not None}:
            if recipe_name(text) != expected:
                raise MismatchError(f"expected fingerprints of the recipe {expected}, as the library's, got {text}")

    def add(self, start: int, end: int) -> list[dict[str, Any]]:
        records = self._records(slice(start, end), end - start)
        known = {record.identity: record for record in self._catalog.at_places({r.place for r in records})}
        lacking: set[int] = set()
        if "keypoints" in self._columns:
            numbers = {record.number for record in known.values()}
            lacking = numbers - self._catalog.keypoints.having(numbers)
        batch = Batch(self._catalog)
        for record in records:
            status, kept = self._settle(batch, record, known.get(record.identity), lacking)
            known[kept.identity] = kept
            if status == "added" and kept.keypoints is None:
                lacking.add(kept.number)
            told = {"image": kept.image, "status": status, "row": kept.number}
            batch.waiting.append({**told, "error": kept.error, "warning": kept.warning})
        return batch.commit()

    def _records(self, part: slice, count: int) -> list[Record]:
        """The rows of a part, column by column: a third faster than row by row."""
        images = [self._image(image, part.start + n) for n, image in enumerate(self._columns["image"][part])]
        places = self._given("place", part, count)
        errors = self._texts("error", part, count)
        hashes = zip(*(self._columns[name][part] for name in self._layout.names), strict=True)
        codes = [self._codes(*pair, part.start + n) for n, pair in enumerate(zip(hashes, errors, strict=True))]
        looks = [self._look(value, part.start + n) for n, value in enumerate(self._given("look", part, count))]
        qualities = self._numbers("quality", part, count)
        moment = now()
        return list(
            map(
                Record,
                itertools.repeat(0),
                images,
                [image if place is None else clean(str(place)) for image, place in zip(images, places, strict=True)],
                self._numbers("size", part, count),
                self._numbers("mtime_ns", part, count),
                self._texts("digest", part, count),
                self._numbers("width", part, count),
                self._numbers("height", part, count),
                self._texts("format", part, count),
                self._told("owner", part, count, functools.partial(as_text, "owner")),
                self._told("listing", part, count, functools.partial(as_text, "listing")),
                self._told("time", part, count, as_time),
                self._facts_of(part, count),
                codes,
                self._texts("warning", part, count),
                errors,
                [value or moment for value in self._texts("added", part, count)],
                [given if look is None else look.quality for look, given in zip(looks, qualities, strict=True)],
                [None if look is None else look.parts() for look in looks],
                [None if look is None else look.data for look in looks],
                [self._keypoints(v, part.start + n) for n, v in enumerate(self._given("keypoints", part, count))],
            )
        )

    def _image(self, image: Any, number: int) -> str:
        if image is None:
            raise ValueError(f"expected an image id in every row, got none in row {number}")
        return clean(str(image))

    def _codes(self, hashes: tuple[Any, ...], error: str | None, number: int) -> bytes | None:
        if error is not None and None in hashes:
            return None
        return _packed(self._layout, hashes, number)

    def _look(self, value: Any, number: int) -> Look | None:
        return None if value is None else self._parsed(value, Look, "a look", number)

    def _keypoints(self, value: Any, number: int) -> bytes | None:
        return None if value is None else self._parsed(value, _checked_keypoints, "keypoints", number)

    def _parsed(self, value: Any, form: Callable[[bytes], Any], what: str, number: int) -> Any:
        try:
            return form(value if isinstance(value, bytes) else base64.b64decode(value, validate=True))
        except (ValueError, TypeError) as error:
            raise ValueError(f"expected {what}, as bytes or base64 text, in row {number}: {error}") from error

    def _given(self, name: str, part: slice, count: int) -> Sequence[Any]:
        column = self._columns.get(name)
        return [None] * count if column is None else column[part]

    def _numbers(self, name: str, part: slice, count: int) -> list[int | None]:
        return [None if v is None else self._number(name, v) for v in self._given(name, part, count)]

    def _number(self, name: str, value: Any) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or abs(value) >= 1 << 63 or int(value) != value:
            raise ValueError(f"expected whole numbers of 64 bits in the column {name!r}, got {value!r}")
        return int(value)

    def _texts(self, name: str, part: slice, count: int) -> list[str | None]:
        values = self._given(name, part, count)
        for value in values:
            if value is not None and not isinstance(value, str):
                raise TypeError(f"expected text in the column {name!r}, got {type(value).__name__}")
        return [value if value is None else clean(value) for value in values]

    def _told(self, name: str, part: slice, count: int, form: Callable[[Any], Any]) -> list[Any]:
        column, other = self._columns.get(self._own[name]), form(self._scalars.get(name))
        if column is None:
            return [other] * count
        return [other if value is None else form(value) for value in column[part]]

    def _facts_of(self, part: slice, count: int) -> list[str | None]:
        same = as_facts({name: value for name, value in self._scalars.items() if name not in self._own})
        if not self._facts:
            return [dumped(same)] * count
        rows = zip(*(self._columns[name][part] for name in self._facts), strict=True)
        return [dumped({**same, **as_facts(dict(zip(self._facts, row, strict=True)))}) for row in rows]

    def _settle(self, batch: Batch, record: Record, known: Record | None, lacking: set[int]) -> tuple[str, Record]:
        """Decide what becomes of a row, whose place, owner and listing may be `known`."""
        if known is None:
            return ("added" if record.error is None else "failed"), batch.insert(record)
        facts = dumped({**known.known_facts, **record.known_facts})
        merged = record._replace(number=known.number, facts=facts, time=record.time or known.time, added=known.added)
        if record.codes is not None and record.codes == known.codes:
            return self._same_again(batch, merged, known, lacking)
        if record.error is not None and known.codes is not None:
            return "failed", known._replace(error=record.error)
        status = "failed" if record.error is not None else "changed"
        return status, batch.replace(known, merged._replace(added=record.added))

    def _same_again(self, batch: Batch, merged: Record, known: Record, lacking: set[int]) -> tuple[str, Record]:
        """The same codes: it may bring a look or keypoints that are not there, or tell something else."""
        merged = merged._replace(**{name: getattr(merged, name) or getattr(known, name) for name in _KEPT})
        if known.parts is None and merged.look is not None:
            # A new row: the index may hold the old one without its parts.
            kept = merged.keypoints or self._catalog.keypoints.of([known.number]).get(known.number)
            return "updated", batch.replace(known, merged._replace(keypoints=kept))
        keypoints = merged.keypoints if known.number in lacking else None
        lacking.discard(known.number)
        quality = merged.quality if known.quality is None else known.quality
        merged = merged._replace(look=None, keypoints=keypoints, parts=known.parts, quality=quality)
        return ("unchanged", known) if merged == known else ("updated", batch.update(merged))


def _checked_keypoints(data: bytes) -> bytes:
    if len(Keypoints(data).data) > MOST_BYTES:
        raise ValueError(f"at most {MOST_BYTES:,} bytes, got {len(data):,}")
    return data


def _packed(layout: Layout, hashes: Sequence[Any], number: int) -> bytes:
    try:
        codes = layout.pack(hashes)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"expected hashes as hex text in row {number}, got {hashes!r}") from error
    if len(codes) != layout.width:
        raise ValueError(f"expected hashes of {', '.join(layout.names)} in row {number}, got {hashes!r}")
    return codes


def _is_kind(name: str) -> bool:
    from ..kinds import Kind

    try:
        Kind.parse(name)
    except (ValueError, TypeError):
        return False
    return True
