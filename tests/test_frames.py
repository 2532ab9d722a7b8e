"""Tables: the same rows in pandas, polars and Arrow, and through files."""

from __future__ import annotations

import builtins
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lookalike.errors import ColumnError, MissingExtraError, NoFileError
from lookalike.frames import column_names, load, read_columns, require_column, rows_of, save, take, to_frame

COLUMNS = ["image", "ahash", "colorhash", "width", "format", "error"]
ROWS: list[dict[str, Any]] = [
    dict(zip(COLUMNS, ["a.jpg", "0000000000000000", "0e400008002", 5, "JPEG", None], strict=True)),
    dict(zip(COLUMNS, ['b, "c"\n.jpg', None, None, None, None, "gone: bad"], strict=True)),
    dict(zip(COLUMNS, ["ü.png", "1234567890123456", "06280000000", 7, "PNG", None], strict=True)),
]
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.Table}


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of table in turn."""
    return str(request.param)


def test_rows_come_back_as_they_went_in(kind: str) -> None:
    frame = to_frame(iter(ROWS), COLUMNS, kind)
    assert isinstance(frame, KINDS[kind])
    assert column_names(frame) == COLUMNS
    assert rows_of(frame) == ROWS
    assert [type(value) for value in read_columns(frame, ["width"])["width"]] == [int, type(None), int]


def test_a_table_without_rows_has_its_columns(kind: str) -> None:
    frame = to_frame([], COLUMNS, kind)
    assert column_names(frame) == COLUMNS
    assert rows_of(frame) == []


def test_a_column_without_values_has_its_type(kind: str) -> None:
    frame = to_frame([dict.fromkeys(COLUMNS)], COLUMNS, kind)
    if kind == "polars":
        assert frame.schema["error"] == pl.String
        assert frame.schema["width"] == pl.Int64
    elif kind == "arrow":
        assert frame.schema.field("width").type == pa.int64()
    else:
        assert str(frame.dtypes["width"]) == "Int64"
    assert rows_of(frame) == [dict.fromkeys(COLUMNS)]


def test_pandas_keeps_whole_numbers_and_none() -> None:
    frame = to_frame(ROWS, COLUMNS)
    assert str(frame["width"].dtype) == "Int64"
    assert frame["error"][0] is None


def test_taking_rows_keeps_the_kind_and_adds_columns(kind: str) -> None:
    frame = to_frame(ROWS, COLUMNS, kind)
    added = {"hamming_distance": [0, None], "segment_distance": [0.5, 1.0], "duplicate_of": ["x", None]}
    taken = take(frame, [2, 0], added)
    assert isinstance(taken, KINDS[kind])
    assert column_names(taken) == [*COLUMNS, "hamming_distance", "segment_distance", "duplicate_of"]
    last = {"hamming_distance": None, "segment_distance": 1.0, "duplicate_of": None}
    assert rows_of(taken)[1] == {**ROWS[0], **last}
    assert rows_of(take(frame, [])) == []


def test_a_column_that_is_there_is_replaced(kind: str) -> None:
    taken = take(to_frame(ROWS, COLUMNS, kind), [1], {"width": [9]})
    assert column_names(taken) == ["image", "ahash", "colorhash", "format", "error", "width"]
    assert rows_of(taken)[0]["width"] == 9


def test_pandas_labels_stay_with_their_rows() -> None:
    frame = to_frame(ROWS, COLUMNS).set_axis(["x", "y", "x"])
    taken = take(frame, [2, 1], {"hamming_distance": [3, 4]})
    assert list(taken.index) == ["x", "y"]
    assert list(taken["hamming_distance"]) == [3, 4]
    assert taken["error"].tolist() == [None, "gone: bad"]
    assert take(frame, [1], {"duplicate_of": [None]})["duplicate_of"].tolist() == [None]
    assert list(frame.columns) == COLUMNS


def test_a_missing_column_is_named_with_those_that_are_there(kind: str) -> None:
    with pytest.raises(ColumnError, match="expected a column 'phash', got a table with the columns image, ahash,"):
        require_column(to_frame(ROWS, COLUMNS, kind), "phash")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a table of pandas, polars, Arrow"):
        column_names([1, 2])


def test_an_unknown_kind_of_table() -> None:
    with pytest.raises(ValueError, match="unknown kind of table 'numpy': expected one of pandas, polars, arrow"):
        to_frame(ROWS, COLUMNS, "numpy")


@pytest.mark.parametrize(("to", "extra"), [("polars", "polars"), ("arrow", "arrow")])
def test_a_package_that_is_not_installed(to: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.frames.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'lookalike\[{extra}\]'"):
        to_frame(ROWS, COLUMNS, to)


@pytest.mark.parametrize("extension", ["csv", "json", "parquet", "CSV"])
def test_a_file_gives_the_same_rows(kind: str, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"frame.{extension}"
    save(to_frame(ROWS, COLUMNS, kind), path)
    back = load(path, kind)
    assert isinstance(back, KINDS[kind])
    assert rows_of(back) == ROWS
    save(ROWS, path)
    assert rows_of(load(path)) == ROWS


@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_an_empty_table_goes_through_a_file(extension: str, tmp_path: Path) -> None:
    save(to_frame([], COLUMNS), tmp_path / f"frame.{extension}")
    assert column_names(load(tmp_path / f"frame.{extension}")) == COLUMNS


def test_a_user_s_own_columns_survive(tmp_path: Path) -> None:
    own = pd.DataFrame({"image": ["a"], "price": [1.5], "sold": [True], "on": pd.to_datetime(["2021-03-01"]), "n": [3]})
    save(own, tmp_path / "own.parquet")
    back = load(tmp_path / "own.parquet")
    assert list(back["on"].dt.year) == [2021]
    assert rows_of(back)[0]["sold"] is True
    for extension in ("csv", "json"):
        save(own, tmp_path / f"own.{extension}")
        assert column_names(load(tmp_path / f"own.{extension}")) == list(own.columns)


def test_a_column_of_lists_survives(kind: str, tmp_path: Path) -> None:
    rows = [{"image": "a", "vector": [1.0, 2.0], "score": math.nan}, {"image": "b", "vector": [3.0], "score": 0.5}]
    frame = to_frame(rows, ["image", "vector", "score"], kind)
    found = rows_of(frame)
    assert [list(row["vector"]) for row in found] == [[1.0, 2.0], [3.0]]
    assert [row["score"] for row in found] == [None, 0.5]
    for extension in ("csv", "json", "parquet"):
        save(frame, tmp_path / f"lists.{extension}")
    for extension in ("json", "parquet"):
        back = rows_of(load(tmp_path / f"lists.{extension}", kind))
        assert [list(row["vector"]) for row in back] == [[1.0, 2.0], [3.0]]


def test_a_column_of_arrays_survives(tmp_path: Path) -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "vector": [np.array([1, 2]), np.array([3, 4])]})
    assert [row["vector"].tolist() for row in rows_of(frame)] == [[1, 2], [3, 4]]
    assert read_columns(frame, ["image"])["image"] == ["a", "b"]
    for extension in ("csv", "json", "parquet"):
        save(frame, tmp_path / f"arrays.{extension}")
        assert column_names(load(tmp_path / f"arrays.{extension}")) == ["image", "vector"]
    assert rows_of(load(tmp_path / "arrays.json"))[1]["vector"] == [3, 4]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"image,width\nx\n"),
        ("a.csv", b"image,width\nx,1,2\n"),
        ("a.csv", b"image,width\nx,many\n"),
        ("a.csv", b"\xff\xfe\x00\xd8"),
        ("a.json", b"{}"),
        ("a.json", b"[1]"),
        ("a.json", b"no"),
        ("a.parquet", b"PAR1"),
    ],
)
def test_a_file_that_is_no_table(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="expected a table as"):
        load(tmp_path / name)


def test_files_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"to end in .csv, .json, .parquet; got 'frame.xlsx'"):
        load("frame.xlsx")
    with pytest.raises(NoFileError, match="no such file"):
        load(tmp_path / "none.csv")


def test_parquet_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[arrow\]'"):
        load(_touch(tmp_path / "a.parquet"))


def _touch(path: Path) -> Path:
    path.touch()
    return path


def test_a_csv_that_went_through_pandas_is_read(tmp_path: Path) -> None:
    path = tmp_path / "frame.csv"
    path.write_text("image,phash,width\na.jpg,fe86c38181c1c3c7,512.0\nbad.jpg,,\n", encoding="utf-8")
    rows = rows_of(load(path))
    assert [row["width"] for row in rows] == [512, None]
