"""The Hamming engine against brute force, over widths, radii, plans, levels, and files in any state."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hamming_oracle as oracle
import lookalike
from lookalike._core import hamming_levels
from lookalike.hamming import HammingIndex, Hits

WIDTHS = (
    8,
    9,
    13,
    16,
    24,
    31,
    32,
    48,
    63,
    64,
    65,
    72,
    127,
    128,
    129,
    144,
    192,
    196,
    200,
    256,
    257,
    320,
    512,
    1000,
    1024,
)
PLANS = ("auto", "scan", "tables")
LEVELS = hamming_levels()


def random_codes(rng: np.random.Generator, count: int, bits: int, shape: str = "uniform") -> oracle.Codes:
    """Codes of one of the shapes that real ones have.

    `uniform`; `few` (copies of few, a handful of bits flipped); `blank` (nine of ten are one of two codes); `prefix`
    (all share more than half of their bits).
    """
    stride = (bits + 7) // 8
    codes = rng.integers(0, 256, (count, stride), dtype=np.uint8)
    if shape == "few" and count:
        codes = codes[rng.integers(0, min(count, 7), count)]
        for _ in range(3):
            codes[np.arange(count), rng.integers(0, stride, count)] ^= (1 << rng.integers(0, 8, count)).astype(np.uint8)
    elif shape == "blank":
        blank = rng.random(count) < 0.9
        codes[blank] = np.where(rng.random(int(blank.sum()))[:, None] < 0.7, 0, 0xAA).astype(np.uint8)
    elif shape == "prefix" and count:
        codes[:, : (5 * stride + 7) // 8] = codes[0, : (5 * stride + 7) // 8]
    codes[:, 0] &= 0xFF >> (8 * stride - bits)
    return codes


def as_lists(hits: Hits) -> list[list[tuple[int, int]]]:
    """(distance, row) for each query."""
    both = list(zip(hits.distances.tolist(), hits.rows.tolist(), strict=True))
    return [both[start:end] for start, end in zip(hits.starts[:-1], hits.starts[1:], strict=True)]


def as_hits(lists: list[list[tuple[int, int]]]) -> Hits:
    """What a search should have answered."""
    both = np.array([pair for each in lists for pair in each], np.int64).reshape(-1, 2)
    return Hits(np.cumsum([0, *map(len, lists)]), both[:, 1], both[:, 0].astype(np.int32))


def same(hits: Hits, wanted: Hits) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(hits, wanted, strict=True))


def check(index: HammingIndex, queries: oracle.Codes, most: int, k: int | None, wanted: Hits) -> None:
    """By every plan and level; but to search tables through would take seconds for millions of buckets."""
    plans = PLANS if most <= index.bits // 6 + 2 or (k and index.bits <= 32) else PLANS[:2]
    for plan in plans:
        for level in LEVELS:
            assert same(index._ask(queries, most, k, 1, plan, level), wanted), (plan, level)  # type: ignore[arg-type]


def check_radius(index: HammingIndex, codes: oracle.Codes, rows: oracle.Numbers, queries: oracle.Codes, r: int) -> None:
    wanted = as_hits([oracle.search(codes, rows, query, r) for query in queries])
    check(index, queries, r, None, wanted)
    assert same(index.search(queries, r, threads=3), wanted)


def check_nearest(
    index: HammingIndex, codes: oracle.Codes, rows: oracle.Numbers, queries: oracle.Codes, k: int, radius: int | None
) -> None:
    wanted = as_hits([oracle.nearest(codes, rows, query, k, radius) for query in queries])
    check(index, queries, index.bits if radius is None else radius, k, wanted)
    assert same(index.nearest(queries, k, radius=radius, threads=2), wanted)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    bits=st.sampled_from(WIDTHS),
    count=st.sampled_from((0, 1, 2, 3, 17, 64, 333)),
    shape=st.sampled_from(("uniform", "few", "blank", "prefix")),
    seed=st.integers(0, 2**32),
    share=st.floats(0, 1),
    k=st.sampled_from((1, 2, 10, 332, 333, 334)),
    tables=st.none() | st.integers(1, 40),
    dense=st.booleans(),
)
def test_answers_are_those_of_brute_force(
    bits: int, count: int, shape: str, seed: int, share: float, k: int, tables: int | None, dense: bool
) -> None:
    rng = np.random.default_rng(seed)
    codes = random_codes(rng, count, bits, shape)
    rows = np.arange(count) if dense else rng.choice(2**32, count, replace=False) - 2**31
    if tables is not None and bits / tables > 16:
        tables = None
    index = HammingIndex._build(codes, bits=bits, rows=None if dense else rows, path=None, about={}, tables=tables)
    index.verify()
    queries = np.concatenate([random_codes(rng, 2, bits), codes[: min(count, 3)]])
    queries[-1] ^= np.uint8(1)
    radius = round(share * share * bits)
    check_radius(index, codes, rows, queries, radius)
    check_nearest(index, codes, rows, queries, k, None if dense else radius)
    assert len(index) == count
    assert index.distinct == len(np.unique(codes, axis=0))


@pytest.mark.parametrize("bits", [8, 64, 100, 256])
def test_every_radius(bits: int) -> None:
    rng = np.random.default_rng(bits)
    codes = random_codes(rng, 200, bits, "few")
    index = HammingIndex.build(codes, bits=bits)
    for radius in range(bits + 2):
        hits = index.search(codes[:2], radius)
        assert as_lists(hits) == [oracle.search(codes, np.arange(200), query, radius) for query in codes[:2]]


@pytest.mark.parametrize("k", range(1, 52))
def test_every_k_with_ties_and_copies(k: int) -> None:
    codes = np.repeat(np.arange(10, dtype=np.uint8), 5)[:, None]
    rows = np.arange(50)[::-1].copy()
    index = HammingIndex.build(codes, rows=rows)
    check_nearest(index, codes, rows, codes[::7], k, None)


@pytest.mark.parametrize("shape", ["uniform", "few", "blank", "prefix"])
@pytest.mark.parametrize("bits", [64, 256])
def test_many_codes(bits: int, shape: str) -> None:
    """Enough for tables to be taken of their own accord."""
    rng = np.random.default_rng(3)
    count = 30_000
    codes = random_codes(rng, count, bits, shape)
    rows = rng.permutation(count) * 3 - 10_000
    index = HammingIndex.build(codes, rows=rows)
    index.verify()
    queries = np.concatenate([codes[:3], random_codes(rng, 2, bits), np.zeros((1, bits // 8), np.uint8)])
    queries[:2, 1] ^= 0x11
    for radius in (0, 8, bits // 5):
        check_radius(index, codes, rows, queries, radius)
    for k in (1, 10, 400):
        check_nearest(index, codes, rows, queries, k, None)
    check_nearest(index, codes, rows, queries, 10, bits // 8)


@pytest.mark.parametrize("kind", ["phash", "dhash"])
def test_codes_of_real_photos(kind: str, shared: Path) -> None:
    frame = lookalike.fingerprint_many(shared / "photos", kinds=(kind,))
    texts = frame[kind].dropna()
    codes = np.frombuffer(bytes.fromhex("".join(texts)), np.uint8).reshape(len(texts), -1)
    rng = np.random.default_rng(5)
    noisy = np.repeat(codes, 8, axis=0)
    for _ in range(4):
        noisy[np.arange(len(noisy)), rng.integers(0, 8, len(noisy))] ^= 1 << rng.integers(0, 8, len(noisy)).astype(
            np.uint8
        )
    everything = np.concatenate([codes, noisy, np.zeros((500, 8), np.uint8)])
    rows = np.arange(len(everything))
    index = HammingIndex.build(everything)
    index.verify()
    queries = codes[:: max(1, len(codes) // 40)]
    for radius in (0, 4, 8, 12):
        check_radius(index, everything, rows, queries, radius)
    check_nearest(index, everything, rows, queries, 10, None)


def test_a_file_is_the_same_as_memory(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    codes = random_codes(rng, 5000, 64, "few")
    about = {"kind": "phash", "recipe": "standard 1", "note": "größer ✓", "": ""}
    made = HammingIndex.build(codes, path=tmp_path / "a.seg", about=about)
    memory = HammingIndex.build(codes, about=about)
    opened = HammingIndex.open(str(tmp_path / "a.seg"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.seg"]
    for index in (made, memory, opened):
        index.verify()
        assert (len(index), index.bits, index.about) == (5000, 64, about)
        assert (index.checksum, index.nbytes) == (made.checksum, (tmp_path / "a.seg").stat().st_size)
        assert as_lists(index.search(codes[:9], 5)) == as_lists(made.search(codes[:9], 5))
    assert HammingIndex.build(codes, about={**about, "kind": "dhash"}).checksum != made.checksum
    assert repr(made) == f"HammingIndex(5,000 rows, {made.distinct:,} distinct codes of 64 bits)"


def test_an_open_index_outlives_its_replacement(tmp_path: Path) -> None:
    old = HammingIndex.build(np.zeros((3, 8), np.uint8), path=tmp_path / "a.seg")
    new = HammingIndex.build(np.ones((4, 8), np.uint8), path=tmp_path / "a.seg")
    old.verify()
    assert (len(old), len(new), len(HammingIndex.open(tmp_path / "a.seg"))) == (3, 4, 4)


@pytest.mark.parametrize("bits", [12, 64, 256])
def test_codes_come_back(bits: int) -> None:
    rng = np.random.default_rng(bits)
    codes = random_codes(rng, 700, bits, "blank")
    rows = rng.permutation(700) * 1000
    got, numbers = HammingIndex.build(codes, bits=bits, rows=rows).codes()
    order = sorted(range(700), key=lambda i: (codes[i].tobytes(), rows[i]))
    assert got.tolist() == codes[order].tolist()
    assert numbers.tolist() == rows[order].tolist()


def test_cut_and_flipped_files_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    path = tmp_path / "a.seg"
    for bits in (64, 144):
        codes = random_codes(rng, 3000, bits, "few")
        HammingIndex.build(codes, path=path, about={"kind": "phash"})
        sound = path.read_bytes()
        header = int.from_bytes(sound[60:64], "little")
        cuts = {0, 1, 7, 8, 11, 63, 64, header - 1, header, len(sound) - 1, *rng.integers(0, len(sound), 30).tolist()}
        for length in cuts:
            path.write_bytes(sound[:length])
            with pytest.raises(ValueError, match="expected"):
                HammingIndex.open(path)
        path.write_bytes(sound + b"\0")
        with pytest.raises(ValueError, match=r"a\.seg: expected a file of"):
            HammingIndex.open(path)
        for at in range(header):
            path.write_bytes(flipped(sound, at, 1 << int(rng.integers(8))))
            with pytest.raises(ValueError, match="expected"):
                HammingIndex.open(path)
        for at in rng.integers(header, len(sound), 150).tolist():
            path.write_bytes(flipped(sound, at, 1 << int(rng.integers(8))))
            damaged = HammingIndex.open(path)
            with pytest.raises(ValueError, match="expected contents with checksum"):
                damaged.verify()
            # A wrong answer is allowed, a crash is not.
            for plan in PLANS:
                damaged._ask(codes[:20], bits // 8, None, 1, plan)  # type: ignore[arg-type]
            damaged.nearest(codes[:5], 20)


def flipped(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def test_a_sound_checksum_over_nonsense_is_found(tmp_path: Path) -> None:
    """Whoever writes both checksums himself still cannot make `verify` believe, nor a search crash."""
    import zlib

    path = tmp_path / "a.seg"
    rng = np.random.default_rng(13)
    for bits in (64, 128):
        codes = random_codes(rng, 500, bits, "few")
        HammingIndex.build(codes, path=path)
        sound = path.read_bytes()
        size = int.from_bytes(sound[60:64], "little")
        for _ in range(60):
            forged = bytearray(sound)
            body = rng.integers(-(-size // 64) * 64, len(sound))
            forged[body] ^= 1 << int(rng.integers(8))
            forged[56:60] = zlib.crc32(forged[size:]).to_bytes(4, "little")
            forged[size - 4 : size] = zlib.crc32(forged[: size - 4]).to_bytes(4, "little")
            path.write_bytes(forged)
            index = HammingIndex.open(path)
            for plan in PLANS:
                index._ask(codes[:20], bits // 8, None, 1, plan)  # type: ignore[arg-type]


def test_another_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.seg"
    HammingIndex.build(np.zeros((1, 8), np.uint8), path=path)
    data = path.read_bytes()
    path.write_bytes(data[:8] + (2).to_bytes(4, "little") + data[12:])
    with pytest.raises(ValueError, match=r"a\.seg: expected an index file of version 1, got version 2"):
        HammingIndex.open(path)


def test_what_the_system_refuses_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.seg"):
        HammingIndex.open(tmp_path / "no.seg")
    with pytest.raises(IsADirectoryError):
        HammingIndex.build(np.zeros((1, 8), np.uint8), path=tmp_path)
    with pytest.raises(FileNotFoundError):
        HammingIndex.build(np.zeros((1, 8), np.uint8), path=tmp_path / "no" / "a.seg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs resource limits of Linux")
def test_nothing_is_left_of_a_file_too_large(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: the writing fails midway."""
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from lookalike.hamming import HammingIndex\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
        "try:\n"
        "    HammingIndex.build(np.random.default_rng(0).integers(0, 256, (100_000, 8), np.uint8), path=sys.argv[1])\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.seg")], capture_output=True, text=True)
    assert done.stdout.strip() == "27", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("codes", "options"),
    [
        (np.zeros((2, 8)), {}),
        (np.zeros(8, np.uint8), {}),
        (np.zeros((2, 129), np.uint8), {}),
        (np.zeros((2, 0), np.uint8), {}),
        (np.zeros((2, 8), np.uint8), {"bits": 56}),
        (np.zeros((2, 8), np.uint8), {"bits": 0}),
        (np.full((2, 2), 255, np.uint8), {"bits": 15}),
        (np.full((2, 9), 255, np.uint8), {"bits": 71}),
        (np.zeros((2, 8), np.uint8), {"rows": [1]}),
        (np.zeros((2, 8), np.uint8), {"rows": [0.5, 1]}),
        (np.zeros((2, 8), np.uint8), {"rows": [0, 2**32]}),
        (np.zeros((2, 8), np.uint8), {"rows": np.array([0, 2**63], np.uint64)}),
    ],
)
def test_codes_and_rows_that_do_not_fit_are_refused(codes: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        HammingIndex.build(codes, **options)


def test_rows_may_be_anywhere() -> None:
    rows = np.array([-(2**63), -(2**63) + 2**32 - 1])
    index = HammingIndex.build(np.array([[1], [2]], np.uint8), rows=rows)
    assert index.search(np.array([[2]], np.uint8), 8).rows.tolist() == rows[::-1].tolist()


def test_questions_that_make_no_sense_are_refused() -> None:
    index = HammingIndex.build(np.zeros((2, 8), np.uint8))
    query = np.zeros((1, 8), np.uint8)
    wrongs: tuple[Callable[[], object], ...] = (
        lambda: index.search(query[:, :7], 3),
        lambda: index.search(query, -1),
        lambda: index.nearest(query, 0),
        lambda: index.nearest(query, 1, radius=-1),
        lambda: index.search(query, 1, threads=0),
        lambda: index.search(query, 1, plan="luck"),  # type: ignore[arg-type]
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match="expected"):
            wrong()
    assert index.search(query[:0], 3).starts.tolist() == [0]
    assert index.search(query, 10**30).rows.tolist() == [0, 1]


def test_threads_share_an_index() -> None:
    rng = np.random.default_rng(17)
    codes = random_codes(rng, 20_000, 64, "few")
    index = HammingIndex.build(codes)
    wanted = as_lists(index.search(codes[:200], 8))
    answers: list[list[list[tuple[int, int]]]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(as_lists(index.search(codes[:200], 8)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [wanted] * 4


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("work", ["build", "search", "threads"])
def test_ctrl_c_is_heard_at_once(work: str) -> None:
    codes = np.random.default_rng(19).integers(0, 256, (3_000_000, 8), np.uint8)
    index = HammingIndex.build(codes[:1_000_000])
    jobs: dict[str, Callable[[], object]] = {
        "build": lambda: [HammingIndex.build(codes) for _ in range(20)],
        "search": lambda: index.search(codes[:100_000], 8, plan="scan"),
        "threads": lambda: index.search(codes[:100_000], 8, plan="scan", threads=2),
    }
    sent: list[float] = []

    def interrupt() -> None:
        time.sleep(0.3)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        jobs[work]()
    late = time.perf_counter() - sent[0]
    thread.join()
    # A tenth of a second is promised; the rest is for a busy machine.
    assert late < 0.5
