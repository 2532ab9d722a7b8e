"""Whatever words the command line is given: a status that it documents, no trace, and JSON that is JSON.

The words are tried in forks of one process that has everything loaded, so that a try costs what the command itself
does, and with as little room as a mistake should have: an empty home, and no network but this machine's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands import picture_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

NURSERY = """
    import faulthandler, json, os, sys
    import lookalike.cli, lookalike.fingerprints, lookalike.comparing, lookalike.library, lookalike.show.gallery
    import numpy, pandas, pyarrow.parquet, PIL.Image
    from lookalike.cli import main

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(os.path.join(sys.argv[1], name), os.O_CREAT | os.O_TRUNC | os.O_WRONLY), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            faulthandler.dump_traceback_later(50, exit=True)
            sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in ((0, "r"), (1, "w"), (2, "w")))
            status = main(json.loads(line))
            sys.stdout.flush()
            os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Ran(NamedTuple):
    status: int
    out: str
    err: str


class Nursery:
    """The process that forks, in a folder with a few pictures and files to be mistaken for them."""

    def __init__(self, folder: Path) -> None:
        self.told = folder / "told"
        self.told.mkdir()
        home = {"HOME": str(self.told), "XDG_CACHE_HOME": str(self.told), "COLUMNS": "80"}
        command = [sys.executable, "-c", textwrap.dedent(NURSERY), str(self.told)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=folder / "here", env={**os.environ, **home}, **pipes)

    def run(self, words: list[str]) -> Ran:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        out, err = ((self.told / name).read_text(errors="surrogateescape") for name in ("out", "err"))
        return Ran(status, out, err)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("words")
    (folder / "here").mkdir()
    picture_folder(folder / "here" / "photos", 3)
    (folder / "here" / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (folder / "here" / "notes.txt").write_text("no picture")
    (folder / "here" / "frame.csv").write_text("image,phash\na,0123456789abcdef\nb,\n")
    (folder / "here" / "bad.csv").write_text('image,phash\na,"zz\n')
    (folder / "here" / "empty").mkdir()
    made = Nursery(folder)
    assert made.run(["library", "add", "lib", "photos", "-q"]).status == 1
    yield made
    made.close()


OF_LIBRARIES = (
    "add search parts duplicates pairs groups popular reuse matches allow failures remove stats verify compact"
)
COMMANDS = "hash scan duplicates similar compare evidence gallery calibrate"
OPTIONS = """
    --help --version --kind --size --recipe --json --csv --allow-host --allow-private --workers -q --quiet --on -k
    --radius --gallery --picture --parts --output -o --query --limit --images --originals --edits --rate --seed --owner
    --listing --time --fact --table --source-column --retry --no-parts --wait --confidence --transforms --logos --files
    --repair --library --tries --no-such-option -- -
"""
PLACES = "photos photos/0.png photos/1.png photos/broken.png photos/*.png notes.txt empty frame.csv bad.csv lib new"
VALUES = """
    phash ahash,dhash colorhash pdq crop_resistant phash:16 whash:3 zzz 0 1 8 -1 9999999999999999999999 nan inf 1e3 0.5
    standard imagehash auto always never all none mirror strict a=1 a:=[1] a:={ = 2024-05-01 out.csv out.parquet
    out.json out.html out.png nowhere/out.csv 0123456789abcdef http://127.0.0.1:1/a.png ftp://x.y/z 10.0.0.0/8 owner
"""
COMMAND = st.sampled_from(
    [*COMMANDS.split(), *(f"library {name}" for name in [*OF_LIBRARIES.split(), "export", "import", "export lib"])]
)
PLACE, VALUE = st.sampled_from(PLACES.split()), st.sampled_from(VALUES.split())
TEXT = st.text(st.characters(exclude_characters="/~*?[]\0", exclude_categories=["Cs"]), max_size=4)
WORD = st.one_of(st.sampled_from(OPTIONS.split()), PLACE, PLACE, VALUE, TEXT)
LINE = st.tuples(st.one_of(COMMAND, COMMAND, VALUE), st.lists(WORD, max_size=6))


def checked(nursery: Nursery, words: list[str]) -> Ran:
    """What came of the words, whatever they are."""
    ran = nursery.run(words)
    assert ran.status in (0, 1, 2), (words, ran)
    assert "Traceback" not in ran.out + ran.err, (words, ran.err)
    assert "--debug shows where" not in ran.err, (words, "an error that nobody expected", ran.err)
    assert ran.status != 2 or ran.err.strip(), (words, "no word of what is wrong")
    assert not any(ord(sign) < 32 and sign not in "\n\r\t" for sign in ran.out + ran.err), (words, ran)
    return ran


@settings(max_examples=45)
@given(line=LINE)
def test_any_words_end_with_a_status_and_no_trace(nursery: Nursery, line: tuple[str, list[str]]) -> None:
    words = [*line[0].split(" "), *(word for word in line[1] if word != "--debug")]
    ran = checked(nursery, words)
    if "--json" in words and "--help" not in words and "--csv" not in words:
        for text in ran.out.splitlines():
            json.loads(text)


@settings(max_examples=15)
@given(
    command=st.sampled_from(["hash", "duplicates", "similar photos/0.png", "library search lib", "library pairs lib"]),
    sources=st.lists(PLACE, max_size=3),
)
@example(command="duplicates", sources=["bad.csv"])
@example(command="hash", sources=["photos/broken.png", "photos/0.png"])
def test_json_is_json(nursery: Nursery, command: str, sources: list[str]) -> None:
    if "pairs" in command:
        sources = []
    ran = checked(nursery, [*command.split(), *sources, "--json", "-q"])
    rows = [json.loads(text) for text in ran.out.splitlines()]
    assert all(isinstance(row, dict) for row in rows), ran
    assert rows or ran.status or command != "hash", ran
