"""`lookalike.evaluate.calibrate`: radii by a library's own pictures, and what to expect of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from library_help import codes, ready
from lookalike import Library, NoLibraryError
from lookalike.evaluate import Calibration, calibrate
from lookalike.evaluate.calibration import COLUMNS
from lookalike.evaluate.counting import histogram, matrix
from lookalike.evaluate.edits.canvas import made_up
from lookalike.evaluate.tail import Tail, radius_at

EDITS = "jpeg-70,scale-50,grey"


def picture(seed: int) -> Image.Image:
    return made_up(np.random.default_rng(seed), (120, 90))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Thirty pictures, one twice with the same bytes, one in another size, one gone, one that is no picture."""
    folder = tmp_path_factory.mktemp("calibrate")
    photos = folder / "photos"
    photos.mkdir()
    for seed in range(30):
        picture(seed).save(photos / f"{seed:02d}.png")
    (photos / "bytes-of-00.png").write_bytes((photos / "00.png").read_bytes())
    picture(1).resize((80, 60)).save(photos / "small-01.png")
    (photos / "broken.png").write_bytes(b"no picture")
    made = Library(folder / "lib")
    made.add(photos)
    (photos / "02.png").unlink()
    return made


@pytest.fixture(scope="module")
def calibration(library: Library) -> Calibration:
    return calibrate(library, edits=EDITS, originals=40, rate=0.02)


def test_what_it_rests_on(calibration: Calibration) -> None:
    about = calibration.about
    assert (about["images"], about["sample"]) == (32, 32)
    assert about["pairs"] == 32 * 31 // 2 - 2
    assert (about["same_bytes"], about["same_picture"]) == (1, 1)
    assert {Path(row["image"]).name for row in calibration.rows("failures")} == {"02.png"}
    # The missing one cannot be copied.
    assert (about["originals"], about["copies"]) == (31, 93)


def test_what_is_set_aside_is_named(calibration: Calibration) -> None:
    names = {
        row["why"]: {Path(row["image_a"]).name, Path(row["image_b"]).name} for row in calibration.rows("set_aside")
    }
    assert names == {"same bytes": {"00.png", "bytes-of-00.png"}, "same picture": {"01.png", "small-01.png"}}
    assert all(row["seen"] <= row["pairs"] == 494 for row in calibration.rows("radii"))


def test_the_sentence_has_the_figures(calibration: Calibration) -> None:
    text = str(calibration)
    for row in calibration.rows("radii"):
        assert f"Use radius {row['radius']} for {row['kind']}: a search among 32 images" in text or row["radius"] < 0
    assert "at ten times the size" in text
    assert "2 pairs of the same picture were set aside: 1 with the same bytes, 1 that look the same." in text
    assert "1 file could not be read." in text
    assert "93 copies (3 edits, mild, of 31 pictures)" in text


def test_radii_can_be_searched_with(calibration: Calibration, library: Library) -> None:
    assert set(calibration.radius) <= set(library.kinds)
    assert set(calibration.radius) == {row["kind"] for row in calibration.rows("radii") if row["radius"] >= 0}
    kinds = list(calibration.radius)
    if kinds:
        library.search(picture(5), radius=calibration.radius, kinds=kinds)


def test_expected_false_matches_follow_from_the_rate(calibration: Calibration) -> None:
    for row in calibration.rows("radii"):
        assert row["per_search"] == pytest.approx(row["false_rate"] * 32)
        assert row["all_pairs"] == pytest.approx(row["false_rate"] * 32 * 31 / 2)
        assert row["ten_times_per_search"] == pytest.approx(row["false_rate"] * 320)
        assert row["ten_times_all_pairs"] == pytest.approx(row["false_rate"] * 320 * 319 / 2)
        assert row["false_rate"] <= row["false_rate_at_most"]


def test_the_curve_goes_up(calibration: Calibration) -> None:
    for kind in ("phash", "dhash"):
        rows = [row for row in calibration.rows("curve") if row["kind"] == kind]
        assert [row["radius"] for row in rows] == list(range(32))
        for name in ("seen", "false_rate", "false_rate_at_most", "found"):
            values = [row[name] for row in rows]
            assert values == sorted(values), name


def test_by_edit(calibration: Calibration) -> None:
    rows = {(row["kind"], row["edit"]): row for row in calibration.rows("by_edit")}
    assert set(rows) == {(kind, edit) for kind in ("lookalike", "phash", "dhash") for edit in EDITS.split(",")}
    assert rows["lookalike", "jpeg-70"]["share"] > 0.9
    row = calibration.rows("confidence")[0]
    assert row["found"] == sum(rows["lookalike", edit]["found"] for edit in EDITS.split(","))


def test_near_pairs_that_cannot_be_looked_at_count_as_different(tmp_path: Path) -> None:
    values = codes(40, 1)
    values[1] = values[0]
    library = Library(tmp_path / "lib")
    library.add_fingerprints(ready(values))
    found = calibrate(library, edits="png")
    assert found.about["unknown"] > 0
    assert found.about["same_bytes"] == found.about["same_picture"] == 0
    assert "No file could be read" in found.sentence
    assert "could not be looked at and count as different" in found.sentence
    assert next(row for row in found.rows("curve") if row["kind"] == "phash")["seen"] == 1
    assert found.rows("near")[0]["looks"] == "unknown"


def test_a_disputed_match_is_named(tmp_path: Path) -> None:
    """The library calls two pictures copies that do not look the same when small: equal codes, by force."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(4):
        picture(seed).save(folder / f"{seed}.png")
    library = Library(tmp_path / "lib", kinds="colorhash")
    library.add(folder)
    found = calibrate(library, edits="png", rate=0.5)
    names = {(Path(row["image"]).name, Path(row["called"]).name) for row in found.rows("disputed")}
    equal = library.pairs(radius=0)
    pairs = {(Path(a).name, Path(b).name) for a, b in zip(equal["image_a"], equal["image_b"], strict=True)}
    assert names == pairs | {(b, a) for a, b in pairs}
    assert found.about["searched"] == 12


def test_the_sample_is_drawn_by_the_seed(library: Library) -> None:
    options: dict[str, Any] = {"images": 10, "originals": 1, "edits": "png"}
    one, again, other = (calibrate(library, seed=seed, **options) for seed in (0, 0, 1))
    assert one.about["sample"] == 10
    assert one.rows("curve") == again.rows("curve")
    assert one.rows("near") != other.rows("near") or one.rows("curve") != other.rows("curve")


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_tables(calibration: Calibration, to: str) -> None:
    for name, columns in COLUMNS.items():
        found = calibration.table(name, to)
        assert list(getattr(found, "column_names", None) or found.columns) == list(columns)
    assert isinstance(calibration.radii, pd.DataFrame)


def test_files(calibration: Calibration, tmp_path: Path) -> None:
    calibration.save(tmp_path / "a.csv")
    assert list(pd.read_csv(tmp_path / "a.csv")["kind"]) == ["phash", "dhash"]
    calibration.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["sentence"] == calibration.sentence


def test_progress(library: Library) -> None:
    seen: list[int] = []
    calibrate(library, edits="png", originals=2, progress=lambda done, name: seen.append(done))
    assert seen == list(range(1, len(seen) + 1))
    assert seen


def test_errors(library: Library, tmp_path: Path) -> None:
    with pytest.raises(NoLibraryError):
        calibrate(tmp_path / "missing")
    with pytest.raises(ValueError, match="expected images"):
        calibrate(library, images=0)
    with pytest.raises(ValueError, match="expected a rate"):
        calibrate(library, rate=1.0)
    one = Library(tmp_path / "one")
    one.add_fingerprints(ready(codes(1)))
    with pytest.raises(ValueError, match="at least two images"):
        calibrate(one)


# The tail


def pairs_of(count: int, seed: int, flips: float) -> np.ndarray:
    """Distances of pairs of codes around a common centre, so that their tail is long."""
    rng = np.random.default_rng(seed)
    bits = rng.random((count, 64)) < flips
    column: list[bytes | None] = [row.tobytes() for row in np.packbits(bits, axis=1)]
    return histogram(*matrix(column, 64), 64, set())


@pytest.mark.parametrize("flips", [0.2, 0.3, 0.5])
def test_the_model_says_rather_too_much_than_too_little(flips: float) -> None:
    """Of 120 codes, for radii at which hardly a pair was seen, against 4,000."""
    few, many = Tail(pairs_of(120, 1, flips)), Tail(pairs_of(4000, 2, flips))
    told = 0
    for radius in range(32):
        if few.seen(radius) < 10 <= many.seen(radius):
            told += 1
            assert few.rate(radius) > 0.5 * many.rate(radius)
            assert few.rate(radius) <= few.at_most(radius)
    assert told >= 2


def test_the_model_is_near_where_the_tail_is_a_line() -> None:
    """Twice as many pairs with each bit more: half of those that can be seen tell of the others."""
    counts = np.array([2**n for n in range(20)] + [0] * 45, np.int64)
    some = Tail(counts // 256)
    for radius in range(4, 9):
        assert some.rate(radius) == pytest.approx(Tail(counts).rate(radius), rel=0.5)


def test_bounds_and_rule_of_three() -> None:
    tail = Tail(pairs_of(100, 3, 0.5))
    assert tail.pairs == 4950
    assert tail.seen(0) == 0
    assert tail.at_most(0) == pytest.approx(3.0 / 4950, rel=0.01)
    assert tail.rate(0) <= tail.at_most(0)
    assert tail.rate(64) == 1.0
    assert tail.at_most(-1) == 0.0


def test_more_tries_have_more_chances(library: Library) -> None:
    counts = pairs_of(300, 4, 0.3)
    once, eight = Tail(counts), Tail(counts, 8)
    for radius in range(20):
        assert eight.rate(radius) == pytest.approx(min(1.0, 8 * once.rate(radius)))
        assert eight.at_most(radius) == pytest.approx(min(1.0, 8 * once.at_most(radius)))
    assert eight.radius(1e-3) < once.radius(1e-3)
    found = calibrate(library, edits="png", originals=1, tries=8)
    assert "A search compares each pair 8 times" in found.sentence


def test_the_radius_is_the_loosest_at_the_rate() -> None:
    tail = Tail(pairs_of(300, 4, 0.3))
    for rate in (1e-6, 1e-4, 1e-2):
        radius = tail.radius(rate)
        assert tail.rate(radius) <= rate
        assert tail.rate(radius + 1) > rate


def test_pairs_that_are_too_few_for_a_model() -> None:
    counts = np.zeros(65, np.int64)
    counts[30] = 4
    tail = Tail(counts)
    assert tail.rate(10) == pytest.approx(3 / 4, rel=0.01)
    assert tail.radius(1e-6) == -1
    assert math.isnan(Tail(np.zeros(65, np.int64)).rate(3))
    assert radius_at(counts, 1e-6) == -1
    counts[30] = 10_000_000
    assert radius_at(counts, 1e-6) == 29
