"""`lookalike duplicates`, `similar` and `gallery`."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from commands import noise, picture_folder, run
from lookalike.fingerprints import fingerprint, fingerprint_many
from lookalike.matching.similar import find_similar


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    picture_folder(folder / "photos")
    noise(1).resize((50, 50)).save(folder / "photos" / "small-1.png")
    for name in ("frame.csv", "frame.parquet", "frame.json"):
        assert run("scan", "photos", "-o", name, cwd=folder).status == 0
    return folder


@pytest.fixture
def photos(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("photos")


def phash(path: str) -> str:
    return str(fingerprint(path, kinds="phash")["phash"])


@pytest.mark.parametrize("source", ["photos", "photos/*.png", "frame.csv", "frame.parquet", "frame.json"])
def test_duplicates(photos: Path, source: str) -> None:
    result = run("duplicates", source)
    first, second = phash("photos/0.png"), phash("photos/1.png")
    expected = [f"{first}  photos/0.png", f"{first}  photos/copy-of-0.png"]
    if phash("photos/small-1.png") == second:
        expected += ["", f"{second}  photos/1.png", f"{second}  photos/small-1.png"]
    assert result.lines == expected
    assert result.status == 0
    assert "6 images, " in result.err


def test_duplicates_of_several_names_as_a_shell_gives_them(photos: Path) -> None:
    result = run("duplicates", "photos/copy-of-0.png", "photos/3.png", "photos/0.png", "-q")
    assert [line[18:] for line in result.lines] == ["photos/copy-of-0.png", "photos/0.png"]
    assert result.err == ""


def test_duplicates_from_standard_input(photos: Path) -> None:
    frame = Path("frame.csv").read_text()
    assert run("duplicates", "-", input=frame).out == run("duplicates", "photos").out


def test_duplicates_as_json_and_csv(photos: Path) -> None:
    first = json.loads(run("duplicates", "photos", "--on", "dhash", "--json").lines[0])
    assert first["images"] == ["photos/0.png", "photos/copy-of-0.png"]
    assert first["dhash"] == str(fingerprint("photos/0.png", kinds="dhash")["dhash"])
    rows = list(csv.DictReader(io.StringIO(run("duplicates", "frame.csv", "--on", "dhash", "--csv").out)))
    assert [(row["group"], row["image"]) for row in rows[:2]] == [("1", "photos/0.png"), ("1", "photos/copy-of-0.png")]


def test_no_duplicates(photos: Path) -> None:
    result = run("duplicates", "photos/2.png", "photos/3.png")
    assert (result.status, result.out, result.err) == (0, "", "2 images, no two with the same phash\n")


@pytest.mark.parametrize("source", ["photos", "frame.csv", "frame.parquet", "frame.json"])
def test_similar_ranks_like_find_similar(photos: Path, source: str) -> None:
    ranked = find_similar(fingerprint_many(photos, kinds="phash"), "photos/1.png", on="phash", k=3)
    result = run("similar", "photos/1.png", source, "-k", 3)
    expected = [f"{d:>2}  {name}" for d, name in zip(ranked["hamming_distance"], ranked["image"], strict=True)]
    assert result.lines == expected
    assert result.lines[0] == " 0  photos/1.png"
    assert (result.status, result.err) == (0, "the 3 images nearest by phash\n")


def test_similar_within_a_radius(photos: Path) -> None:
    result = run("similar", "photos/1.png", "photos", "--radius", 8)
    assert [line[4:] for line in result.lines] == ["photos/1.png", "photos/small-1.png"]
    assert result.err == "2 images within 8 bits by phash\n"
    nothing = run("similar", "0" * 16, "photos", "--radius", 0)
    assert (nothing.status, nothing.out, nothing.err) == (0, "", "no image within 0 bits by phash\n")


@pytest.mark.parametrize("source", ["photos", "frame.csv"])
def test_the_query_may_be_a_hash_or_standard_input(photos: Path, source: str) -> None:
    expected = run("similar", "photos/1.png", source).out
    assert run("similar", phash("photos/1.png"), source).out == expected
    assert run("similar", "-", source, input=Path("photos/1.png").read_bytes()).out == expected


def test_similar_as_json_and_csv(photos: Path) -> None:
    rows = [json.loads(line) for line in run("similar", "photos/1.png", "frame.csv", "--json", "-k", 2).lines]
    assert (rows[0]["image"], rows[0]["hamming_distance"]) == ("photos/1.png", 0)
    assert rows[0]["width"] == 64
    assert rows[0]["error"] is None
    text = run("similar", "photos/1.png", "photos", "--csv", "-k", 2).out
    assert next(csv.DictReader(io.StringIO(text)))["hamming_distance"] == "0"


def test_similar_by_segments(photos: Path) -> None:
    result = run("similar", "photos/1.png", "photos", "--on", "crop_resistant", "-k", 1)
    assert result.lines == ["0.000  photos/1.png"]


def test_recipe_of_a_frame(photos: Path) -> None:
    run("scan", "photos", "--recipe", "imagehash", "-o", "other.csv")
    assert run("similar", "photos/1.png", "other.csv", "-k", 1).lines == [" 0  photos/1.png"]
    result = run("similar", "photos/1.png", "other.csv", "--recipe", "standard")
    assert result.status == 2
    assert "recipe" in result.err


def test_similar_writes_a_gallery(photos: Path) -> None:
    for query in ("photos/1.png", "-", phash("photos/1.png")):
        content = Path("photos/1.png").read_bytes() if query == "-" else None
        assert run("similar", query, "frame.csv", "--gallery", "matches.html", input=content).status == 0
        page = Path("matches.html").read_text()
        assert "photos/small-1.png" in page
        assert "data:image/jpeg" in page


def test_gallery(photos: Path) -> None:
    result = run("gallery", "photos")
    assert (result.status, result.err) == (0, "gallery.html\n")
    page = Path("gallery.html").read_text()
    assert phash("photos/3.png") in page
    assert page.count("data:image/jpeg") == 6


def test_gallery_replaces_only_what_is_named(photos: Path) -> None:
    Path("gallery.html").write_text("mine")
    result = run("gallery", "photos")
    assert result.status == 2
    assert "gallery.html exists already: to replace it, name it with -o gallery.html" in result.err
    assert Path("gallery.html").read_text() == "mine"
    assert run("gallery", "photos", "-o", "gallery.html").status == 0
    assert "mine" not in Path("gallery.html").read_text()[:100]


def test_gallery_of_a_query(photos: Path) -> None:
    run("gallery", "frame.csv", "--query", "photos/1.png", "-o", "page.html", "--limit", 2)
    page = Path("page.html").read_text()
    assert page.index("photos/1.png") < page.index("photos/small-1.png")
    assert "photos/3.png" not in page


def test_what_cannot_be_read_is_said_and_the_rest_is_done(photos: Path) -> None:
    Path("photos/broken.png").write_bytes(b"no picture")
    for words in (["duplicates", "photos"], ["similar", "photos/1.png", "photos"], ["gallery", "photos"]):
        result = run(*words)
        assert result.status == 1
        assert result.err.startswith("lookalike: photos/broken.png: ")
        assert result.out or words[0] == "gallery"


def test_a_place_that_cannot_be_written_to_is_found_out_first(photos: Path) -> None:
    for words in (["similar", "photos/1.png", "photos", "--gallery"], ["gallery", "photos", "-o"]):
        result = run(*words, "nowhere/page.html")
        assert result.status == 2
        assert result.err.startswith("lookalike: nowhere/page.html: cannot write: there is no folder")


def test_a_page_takes_no_place_of_a_picture(photos: Path) -> None:
    before = Path("photos/0.png").read_bytes()
    for words in (["gallery", "-o"], ["similar", "photos/1.png", "photos", "--gallery"]):
        result = run(*words, "photos/0.png", "photos/1.png")
        assert result.status == 2
        assert "expected a name that ends in .html or .htm, got 'photos/0.png'" in result.err
    assert Path("photos/0.png").read_bytes() == before
    assert run("gallery", "photos/0.png", "-o", "PAGE.HTM").status == 0
    assert Path("PAGE.HTM").read_text().startswith("<!")


def test_unreadable_files_are_not_counted_as_images(photos: Path) -> None:
    Path("some").mkdir()
    for number in range(3):
        Path(f"some/empty-{number}.png").touch()
    shutil.copy("photos/0.png", "some/0.png")
    assert run("duplicates", "some").err.splitlines()[-1] == "1 image, no two with the same phash"


@pytest.mark.parametrize(
    "words", [["similar", "--", "-dash.png", "photos"], ["compare", "--", "-dash.png", "-dash.png"]]
)
def test_names_that_begin_with_a_dash(photos: Path, words: list[str]) -> None:
    shutil.copy("photos/0.png", "-dash.png")
    result = run(*words)
    assert (result.status, bool(result.out)) == (0, True)
    assert run("hash", "--", "-dash.png").out == f"{phash('photos/0.png')}  -dash.png\n"
    assert run("--", "hash", "--", "-dash.png").status == 0
