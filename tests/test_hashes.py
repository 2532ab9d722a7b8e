"""Hashes as values: every kind round-trips, distances agree with slow twins, mixtures are refused."""

from __future__ import annotations

import copy
import pickle

import imagehash as reference
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import MismatchError
from lookalike.hashes import Hash, MultiHash, hamming_distance, hex_digit_distance, parse_hash
from lookalike.kinds import NAMES, Kind

SIZES = {"whash": [2, 4, 8, 16, 32, 64, 128], "colorhash": range(1, 41), "pdq": [16]}
FIXED = [
    Kind(name, size)
    for name in NAMES
    if name != "crop_resistant"
    for size in SIZES.get(name, [2, 3, 5, 7, 8, 9, 16, 128])
]


def fixed_kinds() -> st.SearchStrategy[Kind]:
    return st.sampled_from(FIXED)


@st.composite
def hashes(draw: st.DrawFn, kind: Kind | None = None, recipe: str | None = None) -> Hash:
    kind = kind or draw(fixed_kinds())
    assert kind.bits is not None
    value = draw(st.integers(0, 2**kind.bits - 1))
    return Hash(kind, value, kind.bits, recipe or draw(st.sampled_from(["standard/2", "imagehash/1"])))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Hash, Hash]:
    kind = draw(fixed_kinds())
    return draw(hashes(kind, "standard/2")), draw(hashes(kind, "standard/2"))


@st.composite
def multi_pairs(draw: st.DrawFn) -> tuple[MultiHash, MultiHash]:
    kind = draw(st.sampled_from([Kind("dhash"), Kind("dhash", 2), Kind("ahash", 3), Kind("colorhash")]))
    several = st.lists(hashes(kind, "standard/2"), min_size=1, max_size=6)
    first, second, shared = draw(several), draw(several), draw(st.booleans())
    return MultiHash(tuple(first)), MultiHash(tuple(second + first[:1] if shared else second))


@given(hashes())
def test_hex_round_trips_for_every_kind_and_size(value: Hash) -> None:
    text = value.hex
    assert len(text) == value.kind.hex_digits
    assert Hash.from_hex(text, value.kind, value.recipe) == value
    assert Hash.from_hex(text.upper(), str(value.kind), value.recipe) == value
    assert parse_hash(str(value), value.kind, value.recipe) == value


@given(hashes())
def test_packed_bytes_round_trip_as_numpy_packs_them(value: Hash) -> None:
    bits = [int(bit) for bit in f"{value.value:0{value.bits}b}"]
    packed = np.packbits(bits).tobytes()
    assert Hash.from_bytes(packed, value.bits, value.kind, value.recipe) == value


@given(hashes())
def test_copies_are_equal_and_hash_alike(value: Hash) -> None:
    for twin in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert twin == value
        assert hash(twin) == hash(value)
    assert len({value, Hash.from_hex(value.hex, value.kind, value.recipe)}) == 1
    assert len(value) == value.bits


@pytest.mark.parametrize("side", range(8, 40))
def test_db4_takes_any_larger_square(side: int) -> None:
    kind = Kind.parse("whash:db4")
    value = Hash(kind, (1 << side * side) - 1, side * side)
    assert Hash.from_hex(value.hex, kind) == value


@pytest.mark.parametrize("text", ["f" * 15, "f" * 17, "f" * 50])
def test_db4_refuses_what_is_no_square(text: str) -> None:
    with pytest.raises(ValueError, match="square number of bits"):
        Hash.from_hex(text, "whash:db4")


@given(pairs())
def test_the_distance_counts_bits_as_a_loop_does(pair: tuple[Hash, Hash]) -> None:
    a, b = pair
    twin = sum(x != y for x, y in zip(f"{a.value:0{a.bits}b}", f"{b.value:0{b.bits}b}", strict=True))
    assert a - b == b - a == hamming_distance(a, b) == hamming_distance(a.hex, b) == hamming_distance(a, b.hex.upper())
    assert a - b == twin
    assert a - a == 0
    assert twin / 4 <= hex_digit_distance(a, b) <= twin


@given(pairs())
def test_digits_are_counted_whatever_their_case(pair: tuple[Hash, Hash]) -> None:
    a, b = pair
    digits = sum(x != y for x, y in zip(str(a), str(b), strict=True))
    assert hex_digit_distance(a, b) == hex_digit_distance(a.hex.upper(), b.hex) == digits


def as_reference(value: Hash) -> reference.ImageHash:
    bits = np.array([int(bit) for bit in f"{value.value:0{value.bits}b}"], dtype=bool)
    return reference.ImageHash(bits)


@given(multi_pairs())
def test_segments_are_compared_exactly_as_imagehash_does(pair: tuple[MultiHash, MultiHash]) -> None:
    a, b = pair
    twins = [reference.ImageMultiHash([as_reference(segment) for segment in side.segments]) for side in pair]
    assert a - b == twins[0] - twins[1]
    assert b - a == twins[1] - twins[0]
    assert a - a == 0


@given(multi_pairs())
def test_segments_round_trip(pair: tuple[MultiHash, MultiHash]) -> None:
    for value in pair:
        assert MultiHash.from_hex(value.hex, value.kind) == value == parse_hash(str(value), value.kind)
        assert pickle.loads(pickle.dumps(value)) == value


def test_colorhash_keeps_its_eleven_digits() -> None:
    value = Hash.from_hex("072c0040000", "colorhash")
    assert (value.bits, value.hex) == (42, "072c0040000")
    with pytest.raises(ValueError, match="higher bit"):
        Hash.from_hex("472c0040000", "colorhash")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "ahash"),
        ("fe86c38181c1c3c", "ahash"),
        ("fe86c38181c1c3c7f", "ahash"),
        ("fe86c38181c1c3c7", "phash:16"),
        ("fe86c38181c1c3cg", "ahash"),
        ("0xfe86c38181c1c3", "ahash"),
        ("fe86c38181c1c3c7\n", "ahash"),
        (" fe86c38181c1c3c7", "ahash"),
        ("fe86_c38181c1c3c", "ahash"),
        ("-e86c38181c1c3c7", "ahash"),
        ("٠" * 16, "ahash"),
        ("f" * 1_000_000, "ahash"),
        ("z" * 1_000_000, "ahash"),
        ("fe86c38181c1c3c7", "crop_resistant"),
        ("fe86c38181c1c3c7", "nohash"),
    ],
)
def test_text_that_is_no_such_hash_is_refused_in_a_short_sentence(text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r"expected|MultiHash") as caught:
        Hash.from_hex(text, kind)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("text", ["", ",", "fe86c38181c1c3c7,", "fe86c38181c1c3c7, fe86c38181c1c3c7", "fe86"])
def test_a_broken_list_of_segments_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        MultiHash.from_hex(text)


@pytest.mark.parametrize("value", [None, 5, b"fe86c38181c1c3c7", float("nan")])
def test_what_is_no_text_is_a_type_error(value: object) -> None:
    for call in (
        lambda: Hash.from_hex(value, "ahash"),  # type: ignore[arg-type]
        lambda: MultiHash.from_hex(value),  # type: ignore[arg-type]
        lambda: hamming_distance(value, "ff"),  # type: ignore[arg-type]
        lambda: hex_digit_distance("ff", value),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match="expected"):
            call()


@pytest.mark.parametrize(
    ("code", "bits", "kind"),
    [
        (b"", 64, "ahash"),
        (b"\0" * 7, 64, "ahash"),
        (b"\0" * 9, 64, "ahash"),
        (b"\0" * 5 + b"\x01", 42, "colorhash"),
        (b"\0" * 8, 63, "ahash"),
        (b"\0", 0, "whash:db4"),
        (b"\0" * 8, 64, "crop_resistant"),
    ],
)
def test_packed_bytes_that_do_not_fit_are_refused(code: bytes, bits: int, kind: str) -> None:
    with pytest.raises(ValueError, match=r"expected|MultiHash"):
        Hash.from_bytes(code, bits, kind)


@pytest.mark.parametrize(("value", "bits"), [(-1, 64), (1 << 64, 64), (0, 63), (0, 0), (0, -64)])
def test_the_constructor_checks_its_numbers(value: int, bits: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Hash(Kind("ahash"), value, bits)


def test_the_recipe_is_kept_with_its_version() -> None:
    assert Hash(Kind("ahash"), 0, 64, "imagehash").recipe == "imagehash/1"
    assert Hash.from_hex("0" * 16, "ahash", "imagehash/1").recipe == "imagehash/1"
    with pytest.raises(ValueError, match="unknown recipe"):
        Hash.from_hex("0" * 16, "ahash", "opencv")


def test_mixtures_are_refused_and_named() -> None:
    zero = "0" * 16
    a = Hash.from_hex(zero, "ahash")
    others = {
        "kinds cannot be compared: ahash and phash": Hash.from_hex(zero, "phash"),
        "kinds cannot be compared: ahash and ahash:16": Hash.from_hex("0" * 64, "ahash:16"),
        "kinds cannot be compared: ahash and ahash:median": Hash.from_hex(zero, "ahash:median"),
        "recipes cannot be compared: standard/2 and imagehash/1": Hash.from_hex(zero, "ahash", "imagehash"),
    }
    for text, other in others.items():
        assert a != other
        for call in (lambda x: a - x, lambda x: hamming_distance(a, x), lambda x: hex_digit_distance(a, x)):
            with pytest.raises(MismatchError, match=text):
                call(other)
    with pytest.raises(MismatchError, match="4 and 16 hex digits"):
        hamming_distance("ffff", a)


def test_one_hash_and_many_segments_are_a_mixture() -> None:
    one, many = Hash.from_hex("0" * 16, "dhash"), MultiHash.from_hex("0" * 16)
    for call in (lambda: one - many, lambda: many - one):  # type: ignore[operator]
        with pytest.raises(MismatchError, match=r"dhash and crop_resistant|crop_resistant and dhash"):
            call()
    with pytest.raises(TypeError):
        one - "0" * 16  # type: ignore[operator]
    with pytest.raises(MismatchError, match="kinds"):
        many - MultiHash.from_hex("0" * 16, "crop_resistant:phash")


def test_segments_are_of_one_kind_and_recipe() -> None:
    zero = "0" * 16
    with pytest.raises(ValueError, match="at least one"):
        MultiHash(())
    with pytest.raises(MismatchError, match="kinds"):
        MultiHash((Hash.from_hex(zero, "ahash"), Hash.from_hex(zero, "phash")))
    with pytest.raises(MismatchError, match="recipes"):
        MultiHash((Hash.from_hex(zero, "ahash"), Hash.from_hex(zero, "ahash", "imagehash")))
    with pytest.raises(ValueError, match="expected a crop_resistant kind"):
        MultiHash.from_hex(zero, "ahash")


def test_the_forms_that_a_person_reads() -> None:
    assert repr(Hash.from_hex("FE86C38181C1C3C7", "ahash")) == "Hash('fe86c38181c1c3c7', 'ahash', 'standard/2')"
    many = MultiHash.from_hex("f,0", "crop_resistant:ahash:2")
    assert repr(many) == "MultiHash('f,0', 'crop_resistant:ahash:2', 'standard/2')"
    assert many.recipe == "standard/2"


def test_hashes_spread_over_sets() -> None:
    # ImageHash's own __hash__ has about 2,041 values, so that its sets become quadratic.
    many = {Hash(Kind("ahash"), value << 20, 64) for value in range(20_000)}
    assert len({hash(value) for value in many}) > 19_900
