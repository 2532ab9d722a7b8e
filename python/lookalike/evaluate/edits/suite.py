"""All edits, and how some of them are asked for."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from ...errors import shortened
from . import borders, coding, geometry, hard, marks, stacked, tones, turns
from .edit import FAMILIES, Edit

__all__ = ["EDITS", "chosen", "table"]

EDITS: tuple[Edit, ...] = (
    *coding.EDITS,
    *tones.EDITS,
    *marks.EDITS,
    *turns.EDITS,
    *borders.EDITS,
    *geometry.EDITS,
    *hard.EDITS,
    *stacked.EDITS,
)
"""The whole suite, by family."""


def chosen(names: str | Iterable[str] | None = None) -> tuple[Edit, ...]:
    """The edits of some names, families or patterns such as `"crop-*"`, in the suite's order; all if `None`.

    Raises:
        ValueError: for a name that no edit has.
    """
    if names is None:
        return EDITS
    wanted = [part.strip() for part in (names.split(",") if isinstance(names, str) else names)]
    kept: set[str] = set()
    for want in wanted:
        found = {edit.name for edit in EDITS if want == edit.family or fnmatch.fnmatchcase(edit.name, want)}
        if not found:
            raise ValueError(
                f"expected the name of an edit, a pattern such as 'crop-*' or a family "
                f"({', '.join(FAMILIES)}), got {shortened(want)}"
            )
        kept |= found
    return tuple(edit for edit in EDITS if edit.name in kept)


def table() -> list[dict[str, object]]:
    """One row for each edit: `edit`, `family`, `strength`, `text`."""
    return [{"edit": edit.name, "family": edit.family, "strength": edit.strength, "text": edit.text} for edit in EDITS]
