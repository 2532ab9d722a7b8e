"""Names that act on a terminal: nothing that a command prints is what they say."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from commands import noise, run
from lookalike import cli
from lookalike.errors import SourceError, visible
from lookalike.fingerprints import fingerprint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such names there")

ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
NAMES = (
    "\x1b[31mred\x1b]0;title\x07\x08\r\x9b31m\u202egnp.\u2066exe.png",
    "two\nlookalike: all is well.png",
    os.fsdecode(b"caf\xe9;=1.png"),
)
BAD = f"x{NAMES[0]}"


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(NAMES):
        noise(number).save(name)
        Path(f"x{name}").write_bytes(b"\x1b[31m no picture \x1b[0m")
    return list(NAMES)


@pytest.mark.parametrize(
    "command",
    [
        ["hash", "."],
        ["scan", ".", "-o", "frame.csv"],
        ["similar", NAMES[0], "."],
        ["compare", BAD, NAMES[0]],
        ["evidence", NAMES[0], NAMES[1], "-o", "out.html"],
        ["library", "add", "\x1b[31m.library", ".", "--json", "--owner", "\x1b[31m"],
        ["\x1b[31m"],
    ],
    ids=repr,
)
def test_nothing_acts_on_the_terminal(names: list[str], command: list[str]) -> None:
    done = run(*command)
    assert not ACTS.search(done.err), ascii(done.err)
    assert not ACTS.search(done.out), ascii(done.out)
    assert "\nlookalike: all is well" not in f"\n{done.out}{done.err}"


def test_libraries_do_not_either(names: list[str]) -> None:
    run("library", "add", "lib", ".")
    for command in (["search", "lib", NAMES[0], BAD], ["failures", "lib"]):
        done = run("library", *command)
        assert not ACTS.search(done.out + done.err), ascii(done.out + done.err)


def test_a_trace_does_not_either(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(words: object, debug: bool) -> int:
        raise ValueError("no picture: x\x1b[31m\u202e")

    monkeypatch.setattr(cli, "_run", fail)
    assert cli.main(["hash", "x", "--debug"]) == 2
    trace = capsys.readouterr().err
    assert "Traceback" in trace
    assert not ACTS.search(trace)


def test_a_name_is_told_on_one_line(names: list[str]) -> None:
    done = run("hash", ".")
    assert len(done.out.splitlines()) == len(NAMES)
    assert len(done.err.splitlines()) == len(NAMES)
    rows = [json.loads(line) for line in run("hash", "--json", ".").out.splitlines()]
    assert {row["image"] for row in rows} >= {f"./{name}" for name in NAMES if name.isascii()}


def test_exceptions_that_name_a_file_do_not_act_either(names: list[str]) -> None:
    with pytest.raises(SourceError) as caught:
        fingerprint(BAD)
    assert not ACTS.search(str(caught.value))
    assert visible("a\x1b[31m\u202eb\xe9") == "a\\x1b[31m\\u202eb\xe9"
