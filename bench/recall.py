"""How many edited copies are found, beside the rivals: the table of the README, with its targets.

Copies of 300 photographs, by every edit of the suite, are looked for in a library of these and of 1,003 others, all
through `Library.add` and `Library.search_many`, with the parts of pictures where OpenCV is installed. Sets of pictures
that share a logo, a frame, the screen of an app are made of 40 of them: no pair of these is a copy. What is measured is
left in `.bench/recall`: the tables, the figures of every edit, and plots where matplotlib is installed. The rivals are
those of `bench/rivals/setup.sh`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .harness import Line, main
from .pictures import PHOTOS, ROOT

if TYPE_CHECKING:
    from lookalike.evaluate import Evaluation

HOME = ROOT / ".bench"
RESULTS = HOME / "recall"

ORIGINALS = ("products-clothing", "everyday", "web", "large-baseline", "large-progressive", "png")
DISTRACTORS = ("products-grocery", "same-scene-not-copies")
NEGATIVES = ("products-grocery", "same-scene-not-copies", "large-baseline")

TARGETS = {"mild": 0.995, "turned": 0.99, "borders": 0.95, "geometry": 0.99}
"""By family."""

PART_TARGETS = {
    "crop to 75 %": 0.99,
    "crop to 50 %": 0.98,
    "crop to 25 %": 0.90,
    "crop to 10 %": 0.50,
    "rotation by any angle": 0.98,
    "perspective": 0.97,
    "collage of 2 to 4, or pasted on half": 0.97,
    "pasted on 15 %": 0.93,
    "screens of apps": 0.98,
    "crop, scale, logo, JPEG 40": 0.97,
    "mirror, crop, tone, JPEG": 0.97,
}
"""By group of edits; they hold for a library that keeps parts of pictures."""

MEAN_TARGET = 0.97
"""Of the shares of all edits."""

MADE = 40
"""Pictures in each set of hard negatives that is made."""

ORIGINALS_AT_MOST = int(os.environ.get("ORIGINALS", "300"))
"""How many originals are edited; fewer for a shorter run, in which rivals and made sets get fewer too."""

MADE_PREFIX = "made: "

MOST_FALSE = 1.0
"""False matches in a million pairs."""


def run(quick: bool) -> list[Line]:
    """Measure, leave the tables and plots, and give a line for each target."""
    _find_rivals()
    from lookalike.evaluate import evaluate

    if not PHOTOS.is_dir():
        return [Line("copies found", "", "not measured: needs the shared photographs", None)]
    begun = time.monotonic()
    parts = find_spec("cv2") is not None
    photos, others = _files(ORIGINALS), _files(DISTRACTORS)
    found = evaluate(
        photos[:: 9 if quick else 1],
        distractors=others[:: 9 if quick else 1],
        negatives=[PHOTOS / name for name in NEGATIVES[quick:]],
        originals=12 if quick else ORIGINALS_AT_MOST,
        rival_originals=4 if quick else min(60, max(1, ORIGINALS_AT_MOST // 2)),
        alike=group,
        parts=parts,
        made_negatives=4 if quick else MADE if ORIGINALS_AT_MOST >= 100 else 10,
        progress=sys.stderr.isatty(),
    )
    _leave(found)
    seconds = Line("copies found: time", "", f"{time.monotonic() - begun:.0f} s", None)
    recall = [*_targets(found), *_groups(found, parts), *_means(found, parts)]
    return [*recall, *_false(found), *_negatives(found), *_rivals(found), seconds]


def group(name: str) -> str | None:
    """What photographs show the same thing, and so are neither copies nor different: one product, field or place."""
    file = Path(name).name
    if file.startswith("grocery-store__"):
        return file.split("__")[-2]
    return next((start for start in ("odm-drone__", "mvs__") if file.startswith(start)), None)


def _files(folders: tuple[str, ...]) -> list[Path]:
    return [path for folder in folders for path in sorted((PHOTOS / folder).iterdir())]


def _find_rivals() -> None:
    """Let the rivals be found, which have an environment of their own with the same NumPy and Pillow."""
    for folder in (HOME / "venv" / "lib").glob("python*/site-packages"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))


def _leave(found: Evaluation) -> None:
    from lookalike.errors import MissingExtraError

    RESULTS.mkdir(parents=True, exist_ok=True)
    tables = f"{found.markdown()}\n\n{found.markdown(by='group')}\n"
    (RESULTS / "table.md").write_text(tables, encoding="utf-8")
    found.save(RESULTS / "edits.csv")
    found.save(RESULTS / "all.json")
    print(tables, file=sys.stderr)
    try:
        found.plots(RESULTS)
    except MissingExtraError as error:
        print(f"no plots: {error}", file=sys.stderr)


def _targets(found: Evaluation) -> Iterator[Line]:
    shares = found.shares()["lookalike"]
    for family, row in shares.items():
        target = TARGETS.get(family)
        measured = f"{row['share']:.2%} of {row['copies']:,} copies"
        words = "" if target is None else f"at least {target:.1%}"
        yield Line(f"copies found: {family}", words, measured, None if target is None else row["share"] >= target)


def _groups(found: Evaluation, parts: bool) -> Iterator[Line]:
    for name, row in found.shares(by="group")["lookalike"].items():
        target = PART_TARGETS.get(name) if parts else None
        measured = f"{row['mean']:.2%} of {row['copies']:,} copies by {row['edits']} edits"
        words = "" if target is None else f"at least {target:.0%}"
        yield Line(f"copies found: {name}", words, measured, None if target is None else row["mean"] >= target)
    if not parts:
        yield Line("copies found: parts", "", "not measured: needs OpenCV, pip install 'lookalike[parts]'", None)


def _means(found: Evaluation, parts: bool) -> Iterator[Line]:
    """Each edit counts the same, whatever its family."""
    for method, families in found.shares().items():
        row, own = families["all"], method == "lookalike" and parts
        if row["mean"] is not None:
            measured = f"{row['mean']:.2%} over {row['edits']} edits"
            passed = row["mean"] >= MEAN_TARGET if own else None
            yield Line(f"mean recall over all edits: {method}", f"at least {MEAN_TARGET:.0%}" * own, measured, passed)


def _false(found: Evaluation) -> Iterator[Line]:
    row = found.shares()["lookalike"]["all"]
    words = f"at most {MOST_FALSE:g} in a million pairs"
    measured = f"{row['false_matches']:,} of {row['compared']:,} pairs, {row['false_per_million']:.3g} in a million"
    yield Line("copies taken for another photo's", words, measured, row["false_per_million"] <= MOST_FALSE)
    clean = found.rows("methods")[0]
    measured = f"{clean['false_matches']:,} of {clean['pairs']:,} pairs"
    allowed = max(1, int(clean["pairs"] * MOST_FALSE / 1e6))
    yield Line("different photos called copies", f"at most {allowed}", measured, clean["false_matches"] <= allowed)


def _negatives(found: Evaluation) -> Iterator[Line]:
    """A line for each folder; one for all sets that were made, and one for what they match beside each other."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in found.rows("negatives"):
        name, made = Path(row["folder"]).name, row["folder"].startswith(MADE_PREFIX)
        within = made and " " not in row["folder"].removeprefix(MADE_PREFIX)
        lines.setdefault("sets that were made" if within else name, []).append(row)
    for name, rows in lines.items():
        called, pairs, logos = (sum(row[column] for row in rows) for column in ("called", "pairs", "shared_logo"))
        which = [f"{row['folder']} {row['called']}" for row in rows if row["called"] and len(rows) > 1]
        extra = [*which, f"{logos:,} said to share a logo"] if logos else which
        measured = "; ".join([f"{called} of {pairs:,} pairs", *extra])
        yield Line(f"hard negatives called copies: {name}", "0", measured, called == 0)


def _rivals(found: Evaluation) -> Iterator[Line]:
    for method, families in found.shares().items():
        if method == "lookalike":
            continue
        cells = [f"{family} {row['share']:.1%}" for family, row in families.items() if row["share"] is not None]
        radius = families["all"]["radius"]
        copies = families["all"]["copies"]
        measured = f"within {radius} bits, of {copies:,} copies: {', '.join(cells)}"
        yield Line(f"copies found: {method}", "", measured if cells else "no radius keeps the rate", None)


if __name__ == "__main__":
    main(run)
