"""find_duplicates against pandas' own duplicated(), and is_duplicate against a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import ColumnError, MismatchError
from lookalike.frames import rows_of
from lookalike.hashes import Hash, hamming_distance
from lookalike.matching import find_duplicates, is_duplicate

few_hashes = st.lists(st.one_of(st.sampled_from(["0" * 16, "f" * 16, "0" * 15 + "1"]), st.none()), max_size=30)


@given(few_hashes)
def test_the_rows_are_those_that_pandas_flags(texts: list[str | None]) -> None:
    labels = [f"row {number}" for number in range(len(texts))]
    frame = pd.DataFrame({"image": labels, "ahash": pd.Series(texts, dtype=object)}, index=labels[::-1])
    flagged = frame[frame["ahash"].notna() & frame["ahash"].duplicated()]
    found = find_duplicates(frame)
    assert list(found.index) == list(flagged.index)
    assert list(found["ahash"]) == list(flagged["ahash"])
    assert list(found["duplicate_of"]) == [labels[texts.index(text)] for text in flagged["ahash"]]
    assert list(found.columns) == ["image", "ahash", "duplicate_of"]


@given(st.lists(st.sampled_from(["0a,0b", "0A,0b", "0b,0a", "0a"]), max_size=12))
def test_lists_of_segments_are_compared_whole(texts: list[str]) -> None:
    frame = pd.DataFrame({"crop_resistant:ahash:2": [text.replace("0", "") for text in texts]}, dtype=object)
    twin = frame["crop_resistant:ahash:2"].map(str.lower).duplicated()
    assert list(find_duplicates(frame, on="crop_resistant:ahash:2").index) == list(frame.index[twin])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, ""])
def test_rows_without_a_hash_match_nothing(missing: object) -> None:
    frame = pd.DataFrame({"image": ["a", "b", "c"], "ahash": pd.Series([missing, "0" * 16, missing], dtype=object)})
    assert len(find_duplicates(frame)) == 0
    assert not is_duplicate(frame, "f" * 16)
    assert is_duplicate(frame, "0" * 16)


def test_case_does_not_make_another_hash() -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "ahash": ["ABCDEF0123456789", "abcdef0123456789"]})
    assert list(find_duplicates(frame)["duplicate_of"]) == ["a"]


def test_a_frame_without_images_gives_row_numbers() -> None:
    frame = pd.DataFrame({"phash": ["1" * 16, "2" * 16, "1" * 16, "1" * 16]}, index=[5, 6, 7, 8])
    found = find_duplicates(frame, on="phash")
    assert list(found.index) == [7, 8]
    assert list(found["duplicate_of"]) == [0, 0]


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_an_empty_frame_and_one_without_duplicates(to: str) -> None:
    for texts in ([], ["0" * 16, "1" * 16]):
        frame: Any = pd.DataFrame({"image": texts, "ahash": texts}, dtype=object)
        if to == "polars":
            frame = pytest.importorskip("polars").DataFrame(dict(frame), schema={"image": str, "ahash": str})
        elif to == "arrow":
            frame = pytest.importorskip("pyarrow").table({name: list(frame[name]) for name in frame})
        found = find_duplicates(frame)
        assert rows_of(found) == []
        assert "duplicate_of" in (found.column_names if to == "arrow" else found.columns)
        assert not is_duplicate(frame, "f" * 16)


def test_the_input_stays_as_it_was() -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "ahash": ["0" * 16] * 2, "duplicate_of": ["x", "y"]})
    before = frame.copy()
    found = find_duplicates(frame)
    assert list(found["duplicate_of"]) == ["a"]
    pd.testing.assert_frame_equal(frame, before)


def test_a_column_of_another_name_works_too() -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "my hash": ["ab12", "ab12"]})
    assert len(find_duplicates(frame, on="my hash")) == 1
    assert is_duplicate(frame, "ab12", on="my hash", kind="ahash:4")
    with pytest.raises(ValueError, match="pass kind="):
        is_duplicate(frame, "ab12", on="my hash")


def test_a_missing_column_is_named_with_those_there_are() -> None:
    frame = pd.DataFrame({"image": ["a"], "phash": ["0" * 16]})
    for call in (lambda: find_duplicates(frame), lambda: is_duplicate(frame, "0" * 16)):
        with pytest.raises(ColumnError, match=r"'ahash'.*image, phash"):
            call()


@pytest.mark.parametrize("value", ["xyz", "0" * 15, "0" * 17, "0" * 15 + " ", " " * 16, "0" * 7 + "  " + "0" * 7])
def test_a_malformed_value_is_named_with_its_row(value: str) -> None:
    frame = pd.DataFrame({"image": ["a", "b"], "ahash": ["0" * 16, value]})
    with pytest.raises(ValueError, match=r"column 'ahash', row 1: expected.*"):
        find_duplicates(frame)


@pytest.mark.parametrize("value", [1234567812345678, 1e300, b"0" * 16, ["0" * 16]])
def test_a_value_that_is_no_text_is_named_with_its_row(value: object) -> None:
    frame = pd.DataFrame({"ahash": pd.Series(["0" * 16, value], dtype=object)})
    with pytest.raises(ValueError, match=f"row 1: expected a hash as hex text.*{type(value).__name__}"):
        find_duplicates(frame)


def test_a_colorhash_with_a_bit_too_many_is_malformed() -> None:
    frame = pd.DataFrame({"colorhash": ["3" + "0" * 10, "4" + "0" * 10]})
    with pytest.raises(ValueError, match=r"row 1: .*higher bit"):
        find_duplicates(frame, on="colorhash")


def test_rows_of_several_recipes_are_not_compared() -> None:
    frame = pd.DataFrame({"ahash": ["0" * 16] * 3, "recipe": ["standard/2", "imagehash/1", None]})
    with pytest.raises(MismatchError, match="imagehash/1, standard/2"):
        find_duplicates(frame)
    assert len(find_duplicates(frame[frame["recipe"] == "standard/2"])) == 0
    frame.loc[1, "ahash"] = None
    assert len(find_duplicates(frame)) == 1


@given(
    st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=20),
    st.integers(0, 2**16 - 1),
    st.integers(0, 16),
)
def test_is_duplicate_is_a_loop_over_the_rows(values: list[int], query: int, radius: int) -> None:
    frame = pd.DataFrame({"phash:4": [f"{value:04x}" for value in values]})
    twin = any(hamming_distance(text, f"{query:04x}") <= radius for text in frame["phash:4"])
    answer = is_duplicate(frame, Hash.from_hex(f"{query:04x}", "phash:4"), on="phash:4", radius=radius)
    assert answer is twin


@pytest.mark.parametrize("radius", [-1, 65, 1.0, True, "3", float("nan")])
def test_a_radius_is_a_number_of_bits(radius: Any) -> None:
    frame = pd.DataFrame({"ahash": ["0" * 16]})
    with pytest.raises(ValueError, match="from 0 to 64 bits"):
        is_duplicate(frame, "0" * 16, radius=radius)


@pytest.mark.parametrize("frame", [None, 5, "frame.csv", [{"ahash": "0" * 16}], {"ahash": ["0" * 16]}])
def test_what_is_no_table_is_a_type_error(frame: object) -> None:
    with pytest.raises(TypeError, match="expected a table"):
        find_duplicates(frame)
