"""`lookalike compare`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from commands import noise, run
from lookalike.cli.compare import verdict
from lookalike.kinds import NAMES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    noise(1, 200).save("a.png")
    return tmp_path


def test_same_bytes(folder: Path) -> None:
    Path("b.png").write_bytes(Path("a.png").read_bytes())
    result = run("compare", "a.png", "b.png")
    assert (result.status, result.lines[-1], result.err) == (0, "same bytes: the files are equal", "")
    assert [line.split()[0] for line in result.lines[:8]] == list(NAMES)
    assert result.lines[0].split() == ["ahash", "0", "of", "64"]
    assert result.lines[6].split() == ["colorhash", "0", "of", "42"]
    assert result.lines[7].split()[:3] == ["crop_resistant", "0.00", "of"]


def test_same_picture(folder: Path) -> None:
    noise(1, 200).save("b.bmp")
    result = run("compare", "a.png", "b.bmp")
    assert (result.status, result.lines[-1]) == (0, "same picture: every pixel is equal")
    assert "200 x 200 PNG, 200 x 200 BMP" in result.out


def test_look_alike(folder: Path) -> None:
    noise(1, 200).resize((120, 120)).save("b.jpg", quality=60)
    result = run("compare", "a.png", "b.jpg")
    assert result.status == 0
    assert result.lines[-1].startswith("look alike: phash ")


def test_not_alike(folder: Path) -> None:
    noise(2, 200).save("b.png")
    result = run("compare", "a.png", "b.png")
    assert result.status == 1
    assert result.lines[-1].startswith("not alike: phash ")


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
    assert None not in found.values()


def test_json_and_csv(folder: Path) -> None:
    noise(2, 200).save("b.png")
    result = run("compare", "--json", "a.png", "b.png")
    found = json.loads(result.out)
    assert list(found) == ["a", "b", "verdict", *NAMES]
    assert (found["verdict"], result.status) == ("not alike", 1)
    row = next(csv.DictReader(io.StringIO(run("compare", "--csv", "a.png", "b.png").out)))
    assert row["phash"] == str(found["phash"])


@pytest.mark.parametrize(
    ("phash", "dhash", "words"),
    [(0, 0, "look alike"), (10, 10, "look alike"), (11, 0, "not alike"), (0, 11, "not alike")],
)
def test_the_rule(phash: int, dhash: int, words: str) -> None:
    assert verdict({"phash": phash, "dhash": dhash})[0] == words
