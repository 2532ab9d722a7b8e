"""What fuzzing has found, and a little fuzzing of what Python takes from strangers: see `fuzz/entries.py`."""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from lookalike import DamagedError, Library, find_duplicates, imagehash
from lookalike.frames import load, save
from lookalike.hamming import HammingIndex
from lookalike.sources import expand

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
HEADER = "image,phash,dhash"
ROW = "a,0123456789abcdef,0123456789abcdef"


@pytest.fixture(scope="module")
def entries() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FUZZ))
        yield importlib.import_module("entries")
    for name in ("entries", "seeds"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def seeds(entries: ModuleType) -> list[bytes]:
    return list(importlib.import_module("seeds").entries())


@pytest.mark.filterwarnings("ignore")
def test_every_entry_has_a_seed_and_takes_it(
    entries: ModuleType, seeds: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert {seed[0] % len(entries.ENTRIES) for seed in seeds} == set(range(len(entries.ENTRIES)))
    for seed in [seed for seed in seeds if seed[0] != 9] + [seed for seed in seeds if seed[0] == 9][::9]:
        entries.one_input(seed)


@pytest.mark.filterwarnings("ignore")
def test_changed_bytes_are_refused_or_answered(
    entries: ModuleType, seeds: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dice, cheap = random.Random(7), [seed for seed in seeds if seed[0] != 9]
    for _ in range(150):
        entries.one_input(entries.changed(dice, cheap))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [b"text", b"\xff" * 8, b""])
def test_any_value_in_any_column_of_a_catalog(entries: ModuleType, kind: bytes) -> None:
    """Text, bytes, a number and nothing, in the second row of each table: refused as damaged, or it does no harm."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in entries.sound_library().items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(content)
        with contextlib.closing(sqlite3.connect(Path(folder) / "catalog.sqlite")) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            sizes = [
                (len(connection.execute(f"PRAGMA table_info({name})").fetchall()), some)
                for (name,) in tables
                for some in connection.execute(f"SELECT count(*) FROM {name}").fetchone()
            ]
    assert len(sizes) > 5
    for table, (columns, rows) in enumerate(sizes):
        for column in range(columns if rows else 0):
            for type_ in range(4 if kind == b"text" else 3):
                entries.catalog(bytes([table, column, 1, type_, len(kind)]) + kind)


def test_a_row_that_takes_the_place_of_another_is_exported_once(entries: ModuleType) -> None:
    other = ROW.replace("0123", "ffff")
    entries.imported(f"{HEADER}\n{ROW}\n{ROW.replace('a', 'b', 1)}\n{other}\n".encode(), ".csv")


def imported(folder: Path, text: str) -> Any:
    (folder / "table.csv").write_text(text)
    with Library(folder / "library") as library:
        return library.import_file(folder / "table.csv")


@pytest.mark.parametrize("count", [101, 900, 100_000])
def test_facts_that_are_nested_too_deeply(tmp_path: Path, count: int) -> None:
    facts = '"{""a"":' + "[" * count + "]" * count + '}"'
    with pytest.raises(ValueError, match=r"table\.csv: expected .*(nested|deep)"):
        imported(tmp_path, f"{HEADER},facts\n{ROW},{facts}\n")
    deep: list[Any] = []
    for _ in range(count):
        deep = [deep]
    with Library(tmp_path / "other") as library, pytest.raises(ValueError, match="nested at most 100 deep"):
        library.add(b"x", price={"a": deep})


def test_facts_that_are_nested_as_deeply_as_they_may_be(tmp_path: Path) -> None:
    facts = json.dumps({"a": json.loads("[" * 98 + "]" * 98)}).replace('"', '""')
    assert imported(tmp_path, f'{HEADER},facts\n{ROW},"{facts}"\n').added == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("error", 5), ("recipe", 5), ("owner", [1]), ("time", [1]), ("digest", 7), ("facts", {"a": b"x"}), ("x", b"y")],
)
def test_a_value_of_another_type_is_named_with_its_file(tmp_path: Path, column: str, value: Any) -> None:
    row = dict(zip(HEADER.split(","), ROW.split(","), strict=True))
    pd.DataFrame([{**row, column: value}]).to_parquet(tmp_path / "table.parquet")
    with Library(tmp_path / "library") as library, pytest.raises(ValueError, match=r"table\.parquet: expected"):
        library.import_file(tmp_path / "table.parquet")


def test_errors_of_pyarrow_that_are_neither_of_a_value_nor_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed byte in a schema can lead to `ArrowNotImplementedError`, which is no `ValueError`."""
    path = tmp_path / "table.parquet"
    pd.DataFrame([dict(zip(HEADER.split(","), ROW.split(","), strict=True))]).to_parquet(path)

    def refuse(*_: object, **__: object) -> None:
        raise pa.ArrowNotImplementedError("integers of 4 bits")

    for owner, name in ((pa.parquet, "read_table"), (pa.parquet.ParquetFile, "iter_batches")):
        monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(ValueError, match=r"expected a table as \.parquet in .*: integers of 4 bits"):
        load(path)
    with Library(tmp_path / "library") as library, pytest.raises(ValueError, match=r"table\.parquet: integers of 4"):
        library.import_file(path)


def test_json_that_is_nested_too_deeply(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match=r"expected a table as \.json"):
        load(tmp_path / "table.json")


def test_lists_in_lists_without_end() -> None:
    around: list[Any] = ["a.jpg"]
    around += [around, around]
    deep: list[Any] = ["a.jpg"]
    for _ in range(5000):
        deep = [deep]
    array = np.empty(1, object)
    array[0] = array
    texts = [[str(item.error) for item in expand(source)] for source in (around, [deep], array)]
    assert ["contains itself" in text for text in texts[0]] == [False, True, True]
    assert [len(some) for some in texts] == [3, 1, 1]
    assert "at most 100 others" in texts[1][0]
    assert "contains itself" in texts[2][0]
    nested: list[Any] = [b"x"]
    for _ in range(98):
        nested = [nested]
    assert [item.error for item in expand(nested)] == [None]
    assert len(list(expand([[b"x"]] * 3))) == 3, "the same list, side by side"


@pytest.mark.parametrize("text", ["-5", "-" + "f" * 15])
def test_a_negative_number_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="expected a hash as hex digits"):
        imagehash.hex_to_flathash(text, 8)


@pytest.mark.parametrize("bits", range(57, 64))
def test_codes_with_a_bit_above_their_width(bits: int) -> None:
    """Eight bytes were taken as they came, and joined by some roads and not by others."""
    code = (1 << bits).to_bytes(8, "big")
    table = np.frombuffer(code, np.uint8).reshape(1, 8)
    with pytest.raises(ValueError, match=f"expected codes of {bits} bits"):
        HammingIndex.build(table, bits=bits)


@pytest.mark.parametrize("form", [".csv", ".parquet", ".json"])
def test_names_with_carriage_returns_and_labels_of_any_type(tmp_path: Path, form: str) -> None:
    images = ["a\rb", "\r", "c\r\nd", 'e"\r']
    table = pd.DataFrame({"image": images, "phash": ["0" * 16] * 4}, index=pd.Index([1, "x", None, (2,)], dtype=object))
    save(table, tmp_path / f"table{form}")
    back = load(tmp_path / f"table{form}")
    assert list(back.columns) == ["image", "phash"]
    assert list(back["image"]) == images
    assert list(find_duplicates(back, on="phash")["duplicate_of"]) == ["a\rb"] * 3


def spoiled(folder: Path, statement: str) -> None:
    """A library of which a stranger has changed the catalog."""
    with Library(folder / "library") as library:
        library.add_fingerprints([{**dict(zip(HEADER.split(","), ROW.split(","), strict=True)), **FULL}])
        library.compact()
    with contextlib.closing(sqlite3.connect(folder / "library" / "catalog.sqlite")) as connection:
        connection.executescript(statement)


FULL = {"width": 1, "height": 1, "format": "PNG", "recipe": "standard/2", "error": None}
OTHER = {"image": "b", "phash": "0" * 16, "dhash": "1" * 16, **FULL}


@pytest.mark.parametrize("sign", ["x|.*|xyz", "../../xy", "a/b", "", "ABCDEF00" * 4, "[" * 32])
def test_the_id_of_a_stranger_s_library_names_no_files_of_ours(tmp_path: Path, sign: str) -> None:
    """It became a part of a pattern by which files are removed, and of names by which they are written."""
    spoiled(tmp_path, f"UPDATE meta SET value = '{sign}' WHERE key = 'id'")
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "thesis").write_text("years of work")
    for act in ("compact", "rebuild", "verify"):
        with pytest.raises(DamagedError, match="expected an id of 32 hex digits"):
            getattr(Library(tmp_path / "library", index=beside), act)()
    assert [path.name for path in beside.iterdir()] == ["thesis"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "library"]


@pytest.mark.parametrize("name", ["../../thesis", "/etc/hostname", "", ".", "a\0b"])
def test_the_index_of_a_stranger_s_library_is_in_its_folder(tmp_path: Path, name: str) -> None:
    segment = HammingIndex.build(np.zeros((1, 8), np.uint8), path=tmp_path / "thesis")
    before = (tmp_path / "thesis").read_bytes()
    statement = f"INSERT INTO segments VALUES ('', CAST(X'{name.encode().hex()}' AS TEXT), 'phash', 1, 1, 1, 1,"
    spoiled(tmp_path, f"{statement} '{segment.checksum}')")
    with Library(tmp_path / "library") as library:
        with pytest.warns(UserWarning, match="the name of a file in the index's folder"):
            assert len(library.search("0" * 16, kinds="phash", k=3)) == 1
        assert "the name of a file in the index's folder" in str(library.verify())
        library.verify(repair=True)
        library.compact()
        assert not library.verify().problems
    assert (tmp_path / "thesis").read_bytes() == before


@pytest.mark.parametrize(
    "values", ["'x', 1, 1, 1, 'z'", "X'00', 1, 1, 1, 'z'", "1, 1, 1, 'x', 'z'", "1, 1, 1, 1, X'00'"]
)
def test_a_list_of_files_with_other_types(tmp_path: Path, values: str) -> None:
    spoiled(tmp_path, f"INSERT INTO segments VALUES ('', 'f.seg', 'phash', {values})")
    with Library(tmp_path / "library") as library, pytest.raises(DamagedError, match="a file of the index"):
        library.search("0" * 16, kinds="phash", k=3)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON images BEGIN DELETE FROM images; END",
        "ALTER TABLE images RENAME TO others; CREATE VIEW images AS SELECT * FROM others",
        "CREATE VIRTUAL TABLE t USING fts5(x)",
    ],
)
def test_the_catalog_of_a_stranger_s_library_runs_nothing(tmp_path: Path, statement: str) -> None:
    spoiled(tmp_path, statement)
    with pytest.raises(DamagedError, match="expected nothing but tables and their indexes"):
        Library(tmp_path / "library").add_fingerprints([OTHER])
