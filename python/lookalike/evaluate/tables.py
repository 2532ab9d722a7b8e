"""What was counted, as rows of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .counting import poisson_upper, within
from .edits import FAMILIES, GROUPS, Edit, chosen
from .evaluating import Evaluating
from .measuring import Answer, Known
from .tail import radius_at

__all__ = ["COLUMNS", "INTEGERS", "LIBRARY", "Row", "tables_of"]

LIBRARY = "lookalike"
"""The method that is the library's own verdict, as `Library.search_many` gives it."""

_WRONG = ("false_matches", "compared")
_SHARES = ("copies", "found", "share", "false_matches", "compared", "false_per_million")

COLUMNS: dict[str, tuple[str, ...]] = {
    "by_edit": ("method", "rate", "radius", "edit", "family", "strength", *_SHARES),
    "by_family": ("method", "rate", "radius", "family", "edits", "mean", *_SHARES),
    "by_group": ("method", "rate", "radius", "group", "edits", "mean", *_SHARES),
    "roc": ("method", "family", "threshold", "false_matches", "pairs", "false_rate", "found", "copies", "share"),
    "methods": ("method", "bits", "rate", "radius", "pairs", "false_matches", "false_rate", "false_rate_at_most"),
    "negatives": ("method", "rate", "radius", "folder", "images", "pairs", "called", "shared_logo", "same_bytes"),
    "negative_pairs": ("folder", "image_a", "image_b", "confidence", "verdict", "kind", "distance", "transform"),
    "wrong": ("image", "edit", "family", "called", "confidence", "verdict", "kind", "distance", "transform"),
    "missed": ("image", "edit", "family"),
    "set_aside": ("image_a", "image_b"),
    "failures": ("image", "edit", "error"),
}
"""The tables and their columns.

`rate` is missing where the method has a verdict of its own. `share` is that of all copies of a family or group; `mean`
is the mean of its edits' shares, in which each edit counts the same however many of its copies could be made.
"""


INTEGERS = frozenset(
    {
        "radius",
        "copies",
        "found",
        "false_matches",
        "compared",
        "pairs",
        "same_bytes",
        "bits",
        "images",
        "edits",
        "called",
        "shared_logo",
    }
)
"""Columns that are whole numbers even where there is no row to tell."""

Row = dict[str, Any]
Mask = NDArray[np.bool_]


def tables_of(run: Evaluating) -> dict[str, list[Row]]:
    """All tables of a measurement, as far as it got."""
    by_edit = list(_by_edit(run))
    return {
        "by_edit": by_edit,
        "by_family": _by_family(by_edit),
        "by_group": _by_group(by_edit),
        "roc": list(_roc(run)),
        "methods": list(_methods(run)),
        "negatives": list(_negatives(run)),
        "negative_pairs": list(_negative_pairs(run)),
        "wrong": list(_wrong(run)),
        "missed": list(_missed(run)),
        "set_aside": [{"image_a": run.photos[a].name, "image_b": run.photos[b].name} for a, b in sorted(run.twins)],
        "failures": list(_failures(run)),
    }


def _by_edit(run: Evaluating) -> Iterator[Row]:
    tally, done = run.tally, run.tally.done
    for place, edit in enumerate(run.settings.edits):
        counts = tally.made[done, place].sum(), tally.found[done, place].sum()
        wrong, compared = tally.wrong[done, place].sum(), tally.compared[done, place].sum()
        yield {"method": LIBRARY, "rate": None, "radius": None, **_of_edit(edit), **_shares(*counts, wrong, compared)}
    for name, known in tally.methods.items():
        done = _asked(run, known)
        for rate in run.settings.rates:
            radius = radius_at(known.pairs, rate)
            for place, edit in enumerate(run.settings.edits):
                own = known.own[done, place]
                counts = tally.made[done, place].sum(), ((own >= 0) & (own <= radius)).sum()
                others = known.others[place]
                row = {"method": name, "rate": rate, "radius": radius, **_of_edit(edit)}
                shares = _shares(*counts, within(others, radius), others.sum())
                # No radius keeps the rate, or the pairs are too few to tell which: that is no share of 0.
                yield {**row, **shares, "share": shares["share"] if radius >= 0 else None}


def _asked(run: Evaluating, known: Known) -> list[int]:
    return [number for number in run.tally.done if known.asked[number]]


def _of_edit(edit: Edit) -> Row:
    return {"edit": edit.name, "family": edit.family, "strength": edit.strength}


def _shares(copies: Any, found: Any, wrong: Any, compared: Any) -> Row:
    return {
        "copies": int(copies),
        "found": int(found),
        "share": int(found) / int(copies) if copies else None,
        "false_matches": int(wrong),
        "compared": int(compared),
        "false_per_million": 1e6 * int(wrong) / int(compared) if compared else None,
    }


def _by_family(by_edit: Sequence[Row]) -> list[Row]:
    """Sums over the edits of each family, and over all."""
    families: dict[str, set[str]] = {}
    for name in (*FAMILIES, "all"):
        edits = {str(row["edit"]) for row in by_edit if name in (row["family"], "all")}
        families.update({name: edits} if edits else {})
    return _sums(by_edit, "family", families)


def _by_group(by_edit: Sequence[Row]) -> list[Row]:
    """Sums over the edits of each of the suite's groups that any of them is in."""
    there = {str(row["edit"]) for row in by_edit}
    groups = {name: {edit.name for edit in chosen(patterns)} & there for name, patterns in GROUPS.items()}
    return _sums(by_edit, "group", {name: edits for name, edits in groups.items() if edits})


def _sums(by_edit: Sequence[Row], key: str, parts: Mapping[str, set[str]]) -> list[Row]:
    """For each method and rate, one row a part: the sums of its edits, and the mean of their shares."""
    methods: dict[tuple[Any, ...], list[Row]] = {}
    for row in by_edit:
        methods.setdefault((row["method"], row["rate"], row["radius"]), []).append(row)
    rows = []
    for (method, rate, radius), members in methods.items():
        for part, edits in parts.items():
            mine = [row for row in members if row["edit"] in edits]
            sums = _shares(*(sum(row[name] for row in mine) for name in ("copies", "found", *_WRONG)))
            shares = [row["share"] for row in mine if row["copies"]]
            if radius is not None and radius < 0:
                sums["share"], shares = None, []
            head = {"method": method, "rate": rate, "radius": radius, key: part, "edits": len(mine)}
            rows.append({**head, "mean": sum(shares) / len(shares) if shares else None, **sums})
    return rows


def _roc(run: Evaluating) -> Iterator[Row]:
    """Found copies against false matches, at each radius (or confidence) at which one of them changes.

    False matches are those among the photos, each pair once; of the library, those of copies with other photos.
    """
    edits = run.settings.edits
    present = [family for family in FAMILIES if any(edit.family == family for edit in edits)]
    for family in [*present, "all"]:
        mask = np.array([family in (edit.family, "all") for edit in edits])
        yield from _roc_of_confidence(run, family, mask)
        for name, known in run.tally.methods.items():
            yield from _roc_of_kind(run, name, known, family, mask)


def _roc_of_kind(run: Evaluating, name: str, known: Known, family: str, mask: Mask) -> Iterator[Row]:
    done = _asked(run, known)
    own = known.own[done][:, mask]
    copies = int(run.tally.made[done][:, mask].sum())
    counts = np.bincount(own[own >= 0].astype(np.int64), minlength=known.bits + 1)
    pairs = int(known.pairs.sum())
    for radius in range(known.bits // 2):
        if not radius or counts[radius] or known.pairs[radius]:
            false, found = within(known.pairs, radius), within(counts, radius)
            yield _point(name, family, float(radius), (false, pairs), (found, copies))


def _roc_of_confidence(run: Evaluating, family: str, mask: Mask) -> Iterator[Row]:
    tally = run.tally
    right = tally.confidence[tally.done][:, mask]
    right = right[~np.isnan(right)]
    copies = int(tally.made[tally.done][:, mask].sum())
    if not len(right):
        yield _verdict(run, family, mask, copies)
        return
    places = set(np.flatnonzero(mask).tolist())
    wrong = np.array([a.confidence or 0.0 for _, place, a in tally.slips if place in places])
    pairs = int(tally.compared[tally.done][:, mask].sum())
    for threshold in np.unique(np.round(right, 3)):
        false, found = int((wrong >= threshold).sum()), int((right >= threshold - 5e-4).sum())
        yield _point(LIBRARY, family, float(threshold), (false, pairs), (found, copies))


def _verdict(run: Evaluating, family: str, mask: Mask, copies: int) -> Row:
    """The one point of a search that does not say how sure it is."""
    tally = run.tally
    found, wrong, pairs = (
        int(counted[tally.done][:, mask].sum()) for counted in (tally.found, tally.wrong, tally.compared)
    )
    return _point(LIBRARY, family, None, (wrong, pairs), (found, copies))


def _point(name: str, family: str, threshold: float | None, false: tuple[int, int], found: tuple[int, int]) -> Row:
    return {
        "method": name,
        "family": family,
        "threshold": threshold,
        "false_matches": false[0],
        "pairs": false[1],
        "false_rate": false[0] / false[1] if false[1] else None,
        "found": found[0],
        "copies": found[1],
        "share": found[0] / found[1] if found[1] else None,
    }


def _methods(run: Evaluating) -> Iterator[Row]:
    """False matches among the photos themselves, unedited, each pair once."""
    count = len(run.photos)
    yield _false(LIBRARY, None, None, None, len(run.clean), count * (count - 1) // 2 - len(run.aside))
    for name, known in run.tally.methods.items():
        for rate in run.settings.rates:
            radius = radius_at(known.pairs, rate)
            yield _false(name, known.bits, rate, radius, within(known.pairs, radius), int(known.pairs.sum()))


def _false(name: str, bits: int | None, rate: float | None, radius: int | None, false: int, pairs: int) -> Row:
    shares = {
        "false_rate": false / pairs if pairs else None,
        "false_rate_at_most": poisson_upper(false) / pairs if pairs else None,
    }
    row = {"method": name, "bits": bits, "rate": rate, "radius": radius, "pairs": pairs, "false_matches": false}
    return {**row, **shares}


def _negatives(run: Evaluating) -> Iterator[Row]:
    for folder in run.hard:
        yield {
            "method": LIBRARY,
            "folder": folder.folder,
            "images": len(folder.numbers),
            "pairs": folder.pairs,
            "called": len(folder.called),
            "shared_logo": len(folder.logos),
            "same_bytes": len(folder.same_bytes),
        }


def _negative_pairs(run: Evaluating) -> Iterator[Row]:
    for folder in run.hard:
        best_first = sorted(folder.called.items(), key=lambda pair: -(pair[1].confidence or 0))
        for (one, other), answer in best_first:
            names = {"image_a": folder.photos[one].name, "image_b": folder.photos[other].name}
            yield {"folder": folder.folder, **names, **_said(answer)}


def _wrong(run: Evaluating) -> Iterator[Row]:
    """Different photos that the library calls copies: of the photos themselves, then of edited copies."""
    for (one, other), answer in run.clean.items():
        yield {"image": run.photos[one].name, "called": run.photos[other].name, **_said(answer)}
    for number, place, answer in run.tally.slips:
        edit = run.settings.edits[place]
        names = {"image": run.photos[number].name, "edit": edit.name, "family": edit.family}
        yield {**names, "called": run.photos[answer.image].name, **_said(answer)}


def _missed(run: Evaluating) -> Iterator[Row]:
    """Copies that are there and that the library does not find."""
    for number in run.tally.done:
        for place in np.flatnonzero(run.tally.made[number] & ~run.tally.found[number]):
            edit = run.settings.edits[place]
            yield {"image": run.photos[number].name, "edit": edit.name, "family": edit.family}


def _said(answer: Answer) -> Row:
    row = {name: answer.row.get(name) for name in ("verdict", "kind", "distance", "transform")}
    return {**row, "confidence": answer.confidence}


def _failures(run: Evaluating) -> Iterator[Row]:
    for photo in run.unread:
        yield {"image": photo.name, "edit": None, "error": photo.error}
    for number, place, why in run.tally.failures:
        yield {"image": run.photos[number].name, "edit": run.settings.edits[place].name, "error": why}
