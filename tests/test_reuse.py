"""Reuse against a slow twin, and what it says in words and tables."""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookalike
from lookalike.errors import ColumnError
from lookalike.kinds import Kind
from lookalike.matching import pictures
from lookalike.matching.background import Background, confidences
from lookalike.matching.measures import measure_of
from lookalike.matching.popular import most_owners
from lookalike.matching.posting_frames import codes_of_frame, kinds_of_frame, postings_of_frame
from lookalike.matching.profiles import FEATURES
from lookalike.matching.reuse import Matches, Options, Reuse, find_matches, find_reuse
from reuse_oracle import KINDS, RADII, Post, Slow, as_frame, markets, mirrored

DAY = 86_400


def found_in(posts: list[Post], *, threshold: int | None = None, mirrored: bool = True, **options: Any) -> Reuse:
    measure = measure_of(KINDS, dict(zip(map(str, KINDS), RADII, strict=True)), mirrored)
    allowed = options.pop("allowed", None)
    options = {"popular": threshold, "confidence": 0.0, **options}
    found: Reuse = find_reuse(
        postings_of_frame(as_frame(posts), "owner", KINDS), Options("owner", measure, **options), allowed
    )
    return found


def lines(frame: pd.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame[list(names)].itertuples(index=False)]


@given(markets(), st.sampled_from([None, 1, 2, 3]), st.booleans())
def test_pairs_are_those_of_the_slow_twin(posts: list[Post], threshold: int | None, turns: bool) -> None:
    found = found_in(posts, threshold=threshold, mirrored=turns)
    slow = Slow(posts, RADII, threshold, turns=turns)
    pairs = lines(found.pairs, "original_row", "copy_row", "distance", "transform")
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == slow.pairs()


@given(markets(), st.booleans())
def test_the_order_of_kinds_does_not_matter(posts: list[Post], in_pieces: bool) -> None:
    """Nor does it whether a code with thousands of others behind it is taken by itself."""
    measure = measure_of(KINDS[::-1], dict(zip(map(str, KINDS), RADII, strict=True)))
    options = Options("owner", measure, popular=None, confidence=0.0)
    with pytest.MonkeyPatch.context() as patch:
        if in_pieces:
            patch.setattr(pictures, "AT_A_TIME", 0)
        found = find_reuse(postings_of_frame(as_frame(posts), "owner", KINDS), options)
    pairs = lines(found.pairs, "original_row", "copy_row", "distance", "transform")
    assert set(pairs) == Slow(posts, RADII, None).pairs()


@given(st.lists(st.integers(1, 2**16 - 2), min_size=2, max_size=8, unique=True))
def test_of_two_ways_that_are_as_near_the_plain_one_is_told(codes: list[int]) -> None:
    packed = {"dhash:4": np.array([[code >> 8, code & 255] for code in codes], np.uint8)}
    measure = measure_of(KINDS[1:], 6)
    _, near = pictures.find_pictures(packed, measure)
    expected = {}
    for one, other in combinations(range(len(codes)), 2):
        plain = (codes[one] ^ codes[other]).bit_count()
        turned = (codes[one] ^ mirrored((0, codes[other]))[1]).bit_count()
        if min(plain, turned) <= 6:
            expected[one, other] = (min(plain, turned), turned < plain)
    found = zip(near.left.tolist(), near.right.tolist(), near.totals.tolist(), near.mirrored.tolist(), strict=True)
    assert {(one, other): (distance, turned) for one, other, distance, turned in found} == expected


def test_a_mirrored_pair_whose_candidates_have_one_code() -> None:
    # This dhash is that of its own mirror image, so only the other kind tells the two apart.
    posts = [Post(0, "a", None, None, 0x1234, 0xCCCC), Post(1, "b", None, None, 0x1234 ^ 0x5555, 0xCCCC)]
    found = find_reuse(
        postings_of_frame(as_frame(posts), "owner", KINDS), Options("owner", measure_of(KINDS[::-1], 1), confidence=0.0)
    )
    assert lines(found.pairs, "original_row", "copy_row", "distance", "transform") == [(0, 1, 0, "mirrored")]


@given(markets(), st.sampled_from([None, 2]))
def test_groups_are_those_of_the_slow_twin(posts: list[Post], threshold: int | None) -> None:
    found = found_in(posts, threshold=threshold)
    members = found.members
    first = members[members.role == "first"].set_index("group").row
    assert sorted(zip(members.group.map(first), members.role, members.row, strict=True)) == sorted(
        Slow(posts, RADII, threshold).members()
    )
    groups = found.groups
    assert lines(groups, "group", "images", "owners") == [
        (number, len(part), part.owner.nunique()) for number, part in members.groupby("group")
    ]
    for line, (_, part) in zip(groups.itertuples(), members.groupby("group"), strict=True):
        copies = part[part.role == "copy"]
        assert (line.closest, line.widest) == (copies.distance.min(), copies.distance.max())
        assert line.mirrored == (copies["transform"] == "mirrored").sum()
        assert line.listings == len(part.dropna(subset="listing")[["owner", "listing"]].drop_duplicates())
        assert line.first_image == part.image.iloc[0]


@given(markets(), st.sampled_from([None, 1, 2]))
def test_features_are_those_of_the_slow_twin(posts: list[Post], threshold: int | None) -> None:
    found, slow = found_in(posts, threshold=threshold), Slow(posts, RADII, threshold)
    for frame, names in ((found.owners, ("owner",)), (found.listings, ("owner", "listing"))):
        wanted: dict[tuple[Any, ...], list[Post]] = {}
        for post in slow.known:
            key = tuple(getattr(post, name) for name in names)
            if None not in key:
                wanted.setdefault(key, []).append(post)
        assert set(lines(frame, *names)) == set(wanted)
        for row in frame.to_dict("records"):
            expected = slow.profile(wanted[tuple(row[name] for name in names)])
            assert {name: row[name] for name in expected} == pytest.approx(expected)
        assert list(frame.columns) == [*names, *FEATURES]
        numbers = frame[list(FEATURES)]
        assert not numbers.isna().to_numpy().any()
        assert all(pd.api.types.is_numeric_dtype(numbers[name]) for name in numbers)


@given(markets(), st.sampled_from([1, 2, 3]))
def test_popular_pictures_are_those_of_the_slow_twin(posts: list[Post], threshold: int) -> None:
    found, slow = found_in(posts, threshold=threshold), Slow(posts, RADII, threshold)
    by_group: dict[Any, list[Post]] = {}
    for post in slow.known:
        if post.codes in slow.popular:
            by_group.setdefault(slow.popular[post.codes], []).append(post)
    expected = [(f"image {part[0].row}", len({post.owner for post in part}), len(part)) for part in by_group.values()]
    assert sorted(lines(found.popular, "image", "owners", "images")) == sorted(expected)
    assert found.left_out["popular"] == sum(map(len, by_group.values()))


@given(markets(), st.data())
def test_what_is_near_an_allowed_picture_is_left_out(posts: list[Post], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(posts), max_size=2)) if posts else []
    allowed = {
        "phash:4": np.array([[post.phash >> 8, post.phash & 255] for post in chosen], np.uint8).reshape(-1, 2),
        "dhash:4": np.array([[post.dhash >> 8, post.dhash & 255] for post in chosen], np.uint8).reshape(-1, 2),
    }
    found = found_in(posts, allowed=allowed)
    slow = Slow(posts, RADII, None, [post.codes for post in chosen])
    assert set(lines(found.pairs, "original_row", "copy_row", "distance", "transform")) == slow.pairs()
    assert found.left_out["allowed"] == sum(post.codes in slow.permitted for post in slow.known)


@given(markets())
def test_every_row_is_compared_or_counted(posts: list[Post]) -> None:
    found = found_in(posts)
    counts = found.left_out
    assert counts["without an owner"] == sum(post.owner is None for post in posts)
    assert len(posts) == len(found.postings) + sum(
        counts[name] for name in counts if name not in ("allowed", "popular")
    )


@given(markets())
@settings(max_examples=30)
def test_matches_are_the_same_pairs_without_a_first(posts: list[Post]) -> None:
    found = found_in(posts)
    matches = find_matches(found.postings, found.options)
    assert isinstance(matches, Matches)
    assert {frozenset(pair) for pair in lines(matches.pairs, "row_a", "row_b")} == {
        frozenset(pair) for pair in lines(found.pairs, "original_row", "copy_row")
    }
    words = " ".join([*matches.pairs.columns, *matches.members.columns, str(matches)])
    assert not any(word in words for word in ("original", "copy", "copies", "role", "first_by"))


def test_an_owner_who_posts_again_after_the_thief_stays_the_first() -> None:
    posts = [
        Post(0, "owner", "x", 0.0, 0xF0A5, 0x1234),
        Post(1, "thief", "y", DAY, 0xF0A5, 0x1234),
        Post(2, "owner", "z", 2 * DAY, 0xF0A4, 0x1234),
    ]
    found = found_in(posts)
    assert set(lines(found.pairs, "original_row", "copy_row", "first_by")) == {(0, 1, "time"), (2, 1, "time")}
    assert lines(found.owners, "owner", "copied", "first") == [("owner", 0, 2), ("thief", 1, 0)]


def test_who_was_first_is_told_with_its_reason() -> None:
    def first_by(one: float | None, other: float | None) -> Any:
        posts = [Post(0, "a", None, one, 0xF0A5, 0x1234), Post(1, "b", None, other, 0xF0A5, 0x1234)]
        return found_in(posts).pairs.iloc[0][["original_row", "first_by"]].tolist()

    assert first_by(0.0, DAY) == [0, "time"]
    assert first_by(DAY, 0.0) == [1, "time"]
    assert first_by(DAY, DAY) == [0, "row"]
    assert first_by(None, None) == [0, "row"]
    assert first_by(None, DAY) == [1, "one time"]


def test_one_picture_posted_ten_thousand_times_is_one_code() -> None:
    count = 10_000
    posts = [Post(row, f"owner {row}", f"{row}", float(row), 0xF0A5, 0x1234) for row in range(count)]
    start = time.perf_counter()
    found = found_in(posts, threshold=None)
    assert len(found.pictures) == 1
    assert found.groups[["owners", "images"]].iloc[0].tolist() == [count, count]
    assert found.owners.other_owners.tolist() == [count - 1] * count
    with pytest.raises(ValueError, match=r"at most 1,000,000 pairs of photos, got at least .*limit="):
        _ = found.pairs
    assert time.perf_counter() - start < 10  # measured: 1 s
    assert "9,999 of them, by 9,999 owners, match 1 that another owner posted first" in str(found)
    popular = found_in(posts, threshold=100)
    assert popular.popular[["image", "owners"]].iloc[0].tolist() == ["image 0", count]
    assert len(popular.pairs) == len(popular.groups) == 0


def test_times_may_be_text_datetimes_and_seconds() -> None:
    posts = [Post(row, name, None, None, 0xF0A5, 0x1234) for row, name in enumerate("abcd")]
    times = ["2026-03-01T12:00:00+02:00", pd.Timestamp("2026-03-01T09:00"), 1_772_352_000, None]
    postings = postings_of_frame(as_frame(posts, time=times), "owner", KINDS)
    assert postings.owner_names == ["c", "b", "a", "d"]
    assert postings.time_texts(np.arange(4)).tolist() == [
        "2026-03-01T08:00:00+00:00",
        "2026-03-01T09:00:00+00:00",
        "2026-03-01T10:00:00+00:00",
        None,
    ]
    with pytest.raises(ValueError, match="expected times as ISO 8601"):
        postings_of_frame(as_frame(posts, time=["soon"] * 4), "owner", KINDS)


def test_any_column_can_be_the_owner() -> None:
    posts = [Post(row, None, None, None, 0xF0A5, 0x1234) for row in range(4)]
    frame = as_frame(posts, shop=[{"id": 1}, {"id": 2}, {"id": 1}, ""])
    postings = postings_of_frame(frame, "shop", KINDS)
    found = find_reuse(postings, Options("shop", measure_of(KINDS, 2), popular=None))
    assert found.left_out["without a shop"] == 1
    assert [name for name in found.pairs if "shop" in name] == ["original_shop", "copy_shop"]
    assert found.groups.shops.tolist() == [2]
    with pytest.raises(ColumnError, match="expected a column 'seller'"):
        postings_of_frame(frame, "seller", KINDS)


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_tables_of_every_kind_say_the_same(to: str) -> None:
    pytest.importorskip({"arrow": "pyarrow"}.get(to, to))
    import narwhals as nw

    posts = [Post(0, "a", None, 0.0, 0xF0A5, 0x1234), Post(1, "b", "l", None, 0xF0A5, 0x1234)]
    found = found_in(posts, to=to)
    rows = nw.from_native(found.members, eager_only=True).rows(named=True)
    assert [(row["role"], row["listing"], row["time"]) for row in rows] == [
        ("first", None, "1970-01-01T00:00:00+00:00"),
        ("copy", "l", None),
    ]
    assert len(nw.from_native(found.listings, eager_only=True)) == 1


def test_confidence_falls_with_distance_and_with_the_number_of_pictures() -> None:
    # That of 700 photos of garments, by phash and dhash.
    background = Background(threshold=33, share=0.00124, rate=0.26)
    found = np.full(21, 5)
    small, large = (confidences(background, count * (count - 1) / 2, found) for count in (700, 1_000_000))
    assert (np.diff(small) <= 0).all()
    assert (large <= small).all()
    assert small[0] > 0.995
    assert 0.5 < small[20] < 0.8, small[20]
    assert large[6] == 0


def test_one_find_between_many_is_as_sure_as_its_neighbours() -> None:
    background = Background(threshold=33, share=0.00124, rate=0.26)
    found = np.full(21, 10)
    found[10] = 1
    sure = confidences(background, 244_650, found)
    assert sure[9] - sure[10] < 0.02
    lonely = np.zeros(21, np.int64)
    lonely[15] = 1
    assert confidences(background, 66, lonely)[15] > 0.99
    assert confidences(background, 244_650, lonely)[15] == 0


def test_background_of_coins_and_of_copies() -> None:
    random = np.random.default_rng(3)
    codes = random.integers(0, 256, (2_000, 8), np.uint8)
    background = Background.of(np.concatenate([codes, codes]), 64, 8)
    # A thousandth of the binomial distribution of 64 coins is at 19 or below; the copies at 0 are no chance.
    assert background.threshold == 19
    assert background.share == pytest.approx(0.0008, rel=0.5)
    below = sum(background.chance(distance) for distance in range(20))
    assert below == pytest.approx(background.share, rel=0.01)
    at_twelve = 64 * 63 * 62 * 61 * 60 * 59 * 58 * 57 * 56 * 55 * 54 * 53 / 479_001_600 / 2**64
    assert at_twelve < background.chance(12) < 100 * at_twelve


def test_background_of_nothing_is_what_is_known_before() -> None:
    background = Background.of(np.zeros((1, 16), np.uint8), 128, 20)
    # 64 bits less 3.09 times the square root of 2.5 * 32.
    assert background.threshold == 36
    assert background.share == pytest.approx(0.001, rel=0.3)


def test_background_is_that_of_real_photos(shared: Path) -> None:
    photos = sorted((shared / "photos" / "products-clothing").iterdir())
    kinds = [Kind.parse("phash"), Kind.parse("dhash")]
    codes, _ = codes_of_frame(lookalike.fingerprint_many(photos, kinds=kinds), kinds)
    joint = np.concatenate([codes["phash"], codes["dhash"]], axis=1)
    apart = np.concatenate([np.bitwise_count(joint[n + 1 :] ^ joint[n]).sum(axis=1) for n in range(len(joint))])
    background = Background.of(joint, 128, 20)
    for most in (24, 28, 32):
        expected = len(apart) * sum(background.chance(distance) for distance in range(most + 1))
        # Measured: 20.2 to 19, 67.6 to 72, 225 to 233.
        assert 0.5 < expected / (apart <= most).sum() < 2


def test_unsure_pairs_are_no_matches() -> None:
    random = np.random.default_rng(5)
    numbers = random.integers(1, 2**16 - 1, (400, 2)).tolist()
    posts = [Post(row, f"owner {row}", None, None, phash, dhash) for row, (phash, dhash) in enumerate(numbers)]
    all_pairs, sure = found_in(posts).pairs, found_in(posts, confidence=0.9).pairs
    assert (sure.confidence >= 0.9).all()
    assert len(sure) == (all_pairs.confidence >= 0.9).sum() < len(all_pairs)
    # The same hashes again make it surer that the same hashes are no chance.
    again = [Post(400 + post.row, f"again {post.row}", None, None, post.phash, post.dhash) for post in posts[:200]]
    assert found_in(posts + again).certainty[0][0] > found_in(posts).certainty[0][0]


@pytest.mark.parametrize(
    ("popular", "owners", "expected"),
    [
        ("auto", 200, 14),
        ("auto", 100_000, 316),
        ("auto", 3, 5),
        (7, 200, 7),
        (0.02, 200, 4),
        (0.02, 10, 1),
        (None, 9, None),
    ],
)
def test_threshold_of_popular_pictures(popular: Any, owners: int, expected: int | None) -> None:
    assert most_owners(popular, owners) == expected


@pytest.mark.parametrize("popular", [0, -1, 2.5, float("nan"), "many", True, [3]])
def test_other_thresholds_are_errors(popular: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="expected popular as a"):
        most_owners(popular, 200)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"confidence": 1.1}, "confidence from 0 to 1"),
        ({"limit": -1}, "limit as a whole number"),
        ({"by": "distance"}, "whose an image is"),
        ({"by": ""}, "name of a column"),
    ],
)
def test_options_are_checked(options: dict[str, Any], text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        Options(**({"by": "owner", "measure": measure_of(KINDS)} | options))


def test_measures_are_checked() -> None:
    phash, colour = Kind.parse("phash"), Kind.parse("colorhash")
    assert measure_of([phash]).radii == (8,)
    assert measure_of([phash, Kind.parse("dhash:16")]).radii == (10, 40)
    assert measure_of([phash, colour], {"phash": 4}).radii == (4, 6)
    assert measure_of([phash]).mirrors
    assert not measure_of([phash, colour]).mirrors
    for wrong in (-1, 32, 1.5, True):
        with pytest.raises((ValueError, TypeError), match="radius of phash"):
            measure_of([phash], wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="told by colorhash"):
        measure_of([phash, colour], mirrored=True)
    with pytest.raises(ValueError, match="fixed length"):
        measure_of([Kind.parse("crop_resistant")])
    with pytest.raises(ValueError, match="at least one"):
        measure_of([])


def test_kinds_of_a_table_begin_with_phash() -> None:
    frame = pd.DataFrame({"dhash": ["0" * 16], "crop_resistant": ["0"], "phash": ["1" * 16], "note": [""]})
    assert list(map(str, kinds_of_frame(frame))) == ["phash", "dhash"]
    with pytest.raises(ValueError, match="column of hashes"):
        kinds_of_frame(frame[["note"]])


def test_nothing_in_nothing_out() -> None:
    found = found_in([])
    for frame in (found.pairs, found.groups, found.members, found.listings, found.owners, found.popular):
        assert len(frame) == 0
    assert str(found) == "0 photos of 0 owners: none matches one of another owner."
