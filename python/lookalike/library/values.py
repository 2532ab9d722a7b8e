"""What users tell of their pictures, in the catalog's form: times, facts, and one value for each source."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any

from ..kinds import NAMES
from ..sources.files import readable

__all__ = ["RESERVED", "Given", "as_facts", "as_text", "as_time", "checked_switch", "now"]

RESERVED = frozenset(
    [
        "added",
        "confidence",
        "digest",
        "distance",
        "error",
        "format",
        "group",
        "height",
        "image",
        "inliers",
        "isolate",
        "keypoints",
        "kind",
        "level",
        "limits",
        "listing",
        "look",
        "mtime_ns",
        "overlap_image",
        "overlap_query",
        "owner",
        "parts",
        "place",
        "progress",
        "quality",
        "query",
        "recipe",
        "region",
        "representative",
        "retry",
        "row",
        "size",
        "status",
        "time",
        "transform",
        "trimmed",
        "verdict",
        "wait",
        "warning",
        "width",
        "workers",
    ]
)
"""Names that a fact cannot have: the library's own columns."""


MOST_NESTED = 100
"""Lists and objects in each other, in a fact: readers of JSON have limits of their own, and far above this one."""


def checked_switch(name: str, value: Any) -> bool | None:
    """A switch that may be left to others.

    Raises:
        TypeError: if it is neither `True`, `False` nor `None`.
    """
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"expected {name} as True, False or None, got {value!r}")
    return value


def now() -> str:
    """This moment, as it is kept."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def as_time(value: Any) -> str | None:
    """A time as ISO 8601 text in UTC, which sorts as times do.

    Args:
        value: a `datetime` or `date`, ISO 8601 text, or seconds since 1970. Without a time zone it is taken as UTC.

    Raises:
        ValueError, TypeError: if it is none of these.
    """
    value = plain(value)
    if value is None:
        return None
    if isinstance(value, bool):
        raise TypeError("expected a time as datetime, date, ISO 8601 text or seconds since 1970, got bool")
    if isinstance(value, str):
        value = _from_text(value)
    elif isinstance(value, int | float):
        value = _from_seconds(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, clock())
    if not isinstance(value, datetime):
        raise TypeError(
            f"expected a time as datetime, date, ISO 8601 text or seconds since 1970, got {type(value).__name__}"
        )
    try:
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"expected a time in the years 1 to 9999, got {value.isoformat()} in UTC") from None
    # By its parts: a pandas Timestamp writes its nanoseconds too.
    day, moment = value.date(), value.time()
    return f"{datetime.combine(day, moment).isoformat()}+00:00"


def _from_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a time as ISO 8601 text, such as '2024-05-01T12:00:00Z', got {text!r}") from None


def _from_seconds(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"expected seconds since 1970, got {seconds!r}") from None


def as_text(name: str, value: Any) -> str:
    """An owner or listing; `""` for none.

    Raises:
        TypeError: if it is neither text nor a whole number.
    """
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"expected {name} as text or a whole number, got {type(value).__name__}")
    return clean(str(value))


def clean(text: str) -> str:
    """Text that every file and table can hold: bytes of a name that are no Unicode are written as `\\xff`."""
    try:
        return readable(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def as_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a user tells of a picture, as JSON has it; missing values are left out, and so are infinite numbers.

    Raises:
        TypeError: if a value has no form in JSON.
        ValueError: if it is nested too deeply.
    """
    facts = {name: _json(name, plain(value), MOST_NESTED) for name, value in values.items()}
    return {name: value for name, value in facts.items() if value is not None}


def dumped(facts: Mapping[str, Any]) -> str | None:
    """Facts as the catalog keeps them."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":")) if facts else None


def _json(name: str, value: Any, levels: int) -> Any:
    if not levels:
        raise ValueError(f"expected a value for {name!r} that is nested at most {MOST_NESTED} deep, got a deeper one")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {clean(str(key)): _json(name, plain(one), levels - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(name, plain(one), levels - 1) for one in value]
    raise TypeError(f"expected a value for {name!r} that JSON has a form for, got {type(value).__name__}")


def plain(value: Any) -> Any:
    """Python's own value for one of NumPy, pandas or Arrow; `None` for a missing one."""
    if value is None or type(value) in (str, int):
        return value
    if callable(getattr(value, "as_py", None)):
        value = value.as_py()
    elif type(value).__module__ == "numpy":
        if value.dtype.kind == "M":
            value = value.astype("datetime64[us]")
        value = value.tolist()
    if type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value):
        return None
    return value


class Given:
    """The values that came with some sources: one for all, or one for each.

    Raises:
        ValueError: if a name is taken, or a column has another length than the sources.
    """

    def __init__(self, values: Mapping[str, Any], count: int | None) -> None:
        self.columns: dict[str, Sequence[Any]] = {}
        self.scalars: dict[str, Any] = {}
        for name, value in values.items():
            if is_column(value):
                self.columns[name] = _members(name, value, count)
            elif value is not None:
                self.scalars[name] = value

    def at(self, number: int) -> dict[str, Any]:
        """The values for one source."""
        if not self.columns:
            return self.scalars
        return {**self.scalars, **{name: column[number] for name, column in self.columns.items()}}


def check_facts(names: Sequence[str]) -> None:
    """Check that facts may have these names.

    Raises:
        ValueError: if not.
    """
    for name in names:
        if name in RESERVED or name.partition(":")[0] in NAMES or not name:
            raise ValueError(
                f"a fact cannot be named {name!r}: it is a column of the library's own; choose another name"
            )


def is_column(value: Any) -> bool:
    """Whether it is a value for each source, and not one for all."""
    if isinstance(value, str | bytes | Mapping):
        return False
    return (hasattr(value, "__len__") and hasattr(value, "__getitem__")) and getattr(value, "ndim", 1) > 0


def _members(name: str, column: Any, count: int | None) -> Sequence[Any]:
    if getattr(getattr(column, "dtype", None), "kind", "") == "M" and type(column).__module__ == "numpy":
        column = column.astype("datetime64[us]")  # of nanoseconds, tolist() makes numbers
    values = column.tolist() if callable(getattr(column, "tolist", None)) else list(column)
    if len(values) != count:
        expected = "one source" if count is None else f"{count} sources"
        raise ValueError(f"expected {name} as one value, or one for each of {expected}; got {len(values)} values")
    return values
