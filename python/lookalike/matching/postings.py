"""Who posted what, and when: the rows that reuse is looked for in, in the order in which they were posted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .spans import number_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["Postings", "moments_of", "numbered"]

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Postings:
    """Rows with an owner and a code, the earliest first: those with a time by time, then those without; ties by row.

    Attributes:
        rows: shape (n,), the row's number where it comes from.
        images: shape (n,) of objects, what the user calls each.
        owners: shape (n,), number of the owner.
        owner_names: what each owner is called, in order of first posting.
        listings: shape (n,), number of the listing, -1 for none. Two owners' listings of one name are two.
        listing_names: what each is called.
        times: shape (n,), `datetime64[us]` in UTC, not-a-time where unknown.
        codes: by kind, shape (n, bytes).
        left_out: how many rows are not here, by reason.
    """

    rows: Numbers
    images: NDArray[np.object_]
    owners: Numbers
    owner_names: list[Any]
    listings: Numbers
    listing_names: list[Any]
    times: NDArray[np.datetime64]
    codes: dict[str, NDArray[np.uint8]]
    left_out: dict[str, int]

    @classmethod
    def of(
        cls,
        *,
        rows: Numbers,
        images: Sequence[Any],
        owners: Sequence[Any],
        listings: Sequence[Any] | None,
        times: Sequence[Any] | None,
        codes: Mapping[str, NDArray[np.uint8]],
        has_code: NDArray[np.bool_],
        by: str = "owner",
    ) -> Postings:
        """Order rows by time, and number owners and listings.

        Args:
            rows: shape (n,).
            images: n names.
            owners: n values, `None` or `""` for nobody.
            listings: n values, or `None` where there are none at all.
            times: n times: ISO 8601 text, datetimes or seconds since 1970; `None` where unknown, or for all.
            codes: by kind, shape (n, bytes).
            has_code: shape (n,), whether a row has all of them.
            by: what an owner is called, for the count of rows without one.

        Raises:
            ValueError: if a time is none.
        """
        owner_of, _ = numbered(owners)
        has_owner = owner_of >= 0
        moments = moments_of(times, len(rows))
        kept = np.flatnonzero(has_owner & has_code)
        kept = kept[np.lexsort((rows[kept], moments[kept], np.isnat(moments[kept])))]
        by_owner, names = numbered([owners[place] for place in kept.tolist()])
        units, unit_names = _units(by_owner, listings, kept)
        left = {
            f"without {'an' if by[:1] in 'aeiou' else 'a'} {by}": int((~has_owner).sum()),
            "without a hash": int((has_owner & ~has_code).sum()),
        }
        titles = np.empty(len(images), object)
        titles[:] = images
        own = {kind: np.ascontiguousarray(values[kept]) for kind, values in codes.items()}
        return cls(rows[kept], titles[kept], by_owner, names, units, unit_names, moments[kept], own, left)

    def __len__(self) -> int:
        return len(self.rows)

    def without(self, dropped: NDArray[np.bool_], reason: str) -> Postings:
        """The same without some rows, which are counted."""
        if not dropped.any():
            return self
        kept = ~dropped
        return replace(
            self,
            rows=self.rows[kept],
            images=self.images[kept],
            owners=self.owners[kept],
            listings=self.listings[kept],
            times=self.times[kept],
            codes={kind: values[kept] for kind, values in self.codes.items()},
            left_out={**self.left_out, reason: self.left_out.get(reason, 0) + int(dropped.sum())},
        )

    def days_between(self, earlier: Numbers, later: Numbers) -> NDArray[np.float64]:
        """Days from one posting to another, by position; not a number where a time is unknown."""
        days: NDArray[np.float64] = (self.times[later] - self.times[earlier]) / _DAY
        return days

    def time_texts(self, positions: Numbers) -> NDArray[np.object_]:
        """ISO 8601 texts in UTC, `None` where unknown."""
        times = self.times[positions]
        texts = np.char.add(np.datetime_as_string(times, unit="s"), "+00:00").astype(object)
        texts[np.isnat(times)] = None
        return texts


def numbered(values: Sequence[Any]) -> tuple[Numbers, list[Any]]:
    """Numbers for values, in order of first appearance, -1 for `None`, `""` and not-a-number; and the values.

    Lists and dictionaries, which facts may be, are told apart by their JSON text.
    """
    import pandas as pd

    column = np.empty(len(values), object)
    column[:] = values
    try:
        column[column == ""] = None
        numbers, names = pd.factorize(column)
    except TypeError:
        texts = [json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else value for value in values]
        return numbered(texts)
    return numbers.astype(np.int64), list(names)


def _units(owners: Numbers, listings: Sequence[Any] | None, kept: Numbers) -> tuple[Numbers, list[Any]]:
    if listings is None or not len(kept):
        return np.full(len(kept), -1, np.int64), []
    numbers, names = numbered([listings[place] for place in kept.tolist()])
    units = np.full(len(kept), -1, np.int64)
    known = np.flatnonzero(numbers >= 0)
    if not len(known):
        return units, []
    units[known], firsts = number_rows([owners[known].view(np.uint64), numbers[known].view(np.uint64)])
    return units, [names[number] for number in numbers[known][firsts].tolist()]


def moments_of(times: Sequence[Any] | None, count: int) -> NDArray[np.datetime64]:
    """Times as `datetime64[us]` in UTC, not-a-time where unknown.

    Args:
        times: ISO 8601 texts, datetimes or seconds since 1970; without a zone, they are UTC. `None` if there are none.
        count: how many there would be.

    Raises:
        ValueError: if one is no time.
    """
    import pandas as pd

    if times is None:
        return np.full(count, "NaT", "datetime64[us]")
    column = pd.Series(list(times), dtype=object).replace("", None)
    is_number = column.map(lambda value: isinstance(value, (int, float)) and not isinstance(value, bool))
    try:
        moments = pd.to_datetime(column.where(~is_number, None), utc=True, format="ISO8601")
        seconds = pd.to_datetime(pd.to_numeric(column.where(is_number, None)), unit="s", utc=True)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"expected times as ISO 8601 text, datetimes or seconds since 1970, got something else: {error}"
        ) from error
    whole = moments.where(~is_number, seconds)
    naive: NDArray[np.datetime64] = whole.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return naive
