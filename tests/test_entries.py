"""What fuzzing has found, and a little fuzzing of what Python takes from strangers: see `fuzz/entries.py`."""

from __future__ import annotations

import importlib
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from lookalike import Library, find_duplicates, imagehash
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


def test_every_entry_has_a_seed_and_takes_it(
    entries: ModuleType, seeds: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert {seed[0] % len(entries.ENTRIES) for seed in seeds} == set(range(len(entries.ENTRIES)))
    for seed in seeds:
        entries.one_input(seed)


@pytest.mark.filterwarnings("ignore")
def test_changed_bytes_are_refused_or_answered(
    entries: ModuleType, seeds: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dice = random.Random(7)
    for _ in range(150):
        entries.one_input(entries.changed(dice, seeds))


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
