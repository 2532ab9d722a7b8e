"""`lookalike.compare` of whole pictures: verdicts, words and geometry, on edits that are made here."""

from __future__ import annotations

import io
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from lookalike import LimitError, Limits, NoFileError, NoImageError, compare, turns
from lookalike.comparing.comparison import VERDICTS
from lookalike.comparing.geometry import lie_of
from lookalike.kinds import NAMES
from lookalike.regions import mapped
from lookalike.sources.pillow import turned

Edit = Callable[[Image.Image], Image.Image]


@pytest.fixture(autouse=True)
def whole_pictures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether OpenCV is installed or not."""
    monkeypatch.setattr("lookalike.comparing.parts.parts_are_there", lambda: False)


@pytest.fixture(scope="module")
def original(shared: Path) -> Image.Image:
    """A photograph without symmetry."""
    with Image.open(shared / "photos" / "everyday" / "smartcrop__examples__images__27464791.jpg") as image:
        return image.convert("RGB").resize((600, 400))


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    data = io.BytesIO()
    image.save(data, form)
    return data.getvalue()


def cut(left: float, upper: float, right: float, lower: float) -> Edit:
    return lambda image: image.crop(
        (int(left * image.width), int(upper * image.height), int(right * image.width), int(lower * image.height))
    )


def letterboxed(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, (0, image.height // 5))


EDITS: dict[str, tuple[Edit, str]] = {
    "mirrored": (ImageOps.mirror, "B is A mirrored"),
    "rotate90": (lambda image: image.transpose(Image.Transpose.ROTATE_270), "turned clockwise by 90 degrees"),
    "half": (lambda image: image.resize((image.width // 2, image.height // 2)), "B is A scaled to 50 %"),
    "one side": (cut(0.08, 0, 1, 1), "B is A cropped to 92 % of its width"),
    "crop": (cut(0.05, 0.05, 0.95, 0.95), "B is A cropped to 9"),
    "letterbox": (letterboxed, "with a border (it fills 71 % of B)"),
    "rotated": (lambda image: image.rotate(2, Image.Resampling.BICUBIC), "B is A rotated by 2."),
    "stretched": (lambda image: image.resize((image.width * 11 // 10, image.height)), "stretched 10 % wider"),
    "darker": (lambda image: image.point(lambda value: value * 0.7), "darker and with less contrast"),
    "grey": (lambda image: image.convert("L"), "B is A without its colours"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edits_are_copies_and_named(original: Image.Image, name: str) -> None:
    edit, words = EDITS[name]
    found = compare(original, edit(original))
    assert (found.verdict, found.is_alike, found.is_copy) == ("copy", True, True)
    assert found.confidence >= 0.9
    assert words in found.summary


@pytest.mark.parametrize("turn", turns.ALL_TURNS)
def test_the_transform_is_what_was_done_to_a(original: Image.Image, turn: int) -> None:
    found = compare(original, turned(original, turn), kinds=["phash", "dhash"])
    assert found.transform == turns.name_of(turn)
    assert max(found.distances.values()) <= 4
    # The corners go where that turn brings them.
    assert found.matrix is not None
    places = mapped(np.array([*found.matrix, (0, 0, 1)]), [(0.25, 0.1)])
    marked = Image.new("L", (100, 100))
    marked.putpixel((25, 10), 255)
    there = np.argwhere(np.asarray(turned(marked, turn)))[0][::-1] / 100
    assert places[0] == pytest.approx(there, abs=0.03)


def test_only_the_turns_that_are_asked_for(original: Image.Image) -> None:
    mirrored = ImageOps.mirror(original)
    assert compare(original, mirrored, transforms="none").verdict == "different"
    assert compare(original, mirrored, transforms=["flip"]).verdict == "different"
    assert compare(original, mirrored, transforms="mirror").verdict == "copy"
    assert not any("turn or mirror" in reason for reason in compare(original, mirrored, transforms="none").reasons)


def test_the_fall_of_the_distance_is_told(original: Image.Image) -> None:
    found = compare(original, ImageOps.mirror(original))
    before = compare(original, ImageOps.mirror(original), transforms="none").distances["phash"]
    assert f"mirrored: phash falls from {before} to 0 bits, the second look from 0.00 to 0.99" in found.reasons


def test_borders(original: Image.Image) -> None:
    boxed = letterboxed(original)
    one = compare(original, boxed)
    assert one.trimmed
    assert "a border was trimmed off B: 14 % at the top and bottom" in one.reasons
    assert f"without the border phash falls from {one.distances['phash']} to 0 bits" in one.reasons
    assert one.overlap == pytest.approx(1 / 1.4, abs=0.02)
    other = compare(boxed, original)
    assert (other.verdict, other.trimmed, other.summary) == ("copy", True, "B is A without its border")
    both = compare(boxed, boxed.resize((boxed.width // 2, boxed.height // 2)))
    assert (both.verdict, both.trimmed, both.summary) == ("copy", False, "B is A scaled to 50 %")
    assert both.overlap == pytest.approx(1, abs=0.02)


def test_the_matrix_is_of_whole_pictures(original: Image.Image) -> None:
    found = compare(original, letterboxed(original))
    assert found.matrix is not None
    corners = mapped(np.array([*found.matrix, (0, 0, 1)]), [(0, 0), (1, 1)])
    assert np.array(corners) == pytest.approx(np.array([(0, 1 / 7), (1, 6 / 7)]), abs=0.01)


def test_the_same_bytes_and_the_same_picture(original: Image.Image) -> None:
    small = original.resize((300, 200))
    same = compare(encoded(small), encoded(small))
    assert (same.verdict, same.confidence, same.reasons) == ("same bytes", 1.0, ())
    pixels = compare(encoded(small), encoded(small, "BMP"))
    assert (pixels.verdict, pixels.confidence) == ("same picture", 1.0)
    # An image has no bytes to be the same.
    assert compare(small, small.copy()).verdict == "same picture"
    array = np.asarray(small)
    assert compare(array, array.copy()).verdict == "same picture"
    for found in (same, pixels):
        assert (found.overlap, found.transform) == (1.0, "none")
        assert found.matrix == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_turned_by_its_metadata_it_is_the_same_picture(original: Image.Image, recipe: str) -> None:
    small = original.resize((300, 200))
    data, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    turned(small, 8).save(data, "PNG", exif=exif)
    assert compare(encoded(small), data.getvalue(), recipe=recipe).verdict == "same picture"


def test_different_pictures(shared: Path, original: Image.Image) -> None:
    other = sorted((shared / "photos" / "everyday").glob("*.jpg"))[0]
    found = compare(original, other)
    assert (found.verdict, found.is_alike, found.transform) == ("different", False, "none")
    assert found.confidence < 0.5
    assert str(found).startswith("different: the hashes are far apart")


def test_the_same_product_is_no_copy(shared: Path) -> None:
    photos = sorted((shared / "photos" / "products-grocery").glob("*Mandarin-Morning_0*.jpg"))[:4]
    pairs = list(itertools.combinations(photos, 2))
    assert pairs
    assert not [pair for pair in pairs if compare(*pair, kinds="phash").is_copy]


def test_of_blanks_nobody_can_tell() -> None:
    white, grey = Image.new("RGB", (300, 200), "white"), Image.new("RGB", (310, 200), "#dddddd")
    found = compare(white, grey)
    assert (found.verdict, found.matrix, found.overlap, found.gain) == ("similar", None, 0.0, None)
    assert found.reasons[-1] == "both have too little detail to tell apart (quality 0 and 0 of 100)"
    assert compare(white, white.copy()).verdict == "same picture"


def test_a_poor_picture_is_no_copy_whatever_the_second_look_says() -> None:
    """A faint line on plain ground, scaled: the thumbs agree, and so do those of many other pictures."""
    image = Image.new("L", (400, 400), 128)
    ImageDraw.Draw(image).rectangle((100, 100, 300, 300), fill=132)
    found = compare(image, image.resize((200, 200)))
    assert found.quality[0] < 30
    assert found.verdict == "similar"


def test_something_laid_over_is_similar_at_least(original: Image.Image) -> None:
    covered = original.copy()
    pen = ImageDraw.Draw(covered)
    for top in range(0, covered.height, 150):
        pen.rectangle((0, top, covered.width, top + 24), fill="white")
    assert compare(original, covered).is_alike


def test_kinds(original: Image.Image) -> None:
    half = original.resize((300, 200))
    assert list(compare(original, half).distances) == list(NAMES)
    assert list(compare(original, half, kinds="whash").distances) == ["whash"]
    assert list(compare(original, half, kinds=["phash:16", "ahash"]).distances) == ["phash:16", "ahash"]
    with pytest.raises(ValueError, match="unknown hash kind"):
        compare(original, half, kinds="fhash")
    with pytest.raises(ValueError, match="unknown transform"):
        compare(original, half, transforms="spin")
    with pytest.raises(ValueError, match="unknown recipe"):
        compare(original, half, recipe="cake")


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
def test_recipes(original: Image.Image, recipe: str) -> None:
    assert compare(original, original.resize((300, 200)), recipe=recipe).verdict == "copy"


def test_words_and_row(original: Image.Image) -> None:
    found = compare(encoded(original), encoded(ImageOps.mirror(original)), kinds="phash")
    assert str(found).startswith("copy: B is A mirrored. phash: 0 of 64 bits differ, within 6,")
    assert str(found).endswith(".")
    assert found.as_row() == {
        "a": "bytes 0",
        "b": "bytes 0",
        "verdict": "copy",
        "confidence": round(found.confidence, 4),
        "transform": "mirror",
        "trimmed": False,
        "overlap": round(found.overlap, 4),
        "phash": 0,
        "overlap_a": 1.0,
        "inliers": None,
        "region_a": found.as_row()["region_a"],
        "region_b": found.as_row()["region_b"],
    }
    assert np.array(json.loads(found.as_row()["region_b"])) == pytest.approx(np.array([(1, 0), (0, 0), (0, 1), (1, 1)]))
    assert found == compare(encoded(original), encoded(ImageOps.mirror(original)), kinds="phash")
    assert found.verdict in VERDICTS
    assert repr(found) == "<Comparison of 'bytes 0' and 'bytes 0': copy>"


def test_sources_of_every_kind(original: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    original.save(path)
    sources = [path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes()), original, np.asarray(original)]
    for source in sources:
        found = compare(source, path)
        assert found.verdict in ("same bytes", "same picture")


@pytest.mark.parametrize(
    ("source", "error"),
    [("missing.png", NoFileError), (b"no picture", NoImageError), (7, TypeError), ([], ValueError), ("", ValueError)],
)
def test_what_cannot_be_read(original: Image.Image, source: object, error: type[Exception]) -> None:
    for pair in ((source, original), (original, source)):
        with pytest.raises(error):
            compare(*pair)


def test_limits_and_several(original: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(LimitError):
        compare(encoded(original), original, limits=Limits(pixels=1000))
    for name in ("a.png", "b.png"):
        original.save(tmp_path / name)
    with pytest.raises(ValueError, match=r"expected one image, got several, of which the first is '.*a\.png'"):
        compare(tmp_path, original)


def test_a_file_that_breaks_off_is_told(original: Image.Image) -> None:
    whole = encoded(original, "JPEG")
    found = compare(whole, whole[: len(whole) * 9 // 10])
    assert found.reasons[-1].startswith("B: the file breaks off")


def test_what_a_map_means() -> None:
    angle = math.radians(10)
    turn = np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    # In pixels of a picture twice as wide as high, about its upper left corner.
    shares = np.diag((1 / 200, 1 / 100)) @ turn @ np.diag((200, 100))
    matrix = np.eye(3)
    matrix[:2, :2] = shares
    found = lie_of(matrix, 1, (200, 100), (200, 100), (0, 0, 1, 1), (0, 0, 1, 1))
    assert (found.degrees, found.scale, found.aspect) == pytest.approx((10, 1, 1))
    assert found.shear == pytest.approx(0, abs=1e-9)
    assert found.of_a == pytest.approx(found.of_b)
    assert 0.5 < found.of_a < 1
