"""A library into a file, CSV or Parquet, in parts, so that its length is no matter; `importing` reads it back.

An export holds everything but row numbers, which belong to one library, and, in CSV, the looks and the keypoints:
they are bytes, and a hundred times as long as all else. Pictures that come back without are read anew when they are
added again. In CSV a
missing value is an empty cell, facts are JSON, and a text that a spreadsheet would take for a formula, or that begins
with an apostrophe, has an apostrophe before it, which is taken off again. So what is exported, imported and exported
again is the same, byte for byte. What `lookalike scan` writes can be imported too: it has fewer columns.
"""

from __future__ import annotations

import csv
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from .. import parquet
from ..cells import LineFeeds, Lines, is_formula, marked_inside, unmarked_inside
from ..errors import LookalikeError
from .catalog import Catalog
from .records import Layout, Record

__all__ = ["FORMS", "INTEGERS", "columns_of", "export", "form_of", "unmarked", "write_csv"]

FORMS = (".csv", ".parquet")
_BEFORE = ("image", "place", "size", "mtime_ns", "digest", "width", "height", "format", "owner", "listing", "time")
_AFTER = ("quality", "recipe", "warning", "error", "added")
INTEGERS = frozenset({"size", "mtime_ns", "width", "height", "quality"})
"""Columns with whole numbers; all others are text."""
# As in the command line's tables; a cell that begins with the mark itself is marked, so that it can be taken off.
_MARK = "'"
_GROUP = 10_000
"""Rows that are in memory at once while Parquet is written."""
_LOOKS = 1_000


def columns_of(layout: Layout) -> tuple[str, ...]:
    """The columns of an export, in order."""
    return (*_BEFORE, "facts", *layout.names, *_AFTER)


def form_of(path: str | os.PathLike[str]) -> str:
    """`".csv"` or `".parquet"`.

    Raises:
        ValueError: for another extension.
    """
    form = Path(path).suffix.lower()
    if form not in FORMS:
        raise ValueError(f"expected a file name that ends in {' or '.join(FORMS)}, got {os.fspath(path)!r}")
    return form


def export(catalog: Catalog, path: str | os.PathLike[str]) -> int:
    """Write all rows to a file, in the order of their numbers: see `Library.export`."""
    form = form_of(path)
    if form == ".parquet":
        parquet.package()  # before the work
    with _new_file(Path(path)) as temporary:
        if form == ".parquet":
            return _write_parquet(catalog, temporary)
        with temporary.open("w", encoding="utf-8", newline="") as file:
            return write_csv(catalog, file)


def write_csv(catalog: Catalog, file: Lines) -> int:
    """Write all rows as CSV, a line at a time; how many there are."""
    writer = csv.writer(LineFeeds(file), lineterminator="\r\n")
    writer.writerow(columns_of(catalog.head.layout))
    count = 0
    for cells in _cells(catalog):
        writer.writerow([_marked(cell) if isinstance(cell, str) else cell for cell in cells])
        count += 1
    return count


def _cells(catalog: Catalog) -> Iterator[list[Any]]:
    head = catalog.head
    with catalog.store.snapshot():
        for record in catalog.every():
            yield _cells_of(record, head.layout, head.recipe)


def _with_bytes(catalog: Catalog) -> Iterator[list[Any]]:
    """The cells with the look and the keypoints."""
    head = catalog.head
    with catalog.store.snapshot():
        records = catalog.every()
        while part := list(islice(records, _LOOKS)):
            numbers = [record.number for record in part]
            kept = catalog.looks(numbers), catalog.keypoints.of(numbers)
            for record in part:
                extra = [some.get(record.number) for some in kept]
                yield [*_cells_of(record, head.layout, head.recipe), *extra]


def _cells_of(record: Record, layout: Layout, recipe: str) -> list[Any]:
    before = [getattr(record, name) for name in _BEFORE]
    before[8:10] = [record.owner or None, record.listing or None]
    codes = record.codes
    hashes = [None if codes is None else layout.hex(codes, name) for name in layout.names]
    return [*before, record.facts, *hashes, record.quality, recipe, record.warning, record.error, record.added]


def _marked(text: str) -> str:
    return marked_inside(_MARK + text if _is_marked(text) else text)


def _is_marked(text: str) -> bool:
    return text.startswith(_MARK) or is_formula(text)


def unmarked(text: str) -> str:
    """A cell's text, which is not empty, without the mark."""
    text = unmarked_inside(text)
    return text[1:] if text[0] == _MARK and _is_marked(text[1:]) else text


def _write_parquet(catalog: Catalog, path: Path) -> int:
    import pyarrow as pa

    names = columns_of(catalog.head.layout)
    columns = [(name, pa.int64() if name in INTEGERS else pa.string()) for name in names]
    # Without a single keypoint the file is as that of a library without parts.
    extra = ("look", "keypoints") if catalog.keypoints.last() else ("look",)
    schema = pa.schema([*columns, *((name, pa.binary()) for name in extra)])
    count, rows = 0, (cells[: len(schema)] for cells in _with_bytes(catalog))
    with parquet.package().ParquetWriter(path, schema) as writer:
        while part := list(islice(rows, _GROUP)):
            count += len(part)
            values = zip(zip(*part, strict=True), schema.types, strict=True)
            arrays = [pa.array(column, kind) for column, kind in values]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return count


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file to write beside its place, which is moved there if all goes well, and else is gone."""
    try:
        place = path.resolve()  # through a link, the file it points to is replaced
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if not place.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {place.parent}")
        handle, name = tempfile.mkstemp(prefix=f".{place.stem[:40]}.", suffix=place.suffix, dir=place.parent)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
        raise _problem(error, path) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(_mode(place))
        temporary.replace(place)
    except OSError as error:
        if isinstance(error, LookalikeError) or error.filename not in (None, name):
            raise  # of the library, not of the file
        raise _problem(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def _problem(error: Exception, path: Path) -> OSError:
    """The error as one that names the file instead of the temporary one."""
    reason = error.strerror if isinstance(error, OSError) else None
    return OSError(getattr(error, "errno", None) or errno.EIO, f"cannot write: {reason or error}", os.fspath(path))


def _mode(place: Path) -> int:
    """The permissions of the file that is replaced, or those that a new one gets."""
    with suppress(OSError):
        return place.stat().st_mode & 0o7777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
