"""Images of a library of which one holds a part of another: pairs, groups, duplicates and reuse."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from keypoint_help import NOTHING, cut_out, looked_for, made_up, pasted, rows_with
from library_help import codes, ready
from lookalike import Library
from lookalike.library import part_pairs

LEFT, RIGHT = (0.0, 0.0, 0.5, 0.5), (0.5, 0.5, 1.0, 1.0)
COLLAGE = pasted([(made_up(0), LEFT), (made_up(1), RIGHT)])


def library_of(
    location: str, blobs: dict[str, bytes | None], same: dict[str, str] | None = None, **told: Any
) -> Library:
    """A library of images by name; those of `same` have the codes of another."""
    rows = rows_with(list(blobs.values()), list(blobs), **told)
    by_name = {row["image"]: row for row in rows}
    for one, other in (same or {}).items():
        by_name[one] |= {kind: by_name[other][kind] for kind in ("phash", "dhash")}
    library = Library(location)
    library.add_fingerprints(rows)
    return library


def images(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in table[list(columns)].astype(object).to_numpy().tolist()]


def test_pairs_with_a_part_in_common(location: str) -> None:
    blobs = {"a": made_up(0), "b": made_up(1), "c": made_up(2), "collage": COLLAGE, "cut": cut_out(made_up(2))}
    library = library_of(location, blobs)
    assert library.pairs().empty
    assert "verdict" not in library.pairs()
    found = library.pairs(parts=True)
    assert sorted(images(found, "image_a", "image_b", "verdict")) == [
        ("a", "collage", "part"),
        ("b", "collage", "part"),
        ("c", "cut", "part"),
    ]
    [row] = found[found["image_b"] == "cut"].to_dict("records")
    assert row["overlap_b"] > 0.9
    assert 0.2 < row["overlap_a"] < 0.6
    assert row["inliers"] > 20
    assert json.loads(row["region"]).keys() == {"a", "b"}
    assert row["row_a"] == 3
    assert found.attrs == {"without_parts": 0}
    assert library.pairs(parts="always", to="arrow").num_rows == 3


def test_images_that_match_as_wholes_are_looked_for_only_if_all_are(location: str) -> None:
    blobs = {"a": made_up(0), "a again": made_up(0), "cut": cut_out(made_up(0)), "cut again": cut_out(made_up(0))}
    library = library_of(location, blobs, same={"a again": "a", "cut again": "cut"})
    assert images(library.pairs(parts=True), "image_a", "image_b", "verdict") == [
        ("a", "a again", "copy"),
        ("cut", "cut again", "copy"),
    ]
    always = library.pairs(parts="always")
    assert images(always, "verdict") == [("copy",)] * 2 + [("part",)] * 4
    groups = images(library.groups(parts="always"), "group", "representative", "image", "verdict")
    assert groups == [(0, "a", name, "copy" if name.startswith("a") else "part") for name in blobs]


def test_groups_are_around_one_image(location: str) -> None:
    """A collage is in the group of one of its photos: two that have nothing in common are not in one group."""
    blobs = {"collage": COLLAGE, "a": made_up(0), "b": made_up(1), "b again": made_up(1), "other": made_up(7)}
    library = library_of(location, blobs, same={"b again": "b"})
    found = library.groups(parts=True)
    assert images(found, "group", "representative", "image", "verdict") == [
        (0, "b", "b", "copy"),
        (0, "b", "b again", "copy"),
        (0, "b", "collage", "part"),
    ]
    assert found["distance"].isna().tolist() == [False, False, True]
    assert found["confidence"].isna().tolist() == [True, True, False]
    library.remove(["b again", "collage"])
    library.add_fingerprints(rows_with([cut_out(made_up(7)), None], ["cut", "nothing"])[:1])
    alone = images(library.groups(parts=True), "group", "representative", "image", "verdict")
    assert alone == [(0, "other", "other", "copy"), (0, "other", "cut", "part")]


def test_duplicates_and_what_holds_a_part_of_them(location: str) -> None:
    digests = ["d", "d", None, None]
    blobs = {"a": made_up(0), "a again": made_up(0), "cut": cut_out(made_up(0)), "other": made_up(5)}
    library = library_of(location, blobs, digest=digests)
    assert images(library.duplicates(), "image") == [("a",), ("a again",)]
    found = library.duplicates(parts=True)
    assert images(found, "group", "image", "verdict") == [(0, "a", "copy"), (0, "a again", "copy"), (0, "cut", "part")]


def test_pairs_of_odd_images(location: str) -> None:
    library = library_of(location, {"blank": NOTHING, "blank too": NOTHING, "none": None, "a": made_up(0)})
    with pytest.warns(UserWarning, match="1 images of the library have no keypoints"):
        found = library.pairs(parts="always")
    assert found.empty
    assert found.attrs == {"without_parts": 1}
    assert library.groups(parts=True).empty


def test_bad_arguments(location: str) -> None:
    library = library_of(location, {"a": made_up(0), "b": cut_out(made_up(0))})
    with pytest.raises(ValueError, match="expected parts as True, False or 'always', got 'auto'"):
        library.pairs(parts="auto")
    for compare in (library.pairs, library.groups):
        with pytest.raises(ValueError, match="expected parts or a radius, got both"):
            compare(parts=True, radius=3)
    with pytest.raises(ValueError, match="expected at most 0 pairs of images with a part in common"):
        library.pairs(parts=True, limit=0)
    with pytest.raises(ValueError, match="expected parts as"):
        library.reuse(parts="auto")


def test_progress_is_told_and_work_can_be_stopped(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_pairs, "_AT_ONCE", 3)
    library = library_of(location, {f"{seed}": made_up(seed) for seed in range(10)})
    told: list[tuple[int, str]] = []
    library.pairs(parts=True, progress=lambda done, image: told.append((done, image)))
    assert told == [(seed + 1, f"{seed}") for seed in range(10)]

    def stop(done: int, _: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.groups(parts=True, progress=stop)
    assert library.remove(rows=[1]) == 1  # nothing is held


def test_the_same_as_a_search_for_each(location: str) -> None:
    """Pairs are what searches for the images find, with those that are kept as queries."""
    rng = np.random.default_rng(5)
    blobs = {f"{seed}": made_up(seed) for seed in range(12)}
    for number in range(8):
        one, other = rng.choice(12, 2, replace=False)
        blobs[f"collage {number}"] = pasted([(made_up(one), LEFT), (made_up(other), RIGHT)])
    library = library_of(location, blobs)
    expected = set()
    for name, blob in blobs.items():
        assert blob is not None
        expected |= {
            tuple(sorted((name, image))) for image in library.search(looked_for(blob))["image"] if image != name
        }
    pairs = library.pairs(parts=True)
    assert {tuple(sorted(pair)) for pair in images(pairs, "image_a", "image_b")} == expected
    assert len(expected) >= 14


# Reuse.


@pytest.fixture
def shop(location: str) -> Library:
    """Owners 0 to 5 with a photo each; a thief with a collage of two and a cut-out of a third, and one stolen whole."""
    blobs: dict[str, bytes | None] = {f"{seed}": made_up(seed) for seed in range(6)}
    blobs |= {"collage": COLLAGE, "cut": cut_out(made_up(2)), "whole": made_up(3), "own": cut_out(made_up(4))}
    owners = [*(f"owner {seed}" for seed in range(6)), "thief", "thief", "thief", "owner 4"]
    times = [f"2026-01-{day:02}" for day in range(1, 11)]
    listings = ["x"] * 10
    return library_of(location, blobs, same={"whole": "3"}, owner=owners, time=times, listing=listings)


def test_reuse_of_parts(shop: Library) -> None:
    whole = shop.reuse()
    assert images(whole.pairs, "original_image", "copy_image") == [("3", "whole")]
    with pytest.raises(ValueError, match="parts were not looked for: pass parts=True"):
        _ = whole.parts
    found = shop.reuse(parts=True)
    assert "Parts in common: 3 pairs." in str(found)
    assert sorted(images(found.parts, "original_image", "copy_image", "copy_owner", "first_by")) == [
        (*pair, "thief", "time") for pair in (("0", "collage"), ("1", "collage"), ("2", "cut"))
    ]
    assert images(found.pairs, "verdict") == [("copy",), *[("part",)] * 3]
    assert list(whole.pairs) == list(found.pairs)[: len(list(whole.pairs))]
    [row] = found.parts[found.parts["copy_image"] == "cut"].to_dict("records")
    assert row["days_apart"] == 5
    assert row["overlap_copy"] > 0.9
    assert json.loads(row["region"]).keys() == {"original", "copy"}
    assert row["distance"] == row["phash_distance"] + row["dhash_distance"]
    # Groups, and the numbers of a model, are of whole pictures.
    assert found.groups.equals(whole.groups)
    assert found.listings.equals(whole.listings)
    assert pickle.loads(pickle.dumps(found)).pairs.equals(found.pairs)


def test_matches_of_parts(shop: Library) -> None:
    found = shop.matches(parts="always", to="arrow")
    assert found.pairs.num_rows == 4
    assert found.parts.column_names[:2] == ["image_a", "owner_a"]
    assert "first_by" not in found.parts.column_names
    assert set(found.parts.column_names) == set(found.pairs.column_names)
    assert shop.reuse(parts=True, to="polars").pairs.height == 4


def test_an_owners_own_parts_and_allowed_and_unowned_ones_are_none(shop: Library) -> None:
    shop.add_fingerprints(rows_with([cut_out(made_up(5)), None], ["nobody's", "x"])[:1])
    shop.allow("collage")
    found = shop.reuse(parts="always")
    assert images(found.parts, "original_image", "copy_image") == [("2", "cut")]


def test_a_part_that_very_many_owners_have_is_left_out(location: str) -> None:
    """Such as a frame that all photos of a market bear."""
    frame = made_up(50)
    blobs: dict[str, bytes | None] = {f"{n}": pasted([(frame, LEFT), (made_up(n), RIGHT)]) for n in range(9)}
    blobs |= {"cut": cut_out(made_up(60)), "source": made_up(60)}
    library = library_of(location, blobs, owner=[f"owner {n}" for n in range(11)])
    found = library.reuse(parts=True)
    assert sorted(images(found.parts, "original_image", "copy_image")) == [("cut", "source")]
    assert "(left out: 36 popular)" in str(found)
    assert len(library.reuse(parts=True, popular=None).parts) == 37


def test_photos_without_keypoints_are_counted(location: str) -> None:
    rows = rows_with([made_up(0), cut_out(made_up(0))], ["a", "cut"]) + ready(codes(3, seed=9), ["x", "y", "z"])
    library = Library(location)
    library.add_fingerprints([{**row, "owner": f"owner {n}"} for n, row in enumerate(rows)])
    with pytest.warns(UserWarning, match="3 images of the library have no keypoints"):
        found = library.reuse(parts=True)
    assert str(found).endswith("Parts in common: 1 pair (left out: 3 photos without keypoints).")
    assert "part in common" in found.gallery().html()
