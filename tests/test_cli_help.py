"""Help, version, usage errors, and what the command line loads for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import run
from lookalike import _core
from lookalike.cli import library
from lookalike.cli.arguments import FRAME_FORMS
from lookalike.frames import load

GOLDEN = Path(__file__).parent / "golden" / "help"
COMMANDS = (
    *("hash", "scan", "duplicates", "similar", "compare", "evidence", "gallery", "library", "evaluate", "calibrate"),
    *(f"library {name}" for name in library.COMMANDS),
)
HEAVY = {"PIL", "numpy", "pandas", "polars", "pyarrow", "narwhals", "tqdm", "urllib3"}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_the_golden_text(command: str) -> None:
    result = run(*command.split(), "--help")
    assert (result.status, result.err) == (0, "")
    file = GOLDEN / f"{_stem(command)}.txt"
    expected = file.read_text(encoding="utf-8") if file.exists() else ""
    if result.out != expected and os.environ.get("LOOKALIKE_REWRITE") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        file.write_text(result.out, encoding="utf-8")
    assert result.out == expected, f"{file.name} differs: set LOOKALIKE_REWRITE=1 to rewrite it, and look at the change"


def test_golden_texts_are_those_of_the_commands() -> None:
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(map(_stem, ["", *COMMANDS]))


def _stem(command: str) -> str:
    return command.replace(" ", "-") or "lookalike"


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([*command.split(), "--help"] for command in COMMANDS)])
def test_light_commands_load_nothing_heavy(words: list[str]) -> None:
    code = "import sys; from lookalike.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stderr.split()}


def test_forms_of_frames_are_those_that_load_knows() -> None:
    with pytest.raises(ValueError, match=rf"end in {', '.join(FRAME_FORMS)};"):
        load("frame.txt")


def test_version() -> None:
    assert run("--version").out == f"lookalike {_core.__version__}\n"


def test_no_command_shows_the_help_and_fails() -> None:
    result = run()
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("usage: lookalike")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hsah"], "unknown command 'hsah': expected one of hash, scan,"),
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["hash"], "required: FILE"),
        (["hash", ""], "expected a name, got an empty text"),
        (["hash", "--bogus", "x"], "unrecognized arguments: --bogus"),
        (["hash", "--kin", "phash", "x"], "unrecognized arguments: --kin"),
        (["hash", "--json", "--csv", "x"], "not allowed with argument"),
        (["hash", "--kind", "fhash", "x"], "unknown hash kind 'fhash': expected one of ahash, phash,"),
        (["hash", "--kind", "phash,", "x"], "unknown hash kind ''"),
        (["hash", "--size", "1", "x"], "expected a size from 2 to 128, got 1"),
        (["hash", "--size", "9", "--kind", "whash", "x"], "expected a power of two as its size, got 9"),
        (["hash", "--size", "x", "x"], "expected a whole number from 1, got 'x'"),
        (["hash", "--workers", "0", "x"], "expected a whole number from 1, got '0'"),
        (["hash", "--recipe", "cake", "x"], "invalid choice: 'cake'"),
        (["hash", "-", "-"], "expected '-' once"),
        (["scan", "x", "-o", "x.txt"], "expected a name that ends in .csv, .parquet or .json, got 'x.txt'"),
        (["duplicates", "x", "--on", "fhash"], "unknown hash kind 'fhash'"),
        (["duplicates", "a.csv", "b.csv"], "expected one frame, or things to scan; got 2 names"),
        (["similar", "x"], "required: FOLDER_OR_FRAME"),
        (["similar", "x", "y", "-k", "0"], "expected a whole number from 1, got '0'"),
        (["similar", "x", "y", "--radius", "65"], "expected a whole number from 0 to 64 bits for phash, got 65"),
        (["similar", "x", "y", "--radius", "2.5"], "expected a whole number from 0 to 64 bits for phash, got 2.5"),
        (["similar", "x", "y", "--radius=-1"], "expected a number from 0, got '-1'"),
        (["similar", "x", "y", "--radius", "nan"], "expected a number from 0, got 'nan'"),
        (["compare", "x"], "required: B"),
        (["gallery", "x", "--limit", "0"], "expected a whole number from 1, got '0'"),
        (["gallery", "x", "-o", "frame.csv"], "expected a name that ends in .html or .htm, got 'frame.csv'"),
        (["gallery", "x", "-o", "html"], "expected a name that ends in .html or .htm, got 'html'"),
        (["similar", "x", "y", "--gallery", "a.JPG"], "expected a name that ends in .html or .htm, got 'a.JPG'"),
        (["similar", "x", "y", "--gallery=f.parquet"], "expected a name that ends in .html or .htm, got 'f.parquet'"),
        (["--", "-x"], "unknown command '-x'"),
    ],
)
def test_wrong_usage(words: list[str], message: str, tmp_path: Path) -> None:
    result = run(*words, cwd=tmp_path)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("lookalike: ")
    assert message in result.err
    assert not list(tmp_path.iterdir())
