"""The allow-list: pictures that everybody may use, such as stock photos and a manufacturer's own.

They are marks in the catalog, by code and not by row, so that they hold for pictures that are added later, and stay
when a row is removed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import LookalikeError
from ..options import DEFAULT_LIMITS
from . import sql
from .catalog import Catalog
from .places import place_of_path
from .queries import query_of
from .values import now

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["COLUMNS", "allow", "allowed_codes", "allowed_rows", "disallow"]

_MARK = "allowed"
COLUMNS = ("image", "reason", "added")


def allow(catalog: Catalog, sources: Any, rows: Any, reason: str | None) -> int:
    """Put pictures on the list; how many there are that were not. To be called with the lock held.

    Args:
        catalog: of the library.
        sources: ids, paths or addresses of images in the library, or pictures that are not: one or several.
        rows: row numbers: one or several.
        reason: why; kept with them.

    Raises:
        LookalikeError: if a row has no hash or is not there.
        SourceError, OSError, ValueError, TypeError: if a picture cannot be read. Then none was put on the list.
    """
    found = _pictures(catalog, sources, rows)
    kinds = _kinds(catalog)
    known = {code for _, code, *_ in catalog.store.query(sql.MARKS, (_MARK,))}
    added = now()
    lines = [
        (kinds, code, _MARK, json.dumps({"image": image, "reason": reason}, ensure_ascii=False), added)
        for code, image in found.items()
    ]
    with catalog.store.transaction():
        catalog.store.execute_many(sql.ADD_MARK, lines)
    return len(found.keys() - known)


def disallow(catalog: Catalog, sources: Any, rows: Any) -> int:
    """Take pictures from the list, by their names on it or as for `allow`; how many there were. With the lock held."""
    listed = list(_listed(catalog))
    names = {str(name) for name in _several(sources) if isinstance(name, str | os.PathLike)}
    codes = {code for code, image, *_ in listed if image in names}
    others = [source for source in _several(sources) if not any(image == source for _, image, *_ in listed)]
    codes |= _pictures(catalog, others, rows).keys() & {code for code, *_ in listed}
    with catalog.store.transaction():
        catalog.store.execute_many(sql.DROP_MARK, [(_MARK, _kinds(catalog), code) for code in sorted(codes)])
    return len(codes)


def allowed_codes(catalog: Catalog) -> dict[str, NDArray[np.uint8]]:
    """The codes on the list by kind, shape (pictures, bytes)."""
    layout = catalog.head.layout
    joint = b"".join(bytes.fromhex(code) for code, *_ in _listed(catalog))
    whole = np.frombuffer(joint, np.uint8).reshape(-1, layout.width)
    return {name: np.ascontiguousarray(whole[:, layout.slices[name]]) for name in layout.names}


def allowed_rows(catalog: Catalog) -> list[dict[str, Any]]:
    """The list, with the hashes as hex text."""
    layout = catalog.head.layout
    return [
        {"image": image, "reason": reason, "added": added}
        | {name: layout.hex(bytes.fromhex(code), name) for name in layout.names}
        for code, image, reason, added in _listed(catalog)
    ]


def _listed(catalog: Catalog) -> Iterable[tuple[str, str, str | None, str]]:
    kinds = _kinds(catalog)
    marks = catalog.store.query(sql.MARKS, (_MARK,))
    for found, code, _, text, added in sorted(marks, key=lambda mark: (mark[4], mark[1])):
        if found == kinds:
            told = json.loads(text)
            yield code, told["image"], told["reason"], added


def _kinds(catalog: Catalog) -> str:
    return ",".join(catalog.head.layout.names)


def _pictures(catalog: Catalog, sources: Any, rows: Any) -> dict[str, str]:
    """The name of each picture by its codes in hex, all kinds beside each other."""
    found: dict[str, str] = {}
    numbers = set(map(int, _several(rows)))
    for source in _several(sources):
        known = _in_library(catalog, source)
        numbers |= known
        if not known:
            codes, name = _read(catalog, source)
            found[codes] = name
    records = catalog.records(numbers)
    for number in sorted(numbers):
        record = records.get(number)
        if record is None or record.codes is None:
            raise LookalikeError(f"row {number}: expected an image with hashes, got {_why(record)}")
        found.setdefault(record.codes.hex(), record.image)
    return found


def _why(record: Any) -> str:
    return "no such row" if record is None else f"{record.image!r}, which could not be read: {record.error}"


def _in_library(catalog: Catalog, source: Any) -> set[int]:
    if not isinstance(source, str | os.PathLike):
        return set()
    text = os.fspath(source)
    numbers = catalog.numbers_of([text, place_of_path(text)], [text])
    return {number for number, record in catalog.records(numbers).items() if record.codes is not None}


def _read(catalog: Catalog, source: Any) -> tuple[str, str]:
    layout = catalog.head.layout
    query = query_of(source, layout.names, catalog.head.recipe, DEFAULT_LIMITS)
    return b"".join(query.codes[name] for name in layout.names).hex(), query.name


def _several(values: Any) -> list[Any]:
    """One or several, as a list."""
    if values is None:
        return []
    if isinstance(values, list | tuple | set):
        return list(values)
    if hasattr(values, "tolist") and getattr(values, "ndim", 0) == 1 and not hasattr(values, "convert"):
        return list(values.tolist())
    return [values]
