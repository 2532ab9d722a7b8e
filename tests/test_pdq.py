"""PDQ against its slow twin, against hashes of Meta's reference, and by every road from a picture to its bits."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import lookalike
import make_golden
import pdq_oracle
import pictures
from lookalike._core import Planes
from lookalike.fingerprints import compute, fingerprint_rows
from lookalike.kinds import Kind
from lookalike.sources.pixels import planes

GOLDEN = json.loads((Path(__file__).parent / "golden" / "pdq.json").read_text(encoding="utf-8"))
SAME_BITS = 0.999
MOST_BITS = 4
"""The agreement with the reference that is asked for on equal pixels."""

METAS_BAR, GOOD_QUALITY = 10, 80
"""Meta's own measure of an implementation with decoders of its own."""

NO_ROUNDING = 1e-6
FORMULAS = st.sampled_from(sorted(make_golden.FORMULAS))


def bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def found(image: Image.Image) -> tuple[str, int]:
    code, quality = planes(image, False, fine=True).pdq()
    return code.hex(), quality


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 320), st.integers(1, 320), st.integers(0, 10**6), FORMULAS, st.booleans())
def test_the_twin_gives_the_same(width: int, height: int, seed: int, formula: str, is_noise: bool) -> None:
    image = noise(width, height, seed) if is_noise else make_golden.picture(formula, width, height)
    # The twin gets the grey values that the core has: not rounded to bytes, but to 256ths of them.
    colors = np.asarray(image, np.int64)
    grey = (colors @ [19595, 38470, 7471] + 0x80 >> 8) / 256.0
    text, quality = found(image)
    expected, worth = pdq_oracle.pdq(grey)
    if min(width, height) < pdq_oracle.LEAST_SIDE:
        assert (text, quality) == (expected, worth) == ("0" * 64, 0)
        return
    margins = pdq_oracle.margins(grey).reshape(-1)[::-1]
    unclear = np.abs(margins) < NO_ROUNDING
    differing = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)) != np.unpackbits(
        np.frombuffer(bytes.fromhex(expected), np.uint8)
    )
    assert not (differing & ~unclear).any()
    assert abs(quality - worth) <= 1


@pytest.mark.parametrize("name", GOLDEN["made"])
def test_made_pictures_have_the_reference_s_bits(name: str) -> None:
    formula, width, height = name.split()
    text, quality = found(make_golden.picture(formula, int(width), int(height)))
    expected, worth = GOLDEN["made"][name]
    assert bits_apart(text, expected) <= MOST_BITS
    assert abs(quality - worth) <= 1


def test_shared_pictures_have_the_reference_s_bits(shared: Path) -> None:
    apart, qualities = [], []
    for name, (expected, worth) in GOLDEN["photos"].items():
        image = pictures.opened(shared / name)
        assert image is not None
        text, quality = found(image.convert("RGB"))
        apart.append(bits_apart(text, expected))
        qualities.append(abs(quality - worth))
    assert max(apart) <= MOST_BITS
    assert sum(apart) <= (1 - SAME_BITS) * 256 * len(apart)
    assert max(qualities) <= 1
    assert len(apart) >= 250


def test_files_pass_metas_bar(shared: Path) -> None:
    """By recipe `standard`, which decodes JPEG files only as far as needed."""
    for folder in ("vectors/pdq", "vectors/pdqhash-python", "photos/png"):
        names = [name for name in GOLDEN["photos"] if name.startswith(folder)]
        upright = [name for name in names if _is_upright(shared / name)]
        assert len(upright) >= 4
        rows = fingerprint_rows([shared / name for name in upright], kinds="pdq")
        for name, row in zip(upright, rows, strict=True):
            expected, worth = GOLDEN["photos"][name]
            assert row["error"] is None
            if worth >= GOOD_QUALITY:
                assert bits_apart(row["pdq"], expected) <= METAS_BAR, name


def test_a_published_hash(shared: Path) -> None:
    """The value that the test of Meta's Java implementation has for the bridge."""
    value, quality = lookalike.pdq(shared / "vectors/pdq/misc-images__modes__original.jpg", recipe="imagehash")
    assert value.hex == "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
    assert quality == 100


def _is_upright(path: Path) -> bool:
    with Image.open(path) as image:
        return image.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("folder", ["everyday", "web", "products-clothing"])
def test_a_reduced_photo_is_near_the_whole(shared: Path, folder: str) -> None:
    """Measured: 1.0 bits on average, 8 at most, where the picture has any detail."""
    paths = [path for path in pictures.files(f"photos/{folder}") if path.suffix == ".jpg" and _is_upright(path)][:40]
    apart = []
    for path in paths:
        value, quality = lookalike.pdq(path)
        whole, _ = lookalike.pdq(path, recipe="imagehash")
        if quality >= 50:
            apart.append(bits_apart(value.hex, whole.hex))
    assert len(apart) >= 20
    assert sum(apart) / len(apart) <= 2
    assert max(apart) <= 16


def test_the_roads_meet(tmp_path: Path) -> None:
    """A file by the core, its pixels by Pillow, and an array: the same bits and quality."""
    image = make_golden.picture("discs", 301, 203)
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "a.bmp")
    image.quantize(64).save(tmp_path / "p.png")
    with Image.open(tmp_path / "p.png") as opened:
        few = opened.convert("RGB")
    for source, pixels in (("a.png", image), ("a.bmp", image), ("p.png", few)):
        made = lookalike.fingerprint(tmp_path / source, kinds=("phash", "pdq", "colorhash"))
        assert (made["pdq"].hex, made.pdq_quality) == found(pixels)
        for other in (pixels, np.asarray(pixels)):
            again = lookalike.fingerprint(other, kinds=("phash", "pdq", "colorhash"))
            assert (again.hashes, again.pdq_quality) == (made.hashes, made.pdq_quality)
        assert next(fingerprint_rows([tmp_path / source], kinds=("phash", "pdq")))["pdq"] == made["pdq"].hex


def test_grey_pictures_and_turned_ones(tmp_path: Path) -> None:
    grey = make_golden.picture("grains", 180, 120).convert("L")
    assert found(grey) == found(grey.convert("RGB"))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = noise(120, 90, 7)
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    assert lookalike.pdq(tmp_path / "turned.png")[0].hex == found(upright)[0]


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "HSV", "LA", "RGBA", "1"])
def test_recipe_imagehash_takes_the_pixels_as_red_green_and_blue(mode: str) -> None:
    image = pictures.MODES[mode](make_golden.picture("discs", 250, 190))
    value = compute(image, [Kind("pdq")], "imagehash")["pdq"]
    assert value.hex == found(image.convert("RGB"))[0]


def test_brightness_is_not_rounded_to_bytes() -> None:
    """A smooth picture of few grey values: its hash hangs on what is lost when it is made grey."""
    y, x = np.mgrid[:256, :256]
    slope = 100 + 6 * np.sin(x / 40) * np.cos(y / 31 + 1)
    pixels = np.stack([slope, slope + 3 * np.sin(y / 17), slope - x / 90], axis=2).astype(np.uint8)
    expected, _ = pdq_oracle.pdq(pdq_oracle.luminance(pixels))
    coarse, _ = planes(Image.fromarray(pixels), False).pdq()
    assert bits_apart(found(Image.fromarray(pixels))[0], expected) <= MOST_BITS < bits_apart(coarse.hex(), expected)


def test_pictures_without_detail_have_no_bits_and_no_quality() -> None:
    for color in ("white", "black", (12, 200, 99)):
        assert found(Image.new("RGB", (300, 200), color)) == ("0" * 64, 0)


def test_a_picture_must_be_complete_and_rows_whole() -> None:
    half = Planes(10, 10, fine=True)
    half.push_rgbx(bytes(4 * 10 * 5))
    with pytest.raises(ValueError, match="complete picture"):
        half.pdq()


def test_parts_of_a_picture(tmp_path: Path) -> None:
    image = noise(300, 200)
    box = (20, 30, 220, 190)
    part = planes(image, False, fine=True).crop(*box).pdq()
    assert (part[0].hex(), part[1]) == found(image.crop(box))
    made = lookalike.fingerprint(image, kinds="crop_resistant:pdq")
    assert made.pdq_quality is None
    assert all(segment.bits == 256 for segment in made["crop_resistant:pdq"].segments)  # type: ignore[union-attr]


def test_quality_is_told_of_the_kind_alone(tmp_path: Path) -> None:
    image = noise(64, 64)
    assert lookalike.fingerprint(image).pdq_quality is None
    assert lookalike.fingerprint(image, kinds=("pdq", "ahash")).pdq_quality == 100
    file = io.BytesIO()
    image.save(file, "JPEG")
    value, quality = lookalike.pdq(file.getvalue())
    assert (value.bits, str(value.kind), quality) == (256, "pdq", 100)


def test_it_has_one_size() -> None:
    assert Kind.parse("pdq:16") == Kind("pdq")
    with pytest.raises(ValueError, match="always has 256 bits; got 8"):
        Kind.parse("pdq:8")
    with pytest.raises(ValueError, match="always has 256 bits"):
        Kind("pdq").with_size(8)


def test_a_library_of_it(tmp_path: Path) -> None:
    names = []
    for seed in range(4):
        names.append(str(tmp_path / f"{seed}.png"))
        noise(9, 9, seed).resize((300, 260), Image.Resampling.BICUBIC).save(names[-1])
    copy: Any = tmp_path / "copy.jpg"
    Image.open(names[2]).resize((260, 220)).save(copy, quality=80)
    with lookalike.Library(tmp_path / "library", kinds=("pdq",)) as library:
        library.add(names)
        answer = library.search(copy)
    assert answer.image.tolist() == [names[2]]
    assert answer.kind.tolist() == ["pdq"]
    assert answer.distance[0] <= 16
