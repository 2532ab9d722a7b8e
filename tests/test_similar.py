"""find_similar against a loop over `a - b`, for every way to ask."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lookalike.errors import ColumnError, MismatchError, NoFileError
from lookalike.fingerprints import fingerprint
from lookalike.hashes import Hash, MultiHash, parse_hash
from lookalike.kinds import Kind
from lookalike.matching import find_similar, is_duplicate

KINDS = [
    Kind.parse(text) for text in ("ahash", "phash:16", "dhash:3", "phash:9", "colorhash", "colorhash:5", "ahash:32")
]
SEGMENTED = [Kind.parse(text) for text in ("crop_resistant", "crop_resistant:ahash:3", "crop_resistant:colorhash")]


@st.composite
def columns(draw: st.DrawFn) -> tuple[Kind, list[Hash | None], Hash]:
    kind = draw(st.sampled_from(KINDS))
    assert kind.bits
    hashes = st.builds(lambda value: Hash(kind, value, kind.bits or 0), st.integers(0, 2**kind.bits - 1))
    return kind, draw(st.lists(st.one_of(hashes, st.none()), max_size=12)), draw(hashes)


@st.composite
def segmented_columns(draw: st.DrawFn) -> tuple[Kind, list[MultiHash | None], MultiHash]:
    kind = draw(st.sampled_from(SEGMENTED))
    inner = kind.inner
    assert inner is not None
    assert inner.bits is not None
    bits = inner.bits
    base = draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=4))
    near = st.builds(lambda value, bit: value ^ (1 << bit), st.sampled_from(base), st.integers(0, bits - 1))
    segment = st.builds(lambda value: Hash(inner, value, bits), st.one_of(near, st.integers(0, 2**bits - 1)))
    several = st.lists(segment, min_size=1, max_size=6).map(lambda parts: MultiHash(tuple(parts)))
    return kind, draw(st.lists(st.one_of(several, st.none()), max_size=10)), draw(several)


def as_frame(kind: Kind, hashes: Any) -> pd.DataFrame:
    texts = [None if value is None else value.hex for value in hashes]
    names = [f"image {row}" for row in range(len(texts))]
    return pd.DataFrame({"image": names, str(kind): pd.Series(texts, dtype=object), "note": range(len(texts))})


@given(columns(), st.integers(0, 64), st.one_of(st.none(), st.integers(1, 15)))
def test_the_ranking_is_that_of_a_loop(case: tuple[Kind, Any, Hash], radius: int, k: int | None) -> None:
    kind, hashes, query = case
    radius = min(radius, query.bits)
    frame = as_frame(kind, hashes)
    for asked in (None, radius):
        twin = sorted((query - value, row) for row, value in enumerate(hashes) if value is not None)
        twin = [pair for pair in twin if asked is None or pair[0] <= asked][:k]
        found = find_similar(frame, query, on=str(kind), radius=asked, k=k)
        assert list(zip(found["hamming_distance"], found.index, strict=True)) == twin
        assert list(found["note"]) == [row for _, row in twin]
        assert list(found.columns) == ["image", str(kind), "note", "hamming_distance"]


@given(segmented_columns(), st.floats(0, 1))
def test_segments_rank_as_a_loop_does_to_the_last_bit(case: tuple[Kind, Any, MultiHash], part: float) -> None:
    kind, hashes, query = case
    frame = as_frame(kind, hashes)
    twin = sorted((query - value, row) for row, value in enumerate(hashes) if value is not None)
    found = find_similar(frame, query, on=str(kind))
    assert list(zip(found["segment_distance"], found.index, strict=True)) == twin
    radius = part * len(query.segments)
    near = find_similar(frame, query.hex, on=str(kind), radius=radius)
    assert list(near.index) == [row for distance, row in twin if distance <= radius]
    assert is_duplicate(frame, query, on=str(kind)) == any(distance == 0 for distance, _ in twin)


def frame_of(texts: list[str], on: str = "ahash", **more: Any) -> pd.DataFrame:
    return pd.DataFrame({"image": [f"{row}.jpg" for row in range(len(texts))], on: texts, **more})


def test_a_query_may_be_hash_text_fingerprint_or_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    pictures = [Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8)).resize((120, 90)) for _ in range(5)]
    prints = [fingerprint(picture, kinds=["ahash", "dhash"]) for picture in pictures]
    frame = pd.DataFrame([value.as_row() for value in prints])
    path = tmp_path / "three.png"
    pictures[3].save(path)
    value = prints[3]["dhash"]
    queries = [value, value.hex, value.hex.upper(), prints[3], path, str(path), path.read_bytes()]
    for query in [*queries, io.BytesIO(path.read_bytes()), pictures[3], np.asarray(pictures[3])]:
        found = find_similar(frame, query, on="dhash", k=2)
        assert next(iter(found.index)) == 3
        assert next(iter(found["hamming_distance"])) == 0
    assert is_duplicate(frame, path)
    assert not is_duplicate(frame.drop(index=3), path)


def test_a_file_whose_name_is_hex_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (20, 20), 200).save("f" * 16, "PNG")
    frame = frame_of(["f" * 16, "0" * 16])
    assert list(find_similar(frame, "f" * 16).index) == [1, 0]
    Path("f" * 16).unlink()
    assert list(find_similar(frame, "f" * 16).index) == [0, 1]


def test_a_hash_longer_than_a_file_name_is_a_hash() -> None:
    frame = frame_of(["f" * 1024, "0" * 1024], on="phash:64")
    assert list(find_similar(frame, "0" * 1024, on="phash:64")["hamming_distance"]) == [0, 4096]


@pytest.mark.parametrize("text", ["fe86", "f" * 17, "f" * 64, "ff,ff"])
def test_hex_of_another_length_is_neither_file_nor_hash(text: str) -> None:
    with pytest.raises(NoFileError, match=r"there is no file .*as a hash: expected"):
        find_similar(frame_of(["0" * 16]), text)


def test_a_missing_file_is_a_missing_file() -> None:
    with pytest.raises(NoFileError, match=r"nowhere\.jpg"):
        find_similar(frame_of(["0" * 16]), "nowhere.jpg")


def test_a_folder_with_several_pictures_is_no_query(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        Image.new("L", (9, 9)).save(tmp_path / name)
    with pytest.raises(ValueError, match="several"):
        find_similar(frame_of(["0" * 16]), tmp_path)


def test_the_query_is_hashed_by_the_column_s_kind_and_recipe(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((90, 90, 90, 255), (0, 0, 32, 64))
    path = tmp_path / "alpha.png"
    picture.save(path)
    for recipe in ("standard", "imagehash"):
        row = fingerprint(path, kinds=["ahash:median", "colorhash:4"], recipe=recipe).as_row()
        frame = pd.DataFrame([row])
        for kind in ("ahash:median", "colorhash:4"):
            assert list(find_similar(frame, path, on=kind)["hamming_distance"]) == [0]
        bare = frame.drop(columns="recipe").rename(columns={"ahash:median": "mine"})
        found = find_similar(bare, path, on="mine", kind="ahash:median", recipe=recipe)
        assert list(found["hamming_distance"]) == [0]


def test_mixtures_are_refused_and_named() -> None:
    zero = "0" * 16
    frame = frame_of([zero, zero], recipe=["standard/2", "imagehash/1"])
    plain = frame_of([zero])
    for call, text in (
        (lambda: find_similar(frame, zero), "several recipes, imagehash/1, standard/2"),
        (lambda: find_similar(frame.iloc[:1], zero, recipe="imagehash"), "recipe standard/2, not from imagehash/1"),
        (lambda: find_similar(frame.iloc[1:], Hash.from_hex(zero, "ahash")), "standard/2, the column from imagehash/1"),
        (lambda: find_similar(plain, Hash.from_hex(zero, "ahash", "imagehash")), "imagehash/1, the column from"),
        (lambda: find_similar(plain, Hash.from_hex(zero, "phash")), "is a phash hash, but the column 'ahash' has"),
        (lambda: find_similar(plain, MultiHash.from_hex(zero)), "is a crop_resistant hash"),
        (lambda: find_similar(plain, fingerprint(Image.new("L", (9, 9)), kinds="phash")), "has no ahash, only phash"),
    ):
        with pytest.raises(MismatchError, match=text):
            call()
    assert len(find_similar(plain, Hash.from_hex(zero, "ahash", "imagehash"), recipe="imagehash")) == 1


def test_an_error_row_s_recipe_does_not_count() -> None:
    frame = frame_of(["0" * 16, ""], recipe=["imagehash/1", "standard/2"])
    assert len(find_similar(frame, "0" * 16)) == 1


def test_codes_of_different_lengths_are_refused() -> None:
    frame = frame_of(["f" * 16, "f" * 49], on="whash:db4")
    with pytest.raises(MismatchError, match="row 1: expected 16 hex digits as in the query"):
        find_similar(frame, Hash.from_hex("f" * 16, "whash:db4"), on="whash:db4")
    assert len(find_similar(frame.iloc[1:], "f" * 49, on="whash:db4")) == 1


@pytest.mark.parametrize(("name", "value"), [("k", 0), ("k", -1), ("k", 1.0), ("k", True), ("k", "3"), ("k", [1])])
def test_k_is_a_whole_number_from_1(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        find_similar(frame_of(["0" * 16]), "0" * 16, **{name: value})


@pytest.mark.parametrize("radius", [-1, 65, 2.0, True, "3", float("nan"), float("inf")])
def test_a_radius_is_a_number_of_bits(radius: Any) -> None:
    with pytest.raises(ValueError, match="from 0 to 64 bits"):
        find_similar(frame_of(["0" * 16]), "0" * 16, radius=radius)


@pytest.mark.parametrize("radius", [-0.1, 2.01, True, "1", float("nan")])
def test_a_radius_of_segments_is_a_number_of_segments(radius: Any) -> None:
    frame = frame_of(["0" * 16], on="crop_resistant")
    with pytest.raises(ValueError, match="from 0 to 2 segments"):
        find_similar(frame, "0" * 16 + "," + "f" * 16, on="crop_resistant", radius=radius)


def test_numbers_of_numpy_are_numbers() -> None:
    frame = frame_of(["0" * 16, "0" * 15 + "1", "f" * 16])
    assert len(find_similar(frame, "0" * 16, k=np.int64(2), radius=np.uint8(64))) == 2
    assert len(find_similar(frame, "0" * 16, radius=np.int32(1))) == 2


@pytest.mark.parametrize("value", ["xyz", "0" * 15, "0" * 14 + "  ", "０" * 16])
def test_a_malformed_value_is_named_with_its_row(value: str) -> None:
    with pytest.raises(ValueError, match="column 'ahash', row 2: expected"):
        find_similar(frame_of(["0" * 16, "f" * 16, value]), "0" * 16)


@pytest.mark.parametrize("value", ["0" * 16 + ",", ",", "0" * 16 + ",xyz", "0" * 16 + "," + "0" * 15])
def test_a_malformed_list_of_segments_is_named_with_its_row(value: str) -> None:
    frame = frame_of(["0" * 16, value], on="crop_resistant")
    with pytest.raises(ValueError, match="column 'crop_resistant', row 1: expected"):
        find_similar(frame, "0" * 16, on="crop_resistant")


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(ColumnError, match=r"'phash'.*image, ahash"):
        find_similar(frame_of(["0" * 16]), "0" * 16, on="phash")


def test_arguments_are_checked_even_on_an_empty_frame() -> None:
    frame = frame_of([])
    assert len(find_similar(frame, "0" * 16)) == 0
    assert "hamming_distance" in find_similar(frame, "0" * 16).columns
    with pytest.raises(ValueError, match="from 0 to 64"):
        find_similar(frame, "0" * 16, radius=65)


def test_a_ranking_can_be_ranked_again() -> None:
    frame = frame_of(["0" * 16, "f" * 16], phash=["f" * 16, "0" * 16])
    once = find_similar(frame, "0" * 16)
    again = find_similar(once, "0" * 16, on="phash")
    assert list(again.index) == [1, 0]
    assert list(again["hamming_distance"]) == [0, 64]
    assert list(again.columns) == ["image", "ahash", "phash", "hamming_distance"]
    assert "hamming_distance" not in frame


def test_a_hundred_thousand_rows_are_ranked_at_once() -> None:
    from lookalike.matching.columns import read_hash_column
    from lookalike.matching.distances import distances_to

    values = np.random.default_rng(3).integers(0, 2**64, 100_000, np.uint64)
    column = read_hash_column(pd.DataFrame({"phash": [f"{value:016x}" for value in values.tolist()]}), "phash")
    query = parse_hash(column.texts[41], "phash")
    start = time.perf_counter()
    distances = distances_to(query, column)
    # Some 25 ms on two slow cores; a Python loop takes more than ten times this bound.
    assert time.perf_counter() - start < 0.5
    assert distances[41] == 0
    assert distances[7] == query - parse_hash(column.texts[7], "phash")


def test_a_kind_that_contradicts_the_column_s_name_is_refused() -> None:
    frame = pd.DataFrame({"image": ["a"], "phash": ["fe86c38181c1c3c7"]})
    for kind in ("ahash", "phash:16", "dhash"):
        with pytest.raises(MismatchError, match="the column 'phash' has phash hashes"):
            find_similar(frame, "fe86c38181c1c3c7", on="phash", kind=kind)
    assert len(find_similar(frame, "fe86c38181c1c3c7", on="phash", kind="phash")) == 1
