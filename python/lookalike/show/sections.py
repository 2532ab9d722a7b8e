"""A gallery of groups that the caller has made: pictures under headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..options import DEFAULT_LIMITS, Limits
from .cards import Card, problem_text
from .gallery import Gallery
from .page import Section, fragment, styled
from .thumbnails import Thumbnail, thumbnails

__all__ = ["Shown", "gallery_of_sections"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a group.

    Attributes:
        image: its id.
        source: where its picture is, if not at its id.
        badge: its part in the group.
        facts: what else to say, one line or several.
        is_exact: whether the badge is that of an equal picture.
    """

    image: str
    source: Any = None
    badge: str = ""
    facts: str = ""
    is_exact: bool = False


def gallery_of_sections(
    title: str,
    summary: str,
    sections: Sequence[tuple[str, Sequence[Shown]]],
    *,
    more: str = "",
    thumbnail: int = 160,
    limits: Limits = DEFAULT_LIMITS,
) -> Gallery:
    """Show pictures under headings. One that cannot be read is a card that says why.

    Args:
        title: the heading of all.
        summary: what is to be said below it.
        sections: heading and pictures of each.
        more: what is not shown, at the end.
        thumbnail: longest side of the embedded pictures, in pixels.
        limits: what reading one picture may cost.
    """
    sources = (shown.source or shown.image for _, pictures in sections for shown in pictures)
    read = thumbnails(sources, thumbnail, limits)
    parts = []
    for heading, pictures in sections:
        parts.append(Section(heading, tuple(_card(shown, next(read)) for shown in pictures)))
    return Gallery(title, fragment(title, summary, None, parts, more, thumbnail), (styled(thumbnail),))


def _card(shown: Shown, picture: Thumbnail | Exception | None) -> Card:
    return Card(
        image=shown.image,
        thumbnail=picture if isinstance(picture, Thumbnail) else None,
        problem=problem_text(shown.image, picture),
        facts=shown.facts,
        badge=shown.badge,
        is_exact=shown.is_exact,
    )
