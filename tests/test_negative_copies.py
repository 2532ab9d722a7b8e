"""Negatives: their codes and looks from those of the picture, searching for them, comparing with them, evidence."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from library_help import codes, ready
from lookalike import Library, compare, fingerprint
from lookalike.comparing.evidence.record import record_of
from lookalike.comparing.evidence.views import views_of
from lookalike.confirm import second_look
from lookalike.evaluate.edits import chosen, copy_of
from lookalike.fingerprints import turned_fingerprints
from lookalike.hashes import Hash
from lookalike.kinds import NAMES, Kind
from lookalike.library import candidates, copies
from lookalike.looks import LOW_QUALITY, Look
from lookalike.turns import EVERYTHING, Transforms, parse_transforms, transform_of, turn_of

KINDS = ("phash", "dhash")
Change = Callable[[Image.Image], Image.Image]


def opened(path: Path, side: int = 700) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    image.thumbnail((side, side))
    return image


def jpeg(image: Image.Image, quality: int = 75) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def of_brightness(image: Image.Image) -> Image.Image:
    brightness, *colours = image.convert("YCbCr").split()
    return Image.merge("YCbCr", [ImageOps.invert(brightness), *colours]).convert("RGB")


@pytest.fixture(scope="module")
def photos(shared: Path) -> list[Path]:
    """Some of each folder, with garments on plain ground and groceries on one shelf, but no blurred ones."""
    folders = ("everyday", "products-clothing", "products-grocery", "same-scene-not-copies", "web")
    found = [path for folder in folders for path in sorted((shared / "photos" / folder).glob("*.jpg"))[3:60:7]]
    return [path for path in found if (fingerprint(path, look=True).quality or 0) >= LOW_QUALITY]


@pytest.fixture(scope="module")
def images(photos: list[Path]) -> list[Image.Image]:
    return [opened(path) for path in photos]


@pytest.fixture(scope="module")
def filled(photos: list[Path], images: list[Image.Image], tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library(tmp_path_factory.mktemp("negatives") / "lib")
    library.add([jpeg(image, 90) for image in images], image=[path.name for path in photos])
    return library


# What is known of a negative without its pixels.


@pytest.mark.parametrize(
    ("kind", "typical", "most"),
    [
        *[("phash", 2, 2), ("phash:16", 2, 4), ("phash_simple", 0, 1), ("ahash", 0, 2), ("whash", 0, 2), ("pdq", 0, 2)],
        *[("dhash", 2, 24), ("dhash_vertical", 2, 24)],
    ],
)
def test_codes_of_negatives(images: list[Image.Image], kind: str, typical: int, most: int) -> None:
    """As the documentation of `Kind.negative` says: nearly all bits of the negative's own code."""
    apart = []
    for image in images[::2]:
        one, its = (fingerprint(each, kinds=kind)[kind] for each in (image, ImageOps.invert(image)))
        assert isinstance(one, Hash)
        assert isinstance(its, Hash)
        code = Kind.parse(kind).negative(one.value, one.bits)
        assert code is not None
        apart.append((code ^ its.value).bit_count())
    assert max(apart) <= most
    assert np.median(apart) <= typical


def test_the_first_bit_of_phash_stays(images: list[Image.Image]) -> None:
    values = [fingerprint(each, kinds="phash")["phash"] for each in (images[0], ImageOps.invert(images[0]))]
    assert [value.value >> 63 for value in values] == [1, 1]  # type: ignore[union-attr]
    assert Kind("phash").negative(1 << 63, 64) == (1 << 64) - 1


def test_kinds_that_cannot_be_inverted() -> None:
    assert [name for name in NAMES if Kind(name).negative(0, 64) is None] == ["colorhash", "crop_resistant"]


def test_the_look_of_a_negative(images: list[Image.Image]) -> None:
    for image in (*images[::5], ImageOps.expand(images[0], 60, "white")):
        one, its = (Look(fingerprint(each, look=True).look.data) for each in (image, ImageOps.invert(image)))  # type: ignore[union-attr]
        made = one.negative()
        assert (made.box, made.size) == (its.box, its.size)
        assert abs(made.quality - its.quality) <= 1
        assert np.abs(made.grey.astype(int) - its.grey).max() <= 1
        assert np.abs(made.colour.astype(int) - its.colour).max() <= 1
        assert (one.negative(colours=False).colour == one.colour).all()
        assert Look(made.data).negative().grey.tobytes() == one.grey.tobytes()


# Names.


def test_names_of_transforms() -> None:
    assert parse_transforms("all") == EVERYTHING == Transforms(tuple(range(1, 9)), True)
    assert parse_transforms("none") == parse_transforms([]) == Transforms((1,), False)
    assert parse_transforms("negative") == Transforms((1,), True)
    assert (
        parse_transforms(["rotate90", "negative"]) == parse_transforms("negative+rotate90") == Transforms((1, 6), True)
    )
    assert parse_transforms(["mirror"]) == Transforms((1, 2), False)
    for turn in range(1, 9):
        for negative in (False, True):
            assert turn_of(transform_of(turn, negative=negative)) == (turn, negative)
    assert transform_of(1, negative=True) == "negative"
    assert transform_of(2, negative=True) == "negative+mirror"
    with pytest.raises(ValueError, match=r"unknown transform .inverse.: expected one of none, .*, negative"):
        parse_transforms(["inverse"])
    with pytest.raises(TypeError, match="names of transforms"):
        parse_transforms([6])  # type: ignore[list-item]


# Searching.

CHANGES: dict[str, tuple[Change, str]] = {
    "whole": (ImageOps.invert, "negative"),
    "half": (lambda image: ImageOps.invert(image).reduce(2), "negative"),
    "grey": (lambda image: ImageOps.invert(image.convert("L")).convert("RGB"), "negative"),
    "brightness alone": (of_brightness, "negative"),
    "framed": (lambda image: ImageOps.expand(ImageOps.invert(image), 50, "white"), "negative"),
    "mirrored": (lambda image: ImageOps.mirror(ImageOps.invert(image)), "negative+mirror"),
    "turned": (lambda image: ImageOps.invert(image).transpose(Image.Transpose.ROTATE_270), "negative+rotate90"),
    "a side off": (
        lambda image: ImageOps.invert(image).crop((image.width // 12, 0, image.width, image.height)),
        "negative",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_negatives_are_found_and_named(
    filled: Library, photos: list[Path], images: list[Image.Image], name: str
) -> None:
    change, transform = CHANGES[name]
    table = filled.search_many([jpeg(change(image)) for image in images])
    assert table["image"].tolist() == [path.name for path in photos]
    assert set(table["transform"]) == {transform}
    assert set(table["level"]) <= {2, 3}
    assert (table["confidence"] >= 0.85).all()
    assert table["trimmed"].mean() > 0.9 if name == "framed" else True


def test_the_negatives_of_the_suite(filled: Library, photos: list[Path], images: list[Image.Image]) -> None:
    [edit] = chosen("negative")
    for path, image in zip(photos, images, strict=True):
        [row] = filled.search(copy_of(image, edit, 5, path.name)).to_dict("records")
        assert (row["image"], row["transform"], row["level"]) == (path.name, "negative", 2)
        assert row["phash_distance"] <= 4


def test_distances_are_those_of_the_inverted_query(filled: Library, images: list[Image.Image]) -> None:
    query = jpeg(ImageOps.mirror(ImageOps.invert(images[4])))
    [row] = filled.search(query).to_dict("records")
    own = fingerprint(jpeg(images[4], 90), kinds=KINDS)
    for kind in KINDS:
        turned = turned_fingerprints(query, kinds=KINDS)[1][kind]
        assert isinstance(turned, Hash)
        code = Kind.parse(kind).negative(turned.value, 64)
        assert row[f"{kind}_distance"] == Hash(Kind(kind), code or 0, 64) - own[kind]  # type: ignore[operator]
    assert row["distance"] == row[f"{row['kind']}_distance"]


def test_negatives_only_where_they_are_asked_for(
    filled: Library, photos: list[Path], images: list[Image.Image]
) -> None:
    negative, mirrored = jpeg(ImageOps.invert(images[2])), jpeg(ImageOps.mirror(ImageOps.invert(images[2])))
    for transforms in ("none", "mirror", ["rotate180"], []):
        assert filled.search(negative, transforms=transforms).empty
    for transforms in ("negative", "all", ["negative", "flip"]):
        assert filled.search(negative, transforms=transforms)["image"].tolist() == [photos[2].name]
    assert filled.search(mirrored, transforms="negative").empty
    for transforms in (["negative", "mirror"], "negative+mirror"):
        assert filled.search(mirrored, transforms=transforms)["transform"].tolist() == ["negative+mirror"]
    with pytest.raises(ValueError, match="expected transforms without 'negative' with a radius or k"):
        filled.search(negative, transforms="negative", k=3)
    assert set(filled.search(negative, transforms="all", radius=12)["transform"]) <= {"mirror", "flip"}


def test_copies_come_first(filled: Library, photos: list[Path], images: list[Image.Image], tmp_path: Path) -> None:
    """Where a copy is found, nobody looks for negatives, so that nothing else changes."""
    with Library(tmp_path / "both") as both:
        both.add([jpeg(images[0]), jpeg(ImageOps.invert(images[0]))], image=["as it is", "inverted"])
        assert both.search(jpeg(images[0], 50))["image"].tolist() == ["as it is"]
        assert both.search(jpeg(ImageOps.invert(images[0]), 50))["transform"].tolist() == ["none"]
    plain = filled.search_many([jpeg(image, 60) for image in images])
    assert plain["image"].tolist() == [path.name for path in photos]
    assert set(plain["transform"]) == {"none"}


def test_photos_are_no_negatives_of_each_other(filled: Library, images: list[Image.Image]) -> None:
    """Of all pairs, at any confidence that counts; garments of one cut in black and white among them."""
    index = filled._opened.index
    with index.fresh():
        rows = sorted(row["row"] for row in filled.rows())
        looks = index.catalog.looks(np.array(rows))
        joint = b"".join(looks[row] for row in rows)
        for row in rows:
            seen = second_look(Look(looks[row]).negative(), joint)
            assert seen.confidence.max() < 0.85


def test_what_shows_nothing_is_no_negative(tmp_path: Path) -> None:
    pale, dark = (Image.new("RGB", (300, 200), (value,) * 3) for value in (250, 5))
    ramp = Image.linear_gradient("L").resize((320, 320)).convert("RGB")
    with Library(tmp_path / "lib") as library:
        library.add([jpeg(image) for image in (pale, ramp)])
        for image in (dark, ImageOps.invert(ramp), ImageChops.offset(ImageOps.invert(ramp), 3)):
            assert library.search(jpeg(image, 60)).empty


def test_without_a_look_there_are_no_negatives(filled: Library, images: list[Image.Image], tmp_path: Path) -> None:
    """Of codes alone nobody knows how often they are near by chance once they are inverted."""
    inverted = jpeg(ImageOps.invert(images[1]))
    bare = fingerprint(inverted, kinds=KINDS)
    assert filled.search(bare).empty
    assert filled.search(bare.hashes["phash"], kinds="phash").empty
    assert len(filled.search(fingerprint(inverted, kinds=KINDS, look=True))) == 1
    with Library(tmp_path / "bare") as library:
        library.add_fingerprints([fingerprint(jpeg(images[1]), kinds=KINDS).as_row()])
        assert library.search(inverted).empty


def test_the_other_kinds(images: list[Image.Image], tmp_path: Path) -> None:
    with Library(tmp_path / "lib", kinds=["whash", "colorhash", "pdq"]) as library:
        library.add([jpeg(image) for image in images[:8]])
        table = library.search_many([jpeg(ImageOps.invert(image)) for image in images[:8]])
        assert table["row"].tolist() == list(range(1, 9))
        assert table["colorhash_distance"].isna().all(), "a colorhash cannot be inverted"
        assert (table["whash_distance"] <= 4).all()


def test_negatives_on_any_store(location: str, images: list[Image.Image]) -> None:
    with Library(location) as library:
        library.add([jpeg(image) for image in images[:5]])
        library.compact()
        queries = [jpeg(image) for image in (*map(ImageOps.invert, images[:5]), ImageOps.invert(images[9]), images[0])]
        table = library.search_many(queries)
        assert table["row"].tolist() == [1, 2, 3, 4, 5, 1]
        assert table["transform"].tolist() == [*["negative"] * 5, "none"]


def test_one_more_search_for_what_is_not_found(
    filled: Library, images: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found costs nothing more, and what is not is searched for once more, all together."""
    asked: list[int] = []
    real = candidates.gather

    def counted(index: object, queries: list[object], *rest: object) -> object:
        asked.append(len(queries))
        return real(index, queries, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(copies, "gather", counted)
    filled.search_many([jpeg(images[0]), jpeg(ImageOps.invert(images[1])), jpeg(Image.new("L", (90, 90), 128))])
    assert asked == [3, 1]
    asked.clear()
    filled.search_many([jpeg(image) for image in images[:6]])
    filled.search_many([jpeg(ImageOps.invert(image)) for image in images[:6]], transforms="none")
    assert asked == [6, 6]


# Comparing.


def test_compare_says_that_it_is_a_negative(images: list[Image.Image]) -> None:
    for image in images[::4]:
        got = compare(image, ImageOps.invert(image), kinds="phash", parts=False)
        assert (got.verdict, got.transform, got.is_negative) == ("copy", "negative", True)
        assert got.summary.startswith(
            ("B is A inverted in brightness and colours (a negative)", "B is A inverted in br")
        )
        assert got.reasons[0].startswith("inverted in brightness")
        assert got.gain == pytest.approx(-1, abs=0.02)
        assert got.bias == pytest.approx(255, abs=3)
        assert got.distances["phash"] <= 2
        assert got.matrix is not None
        assert np.abs(np.array(got.matrix) - [(1, 0, 0), (0, 1, 0)]).max() < 0.02
        back = compare(ImageOps.invert(image), image, kinds="phash", parts=False)
        assert (back.verdict, back.transform) == ("copy", "negative")


def test_what_was_inverted_and_what_else_was_done(images: list[Image.Image]) -> None:
    image = images[1]
    grey = ImageOps.invert(image.convert("L"))
    half = ImageOps.mirror(ImageOps.invert(image)).resize((image.width // 2, image.height // 2))
    told = {
        "B is A inverted in brightness and colours (a negative), mirrored and scaled to 50 %": half,
        "B is A inverted in brightness alone (a negative)": of_brightness(image),
        "B is A inverted in brightness (a negative) and without its colours": grey,
    }
    for summary, other in told.items():
        got = compare(image, other, parts=False)
        assert got.summary.startswith(summary)
        assert got.recoloured
    assert compare(image, half, parts=False).transform == "negative+mirror"
    got = compare(image.convert("L"), grey, parts=False)
    assert (got.summary, got.recoloured) == ("B is A inverted in brightness (a negative)", False)


def test_compare_of_negatives_is_asked_for_by_name(images: list[Image.Image]) -> None:
    image, other = images[3], ImageOps.invert(images[3])
    for transforms in ("none", "mirror"):
        assert compare(image, other, transforms=transforms, parts=False).verdict == "different"
    assert compare(image, other, transforms="negative", parts=False).transform == "negative"
    mirrored = compare(image, ImageOps.mirror(other), transforms="negative", parts=False)
    assert mirrored.verdict == "different"
    assert mirrored.transform == "none"
    assert compare(image, ImageOps.invert(images[8]), parts=False).verdict == "different"
    assert not compare(image, image.resize((300, 200)), parts=False).is_negative


@pytest.mark.parametrize("change", [ImageOps.invert, of_brightness])
def test_evidence_lays_the_inverted_picture(images: list[Image.Image], change: Change) -> None:
    image = images[1].resize((420, 300))
    close = views_of(compare(image, ImageOps.mirror(change(image)), kinds="phash", parts=False), 400).close
    assert close is not None
    assert close.share is not None
    assert close.share > 0.95
    assert np.asarray(close.apart.convert("L")).mean() < 4, "black where they do not differ"
    apart = np.abs(np.asarray(close.laid, float) - np.asarray(close.there, float))
    assert np.median(apart) < 12, "in the colours of B"


def test_evidence_says_what_is_inverted(images: list[Image.Image], tmp_path: Path) -> None:
    image = images[1].resize((210, 150))
    got = compare(image, ImageOps.mirror(ImageOps.invert(image)), kinds="phash", parts=False)
    page = got.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "A (inverted) laid onto B" in page
    assert "Squares of A (inverted) and B" in page
    assert "<th scope=row>Negative<td>yes" in page
    assert "<th scope=row>Turned or mirrored<td>mirrored" in page
    assert got.picture().width > 1000
    plain = record_of(compare(image, ImageOps.mirror(image), kinds="phash"), views_of(got, 40))
    assert "Negative" not in dict(plain.found)


def test_negatives_of_files_in_a_library(photos: list[Path], images: list[Image.Image], tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(images[0]))
    with Library(tmp_path / "lib") as library:
        library.add(path)
        library.add_fingerprints(ready(codes(20)))
        query = jpeg(ImageOps.invert(images[0]))
        [row] = library.search(query).to_dict("records")
        assert library.evidence(query, row).transform == "negative"
