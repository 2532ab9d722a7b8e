"""`lookalike compare`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from commands import listing, noise, run
from lookalike.kinds import NAMES

REGION = ("overlap_a", "inliers", "region_a", "region_b")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    noise(1, 200).save("a.png")
    return tmp_path


def test_same_bytes(folder: Path) -> None:
    Path("b.png").write_bytes(Path("a.png").read_bytes())
    result = run("compare", "a.png", "b.png")
    assert (result.status, result.lines[-1], result.err) == (0, "same bytes: the files are equal", "")
    assert [line.split()[0] for line in result.lines[: len(NAMES)]] == list(NAMES)
    assert result.lines[0].split() == ["ahash", "0", "of", "64"]
    assert result.lines[6].split() == ["colorhash", "0", "of", "42"]
    assert result.lines[7].split()[:3] == ["crop_resistant", "0.00", "of"]


def test_same_picture(folder: Path) -> None:
    noise(1, 200).save("b.bmp")
    result = run("compare", "a.png", "b.bmp")
    assert (result.status, result.lines[-1]) == (0, "same picture: every pixel is equal")
    assert "200 x 200 PNG, 200 x 200 BMP" in result.out


def test_a_copy_with_its_reasons(folder: Path) -> None:
    ImageOps.mirror(noise(1, 200)).resize((120, 120)).save("b.jpg", quality=60)
    result = run("compare", "a.png", "b.jpg")
    assert result.status == 0
    assert result.lines[-1] == "copy: B is A mirrored and scaled to 60 %"
    # The distances are those of the mirrored picture.
    assert int(result.lines[1].split()[1]) <= 6
    reasons = result.lines[10:-1]
    assert all(line.startswith("- ") for line in reasons)
    assert any(line.startswith("- mirrored: phash falls from ") for line in reasons)
    assert any(line.startswith("- the second look agrees (0.9") for line in reasons)


def test_different(folder: Path) -> None:
    noise(2, 200).save("b.png")
    result = run("compare", "a.png", "b.png")
    assert result.status == 1
    assert result.lines[-1].startswith("different: ")


def test_similar_is_alike(folder: Path) -> None:
    for name, size in (("b.png", 100), ("c.png", 120)):
        Image.new("RGB", (size, size), "white").save(name)
    result = run("compare", "b.png", "c.png")
    assert (result.status, result.lines[-1].split(":")[0]) == (0, "similar")


@pytest.mark.parametrize("name", ["why.png", "why.JPG", "why.webp"])
def test_the_evidence_is_a_picture(folder: Path, name: str) -> None:
    noise(1, 200).crop((0, 0, 185, 200)).save("b.png")
    result = run("compare", "a.png", "b.png", "--picture", name)
    assert (result.status, result.err) == (0, "")
    with Image.open(name) as picture:
        assert picture.width == 1240
    assert listing() == ["a.png", "b.png", name]


def test_the_evidence_is_written_for_different_ones_and_with_json(folder: Path) -> None:
    noise(2, 200).save("b.png")
    result = run("compare", "a.png", "b.png", "--json", "--picture", "why.png")
    assert (result.status, json.loads(result.out)["verdict"]) == (1, "different")
    assert Path("why.png").stat().st_size


def test_the_evidence_of_standard_input(folder: Path) -> None:
    result = run("compare", "-", "a.png", "--picture", "why.png", input=Path("a.png").read_bytes())
    assert result.status == 0
    assert listing() == ["a.png", "why.png"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("why.gif", "argument --picture: expected a name that ends in .png, .jpg, .jpeg, .webp, got 'why.gif'"),
        ("why", "got 'why'"),
        ("", "expected a name, got an empty text"),
        ("a.png", "argument --picture: a.png is one of the two images: choose another name"),
        ("./b.png", "b.png is one of the two images"),
        ("nowhere/why.png", "nowhere/why.png: cannot write: there is no folder"),
    ],
)
def test_pictures_that_cannot_be_written(folder: Path, name: str, message: str) -> None:
    noise(2, 200).save("b.png")
    before = Path("a.png").read_bytes(), Path("b.png").read_bytes()
    result = run("compare", "a.png", "b.png", "--picture", name)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert (Path("a.png").read_bytes(), Path("b.png").read_bytes()) == before
    assert listing() == ["a.png", "b.png"]


def test_no_picture_of_what_cannot_be_read(folder: Path) -> None:
    Path("b.png").write_bytes(b"no picture")
    assert run("compare", "a.png", "b.png", "--picture", "why.png").status == 2
    assert listing() == ["a.png", "b.png"]


def test_trouble(folder: Path) -> None:
    Path("b.png").write_bytes(b"no picture")
    result = run("compare", "missing.png", "b.png")
    assert (result.status, result.out) == (2, "")
    first, second = result.err.splitlines()
    assert first == "lookalike: missing.png: no such file or folder"
    assert second.startswith("lookalike: b.png: ")
    assert run("compare", "a.png", "b.png").status == 2


def test_a_folder_is_not_one_image(folder: Path) -> None:
    noise(2).save("b.png")
    result = run("compare", "a.png", ".")
    assert result.status == 2
    assert "expected one image, got several" in result.err


def test_standard_input(folder: Path) -> None:
    result = run("compare", "-", "a.png", input=Path("a.png").read_bytes())
    assert result.lines[-1] == "same bytes: the files are equal"


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_grey_is_the_same_picture_in_grey_and_in_colour(folder: Path, recipe: str) -> None:
    grey = noise(1, 600).convert("L")
    grey.save("l.png")
    grey.convert("RGB").save("rgb.png")
    result = run("compare", "--recipe", recipe, "l.png", "rgb.png")
    assert result.lines[-1] == "same picture: every pixel is equal"


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_the_same_numbers_in_other_palettes_are_another_picture(folder: Path, recipe: str) -> None:
    for name, colours in (("red.png", [255, 0, 0, 0, 0, 0]), ("blue.png", [0, 0, 255, 0, 0, 0])):
        image = Image.new("P", (40, 40))
        image.putpalette(colours)
        image.paste(1, (0, 0, 20, 20))
        image.save(name)
    result = run("compare", "--recipe", recipe, "red.png", "blue.png")
    assert not result.lines[-1].startswith("same")


def test_one_row_more_is_another_picture(folder: Path) -> None:
    for height in (256, 257):
        Image.new("RGB", (40, height)).save(f"{height}.png")
    assert not run("compare", "256.png", "257.png").lines[-1].startswith("same")


def test_a_tiny_picture_has_every_distance(folder: Path) -> None:
    Image.new("RGB", (3, 1), "red").save("b.png")
    found = json.loads(run("compare", "--json", "b.png", "a.png").out)
    assert None not in [found[name] for name in NAMES]


def test_json_and_csv(folder: Path) -> None:
    noise(2, 200).save("b.png")
    result = run("compare", "--json", "a.png", "b.png")
    found = json.loads(result.out)
    assert list(found) == ["a", "b", "verdict", "confidence", "transform", "trimmed", "overlap", *NAMES, *REGION]
    assert (found["a"], found["b"]) == ("a.png", "b.png")
    assert (found["verdict"], found["transform"], found["trimmed"], result.status) == ("different", "none", False, 1)
    assert 0 <= found["confidence"] < 0.5
    row = next(csv.DictReader(io.StringIO(run("compare", "--csv", "a.png", "b.png").out)))
    assert (row["phash"], row["verdict"]) == (str(found["phash"]), "different")
