"""Reuse and the allow-list of a library on disk."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike.errors import ColumnError, LookalikeError, MismatchError, NoFileError, NoLibraryError


def picture(seed: int) -> Image.Image:
    """Large random blots, like no other seed's."""
    dice = np.random.default_rng(seed)
    return Image.fromarray(dice.integers(0, 256, (9, 9, 3), np.uint8)).resize((96, 80), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pictures; `stolen.jpg` is number 3, `turned.jpg` number 4 mirrored."""
    for number in range(10):
        picture(number).save(tmp_path / f"{number}.png")
    picture(3).resize((60, 50)).save(tmp_path / "stolen.jpg")
    picture(4).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "turned.jpg")
    return tmp_path


@pytest.fixture
def library(folder: Path, location: str) -> lookalike.Library:
    library = lookalike.Library(location)
    for number in range(10):
        library.add(
            folder / f"{number}.png",
            owner=f"owner {number}",
            listing="a",
            time=f"2026-01-{number + 1:02}",
            shop=number % 2,
        )
    for name in ("stolen.jpg", "turned.jpg"):
        library.add(folder / name, owner="thief", listing="b", time="2026-02-01", shop=0)
    return library


def test_the_stolen_and_the_mirrored_photo(library: lookalike.Library, folder: Path) -> None:
    found = library.reuse()
    columns = ["original_image", "original_owner", "copy_owner", "transform"]
    assert sorted(map(tuple, found.pairs[columns].to_numpy())) == [
        (str(folder / "3.png"), "owner 3", "thief", "none"),
        (str(folder / "4.png"), "owner 4", "thief", "mirrored"),
    ]
    assert str(found) == "12 photos of 11 owners: 2 of them, by 1 owner, match 2 that another owner posted first."
    assert found.listings.set_index("owner").loc["thief", ["photos", "copied", "other_owners"]].tolist() == [2, 2, 2]
    assert len(library.reuse(mirrored=False).pairs) == 1


def test_matches_by_a_fact(library: lookalike.Library) -> None:
    found = library.matches("shop")
    assert found.pairs[["shop_a", "shop_b"]].to_numpy().tolist() == [[1, 0]]
    assert "3.png" in found.gallery().html()
    with pytest.raises(ColumnError, match="owner, listing, place, format, or a fact that some image has; got 'seller'"):
        library.matches("seller")
    with pytest.raises(ValueError, match="got 'distance'"):
        library.reuse("distance")


def test_failed_rows_and_rows_without_an_owner_are_counted(library: lookalike.Library, folder: Path) -> None:
    (folder / "bad.jpg").write_bytes(b"no picture")
    library.add([folder / "bad.jpg", folder / "3.png"], owner=["x", None])
    left_out = library.reuse().left_out
    assert left_out["without a hash"] == 1
    assert left_out["without an owner"] == 1
    assert "Left out: 1 without an owner, 1 without a hash." in str(library.reuse())


def test_allowed_pictures_are_no_reuse(library: lookalike.Library, folder: Path, location: str) -> None:
    assert len(library.allowed()) == 0
    assert library.allow(folder / "3.png", reason="the maker's photo") == 1
    assert library.allow([str(folder / "stolen.jpg")]) == 1
    assert library.allow(folder / "3.png", reason="the maker's photo") == 0
    assert len(library.reuse().pairs) == 1
    assert library.reuse().left_out["allowed"] == 2
    again = lookalike.Library(location)
    listed = again.allowed()
    assert listed[["image", "reason"]].to_numpy(object).tolist()[0] == [str(folder / "3.png"), "the maker's photo"]
    assert listed.phash.tolist()[0] == lookalike.fingerprint(folder / "3.png", kinds="phash")["phash"].hex
    assert again.disallow(folder / "stolen.jpg") == 1
    assert again.disallow([str(folder / "3.png")]) == 1
    assert again.disallow(folder / "3.png") == 0
    assert len(again.reuse().pairs) == 2


def test_pictures_that_are_not_in_the_library_can_be_allowed(library: lookalike.Library) -> None:
    assert library.allow(picture(4).transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 1
    assert library.reuse().left_out["allowed"] == 2
    assert library.disallow(picture(4).transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 1
    [row] = library.frame().query("image.str.endswith('3.png')").row
    assert library.allow(rows=row) == 1
    assert library.disallow(rows=[row]) == 1


def test_what_cannot_be_allowed_changes_nothing(library: lookalike.Library, folder: Path) -> None:
    with pytest.raises(NoFileError):
        library.allow([folder / "3.png", folder / "none.png"])
    with pytest.raises(LookalikeError, match="row 99: expected an image with hashes, got no such row"):
        library.allow(rows=[1, 99])
    (folder / "bad.jpg").write_bytes(b"no picture")
    library.add(folder / "bad.jpg")
    with pytest.raises(LookalikeError, match="could not be read"):
        library.allow(rows=13)
    assert len(library.allowed()) == 0


def test_the_gallery_tells_who_when_and_how(library: lookalike.Library) -> None:
    html = library.reuse().gallery(title="Look").html()
    for text in ("<h1>Look</h1>", "first posted by owner 3", "mirrored", "thief · b", "2026-02-01", "data:image/jpeg"):
        assert text in html
    with pytest.raises(ValueError, match="limit as a whole number"):
        library.reuse().gallery(limit=0)


def test_one_kind_is_enough(folder: Path, location: str) -> None:
    library = lookalike.Library(location, kinds="dhash")
    library.add([folder / "3.png", folder / "stolen.jpg"], owner=["a", "b"])
    assert library.reuse().pairs.first_by.tolist() == ["row"]
    with pytest.raises(MismatchError, match="among those of the library"):
        library.reuse(kinds="phash")


def test_copies_of_a_library_are_the_same_place(library: lookalike.Library) -> None:
    assert len(copy.deepcopy(library)) == len(library)


def test_no_library(location: str) -> None:
    with pytest.raises(NoLibraryError):
        lookalike.Library(location).reuse()
