"""What the documentation shows is run.

In README.md and docs/*.md, in a folder that has `photos/` (made by demo/photos.py):

- every ```python block runs, those of one file one after the other in one namespace; if a ```text block
  follows directly, that is what it prints;
- in every ```console block, the commands after `$ lookalike` run, and print what stands below them.

Every example in a docstring of the package is a doctest.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import pkgutil
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import lookalike

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line it begins in, and the language and text of what follows."""

    language: str
    text: str
    line: int
    output: str | None


def blocks_of(document: str) -> list[Block]:
    """The fenced blocks of a document in Markdown."""
    found = list(FENCE.finditer(document))
    blocks = []
    for n, here in enumerate(found):
        after = found[n + 1] if n + 1 < len(found) else None
        follows = after is not None and after[1] == "text" and not document[here.end() : after.start()].strip()
        line = document.count("\n", 0, here.start()) + 2
        blocks.append(Block(here[1], here[2], line, after[2] if after is not None and follows else None))
    return blocks


def transcript(block: Block) -> Iterator[tuple[list[str], str]]:
    """Each command of a console block, and what it prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield shlex.split(command, comments=True), output


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    make_photos = runpy.run_path(str(ROOT / "demo" / "photos.py"))["make_photos"]
    try:
        make_photos(folder / "photos")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture
def in_photo_folder(photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(photo_folder)
    # What tables print depends on the width of the terminal.
    monkeypatch.setenv("COLUMNS", "120")
    return photo_folder


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks(path: Path, in_photo_folder: Path) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(path.read_text(encoding="utf-8")):
        if block.language != "python":
            continue
        # Padded, so that a traceback gives the line in the document.
        code = compile("\n" * (block.line - 1) + block.text, str(path), "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, namespace)
        if block.output is not None:
            assert printed.getvalue() == block.output, f"{path.name}, line {block.line}: it prints something else"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_console_blocks(path: Path, in_photo_folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    for block in blocks_of(path.read_text(encoding="utf-8")):
        if block.language != "console":
            continue
        for command, output in transcript(block):
            if command[0] != "lookalike":
                continue
            words = [sys.executable, "-m", *command]
            done = subprocess.run(words, env=environment, capture_output=True, encoding="utf-8", timeout=120)
            assert done.stdout == output, f"{path.name}, line {block.line}: {shlex.join(command)}\n{done.stderr}"


def modules() -> list[str]:
    names = [module.name for module in pkgutil.walk_packages(lookalike.__path__, "lookalike.")]
    return ["lookalike", *(name for name in names if not name.endswith("__main__"))]


@pytest.mark.parametrize("name", modules())
def test_docstrings(name: str, in_photo_folder: Path) -> None:
    module = import_module(name)
    assert isinstance(module, ModuleType)
    results = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert results.failed == 0, f"{results.failed} of {results.attempted} examples in {name} failed: see above"


def test_demo_says_what_is_true(photo_folder: Path, tmp_path: Path) -> None:
    """The demo's own words about its photographs, which `make demo` prints."""
    command = [sys.executable, str(ROOT / "demo" / "demo.py"), str(tmp_path / "photos")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    colors = shown[shown.index("colorhash  ") :]
    assert "motorcycle.png  = motorcycle_other_view\n" in colors[: colors.index("no copy.")]
    assert "rocket_watermarked.jpg by phash within 0 bits: no\n" in shown
    assert "rocket_watermarked.jpg by phash within 6 bits: yes\n" in shown
    assert (tmp_path / "gallery.html").stat().st_size > 50_000


def test_readme_has_examples() -> None:
    languages = [block.language for block in blocks_of(DOCUMENTS[0].read_text(encoding="utf-8"))]
    assert "python" in languages


def test_blocks_are_found() -> None:
    document = "a\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nx\n```\nthen\n```text\ny\n```\n"
    assert blocks_of(document) == [
        Block("python", "print(1)\n", 3, "1\n"),
        Block("text", "1\n", 7, None),
        Block("python", "x\n", 11, None),
        Block("text", "y\n", 15, None),
    ]


def test_transcripts_are_read() -> None:
    block = Block("console", "$ lookalike hash 'a b.jpg'  # one\n12  a b.jpg\n$ ls\n", 1, None)
    assert list(transcript(block)) == [(["lookalike", "hash", "a b.jpg"], "12  a b.jpg\n"), (["ls"], "")]
