"""`lookalike.evaluate`: what is counted, and what is said of it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from lookalike import Library
from lookalike.errors import MissingExtraError
from lookalike.evaluate import Evaluation, evaluate
from lookalike.evaluate import evaluating as module
from lookalike.evaluate.counting import apart, histogram, loosest, matrix, poisson_upper, within
from lookalike.evaluate.edits import chosen
from lookalike.evaluate.edits.canvas import made_up
from lookalike.evaluate.measuring import answers, made
from lookalike.evaluate.methods import IMAGEHASH, own_roads, rival_roads, verified
from lookalike.evaluate.pictures import Photo, read_all
from lookalike.evaluate.tables import COLUMNS, _by_family

EDITS = "png,jpeg-50,mirror,frame-12,crop-50"


def picture(seed: int) -> Image.Image:
    return made_up(np.random.default_rng(seed), (160, 120))


def photos(folder: Path, *seeds: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        picture(seed).save(folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluate")


@pytest.fixture(scope="module")
def evaluation(folder: Path) -> Evaluation:
    """Of six originals, a broken file, a twin among the distractors, and negatives of all sorts."""
    mine = photos(folder / "mine", *range(6))
    (mine / "broken.jpg").write_bytes(b"no picture")
    others = photos(folder / "others", *range(10, 16))
    picture(0).resize((100, 75)).save(others / "0-small.png")
    hard = photos(folder / "hard", 20, 21)
    (hard / "20-again.png").write_bytes((hard / "20.png").read_bytes())
    picture(21).point([min(255, level + 6) for level in range(256)] * 3).save(hard / "21-next.png")
    return evaluate(mine, distractors=others, negatives=hard, edits=EDITS, workers=2)


def of(evaluation: Evaluation, name: str, **where: object) -> list[dict[str, Any]]:
    return [row for row in evaluation.rows(name) if all(row[key] == value for key, value in where.items())]


def test_shares_by_edit(evaluation: Evaluation) -> None:
    rows = {row["edit"]: row for row in of(evaluation, "by_edit", method="lookalike")}
    assert list(rows) == [edit.name for edit in chosen(EDITS)]
    assert all(row["copies"] == 6 for row in rows.values())
    assert rows["png"]["share"] == 1.0
    assert rows["crop-50"]["found"] < 6
    assert all(row["rate"] is None and row["radius"] is None for row in rows.values())
    assert all(row["false_matches"] == 0 for row in rows.values())


def test_each_copy_is_compared_with_each_other_photo(evaluation: Evaluation) -> None:
    # 13 photos; for five originals the 12 others count, for the one that has a twin 11.
    [row] = of(evaluation, "by_family", method="lookalike", family="turned")
    assert row["compared"] == 5 * 12 + 11


def test_every_method_has_a_row_for_each_rate_and_edit(evaluation: Evaluation) -> None:
    assert len(of(evaluation, "by_edit", method="phash")) == 3 * 5
    assert {row["rate"] for row in of(evaluation, "by_edit", method="ImageHash whash")} == {1e-6, 1e-5, 1e-4}
    assert {f"ImageHash {kind}" for kind in IMAGEHASH} < set(evaluation.methods_in_order())


def test_families_are_sums(evaluation: Evaluation) -> None:
    for method in ("lookalike", "phash"):
        rows = [row for row in of(evaluation, "by_edit", method=method) if row["rate"] in (None, 1e-6)]
        [whole] = [
            row for row in of(evaluation, "by_family", method=method, family="all") if row["rate"] in (None, 1e-6)
        ]
        for name in ("copies", "found", "false_matches", "compared"):
            assert whole[name] == sum(row[name] for row in rows)


def test_groups_are_sums_too(evaluation: Evaluation) -> None:
    [row] = of(evaluation, "by_group", method="lookalike")
    [edit] = of(evaluation, "by_edit", method="lookalike", edit="crop-50")
    assert (row["group"], row["edits"]) == ("crop to 50 %", 1)
    assert all(row[name] == edit[name] for name in ("copies", "found", "share", "compared"))
    assert evaluation.shares(by="group")["phash"]["crop to 50 %"]["radius"] is not None
    lines = evaluation.markdown(by="group").splitlines()
    assert lines[0].startswith("| share of edited copies found | lookalike |")
    assert [line.split(" (")[0] for line in lines[2:]] == ["| crop to 50 %"]


def test_each_edit_counts_the_same_in_the_mean() -> None:
    def row(edit: str, copies: int, found: int) -> dict[str, Any]:
        shares = {"copies": copies, "found": found, "share": found / copies if copies else None}
        head = {"method": "lookalike", "rate": None, "radius": None, "edit": edit}
        return {**head, "family": "mild", **shares, "false_matches": 0, "compared": 10}

    [mild, every] = _by_family([row("png", 4, 4), row("gif", 1, 0), row("chain", 0, 0)])
    assert (mild["share"], mild["mean"], mild["edits"]) == (4 / 5, 1 / 2, 3)
    assert (every["family"], every["mean"]) == ("all", 1 / 2)


def test_the_same_picture_is_set_aside(evaluation: Evaluation) -> None:
    [pair] = evaluation.rows("set_aside")
    assert {Path(pair["image_a"]).name, Path(pair["image_b"]).name} == {"0.png", "0-small.png"}
    assert evaluation.rows("wrong") == []
    assert evaluation.about["pairs"] == 13 * 12 // 2 - 1
    assert {row["pairs"] for row in evaluation.rows("methods")} == {77}


def test_a_broken_file_is_a_row(evaluation: Evaluation) -> None:
    [row] = evaluation.rows("failures")
    assert Path(row["image"]).name == "broken.jpg"
    assert row["error"]


def test_hard_negatives(evaluation: Evaluation) -> None:
    [row] = evaluation.rows("negatives")
    assert (row["images"], row["pairs"], row["called"], row["same_bytes"]) == (4, 5, 1, 1)
    [pair] = evaluation.rows("negative_pairs")
    assert {Path(pair["image_a"]).name, Path(pair["image_b"]).name} == {"21.png", "21-next.png"}
    assert "1 of 5 pairs of different photos called copies" in evaluation.summary()


def test_missed_copies_are_named(evaluation: Evaluation) -> None:
    [row] = of(evaluation, "by_family", method="lookalike", family="all")
    assert len(evaluation.rows("missed")) == row["copies"] - row["found"]


def test_markdown(evaluation: Evaluation) -> None:
    lines = evaluation.markdown().splitlines()
    assert lines[0].startswith("| share of edited copies found | lookalike | phash |")
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
    assert "6 originals, 5 edits of each, 30 copies; 13 photos in the library; seed 0." in lines[-1]
    assert "1 file could not be read" in lines[-1]
    assert "so few show no more than 0.039" in lines[-1]
    [row] = of(evaluation, "by_family", method="ImageHash ahash", family="all", rate=1e-6)
    assert row["share"] is None
    assert lines[-4].startswith("| mean over all edits | ")
    assert lines[-3].split("|")[lines[0].split("|").index(" ImageHash ahash ")] == " – "
    assert "–: no radius keeps that rate, or the pairs are too few to tell which does." in lines[-1]


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_tables(evaluation: Evaluation, to: str) -> None:
    for name, columns in COLUMNS.items():
        found = evaluation.table(name, to)
        assert list(getattr(found, "column_names", None) or found.columns) == list(columns)
    assert isinstance(evaluation.by_edit, pd.DataFrame)
    with pytest.raises(AttributeError, match="by_edit"):
        _ = evaluation.nothing
    with pytest.raises(ValueError, match="expected one of the tables"):
        evaluation.rows("nothing")


def test_files(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.save(tmp_path / "a.csv")
    assert len(pd.read_csv(tmp_path / "a.csv")) == len(evaluation.by_edit)
    evaluation.save(tmp_path / "a.parquet", "roc")
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == len(evaluation.roc)
    evaluation.save(tmp_path / "a.json")
    whole = json.loads((tmp_path / "a.json").read_text())
    assert set(whole) == {"about", *COLUMNS}
    with pytest.raises(ValueError, match="to end in"):
        evaluation.save(tmp_path / "a.txt")


def test_roc_goes_up(evaluation: Evaluation) -> None:
    for method in ("phash", "ImageHash dhash"):
        rows = of(evaluation, "roc", method=method, family="all")
        assert rows
        for name in ("found", "false_matches"):
            values = [row[name] for row in rows]
            assert values == sorted(values)


def test_the_same_seed_gives_the_same_tables(evaluation: Evaluation, folder: Path) -> None:
    options = {"distractors": folder / "others", "negatives": folder / "hard", "edits": EDITS}
    again = evaluate(folder / "mine", workers=1, **options)  # type: ignore[arg-type]
    assert all(again.rows(name) == evaluation.rows(name) for name in COLUMNS)


def test_some_of_the_photos_are_originals(folder: Path) -> None:
    picked = []
    for seed in (0, 1):
        found = evaluate(folder / "mine", originals=2, edits="crop-25", seed=seed, rivals=False, kinds=())
        assert found.about["originals"] == 2
        assert found.about["photos"] == 6
        picked.append({row["image"] for row in found.rows("missed")})
    assert picked[0] != picked[1]


def test_photos_of_one_group_count_neither_way(folder: Path) -> None:
    found = evaluate(folder / "mine", edits="png", alike=lambda name: Path(name).stem in "012" or None, rivals=False)
    assert found.about["same_group"] == 3
    assert found.about["pairs"] == 15 - 3
    assert sum(row["compared"] for row in of(found, "by_edit", method="lookalike")) == 3 * 3 + 3 * 5


def test_progress_and_one_file_twice(folder: Path) -> None:
    seen: list[str] = []
    mine = [*sorted((folder / "mine").glob("*.png")), folder / "mine" / "0.png"]
    found = evaluate(mine, edits="png", rivals=False, progress=lambda done, name: seen.append(name))
    assert found.about["photos"] == 6
    assert len(seen) == 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"originals": 0}, "expected originals"),
        ({"rival_originals": True}, "expected rival_originals"),
        ({"rates": (2.0,)}, "expected rates"),
        ({"edits": "nothing"}, "expected the name of an edit"),
        ({"kinds": ["crop_resistant"]}, "fixed length"),
        ({"to": "excel"}, "unknown kind of table"),
    ],
)
def test_wrong_arguments(folder: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(folder / "mine", **options)


def test_two_photos_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"at least two photos that can be read, got 1 \(and 0"):
        evaluate(photos(tmp_path / "one", 1))
    with pytest.raises(ValueError, match=r"got 0 \(and 1 that cannot\)"):
        evaluate(tmp_path / "missing")


def test_only_files_are_photos() -> None:
    [photo] = read_all([b"bytes"], 1)
    assert "expected a file" in str(photo.error)


def test_an_edit_that_fails_is_a_row(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    edits = chosen("censored,png")
    copies = made(0, Photo("dot", str(tmp_path / "dot.png")), edits, 0, own_roads(["phash"]), None)
    there = [file is not None for file in copies.files]
    assert there == [place not in copies.errors for place in range(2)]
    assert [code is not None for code in copies.codes["phash"]] == there
    gone = made(0, Photo("gone", str(tmp_path / "gone.png")), edits, 0, [], None)
    assert set(gone.errors) == {0, 1}


class Talking:
    """A library whose search says how sure it is."""

    def search_many(self, queries: list[Any], **_: object) -> pd.DataFrame:
        rows = [
            {"query": "0", "image": "4", "row": 5, "confidence": 0.9, "verdict": "copy", "error": None},
            {"query": "0", "image": "5", "row": 6, "confidence": 0.2, "verdict": "similar", "error": None},
            {"query": "1", "image": None, "row": None, "confidence": None, "verdict": None, "error": "bad"},
        ]
        assert [query.name for query in queries] == ["0", "1"]
        return pd.DataFrame(rows)


def test_what_is_only_similar_is_no_copy(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "ab"]
    for path in paths:
        Path(path).write_bytes(b"x")
    found, errors = answers(Talking(), paths, 1, {})  # type: ignore[arg-type]
    assert [(answer.query, answer.image, answer.confidence) for answer in found] == [(0, 4, 0.9)]
    assert errors == {1: "bad"}


def test_roc_by_confidence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Library.search_many

    def sure(self: Library, *args: Any, **options: Any) -> pd.DataFrame:
        frame = plain(self, *args, **options)
        return frame.assign(confidence=1 - frame["distance"].astype(float) / 64, verdict="copy", transform="none")

    monkeypatch.setattr(Library, "search_many", sure)
    found = evaluate(folder / "mine", edits="png,jpeg-15", rivals=False)
    rows = of(found, "roc", method="lookalike", family="mild")
    assert rows[0]["found"] == of(found, "by_family", method="lookalike", family="mild")[0]["found"]
    assert [row["found"] for row in rows] == sorted((row["found"] for row in rows), reverse=True)
    assert rows[-1]["threshold"] == 1.0


def test_imagehash_is_compared_with_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [str(path) for path in sorted((folder / "mine").glob("*.png"))]
    assert verified(files).endswith("compared with the package on 6 files, 24 hashes: 0 differ")
    monkeypatch.setattr("lookalike.evaluate.methods.find_spec", lambda name: None)
    assert "the package is not installed" in verified(files)
    assert len(rival_roads()) == 1
    found = evaluate(folder / "mine", edits="png")
    assert "Not installed, and so not measured: pdqhash, imagededup." in found.summary()


def test_no_trace_is_left(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    evaluate(folder / "mine", edits="png", rivals=False)
    assert list(tmp_path.iterdir()) == []


def test_plots_without_matplotlib(evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[plots\]'"):
        evaluation.plots(tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs matplotlib")
def test_plots(evaluation: Evaluation, tmp_path: Path) -> None:
    paths = evaluation.plots(tmp_path / "plots")
    assert sorted(path.name for path in paths) == sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert {path.stem for path in paths} == {
        "edits-mild",
        "edits-turned",
        "edits-borders",
        "edits-parts",
        "groups",
        "roc",
    }
    for path in paths:
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert image.width > 300


# Counting


def codes_of(rng: np.random.Generator, count: int, stride: int) -> list[bytes | None]:
    values = rng.integers(0, 4, (count, stride), dtype=np.uint8)
    return [None if rng.random() < 0.2 else value.tobytes() for value in values]


@given(seed=st.integers(0, 1000), count=st.integers(1, 12), stride=st.integers(1, 33))
def test_histogram_is_that_of_brute_force(seed: int, count: int, stride: int) -> None:
    rng = np.random.default_rng(seed)
    column = codes_of(rng, count, stride)
    aside = {(0, count - 1)} if count > 2 else set()
    bits = 8 * stride
    expected = np.zeros(bits + 1, int)
    for i in range(count):
        for j in range(i + 1, count):
            one, other = column[i], column[j]
            if one is not None and other is not None and (i, j) not in aside:
                expected[(int.from_bytes(one) ^ int.from_bytes(other)).bit_count()] += 1
    assert histogram(*matrix(column, bits), bits, aside).tolist() == expected.tolist()


def test_distances_of_each_with_each() -> None:
    rng = np.random.default_rng(0)
    some, others = (matrix([rng.bytes(9) for _ in range(n)], 72)[0] for n in (3, 4))
    distances = apart(some, others)
    assert distances.shape == (3, 4)
    for i in range(3):
        for j in range(4):
            assert distances[i, j] == sum(int(a ^ b).bit_count() for a, b in zip(some[i], others[j], strict=True))


@given(counts=st.lists(st.integers(0, 5), min_size=2, max_size=20), rate=st.floats(1e-4, 0.9))
def test_the_loosest_radius_keeps_the_rate(counts: list[int], rate: float) -> None:
    values = np.array(counts, np.int64)
    radius = loosest(values, rate)
    total = int(values.sum())
    assert within(values, radius) <= rate * total + 0.5
    if radius < len(values) - 1:
        assert within(values, radius + 1) > rate * total - 0.5


@pytest.mark.parametrize("count", [0, 1, 5, 100, 99_999, 200_000])
def test_poisson_bound_is_the_exact_one(count: int) -> None:
    assert poisson_upper(count) == pytest.approx(stats.chi2.ppf(0.95, 2 * (count + 1)) / 2, rel=1e-4)
