"""The second look: against its slow twin, on pictures whose map is known, and on photographs that look alike."""

from __future__ import annotations

import struct
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

import confirm_twin as twin
from lookalike import _core
from lookalike.confirm import FEATURES, LOOK_BYTES, UNGUIDED, Seen, features, packed_tries, second_look

WHOLE = (0.0, 0.0, 1.0, 1.0)
NORMAL = UNGUIDED
BURST = ("31bfad90-ce1e-4185-b92b-c527804af85f", "f86d0bfd-6a44-4dce-a1ee-235a5d0a49a8")
"""One jacket, photographed twice within seconds from one place: a person can hardly tell the pictures apart."""


def look_of(image: Image.Image, box: tuple[float, float, float, float] = WHOLE, quality: int = 100) -> bytes:
    """The look of a picture, made with Pillow."""
    width, height = image.size
    left, upper, right, lower = (round(share * side) for share, side in zip(box, (width, height) * 2, strict=True))
    inner = image.convert("RGB").crop((left, upper, right, lower))
    colours = np.asarray(inner.convert("YCbCr").resize((8, 8), Image.Resampling.BOX))[..., 1:]
    grey = inner.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    head = struct.pack("<BB4HII", 1, quality, *(round(65535 * share) for share in box), width, height)
    return head + colours.transpose(2, 0, 1).tobytes() + grey.tobytes()


def scene(seed: int, size: tuple[int, int] = (360, 240)) -> Image.Image:
    """A picture with something to see everywhere: smooth colours, and shapes on them."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y, w, h = (int(rng.integers(0, side)) for side in (*size, size[0] // 3, size[1] // 3))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)((x, y, x + w + 8, y + h + 8), fill=colour)
    return image


def crop(image: Image.Image, left: float, upper: float, right: float, lower: float) -> Image.Image:
    width, height = image.size
    return image.crop((round(left * width), round(upper * height), round(right * width), round(lower * height)))


def once(query: bytes, library: bytes, turn: int = 1, start: int = 0) -> Seen:
    return second_look(query, library, [(0, turn, start)])


@pytest.mark.parametrize("seed", range(12))
def test_the_core_agrees_with_its_twin(seed: int) -> None:
    image = scene(seed)
    edited = [
        crop(image, 0.1, 0.05, 0.95, 0.9),
        image.rotate(3, Image.Resampling.BICUBIC),
        ImageEnhance.Brightness(image).enhance(1.5),
        crop(scene(seed + 100), 0, 0, 1, 0.9),
    ][seed % 4]
    query, library = look_of(edited), look_of(image)
    confidence, matrix, found = twin.judged(query, library)
    seen = once(query, library)
    assert seen.confidence[0] == pytest.approx(confidence, abs=1e-2)
    assert seen.matrix[0] == pytest.approx(matrix, abs=2e-2)
    got = dict(zip(FEATURES, features(query, library, [(0, 1, 0)])[0], strict=True))
    assert got == pytest.approx({name: found.get(name, 0.0) for name in FEATURES}, abs=2e-2)


@pytest.mark.parametrize("part", [(0, 0, 1, 1), (0.05, 0.05, 0.95, 0.95), (0.12, 0, 1, 1), (0, 0, 0.87, 0.87)])
def test_crops_are_found_where_they_are(part: tuple[float, float, float, float]) -> None:
    image = scene(3)
    seen = once(look_of(crop(image, *part)), look_of(image))
    left, upper, right, lower = part
    expected = [[right - left, 0, left + right - 1], [0, lower - upper, upper + lower - 1]]
    assert seen.confidence[0] >= NORMAL
    assert seen.matrix[0] == pytest.approx(np.array(expected), abs=0.02)
    assert seen.overlap[0] > 0.97


@pytest.mark.parametrize("angle", [-4, -1, 2, 5])
def test_rotations_are_found(angle: int) -> None:
    image = scene(4)
    turned = crop(image.rotate(angle, Image.Resampling.BICUBIC), 0.1, 0.1, 0.9, 0.9)
    seen = once(look_of(turned), look_of(image))
    assert seen.confidence[0] >= NORMAL
    matrix = seen.matrix[0].astype(float) * np.array([[3.0], [2.0]])
    assert np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])) == pytest.approx(angle, abs=0.7)


@pytest.mark.parametrize("turn", range(1, 9))
def test_turns_are_found_and_are_part_of_the_map(turn: int) -> None:
    """A point of the query is looked up on the library's picture as it is stored."""
    image = scene(5)
    exif = Image.Exif()
    exif[0x0112] = turn
    image.info["exif"] = exif.tobytes()
    image.getexif()[0x0112] = turn
    query = ImageOps.exif_transpose(crop_keeping_exif(image, turn))
    seen = second_look(look_of(query), [look_of(scene(6)), look_of(image)])
    assert seen.turn[1] == turn
    assert seen.confidence[1] >= NORMAL > seen.confidence[0]
    assert abs(np.linalg.det(seen.matrix[1][:, :2])) == pytest.approx(0.9 * 0.92, abs=0.03)
    corner = seen.matrix[1] @ corner_of_query(turn)
    assert corner == pytest.approx([-1, -1], abs=0.05)


def crop_keeping_exif(image: Image.Image, turn: int) -> Image.Image:
    """Without a tenth at the right and a twelfth at the bottom, which leaves the upper left corner."""
    part = crop(image, 0, 0, 0.9, 0.92)
    part.getexif()[0x0112] = turn
    return part


def corner_of_query(turn: int) -> NDArray[np.float64]:
    """Where the upper left corner of a picture is after a turn, by EXIF's words for row 0 and column 0."""
    row_and_column = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "lt", 6: "rt", 7: "rb", 8: "lb"}[turn]
    return np.array([1.0 if "r" in row_and_column else -1.0, 1.0 if "b" in row_and_column else -1.0, 1.0])


@pytest.mark.parametrize(("gain", "bias"), [(0.5, 30), (0.8, 60), (1.0, -10)])
def test_gain_and_bias_are_found(gain: float, bias: float) -> None:
    image = scene(7)
    paler = image.point(lambda value: max(0, min(255, gain * value + bias)))
    seen = once(look_of(paler), look_of(image))
    assert seen.confidence[0] >= NORMAL
    assert seen.gain[0] == pytest.approx(gain, abs=0.05)
    assert seen.bias[0] == pytest.approx(bias, abs=6)


def test_clipped_and_covered_pictures_are_copies() -> None:
    image = scene(8)
    library = look_of(image)
    assert once(look_of(ImageEnhance.Brightness(image).enhance(1.5)), library).confidence[0] >= NORMAL
    covered = image.copy()
    ImageDraw.Draw(covered).rectangle((0, 0, 100, 60), fill=(255, 0, 0))
    assert once(look_of(covered), library).confidence[0] >= NORMAL


def test_borders_start_in_the_right_place() -> None:
    image = scene(9)
    framed = ImageOps.expand(image, (30, 20), "white")
    box = (30 / 420, 20 / 280, 390 / 420, 260 / 280)
    library, trimmed, whole = look_of(image), look_of(framed, box), look_of(framed)
    assert once(trimmed, library, start=1).confidence[0] >= NORMAL
    assert once(trimmed, library, start=2).confidence[0] >= NORMAL
    assert once(trimmed, whole).confidence[0] >= NORMAL
    assert once(whole, trimmed, start=0).confidence[0] >= NORMAL
    assert once(library, trimmed, start=3).confidence[0] >= NORMAL
    assert second_look(trimmed, library).confidence[0] >= NORMAL


@given(st.integers(0, 10_000), st.floats(0.9, 1), st.floats(-4, 4))
@settings(max_examples=25)
def test_both_sides_see_the_same(seed: int, part: float, angle: float) -> None:
    image = scene(seed)
    edited = crop(image.rotate(angle, Image.Resampling.BICUBIC), 1 - part, 0, part, part)
    there, back = once(look_of(edited), look_of(image)), once(look_of(image), look_of(edited))
    assert (there.confidence[0] >= 0.5) == (back.confidence[0] >= 0.5)
    if min(there.confidence[0], back.confidence[0]) >= NORMAL:
        both = np.vstack([there.matrix[0], [0, 0, 1]]) @ np.vstack([back.matrix[0], [0, 0, 1]])
        assert both == pytest.approx(np.eye(3), abs=0.06)


def test_what_shows_nothing_is_no_copy() -> None:
    blank = [Image.new("RGB", (90, 60), colour) for colour in ("white", "black", (9, 90, 200))]
    ramp = Image.linear_gradient("L")
    pictures = [*blank, ramp, ramp.rotate(90), Image.radial_gradient("L"), scene(1)]
    # The quality of slopes is low by its own measure, which is not at hand here.
    looks = [look_of(picture, quality=5) for picture in pictures]
    for query in looks[:-1]:
        assert (second_look(query, looks).confidence < NORMAL).all()


def test_low_quality_is_never_sure() -> None:
    image = scene(2)
    sure = [once(look_of(image, quality=q), look_of(image)).confidence[0] for q in (0, 10, 32, 50, 100)]
    assert sure == sorted(sure)
    assert sure[0] <= 0.5
    assert sure[2] < NORMAL <= sure[3]


@given(st.lists(st.binary(min_size=LOOK_BYTES - 1, max_size=LOOK_BYTES - 1), min_size=2, max_size=3), st.booleans())
@settings(max_examples=150)
def test_garbage_does_no_harm(bodies: list[bytes], near: bool) -> None:
    query, *others = [b"\1" + body for body in bodies]
    if near:
        # Noise alone is hopeless at once: here most of it is the query's own.
        others = [other[:146] + query[146:1100] + other[1100:] for other in others]
    seen = second_look(query, others)
    for numbers in (seen.confidence, seen.overlap, seen.matrix, seen.gain, seen.bias, seen.agreement):
        assert np.isfinite(numbers).all()
    assert ((seen.confidence >= 0) & (seen.confidence <= 1)).all()
    assert len(seen) == len(others)


def test_tries_are_answered_in_order() -> None:
    looks = [look_of(scene(seed)) for seed in range(3)]
    tries = [(2, 1, 0), (0, 3, 0), (0, 1, 0), (2, 1, 0), (1, 1, 0)]
    seen = second_look(looks[2], looks, tries)
    assert seen.confidence.argsort()[-2:].tolist() in ([0, 3], [3, 0])
    assert seen.confidence[0] == seen.confidence[3] >= NORMAL
    assert seen.turn.tolist() == [1, 3, 1, 1, 1]
    assert packed_tries(*np.array(tries).T)[:8] == struct.pack("<IBBH", 2, 1, 0, 0)
    assert len(second_look(looks[0], [])) == len(second_look(looks[0], looks, np.zeros((0, 3), int))) == 0


def test_what_is_no_look_is_an_error() -> None:
    look = look_of(scene(1))
    with pytest.raises(ValueError, match="1170 bytes"):
        second_look(look, look[:-1])
    with pytest.raises(ValueError, match="one look as the query"):
        second_look(look + look, look)
    with pytest.raises(ValueError, match="version 1, got version 2"):
        second_look(look, b"\2" + look[1:])
    for row, words in [((1, 1, 0), "below 1, got 1"), ((0, 9, 0), "turn"), ((0, 0, 0), "turn"), ((0, 1, 4), "start")]:
        with pytest.raises(ValueError, match=words):
            second_look(look, look, [row])
    with pytest.raises(ValueError, match=r"shape \(n, 3\)"):
        second_look(look, look, [(0, 1)])
    with pytest.raises(ValueError, match="numbers of looks"):
        second_look(look, look, [(-1, 1, 0)])
    with pytest.raises(ValueError, match="8 bytes a try"):
        _core.confirm(look, look, bytes(9))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.draft("RGB", (256, 256))
        return ImageOps.exif_transpose(image).convert("RGB")


@pytest.mark.parametrize("folder", ["products-grocery", "large-baseline", "same-scene-not-copies"])
def test_photos_that_look_alike_are_not_copies(shared: Path, folder: str) -> None:
    """All pairs of the folder as they stand: one product twice, overlapping frames, two views of one place."""
    paths = sorted(path for path in (shared / "photos" / folder).iterdir() if path.suffix != ".csv")
    looks = [look_of(opened(path)) for path in paths]
    called = []
    for number, look in enumerate(looks[:-1]):
        others = np.arange(number + 1, len(looks))
        tries = np.stack([others, np.ones_like(others), np.zeros_like(others)], 1)
        confidence = second_look(look, b"".join(looks), tries).confidence
        called += [(paths[number].name, paths[n].name) for n in others[confidence >= NORMAL]]
    assert not called


def test_a_burst_is_as_good_as_a_copy(shared: Path) -> None:
    """No thumb tells these two apart; other jackets it does."""
    folder = shared / "photos" / "products-clothing"
    burst = [look_of(opened(next(folder.glob(f"*{name}*")))) for name in BURST]
    assert once(*burst).confidence[0] > 0.5
    others = [look_of(opened(path)) for path in sorted(folder.iterdir())[:60] if not any(n in path.name for n in BURST)]
    assert max(once(*pair).confidence[0] for pair in combinations([burst[0], *others], 2)) < NORMAL


def test_edited_photos_are_copies(shared: Path) -> None:
    paths = sorted((shared / "photos" / "everyday").glob("*.jpg"))[:40]
    found = []
    for path in paths:
        image = opened(path)
        half = image.resize((image.width // 2, image.height // 2))
        edits = [
            half.quantize(16).convert("RGB"),
            crop(image, 0.04, 0.08, 0.98, 0.99),
            ImageOps.mirror(crop(image, 0, 0, 1, 0.92)),
            ImageEnhance.Contrast(image).enhance(1.4),
            image.point(lambda value: 255 * (value / 255) ** 1.7),
            image.rotate(2, Image.Resampling.BICUBIC, fillcolor="white"),
        ]
        found += [second_look(look_of(edit), look_of(image)).confidence[0] >= NORMAL for edit in edits]
    assert np.mean(found) >= 0.98
