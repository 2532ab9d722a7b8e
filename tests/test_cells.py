"""Cells of CSV: no formula in any spreadsheet, and the same text again."""

from __future__ import annotations

import csv
import io
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands import noise, run
from lookalike import cells
from lookalike.cli.output import csv_line
from lookalike.frames import load, rows_of, save
from lookalike.library import Library
from lookalike.library.exporting import _marked
from lookalike.library.exporting import unmarked as unmarked_export

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
HOSTILE = st.text(st.sampled_from([*SIGNS, *"';,\"\t\r\n |ab1()!\\"]), max_size=12) | st.text(max_size=12)


def formulas(line: str, separator: str) -> list[str]:
    """Cells that a spreadsheet with this separator would compute, by the crudest reading there is."""
    pieces = [piece for row in line.replace("\r", "\n").split("\n") for piece in row.split(separator)]
    return [piece for piece in pieces if piece.lstrip(' "\t')[:1] in tuple(SIGNS)]


@given(HOSTILE)
@example("=1")
@example("'=1")
@example("a;=1")
@example("a;'=1")
@example("'\t")
@example('";"=cmd')
def test_marks_come_off_again(text: str) -> None:
    assert cells.unmarked(cells.marked(text)) == text
    assert not cells.is_formula(cells.marked(text)) or cells.marked(text).startswith("'")
    if text:
        assert unmarked_export(_marked(text)) == text


def test_marks_come_off_every_short_text() -> None:
    tried = 0
    for length in range(6):
        for signs in product("'=;\ta \"", repeat=length):
            text = "".join(signs)
            assert cells.unmarked(cells.marked(text)) == text
            assert not text or unmarked_export(_marked(text)) == text
            tried += 1
    assert tried == 19_608


@given(HOSTILE, HOSTILE)
@example("a;=cmd|' /C calc'!A0.jpg", "x\n=1")
@example('a;"=1.jpg', 'b\t"=1')
def test_no_cell_is_a_formula_whatever_the_separator(image: str, error: str) -> None:
    line = csv_line(("image", "error"), (image, error))
    assert formulas(line, ";") == []
    assert formulas(line, "\t") == []
    (row,) = csv.reader(io.StringIO(line, newline=""))
    assert not [cell for cell in row if cell[:1] in tuple(SIGNS) and cell != "-"]
    for given_text, cell in zip((image, error), row, strict=True):
        expected = given_text.encode("utf-8", "backslashreplace").decode()
        assert cells.unmarked(cell).removeprefix("./") == expected.removeprefix("./")


@given(st.lists(st.tuples(HOSTILE.filter(bool), HOSTILE.filter(bool)), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_tables_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("cells") / "frame.csv"
    table = [{"image": image, "error": error} for image, error in rows]
    try:
        save(table, path)
    except UnicodeEncodeError:
        return  # half of a character is no text
    assert rows_of(load(path)) == table
    assert formulas(path.read_text(encoding="utf-8"), ";") == []


def test_files_with_the_names_of_formulas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["=1+1.png", "@SUM(A1).png", "a;=cmd|' C calc'!A0.png", "'=1.png", "-2.png", "b\n=1.png", 'c;"=1.png']
    for number, name in enumerate(names):
        noise(number).save(name)
    assert run("scan", "-o", "frame.csv", "--", *names).status == 0
    written = Path("frame.csv").read_text(encoding="utf-8")
    assert formulas(written, ";") == formulas(written, ",") == formulas(written, "\t") == []
    images = [row["image"] for row in rows_of(load("frame.csv"))]
    assert [image.removeprefix("./") for image in images] == names
    assert all(Path(image).exists() for image in images)
    library = Library("shop.library")
    library.add(names)
    library.export("out.csv")
    assert formulas(Path("out.csv").read_text(encoding="utf-8"), ";") == []
    again = Library("again.library")
    again.import_file("out.csv")
    again.export("again.csv")
    assert Path("again.csv").read_bytes() == Path("out.csv").read_bytes()
