"""The catalog: the truth about a library, in SQL; everything else on disk is derived from it.

Row numbers are given once and belong to one set of codes for ever: a file whose contents changed gets a new row,
so that no index built from the catalog can say something else than the catalog, except of rows that are gone.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..errors import DamagedError, LibraryError, MismatchError, NewerError, NoLibraryError
from ..kinds import Kind
from ..options import recipe_name
from . import sql
from .keypoint_rows import KeypointRows, among
from .records import KEYPOINTS, Layout, Record, bytes_of, checked_kinds, record_of
from .values import now

__all__ = ["Catalog", "Counts", "Head", "RowCodes", "Segment", "Store"]

_ID = re.compile(r"[0-9a-f]{32}")
_PAGE = 5_000
_MIGRATION_WAIT = 10.0
_PART_BYTES = 8
_FIELDS = len(sql.COLUMNS)


class Store(Protocol):
    """What a database must do for the catalog: SQLite in `sqlite.py`, PostgreSQL in `postgres.py`."""

    told: str
    home: str
    read_only: bool

    @property
    def index_folder(self) -> Any: ...
    def exists(self) -> bool: ...
    def prepare(self) -> None: ...
    def make(self) -> None: ...
    def change(self, statements: Iterable[str]) -> None: ...
    def hold(self, what: str, wait: float) -> AbstractContextManager[None]: ...
    def query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...
    def stream(self, statement: str, values: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]: ...
    def execute(self, statement: str, values: Sequence[Any] = ()) -> int: ...
    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None: ...
    def transaction(self) -> AbstractContextManager[None]: ...
    def snapshot(self) -> AbstractContextManager[None]: ...
    def sound(self) -> list[str]: ...
    def tidy(self) -> None: ...
    def size(self) -> int: ...
    def close(self) -> None: ...


class Segment(NamedTuple):
    """One file of the index, as the catalog lists it.

    Attributes:
        home: whose directory it is in; `""` for the library's own.
        file: its name there.
        kind: whose codes it holds.
        first_row: of the rows that it covers; of keypoints, by `seq`.
        last_row: likewise.
        codes: how many of them have a code in it.
        generation: of the index, when it was made.
        checksum: of its contents, as its header says it too.
    """

    home: str
    file: str
    kind: str
    first_row: int
    last_row: int
    codes: int
    generation: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Head:
    """What is said of the whole library.

    Attributes:
        id: tells it from all others.
        recipe: of its codes, with its version.
        layout: its kinds, and where their codes are.
        made: when, ISO 8601 in UTC.
        schema: of its tables; an older one only where it cannot be written.
    """

    id: str
    recipe: str
    layout: Layout
    made: str
    schema: int = sql.SCHEMA_VERSION


class Counts(NamedTuple):
    """How many rows there are, of what sort; `size` is the sum of their files' bytes."""

    rows: int
    codes: int
    failed: int
    warned: int
    last: int
    size: int


class RowCodes(NamedTuple):
    """Codes of some rows.

    Attributes:
        rows: their numbers `(n,)` int64, ascending.
        codes: `(n, width)` uint8, all kinds beside each other.
        part_rows: whose the codes of parts are `(m,)` int64, ascending, each as often as it has parts.
        parts: `(m, 8)` uint8.
    """

    rows: np.ndarray
    codes: np.ndarray
    part_rows: np.ndarray
    parts: np.ndarray


class Catalog:
    """The rows of a library, over a store.

    Attributes:
        store: the database.
        head: what is said of the whole.
        keypoints: of its rows.
    """

    def __init__(self, store: Store, head: Head) -> None:
        self.store = store
        self.head = head
        self.keypoints = KeypointRows(store, there=head.schema >= KeypointRows.SCHEMA)

    @classmethod
    def open(cls, store: Store) -> Catalog:
        """The catalog that is there.

        Raises:
            NoLibraryError: if there is none.
            NewerError: if a newer release made it.
            DamagedError: if it is no sound database.
        """
        if not store.exists():
            raise NoLibraryError("no library")
        try:
            meta = dict(store.query(sql.GET_META))
        except LibraryError as error:
            if isinstance(error, DamagedError) or "no such table" not in str(error):
                raise
            meta = {}
        if "id" not in meta:
            raise NoLibraryError("no library")  # killed before it was made
        if _version(meta) < sql.SCHEMA_VERSION:
            meta = _migrated(store)
        return cls(store, _head(meta))

    @classmethod
    def make(cls, store: Store, kinds: Sequence[Kind], recipe: str) -> Catalog:
        """The catalog that is there, or a new one. To be called with the lock held."""
        store.make()
        with store.transaction():
            if not store.query(sql.ONE_META, ("id",)):
                names = [str(kind) for kind in kinds]
                values = {"schema": str(sql.SCHEMA_VERSION), "id": uuid.uuid4().hex, "recipe": recipe}
                values |= {"kinds": json.dumps(names), "made": now(), "last": "0", "generation": "0"}
                store.execute_many(sql.SET_META, values.items())
        return cls.open(store)

    # What is there.

    def meta(self, key: str) -> str | None:
        """One value of the library's own notes."""
        found = self.store.query(sql.ONE_META, (key,))
        return found[0][0] if found else None

    def set_meta(self, key: str, value: str) -> None:
        """Note a value, inside a transaction."""
        self.store.execute(sql.SET_META, (key, value))

    def last(self) -> int:
        """The highest number that any row has had."""
        return _number("last", self.meta("last"))

    def generation(self) -> int:
        """How often the index has been written."""
        return _number("generation", self.meta("generation"))

    def keeps_parts(self) -> bool:
        """Whether pictures that are added get keypoints, unless it is said otherwise."""
        return self.meta("parts") == "1"

    def at_places(self, places: Iterable[str]) -> Iterator[Record]:
        """The rows at any of these places."""
        return map(self._record, among(self.store, sql.BY_PLACES, places))

    def with_digest(self, digest: str) -> list[Record]:
        """The rows of files with the same bytes, by number."""
        return list(map(self._record, self.store.query(sql.BY_DIGEST, (digest,))))

    def records(self, numbers: Iterable[int]) -> dict[int, Record]:
        """Rows by number; those that are gone are left out."""
        found = among(self.store, sql.BY_NUMBERS, map(int, numbers))
        return {row[0]: self._record(row) for row in found}

    def every(self, *, failed: bool = False) -> Iterator[Record]:
        """All rows, or all that could not be read, by number. What is added meanwhile may be among them."""
        statement, after = sql.FAILED_IMAGES if failed else sql.ALL_IMAGES, 0
        while part := self.store.query(statement, (after, _PAGE)):
            yield from map(self._record, part)
            after = part[-1][0]

    def _record(self, row: Sequence[Any]) -> Record:
        return record_of(row, self.head.layout.width)

    def files(self) -> Iterator[tuple[int, str, int, int]]:
        """Number, place, size and time of change of all files."""
        after = 0
        while part := self.store.query(sql.FILES, (after, _PAGE)):
            yield from part
            after = part[-1][0]

    def numbers_of(self, places: Iterable[str], images: Iterable[str]) -> set[int]:
        """The numbers of rows at these places, and of those with these ids (for which the whole table is read)."""
        by_place = {number for number, _ in among(self.store, sql.NUMBERS_BY_PLACES, places)}
        return by_place | {number for number, _ in among(self.store, sql.NUMBERS_BY_IMAGES, images)}

    def same_bytes(self) -> list[tuple[int, str]]:
        """Number and digest of the rows whose bytes another row has too."""
        return self.store.query(sql.SAME_BYTES)

    def codes(self, first: int, last: int) -> RowCodes:
        """The codes of rows `first` to `last`, in the order of their numbers."""
        width = self.head.layout.width
        found = [RowCodes(np.zeros(0, np.int64), np.zeros((0, width), np.uint8), *_no_parts())]
        with self.store.snapshot():
            found += [_row_codes(part, width) for part in self.store.stream(sql.CODES, (first, last))]
        return RowCodes(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def looks(self, numbers: Iterable[int]) -> dict[int, bytes]:
        """The looks of rows, by number; those that have none are left out."""
        found = among(self.store, sql.LOOKS_BY_NUMBERS, map(int, numbers))
        return {number: bytes_of(number, look, "look") for number, look in found}

    def count_looks(self) -> int:
        """How many rows have a look."""
        return int(self.store.query(sql.COUNT_LOOKS)[0][0])

    def count_poor(self, quality: int) -> int:
        """How many rows are of less than this quality. Reads the whole table."""
        return int(self.store.query(sql.COUNT_POOR, (quality,))[0][0])

    def count_parts(self) -> int:
        """How many codes of parts there are. Reads the whole table."""
        return int(self.store.query(sql.COUNT_PARTS)[0][0]) // _PART_BYTES

    def removed(self, since: int) -> tuple[int, np.ndarray]:
        """The numbers of rows that went after a point in the log of removals, and the point where it ends now."""
        found = self.store.query(sql.REMOVED_SINCE, (since,))
        numbers = np.array([number for _, number in found], np.int64)
        return (found[-1][0] if found else since), numbers

    def counts(self) -> Counts:
        """How many rows there are. Reads the whole table."""
        return Counts(*map(int, self.store.query(sql.COUNTS)[0]))

    def distinct(self) -> tuple[int, int, int]:
        """How many owners, listings and places. Reads the whole table."""
        owners, listings, places = self.store.query(sql.DISTINCT)[0]
        return owners, listings, places

    # Changes. Each is to be called inside `store.transaction()`, with the lock held.

    def insert(self, records: Sequence[Record]) -> None:
        """Add rows whose numbers are higher than any before."""
        if records:
            self.store.execute_many(sql.INSERT_IMAGE, [record[:_FIELDS] for record in records])
            self._keep_looks(records)
            self.keypoints.keep(records)
            self.set_meta("last", str(max(record.number for record in records)))

    def update(self, records: Collection[Record]) -> None:
        """Change rows by number; their codes must be what they were. A look or keypoints that are not given stay."""
        self.store.execute_many(sql.UPDATE_IMAGE, [(*record[1:_FIELDS], record.number) for record in records])
        self._keep_looks(records)
        self.keypoints.keep(records)

    def _keep_looks(self, records: Iterable[Record]) -> None:
        looks = [(record.number, record.look) for record in records if record.look is not None]
        if looks:
            self.store.execute_many(sql.INSERT_LOOK, looks)

    def delete(self, numbers: Iterable[int]) -> None:
        """Remove rows, and log that they are gone."""
        values = [(int(number),) for number in numbers]
        self.store.execute_many(sql.DELETE_IMAGE, values)
        self.store.execute_many(sql.DELETE_LOOK, values)
        self.keypoints.delete(values)
        self.store.execute_many(sql.INSERT_REMOVED, values)

    # The index's part.

    def segments(self) -> list[Segment]:
        """The files of our index, by rows and kind."""
        return [_segment(row) for row in self.store.query(sql.SEGMENTS, (self.store.home,))]

    def tail(self) -> int:
        """Rows that no file of the index covers, at most: to count them would be to read them."""
        covered = (segment.last_row for segment in self.segments() if segment.kind != KEYPOINTS)
        return self.last() - max(covered, default=0)

    def replace_segments(self, dropped: Iterable[Segment], added: Iterable[Segment]) -> None:
        """List other files, and count up the generation. To be called as a change."""
        self.store.execute_many(sql.DELETE_SEGMENT, [(segment.home, segment.file) for segment in dropped])
        self.store.execute_many(sql.INSERT_SEGMENT, added)
        self.set_meta("generation", str(self.generation() + 1))

    def forget_removed(self, last: int) -> None:
        """Shorten the log of removals by rows up to `last`, which no file holds any longer."""
        self.store.execute(sql.DROP_REMOVED, (last, self.store.home))


def _version(meta: dict[str, str]) -> int:
    return _number("schema", meta.get("schema"))


def _migrated(store: Store) -> dict[str, str]:
    """Make a catalog of an older version one of ours, where it can be written; what it notes then.

    Raises:
        LibraryError: if it cannot be, and cannot be read as it is.
    """
    try:
        with store.hold("migrate", _MIGRATION_WAIT), store.transaction():
            while (version := _version(dict(store.query(sql.GET_META)))) < sql.SCHEMA_VERSION:
                store.change(sql.MIGRATIONS[version])
                store.execute_many(sql.SET_META, [("schema", str(version + 1))])
    except (PermissionError, KeyError) as error:
        meta = dict(store.query(sql.GET_META))
        if _version(meta) >= sql.READABLE:
            return meta
        raise LibraryError(
            f"the library was made by an older release, and must be opened once where it can be written ({error})"
        ) from error
    return dict(store.query(sql.GET_META))


def _head(meta: dict[str, str]) -> Head:
    version = _version(meta)
    if version > sql.SCHEMA_VERSION:
        raise NewerError(
            f"expected a library of schema {sql.SCHEMA_VERSION} or before, got {version}: a newer release of lookalike "
            "made it; install that one (pip install -U lookalike). Nothing was changed"
        )
    try:
        recipe, made, layout = meta["recipe"], meta["made"], Layout(checked_kinds(json.loads(meta["kinds"])))
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(str(error)) from error
    if strange := [key for key, value in meta.items() if not isinstance(value, str)]:
        # SQLite keeps bytes and numbers in a column of text as they are.
        raise _damaged(f"expected text as {strange[0]!r}, got {meta[strange[0]]!r}")
    if not _ID.fullmatch(str(meta.get("id"))):
        # It becomes a part of names of files.
        raise _damaged(f"expected an id of 32 hex digits, got {meta.get('id')!r}")
    try:
        recipe_name(recipe)
    except ValueError as error:
        raise MismatchError(f"the library's codes cannot be compared with those of this release: {error}") from error
    return Head(meta["id"], recipe, layout, made, version)


def _number(name: str, text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        raise _damaged(f"expected {name} as a number, got {text!r}") from None


def _damaged(why: str) -> DamagedError:
    return DamagedError(f"the library's own notes are damaged ({why}): restore its catalog from a backup")


def _segment(row: tuple[Any, ...]) -> Segment:
    if [type(value) for value in row] != [str, str, str, int, int, int, int, str]:
        raise _damaged(f"expected texts and numbers of a file of the index, got {row}")
    return Segment._make(row)


def _no_parts() -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(0, np.int64), np.zeros((0, _PART_BYTES), np.uint8)


def _row_codes(part: Sequence[tuple[Any, ...]], width: int) -> RowCodes:
    column, texts, given = zip(*part, strict=True)
    parts = [b"" if one is None else one for one in given]
    if {*map(type, texts), *map(type, parts)} != {bytes} or {*map(len, texts)} != {width}:
        raise _damaged(
            f"expected {width} bytes of codes, and bytes as parts, in each of rows {column[0]} to {column[-1]}"
        )
    numbers = np.array(column, np.int64)
    codes = np.frombuffer(b"".join(texts), np.uint8).reshape(-1, width)
    counts = np.array([*map(len, parts)]) // _PART_BYTES
    joint = np.frombuffer(b"".join(one[: len(one) // _PART_BYTES * _PART_BYTES] for one in parts), np.uint8)
    return RowCodes(numbers, codes, np.repeat(numbers, counts), joint.reshape(-1, _PART_BYTES))
