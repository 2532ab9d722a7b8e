"""Rows of the catalog as tables: what is ours first, then what the user told, a column for each fact."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..frames import to_frame
from .records import Layout, Record

__all__ = ["INTEGERS", "TOLD", "to_table", "told_of", "whole"]

TOLD = ("row", "owner", "listing", "time")
"""Columns with which every table of images tells which they are."""
INTEGERS = frozenset(
    {
        "inliers",
        "row",
        "row_a",
        "row_b",
        "distance",
        "images",
        "level",
        "quality",
        "group",
        "size",
        "mtime_ns",
        "width",
        "height",
    }
)
_LARGE = 1 << 63
FRAME = ("image", "row", "place", "owner", "listing", "time")
FILE = ("width", "height", "format", "quality", "recipe", "size", "mtime_ns", "digest", "added", "warning", "error")


def told_of(record: Record, end: str = "") -> dict[str, Any]:
    """Row number, owner, listing, time and facts; `end` is put after each name."""
    own = {"row": record.number, "owner": record.owner or None, "listing": record.listing or None, "time": record.time}
    return {f"{name}{end}": value for name, value in {**own, **record.known_facts}.items()}


def whole(record: Record, layout: Layout, recipe: str) -> dict[str, Any]:
    """Everything that is known of an image, its hashes as hex text."""
    own: dict[str, Any] = {name: getattr(record, name, None) or None for name in FRAME}
    own.update(image=record.image, row=record.number)
    for name in layout.names:
        own[name] = None if record.codes is None else layout.hex(record.codes, name)
    own.update((name, getattr(record, name, None)) for name in FILE)
    own["recipe"] = recipe
    return {**own, **record.known_facts}


def to_table(
    rows: Iterable[dict[str, Any]], columns: Sequence[str], to: str, notes: Mapping[str, int] | None = None
) -> Any:
    """Rows as a table with these columns first, and then whatever else the rows have.

    Notes go with the table where it has a place for them: the `attrs` of pandas, the schema's metadata of Arrow.
    """
    rows = list(rows)
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    mixed = [name for name in names if name not in columns and _is_mixed([row.get(name) for row in rows], to)]
    rows = [{**row, **{name: _as_json(row.get(name)) for name in mixed}} for row in rows] if mixed else rows
    whole_numbers = INTEGERS.union(name for name in columns if name.endswith("_distance"))
    table = to_frame(rows, names, to, whole_numbers)
    if notes and to == "pandas":
        table.attrs.update(notes)
    elif notes and to == "arrow":
        texts = {name: str(value) for name, value in notes.items()}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **texts})
    return table


def _is_mixed(values: Sequence[Any], to: str) -> bool:
    """Whether a column could not hold these facts as they are: then it holds them as JSON text."""
    types = {type(value) for value in values if value is not None}
    if int in types and not all(-_LARGE <= value < _LARGE for value in values if type(value) is int):
        return True
    if to == "pandas":
        return False
    return bool(types & {dict, list}) or not (len(types) <= 1 or types == {int, float})


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
