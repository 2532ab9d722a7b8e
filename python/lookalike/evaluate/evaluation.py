"""`evaluate`: how many edited copies are found, and how many different photos are taken for copies."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..fingerprints import worker_count
from ..frames import check_backend
from .edits import FAMILIES, chosen
from .evaluating import Evaluating, Settings
from .judging import MADE
from .methods import absent
from .results import Results
from .tables import COLUMNS, INTEGERS, LIBRARY, Row, tables_of

__all__ = ["Evaluation", "evaluate"]

Progress = Any


class Evaluation(Results):
    """The tables of a measurement.

    Each is an attribute, as a table of the kind that was asked for: `by_edit` (share of copies found and false
    matches, by method and edit), `by_family`, `by_group`, `roc`, `methods` (the radius of each at each rate, and its
    false matches among the photos themselves), `negatives` and `negative_pairs` (hard negatives called copies: how
    many, and which), `wrong` (different photos called copies, one by one), `missed`, `set_aside` (pairs of photos that
    are the same picture, which count neither way) and `failures` (what could not be read or made).

    The method `lookalike` is the library's own verdict; the others are raw codes within the loosest radius that keeps a
    rate of false matches over all pairs of different photos.
    """

    COLUMNS = COLUMNS
    INTEGERS = INTEGERS
    MAIN = "by_edit"

    def __repr__(self) -> str:
        about = self.about
        return f"Evaluation({about['originals']} originals, {about['edits']} edits, {about['photos']} photos)"

    def plots(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Draw the shares by edit and the ROC as PNG and SVG files in a folder, and name them.

        Raises:
            MissingExtraError: if matplotlib is not installed.
            OSError: if a file cannot be written.
        """
        from .plots import draw

        return draw(self, Path(folder))

    def methods_in_order(self) -> list[str]:
        """The library's verdict, then the others."""
        return list(dict.fromkeys(row["method"] for row in self._rows["by_family"]))

    def shares(self, rate: float | None = None, by: str = "family") -> dict[str, dict[str, Row]]:
        """By method and family (or group), at one of the rates: by default the first."""
        rate = self.about["rates"][0] if rate is None else rate
        found: dict[str, dict[str, Row]] = {name: {} for name in self.methods_in_order()}
        for row in self._rows[f"by_{by}"]:
            if row["rate"] in (None, rate):
                found[row["method"]][row[by]] = row
        return found

    def markdown(self, rate: float | None = None, by: str = "family") -> str:
        """The share of copies found, by method and family, as a table in Markdown with what is to be known of it.

        Args:
            rate: of false matches; by default the first that was asked for.
            by: `"family"`, or `"group"`: crops by size, rotations, collages and so on; then it is the table alone.
        """
        shares = self.shares(rate, by)
        lines = [
            f"| share of edited copies found | {' | '.join(shares)} |",
            f"| --- |{' ---: |' * len(shares)}",
        ]
        for name, row in shares[LIBRARY].items():
            text = f"{name} ({_many(row['edits'], 'edit')}{': ' + FAMILIES[name] if name in FAMILIES else ''})"
            lines.append(f"| {text} | {' | '.join(_share(shares[method][name]['share']) for method in shares)} |")
        if by != "family":
            return "\n".join(lines)
        everything = {method: families["all"] for method, families in shares.items()}
        lines.append(f"| mean over all edits | {' | '.join(_share(row['mean']) for row in everything.values())} |")
        lines.append(f"| false matches in a million pairs | {' | '.join(map(_rate, everything.values()))} |")
        return "\n".join([*lines, "", self.summary()])

    def _hopeless(self) -> bool:
        rate = self.about["rates"][0]
        return any(row["rate"] == rate and row["radius"] < 0 for row in self._rows["by_family"])

    def _folders(self) -> dict[str, list[Row]]:
        """Rows of hard negatives by what is said of them in one sentence: each folder; all that were made."""
        found: dict[str, list[Row]] = {}
        for row in self._rows["negatives"]:
            found.setdefault("made hard negatives" if row["folder"].startswith(MADE) else row["folder"], []).append(row)
        return {name: [{**row, "name": name} for row in rows] for name, rows in found.items()}

    def summary(self) -> str:
        """What was measured, in sentences."""
        about = self.about
        rate, pairs = about["rates"][0], about["pairs"]
        # None among so few is all that they can show: the rule of three says how little that is.
        few = f" (so few show no more than {3 / pairs:.2g}; where that is not enough, a model of the tail has a say)"
        few = few if rate * pairs < 1 else ""
        parts = [
            f"{_many(about['originals'], 'original')}, {_many(about['edits'], 'edit')} of each, "
            f"{_many(about['copies'], 'copy', 'copies')}; {about['photos']:,} photos in the library; "
            f"seed {about['seed']}.",
            f"Pairs of photos that are the same picture, and were set aside: {about['set_aside']:,}."
            if about["set_aside"] else "",
            f"Pairs of one group, which count neither way: {about['same_group']:,}." if about["same_group"] else "",
            f"Raw codes: the loosest radius with at most {about['rates'][0]:g} false matches a pair over "
            f"{about['pairs']:,} pairs of different photos{few}.",
            "–: no radius keeps that rate, or the pairs are too few to tell which does." if self._hopeless() else "",
            f"{_many(about['unread'], 'file')} could not be read, "
            f"{_many(about['failed'], 'copy', 'copies')} could not be made or searched."
            if about["unread"] or about["failed"] else "",
            *(_negatives(rows) for rows in self._folders().values()),
            *(f"{note}." for note in about["notes"]),
            f"Not installed, and so not measured: {', '.join(about['absent'])}." if about["absent"] else "",
        ]  # fmt: skip
        return " ".join(part for part in parts if part)


def _negatives(rows: list[Row]) -> str:
    called, logos, pairs = (sum(row[name] for row in rows) for name in ("called", "shared_logo", "pairs"))
    more = f", {logos:,} said to share a logo" if logos else ""
    return f"{rows[0]['name']}: {called:,} of {pairs:,} pairs of different photos called copies{more}."


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _share(value: float | None) -> str:
    # Rounded down, or a share below 99.95 % would read as all.
    return "–" if value is None else f"{int(value * 1000) / 10:.1f} %"


def _rate(row: Row) -> str:
    value = row["false_per_million"]
    return "–" if value is None or row["share"] is None else f"{value:.3g}"


def finished(run: Evaluating, to: str = "pandas") -> Evaluation:
    """The tables of a measurement, as far as it got."""
    rows = tables_of(run)
    settings = run.settings
    count = len(run.photos)
    about = {
        "originals": len(run.tally.done),
        "edits": len(settings.edits),
        "copies": int(run.tally.made[run.tally.done].sum()),
        "photos": count,
        "pairs": count * (count - 1) // 2 - len(run.aside),
        "same_group": len(run.aside - run.twins),
        "set_aside": len(run.twins),
        "unread": len(run.unread),
        "failed": len(run.tally.failures),
        "seed": settings.seed,
        "rates": list(settings.rates),
        "notes": run.notes,
        "absent": absent() if settings.rivals else [],
    }
    return Evaluation(rows, about, to)


def evaluate(
    photos: Any,
    *,
    distractors: Any = None,
    negatives: Any = (),
    originals: int = 300,
    edits: str | Iterable[str] | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = False,
    to: str = "pandas",
    **settings: Any,
) -> Evaluation:
    """Make edited copies of photos, look for each in a library of the photos, and count what is found.

    >>> from lookalike.evaluate import evaluate
    >>> print(evaluate("photos").markdown())            # doctest: +SKIP

    Args:
        photos: a folder, files or patterns. So many of them are originals, the others are distractors.
        distractors: more photos for the library, of which no copies are made.
        negatives: folders; the photos inside each are all different, however alike: pairs of them that are called
            copies are counted and listed.
        originals: of how many photos copies are made, at most.
        edits: names, patterns or families of edits; by default all. `lookalike.evaluate.EDITS` has them.
        seed: of the choice of originals and of all that the edits draw.
        workers: threads; by default, one for each CPU that this process may use.
        progress: `True` for a progress bar, or a function that is called with the number of steps done and a name.
        to: the kind of the tables: `"pandas"`, `"polars"` or `"arrow"`.
        settings: the others of `Settings`: `kinds`, `rivals`, `rival_originals`, `rates`, `limits`, `alike`, `parts`
            (whether parts of pictures are looked for), `made_negatives` (how many pictures of each set of hard
            negatives are made), and what the `library` is made and searched with (`search`).

    Raises:
        ValueError, TypeError: for arguments that are out of range, or if fewer than two photos can be read.
        OSError: if there is no room for the temporary library.
    """
    check_backend(to)
    chosen_settings = Settings(
        edits=chosen(edits), originals=originals, seed=seed, workers=worker_count(workers), **settings
    )
    folders = [negatives] if isinstance(negatives, str | os.PathLike) else negatives
    run = Evaluating(photos, distractors, folders, chosen_settings)
    for _ in watched(run.steps(), progress):
        pass
    return finished(run, to)


def watched(steps: Iterable[str], progress: Progress) -> Iterable[str]:
    """The steps, with a bar or with a function that is told of them."""
    if progress is True:
        from tqdm import tqdm

        yield from tqdm(steps, unit="photo")
        return
    for done, name in enumerate(steps, 1):
        if callable(progress):
            progress(done, name)
        yield name
