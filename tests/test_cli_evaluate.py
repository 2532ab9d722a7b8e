"""`lookalike evaluate` and `lookalike calibrate`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import listing, run, start
from lookalike.evaluate.edits import EDITS
from lookalike.evaluate.edits.canvas import made_up

FAST = ["--edits", "png,mirror", "--no-rivals", "--kind", "phash"]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for seed in range(5):
        made_up(np.random.default_rng(seed), (100, 80)).save(f"photos/{seed}.png")
    return Path("photos")


def test_the_edits_are_listed() -> None:
    result = run("evaluate", "--list-edits")
    assert (result.status, result.err) == (0, "")
    assert len(result.lines) == len(EDITS)
    rows = [json.loads(line) for line in run("evaluate", "--list-edits", "--json").lines]
    assert [row["edit"] for row in rows] == [edit.name for edit in EDITS]
    assert run("evaluate", "--list-edits", "--csv").lines[0] == "edit,family,strength,text"


def test_the_table(photos: Path) -> None:
    result = run("evaluate", photos, *FAST)
    assert (result.status, result.err) == (0, "")
    assert result.lines[0] == "| share of edited copies found | lookalike | phash |"
    assert result.lines[2].startswith("| mild (1 edit: ")
    assert "100.0 %" in result.lines[2]
    assert "5 originals, 2 edits of each, 10 copies; 5 photos in the library; seed 0." in result.out
    assert listing() == ["photos"]


def test_records(photos: Path) -> None:
    rows = [json.loads(line) for line in run("evaluate", photos, *FAST, "--json").lines]
    assert {row["method"] for row in rows} == {"lookalike", "phash"}
    assert {row["edit"] for row in rows} == {"png", "mirror"}
    lines = run("evaluate", photos, *FAST, "--csv", "--rate", "0.01").lines
    assert len(lines) == 1 + 2 + 4 * 2


@pytest.mark.parametrize("extension", ["csv", "parquet", "json", "md"])
def test_files(photos: Path, extension: str) -> None:
    name = f"out.{extension}"
    assert run("evaluate", photos, *FAST, "-o", name).status == 0
    assert listing() == sorted([name, "photos"])
    if extension == "csv":
        assert len(pd.read_csv(name)) == 2 + 3 * 2
    elif extension == "parquet":
        assert len(pd.read_parquet(name)) == 2 + 3 * 2
    elif extension == "json":
        assert json.loads(Path(name).read_text())["about"]["originals"] == 5
    else:
        assert Path(name).read_text().startswith("| share of edited copies found |")


def test_negatives_are_listed(photos: Path) -> None:
    Path("hard").mkdir()
    one = made_up(np.random.default_rng(9), (100, 80))
    one.save("hard/a.png")
    one.point([min(255, level + 4) for level in range(256)] * 3).save("hard/b.png")
    result = run("evaluate", photos, *FAST, "--negatives", "hard", "--distractors", "hard/a.png")
    assert result.status == 0
    assert "hard: 1 of 1 pairs of different photos called copies." in result.out
    assert result.lines[-1].startswith("different photos called copies, ")
    assert result.lines[-1].endswith("hard/a.png  hard/b.png")
    assert "6 photos in the library" in result.out


def test_what_cannot_be_read_is_said(photos: Path) -> None:
    (photos / "broken.jpg").write_bytes(b"no picture")
    result = run("evaluate", photos, "missing", *FAST)
    assert result.status == 1
    assert result.err.splitlines()[0].startswith("lookalike: photos/broken.jpg: ")
    assert result.err.splitlines()[1].startswith("lookalike: missing: ")
    assert "2 files could not be read" in result.out


@pytest.mark.parametrize("words", [["missing"], ["empty"], ["photos/0.png"]])
def test_nothing_to_measure(photos: Path, words: list[str]) -> None:
    Path("empty").mkdir()
    result = run("evaluate", *words, *FAST, "-o", "out.csv")
    assert (result.status, result.out) == (2, "")
    assert "expected at least two photos that can be read" in result.err.splitlines()[-1]
    assert listing() == ["empty", "photos"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate"], "expected at least one FOLDER"),
        (["evaluate", "photos", "--edits", "nothing"], "expected the name of an edit"),
        (["evaluate", "photos", "--rate", "7"], "expected a number between 0 and 1"),
        (["evaluate", "photos", "--seed", "-1"], "argument --seed"),
        (["evaluate", "photos", "--originals", "0"], "expected a whole number from 1"),
        (["evaluate", "photos", "-o", "out.txt"], "expected a name that ends in .csv, .parquet, .json, .md"),
        (["evaluate", "photos", "-o", "none/out.csv"], "there is no folder"),
        (["calibrate"], "required: LIBRARY"),
        (["calibrate", "nowhere"], "no library at 'nowhere'"),
        (["calibrate", "nowhere", "-o", "out.md"], "expected a name that ends in .csv, .parquet, .json"),
    ],
)
def test_wrong_usage(photos: Path, words: list[str], message: str) -> None:
    result = run(*words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


def until(message: str, process: subprocess.Popen[str], path: Path) -> None:
    """Wait for a file or folder to be there."""
    end = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, message
        assert time.monotonic() < end, message
        time.sleep(0.05)


def test_interrupted(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left behind, but what was measured."""
    Path("scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(Path("scratch").resolve())}
    process = start("evaluate", photos, "-o", "out.csv", "--workers", "1", env=environment, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    while not any(Path("scratch").glob("*/photos/catalog.sqlite")):
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=30)
    assert process.returncode == 130
    assert list(Path("scratch").iterdir()) == []
    if "nothing written" in message:
        assert listing() == ["photos", "scratch"]
    else:
        assert "originals are in out.csv" in message
        assert set(pd.read_csv("out.csv")["edit"]) == {edit.name for edit in EDITS}


def test_plots_are_checked_before_the_work(photos: Path) -> None:
    Path("matplotlib").mkdir()
    Path("matplotlib/__init__.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", os.environ.get("PYTHONPATH", "")])}
    result = run("evaluate", photos, *FAST, "--plots", "plots", env=environment)
    assert (result.status, result.out) == (2, "")
    assert "pip install 'lookalike[plots]'" in result.err
    assert not Path("plots").exists()


def test_calibrate(photos: Path) -> None:
    run("library", "add", "lib", photos)
    result = run("calibrate", "lib", "--edits", "png,grey", "--rate", "0.01", "-o", "out.json")
    assert (result.status, result.err) == (0, "")
    assert "a search among 5 images" in result.out or "Leave phash out" in result.out
    assert "Measured on 5 images, 10 pairs of different pictures." in result.out
    assert json.loads(Path("out.json").read_text())["sentence"] == result.out.rstrip("\n")
    rows = [json.loads(line) for line in run("calibrate", "lib", "--edits", "png", "--json").lines]
    assert [row["kind"] for row in rows] == ["phash", "dhash"]


def test_calibrate_says_what_is_gone(photos: Path) -> None:
    run("library", "add", "lib", photos)
    (photos / "3.png").unlink()
    result = run("calibrate", "lib", "--edits", "png")
    assert result.status == 1
    assert "photos/3.png" in result.err
    assert "1 file could not be read." in result.out
