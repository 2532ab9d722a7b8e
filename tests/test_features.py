"""The transformer: the same numbers as the library's tables, in scikit-learn's manner."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from PIL import Image

import lookalike
from lookalike.errors import ColumnError
from lookalike.matching.profiles import FEATURES
from reuse_oracle import RADII, Post, as_frame, markets

sklearn = pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'lookalike[sklearn]'")

from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from lookalike.features import ReuseFeatures  # noqa: E402

RADIUS = {"phash:4": RADII[0], "dhash:4": RADII[1]}


def noisy(seed: int, shape: tuple[int, int] = (64, 80)) -> Image.Image:
    """A picture that is like no other: large random blots."""
    dice = np.random.default_rng(seed)
    return Image.fromarray(dice.integers(0, 256, (9, 9, 3), np.uint8)).resize(shape[::-1], Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Twenty sellers with three photos each; every fourth has one of another's, later."""
    folder = tmp_path_factory.mktemp("market")
    lines: list[tuple[Any, ...]] = []
    for seller in range(20):
        for number in range(3):
            photo = 3 * seller + number
            is_stolen = seller % 4 == 3 and number == 2
            picture = noisy(photo - 7 if is_stolen else photo)
            path = folder / f"{photo}.jpg"
            (picture.resize((60, 48)) if is_stolen else picture).save(path)
            time = f"2026-01-{1 + seller:02}"
            lines.append((str(path), f"seller {seller}", f"listing {seller}-{number}", time, is_stolen))
    return pd.DataFrame(lines, columns=["image", "owner", "listing", "time", "is_stolen"])


@pytest.fixture(scope="module")
def library(market: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> lookalike.Library:
    library = lookalike.Library(tmp_path_factory.mktemp("library") / "market.library")
    library.add(market.image.tolist(), owner=market.owner, listing=market.listing, time=market.time)
    return library


@given(markets())
@settings(max_examples=60)
def test_rows_that_were_learnt_have_the_features_of_their_listing(posts: list[Post]) -> None:
    posts = [post for post in posts if post.owner]
    frame = as_frame(posts)
    if frame.empty:
        return
    model = ReuseFeatures(radius=RADIUS, popular=2, confidence=0.0).fit(frame)
    found = pd.DataFrame(model.transform(frame), columns=model.get_feature_names_out())
    listings = model.reuse_.listings.set_index(["owner", "listing"])
    for post, (_, row) in zip(posts, found.iterrows(), strict=True):
        if (post.owner, post.listing) in listings.index:
            assert row.to_dict() == pytest.approx(listings.loc[(post.owner, post.listing)].to_dict())


def test_a_library_its_hashes_and_its_files_say_the_same(library: lookalike.Library, market: pd.DataFrame) -> None:
    model = ReuseFeatures(library).fit(market)
    looked_up = model.transform(market[["owner", "listing"]])
    frame = library.frame().sort_values("row")
    compared = model.transform(frame[["phash", "dhash", "owner", "listing", "time"]])
    read = ReuseFeatures().fit(market).transform(market)
    assert (looked_up == compared).all()
    assert (looked_up == read).all()
    copied = looked_up[:, list(FEATURES).index("copied")]
    assert (copied == market.is_stolen).all()


def test_a_new_photo_is_compared_with_what_was_learnt(market: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "new.png"
    noisy(0).save(path)
    model = ReuseFeatures().set_output(transform="pandas").fit(market)
    rows = [(str(path), "stranger", None), (str(path), "stranger", "2025-12-01"), (str(path), "seller 0", None)]
    found = model.transform(pd.DataFrame(rows, columns=["image", "owner", "time"], index=list("xyz")))
    assert found.index.tolist() == list("xyz")
    assert found.copied.tolist() == [1, 0, 0]
    assert found["first"].tolist() == [0, 1, 0]
    assert found.other_owners.tolist() == [1, 1, 0]
    assert found.closest_distance.tolist()[2] == 21


def test_what_cannot_be_read_or_is_not_known_has_numbers_too(library: lookalike.Library) -> None:
    model = ReuseFeatures(library).fit(None)
    nothing = [0.0] * len(FEATURES)
    nothing[list(FEATURES).index("closest_distance")] = 21
    assert model.transform(pd.DataFrame({"owner": ["nobody"], "listing": ["none"]})).tolist() == [nothing]
    assert model.transform(["no such file.jpg"]).tolist() == [nothing]
    assert model.transform(np.array([["no such file.jpg"]])).tolist() == [nothing]
    blank = pd.DataFrame({"phash": ["8" + "0" * 15, None], "dhash": ["0" * 16, "0" * 16]})
    assert model.transform(blank).tolist() == [nothing, nothing]


def test_popular_and_allowed_pictures_are_common(library: lookalike.Library, market: pd.DataFrame) -> None:
    stolen = market[market.is_stolen]
    library.allow(stolen.image.iloc[0], reason="everybody may")
    try:
        found = ReuseFeatures(library).fit(None).transform(stolen[["image", "owner"]])
    finally:
        assert library.disallow(stolen.image.iloc[0]) == 1
    common, copied = (found[:, list(FEATURES).index(name)] for name in ("common", "copied"))
    assert common.tolist() == [1, 0, 0, 0, 0]
    assert copied.tolist() == [0, 1, 1, 1, 1]


def test_in_a_pipeline(library: lookalike.Library, market: pd.DataFrame) -> None:
    model = make_pipeline(ReuseFeatures(library), StandardScaler(), LogisticRegression())
    model.fit(market, market.is_stolen)
    assert (model.predict(market) == market.is_stolen).all()
    names = model[:-1].get_feature_names_out()
    assert names.tolist() == list(FEATURES)
    weights = dict(zip(names, model[-1].coef_[0], strict=True))
    assert weights["copied"] > 0


def test_in_a_grid_search(library: lookalike.Library, market: pd.DataFrame) -> None:
    model = make_pipeline(ReuseFeatures(library.__reduce__()[1][1]), LogisticRegression())
    search = GridSearchCV(model, {"reusefeatures__radius": [0, 10]}, cv=3, scoring="average_precision")
    search.fit(market, market.is_stolen)
    assert search.best_params_ == {"reusefeatures__radius": 10}
    assert search.best_score_ == 1


def test_clones_and_copies(library: lookalike.Library, market: pd.DataFrame) -> None:
    model = ReuseFeatures(library, radius=6)
    copy = clone(model)
    assert copy.radius == 6
    assert copy.library is not library
    assert not hasattr(copy, "reuse_")
    again = pickle.loads(pickle.dumps(copy.fit(None)))
    rows = market[["owner", "listing"]]
    assert (again.transform(rows) == copy.transform(rows)).all()
    assert repr(ReuseFeatures(radius=3)) == "ReuseFeatures(radius=3)"


def test_wrong_tables_are_errors(library: lookalike.Library) -> None:
    model = ReuseFeatures(library).fit(None)
    with pytest.raises(ColumnError, match="or image, or owner and listing; got price"):
        model.transform(pd.DataFrame({"price": [1]}))
    with pytest.raises(ValueError, match="one column of image paths"):
        model.transform(np.zeros((2, 3)))
    with pytest.raises(ColumnError, match="column 'owner'"):
        ReuseFeatures().fit(["a.jpg"])
    with pytest.raises(sklearn.exceptions.NotFittedError):
        ReuseFeatures().transform(["a.jpg"])


def test_without_scikit_learn_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['sklearn'] = None; sys.modules['sklearn.base'] = None; import lookalike.features"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    needs = "MissingExtraError: ReuseFeatures needs the package 'scikit-learn': pip install 'lookalike[sklearn]'"
    assert needs in done.stderr
