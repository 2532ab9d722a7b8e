"""`lookalike hash`."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from commands import noise, picture_folder, run
from lookalike.fingerprints import fingerprint


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    picture_folder(tmp_path / "photos")
    return Path("photos")


def phash(path: Path | str) -> str:
    return str(fingerprint(path, kinds="phash")["phash"])


def test_lines_like_those_of_sha256sum(photos: Path) -> None:
    result = run("hash", "photos/1.png", "photos/0.png")
    assert result.out == f"{phash('photos/1.png')}  photos/1.png\n{phash('photos/0.png')}  photos/0.png\n"
    assert (result.status, result.err) == (0, "")


def test_folders_and_patterns(photos: Path) -> None:
    names = ["photos/0.png", "photos/1.png", "photos/2.png", "photos/3.png", "photos/copy-of-0.png"]
    assert [line[18:] for line in run("hash", "photos").lines] == names
    assert [line[18:] for line in run("hash", "photos/[12].png").lines] == names[1:3]


def test_several_kinds_are_tagged(photos: Path) -> None:
    found = fingerprint("photos/0.png", kinds=["dhash", "phash:16", "crop_resistant"])
    result = run("hash", "--kind", "dhash,phash:16", "photos/0.png", "--kind", "crop_resistant")
    assert result.lines == [f"{kind} (photos/0.png) = {found[kind]}" for kind in found.hashes]


def test_size_goes_to_every_kind(photos: Path) -> None:
    found = fingerprint("photos/0.png", kinds=["dhash:16", "phash:16"])
    result = run("hash", "--kind", "dhash,phash", "--size", "16", "photos/0.png")
    assert result.lines == [f"{kind} (photos/0.png) = {found[kind]}" for kind in found.hashes]


def test_recipe_and_workers(photos: Path) -> None:
    found = fingerprint("photos/0.png", kinds="phash", recipe="imagehash")
    result = run("hash", "--recipe", "imagehash", "--workers", 1, "--json", "photos/0.png")
    assert json.loads(result.out)["phash"] == str(found["phash"])
    assert json.loads(result.out)["recipe"] == "imagehash/1"


def test_json_is_one_object_a_line_with_a_row_for_each_input(photos: Path) -> None:
    result = run("hash", "--json", "photos/0.png", "missing.png")
    first, second = map(json.loads, result.lines)
    assert first == {
        "image": "photos/0.png",
        "phash": phash("photos/0.png"),
        "width": 64,
        "height": 64,
        "format": "PNG",
        "recipe": "standard/2",
        "warning": None,
        "error": None,
    }
    assert (second["image"], second["phash"]) == ("missing.png", None)
    assert "no such file" in second["error"]
    assert result.status == 1


def test_csv(photos: Path) -> None:
    result = run("hash", "--csv", "photos/0.png", "missing.png")
    first, second = csv.DictReader(io.StringIO(result.out))
    assert (first["image"], first["phash"], first["error"]) == ("photos/0.png", phash("photos/0.png"), "")
    assert (second["image"], second["phash"]) == ("missing.png", "")
    assert "no such file" in second["error"]


def test_standard_input(photos: Path) -> None:
    content = Path("photos/2.png").read_bytes()
    assert run("hash", "-", input=content).out == f"{phash('photos/2.png')}  -\n"
    lines = run("hash", "photos/1.png", "-", input=content).lines
    assert lines == [f"{phash('photos/1.png')}  photos/1.png", f"{phash('photos/2.png')}  -"]


def test_options_may_stand_after_names_and_names_after_two_dashes(photos: Path) -> None:
    noise(1).save("--json.png")
    expected = phash("./--json.png")
    assert run("hash", "photos/0.png", "-q", "--", "--json.png").lines[1] == f"{expected}  --json.png"


@pytest.mark.skipif(sys.platform == "win32", reason="no such file names there")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("new\nline.png", "new\\nline.png"),
        ("return\r.png", "return\\r.png"),
        ("back\\slash.png", "back\\\\slash.png"),
        ("red\x1b[31m.png", "red\\x1b[31m.png"),
        ("bell\x07\x7f.png", "bell\\x07\\x7f.png"),
        ("c1\x9b.png", "c1\\u009b.png"),
        ("gpj.\u202egnp.png", "gpj.\\u202egnp.png"),
    ],
)
def test_names_that_would_act_on_a_terminal_are_written_out(name: str, shown: str, tmp_path: Path) -> None:
    noise(5).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(tmp_path / name)
    result = run("hash", name, cwd=tmp_path)
    assert result.out == f"\\{phash(tmp_path / name)}  {shown}\n"
    tagged = run("hash", "--kind", "phash,dhash", name, cwd=tmp_path)
    assert tagged.out.startswith(f"\\phash ({shown}) = ")


def test_unicode_names_are_left_alone(tmp_path: Path) -> None:
    name = "Größe und 写真 🙂.png"
    noise(5).save(tmp_path / name)
    result = run("hash", name, cwd=tmp_path, env={**os.environ, "PYTHONUTF8": "1"})
    assert result.out == f"{phash(tmp_path / name)}  {name}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_names_that_are_no_unicode(tmp_path: Path, form: list[str]) -> None:
    noise(5).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(tmp_path / os.fsdecode(b"\xff\xfe.png"))
    result = run("hash", *form, tmp_path)
    assert result.status == 0
    assert "xff" in result.out


def test_messages_do_not_act_on_a_terminal_either(tmp_path: Path) -> None:
    result = run("hash", "red\x1b[31m.png", cwd=tmp_path)
    assert result.status == 2
    assert "\x1b" not in result.err
    assert "red\\x1b[31m.png" in result.err


def test_csv_has_no_formulas(tmp_path: Path) -> None:
    for name in ("=1+1.png", "+1.png", "-1.png", "@x.png"):
        noise(5).save(tmp_path / name)
    result = run("hash", "--csv", "--", "=1+1.png", "+1.png", "-1.png", "@x.png", "=missing.png", cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [row["image"] for row in rows] == ["./=1+1.png", "./+1.png", "./-1.png", "./@x.png", "./=missing.png"]
    assert all((tmp_path / row["image"]).exists() for row in rows[:4])
    assert not any(cell.startswith(tuple("=+-@")) for row in rows for cell in row.values())


def test_status_tells_none_some_and_all(photos: Path) -> None:
    assert run("hash", "photos/0.png").status == 0
    assert run("hash", "photos/0.png", "missing.png").status == 1
    assert run("hash", "missing.png").status == 2


def test_a_picture_too_small_for_one_of_the_kinds(tmp_path: Path) -> None:
    noise(5, 2).save(tmp_path / "tiny.png")
    result = run("hash", "--kind", "crop_resistant,dhash", "tiny.png", cwd=tmp_path)
    found = result.lines
    assert found[-1].startswith("dhash (tiny.png) = ")
    assert (len(found) == 1) == (result.status == 1)


def test_a_file_that_breaks_off_is_hashed_and_complained_about(photos: Path) -> None:
    noise(5, 400).save("whole.jpg")
    content = Path("whole.jpg").read_bytes()
    Path("part.jpg").write_bytes(content[: len(content) * 9 // 10])
    result = run("hash", "--json", "part.jpg")
    row = json.loads(result.out)
    assert result.status == 0
    assert row["phash"] is not None
    assert row["warning"].startswith("the file breaks off: ")
    assert result.err == f"lookalike: part.jpg: {row['warning']}\n"
    assert run("compare", "part.jpg", "whole.jpg").lines[-1].startswith("copy: ")
