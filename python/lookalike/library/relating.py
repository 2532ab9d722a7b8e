"""Comparing a library's images with each other: pairs, groups, duplicates, and codes that many share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..confirm import confidence_of
from ..fingerprints import Progress
from ..frames import check_backend
from . import pairing, part_pairs, popular
from .agreeing import Agreement, agreeing_groups, agreeing_pairs
from .opened import Opened
from .part_pairs import check_parts
from .queries import Radius, checked_count, chosen_kinds, radii_of
from .tables import to_table

__all__ = ["Relating"]

Row = dict[str, Any]


class Relating:
    """The part of a library that compares its images with each other, and changes nothing."""

    _opened: Opened

    if TYPE_CHECKING:

        def _tell_of(self, lacking: int) -> None: ...

    def pairs(
        self,
        *,
        confidence: str | float = "normal",
        radius: Radius = None,
        kinds: Any = None,
        parts: bool | str = False,
        limit: int = pairing.LIMIT,
        progress: Progress = False,
        to: str = "pandas",
    ) -> Any:
        """All pairs of images within the radius of some kind, best first; then those with a part in common.

        Args:
            confidence: how sure it must be that they are copies, as for `search`: where both have looks, they are
                looked at twice, unless a radius is given.
            radius: the largest distance in bits, for all kinds or by kind; by default each kind's own.
            kinds: which of the library's kinds; by default all.
            parts: whether to look also for parts, by keypoints: `True` for those of images that are in no pair yet,
                `"always"` for those of all. It takes as long as a search for each. Not with `radius`.
            limit: the most pairs, before the second look; and the most with a part in common.
            progress: of the search for parts: `True` for a bar, or a function that is called with the number of images
                done and the name of the last.
            to: the kind of table.

        Returns:
            `image_a`, `image_b`, `kind`, `distance`, and of both `row_a`, `owner_a` and so on. With `parts` also
            `verdict` (`"copy"` or `"part"`), and for parts `confidence`, `overlap_a` and `overlap_b` (the share of each
            that both show), `inliers` and `region` (JSON text: the outlines of it in `"a"` and `"b"`).

        Raises:
            ValueError: if they are more than `limit`.
            NoLibraryError, MismatchError: as for `search`.
        """
        check_backend(to)
        check_parts(parts, radius)
        layout, least = self._opened.catalog.head.layout, confidence_of(confidence)
        names, index = chosen_kinds(kinds, layout), self._opened.index
        with index.fresh():
            found = pairing.paired(index, radii_of(radius, names, layout), limit)
            if radius is None:
                found = agreeing_pairs(index, found, least)
            rows = pairing.pairs(index, found, names)
        if not parts:
            return to_table(rows, pairing.PAIR_COLUMNS, to)
        matched, whole = (
            np.concatenate([found.left, found.right]),
            set(zip(*map(np.ndarray.tolist, found[:2]), strict=True)),
        )
        shared, lacking = self._part_pairs(matched, parts, least, limit, progress)
        more = {pair: one for pair, one in shared.items() if pair not in whole}
        rows = [{**row, "verdict": "copy"} for row in rows] + part_pairs.rows_of(index, more)
        return to_table(rows, (*pairing.PAIR_COLUMNS, *part_pairs.PAIR_COLUMNS), to, {"without_parts": lacking})

    def groups(
        self,
        *,
        confidence: str | float = "normal",
        radius: int | None = None,
        kind: Any = None,
        parts: bool | str = False,
        progress: Progress = False,
        to: str = "pandas",
    ) -> Any:
        """Groups of images that look alike: every member is within the radius of the group's first image.

        Where images have looks, a member's agrees with that of the first, unless a radius is given; and pictures with
        too little detail to tell them apart are in no group.

        Args:
            confidence: how sure it must be that they are copies, as for `search`.
            radius: the largest distance in bits; by default the kind's.
            kind: by which of the library's kinds; by default its first.
            parts: whether images that have a part in common with one of a group come into it too, as for `pairs`;
                `True` for those that are in no group yet. A group is around one image still, so that a collage is in
                that of the first of its photos.
            progress: as for `pairs`.
            to: the kind of table.

        Returns:
            `group`, `representative`, `image`, `distance` (from the representative), `row`, `owner`, `listing`,
            `time` and facts; images that are like no other are left out. With `parts` also `verdict` (`"copy"`, or
            `"part"`, without a distance) and the `confidence` of parts.

        Raises:
            NoLibraryError, MismatchError, ValueError: as for `search`.
        """
        check_backend(to)
        check_parts(parts, radius)
        layout, least = self._opened.catalog.head.layout, confidence_of(confidence)
        [name] = chosen_kinds(layout.names[0] if kind is None else kind, layout)
        index, most = self._opened.index, radii_of(radius, (name,), layout)[name]
        with index.fresh():
            found = pairing.grouped(index, name, most)
            if radius is None:
                distance = pairing.distance_by(index, name, found.rows)
                found = agreeing_groups(found, Agreement(index, least), distance, most)
            rows = pairing.groups(index, found)
        return self._grown(rows, parts, least, progress, to)

    def duplicates(
        self,
        on: Any = None,
        *,
        parts: bool | str = False,
        confidence: str | float = "normal",
        progress: Progress = False,
        to: str = "pandas",
    ) -> Any:
        """Groups of images with the same bytes, or with the same code of the kind `on`; columns as of `groups`.

        Args:
            on: one of the library's kinds.
            parts: whether images that have a part in common with one of a group come into it too, as for `groups`.
            confidence: how sure parts must be.
            progress: as for `pairs`.
            to: the kind of table.

        Raises:
            NoLibraryError, MismatchError: as for `search`.
        """
        check_backend(to)
        check_parts(parts)
        layout, least = self._opened.catalog.head.layout, confidence_of(confidence)
        name = None if on is None else chosen_kinds(on, layout)[0]
        with self._opened.index.fresh():
            rows = pairing.duplicates(self._opened.index, name)
        return self._grown(rows, parts, least, progress, to)

    def _grown(self, rows: list[Row], parts: bool | str, least: float, progress: Progress, to: str) -> Any:
        """A table of groups, to which parts may come."""
        if not parts:
            return to_table(rows, pairing.GROUP_COLUMNS, to)
        matched = np.array([row["row"] for row in rows], np.int64)
        shared, lacking = self._part_pairs(matched, parts, least, pairing.LIMIT, progress)
        rows = part_pairs.grown(self._opened.index, rows, shared)
        return to_table(rows, (*pairing.GROUP_COLUMNS, *part_pairs.GROUP_COLUMNS), to, {"without_parts": lacking})

    def _part_pairs(
        self, matched: np.ndarray, parts: bool | str, least: float, limit: int, progress: Progress
    ) -> tuple[dict[tuple[int, int], part_pairs.Shared], int]:
        """Pairs with a part in common, and how many images could be in none for want of keypoints."""
        index = self._opened.index
        with index.fresh():
            rows, lacking = part_pairs.asked_rows(index, matched, parts), index.without_keypoints()
        shared = part_pairs.part_pairs(index, rows.tolist(), least, limit, progress)
        self._tell_of(lacking)
        return shared, lacking

    def popular(self, *, least: int | None = None, kind: Any = None, to: str = "pandas") -> Any:
        """Codes that suspiciously many images share, the most popular first: blanks, logos, placeholders.

        Args:
            least: of so many images; by default the square root of their number, at least 10.
            kind: of which kind; by default the library's first.
            to: the kind of table.

        Returns:
            `kind`, `code` (hex text), `images` (how many), `quality` (0 for a blank picture, to 100), `image` and `row`
            of the first.

        Raises:
            NoLibraryError, MismatchError, ValueError: as for `search`.
        """
        check_backend(to)
        layout = self._opened.catalog.head.layout
        [name] = chosen_kinds(layout.names[0] if kind is None else kind, layout)
        with self._opened.index.fresh():
            rows = popular.popular(self._opened.index, name, checked_count(least))
        return to_table(rows, popular.COLUMNS, to)
