"""An evaluation as pictures: the share found by edit, and found copies against false matches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from .edits import FAMILIES
from .tables import LIBRARY, Row

if TYPE_CHECKING:
    from .evaluation import Evaluation

__all__ = ["check", "draw"]

_FORMS = ("png", "svg")
_LEAST = 1e-7
_MARKS = "osD^vP*X<>hp"


def draw(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Draw everything into a folder, which is made; the files in order.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        OSError: if a file cannot be written.
    """
    figures: Any = _figure_class()
    folder.mkdir(parents=True, exist_ok=True)
    rate = evaluation.about["rates"][0]
    rows = [row for row in evaluation.rows("by_edit") if row["rate"] in (None, rate)]
    drawn = {}
    for family in dict.fromkeys(row["family"] for row in rows):
        part = [row for row in rows if row["family"] == family]
        drawn[f"edits-{family}"] = _bars(figures, part, "edit", f"{family}: {FAMILIES[family]}", rate)
    drawn["groups"] = _bars(figures, _groups(evaluation, rate), "group", "copies found, by group of edits", rate)
    drawn["roc"] = _roc(figures, evaluation.rows("roc"))
    paths = []
    for name, figure in drawn.items():
        for form in _FORMS:
            paths.append(folder / f"{name}.{form}")
            # Without a date, the same figures give the same file.
            figure.savefig(paths[-1], dpi=110, metadata={"Date": None} if form == "svg" else None)
    return paths


def check() -> None:
    """Check that plots can be drawn, before long work for them.

    Raises:
        MissingExtraError: if matplotlib is not installed.
    """
    _figure_class()


def _figure_class() -> Any:
    """matplotlib's figure without a window: no backend of the user's is touched."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError.for_extra("drawing plots", "matplotlib", "plots") from None
    return Figure


def _colour(number: int) -> Any:
    """Twenty that can be told apart."""
    from matplotlib import colormaps

    return colormaps["tab20"](number % 20)


def _groups(evaluation: Evaluation, rate: float) -> list[Row]:
    """Families, groups across them, and the mean over all edits: each as a row of `group` and `share`."""
    families = [row for row in evaluation.rows("by_family") if row["rate"] in (None, rate)]
    groups = [row for row in evaluation.rows("by_group") if row["rate"] in (None, rate)]
    named = [{**row, "group": f"family {row['family']}"} for row in families if row["family"] != "all"]
    means = [{**row, "group": "mean over all edits"} for row in families if row["family"] == "all"]
    return [{**row, "share": row["mean"]} for row in (*groups, *named, *means)]


def _bars(figures: Any, rows: Sequence[Row], key: str, title: str, rate: float) -> Any:
    """One line for each edit (or group): the library's share as a bar, that of each other method as a mark."""
    edits = list(dict.fromkeys(row[key] for row in rows))
    figure = figures(figsize=(9, 1.8 + 0.24 * len(edits)), layout="constrained")
    axes = figure.subplots()
    places = {edit: place for place, edit in enumerate(edits)}
    for number, method in enumerate(dict.fromkeys(row["method"] for row in rows)):
        own = [row for row in rows if row["method"] == method and row["share"] is not None]
        x, y = [100 * row["share"] for row in own], [places[row[key]] for row in own]
        if method == LIBRARY:
            axes.barh(y, x, height=0.7, color="#4c78a8", label=method)
        else:
            mark = _MARKS[number % len(_MARKS)]
            axes.plot(x, y, mark, markersize=4, color=_colour(number), alpha=0.9, label=method)
    axes.set_yticks(range(len(edits)), edits, fontsize=8)
    axes.set_ylim(len(edits) - 0.4, -0.6)
    axes.set_xlim(0, 101)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(f"copies found, per cent (raw codes: at most {rate:g} false matches a pair)")
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _roc(figures: Any, rows: Sequence[Row]) -> Any:
    """For each family, the share of copies found against the share of false matches."""
    families = list(dict.fromkeys(row["family"] for row in rows)) or ["all"]
    across = min(3, len(families))
    down = -(-len(families) // across)
    figure = figures(figsize=(4.2 * across, 3.4 * down + 0.8), layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False).flat)
    for panel, family in zip(panels, families, strict=False):
        part = [row for row in rows if row["family"] == family]
        for number, method in enumerate(dict.fromkeys(row["method"] for row in part)):
            own = [row for row in part if row["method"] == method and row["share"] is not None]
            own = sorted(own, key=lambda row: (row["false_rate"] or 0.0, row["share"]))
            x = [max(row["false_rate"] or 0.0, _LEAST) for row in own]
            y = [100 * row["share"] for row in own]
            look: dict[str, Any] = {"linewidth": 1.2}
            if method == LIBRARY:
                look = {"linewidth": 2.5, "marker": "o", "markersize": 5}
            panel.plot(x, y, drawstyle="steps-post", color=_colour(number), label=method, **look)
        panel.set_xscale("log")
        panel.set_xlim(_LEAST, 1)
        panel.set_ylim(0, 101)
        panel.grid(alpha=0.3)
        panel.set_title(family, fontsize=10)
        panel.set_xlabel(f"false matches a pair ({_LEAST:g}: none seen)", fontsize=8)
        panel.set_ylabel("copies found, per cent", fontsize=8)
    for panel in panels[len(families) :]:
        panel.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    return figure
