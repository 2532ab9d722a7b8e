"""What a calibration found, as tables and as a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kinds import Kind
from .calibrating import Calibrating, Measured
from .counting import apart, poisson_upper
from .tables import Row
from .tail import Tail

__all__ = ["about_of", "sentence_of", "tables_of"]

_LISTED = 50
_THRESHOLDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
TIMES = 10


def tables_of(run: Calibrating) -> dict[str, list[Row]]:
    """All tables of a calibration, as far as it got."""
    names = [str(row["image"]) for row in run.sample]
    tails = {name: Tail(measured.counts, run.choice.tries) for name, measured in run.kinds.items()}
    radii = {name: tail.radius(run.choice.rate) for name, tail in tails.items()}
    pairs = [{"image_a": names[a], "image_b": names[b], "why": why} for (a, b), why in sorted(run.aside.items())]
    unread = [{"image": names[number], "error": why} for number, why in sorted(run.unread.items())]
    return {
        "radii": [_radius_row(run, name, tails[name], radii[name]) for name in run.kinds],
        "curve": [row for name in run.kinds for row in _curve(run, name, tails[name])],
        "by_edit": list(_by_edit(run, radii)),
        "confidence": list(_confidence(run)),
        "near": list(_near(run, names)),
        "disputed": [{"image": names[number], **_called(found)} for number, found in run.disputed],
        "set_aside": pairs,
        "failures": [*unread, *({"image": image, "error": why} for image, why in run.notes)],
    }


def about_of(run: Calibrating) -> dict[str, Any]:
    """The figures that everything rests on."""
    same_bytes = sum(why == "same bytes" for why in run.aside.values())
    found, copies = int((run.right >= 0).sum()), int(run.made.sum())
    return {
        "location": str(run.library._opened.location),
        "images": run.total,
        "sample": len(run.sample),
        "pairs": len(run.sample) * (len(run.sample) - 1) // 2 - len(run.aside),
        "same_bytes": same_bytes,
        "same_picture": len(run.aside) - same_bytes,
        "unknown": run.unknown,
        "unread": len(run.unread),
        "originals": run.done,
        "edits": len(run.choice.edits),
        "families": sorted({edit.family for edit in run.choice.edits}),
        "copies": copies,
        "found": found,
        "searched": run.searched,
        "disputed": len(run.disputed),
        "rate": run.choice.rate,
        "tries": run.choice.tries,
        "seed": run.choice.seed,
    }


def _own(run: Calibrating, name: str) -> NDArray[np.int16]:
    return run.kinds[name].own[: run.done]


def _found(own: NDArray[np.int16], made: NDArray[np.bool_], radius: int) -> Row:
    copies, found = int(made.sum()), int(((own >= 0) & (own <= radius)).sum())
    return {"copies": copies, "found": found, "share": found / copies if copies else None}


def _rates(tail: Tail, radius: int) -> Row:
    return {
        "radius": radius,
        "pairs": tail.pairs,
        "seen": tail.seen(radius),
        "false_rate": tail.rate(radius),
        "false_rate_at_most": tail.at_most(radius),
    }


def _radius_row(run: Calibrating, name: str, tail: Tail, radius: int) -> Row:
    kind = Kind.parse(name)
    row = {"kind": name, "bits": kind.bits, "default_radius": kind.radius, **_rates(tail, radius), "images": run.total}
    for prefix, size in (("", run.total), ("ten_times_", TIMES * run.total)):
        for end, rate in (("", row["false_rate"]), ("_at_most", row["false_rate_at_most"])):
            row[f"{prefix}per_search{end}"] = rate * size
            row[f"{prefix}all_pairs{end}"] = rate * size * (size - 1) / 2
    return {**row, **_found(_own(run, name), run.made[: run.done], radius)}


def _curve(run: Calibrating, name: str, tail: Tail) -> Iterator[Row]:
    own, made = _own(run, name), run.made[: run.done]
    for radius in range(run.kinds[name].bits // 2):
        yield {"kind": name, **_rates(tail, radius), **_found(own, made, radius)}


def _by_edit(run: Calibrating, radii: dict[str, int]) -> Iterator[Row]:
    for place, edit in enumerate(run.choice.edits):
        made = run.made[: run.done, place]
        named = {"edit": edit.name, "family": edit.family}
        copies, found = int(made.sum()), int((run.right[: run.done, place] >= 0).sum())
        share = found / copies if copies else None
        yield {"kind": "lookalike", **named, "copies": copies, "found": found, "share": share}
        for name, radius in radii.items():
            yield {"kind": name, **named, **_found(_own(run, name)[:, place], made, radius)}


def _confidence(run: Calibrating) -> Iterator[Row]:
    """The library's own verdict, by the confidence that is asked for; one row where it gives none."""
    right = run.right[: run.done]
    wrong = np.array([float(found.get("confidence") or 0.0) for _, found in run.disputed])
    copies = int(run.made[: run.done].sum())
    graded = bool((right > 0).any())
    for threshold in _THRESHOLDS if graded else _THRESHOLDS[:1]:
        found = int((right >= threshold).sum())
        share = found / copies if copies else None
        row = {"threshold": threshold, "copies": copies, "found": found, "share": share}
        yield {**row, "pairs": run.searched, "disputed": int((wrong >= threshold).sum())}


def _near(run: Calibrating, names: Sequence[str]) -> Iterator[Row]:
    """For each kind, the nearest pairs that count as different."""
    for name, measured in run.kinds.items():
        pairs = sorted((_distance(measured, near.pair), near.pair, near.looks) for near in run.near)
        for distance, (one, other), looks in pairs[:_LISTED]:
            both = {"image_a": names[one], "image_b": names[other]}
            yield {"kind": name, "distance": distance, **both, "looks": looks}


def _distance(measured: Measured, pair: tuple[int, int]) -> int:
    one, other = pair
    return int(apart(measured.codes[one : one + 1], measured.codes[other : other + 1])[0, 0])


def _called(found: dict[str, Any]) -> Row:
    row = {name: found.get(name) for name in ("confidence", "kind", "distance", "transform")}
    return {"called": found["image"], **row}


def sentence_of(rows: dict[str, list[Row]], about: dict[str, Any]) -> str:
    """Which radius to use and what to expect, as a person would say it."""
    equal = {row["kind"]: row["false_rate"] for row in rows["curve"] if row["radius"] == 0}
    parts = [_advice(row, about, equal[row["kind"]]) for row in rows["radii"]]
    share = rows["confidence"][0]["share"] if rows["confidence"] else None
    if share is not None:
        parts.append(
            f"As it is set, its search finds {_per_cent(share)} of {about['copies']:,} copies ({_edits(about)} of "
            f"{_many(about['originals'], 'picture')}); of {_many(about['searched'], 'pair')} it called "
            f"{about['disputed']:,} copies that do not look the same when small "
            f"(at most {_number(poisson_upper(about['disputed']) / max(1, about['searched']))} a pair)."
        )
    else:
        parts.append("No file could be read, so that no copies could be made.")
    return " ".join([*parts, *_basis(about)])


def _advice(row: Row, about: dict[str, Any], equal: float) -> str:
    name = row["kind"]
    if row["radius"] < 0:
        return (
            f"Leave {name} out: with equal codes alone about {_number(equal)} false matches a pair are to be "
            f"expected, more than {about['rate']:g}."
        )
    copies = "" if row["share"] is None else f", and it finds {_per_cent(row['share'])} of the copies"
    figures = {name: _number(value) for name, value in row.items() if isinstance(value, float)}
    text = (
        "Use radius {radius} for {kind}: a search among {images:,} images then brings about {per_search} false matches "
        "(at most {per_search_at_most}), comparing all with all {all_pairs} (at most {all_pairs_at_most}); "
        "at ten times the size {ten_times_per_search} (at most {ten_times_per_search_at_most}) and "
        "{ten_times_all_pairs} (at most {ten_times_all_pairs_at_most})"
    )
    return text.format(**{**row, **figures}) + f"{copies}."


def _basis(about: dict[str, Any]) -> Iterator[str]:
    yield f"Measured on {about['sample']:,} images, {_many(about['pairs'], 'pair')} of different pictures."
    if about["tries"] > 1:
        yield f"A search compares each pair {about['tries']} times, turned and mirrored: that is counted in."
    if about["same_bytes"] or about["same_picture"]:
        yield (
            f"{_many(about['same_bytes'] + about['same_picture'], 'pair')} of the same picture were set aside: "
            f"{about['same_bytes']:,} with the same bytes, {about['same_picture']:,} that look the same."
        )
    if about["unread"]:
        yield f"{_many(about['unread'], 'file')} could not be read."
    if about["unknown"]:
        yield (
            f"{_many(about['unknown'], 'near pair')} could not be looked at and count as different, "
            "so that the radii are rather too small."
        )


def _edits(about: dict[str, Any]) -> str:
    return f"{_many(about['edits'], 'edit')}, {' and '.join(about['families'])},"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _number(value: float) -> str:
    """Two digits that count; a large number as a whole one."""
    if math.isnan(value):
        return "an unknown number of"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _per_cent(share: float) -> str:
    return f"{math.floor(share * 1000) / 10:g} %"
