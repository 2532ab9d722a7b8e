"""Pictures made of points, whose truth is known: matched, indexed, merged, damaged, interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike._core import Keypoints, check_keypoints, match_keypoints
from lookalike.keypoint_index import KeypointIndex, match_pairs, search_indexes

PLANE = (512, 400)


class Spots(NamedTuple):
    """Codes, places in pixels of the plane, diameters over 31 pixels, angles in turns."""

    codes: NDArray[np.uint8]
    places: NDArray[np.float64]
    sizes: NDArray[np.float64]
    angles: NDArray[np.float64]

    def part(self, which: NDArray[np.bool_] | slice) -> Spots:
        return Spots(*(column[which] for column in self))

    def moved(self, degrees: float, scale: float, to: tuple[float, float], noise: int = 0, seed: int = 0) -> Spots:
        """Turned and scaled about the middle, which goes to a place; `noise` bits of each code flipped."""
        angle = np.radians(degrees)
        matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        places = (self.places - np.array(PLANE) / 2) @ matrix.T + to
        rng = np.random.default_rng(seed)
        flips = np.zeros((len(self.codes), 256), np.uint8)
        for row in flips:
            row[rng.choice(256, noise, replace=False)] = 1
        codes = self.codes ^ np.packbits(flips, axis=1)
        inside = ((places >= 0) & (places < PLANE)).all(1)
        return Spots(codes, places, self.sizes * scale, self.angles + degrees / 360).part(inside)

    def blob(self) -> bytes:
        count = len(self.codes)
        head = b"\1\0" + b"".join(int(n).to_bytes(2, "little") for n in (count, *PLANE))
        head += b"".join(int(n).to_bytes(4, "little") for n in (1024, 800))
        places = np.rint(self.places / PLANE * 65535).T.astype("<u2")
        sizes = np.clip(np.rint(32 * np.log2(self.sizes) + 32), 0, 255).astype(np.uint8)
        angles = (np.rint(self.angles * 256) % 256).astype(np.uint8)
        return head + b"".join(part.tobytes() for part in (self.codes, places, sizes, angles))


def spots(count: int, seed: int) -> Spots:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (count, 32), dtype=np.uint8)
    return Spots(codes, rng.random((count, 2)) * PLANE, 1 + 2 * rng.random(count), rng.random(count))


def joined(*parts: Spots) -> Spots:
    return Spots(*(np.concatenate(column) for column in zip(*parts, strict=True)))


NOTHING = spots(0, 0).blob()


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (90, 0.6), (-133, 1.9), (17, 3), (180, 0.4)])
def test_a_part_is_found_where_it_is(degrees: float, scale: float) -> None:
    own = spots(300, 1)
    other = own.moved(degrees, scale, (280, 190), noise=30)
    pair = match_pairs(joined(own, spots(200, 2)).blob(), [joined(other, spots(50, 3)).blob()])[0]
    assert pair.model == "similarity"
    assert pair.matrix is not None
    middle = pair.matrix @ (0.5, 0.5, 1)
    assert np.abs(middle[:2] / middle[2] * PLANE - (280, 190)).max() < 4
    assert pair.scale == pytest.approx(scale, rel=0.03)
    assert (pair.rotation - degrees + 180) % 360 - 180 == pytest.approx(0, abs=1)
    assert pair.inliers.dtype == np.uint16
    assert (pair.inliers[:, 0] < 300).mean() > 0.97
    assert 15 < pair.figures.cells <= len(pair.inliers) <= pair.tentative
    assert pair.figures.surprise > 20
    assert pair.figures.distance == pytest.approx(30, abs=1)
    assert pair.figures.other_inside >= len(other.codes) * 0.9


def test_nothing_in_common_is_no_match() -> None:
    others = [spots(160, seed).blob() for seed in range(100, 130)] + [NOTHING]
    pairs = match_pairs(spots(800, 1).blob(), others)
    assert all(pair.matrix is None and pair.model == "none" and not len(pair.inliers) for pair in pairs)
    assert all(not any(pair.figures) for pair in pairs)
    assert match_pairs(NOTHING, others)[0].tentative == 0
    assert match_pairs(NOTHING, []) == []


def test_answers_are_always_the_same() -> None:
    own = spots(300, 1)
    query, other = own.blob(), own.moved(30, 0.7, (200, 200), noise=40).blob()
    answers = [match_keypoints(query, [other]) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]


def test_agrees_with_opencv() -> None:
    cv2 = pytest.importorskip("cv2", exc_type=ImportError)
    for seed, (degrees, scale) in enumerate([(0, 0.5), (45, 1.2), (200, 0.8)]):
        own = spots(200, seed)
        other = joined(own.moved(degrees, scale, (250, 210), noise=40), spots(60, 99))
        pair = match_pairs(own.blob(), [other.blob()])[0]
        matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
        found = matcher.match(own.codes, other.codes)
        start, end = own.places[[one.queryIdx for one in found]], other.places[[one.trainIdx for one in found]]
        cv2.setRNGSeed(1)
        matrix, inside = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=5)
        assert pair.matrix is not None
        ours = np.diag([*PLANE, 1]) @ pair.matrix @ np.diag([1 / PLANE[0], 1 / PLANE[1], 1])
        for corner in ((0, 0, 1), (512, 0, 1), (512, 400, 1), (0, 400, 1)):
            assert np.abs((ours @ corner)[:2] / (ours @ corner)[2] - matrix @ corner).max() < 3
        theirs = {(one.queryIdx, one.trainIdx) for one, is_in in zip(found, inside.ravel(), strict=True) if is_in}
        both = theirs & {(int(query), int(other)) for query, other in pair.inliers}
        assert len(both) >= 0.95 * max(len(theirs), len(pair.inliers))


@pytest.mark.parametrize("bad", [b"", b"\1" * 16, spots(3, 1).blob()[:-1], spots(3, 1).blob() + b"\0"])
def test_other_bytes_are_refused(bad: bytes) -> None:
    good = spots(3, 1).blob()
    assert check_keypoints(good) == 3
    with pytest.raises(ValueError, match="expected"):
        check_keypoints(bad)
    with pytest.raises(ValueError, match="expected"):
        match_pairs(bad, [good])
    with pytest.raises(ValueError, match="expected"):
        match_pairs(good, [good, bad])
    with pytest.raises(ValueError, match="expected"):
        KeypointIndex.build([1, 2], [good, bad])
    with pytest.raises(ValueError, match="expected"):
        KeypointIndex.build([1], [good]).search([bad], 3)


def test_another_version_says_so() -> None:
    with pytest.raises(ValueError, match="version 1, got version 2"):
        check_keypoints(b"\2" + spots(3, 1).blob()[1:])


@pytest.fixture(scope="module")
def blobs() -> list[bytes]:
    """Two hundred pictures, the third without keypoints."""
    made = [spots(60, 1000 + seed).blob() for seed in range(200)]
    made[2] = NOTHING
    return made


@pytest.fixture(scope="module")
def index(blobs: list[bytes]) -> KeypointIndex:
    return KeypointIndex.build(np.arange(500, 700), blobs, about={"recipe": "standard"})


def test_parts_are_found(index: KeypointIndex) -> None:
    assert (len(index), index.keypoints, index.about) == (200, 199 * 60, {"recipe": "standard"})
    assert index.rows.tolist() == list(range(500, 700))
    for seed in (0, 7, 150):
        part = spots(60, 1000 + seed).moved(75, 1.3, (256, 200), noise=25, seed=seed)
        query = joined(spots(400, seed), part).blob()
        found = index.search([NOTHING, query], 10)
        assert (found.rows[0], found.blobs[0]) == (500 + seed, 1)
        assert (np.diff(found.scores) <= 0).all()
        assert found.scores[0] > 2 * found.scores[1]
        without = index.search([query], 10, removed=[500 + seed, 3])
        assert 500 + seed not in without.rows
    assert len(index.search([NOTHING], 10).rows) == 0
    assert len(index.search([], 10).rows) == 0


def test_a_file_is_the_same_bytes(index: KeypointIndex, blobs: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    KeypointIndex.build(np.arange(500, 700), iter(blobs), path=path, about=index.about)
    opened = KeypointIndex.open(path)
    opened.verify()
    assert opened.checksum == index.checksum
    assert opened.nbytes == path.stat().st_size
    assert opened.about == index.about
    copy = index.write(tmp_path / "b.key", {"other": "text"})
    assert copy.about == {"other": "text"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.key", "b.key"]
    query = spots(60, 1005).blob()
    answers = [some.search([query], 5) for some in (index, opened, copy)]
    assert all(np.array_equal(answer.rows, answers[0].rows) for answer in answers)


def test_merging_drops_the_removed(index: KeypointIndex, blobs: list[bytes]) -> None:
    halves = [KeypointIndex.build(np.arange(500 + a, 500 + b), blobs[a:b]) for a, b in ((0, 90), (90, 200))]
    merged = KeypointIndex.merge([(halves[0], []), (halves[1], [])], about=index.about)
    assert merged.checksum == index.checksum
    fewer = KeypointIndex.merge([(halves[0], [502, 505]), (halves[1], np.array([699, 505]))])
    left = [row for row in range(500, 700) if row not in (502, 505, 699)]
    assert fewer.rows.tolist() == left
    again = KeypointIndex.build(left, [blobs[row - 500] for row in left])
    assert fewer.checksum == again.checksum
    assert len(KeypointIndex.merge([])) == 0


def test_several_are_searched_as_one(index: KeypointIndex, blobs: list[bytes]) -> None:
    cuts = ((0, 3), (3, 90), (90, 200))
    parts = [(KeypointIndex.build(np.arange(500 + a, 500 + b), blobs[a:b]), [506]) for a, b in cuts]
    for seed in (0, 6, 150):
        query = [NOTHING, joined(spots(100, seed), spots(60, 1000 + seed)).blob()]
        found, wanted = search_indexes(parts, query, 5), index.search(query, 5, removed=[506])
        assert all(np.array_equal(*columns) for columns in zip(found, wanted, strict=True))
    assert len(search_indexes([], query, 5).rows) == 0


def test_bounded_memory_gives_the_same(index: KeypointIndex, blobs: list[bytes], tmp_path: Path) -> None:
    from lookalike._core import KeypointBuilder

    builder = KeypointBuilder(tmp_path / "a.key", 1000)
    builder.push(np.arange(500, 700).astype("<i8").tobytes(), blobs)
    assert builder.finish([("recipe", "standard")]).checksum == index.checksum
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]
    with pytest.raises(ValueError, match="finished"):
        builder.finish([])


@pytest.mark.parametrize("rows", [[1], [1, 2, 3], [[1, 2]], [0.5, 1.5]])
def test_rows_must_fit(rows: list[float], blobs: list[bytes]) -> None:
    with pytest.raises(ValueError, match="expected"):
        KeypointIndex.build(rows, blobs[:2])


def test_arguments_are_checked(index: KeypointIndex, blobs: list[bytes], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected k of 1 or more, got 0"):
        index.search([blobs[0]], 0)
    with pytest.raises(ValueError, match="1 to 64 lists"):
        index.search([blobs[0]], 1, probes=65)
    with pytest.raises(ValueError, match="keep less about it"):
        index.write(tmp_path / "a.key", {"a": "b" * (1 << 20)})
    with pytest.raises(OSError, match="nowhere"):
        index.write(tmp_path / "nowhere" / "a.key")
    with pytest.raises(OSError, match=r"a\.key"):
        KeypointIndex.open(tmp_path / "a.key")
    assert not list(tmp_path.iterdir())


def test_damage_is_an_error_or_a_wrong_candidate(index: KeypointIndex, blobs: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    index.write(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(60):
        damaged = bytearray(whole)
        at = int(rng.integers(0, len(whole)))
        damaged[at : at + 8] = rng.bytes(len(damaged[at : at + 8]))
        path.write_bytes(damaged)
        try:
            opened = KeypointIndex.open(path)
        except ValueError:
            continue
        opened.search(blobs[:3], 5)
        if damaged != whole:
            with pytest.raises(ValueError, match="expected"):
                opened.verify()
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=rf"a\.key: expected a file of {len(whole)} bytes, got {len(whole) - 1}"):
        KeypointIndex.open(path)


def test_threads_share_an_index(index: KeypointIndex, blobs: list[bytes]) -> None:
    wanted = [index.search([blob], 3).rows.tolist() for blob in blobs[:20]]
    answers: list[list[list[int]]] = []

    def work() -> None:
        answers.append([index.search([blob], 3).rows.tolist() for blob in blobs[:20]])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [wanted] * 4


INTERRUPTED = """
import sys
from lookalike.keypoint_index import KeypointIndex
blob = sys.stdin.buffer.read()
print("ready", flush=True)
try:
    KeypointIndex.build(range(10**6), (blob for _ in range(10**6)))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent the Unix way")
def test_building_stops_for_a_signal() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(spots(160, 1).blob())
        process.stdin.close()
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"stopped\n"
        assert process.wait(10) == 0


def test_the_stub_names_what_there_is() -> None:
    for name in ("images", "entries", "about", "checksum", "nbytes", "open", "merge", "rows", "verify", "search"):
        assert hasattr(Keypoints, name)
