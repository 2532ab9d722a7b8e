"""Reuse as features of a model: a transformer for pipelines of scikit-learn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ColumnError, MissingExtraError
from .fingerprints import fingerprint_many
from .frames import column_names, read_columns
from .kinds import Kind
from .library import Library
from .library.allowed import allowed_codes
from .matching.columns import is_missing
from .matching.measures import measure_of
from .matching.pictures import NearPairs, near_to, plain
from .matching.posting_frames import codes_of_frame, kinds_of_frame, postings_of_frame
from .matching.postings import moments_of, numbered
from .matching.profiles import FEATURES, Asked, profiles
from .matching.reuse import Options, Reuse, find_reuse
from .matching.sightings import sightings
from .matching.spans import number_rows

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise MissingExtraError.for_extra("ReuseFeatures", "scikit-learn", "sklearn") from None

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["ReuseFeatures"]

_KINDS = ("phash", "dhash")


class ReuseFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """How much of a listing's photos other owners have posted, as numbers for a model.

    What is compared with is learnt by `fit`: a library as it is then, or the rows that are given, if there is none.
    Each row of `X` gets the features of its listing; what they mean is in `lookalike.matching.profiles.FEATURES`. No
    value is ever missing: a row of which nothing is known has zeros, and the sum of the radii and 1 as its closest
    distance.

    `X` is a table (of pandas, polars or another kind that narwhals knows) with
      - columns of hashes, as `fingerprint_many` makes them, or of `image`, whose pictures are then fingerprinted;
      and, where
        they are known, the owner, `listing` and `time`. Rows of one owner and `listing` are taken together; a row
        without a listing is one by itself. Rows of an owner whose photos are in what was learnt are not compared with
        these.
      - or, with a library, the owner and `listing` alone: these are looked up, as the library was when it was learnt.
    An array or list of paths is a column `image`.

    Args:
        library: a `Library` or its location; `None` to compare with the rows that `fit` is given, which must have
            owners.
        by: the name of the owner's column.
        kinds: hash kinds to compare by; by default those of the library, or all that `fit` is given, else phash and
            dhash.
        radius, mirrored, popular, confidence: as for `Library.reuse`.

    Attributes:
        reuse_: what was learnt; its tables tell more.

    Raises:
        MissingExtraError: when this module is imported, if scikit-learn is not installed.
    """

    def __init__(
        self,
        library: Library | str | os.PathLike[str] | None = None,
        by: str = "owner",
        *,
        kinds: Any = None,
        radius: Any = None,
        mirrored: bool | None = None,
        popular: float | str | None = "auto",
        confidence: float = 0.5,
    ) -> None:
        self.library = library
        self.by = by
        self.kinds = kinds
        self.radius = radius
        self.mirrored = mirrored
        self.popular = popular
        self.confidence = confidence

    def fit(self, X: Any, y: Any = None) -> ReuseFeatures:
        """Learn what to compare with.

        Raises:
            ColumnError: if there is no library, and `X` has no owners.
            NoLibraryError, MismatchError, ValueError, TypeError: as for `Library.reuse`.
        """
        self.allowed_: dict[str, NDArray[np.uint8]] = {}
        choice = {"radius": self.radius, "mirrored": self.mirrored}
        if self.library is None:
            table = _as_table(X)
            kinds = self._kinds_of(table)
            postings = postings_of_frame(_fingerprinted(table, kinds), self.by, kinds)
            options = Options(self.by, measure_of(kinds, **choice), self.popular, self.confidence)
            self.reuse_: Reuse = find_reuse(postings, options)
        else:
            library = self.library if isinstance(self.library, Library) else Library(self.library)
            rest = {"popular": self.popular, "confidence": self.confidence, "kinds": self.kinds}
            self.reuse_ = library.reuse(self.by, **choice, **rest)
            self.allowed_ = allowed_codes(library._opened.catalog)
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """The features of each row, shape (rows, features).

        Raises:
            ColumnError: if `X` has neither hashes, nor images, nor listings of a library.
            MismatchError, ValueError: as `find_similar` for a column of hashes.
        """
        check_is_fitted(self, "reuse_")
        table = _as_table(X)
        names = set(column_names(table))
        kinds = self.reuse_.options.measure.kinds
        if self.library is not None and {self.by, "listing"} <= names and not {str(kind) for kind in kinds} <= names:
            return self._looked_up(table)
        if "image" not in names and not {str(kind) for kind in kinds} <= names:
            raise ColumnError(
                f"expected columns of hashes ({', '.join(map(str, kinds))}), or image"
                f"{f', or {self.by} and listing' if self.library is not None else ''}; got {', '.join(sorted(names))}"
            )
        return self._compared(_fingerprinted(table, kinds))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names of the features. `input_features` is not needed, and there for scikit-learn."""
        return np.array(list(FEATURES), dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags

    def _kinds_of(self, table: Any) -> list[Kind]:
        if self.kinds is not None:
            texts = [self.kinds] if isinstance(self.kinds, (str, Kind)) else self.kinds
            return [Kind.parse(text) for text in texts]
        try:
            return kinds_of_frame(table)
        except ValueError:
            return [Kind.parse(text) for text in _KINDS]

    def _looked_up(self, table: Any) -> NDArray[np.float64]:
        known = self.reuse_.listings
        keys = list(zip(known[self.by].tolist(), known["listing"].tolist(), strict=True))
        places = {key: place for place, key in enumerate(keys)}
        columns = read_columns(table, [self.by, "listing"])
        asked = zip(columns[self.by], columns["listing"], strict=True)
        # Row -1 is that of a listing that is not known.
        values = np.vstack([known[list(FEATURES)].to_numpy(np.float64).reshape(-1, len(FEATURES)), self._nothing()])
        return values[[places.get(_key(*key), -1) for key in asked]]

    def _nothing(self) -> NDArray[np.float64]:
        values = np.zeros(len(FEATURES))
        values[list(FEATURES).index("closest_distance")] = self.reuse_.options.measure.radius + 1
        return values

    def _compared(self, table: Any) -> NDArray[np.float64]:
        measure, reuse = self.reuse_.options.measure, self.reuse_
        codes, has_code = codes_of_frame(table, measure.kinds)
        rows = len(has_code)
        units, count, owners = _units(table, self.by, rows)
        there = np.flatnonzero(has_code & ~plain(codes, measure.kinds))
        chosen = tuple(codes[str(kind)][there] for kind in measure.kinds)
        near = near_to(chosen, reuse.pictures.codes, measure)
        common = self._common(chosen, near)
        sure = np.where(near.mirrored, reuse.certainty[1][near.totals], reuse.certainty[0][near.totals])
        same = (near.totals == 0) & ~near.mirrored
        near = near.kept(~reuse.common[near.right] & (same | (sure >= reuse.options.confidence)))
        seen = sightings(near.kept(np.argsort(near.left, kind="stable")), reuse.owned)
        times = moments_of(_column(table, "time"), rows)[there]
        numbers = {name: number for number, name in enumerate(reuse.postings.owner_names)}
        asked = Asked(
            units[there],
            count,
            np.arange(len(there)),
            np.array([numbers.get(_hashable(owners[row]), -1) for row in there.tolist()], np.int64),
            _before(times, reuse.postings.times),
            times,
            common,
        )
        columns = profiles(asked, seen, reuse.postings.times, reuse.certainty, measure.radius)
        return np.column_stack([columns[name].astype(np.float64) for name in FEATURES])[units]

    def _common(self, codes: tuple[NDArray[np.uint8], ...], near: NearPairs) -> NDArray[np.bool_]:
        """Which pictures everybody may use: what was learnt of the very same picture, or else of those near it."""
        is_common, is_same = self.reuse_.common[near.right], (near.totals == 0) & ~near.mirrored
        found = np.zeros(len(codes[0]), np.bool_)
        found[near.left[is_common]] = True
        found[near.left[is_same]] = is_common[is_same]
        if self.allowed_ and len(next(iter(self.allowed_.values()))):
            measure = self.reuse_.options.measure
            theirs = tuple(self.allowed_[str(kind)] for kind in measure.kinds)
            found[near_to(codes, theirs, measure).left] = True
        return found


def _as_table(X: Any) -> Any:
    if hasattr(X, "columns") or hasattr(X, "column_names"):
        return X
    import pandas as pd

    values = np.asarray(X, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"expected a table, or one column of image paths, got an array of shape {values.shape}")
    return pd.DataFrame({"image": values})


def _fingerprinted(table: Any, kinds: Any) -> Any:
    """The table with hashes: its own, or those of its images."""
    names = column_names(table)
    if {str(kind) for kind in kinds} <= set(names) or "image" not in names:
        return table
    images = read_columns(table, ["image"])["image"]
    prints = fingerprint_many(images, kinds=list(kinds))
    told = {name: values for name, values in read_columns(table, names).items() if name not in prints.columns}
    return prints.assign(**told)


def _column(table: Any, name: str) -> list[Any] | None:
    return read_columns(table, [name])[name] if name in column_names(table) else None


def _units(table: Any, by: str, rows: int) -> tuple[Numbers, int, list[Any]]:
    """Number of each row's listing, how many there are, and each row's owner."""
    owners, listings = (_column(table, name) or [None] * rows for name in (by, "listing"))
    owner, listing = numbered(owners)[0], numbered(listings)[0]
    alone = np.where(listing < 0, np.arange(rows), -1)
    units, firsts = number_rows([part.view(np.uint64) for part in (owner, listing, alone)])
    return units, len(firsts), owners


def _before(times: NDArray[np.datetime64], posted: NDArray[np.datetime64]) -> Numbers:
    """Before which posting something of these times comes; after all, if it is not known."""
    known = int((~np.isnat(posted)).sum())
    places = np.searchsorted(posted[:known], times, "right")
    return np.where(np.isnat(times), len(posted), places).astype(np.int64)


def _key(owner: Any, listing: Any) -> tuple[Any, Any]:
    return _hashable(owner), None if is_missing(listing) else str(listing)


def _hashable(value: Any) -> Any:
    import json

    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else value
