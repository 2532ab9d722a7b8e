"""All edits, and how some of them are asked for."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from ...errors import shortened
from . import borders, coding, collages, geometry, hard, marks, pages, parts, screens, stacked, tones, turns
from .edit import FAMILIES, Edit

__all__ = ["EDITS", "GROUPS", "chosen", "table"]

EDITS: tuple[Edit, ...] = (
    *coding.EDITS,
    *tones.EDITS,
    *marks.EDITS,
    *turns.EDITS,
    *borders.EDITS,
    *geometry.EDITS,
    *parts.EDITS,
    *collages.EDITS,
    *screens.EDITS,
    *pages.EDITS,
    *hard.EDITS,
    *stacked.EDITS,
)
"""The whole suite, by family."""

GROUPS: dict[str, tuple[str, ...]] = {
    "crop to 75 %": ("crop-75*",),
    "crop to 50 %": ("crop-50*", "crop-square"),
    "crop to 25 %": ("crop-25*",),
    "crop to 10 %": ("crop-10*",),
    "rotation by any angle": ("rotate-*-crop", "rotate-*-fill", "mirror-rotate-any"),
    "perspective": ("perspective-*", "tilt-*"),
    "collage of 2 to 4, or pasted on half": (
        "collage-2", "collage-4*", "collage-mixed", "strip-*", "pasted-70", "pasted-50*",
    ),
    "collage of 9": ("collage-9*",),
    "pasted on 25 to 35 %": ("pasted-35", "pasted-25*", "poster"),
    "pasted on 15 %": ("pasted-15*",),
    "screens of apps": ("app-*", "screenshot-*", "browser-page"),
    "pages of shops": ("shop-*",),
    "crop, scale, logo, JPEG 40": ("taken-*",),
    "mirror, crop, tone, JPEG": ("mirrored-crop-*",),
    "reposts and other chains": (
        "repost", "repost-chain", "meme-repost", "thief", "story", "turned-screenshot", "marked-crop", "grey-crop",
        "rotated-crop-filter", "mirrored-paste", "mirrored-collage",
    ),
}  # fmt: skip
"""Edits that are spoken of together, across the families: names or patterns, as `chosen` takes them."""


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
