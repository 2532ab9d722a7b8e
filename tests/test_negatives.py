"""Hard negatives that are made: what a set shares, and what is counted of it."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lookalike.evaluate import evaluate, judging
from lookalike.evaluate.edits.canvas import made_up
from lookalike.evaluate.evaluating import Settings
from lookalike.evaluate.judging import MADE, SHOP, MadeNegatives, Negatives
from lookalike.evaluate.measuring import Answer
from lookalike.evaluate.negatives import SETS, made_set
from lookalike.evaluate.pictures import Photo
from lookalike.evaluate.textures import SURFACES, surface

PICTURES = [made_up(np.random.default_rng(seed), (240, 180)) for seed in (1, 2)]


def opened(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


# What is made

SHARED = {
    "brand": 0.03,
    "banner": 0.2,
    "sale": 0.08,
    "note": 0.25,
    "app-post": 0.3,
    "browser": 0.4,
    "shop-page": 0.3,
    "template": 0.1,
    "frame": 0.3,
    **{f"backdrop-{name}": 0.35 for name in ("bricks", "fabric", "grid", "tiles")},
    "text-pages": 0.5,
    "codes": 0.5,
}
"""The least share of pixels that two pictures of a set have in common."""


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_the_same_for_a_seed_and_no_two_pictures_are(name: str) -> None:
    one, other = made_set(name, PICTURES, seed=3)
    assert made_set(name, PICTURES[:1], seed=3) == [one]
    assert one != made_set(name, PICTURES[:1], seed=4)[0]
    first, second = opened(one), opened(other)
    assert first.shape == second.shape
    near = (abs(first - second) < 24).all(-1).mean()
    assert near < 0.97
    assert near > SHARED.get(name, 0.0)


def test_what_is_shared_is_drawn_alike_whatever_the_photo() -> None:
    """The mark lies at the same place, in the same colours, on photos of any colour."""
    flat = [Image.new("RGB", (400, 300), level) for level in ((10, 10, 10), (245, 245, 245))]
    one, other = (opened(data) for data in made_set("brand", flat))
    mark = (abs(one - other) < 40).all(-1)
    rows, columns = np.nonzero(mark)
    assert 0.2 * 300 - 4 <= np.ptp(rows) + 1 <= 0.33 * 300 + 4
    assert abs(np.ptp(rows) - np.ptp(columns)) <= 3
    assert rows.min() > 150
    assert columns.min() > 200


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of the sets watermark, brand"):
        made_set("nothing", PICTURES)


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_repeats_itself_and_begins_elsewhere(name: str) -> None:
    def shown(own: int) -> np.ndarray:
        return np.asarray(surface(name, (160, 120), np.random.default_rng(5), np.random.default_rng(own))).astype(int)

    assert (shown(1) == shown(1)).all()
    assert abs(shown(1) - shown(2)).mean() > 2
    row = shown(1).mean(-1)
    grey = row - row.mean()
    # Moved by one period it is nearer to itself than moved by most other ways.
    likeness = [float((grey[:, step:] * grey[:, : 160 - step]).mean() / (grey**2).mean()) for step in range(1, 40)]
    assert max(likeness[7:]) > min(likeness) + 0.05


# What is counted


class Saying:
    """A library that has been told what to say: for a query's number, rows of image and verdict."""

    def __init__(self, said: dict[int, list[tuple[int, str]]]) -> None:
        self.said = said
        self.names: list[str] = []
        self.options: dict[str, Any] = {}

    def add(self, sources: list[Any], image: list[str], **_: object) -> None:
        assert all(Path(source).is_file() for source in sources)
        self.names += image

    def search_many(self, queries: list[Any], **options: object) -> pd.DataFrame:
        self.options = options
        base = {"confidence": 0.9, "error": None}
        rows = []
        for query in queries:
            found = self.said.get(self.first + int(query.name), [])
            rows += [{"query": query.name, "image": str(n), "row": n, "verdict": said, **base} for n, said in found]
        return pd.DataFrame(rows or [{"query": "0", "image": None, "verdict": None, **base}])

    first = 0


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """Four, of which the first and the last are not to be compared."""
    paths = [tmp_path / f"{seed}.png" for seed in range(4)]
    for seed, path in enumerate(paths):
        made_up(np.random.default_rng(seed), (80, 60)).save(path)
    return [Photo(path.name, str(path)) for path in paths]


def test_pairs_of_made_pictures_are_counted(
    photos: list[Photo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "SETS", {name: SETS[name] for name in ("watermark", "codes")})
    # Of photos 0, 1, 2 (3 is a view of 0): watermarks are 4, 5, 6 and codes 7, 8, 9.
    said = {
        4: [(4, "copy"), (0, "copy"), (3, "copy"), (5, "copy"), (7, "copy")],
        5: [(6, "shared logo"), (4, "similar"), (2, "part")],
        9: [(4, "part")],
    }
    library = Saying(said)
    library.first = 4
    made = MadeNegatives(photos, {(0, 3)}, Settings(made_negatives=4, workers=1, parts=True))
    assert list(made.make(library, tmp_path / "made")) == [MADE + "watermark", MADE + "codes"]  # type: ignore[arg-type]
    assert library.names == [str(number) for number in range(4, 10)]
    made.judge(library)  # type: ignore[arg-type]
    assert library.options["parts"] == "always"
    marks, codes, rest = made.sets()
    assert (set(marks.called), marks.logos, marks.pairs) == ({(4, 5)}, {(5, 6)}, 3)
    assert (codes.called, codes.logos, codes.pairs) == ({}, set(), 3)
    # Each of six with three photos that are not its own, but one of 0 not with 3; two sets of three with each other.
    assert (set(rest.called), rest.pairs) == ({(2, 5), (4, 9)}, 6 * 3 - 2 + 6)
    assert rest.photos[5].name == "watermark of 1.png"


def test_of_two_answers_the_surer_one_is_kept() -> None:
    folder = Negatives("x", [], [0, 1], same_bytes={(2, 3)})
    for confidence in (0.5, 0.9, 0.7):
        folder.count((0, 1), Answer(0, 1, confidence, {"verdict": "copy"}))
    folder.count((2, 3), Answer(2, 3, 1.0, {"verdict": "copy"}))
    assert {pair: answer.confidence for pair, answer in folder.called.items()} == {(0, 1): 0.9}


def test_each_ten_share_another_thing(photos: list[Photo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "SETS", {"codes": SETS["codes"]})
    many = [Photo(str(number), photos[number % 4].path) for number in range(SHOP + 2)]
    made = MadeNegatives(many, set(), Settings(made_negatives=len(many), workers=1))
    list(made.make(Saying({}), tmp_path / "made"))  # type: ignore[arg-type]
    files = [tmp_path / "made" / f"codes-{number}.jpg" for number in range(len(many))]
    sizes = Counter(opened(file.read_bytes()).shape for file in files)
    assert sorted(sizes.values()) == [2, SHOP]


def test_they_are_rows_of_an_evaluation(photos: list[Photo], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "SETS", {name: SETS[name] for name in ("sale", "codes")})
    steps: list[str] = []
    found = evaluate(
        [photo.path for photo in photos],
        edits="png",
        rivals=False,
        kinds=("phash",),
        made_negatives=3,
        progress=lambda _, name: steps.append(name),
    )
    rows = found.rows("negatives")
    assert [row["folder"] for row in rows] == [f"{MADE}sale", f"{MADE}codes", f"{MADE}with photos and other sets"]
    assert [row["pairs"] for row in rows] == [3, 3, 6 * 3 + 6]
    assert [row["images"] for row in rows] == [3, 3, 6]
    assert all(row["called"] == row["shared_logo"] == 0 for row in rows)
    assert "made hard negatives: 0 of 30 pairs of different photos called copies." in found.summary()
    assert f"{MADE}codes" in steps


def test_what_shares_a_logo_is_said(photos: list[Photo], monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike import Library

    def sharing(self: Library, queries: list[Any], **_: object) -> pd.DataFrame:
        rows = [{"query": query.name, "image": "0", "row": 1, "confidence": 0.1, "verdict": "shared logo"}
                for query in queries]  # fmt: skip
        return pd.DataFrame(rows).assign(error=None)

    monkeypatch.setattr(Library, "search_many", sharing)
    paths = [photo.path for photo in photos]
    found = evaluate(paths[:2], negatives=[paths[1:]], edits="png", rivals=False, kinds=())
    [row] = found.rows("negatives")
    assert (row["called"], row["shared_logo"], row["pairs"]) == (0, 2, 3)
    assert "0 of 3 pairs of different photos called copies, 2 said to share a logo." in found.summary()
    assert found.rows("wrong") == []
    assert found.rows("by_family")[0]["found"] == 0


def test_parts_are_asked_for() -> None:
    plain = Settings(library={"kinds": ["phash"]}, search={"confidence": 0.5})
    assert plain.library_options() == {"kinds": ["phash"]}
    assert plain.search_options() == plain.search_options(always=True) == {"confidence": 0.5}
    parts = Settings(parts=True, library={"kinds": ["phash"]}, search={"confidence": 0.5})
    assert parts.library_options() == {"parts": True, "kinds": ["phash"]}
    assert parts.search_options() == {"parts": True, "confidence": 0.5}
    assert parts.search_options(always=True) == {"parts": "always", "confidence": 0.5}


@pytest.mark.parametrize("wrong", [-1, True, 1.5])
def test_a_wrong_number_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="expected made_negatives as a whole number"):
        Settings(made_negatives=wrong)
