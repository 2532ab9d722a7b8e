"""Keypoints: their bytes, how they are spread, that they turn with the picture, and that they change nothing else."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lookalike._core import Gate, Job, Planes
from lookalike.errors import MissingExtraError
from lookalike.fingerprints import (
    _kept_plan,
    fingerprint,
    fingerprint_many,
    fingerprint_rows,
    row_names,
    turned_fingerprints,
    turned_many,
)
from lookalike.keypoints import KEYPOINT_SIDE, LIBRARY_BUDGET, QUERY_BUDGET, Keypoints, keypoints_of, query_keypoints
from lookalike.sources.pillow import normalise
from lookalike.sources.pixels import planes

cv2 = pytest.importorskip("cv2")
HEAD = "<BBHHHII"
EXIF_ORIENTATION = 0x0112


def scene(width: int = 640, height: int = 480, seed: int = 1, mode: str = "RGB") -> Image.Image:
    """Boxes and discs of all sizes: a picture full of corners."""
    return painted(width, height, seed).convert(mode)


@cache
def painted(width: int, height: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), "gray")
    draw = ImageDraw.Draw(image)
    for n in range(400):
        x, y, w, h = random.random(4) * (width, height, width / (4 + n / 20), height / (4 + n / 20))
        paint = draw.rectangle if n % 3 else draw.ellipse
        paint((x - w / 2, y - h / 2, x + w / 2, y + h / 2), fill=tuple(map(int, random.integers(0, 256, 3))))
    return image


def encoded(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def found_in(source: object, recipe: str = "standard") -> Keypoints:
    found = fingerprint(source, kinds="phash", recipe=recipe, keypoints=True).keypoints
    assert found is not None
    return found


def grey(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("L"))


def nearest(some: Keypoints, others: Keypoints) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each code the nearest of the others, and the distance to it in bits."""
    one, other = (np.unpackbits(codes, axis=1).astype(np.int32) for codes in (some.codes, others.codes))
    distances = one.sum(1)[:, None] + other.sum(1) - 2 * one @ other.T
    return distances.argmin(1), distances.min(1)


def agreeing(some: Keypoints, others: Keypoints, moved: NDArray[np.float64], within: float) -> float:
    """The share whose nearest code, within 60 bits, is where it is expected, in pixels of the other's plane."""
    match, distance = nearest(some, others)
    apart = np.hypot(*((others.positions[match] - moved) * others.plane).T)
    return float(np.mean((apart < within) & (distance < 60)))


def test_the_layout_is_as_documented() -> None:
    found = found_in(encoded(scene(1280, 960)))
    count = len(found)
    assert (count, len(found.data)) == (LIBRARY_BUDGET, 16 + 38 * count)
    assert len(found.data) <= 8192
    assert struct.unpack(HEAD, found.data[:16]) == (1, 0, count, 512, 384, 1280, 960)
    assert (found.plane, found.size) == ((512, 384), (1280, 960))
    parts = np.split(np.frombuffer(found.data[16:], np.uint8), np.cumsum([32 * count, 2 * count, 2 * count, count]))
    assert found.codes.tobytes() == parts[0].tobytes()
    shares = np.stack([parts[1].view("<u2"), parts[2].view("<u2")], axis=1) / 65535
    assert found.positions == pytest.approx(shares)
    assert found.sizes == pytest.approx(31 * 2 ** (parts[3] / 32 - 1))
    assert found.angles == pytest.approx(parts[4] * (360 / 256))
    assert (found.codes.shape, found.positions.shape) == ((count, 32), (count, 2))
    assert (found.positions.dtype, found.sizes.dtype, found.angles.dtype) == (np.float32,) * 3
    assert repr(found) == f"<{count} Keypoints of 1280 x 960>"


def test_keypoints_are_values() -> None:
    found = found_in(scene())
    assert Keypoints(found.data) == found
    assert bytes(found) == found.data
    assert len({found, Keypoints(found.data), found_in(scene(seed=2))}) == 2
    with pytest.raises(ValueError, match="read-only"):
        found.codes[0, 0] = 1


def test_what_are_no_keypoints_is_refused() -> None:
    data = found_in(scene()).data
    with pytest.raises(TypeError, match="expected keypoints as bytes, got bytearray"):
        Keypoints(bytearray(data))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected keypoints of 16 bytes or more, got 15"):
        Keypoints(data[:15])
    with pytest.raises(ValueError, match="version 1, got version 2: make them again"):
        Keypoints(b"\2" + data[1:])
    with pytest.raises(
        ValueError, match=f"expected {len(data)} bytes for {LIBRARY_BUDGET} keypoints, got {len(data) - 1}"
    ):
        Keypoints(data[:-1])
    for damaged in (b"\1\1" + data[2:], data[:4] + bytes(2) + data[6:], data[:12] + bytes(4) + data[16:]):
        with pytest.raises(ValueError, match="damaged"):
            Keypoints(damaged)


def test_the_corners_of_the_first_level_are_as_defined() -> None:
    """Places, angles and codes, each by a slow way."""
    image = grey(scene())
    found = keypoints_of(image, (640, 480), 500)
    strength = cv2.cornerMinEigenVal(image, 5, ksize=3)
    coder = cv2.ORB_create(nlevels=1)
    seen = 0
    for place, size, angle, code in zip(found.positions, found.sizes, found.angles, found.codes, strict=True):
        x, y = np.rint(place * found.plane - 0.5).astype(int)
        if size != 31 or not (40 <= x < 600 and 40 <= y < 440):
            continue
        assert strength[y, x] == strength[y - 3 : y + 4, x - 3 : x + 4].max()
        patch = image[y - 15 : y + 16, x - 15 : x + 16].astype(float)
        down, across = np.mgrid[-15:16, -15:16]
        inside = down**2 + across**2 <= 15.5**2
        slow = np.degrees(np.arctan2((patch * down)[inside].sum(), (patch * across)[inside].sum()))
        assert abs((slow - angle + 180) % 360 - 180) < 1
        theirs = coder.compute(image, [cv2.KeyPoint(float(x), float(y), 31, float(slow % 360))])[1][0]
        assert np.bitwise_count(theirs ^ code).sum() <= 2
        seen += 1
    assert seen > 50


def test_they_are_spread_over_the_picture_and_over_scales() -> None:
    image = grey(scene(512, 512)).copy()
    image[:, 256:] = image[:, 256:] // 2 + 64  # half of it with less contrast
    found = keypoints_of(image, (512, 512))
    assert len(found) == LIBRARY_BUDGET
    quarters = np.histogram2d(*found.positions.T, bins=2, range=((0, 1), (0, 1)))[0]
    assert quarters.min() >= len(found) / 10
    octaves = np.floor(np.log2(found.sizes / 31) + 0.01)
    assert all((octaves == octave).mean() > 0.1 for octave in (0, 1))


def test_a_query_has_more_and_they_begin_alike() -> None:
    image = grey(scene(512, 384))
    few, (many, mirrored) = keypoints_of(image, (512, 384)), query_keypoints(image, (512, 384))
    assert LIBRARY_BUDGET == len(few) < min(len(many), len(mirrored)) <= QUERY_BUDGET
    assert {code.tobytes() for code in few.codes} <= {code.tobytes() for code in many.codes}


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 180, 283])
def test_they_turn_with_the_picture(degrees: int) -> None:
    image = Image.new("L", (512, 512), 128)
    image.paste(scene(300, 300, mode="L"), (106, 106))
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=128)
    one, other = (keypoints_of(np.asarray(picture), (512, 512), QUERY_BUDGET) for picture in (image, turned))
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = (one.positions - 0.5) @ turn.T + 0.5
    assert agreeing(one, other, moved, 3) > (0.6 if degrees % 90 == 0 else 0.35)


def test_mirrored_ones_are_those_of_the_mirrored_picture() -> None:
    image = scene(900, 700)
    prints = turned_fingerprints(encoded(image, "PNG"), kinds="phash", look=True, keypoints=True)
    upright, mirrored, *rest = (one.keypoints for one in prints)
    assert all(one is None for one in rest)
    assert upright is not None
    assert mirrored is not None
    assert prints[1].hashes == turned_fingerprints(image, kinds="phash")[1].hashes
    size, small = (900, 700), Image.fromarray(plane_of(encoded(image, "PNG")))
    assert upright == keypoints_of(np.asarray(small), size, QUERY_BUDGET)
    assert mirrored == keypoints_of(np.asarray(small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)), size, QUERY_BUDGET)
    assert agreeing(upright, mirrored, upright.positions * (-1, 1) + (1, 0), 3) < 0.1, "mirrored codes are others"


@pytest.mark.parametrize("kinds", ["phash", ("crop_resistant:colorhash", "phash")])
def test_turned_ones_are_the_same_on_every_road(kinds: str | tuple[str, ...]) -> None:
    image = scene(600, 400)
    data = encoded(image, "PNG")
    made = [turned_fingerprints(source, kinds=kinds, keypoints=True) for source in (data, image, np.asarray(image))]
    pairs = [[one.keypoints for one in prints] for prints in made]
    assert pairs[0] == pairs[1] == pairs[2]
    (only,) = turned_many([data], kinds=kinds, keypoints=True)
    assert [one.keypoints for one in only.prints] == pairs[0]
    assert turned_fingerprints(data, kinds=kinds)[0].keypoints is None


def plane_of(data: bytes, *kinds: tuple[str, int, str, bool]) -> NDArray[np.uint8]:
    job = Job(kinds or [("phash", 8, "", False)], 1 << 26, 1 << 26, Gate(1 << 28, 1 << 28), plane=KEYPOINT_SIDE)
    found = job.run(data)[0]
    assert found is not None
    assert found[7] is not None
    samples, width, height = found[7]
    return np.frombuffer(samples, np.uint8).reshape(height, width)


# Of a JPEG file, the hashes and the plane are made at: an eighth and itself; a quarter; a half; the whole.
SIZES = [(4200, 1000), (2100, 1500), (1100, 900), (900, 1022), (511, 300), (80, 70), (3000, 90)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}], ids=str)
def test_the_plane_is_the_picture_resampled(size: tuple[int, int], options: dict[str, object]) -> None:
    data = encoded(scene(*size), quality=90, **options)
    plane = plane_of(data)
    side = min(KEYPOINT_SIDE, max(size))
    expected = tuple(max(1, int(length * side / max(size) + 0.5)) for length in size)
    assert plane.shape[::-1] == expected
    whole = Image.open(io.BytesIO(data)).convert("L").resize(expected, Image.Resampling.LANCZOS)
    apart = plane.astype(int) - np.asarray(whole)
    assert abs(apart.mean()) < 0.5
    assert np.sqrt((apart**2).mean()) < 6


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
def test_all_roads_see_the_same_pixels(mode: str) -> None:
    image = scene(700, 900).convert("L").convert(mode) if mode == "I;16" else scene(700, 900, mode=mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(scene(700, 900, seed=2, mode="L"))
    data = encoded(image, "PNG")
    samples, width, height = planes(normalise(Image.open(io.BytesIO(data)), "standard"), False).within(KEYPOINT_SIDE)
    assert np.array_equal(plane_of(data), np.frombuffer(samples, np.uint8).reshape(height, width))
    assert found_in(data) == found_in(Image.open(io.BytesIO(data)))


def test_a_plane_is_never_enlarged() -> None:
    small = Planes(3, 2)
    small.push_grey(bytes(range(6)))
    assert small.within(3) == small.within(512) == (bytes(range(6)), 3, 2)
    assert small.within(1)[1:] == (1, 1)
    with pytest.raises(ValueError, match="sides of 1 or more"):
        small.within(0)


def test_the_plane_does_not_depend_on_the_kinds() -> None:
    data = encoded(scene(2100, 1500))
    phash, fine, whole = ("phash", 8, "", False), ("pdq", 16, "", False), ("dhash", 8, "", True)
    expected = plane_of(data, phash)
    for kinds in ([fine], [whole], [phash, fine, whole]):
        assert np.array_equal(plane_of(data, *kinds), expected)


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_plane_is_as_the_picture_is_shown(turn: int) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = turn
    data = encoded(scene(1203, 805), exif=exif)
    print_ = fingerprint(data, kinds="phash", keypoints=True)
    assert print_.keypoints is not None
    assert print_.keypoints.size == (print_.width, print_.height)
    assert print_.keypoints.plane == ((512, 343) if turn < 5 else (343, 512))
    from_pillow = found_in(Image.open(io.BytesIO(data)))
    assert agreeing(print_.keypoints, from_pillow, print_.keypoints.positions, 2) > 0.6


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
def test_the_core_and_pillow_agree_closely(options: dict[str, object]) -> None:
    data = encoded(scene(2400, 1600), quality=90, **options)
    own = found_in(data)
    for other in (found_in(Image.open(io.BytesIO(data))), found_in(data, "imagehash")):
        assert own.size == other.size
        assert agreeing(own, other, own.positions, 2) > 0.7


def jpegs() -> Iterable[bytes]:
    for size in SIZES:
        for mode, options in (
            ("RGB", {}),
            ("RGB", {"progressive": True}),
            ("RGB", {"subsampling": 1, "restart_marker_blocks": 20}),
            ("RGB", {"keep_rgb": True}),
            ("L", {"optimize": True}),
            ("CMYK", {}),
        ):
            yield encoded(scene(*size, mode=mode), **options)


def test_nothing_else_changes() -> None:
    """Sound files and broken ones, with kinds that need one scale or several."""
    files = list(jpegs())
    files += [data[: len(data) * share // 8] for data in files[:14] for share in (1, 3, 5, 7)]
    files += [data[: len(data) // 2] + bytes(9) + data[len(data) // 2 :] for data in files[:14]]
    one = [("phash", 8, "", False), ("dhash", 8, "", False), ("colorhash", 3, "", False)]
    several = [("pdq", 16, "", False), ("dhash", 8, "", True), ("phash", 8, "", False)]
    gate, broken = Gate(1 << 28, 1 << 28), 0
    for kinds, look, step in ((one, True, 1), (several, False, 4)):
        plain, more = (Job(kinds, 1 << 26, 1 << 26, gate, False, look, side) for side in (None, KEYPOINT_SIDE))
        for data in files[::step]:
            (found, failed, _), (found_too, failed_too, _) = plain.run(data), more.run(data)
            assert failed == failed_too
            broken += failed is not None or (found is not None and found[4] is not None)
            if found is not None:
                assert found_too is not None
                assert found[:7] == found_too[:7]
                assert max(found_too[7][1:]) == min(KEYPOINT_SIDE, max(found[1:3]))
    assert broken > 50


@pytest.mark.parametrize("size", [(1, 1), (31, 31), (40, 30), (63, 20), (5000, 20)])
def test_a_tiny_picture_has_none(size: tuple[int, int]) -> None:
    for data in (encoded(scene(*size)), encoded(scene(*size), "PNG")):
        found = found_in(data)
        assert (len(found), found.size, found.codes.shape, found.positions.shape) == (0, size, (0, 32), (0, 2))
        assert Keypoints(found.data) == found


@pytest.mark.parametrize("color", ["black", "white", "gray"])
def test_a_blank_picture_has_none(color: str) -> None:
    blank = Image.new("RGB", (2000, 1500), color)
    assert [len(found_in(source)) for source in (blank, encoded(blank), encoded(blank, "PNG"))] == [0, 0, 0]
    first, second, *_ = turned_fingerprints(blank, kinds="phash", keypoints=True)
    assert first.keypoints == second.keypoints == found_in(blank)


def test_a_panorama_has_some() -> None:
    found = found_in(encoded(scene(9000, 900)))
    assert found.plane == (512, 51)
    assert len(found) > 50


def test_columns_stand_where_they_are_said_to() -> None:
    names = row_names("phash", True, True, True)
    extras = ["look", "keypoints", "digest"]
    assert names == ["image", "phash", "width", "height", "format", "recipe", *extras, "warning", "error"]
    found = fingerprint(encoded(scene()), kinds="phash", digest=True, look=True, keypoints=True)
    assert list(found.as_row()) == names
    assert found.as_row()["keypoints"] == found.keypoints.data  # type: ignore[union-attr]
    assert list(fingerprint(scene(), kinds="phash", keypoints=True).as_row()) == row_names("phash", keypoints=True)
    assert fingerprint(scene(), kinds="phash").keypoints is None


def sources(folder: Path) -> list[object]:
    made: list[object] = []
    for seed in range(12):
        path = folder / f"{seed}.jpg"
        path.write_bytes(encoded(scene(300 + 90 * seed, 260, seed)))
        made += [path, path.read_bytes() if seed % 3 else scene(200, 300, seed)]
    (folder / "text.jpg").write_text("no picture")
    return [*made, folder / "none.jpg", folder / "text.jpg", encoded(scene())[:200], np.asarray(scene())]


@pytest.mark.parametrize("kinds", ["phash", ("crop_resistant:colorhash", "phash")])
def test_rows_do_not_depend_on_workers(tmp_path: Path, kinds: str | tuple[str, ...]) -> None:
    given = sources(tmp_path)
    asked = {"kinds": kinds, "look": True, "digest": True}
    plain = list(fingerprint_rows(given, **asked, workers=2))  # type: ignore[arg-type]
    for workers in (1, 2, 5):
        rows = list(fingerprint_rows(given, **asked, workers=workers, keypoints=True))  # type: ignore[arg-type]
        seen = [row.pop("keypoints") for row in rows]
        assert rows == plain
        assert [data is None for data in seen] == [row["error"] is not None for row in rows]
        for source, data in zip(given, seen, strict=True):
            if data is not None:
                assert Keypoints(data) == found_in(source)
    assert sum(row["error"] is not None for row in plain) == 3


def test_tables_have_a_column_of_bytes(tmp_path: Path) -> None:
    given = sources(tmp_path)[-6:]
    frame = fingerprint_many(given, kinds="phash", look=True, keypoints=True)
    assert list(frame.columns) == row_names("phash", look=True, keypoints=True)
    assert [type(value) for value in frame["keypoints"]] == [bytes, bytes, type(None), type(None), type(None), bytes]
    assert fingerprint_many(given, kinds="phash", keypoints=True, to="arrow").schema.field("keypoints").type == "binary"


def test_an_iterator_can_be_closed(tmp_path: Path) -> None:
    rows = fingerprint_rows(sources(tmp_path) * 4, kinds="phash", keypoints=True, workers=2)
    assert next(rows)["keypoints"] is not None
    rows.close()
    assert next(rows, None) is None


def test_opencv_keeps_its_threads_to_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = cv2.getNumThreads()
    seen = []
    create = cv2.ORB_create
    monkeypatch.setattr(
        cv2, "ORB_create", lambda *args, **names: (seen.append(cv2.getNumThreads()), create(*args, **names))[1]
    )
    try:
        cv2.setNumThreads(3)
        list(fingerprint_rows(sources(tmp_path), kinds="phash", keypoints=True, workers=3))
        assert set(seen) == {1}
        assert cv2.getNumThreads() == 3, "what the user has set stays"
    finally:
        cv2.setNumThreads(before)


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    _kept_plan.cache_clear()  # a plan that was made while it was there does not look again
    image = scene(200, 100)
    for call in (fingerprint, fingerprint_rows, fingerprint_many, turned_fingerprints, turned_many):
        with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[parts\]'"):
            call(image, keypoints=True)  # type: ignore[operator]
    assert fingerprint(image).keypoints is None


def test_an_error_of_opencv_is_one_of_its_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(*_: object, **__: object) -> None:
        raise cv2.error("out of luck")

    monkeypatch.setattr(cv2, "ORB_create", fails)
    rows = list(fingerprint_rows(sources(tmp_path), kinds="phash", keypoints=True, digest=True))
    assert len(rows) == 28
    assert sum("out of luck" in (row["error"] or "") for row in rows) == 25
    assert all(row["digest"] for row in rows[:-1] if row["image"].endswith(".jpg") and "no such" not in row["error"])
