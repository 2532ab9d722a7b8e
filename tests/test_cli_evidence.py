"""`lookalike evidence`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from commands import listing, noise, run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a picture, one made from it, and another one."""
    monkeypatch.chdir(tmp_path)
    noise(1, 200).save("a.png")
    ImageOps.mirror(noise(1, 200)).resize((120, 120)).save("b.jpg")
    noise(2, 200).save("c.png")
    return tmp_path


def test_a_page_is_written(folder: Path) -> None:
    result = run("evidence", "a.png", "b.jpg", "--parts", "never")
    assert (result.status, result.out) == (0, "copy: B is A mirrored and scaled to 60 %\n")
    assert result.err == "evidence.html\n"
    page = Path("evidence.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "B is A mirrored and scaled to 60 %." in page
    assert listing() == ["a.png", "b.jpg", "c.png", "evidence.html"]


def test_an_older_one_is_kept_unless_it_is_named(folder: Path) -> None:
    Path("evidence.html").write_text("older")
    result = run("evidence", "a.png", "b.jpg")
    assert (result.status, result.out) == (2, "")
    assert "evidence.html exists already: to replace it, name it with -o evidence.html" in result.err
    assert Path("evidence.html").read_text() == "older"
    assert run("evidence", "a.png", "b.jpg", "-o", "evidence.html").status == 0
    assert Path("evidence.html").read_text() != "older"


@pytest.mark.parametrize("name", ["why.JPG", "why.HTM", "-why.png"])
def test_forms(folder: Path, name: str) -> None:
    result = run("evidence", "-q", "a.png", "b.jpg", f"--output={name}")
    assert (result.status, result.err) == (0, "")
    if name.lower().endswith("htm"):
        assert "<svg" in Path(name).read_text(encoding="utf-8")
    else:
        with Image.open(name) as picture:
            assert picture.width == 1240


def test_different_ones_have_evidence_too(folder: Path) -> None:
    result = run("evidence", "a.png", "c.png", "-o", "why.png")
    assert result.status == 1
    assert result.out.startswith("different: ")
    assert Path("why.png").stat().st_size


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("why.gif", "argument -o/--output: expected a name that ends in .html, .htm, .png, .jpg, .jpeg, .webp"),
        ("why", "got 'why'"),
        ("", "expected a name, got an empty text"),
        ("./a.png", "argument --output: ./a.png is one of the two images: choose another name"),
        ("nowhere/why.html", "nowhere/why.html: cannot write: there is no folder"),
    ],
)
def test_places_that_cannot_be_written(folder: Path, name: str, message: str) -> None:
    before = Path("a.png").read_bytes()
    result = run("evidence", "a.png", "b.jpg", "-o", name)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert Path("a.png").read_bytes() == before
    assert listing() == ["a.png", "b.jpg", "c.png"]


def test_trouble(folder: Path) -> None:
    Path("bad.png").write_bytes(b"no picture")
    result = run("evidence", "missing.png", "bad.png")
    assert (result.status, result.out) == (2, "")
    first, second = result.err.splitlines()
    assert first == "lookalike: missing.png: no such file or folder"
    assert second.startswith("lookalike: bad.png: ")
    assert run("evidence", "a.png", ".").status == 2
    assert run("evidence", "a.png", "b.jpg", "--parts", "often").status == 2
    assert "evidence.html" not in listing()


def test_standard_input(folder: Path) -> None:
    result = run("evidence", "-", "b.jpg", "-q", input=Path("a.png").read_bytes())
    assert result.status == 0
    assert "mirrored" in Path("evidence.html").read_text(encoding="utf-8")


def test_names_do_not_act_on_the_terminal(folder: Path) -> None:
    name = "\x1b]0;x\x07<b>.png"
    Path("a.png").rename(name)
    result = run("evidence", name, "b.jpg", "-o", "\x1b[2J.html")
    assert result.status == 0
    assert "\x1b" not in result.out + result.err
    assert "<b>.png" not in Path("\x1b[2J.html").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script as browser")
def test_open_shows_it(folder: Path) -> None:
    browser, seen = folder / "browser", folder / "seen"
    browser.write_text(f"#!/bin/sh\nprintf %s \"$1\" > '{seen}.new' && mv '{seen}.new' '{seen}'\n")
    browser.chmod(0o755)
    result = run("evidence", "a.png", "b.jpg", "--open", env={**os.environ, "BROWSER": f"{browser} %s"})
    assert result.status == 0
    deadline = time.monotonic() + 10
    while not seen.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen.read_text() == (folder / "evidence.html").resolve().as_uri()


def test_without_opencv_it_is_said_what_to_install(folder: Path) -> None:
    code = (
        "import sys; from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = lambda name, *rest: None if name == 'cv2' else find(name, *rest)\n"
        "from lookalike.cli import main; sys.exit(main(sys.argv[1:]))"
    )

    def without(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)

    for command in ("evidence", "compare"):
        for when in ("needed", "always"):
            done = without(command, "a.png", "c.png", "--parts", when)
            assert (done.returncode, done.stdout) == (2, "")
            assert "pip install 'lookalike[parts]'" in done.stderr
    assert without("evidence", "a.png", "b.jpg").returncode == 0
    assert without("compare", "a.png", "c.png").returncode == 1
