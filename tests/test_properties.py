"""Whatever goes in comes out: one row for each source, in order, and as many rows of a frame as there were."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library_help import picture
from lookalike import find_duplicates, find_similar, fingerprint, fingerprint_many
from lookalike.frames import load, save
from lookalike.sources import expand

PICTURES = 3
CODES = [str(fingerprint(picture(number), kinds="phash")["phash"]) for number in range(PICTURES)]


class Source(NamedTuple):
    """Something that a user may give, and the rows that it must become: a picture's number, or `None` for an error."""

    what: str
    made: Callable[[Path], Any]
    rows: list[int | None]


def content(number: int) -> bytes:
    file = io.BytesIO()
    picture(number).save(file, "PNG")
    return file.getvalue()


CONTENTS = [content(number) for number in range(PICTURES)]


def good(number: int) -> list[Source]:
    """One picture in every form in which it may come."""
    name, data = f"{number}.png", CONTENTS[number]
    return [
        Source(f"{what} {number}", made, [number])
        for what, made in (
            ("path", lambda folder: folder / name),
            ("text", lambda folder: str(folder / name)),
            ("bytes", lambda _: data),
            ("bytearray", lambda _: bytearray(data)),
            ("memoryview", lambda _: memoryview(data)),
            ("file", lambda _: io.BytesIO(data)),
            ("image", lambda _: picture(number)),
            ("array", lambda _: np.asarray(picture(number))),
            ("pattern", lambda folder: str(folder / f"{number}.*")),
        )
    ]


def looped() -> list[Any]:
    around: list[Any] = []
    around.append(around)
    return around


def read_up() -> io.BytesIO:
    file = io.BytesIO(CONTENTS[0])
    file.read()
    return file


def closed() -> io.BytesIO:
    file = io.BytesIO(CONTENTS[0])
    file.close()
    return file


BAD = [
    Source("missing", lambda folder: folder / "missing.png", [None]),
    Source("no match", lambda folder: str(folder / "*.gif"), [None]),
    Source("empty text", lambda _: "", [None]),
    Source("scheme", lambda _: "ftp://example.org/a.png", [None]),
    Source("private address", lambda _: "http://127.0.0.1/a.png", [None]),
    Source("none", lambda _: None, [None]),
    Source("nan", lambda _: float("nan"), [None]),
    Source("NA", lambda _: pd.NA, [None]),
    Source("number", lambda _: 7, [None]),
    Source("dictionary", lambda _: {"a": 1}, [None]),
    Source("frame", lambda _: pd.DataFrame({"image": ["a"]}), [None]),
    Source("no picture", lambda _: b"no picture", [None]),
    Source("nothing", lambda _: b"", [None]),
    Source("half", lambda _: CONTENTS[0][:40], [None]),
    Source("text file", lambda _: io.StringIO("text"), [None]),
    Source("read up", lambda _: read_up(), [None]),
    Source("closed", lambda _: closed(), [None]),
    Source("array of one side", lambda _: np.zeros(5), [None]),
    Source("empty array", lambda _: np.zeros((0, 4), np.uint8), [None]),
    Source("object", lambda _: object(), [None]),
    Source("itself", lambda _: looped(), [None]),
]
SEVERAL = [
    Source("folder", lambda folder: folder, list(range(PICTURES))),
    Source("all", lambda folder: str(folder / "*.png"), list(range(PICTURES))),
    Source("empty list", lambda _: [], []),
]
ONE = st.sampled_from([source for number in range(PICTURES) for source in good(number)] + BAD + SEVERAL)
WAYS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "generator": lambda members: (member for member in members),
    "series": lambda members: pd.Series(members, dtype=object),
    "dictionary's values": lambda members: dict(enumerate(members)).values(),
}


def collected(members: st.SearchStrategy[Source]) -> st.SearchStrategy[Source]:
    """Some sources in a collection."""

    def made(way: str, some: list[Source]) -> Source:
        rows = [row for one in some for row in one.rows]
        name = f"{way} of {[one.what for one in some]}"
        return Source(name, lambda folder: WAYS[way]([one.made(folder) for one in some]), rows)

    return st.builds(made, st.sampled_from(list(WAYS)), st.lists(members, max_size=4))


@pytest.fixture(scope="module")
def folder() -> Any:
    with tempfile.TemporaryDirectory() as name:
        for number, data in enumerate(CONTENTS):
            (Path(name) / f"{number}.png").write_bytes(data)
        yield Path(name)


@settings(max_examples=60)
@given(sources=st.lists(st.recursive(ONE, collected, max_leaves=6), max_size=6), workers=st.integers(1, 3))
def test_any_mix_of_sources_gives_one_row_each_in_order(folder: Path, sources: list[Source], workers: int) -> None:
    table = fingerprint_many([one.made(folder) for one in sources], kinds="phash", workers=workers)
    wanted = [None if row is None else CODES[row] for one in sources for row in one.rows]
    got = [None if pd.isna(code) else code for code in table["phash"]]
    assert got == wanted, [one.what for one in sources]
    assert [pd.isna(error) for error in table["error"]] == [code is not None for code in wanted]
    assert table["image"].notna().all()
    assert (table["image"] != "").all()


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)),
    lambda members: st.one_of(st.lists(members, max_size=3), st.dictionaries(st.text(max_size=2), members, max_size=2)),
    max_leaves=6,
)


def leaves(value: Any) -> int:
    """Rows of a value that names no file: of each member one, and none of an empty list."""
    return sum(map(leaves, value)) if isinstance(value, list) else 1


@settings(max_examples=150)
@given(values=st.lists(VALUES, max_size=5))
def test_any_values_give_an_item_each(empty: None, values: list[Any]) -> None:
    usable = [value for value in values if not _names_a_place(value)]
    assert len(list(expand(usable))) == leaves(usable)


def _names_a_place(value: Any) -> bool:
    """Whether a text means a folder or pattern of this computer, which may have many pictures in it."""
    if isinstance(value, list):
        return any(map(_names_a_place, value))
    return isinstance(value, str) and (bool(set("/~.*?[") & set(value)))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """In an empty folder, so that no text is a file's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("empty"))
        yield


HASH = st.one_of(st.none(), st.integers(0, 2**64 - 1).map("{:016x}".format), st.sampled_from(CODES))
LABELS = st.one_of(st.integers(-5, 5), st.text(max_size=3), st.none())
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)


@st.composite
def frames(draw: st.DrawFn) -> tuple[pd.DataFrame, str]:
    """A table with hashes, any index, repeated labels too, and other columns; and the package that it is of."""
    count = draw(st.integers(0, 8))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    index = column(LABELS)
    table = pd.DataFrame(
        {"image": column(TEXT), "phash": pd.Series(column(HASH), dtype=object), "price": column(st.floats(width=32))}
    )
    table.index = pd.Index(index, dtype=object)
    return table, draw(st.sampled_from(["pandas", "polars", "arrow"]))


def native(table: pd.DataFrame, package: str) -> Any:
    if package == "pandas":
        return table
    columns = {name: [None if value is None else value for value in table[name]] for name in table}
    kinds = {"image": pa.string(), "phash": pa.string(), "price": pa.float64()}
    arrow = pa.table({name: pa.array(values, kinds[name]) for name, values in columns.items()})
    return arrow if package == "arrow" else pl.from_arrow(arrow)


def as_pandas(table: Any) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        return table
    return pd.DataFrame(table.to_pydict() if isinstance(table, pa.Table) else table.to_dict(as_series=False))


@settings(max_examples=80)
@given(frames(), st.integers(0, 2**64 - 1))
def test_any_frame_keeps_its_rows_and_its_index(case: tuple[pd.DataFrame, str], query: int) -> None:
    table, package = case
    given_table = native(table, package)
    before = as_pandas(given_table).copy()
    known = [number for number, code in enumerate(table["phash"]) if code is not None]
    ranked = as_pandas(find_similar(given_table, f"{query:016x}", on="phash"))
    distances = {number: (int(table["phash"].iloc[number], 16) ^ query).bit_count() for number in known}
    order = sorted(known, key=lambda number: (distances[number], number))
    assert list(ranked["hamming_distance"]) == [distances[number] for number in order]
    assert [str(image) for image in ranked["image"]] == [table["image"].iloc[number] for number in order]
    if package == "pandas":
        assert list(ranked.index) == [table.index[number] for number in order]
        pd.testing.assert_frame_equal(ranked[list(table)], table.iloc[order])
    repeated = as_pandas(find_duplicates(given_table, on="phash"))
    seen = table["phash"].iloc[known]
    assert len(repeated) == int(seen.duplicated().sum())
    pd.testing.assert_frame_equal(as_pandas(given_table), before)


@settings(max_examples=60)
@given(frames(), st.sampled_from([".csv", ".json", ".parquet"]))
def test_any_frame_comes_back_from_a_file(case: tuple[pd.DataFrame, str], form: str) -> None:
    table = case[0][["image", "phash"]].reset_index(drop=True)
    with tempfile.TemporaryDirectory() as name:
        save(native(case[0], case[1]), Path(name) / f"table{form}")
        back = load(Path(name) / f"table{form}")
    wanted = [(image or (None if form == ".csv" else ""), code) for image, code in table.itertuples(index=False)]
    assert len(back) == len(wanted)
    # Without a row, JSON has no place for names.
    assert not wanted or [tuple(row) for row in missing_as_none(back[["image", "phash"]])] == wanted


def missing_as_none(table: pd.DataFrame) -> list[list[Any]]:
    return [[None if pd.isna(value) else value for value in row] for row in table.itertuples(index=False)]
