"""Looks: their bytes, their thumb, colours, codes of parts and quality, each against a slow and obvious twin."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lookalike import frames
from lookalike._core import Planes
from lookalike.fingerprints import fingerprint, fingerprint_many, fingerprint_rows, row_names
from lookalike.looks import LOOK_BYTES, LOW_QUALITY, Look
from lookalike.sources.pillow import turned
from pictures import MODES, files

ALL_TURNS = range(1, 9)


def picture(width: int = 300, height: int = 200, seed: int = 1) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def look_of(source: object, recipe: str = "standard") -> Look:
    look = fingerprint(source, kinds="phash", recipe=recipe, look=True).look
    assert look is not None
    return look


def slow_colours(image: Image.Image) -> NDArray[np.float64]:
    """Means of JPEG's Cb and Cr in 8 x 8 cells, pixels at their edges by their shares."""
    rgb = np.asarray(image.convert("RGB"), dtype=np.float64)
    cb = 128 + rgb @ [-0.168735892, -0.331264108, 0.5]
    cr = 128 + rgb @ [0.5, -0.418687589, -0.081312411]
    rows, columns = (shares(side) for side in rgb.shape[:2])
    return np.stack([rows @ plane @ columns.T for plane in (cb, cr)])


def shares(side: int) -> NDArray[np.float64]:
    """How much of each of 8 cells each of so many pixels is, shape (8, side)."""
    edges = np.arange(9) * side / 8
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(overlap.clip(0) / (side / 8))


def farthest(one: NDArray[np.uint8], other: NDArray[np.generic]) -> float:
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max())


def planes_of(grey: NDArray[np.uint8], look: bool = False) -> Planes:
    planes = Planes(grey.shape[1], grey.shape[0], False, look)
    planes.push_grey(grey.tobytes())
    return planes


def bits(code: bytes, other: bytes) -> int:
    return (int.from_bytes(code, "big") ^ int.from_bytes(other, "big")).bit_count()


def test_the_layout_is_as_documented() -> None:
    look = look_of(encoded(picture(301, 202), "PNG"))
    version, quality, *box, width, height = struct.unpack("<BB4HII", look.data[:18])
    assert len(look.data) == LOOK_BYTES == 1170
    assert (version, quality, look.size) == (1, look.quality, (width, height)) == (1, quality, (301, 202))
    assert box == [0, 0, 65535, 65535]
    assert look.box is None
    assert not look.has_border
    assert look.colour.tobytes() == look.data[18:146]
    assert look.grey.tobytes() == look.data[146:]
    assert (look.colour.shape, look.grey.shape) == ((2, 8, 8), (32, 32))
    assert repr(look) == f"<Look of 301 x 202, quality {quality}>"


def test_a_box_is_in_shares() -> None:
    data = look_of(picture()).data
    look = Look(data[:2] + struct.pack("<4H", 6554, 0, 65535, 32768) + data[10:])
    assert look.box == pytest.approx((0.1, 0, 1, 0.5), abs=1e-4)
    assert look.has_border
    assert "border" in repr(look)
    assert look.turned(2).box == pytest.approx((0, 0, 0.9, 0.5), abs=1e-4)
    assert look.turned(6).box == pytest.approx((0.5, 0.1, 1, 1), abs=1e-4)
    for turn in ALL_TURNS:
        assert len(look.parts(turn)) == 40
        assert look.parts(turn)[:8] == look.inner_code(turn)


def test_looks_are_values() -> None:
    look = look_of(picture())
    assert Look(look.data) == look
    assert bytes(look) == look.data
    assert len({look, Look(look.data), look.turned(2)}) == 2
    with pytest.raises(ValueError, match="read-only"):
        look.grey[0, 0] = 1


@pytest.mark.parametrize("length", [0, 17, LOOK_BYTES - 1, LOOK_BYTES + 1])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected a look of 1170 bytes, got {length}"):
        Look((look_of(picture()).data * 2)[:length])


def test_what_is_no_look_is_refused() -> None:
    data = look_of(picture()).data
    with pytest.raises(ValueError, match="expected a look of version 1, got version 2: make it again"):
        Look(b"\2" + data[1:])
    for damaged in (data[:1] + b"\xff" + data[2:], data[:2] + bytes(8) + data[10:]):
        with pytest.raises(ValueError, match="a damaged one"):
            Look(damaged)
    with pytest.raises(TypeError, match="expected a look as bytes, got bytearray"):
        Look(bytearray(data))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="orientation from 1 to 8, got 9"):
        look_of(picture()).turned(9)


@pytest.mark.parametrize("size", [(300, 200), (33, 70), (32, 32), (5, 3), (1, 1), (1500, 20)])
def test_the_thumb_is_the_resampling_of_the_hashes(size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = planes_of(np.asarray(image.convert("L"))).resize(32, 32)
    for source in (encoded(image, "PNG"), image, encoded(image, "BMP"), encoded(image, "TIFF")):
        assert look_of(source).grey.tobytes() == expected


@pytest.mark.parametrize("size", [(300, 200), (64, 128), (100, 70), (9, 5), (1, 1)])
def test_colours_are_means_of_cells(size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = slow_colours(image)
    for source in (encoded(image, "PNG"), image, encoded(image, "BMP"), encoded(image, "TIFF")):
        assert farthest(look_of(source).colour, expected) <= 1.5
    palette = image.quantize(64)
    for content in (encoded(palette, "PNG"), encoded(palette, "GIF")):
        assert farthest(look_of(content).colour, slow_colours(palette)) <= 1.5


@pytest.mark.parametrize(("size", "most"), [((640, 480), 3), ((330, 400), 9), ((200, 150), 24)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_colours_of_jpeg_are_near(size: tuple[int, int], most: int, subsampling: int, progressive: bool) -> None:
    """From one sample a block of 8 or 16 pixels: near the means of the pixels, if there are several in a cell."""
    content = encoded(picture(*size), "JPEG", quality=95, subsampling=subsampling, progressive=progressive)
    with Image.open(io.BytesIO(content)) as image:
        found, expected = look_of(content).colour, slow_colours(image)
    assert farthest(found, expected) <= most
    # A cell may lack what is right or wrong beside it, but no colour is lost or made.
    assert np.abs(found.mean((1, 2)) - expected.mean((1, 2))).max() <= 3


def test_colours_of_inks_and_greys() -> None:
    image = picture(400, 300)
    inks = encoded(image.convert("CMYK"), "JPEG", quality=95)
    with Image.open(io.BytesIO(inks)) as opened:
        assert farthest(look_of(inks).colour, slow_colours(opened)) <= 4
    grey = image.convert("L")
    for source in (encoded(grey, "JPEG"), encoded(grey, "PNG"), grey, np.asarray(grey), grey.convert("1")):
        assert (look_of(source).colour == 128).all()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("LAB", "La")])
@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
def test_every_mode_has_a_look(mode: str) -> None:
    """Under `imagehash` a picture keeps its mode; its grey and its colours are what Pillow converts it to."""
    image = MODES[mode](picture(120, 90))
    look = look_of(image, "imagehash")
    assert look.grey.tobytes() == planes_of(np.asarray(image.convert("L"))).resize(32, 32)
    if mode in ("1", "L", "LA") or mode[0] in "IF":
        assert (look.colour == 128).all()
    else:
        assert farthest(look.colour, slow_colours(image)) <= 1.5


def test_parts_are_phash_of_what_is_left() -> None:
    """Pillow rounds what it resamples to bytes, so that a bit now and then differs."""
    cut = 0.08 * 32
    boxes = [(cut, 0, 32, 32), (0, 0, 32 - cut, 32), (0, cut, 32, 32), (0, 0, 32, 32 - cut)]
    differences = []
    for seed in range(20):
        look = look_of(picture(seed=seed))
        thumb = Image.fromarray(look.grey)
        parts = look.parts()
        assert len(parts) == 32
        for n, box in enumerate(boxes):
            part = np.asarray(thumb.resize((32, 32), Image.Resampling.LANCZOS, box))
            differences.append(bits(parts[8 * n : 8 * n + 8], planes_of(part).phash(8, 4)))
        assert look.inner_code() == planes_of(look.grey).phash(8, 4)
    assert max(differences) <= 4
    assert np.mean(differences) < 0.5


def test_a_cut_picture_is_near_its_part() -> None:
    """What the parts are for: a side cut off the picture itself."""
    image = picture(500, 400, seed=3)
    parts = look_of(image).parts()
    for n, box in enumerate([(40, 0, 500, 400), (0, 0, 460, 400), (0, 32, 500, 400), (0, 0, 500, 368)]):
        assert bits(parts[8 * n : 8 * n + 8], look_of(image.crop(box)).inner_code()) <= 6


def test_a_turned_look_is_that_of_the_turned_picture() -> None:
    image = picture(300, 200)
    look = look_of(image)
    codes, parts = look.all_codes()
    for turn in ALL_TURNS:
        mine, expected = look.turned(turn), look_of(turned(image, turn))
        assert mine.size == expected.size
        assert farthest(mine.grey, expected.grey) <= 2
        assert farthest(mine.colour, expected.colour) <= 1
        assert np.array_equal(mine.grey, turned(Image.fromarray(look.grey), turn))
        assert mine.inner_code() == look.inner_code(turn) == codes[turn - 1]
        assert mine.parts() == look.parts(turn) == parts[turn - 1]


def test_both_roads_give_nearly_the_same(shared: Path) -> None:
    """The core from a coarse scale of a JPEG, Pillow from all its pixels."""
    worst, means = [], []
    for path in [*files("photos/everyday")[:20], *files("photos/web")[:20]]:
        if path.suffix.lower() not in (".jpg", ".jpeg"):
            continue
        with Image.open(path) as image:
            mine, pillows = look_of(path), look_of(image)
        assert mine.size == pillows.size
        difference = np.abs(mine.grey.astype(int) - pillows.grey)
        worst.append(difference.max())
        means.append(difference.mean())
        assert farthest(mine.colour, pillows.colour) <= 6
        # The border of one photo is found a tenth of a pixel elsewhere: 94 and 87.
        assert abs(mine.quality - pillows.quality) <= 8
    assert np.mean(means) < 0.6
    assert max(worst) <= 24


def test_a_look_changes_nothing_else(shared: Path) -> None:
    """Neither hashes nor warnings nor errors, of sound files, odd ones and broken ones."""
    paths = [*files("bad")[::5], *files("photos/web")[::16], *files("photos/png")[:1]]
    for kinds in (("phash", "dhash"), ("colorhash",), ("crop_resistant",)):
        some = paths if kinds[0] == "phash" else paths[::6]
        plain = fingerprint_rows(some, kinds=kinds)
        for row, with_look in zip(plain, fingerprint_rows(some, kinds=kinds, look=True), strict=True):
            data = with_look.pop("look")
            assert row == with_look
            assert (data is None) == (row["error"] is not None and row[kinds[0]] is None)


def test_colours_that_are_cut_off_are_no_error() -> None:
    """Colours that come in scans of their own may be missing where nobody needs them."""
    content = encoded(picture(640, 480), "JPEG", quality=90, progressive=True)
    scans = [n for n in range(len(content) - 1) if content[n : n + 2] == b"\xff\xda"]
    for end in (*scans[1:4], len(content) // 2):
        plain = fingerprint(content[:end], kinds="phash")
        found = fingerprint(content[:end], kinds="phash", look=True)
        assert (found.hashes, found.warning) == (plain.hashes, plain.warning)


def test_the_road_makes_no_difference(tmp_path: Path) -> None:
    """One picture or many, by path or by bytes; and nothing unless it is asked for."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(picture(), "JPEG"))
    single = fingerprint(path, look=True)
    assert single.look is not None
    assert single.quality == single.look.quality
    rows = list(fingerprint_rows([path, path.read_bytes(), tmp_path / "none.jpg"], look=True, digest=True))
    names = row_names(("ahash", "phash", "dhash", "whash", "colorhash"), True, True)
    assert all(list(row) == names for row in rows)
    assert names[-4:] == ["look", "digest", "warning", "error"]
    assert [row["look"] for row in rows] == [single.look.data, single.look.data, None]
    assert single.as_row() == {key: value for key, value in rows[0].items() if key != "digest"}
    plain = fingerprint(path)
    assert (plain.look, plain.quality) == (None, None)
    assert "look" not in plain.as_row()


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_tables_keep_looks(tmp_path: Path, to: str, suffix: str) -> None:
    """As bytes; as base64 text where a file cannot hold bytes."""
    pytest.importorskip("pyarrow")
    if to == "polars":
        pytest.importorskip("polars")
    table = fingerprint_many([picture(), tmp_path / "none.jpg"], kinds="phash", look=True, to=to)  # type: ignore[arg-type]
    looks = frames.read_columns(table, ["look"])["look"]
    assert len(looks[0]) == LOOK_BYTES
    assert looks[1] is None
    frames.save(table, tmp_path / f"t{suffix}")
    assert frames.rows_of(frames.load(tmp_path / f"t{suffix}", to)) == frames.rows_of(table)


def test_a_look_that_is_no_base64_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,look\na,%%%\n")
    with pytest.raises(ValueError, match="expected base64 text in the column 'look', got '%%%'"):
        frames.load(tmp_path / "t.csv")
    (tmp_path / "t.json").write_text('[{"image": "a", "look": 7}]')
    with pytest.raises(ValueError, match="expected base64 text in the column 'look', got '7'"):
        frames.load(tmp_path / "t.json")


def shape(name: str) -> Image.Image:
    image = Image.new("L", (480, 360), 255)
    draw = ImageDraw.Draw(image)
    if name == "disc":
        draw.ellipse((120, 60, 360, 300), fill=10)
    elif name == "square":
        draw.rectangle((150, 90, 330, 270), fill=90)
    else:
        draw.line((40, 40, 440, 320), fill=0, width=20)
    return image


def junk() -> dict[str, Image.Image]:
    y, x = np.mgrid[0:360, 0:480]
    noise = np.random.default_rng(5).normal(0, 2, (360, 480))
    arrays = {
        "blank": np.full((360, 480), 180.0),
        "near black": 4 + noise,
        "gradient": x * 0.4 + y * 0.1 + noise,
        "steep gradient": 128 + 110 * np.tanh((x - 240) / 60),
        "round gradient": 240 - np.hypot(x - 200, y - 150) * 0.5,
        "edge": np.where(x + y > 400, 230.0, 20.0),
        "horizon": np.where(y > 200, 90.0, 200.0) + noise,
        "stripes": 128 + 100 * np.sin(x / 9 + y / 20),
        "checkerboard": ((x // 60 + y // 60) % 2) * 200.0,
    }
    images = {name: Image.fromarray(values.clip(0, 255).astype(np.uint8)) for name, values in arrays.items()}
    return images | {name: shape(name) for name in ("disc", "square", "bar")}


@pytest.mark.parametrize(("name", "image"), junk().items(), ids=list(junk()))
def test_what_tells_nothing_is_marked(name: str, image: Image.Image) -> None:
    for source in (image, encoded(image, "JPEG", quality=75), encoded(image, "PNG")):
        look = look_of(source)
        assert look.quality < LOW_QUALITY, name
        assert look.is_poor


def test_photos_tell_enough(shared: Path) -> None:
    """Groceries and garments on plain ground included."""
    qualities = []
    for folder in ("products-clothing", "products-grocery", "everyday", "same-scene-not-copies"):
        rows = fingerprint_rows(files(f"photos/{folder}")[::5], kinds="phash", look=True)
        qualities += [row["look"][1] for row in rows if row["look"]]
    assert len(qualities) > 200
    assert np.mean(np.array(qualities) < LOW_QUALITY) < 0.01
    assert np.median(qualities) > 70


def test_planes_make_a_look_only_if_asked() -> None:
    grey = np.asarray(picture().convert("L"))
    assert len(planes_of(grey, look=True).look()) == LOOK_BYTES
    with pytest.raises(ValueError, match="made with look=True"):
        planes_of(grey).look()
    with pytest.raises(ValueError, match="expected a complete picture"):
        Planes(3, 2, False, True).look()
