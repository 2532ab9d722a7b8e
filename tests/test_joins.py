"""Joins of codes against brute force: widths, radii, skew, limits, threads, and a user who changes his mind."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hamming_oracle as oracle
from lookalike import _core, fingerprint
from lookalike.joins import CrossJoin, Join, cross_join, join

PLANS = ("auto", "blocks", "sweep")
WIDTHS = (8, 9, 12, 31, 63, 64, 65, 100, 128, 200, 256, 500, 1000, 1024)
NOTHING = np.zeros((0, 8), np.uint8)


def packed(bits: np.ndarray) -> oracle.Codes:
    """Codes of (n, width) booleans, padded in front to whole bytes."""
    return np.packbits(np.pad(bits, ((0, 0), (-bits.shape[1] % 8, 0))), axis=1)


def sample(rng: np.random.Generator, count: int, width: int, density: float, copies: int) -> oracle.Codes:
    """Random codes, and as many copies of some of them with a few bits flipped."""
    bits = rng.random((count, width)) < density
    if count and copies:
        flips = rng.random((copies, width)) < rng.choice([0.0, 2 / width], (copies, 1))
        bits = np.concatenate([bits, bits[rng.integers(0, count, copies)] ^ flips])
    return packed(rng.permutation(bits))


def assert_right(codes: oracle.Codes, found: Join, radius: int) -> None:
    _, first = np.unique(codes, axis=0, return_index=True)
    distinct = codes[np.sort(first)]
    assert list(zip(*map(np.ndarray.tolist, found[2:]), strict=True)) == oracle.pairs(distinct, radius)
    assert len(found.starts) == len(distinct) + 1
    members = [found.members[a:b] for a, b in itertools.pairwise(found.starts)]
    assert [part.tolist() for part in members] == [
        np.flatnonzero((codes == code).all(axis=1)).tolist() for code in distinct
    ]


def assert_cross_right(left: oracle.Codes, right: oracle.Codes, found: CrossJoin, radius: int) -> None:
    assert list(zip(*map(np.ndarray.tolist, found), strict=True)) == oracle.cross_pairs(left, right, radius)


@settings(max_examples=150)
@given(
    width=st.sampled_from(WIDTHS),
    count=st.sampled_from([0, 1, 2, 3, 20, 150, 400]),
    density=st.sampled_from([0.5, 0.5, 0.1, 0.02]),
    copies=st.sampled_from([0, 5, 200]),
    radius=st.integers(0, 12) | st.integers(0, 1024),
    plan=st.sampled_from(PLANS),
    threads=st.sampled_from([1, 2]),
    seed=st.integers(0, 1 << 32),
)
def test_any_codes(
    width: int, count: int, density: float, copies: int, radius: int, plan: str, threads: int, seed: int
) -> None:
    codes = sample(np.random.default_rng(seed), count, width, density, copies)
    radius = min(radius, width)
    assert_right(codes, join(codes, radius, bits=width, threads=threads, _plan=plan), radius)
    left, right = codes[: len(codes) // 3], codes[len(codes) // 3 :]
    found = cross_join(left, right, radius, bits=width, threads=threads, _plan=plan)
    assert_cross_right(left, right, found, radius)


def test_shapes_and_kinds_of_the_answer() -> None:
    codes = np.array([[1], [3], [1], [255]], np.uint8)
    found = join(codes, 1)
    assert found.starts.tolist() == [0, 2, 3, 4]
    assert found.members.tolist() == [0, 2, 1, 3]
    assert [column.tolist() for column in found[2:]] == [[0], [1], [1]]
    assert [column.dtype for column in found] == [np.int64] * 4 + [np.int32]
    crossed = cross_join(codes, codes[:2], 1)
    assert [column.tolist() for column in crossed] == [[0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 0, 1]]
    assert [column.dtype for column in crossed] == [np.int64] * 2 + [np.int32]


def test_nothing_joins_nothing() -> None:
    assert [len(column) for column in join(NOTHING, 4)] == [1, 0, 0, 0, 0]
    some = np.ones((3, 8), np.uint8)
    for left, right in ((NOTHING, some), (some, NOTHING), (NOTHING, NOTHING)):
        assert [len(column) for column in cross_join(left, right, 64)] == [0, 0, 0]


@pytest.mark.parametrize("width", [64, 256])
@pytest.mark.parametrize("radius", [2, 6])
def test_many_codes_by_every_plan(width: int, radius: int) -> None:
    """Enough of them that parts are split several times; half share their first bits."""
    rng = np.random.default_rng(width + radius)
    codes = sample(rng, 12_000, width, 0.5, 4000)
    codes[::2, : width // 16] = 7
    expected = join(codes, radius, _plan="sweep")
    assert len(expected.left) > 400
    for plan in ("auto", "blocks"):
        for threads in (1, 2):
            found = join(codes, radius, threads=threads, _plan=plan)
            assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_many_codes_of_two_sets() -> None:
    rng = np.random.default_rng(5)
    codes = sample(rng, 9000, 64, 0.5, 9000)
    left, right = codes[:6000], codes[6000:]
    expected = cross_join(left, right, 5, _plan="sweep")
    assert len(expected.left) > 500
    for plan in ("auto", "blocks"):
        found = cross_join(left, right, 5, threads=2, _plan=plan)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture(scope="module")
def photo_codes(shared: Path) -> oracle.Codes:
    paths = sorted((shared / "photos" / "products-clothing").iterdir())[::4]
    hashes = [fingerprint(path, kinds=["phash", "dhash"]).hashes for path in paths]
    return np.array([list(bytes.fromhex(print_[kind].hex)) for print_ in hashes for kind in print_], np.uint8)


@pytest.mark.parametrize("plan", PLANS)
def test_codes_of_photos(photo_codes: oracle.Codes, plan: str) -> None:
    found = join(photo_codes, 12, _plan=plan)
    assert len(found.left)
    assert_right(photo_codes, found, 12)


def seconds(codes: oracle.Codes, radius: int) -> float:
    start = time.process_time()
    join(codes, radius)
    return time.process_time() - start


def test_skewed_codes_take_no_longer_than_their_answer() -> None:
    """Half of the codes share 40 bits; codes with 0 to 3 bits set. All with all would take 25 to 100 times as long."""
    rng = np.random.default_rng(1)
    even = rng.integers(0, 256, (200_000, 8), dtype=np.uint8)
    base = seconds(even, 2)
    half = even.copy()
    half[::2, :5] = [0, 255, 3, 1, 0]
    blanks = np.zeros((200_000, 64), bool)
    blanks[np.arange(200_000)[:, None], rng.integers(0, 64, (200_000, 3))] = rng.random((200_000, 3)) < 0.6
    allowed = 20 * base + 0.5
    assert seconds(half, 2) < allowed
    assert seconds(packed(blanks), 2) < allowed


@pytest.mark.parametrize("plan", PLANS)
def test_limit(plan: str) -> None:
    codes = np.arange(256, dtype=np.uint8)[:, None]
    count = 256 * 8 // 2
    assert len(join(codes, 1, limit=count, _plan=plan).left) == count
    with pytest.raises(ValueError, match=r"expected at most 1,023 pairs, found .* smaller radius or raise the limit"):
        join(codes, 1, limit=count - 1, _plan=plan)
    with pytest.raises(ValueError, match="at most 0 pairs"):
        join(codes, 8, limit=0, _plan=plan)


def test_limit_counts_positions_of_two_sets() -> None:
    left, right = np.zeros((1000, 8), np.uint8), np.zeros((2000, 8), np.uint8)
    assert len(cross_join(left, right, 0, limit=2_000_000).left) == 2_000_000
    with pytest.raises(ValueError, match="at most 1,999,999 pairs, found 2,000,000"):
        cross_join(left, right, 0, limit=1_999_999)


def test_too_many_pairs_are_an_error_before_there_is_memory_for_them() -> None:
    """Two billion pairs would be found; the error comes while a hundred million are only counted."""
    codes = packed(np.random.default_rng(0).random((65_536, 24)) < 0.5)
    start = time.process_time()
    with pytest.raises(ValueError, match="at most 100,000,000 pairs"):
        join(codes, 24)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("codes", "more", "text"),
    [
        (np.zeros(8, np.uint8), {}, "shape"),
        (np.zeros((2, 8), np.int64), {}, "uint8"),
        (np.zeros((2, 8), np.uint8), {"bits": 72}, "9 bytes for 72 bits, got 8"),
        (np.zeros((2, 8), np.uint8), {"bits": 56}, "7 bytes"),
        (np.zeros((2, 129), np.uint8), {}, "1 to 1024 bits"),
        (np.zeros((2, 0), np.uint8), {}, "1 to 1024 bits"),
        (np.zeros((2, 8), np.uint8), {"radius": -1}, "radius of 0 or more, got -1"),
        (np.zeros((2, 8), np.uint8), {"limit": -1}, "limit of 0 or more"),
        (np.zeros((2, 8), np.uint8), {"threads": 0}, "threads of 1 or more"),
        (np.zeros((2, 8), np.uint8), {"_plan": "luck"}, 'got "luck"'),
    ],
)
def test_arguments_are_checked(codes: np.ndarray, more: dict[str, object], text: str) -> None:
    arguments: dict[str, object] = {"radius": 4, **more}
    with pytest.raises(ValueError, match=text):
        join(codes, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=text):
        cross_join(codes, codes, **arguments)  # type: ignore[arg-type]


def test_widths_must_agree() -> None:
    with pytest.raises(ValueError, match="expected codes of 8 bytes"):
        cross_join(np.zeros((1, 8), np.uint8), np.zeros((1, 9), np.uint8), 4, bits=64)
    with pytest.raises(ValueError, match="expected codes of 8 bytes"):
        cross_join(np.zeros((1, 8), np.uint8), np.zeros((1, 9), np.uint8), 4)


def test_columns_are_read_within_their_bounds() -> None:
    done = _core.join_codes([bytes(8), bytes(8)], 64, 4, 10, 1, "auto")
    assert (done.distinct, done.pairs) == (1, 0)
    members = np.full(2, -1)
    done.read_into("members", 0, members)
    assert members.tolist() == [0, 1]
    for column, start, count in (("members", 0, 3), ("members", 3, 0), ("left", 0, 1), ("nothing", 0, 0)):
        with pytest.raises(ValueError, match="expected a"):
            done.read_into(column, start, np.empty(count, np.int64))
    with pytest.raises(ValueError, match="expected a range within 0 to 0, got 0 to 1"):
        done.read_distances(0, np.empty(1, np.int32))


@pytest.fixture
def interrupted() -> Iterator[list[float]]:
    """Ctrl-C after half a second; the list gets the time of it."""
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.5, press)
    timer.start()
    yield pressed
    timer.cancel()
    timer.join()


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c(interrupted: list[float], threads: int) -> None:
    """A join of minutes; Python's own thread runs on meanwhile, or the timer could not go off."""
    codes = np.random.default_rng(0).integers(0, 256, (1_000_000, 8), dtype=np.uint8)
    with pytest.raises(KeyboardInterrupt):
        join(codes, 8, threads=threads, _plan="sweep")
    assert time.perf_counter() - interrupted[0] < 0.3
