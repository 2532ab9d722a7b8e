"""The article's own table, from the strings that are left of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lookalike.hashes import Hash, hamming_distance, hex_digit_distance
from lookalike.matching import find_duplicates, find_similar, is_duplicate

TABLE = {
    "ahash": """333e9f8981c3c3e3 0f0783ce0f8b8b05 fe86c38181c1c3c7 2700017303030f9f
                78053f3f839383c3 fe86c38181c1c3c7 2700017303030f9f""",
    "phash": """ac9ec7216b61b076 ba052a9d13f87f21 f4959690dbc385a5 af41943dc186ad3d
                add3406cd3cdcd21 f4959690dbc385a5 af41943dc086ad7d""",
    "dhash": """e7643c330f0f0f0f fcef273c6a3b3359 f436060337978f0e d6cac3c3c36f7f3f
                c18d73721f27379e f436060337978f0e d6dac3c3d36f7f3f""",
    "whash": """033e9f9981c3c3e3 0f17039f0f8f8f05 fe86c381c1c1c3e7 7702037323838fbf
                380d3f3f839383c3 fe86c381c1c1c3e7 3706037323838fbf""",
    "colorhash": "072c0040000 0e400008002 06280040001 06080009000 0e2c0001000 06280080000 06280000000",
}
QUERY = "fe86c38181c1c3c7"
DUPLICATED = {"ahash": [5, 6], "phash": [5], "dhash": [5], "whash": [5], "colorhash": []}
BY_DIGITS = [(2, 0), (5, 0), (0, 10), (4, 13), (1, 15), (3, 16), (6, 16)]
BY_BITS = [(2, 0), (5, 0), (0, 17), (4, 24), (1, 25), (3, 28), (6, 28)]


@pytest.fixture
def frame() -> pd.DataFrame:
    columns = {kind: texts.split() for kind, texts in TABLE.items()}
    return pd.DataFrame({"image": [f"car {row}" for row in range(7)], **columns})


@pytest.mark.parametrize("kind", list(TABLE))
def test_the_duplicated_rows_of_each_column(frame: pd.DataFrame, kind: str) -> None:
    found = find_duplicates(frame, on=kind)
    assert list(found.index) == DUPLICATED[kind] == list(frame.index[frame[kind].duplicated()])
    originals = {5: "car 2", 6: "car 3"}
    assert list(found["duplicate_of"]) == [originals[row] for row in DUPLICATED[kind]]


def test_its_ranking_counts_hex_digits(frame: pd.DataFrame) -> None:
    distances = [(row, hex_digit_distance(text, QUERY)) for row, text in frame["ahash"].items()]
    assert sorted(distances, key=lambda pair: pair[1]) == BY_DIGITS


def test_the_true_ranking_counts_bits(frame: pd.DataFrame) -> None:
    found = find_similar(frame, QUERY, on="ahash")
    assert list(zip(found.index, found["hamming_distance"], strict=True)) == BY_BITS
    assert list(found.columns) == [*frame.columns, "hamming_distance"]


def test_rows_1_and_2_differ_in_most_digits_but_not_in_most_bits(frame: pd.DataFrame) -> None:
    assert hex_digit_distance(frame["ahash"][1], frame["ahash"][2]) == 15
    assert hamming_distance(frame["ahash"][1], frame["ahash"][2]) == 25


def test_the_two_distances_rank_differently(frame: pd.DataFrame) -> None:
    # The article's own query happens to have one order by either; its row 3 has not.
    query = frame["ahash"][3]
    by_digits = sorted(range(7), key=lambda row: hex_digit_distance(frame["ahash"][row], query))
    assert by_digits == [3, 6, 4, 1, 0, 2, 5]
    assert list(find_similar(frame, query).index) == [3, 6, 1, 4, 2, 5, 0]


@pytest.mark.parametrize("kind", list(TABLE))
def test_every_string_round_trips_and_ranks_as_a_loop_does(frame: pd.DataFrame, kind: str) -> None:
    hashes = [Hash.from_hex(text, kind) for text in frame[kind]]
    assert [value.hex for value in hashes] == list(frame[kind])
    for query in hashes:
        twin = sorted(((query - other), row) for row, other in enumerate(hashes))
        found = find_similar(frame, query, on=kind)
        assert list(zip(found["hamming_distance"], found.index, strict=True)) == twin


def test_colorhash_strings_have_eleven_digits_and_42_bits(frame: pd.DataFrame) -> None:
    for text in frame["colorhash"]:
        value = Hash.from_hex(text, "colorhash")
        assert (len(text), value.bits, str(value)) == (11, 42, text)


def test_is_this_image_in_the_table(frame: pd.DataFrame) -> None:
    assert is_duplicate(frame, QUERY)
    assert not is_duplicate(frame, "0" * 16)
    assert is_duplicate(frame, "fe86c38181c1c3c6", radius=1)
    assert not is_duplicate(frame, "fe86c38181c1c3c6")


@pytest.mark.parametrize("to", ["polars", "arrow"])
def test_other_tables_give_the_same_answers(frame: pd.DataFrame, to: str) -> None:
    other: Any
    if to == "polars":
        other = pytest.importorskip("polars").from_pandas(frame)
    else:
        other = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    ranked, doubled = find_similar(other, QUERY), find_duplicates(other)
    assert type(ranked) is type(doubled) is type(other)
    images = ranked["image"].to_list() if to == "polars" else ranked["image"].to_pylist()
    assert images == [f"car {row}" for row, _ in BY_BITS]
    assert (doubled.height if to == "polars" else doubled.num_rows) == 2
