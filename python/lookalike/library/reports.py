"""What `Library.reuse` and `Library.matches` answer: the tables of `matching.reuse`, and pictures to look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..matching.pairs import owner_pairs, pair_columns
from ..matching.reuse import Matches, Reuse
from ..matching.tables import table
from ..options import DEFAULT_LIMITS, Limits
from ..show.gallery import Gallery
from ..show.sections import Shown, gallery_of_sections
from .part_reuse import PartReuse, columns_of, whole_columns
from .places import file_at

if TYPE_CHECKING:
    from .catalog import Catalog

__all__ = ["MatchReport", "ReuseReport"]

_SHOWN = 50
_MEMBERS = 12


class _Shows:
    """What either has beside its tables: parts, if they were looked for, and a gallery."""

    def _names(self: Any) -> tuple[str, str]:
        return self.LABELS if isinstance(self, Reuse) else ("", "")

    @cached_property
    def pairs(self: Any) -> Any:
        """Each two photos of different owners that match; see `matching.reuse`.

        If parts were looked for, then also those of which one holds a part of the other, behind the others, and of all
        `verdict` (`"copy"` or `"part"`), and for parts the share of each photo that both show (`overlap_`), `inliers`
        (keypoints that agree) and `region` (JSON text: the outlines of it in both).
        """
        if self.part_matches is None:
            return super().pairs  # type: ignore[misc]
        near = owner_pairs(self.pictures, self.near, self.common, self.owned, self.options.limit)
        whole = pair_columns(near, self, *self._names())
        whole |= whole_columns(len(near.left), *(name or end for name, end in zip(self._names(), "ab", strict=True)))
        parts = columns_of(self.part_matches, self, *self._names())
        return table({name: np.concatenate([whole[name], parts[name]]) for name in whole}, self.options.to)

    @cached_property
    def parts(self: Any) -> Any:
        """The pairs of which one photo holds a part of the other: those with the verdict `"part"`.

        Raises:
            ValueError: if parts were not looked for.
        """
        if self.part_matches is None:
            raise ValueError("parts were not looked for: pass parts=True")
        return table(columns_of(self.part_matches, self, *self._names()), self.options.to)

    def __str__(self) -> str:
        return super().__str__() + self._told_of_parts()

    def _told_of_parts(self: Any) -> str:
        found: PartReuse | None = self.part_matches
        if found is None:
            return ""
        notes = [f"{found.popular:,} popular"] if found.popular else []
        notes += [f"{found.without:,} photos without keypoints"] if found.without else []
        left = f" (left out: {', '.join(notes)})" if notes else ""
        return f" Parts in common: {_counted(len(found), 'pair', 'pairs')}{left}."

    def __getstate__(self) -> dict[str, Any]:
        # Another process knows the tables, and looks for the pictures at their ids.
        return {**self.__dict__, "catalog": None}

    def gallery(
        self: Any,
        *,
        limit: int = _SHOWN,
        title: str | None = None,
        thumbnail: int = 160,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Gallery:
        """The groups with their pictures, those of most owners first; then what was left out as popular.

        Args:
            limit: show at most so many groups, and so many popular pictures.
            title: the heading.
            thumbnail: longest side of the embedded pictures, in pixels.
            limits: what reading one picture may cost.
        """
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ValueError(f"expected limit as a whole number of at least 1, got {limit!r}")
        sections = [_group(self, number) for number in range(min(limit, self.families.count))]
        sections += _parts(self, limit)
        sections += _popular(self, limit)
        hidden = self.families.count - limit
        more = f"and {hidden:,} more groups, not shown (limit={limit})" if hidden > 0 else ""
        heading = title or ("Photos used again" if isinstance(self, Reuse) else "The same photo in several places")
        return gallery_of_sections(heading, str(self), sections, more=more, thumbnail=thumbnail, limits=limits)


@dataclass(frozen=True, repr=False)
class ReuseReport(_Shows, Reuse):
    """`Reuse` of a library, which knows where the pictures are."""

    catalog: Catalog | None = None
    part_matches: PartReuse | None = None

    def __repr__(self) -> str:
        return f"<Reuse: {self}>"


@dataclass(frozen=True, repr=False)
class MatchReport(_Shows, Matches):
    """`Matches` of a library, which knows where the pictures are."""

    catalog: Catalog | None = None
    part_matches: PartReuse | None = None

    def __repr__(self) -> str:
        return f"<Matches: {self}>"


def _group(report: Any, number: int) -> tuple[str, list[Shown]]:
    families, postings = report.families, report.postings
    # Members are ordered by group.
    start, end = np.searchsorted(families.groups, [number, number + 1])
    shown = range(start, min(end, start + _MEMBERS))
    positions = families.positions[start:end]
    people = len(np.unique(postings.owners[positions]))
    first = postings.owner_names[postings.owners[families.firsts[number]]]
    by = report.options.by
    if isinstance(report, Reuse):
        copies = int((families.roles[start:end] == 2).sum())
        heading = f"{_counted(copies, 'photo', 'photos')} of {_counted(people - 1, f'other {by}', f'other {by}s')}"
        heading += f", first posted by {first}"
    else:
        heading = f"{end - start:,} photos of {people:,} {by}s"
    heading += f" ({len(shown)} shown)" if end - start > len(shown) else ""
    sources = _sources(report, positions[: len(shown)])
    return heading, [_member(report, place, source) for place, source in zip(shown, sources, strict=True)]


def _member(report: Any, place: int, source: Any) -> Shown:
    families = report.families
    distance, mirrored = int(families.distances[place]), bool(families.mirrored[place])
    role = int(families.roles[place])
    badge = "same hash" if distance == 0 and not mirrored else _counted(distance, "bit", "bits")
    badge += " · mirrored" if mirrored else ""
    if isinstance(report, Reuse):
        badge = ("first", f"own · {badge}", badge)[role]
    elif role == 0:
        badge = ""
    exact = distance == 0 and not mirrored and role > 0
    return _shown(report, int(families.positions[place]), source, badge, exact)


def _parts(report: Any, limit: int) -> list[tuple[str, list[Shown]]]:
    """The pairs with a part in common, each under a heading of its own."""
    found: PartReuse | None = report.part_matches
    sections = []
    for number in range(min(limit, 0 if found is None else len(found))):
        assert found is not None
        shared, positions = found.shared[number], [int(found.left[number]), int(found.right[number])]
        badges = [f"{100 * overlap:.0f} % of it" for overlap in shared.overlaps]
        pictures = zip(positions, _sources(report, positions), badges, strict=True)
        heading = f"a part in common ({shared.confidence:.2f} sure)"
        sections.append((heading, [_shown(report, place, source, badge, False) for place, source, badge in pictures]))
    return sections


def _popular(report: Any, limit: int) -> list[tuple[str, list[Shown]]]:
    if report.popularity.threshold is None or not report.popularity.left_out.any():
        return []
    groups = np.where(report.allowed, -1, report.popularity.groups)
    heads = np.unique(groups[groups >= 0])
    order = np.argsort(-report.popularity.owners[heads], kind="stable")[:limit]
    firsts = report.pictures.members[report.pictures.starts[heads[order]]]
    cards = [
        _shown(report, int(position), source, _counted(int(report.popularity.owners[head]), *_words(report)), False)
        for position, head, source in zip(firsts, heads[order], _sources(report, firsts), strict=True)
    ]
    threshold = report.popularity.threshold
    pictures = _counted(len(heads), "picture", "pictures")
    heading = f"left out: {pictures} that more than {threshold:,} {report.options.by}s post"
    return [(heading, cards)]


def _words(report: Any) -> tuple[str, str]:
    return report.options.by, f"{report.options.by}s"


def _shown(report: Any, position: int, source: Any, badge: str, exact: bool) -> Shown:
    postings = report.postings
    listing = int(postings.listings[position])
    parts = [str(postings.owner_names[postings.owners[position]])]
    parts += [str(postings.listing_names[listing])] if listing >= 0 else []
    time = postings.times[position]
    day = "" if np.isnat(time) else f"\n{np.datetime_as_string(time, unit='D')}"
    return Shown(str(postings.images[position]), source, badge, " · ".join(parts) + day, exact)


def _sources(report: Any, positions: Any) -> list[Any]:
    """Where the pictures of postings are: their files, or their ids."""
    rows = report.postings.rows[positions].tolist()
    records = report.catalog.records(rows) if report.catalog is not None else {}
    return [file_at(records[row].place) if row in records else None for row in rows]


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
