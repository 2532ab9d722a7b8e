"""Parts in the library's commands: keeping them, and what is printed of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import run
from keypoint_help import cut_out, made_up, rows_with, textured
from lookalike import Library


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three photos in a folder, and `cut.png` that was cut out of the second; the current folder is theirs."""
    monkeypatch.chdir(tmp_path)
    folder = Path("photos")
    folder.mkdir()
    for seed in range(3):
        textured(seed).save(folder / f"{seed}.png")
    textured(1).crop((80, 60, 320, 240)).save("cut.png")
    return folder


@pytest.fixture
def ready(tmp_path: Path) -> str:
    """A library whose keypoints were brought by others: of two owners, a photo and what was cut out of it."""
    rows = rows_with([made_up(0), cut_out(made_up(0)), made_up(2)], ["a", "cut", "c"], owner=["ann", "bob", "eve"])
    Library("ready.library").add_fingerprints(rows)
    return "ready.library"


def test_parts_are_kept_and_found() -> None:
    pytest.importorskip("cv2")
    assert run("library", "add", "new.library", "photos", "--parts").lines == ["3 images: 3 added"]
    found = run("library", "search", "new.library", "cut.png")
    assert found.status == 0
    sure, part, share, _, name = found.out.split()
    assert (float(sure) > 0.8, part, name) == (True, "part", "photos/1.png")
    assert 20 < int(share) < 50
    assert found.err == "1 image found\n"
    assert run("library", "search", "new.library", "cut.png", "--parts", "never").err == "no image found\n"
    [row] = map(json.loads, run("library", "search", "new.library", "cut.png", "--parts", "always", "--json").lines)
    assert (row["level"], row["verdict"], json.loads(row["region"]).keys()) == (4, "part", {"query", "image"})
    stats = json.loads(run("library", "stats", "new.library", "--json").out)
    assert [stats[name] for name in ("parts", "with_parts", "without_parts")] == [True, 3, 0]
    assert "parts             yes" in run("library", "stats", "new.library").lines


def test_images_that_have_none_get_them() -> None:
    pytest.importorskip("cv2")
    Library("new.library").add("photos")
    assert run("library", "add", "new.library", "photos/0.png", "--parts").lines == ["1 image: 1 updated"]
    told = run("library", "search", "new.library", "cut.png")
    assert told.err == "no image found; 2 images have no keypoints to be found by: see 'lookalike library parts'\n"
    assert run("library", "parts", "new.library").lines == ["2 images: 2 updated"]
    assert Library("new.library").search("cut.png")["image"].tolist() == ["photos/1.png"]
    assert run("library", "add", "new.library", "cut.png", "--no-parts").lines == ["1 image: 1 added"]
    assert not Library("new.library").parts


def test_parts_of_no_library() -> None:
    result = run("library", "parts", "no.library")
    assert result.status == 2
    assert "no library at 'no.library'" in result.err


def test_pairs_groups_and_duplicates_with_parts(ready: str) -> None:
    result = run("library", "pairs", ready, "--parts", "auto")
    first, second = result.lines
    assert first.split()[1] == "part"
    assert first.endswith("  a  (ann)")
    assert second.strip() == "cut  (bob)"
    assert first.index("a  (ann)") == second.index("cut")
    assert result.err == "1 pair\n"
    for command in ("groups", "duplicates"):
        lines = run("library", command, ready, "--parts", "always").lines
        assert [line.split()[-2] for line in lines] == ["a", "cut"]
        assert lines[1].startswith("part  ")


def test_reuse_with_parts(ready: str) -> None:
    [line] = run("library", "reuse", ready, "--parts", "auto", "--show", "pairs", "--json").lines
    row = json.loads(line)
    assert (row["original_image"], row["copy_image"], row["verdict"]) == ("a", "cut", "part")
    result = run("library", "matches", ready, "--parts", "always", "--show", "parts")
    assert len(result.lines) == 2
    assert "region" not in result.lines[0]
    assert result.err.endswith("Parts in common: 1 pair.\n")
    refused = run("library", "reuse", ready, "--show", "parts")
    assert refused.status == 2
    assert "parts are not looked for: add --parts auto, or always" in refused.err
