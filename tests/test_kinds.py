"""The registry of kinds: text forms, lengths, and what is refused."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.kinds import ARTICLE_KINDS, NAMES, Kind

SQUARE = tuple(name for name in NAMES if name not in ("whash", "colorhash", "crop_resistant", "pdq"))
WHASH_VARIANTS = ("", "keep_ll", "db4", "db4_keep_ll")

plain_kinds = st.one_of(
    st.builds(Kind, st.sampled_from(SQUARE), st.integers(2, 128)),
    st.builds(Kind, st.just("ahash"), st.integers(2, 128), st.just("median")),
    st.builds(Kind, st.just("whash"), st.sampled_from([2, 4, 8, 16, 32, 64, 128]), st.sampled_from(WHASH_VARIANTS)),
    st.builds(Kind, st.just("colorhash"), st.integers(1, 40)),
    st.just(Kind("pdq")),
)
kinds = st.one_of(plain_kinds, st.builds(lambda inner: Kind("crop_resistant", inner=inner), plain_kinds))


@given(kinds)
def test_every_kind_reads_back_from_its_text(kind: Kind) -> None:
    text = str(kind)
    assert Kind.parse(text) == kind
    assert str(Kind.parse(text)) == text
    assert hash(Kind.parse(text)) == hash(kind)
    assert Kind.parse(kind) is kind


@given(kinds)
def test_copies_are_equal(kind: Kind) -> None:
    assert pickle.loads(pickle.dumps(kind)) == kind
    assert copy.deepcopy(kind) == kind
    assert replace(kind) == kind


@given(kinds)
def test_bits_and_hex_digits_agree(kind: Kind) -> None:
    if kind.bits is None:
        assert kind.hex_digits is None
        assert kind.inner is not None or kind.variant.startswith("db4")
    else:
        assert kind.hex_digits == math.ceil(kind.bits / 4)
        assert kind.bits == (14 * kind.size if kind.name == "colorhash" else kind.size**2)


@given(kinds)
def test_a_default_radius_is_a_small_share_of_the_bits(kind: Kind) -> None:
    if kind.bits is None:
        assert kind.radius is None
        return
    assert kind.radius is not None
    assert 0 <= kind.radius <= kind.bits / 4


@pytest.mark.parametrize(
    ("text", "radius"),
    [
        ("ahash", 0),
        ("phash", 6),
        ("phash_simple", 0),
        ("dhash", 3),
        ("dhash_vertical", 4),
        ("whash", 1),
        ("whash:keep_ll", 1),
        ("colorhash", 0),
        ("colorhash:4", 0),
        ("ahash:16", 5),
        ("ahash:16:median", 5),
        ("phash:16", 62),
        ("dhash:16", 38),
        ("whash:16", 9),
        ("phash:12", 13),  # 6 * 144 / 64 = 13.5
        ("phash:32", 248),
        ("phash:4", 1),
        ("dhash:4", 0),
        ("pdq", 64),
        ("whash:db4", None),
        ("crop_resistant", None),
        ("crop_resistant:phash:16", None),
    ],
)
def test_default_radii(text: str, radius: int | None) -> None:
    assert Kind.parse(text).radius == radius


@given(st.text(max_size=30))
def test_any_text_is_a_kind_or_a_value_error(text: str) -> None:
    try:
        kind = Kind.parse(text)
    except ValueError:
        return
    assert Kind.parse(str(kind)) == kind


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("ahash", 64),
        ("ahash:median", 64),
        ("phash:16", 256),
        ("colorhash", 42),
        ("colorhash:4", 56),
        ("whash:16:keep_ll", 256),
        ("dhash_vertical:2", 4),
        ("pdq", 256),
    ],
)
def test_lengths_in_bits(text: str, bits: int) -> None:
    assert Kind.parse(text).bits == bits
    assert str(Kind.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("phash:8", "phash"),
        ("colorhash:3", "colorhash"),
        ("crop_resistant:dhash", "crop_resistant"),
        ("crop_resistant:dhash:8", "crop_resistant"),
        ("crop_resistant:phash:16", "crop_resistant:phash:16"),
        ("whash:db4:16", "whash:16:db4"),
    ],
)
def test_other_spellings_become_the_one_text(text: str, canonical: str) -> None:
    assert str(Kind.parse(text)) == canonical


@pytest.mark.parametrize("name", NAMES)
def test_the_bare_name_and_the_constructor_agree(name: str) -> None:
    assert Kind(name) == Kind.parse(name)
    assert str(Kind(name)) == name


def test_the_article_s_kinds_are_kinds() -> None:
    assert [str(Kind.parse(text)) for text in ARTICLE_KINDS] == list(ARTICLE_KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PHASH",
        " phash",
        "phash ",
        "phash:",
        "phash::16",
        "phash:16:16",
        "phash:1",
        "phash:0",
        "phash:-8",
        "phash:129",
        "phash:8.0",
        "phash:٨",
        "phash:" + "9" * 5000,
        "phash:median",
        "ahash:median:median",
        "ahash:mean",
        "whash:12",
        "whash:db4:keep_ll",
        "colorhash:0",
        "colorhash:41",
        "pdq:8",
        "pdq:median",
        "crop_resistant:",
        "crop_resistant:16",
        "crop_resistant:crop_resistant",
        "crop_resistant:whash:12",
        "x" * 100_000,
    ],
)
def test_text_that_is_no_kind_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"hash kind|inner kind") as caught:
        Kind.parse(text)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [None, 8, b"phash", ["phash"]])
def test_what_is_no_text_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="expected a hash kind"):
        Kind.parse(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("nohash", {}),
        ("phash", {"size": 1}),
        ("phash", {"size": -1}),
        ("phash", {"variant": "median"}),
        ("whash", {"size": 12}),
        ("dhash", {"inner": Kind("phash")}),
        ("crop_resistant", {"inner": Kind("crop_resistant")}),
        ("crop_resistant", {"variant": "median"}),
    ],
)
def test_the_constructor_refuses_what_parse_refuses(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"hash kind|inner kind"):
        Kind(name, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"size": 8.0}, {"size": True}, {"size": "8"}])
def test_a_size_is_a_whole_number(settings: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="whole number"):
        Kind("phash", **settings)  # type: ignore[arg-type]


def test_an_inner_kind_is_a_kind() -> None:
    with pytest.raises(TypeError, match="expected a Kind"):
        Kind("crop_resistant", inner="phash")  # type: ignore[arg-type]


def test_with_size_changes_the_size_only() -> None:
    assert str(Kind.parse("whash:db4").with_size(16)) == "whash:16:db4"
    assert str(Kind.parse("crop_resistant:ahash:median").with_size(16)) == "crop_resistant:ahash:16:median"
    assert Kind("colorhash").with_size(4).bits == 56
    with pytest.raises(ValueError, match="power of two"):
        Kind("whash").with_size(12)
    with pytest.raises(ValueError, match="from 2 to 128, got 0"):
        Kind("phash").with_size(0)


def test_a_kind_cannot_be_changed() -> None:
    kind = Kind("phash")
    with pytest.raises(FrozenInstanceError):
        kind.size = 16  # type: ignore[misc]
