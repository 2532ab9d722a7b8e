"""Parquet files that are larger than they look, and ordinary ones."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lookalike import Library
from lookalike.frames import load
from lookalike.parquet import read

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

CODE = {"phash": "0" * 16, "recipe": "standard/2", "error": None}


def repeated(path: Path, text: str | bytes, rows: int, group: int = 500) -> Path:
    """A text that stands once in each group of rows, and that all its rows have."""
    kind = pa.large_string() if isinstance(text, str) else pa.large_binary()
    rest = {name: pa.array([value] * group, pa.string()) for name, value in CODE.items()}
    table = pa.table({"image": pa.array([text] * group, kind), **rest})
    with pq.ParquetWriter(path, table.schema, compression="zstd", dictionary_pagesize_limit=1 << 27) as writer:
        for _ in range(rows // group):
            writer.write_table(table)
    return path


@pytest.mark.parametrize("text", ["x" * 600_000, b"x" * 600_000])
def test_texts_that_are_repeated_a_thousandfold(tmp_path: Path, text: str | bytes) -> None:
    """8 kB of file, 600 MB of texts: refused before there is memory for them."""
    path = repeated(tmp_path / "bomb.parquet", text, 1000)
    assert path.stat().st_size < 20_000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"bomb\.parquet.*at most [0-9,]+ bytes in [0-9]+ rows, got"):
            load(path)
        with (
            Library(tmp_path / "library", kinds="phash") as library,
            pytest.raises(ValueError, match=r"bomb\.parquet: expected at most [0-9,]+ bytes in [0-9]+ rows, got"),
        ):
            library.import_file(path)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    assert pa.total_allocated_bytes() < 200_000_000


def test_a_text_that_is_longer_than_any(tmp_path: Path) -> None:
    path = repeated(tmp_path / "long.parquet", "x" * 70_000_000, 1, group=1)
    with pytest.raises(ValueError, match="at most 16,064,000 bytes in 1 rows, got 70,"):
        load(path)


DAMAGED = """
import sys
from lookalike.parquet import read
path, start = sys.argv[1], int(sys.argv[2])
data = open(path, "rb").read()
for at in range(start, len(data)):
    for value in (data[at] ^ 1, (data[at] + 2) % 256):
        open(path, "wb").write(data[:at] + bytes([value]) + data[at + 1 :])
        try:
            list(read(path)[1])
        except (ValueError, OSError):
            pass
print("alive")
"""


def test_damage_in_what_a_file_notes_of_itself_does_not_end_the_process(tmp_path: Path) -> None:
    """Where the notes on a column are wrong, to ask pyarrow for them does (26.0)."""
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"image": ["a", None, "b"], "width": [1, 2, None]}), path)
    start = path.stat().st_size - 8 - int.from_bytes(path.read_bytes()[-8:-4], "little")
    command = [sys.executable, "-c", DAMAGED, str(path), str(start)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-500:]


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """A group of rows that takes 60 MB takes some of it at a time."""
    rng = np.random.default_rng(1)
    pd.DataFrame({"image": range(60_000), "look": [rng.bytes(1000) for _ in range(60_000)]}).to_parquet(
        tmp_path / "table.parquet"
    )
    before, most = pa.total_allocated_bytes(), 0
    for number, row in enumerate(read(tmp_path / "table.parquet")[1]):
        assert row["image"] == number
        most = max(most, pa.total_allocated_bytes() - before) if number % 1000 == 0 else most
    assert number == 59_999
    assert most < 30_000_000


def test_lists_without_end(tmp_path: Path) -> None:
    table = pa.table({"image": ["a"], "numbers": pa.array([np.zeros(30_000_000, np.int8)], pa.list_(pa.int8()))})
    pq.write_table(table, tmp_path / "lists.parquet")
    with pytest.raises(ValueError, match="at most 16,064,000 bytes in 1 rows, got 30,"):
        load(tmp_path / "lists.parquet")


@pytest.mark.parametrize("form", ["list", "struct"])
def test_texts_in_lists_and_records_count_too(tmp_path: Path, form: str) -> None:
    cell, kind = (["x" * 600_000], pa.list_(pa.string())) if form == "list" else ({"a": "x" * 600_000}, None)
    table = pa.table({"image": ["a"] * 500, "more": pa.array([cell] * 500, kind)})
    pq.write_table(table, tmp_path / "table.parquet", dictionary_pagesize_limit=1 << 24)
    with pytest.raises(ValueError, match=r"at most [0-9,]+ bytes in [0-9]+ rows, got"):
        load(tmp_path / "table.parquet")


def test_long_texts_that_are_not_repeated(tmp_path: Path) -> None:
    path = repeated(tmp_path / "table.parquet", "x" * 10_000, 1000)
    assert set(load(path)["image"]) == {"x" * 10_000}


def test_values_of_every_type_come_back(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "image": pd.Categorical(["a", "b", "a", None]),
            "numbers": pd.Categorical([1, 2, 1, 1]),
            "look": [b"\0\xff", None, b"", b"x"],
            "width": pd.array([1, None, 3, 4], "Int64"),
            "share": [0.5, 1.0, None, 2.0],
            "flag": [True, False, None, True],
            "when": pd.to_datetime(["2026-01-01", "NaT", "2026-01-02", "2026-01-03"]),
        }
    )
    frame.to_parquet(tmp_path / "table.parquet")
    names, rows = read(tmp_path / "table.parquet")
    assert names == list(frame.columns)
    assert [*rows] == pq.read_table(tmp_path / "table.parquet").to_pylist()


def test_a_table_without_rows(tmp_path: Path) -> None:
    pd.DataFrame({"image": pd.Series([], dtype=str)}).to_parquet(tmp_path / "table.parquet")
    names, rows = read(tmp_path / "table.parquet")
    assert names == ["image"]
    assert list(rows) == []
