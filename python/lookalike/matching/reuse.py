"""The same photo under different owners: who was first, who came later, how sure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..errors import shortened
from .background import Background, confidences
from .families import Families, find_families
from .pairs import owner_pairs, pair_columns, sureness
from .pictures import Measure, NearPairs, Pictures, find_pictures, near_to, plain
from .popular import Popular, find_popular, most_owners
from .postings import Postings
from .profiles import Asked, profiles
from .sightings import NEVER, Owned, Sightings, both_ways, sightings
from .tables import named, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Codes = NDArray[np.uint8]

__all__ = ["Matches", "Options", "Reuse", "find_matches", "find_reuse"]


_TAKEN = frozenset({"confidence", "days_after", "distance", "group", "image", "role", "row", "time", "transform"})
"""Columns of results that no owner can be called."""


@dataclass(frozen=True)
class Options:
    """How reuse is looked for.

    Attributes:
        by: what an owner is called: the name of the column, and part of the names of columns of results.
        measure: how pictures are compared.
        popular: see `most_owners`.
        confidence: pairs that are less sure are no matches, from 0 to 1.
        limit: rows of `pairs` that may be asked for.
        to: kind of the tables.
    """

    by: str
    measure: Measure
    popular: float | str | None = "auto"
    confidence: float = 0.5
    limit: int = 1_000_000
    to: str = "pandas"

    def __post_init__(self) -> None:
        if not isinstance(self.by, str) or not self.by:
            raise TypeError(f"expected by= as the name of a column, got {shortened(self.by)}")
        if self.by in _TAKEN:
            raise ValueError(f"expected by= as a column that says whose an image is, got {self.by!r}")
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 0:
            raise ValueError(f"expected limit as a whole number of pairs, got {shortened(self.limit)}")
        if isinstance(self.confidence, bool) or not 0 <= self.confidence <= 1:
            raise ValueError(f"expected a confidence from 0 to 1, got {shortened(self.confidence)}")


@dataclass(frozen=True)
class _Found:
    """Photos that several owners posted.

    Attributes:
        options: what was asked.
        postings: the rows.
        pictures: the distinct ones among them.
        near: pairs of pictures that match, without popular and allowed ones.
        certainty: confidence by distance, as they are and mirrored.
        owned: who posted which picture.
        seen: who posted a picture or one like it.
        popularity: the popular pictures.
        allowed: shape (pictures,), those near an allowed one.
    """

    options: Options
    postings: Postings
    pictures: Pictures
    near: NearPairs
    certainty: tuple[NDArray[np.float64], NDArray[np.float64]]
    owned: Owned
    seen: Sightings
    popularity: Popular
    allowed: NDArray[np.bool_] = field(repr=False)

    @property
    def common(self) -> NDArray[np.bool_]:
        """Shape (pictures,): those that everybody may use."""
        return self.allowed | self.popularity.left_out

    @cached_property
    def families(self) -> Families:
        """The groups, before they are tables."""
        return find_families(self.postings, self.pictures, self.near, self.common)

    @cached_property
    def popular(self) -> Any:
        """Pictures that so many owners post that they say nothing, and are left out: logos, stock photos.

        Columns: `image`, the owner and the time of the first posting, and how many owners, listings and images.
        """
        kept = self.popularity.groups[self.pictures.of]
        positions = np.flatnonzero((kept >= 0) & ~self.allowed[self.pictures.of])
        groups = kept[positions]
        heads, numbers = np.unique(groups, return_inverse=True)
        firsts = np.full(len(heads), NEVER, np.int64)
        np.minimum.at(firsts, numbers, positions)
        columns = {
            "image": self.postings.images[firsts],
            f"first_{self.options.by}": named(self.postings.owner_names, self.postings.owners[firsts]),
            "first_time": self.postings.time_texts(firsts),
            f"{self.options.by}s": _distinct(numbers, self.postings.owners[positions], len(heads)),
            "listings": _distinct(numbers, self.postings.listings[positions], len(heads)),
            "images": np.bincount(numbers, minlength=len(heads)).astype(np.int64),
        }
        order = np.lexsort((firsts, -columns[f"{self.options.by}s"]))
        return table({name: values[order] for name, values in columns.items()}, self.options.to)

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows were not compared, by reason."""
        allowed = self.allowed[self.pictures.of]
        popular = self.popularity.left_out[self.pictures.of] & ~allowed
        return {**self.postings.left_out, "allowed": int(allowed.sum()), "popular": int(popular.sum())}

    def _notes(self) -> str:
        reasons = [f"{count:,} {reason}" for reason, count in self.left_out.items() if count]
        return f" Left out: {', '.join(reasons)}." if reasons else ""

    def _repr_html_(self) -> str:
        import html

        return f"<p>{html.escape(str(self))}</p>"


class Reuse(_Found):
    """What `find_reuse` found. Tables are made when they are first asked for.

    Attributes:
        pairs: each two photos that match under different owners: the original and the copy.
        groups: each original with its copies, in a line.
        members: the same, a line for each photo.
        listings: what a model may know of each listing.
        owners: what a model may know of each owner.
        popular: pictures that so many owners post that they were left out.
        left_out: how many rows were not compared, by reason.
    """

    LABELS: ClassVar[tuple[str, str]] = ("original", "copy")

    @cached_property
    def pairs(self) -> Any:
        """Each two photos that match under different owners, the surest first.

        Columns: `original_` and `copy_` with `image`, the owner, `listing`, `time` and `row`; `distance` (bits that
        differ in all kinds together) and that of each kind; `transform` (`none`, or `mirrored` if the copy is);
        `confidence`; `first_by`: what says who was first, `time`, `row` (times are equal or both unknown), or
        `one time` (the other's is unknown); `days_apart`. The original is the photo of the owner who first posted it
        or one like it.

        Raises:
            ValueError: if there would be more than `limit`.
        """
        found = owner_pairs(self.pictures, self.near, self.common, self.owned, self.options.limit)
        return table(pair_columns(found, self, *self.LABELS), self.options.to)

    @cached_property
    def groups(self) -> Any:
        """Photos of several owners that match the group's first posting, in a line; the most owners first.

        Columns: `group`, `first_image`, its owner, `first_listing`, `first_time`, how many owners, `listings` and
        `images`, `mirrored` images, `closest` and `widest` distance of another owner's photo, the highest
        `confidence`, and `span_days` from first to last.
        """
        return table(self.families.summary(self), self.options.to)

    @cached_property
    def members(self) -> Any:
        """The photos of `groups`, in its order and then that of posting.

        Columns: `group`, `role` (`first`, `own` for others of its owner, `copy`), `image`, the owner, `listing`,
        `time`, `row`; `distance` to the first, `transform`, `confidence`, and `days_after` it.
        """
        return table(self.families.members(self), self.options.to)

    @cached_property
    def listings(self) -> Any:
        """What a model may know of each listing: the owner, `listing`, and the columns of `FEATURES`."""
        units = self.postings.listings
        known = np.flatnonzero(units >= 0)
        names = self.postings.listing_names
        owners = np.zeros(len(names), np.int64)
        owners[units[known]] = self.postings.owners[known]
        posted = np.bincount(units[known], minlength=len(names)) > 0
        labels = {
            self.options.by: named(self.postings.owner_names, owners),
            "listing": named(names, np.arange(len(names))),
        }
        return self._profiles(units, known, posted, labels)

    @cached_property
    def owners(self) -> Any:
        """What a model may know of each owner: its name, and the columns of `FEATURES`."""
        count = len(self.postings.owner_names)
        posted = np.bincount(self.postings.owners, minlength=count) > 0
        labels = {self.options.by: named(self.postings.owner_names, np.arange(count))}
        return self._profiles(self.postings.owners, np.arange(len(self.postings)), posted, labels)

    def _profiles(
        self, units: Numbers, chosen: Numbers, posted: NDArray[np.bool_], labels: dict[str, NDArray[np.object_]]
    ) -> Any:
        pictures = self.pictures.of[chosen]
        asked = Asked(
            units[chosen],
            len(posted),
            pictures,
            self.postings.owners[chosen],
            np.full(len(chosen), NEVER, np.int64),
            self.postings.times[chosen],
            self.common[pictures],
        )
        columns = profiles(asked, self.seen, self.postings.times, self.certainty, self.options.measure.radius)
        return table({name: values[posted] for name, values in (labels | columns).items()}, self.options.to)

    def __str__(self) -> str:
        by, families = self.options.by, self.families
        copies = int((families.roles == 2).sum())
        copiers = len(np.unique(self.postings.owners[families.positions[families.roles == 2]]))
        text = f"{len(self.postings):,} photos of {len(self.postings.owner_names):,} {by}s: "
        if copies:
            people = f"{copiers:,} {by}{'' if copiers == 1 else 's'}"
            text += f"{copies:,} of them, by {people}, match {families.count:,} that another {by} posted first."
        else:
            text += f"none matches one of another {by}."
        return text + self._notes()


class Matches(_Found):
    """What `find_matches` found: the same photo in several places, and nobody's fault.

    Attributes:
        pairs: each two photos that match.
        groups: photos that match the group's first, in a line.
        members: the same, a line for each photo.
        popular: pictures that were left out because too many have them, if any are.
        left_out: how many rows were not compared, by reason.
    """

    @cached_property
    def pairs(self) -> Any:
        """Each two photos that match under different owners, the surest first: as `Reuse.pairs`, with `_a` and `_b` in
        place of original and copy, and without a word on who was first.

        Raises:
            ValueError: if there would be more than `limit`.
        """
        found = owner_pairs(self.pictures, self.near, self.common, self.owned, self.options.limit)
        return table(pair_columns(found, self), self.options.to)

    @cached_property
    def groups(self) -> Any:
        """Photos that match the group's first posting, in a line; those with most owners first."""
        return table(self.families.summary(self), self.options.to)

    @cached_property
    def members(self) -> Any:
        """The photos of `groups`, as `Reuse.members` without `role`."""
        columns = self.families.members(self)
        del columns["role"]
        return table(columns, self.options.to)

    def __str__(self) -> str:
        by, families = self.options.by, self.families
        text = f"{len(self.postings):,} photos of {len(self.postings.owner_names):,} {by}s: "
        return f"{text}{len(families.positions):,} photos in {families.count:,} groups are in several.{self._notes()}"


def find_reuse(
    postings: Postings, options: Options, allowed: Mapping[str, Codes] | None = None, result: Callable[..., Any] = Reuse
) -> Any:
    """Find the photos that several owners posted.

    Args:
        postings: rows with owners and the codes of all kinds of `options.measure`.
        options: how to look.
        allowed: codes by kind, shape (allowed pictures, bytes): what is near one is left out, and counted.
        result: makes the answer: `Reuse`, `Matches`, or one of their kind.

    Raises:
        ValueError: if there are more pairs of pictures than `options.measure.most`.
    """
    measure = options.measure
    blank = plain(postings.codes, measure.kinds)
    postings = postings.without(blank, "without detail")
    pictures, near = find_pictures(postings.codes, measure)
    owned = Owned.build(pictures, postings.owners, len(postings.owner_names))
    permitted = _permitted(pictures, allowed, measure)
    near = _among(near, ~permitted)
    popularity = find_popular(near, owned, most_owners(options.popular, len(np.unique(postings.owners))))
    common = permitted | popularity.left_out
    near = _among(near, ~common)
    certainty = _certainty(pictures, near, owned, common, measure)
    near = near.kept(sureness(certainty, near.totals, near.mirrored) >= options.confidence)
    seen = both_ways(len(pictures), near)
    seen = seen.kept(~common[seen.left])
    return result(options, postings, pictures, near, certainty, owned, sightings(seen, owned), popularity, permitted)


def find_matches(postings: Postings, options: Options, allowed: Mapping[str, Codes] | None = None) -> Matches:
    """The same photo in several shops: as `find_reuse`, without the notion of a copy."""
    matches: Matches = find_reuse(postings, options, allowed, Matches)
    return matches


def _permitted(pictures: Pictures, allowed: Mapping[str, Codes] | None, measure: Measure) -> NDArray[np.bool_]:
    found = np.zeros(len(pictures), np.bool_)
    if allowed and len(next(iter(allowed.values()))):
        theirs = tuple(allowed[str(kind)] for kind in measure.kinds)
        found[near_to(pictures.codes, theirs, measure).left] = True
    return found


def _among(near: NearPairs, kept: NDArray[np.bool_]) -> NearPairs:
    return near.kept(kept[near.left] & kept[near.right])


def _certainty(
    pictures: Pictures, near: NearPairs, owned: Owned, common: NDArray[np.bool_], measure: Measure
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidence by distance, of copies as they are and of mirrored ones."""
    kept = ~common
    codes = pictures.joint_codes[kept]
    background = Background.of(codes, measure.bits, measure.radius)
    pairs = len(codes) * (len(codes) - 1) / 2
    size = measure.radius + 1
    same = np.bincount(near.totals[~near.mirrored], minlength=size)
    # Distinct pictures are never at distance 0; what is, is one picture under several owners.
    same[0] += int(kept[owned.pictures].sum()) - len(codes)
    turned = np.bincount(near.totals[near.mirrored], minlength=size)
    return confidences(background, pairs, same), confidences(background, pairs, turned)


def _distinct(groups: Numbers, values: Numbers, count: int) -> Numbers:
    """How many different values each group has, -1 not counted."""
    known = values >= 0
    width = int(values.max(initial=0)) + 1
    keys = np.unique(groups[known] * width + values[known])
    counts: Numbers = np.bincount(keys // width, minlength=count).astype(np.int64)
    return counts
