"""The drop-in's objects against those of ImageHash 4.3.2: operators, texts, parsers, copies."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dropin import PICTURE, assert_same, outcome, picture
from lookalike import imagehash as ours

theirs = pytest.importorskip("imagehash", reason="needs ImageHash 4.3.2 to compare with")

# Operators


def _pair(module: Any) -> tuple[Any, Any]:
    return module.phash(PICTURE), module.phash(picture(shift=40))


def test_operators_agree() -> None:
    (a, b), (c, d) = _pair(ours), _pair(theirs)
    assert a - b == c - d > 0
    assert type(a - b) is int
    assert json.dumps(a - b)
    assert (a == b, a != b, a == a, a != a) == (False, True, True, False)
    assert (str(a), repr(a), len(a), bool(a)) == (str(c), repr(c), len(c), bool(c))


def test_equality_forgets_the_shape_as_there() -> None:
    flat, square = ours.ImageHash(np.ones(16, bool)), ours.ImageHash(np.ones((4, 4), bool))
    assert flat == square
    assert hash(flat) == hash(square)
    assert flat - square == 0
    assert flat != ours.ImageHash(np.ones(9, bool))


@pytest.mark.parametrize("other", [None, 5, "ffff", object(), [1]], ids=lambda o: type(o).__name__)
def test_foreign_objects_are_unequal(other: Any) -> None:
    for value in (ours.phash(PICTURE), ours.crop_resistant_hash(PICTURE, segmentation_image_size=60)):
        assert (value == other, value != other) == (False, True)
        assert other != value
    assert ours.phash(PICTURE) != ours.ImageMultiHash([ours.phash(PICTURE)])


@pytest.mark.parametrize("other", [None, 5, "ffff", "size"])
def test_errors_of_minus(other: Any) -> None:
    def minus(module: Any) -> Any:
        return module.phash(PICTURE) - (module.phash(PICTURE, 4) if other == "size" else other)

    its, mine = outcome(lambda: minus(theirs)), outcome(lambda: minus(ours))
    assert (type(mine), mine.args) == (type(its), its.args)


def test_hashes_of_both_packages_mix() -> None:
    mine, its = ours.phash(PICTURE), theirs.phash(PICTURE)
    assert mine == its
    assert its == mine
    assert (mine != its, its != mine) == (False, False)
    assert mine - theirs.dhash(PICTURE) == its - ours.dhash(PICTURE)


def test_hash_is_over_the_whole_value() -> None:
    hashes = [ours.hex_to_hash(f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}") for number in range(5000)]
    assert len({hash(h) for h in hashes}) == 5000
    assert len(set(hashes)) == 5000
    assert {hashes[7]: "seven"}[ours.hex_to_hash(str(hashes[7]))] == "seven"
    integers = ours.ImageHash(hashes[7].hash.astype(int))
    assert integers == hashes[7]
    assert hash(integers) == hash(hashes[7])


def test_hash_is_the_same_in_every_process() -> None:
    code = "from lookalike import imagehash as i; print(hash(i.hex_to_hash('ffd7918181c9ffff')))"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]
    assert {run.stdout for run in runs} == {f"{hash(ours.hex_to_hash('ffd7918181c9ffff'))}\n"}


@pytest.mark.parametrize("array", [np.array([0, 1, 1]), np.zeros((2, 3), bool), np.eye(3, dtype=bool)], ids=repr)
def test_text_of_any_array(array: Any) -> None:
    assert str(ours.ImageHash(array)) == str(theirs.ImageHash(array))


def test_a_hash_without_bits_has_no_text() -> None:
    with pytest.raises(ValueError, match="no hex text"):
        str(ours.ImageHash(np.zeros((1, 0), bool)))


def _multis(module: Any) -> list[Any]:
    settings = {"segmentation_image_size": 60, "min_segment_size": 10}
    pictures = [PICTURE, PICTURE.crop((20, 10, 260, 190)), picture(shift=60), Image.new("L", (90, 90))]
    return [module.crop_resistant_hash(picture, **settings) for picture in pictures]


def test_multihash_operators_agree() -> None:
    mine, its = _multis(ours), _multis(theirs)
    for i in range(len(mine)):
        for j in range(len(mine)):
            assert mine[i] - mine[j] == its[i] - its[j]
            assert type(mine[i] - mine[j]) is type(its[i] - its[j])
            assert (mine[i] == mine[j], mine[i] != mine[j]) == (its[i] == its[j], its[i] != its[j])
            for cutoff, rate in ((None, None), (3, None), (None, 0.4), (0, 0.9), (2.5, None)):
                assert mine[i].hash_diff(mine[j], cutoff, rate) == its[i].hash_diff(its[j], cutoff, rate)
                assert mine[i].__sub__(mine[j], cutoff, rate) == its[i].__sub__(its[j], cutoff, rate)
                assert mine[i].matches(mine[j], 2, cutoff, rate) == its[i].matches(its[j], 2, cutoff, rate)
        assert mine.index(mine[i].best_match(mine)) == its.index(its[i].best_match(its))
        assert (str(mine[i]), repr(mine[i])) == (str(its[i]), repr(its[i]))


def test_multihash_hash_does_not_contradict_equality() -> None:
    multis = _multis(ours)
    pairs = [(a, b) for a in multis for b in multis if a is not b and a == b]
    assert pairs
    assert all(hash(a) == hash(b) for a, b in pairs)
    other_length = ours.ImageMultiHash([ours.dhash(PICTURE, 4)])
    assert {multis[0]: 1, other_length: 2}[other_length] == 2
    with pytest.raises(TypeError, match="same shape"):
        assert multis[0] == other_length


def test_multihash_without_segments_matches_nothing() -> None:
    empty, full = ours.ImageMultiHash([]), _multis(ours)[0]
    assert empty != full
    assert full != empty
    assert full - empty == len(full.segment_hashes)
    assert empty - full == 0
    assert str(empty) == ""
    with pytest.raises(ValueError, match="empty"):
        full.best_match([])


# Texts


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 31, 32])
def test_squares_go_out_and_come_back(size: int) -> None:
    text = str(ours.phash(PICTURE, size))
    assert_same(ours.hex_to_hash(text), theirs.hex_to_hash(text))
    assert str(ours.hex_to_hash(text)) == text
    assert (ours.hex_to_hash(text.upper()).hash == ours.phash(PICTURE, size).hash).all()


@pytest.mark.parametrize(
    "text", ["0xffd7918181c9ffff", " ffd7918181c9ffff\n", b"ffd7918181c9ffff", "0ff", "1ff", "1000000"]
)
def test_odd_texts_read_as_there(text: Any) -> None:
    assert_same(ours.hex_to_hash(text), theirs.hex_to_hash(text))


@pytest.mark.parametrize("text", ["", "xyz", "-fff", "ffd7918181c9fff٣", 5, None, ["f"], "fffffff", "ffffffffff"])
def test_errors_of_hex_to_hash(text: Any) -> None:
    if text != "ffd7918181c9fff٣":  # int() takes any script's digits
        assert_same(outcome(lambda: ours.hex_to_hash(text)), outcome(lambda: theirs.hex_to_hash(text)))
    assert isinstance(outcome(lambda: ours.hex_to_hash(text)), ValueError | TypeError)


@pytest.mark.parametrize("text", ["ff", "fff", "fffff", "00000", "f_ff"])
def test_garbage_that_imagehash_reads_is_refused(text: str) -> None:
    assert not isinstance(outcome(lambda: theirs.hex_to_hash(text)), Exception)
    with pytest.raises(ValueError, match="expected"):
        ours.hex_to_hash(text)


@pytest.mark.parametrize("binbits", [3, 4, 5, 8, 9, 10, 11, 12, 20, 40])
def test_colors_go_out_and_come_back(binbits: int) -> None:
    value = ours.colorhash(PICTURE, binbits)
    again = ours.hex_to_hash(str(value))
    assert again.hash.shape == (14, binbits)
    assert again == value


def test_the_square_wins_where_both_fit() -> None:
    both = [bins for bins in range(1, 60) if ours.hex_to_hash("0" * -(-14 * bins // 4)).hash.shape != (14, bins)]
    assert both == [1, 2, 6, 7, 23, 26, 38, 41, 56]
    value = ours.colorhash(PICTURE, 6)
    assert ours.hex_to_flathash(str(value), 6) == value


def test_parts_go_out_and_come_back() -> None:
    value = ours.crop_resistant_hash(PICTURE, ours.colorhash, segmentation_image_size=60, min_segment_size=10)
    again = ours.hex_to_multihash(str(value))
    assert [part.hash.shape for part in again.segment_hashes] == [(14, 3)] * len(value.segment_hashes)
    assert again.segment_hashes == value.segment_hashes
    assert_same(ours.hex_to_multihash("ffff,0000"), theirs.hex_to_multihash("ffff,0000"))
    for text in ("", "ffff,", "ffff,xyz", 5, None, ["f"], b"ff"):
        assert_same(
            outcome(lambda t=text: ours.hex_to_multihash(t)), outcome(lambda t=text: theirs.hex_to_multihash(t))
        )


FLAT = [("072c0040000", 3), ("ffff", 5), ("ffff", -4), ("", 4), ("x", 1), (b"ff", 4), ("ffff", 100), ("000f", 100)]


@pytest.mark.parametrize("arguments", [*FLAT, ("ffff", 0), ("ffff", None), ("0", 9), (5, 4), ("0xff", 4)], ids=repr)
def test_flat_texts(arguments: tuple[Any, ...]) -> None:
    its = outcome(lambda: theirs.hex_to_flathash(*arguments))
    assert_same(outcome(lambda: ours.hex_to_flathash(*arguments)), its)


OLD = [("ffd7918181c9ffff",), ("0123456789abcdef", 8), ("fffff", 5), ("fedcba", 6), ("0f" * 32, 16)]


@pytest.mark.parametrize("arguments", OLD, ids=repr)
def test_old_texts(arguments: tuple[Any, ...]) -> None:
    assert_same(ours.old_hex_to_hash(*arguments), theirs.old_hex_to_hash(*arguments))


@pytest.mark.parametrize(
    "arguments", [("ffd7",), ("ffd7918181c9fffz",), (None,), (b"ffd7918181c9ffff",), ("f" * 16, 8.0)]
)
def test_errors_of_old_texts(arguments: tuple[Any, ...]) -> None:
    its, mine = (outcome(lambda m=module: m.old_hex_to_hash(*arguments)) for module in (theirs, ours))
    assert type(mine) is type(its)
    if arguments == ("ffd7",):
        assert str(mine) == str(its)


# Copies


def test_pickles_and_copies() -> None:
    values = [ours.phash(PICTURE), ours.colorhash(PICTURE), _multis(ours)[0]]
    for value in values:
        for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert type(again) is type(value)
            assert again == value
            assert (str(again), hash(again)) == (str(value), hash(value))
    assert b"lookalike.imagehash\n" in pickle.dumps(values[0], protocol=0)
    assert pickle.loads(pickle.dumps(ours.phash)) is ours.phash


def test_pickles_of_imagehash_load_where_we_stand_in_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written = [pickle.dumps(theirs.phash(PICTURE)), pickle.dumps(_multis(theirs)[0])]
    monkeypatch.setitem(sys.modules, "imagehash", ours)
    single, multi = (pickle.loads(text) for text in written)
    assert type(single) is ours.ImageHash
    assert single == ours.phash(PICTURE)
    assert type(multi) is ours.ImageMultiHash
    assert str(multi) == str(_multis(ours)[0])
