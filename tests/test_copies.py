"""Searching a library for copies: candidates by codes, then the second look; old libraries; pictures without detail."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from library_help import codes, picture, ready, saved
from lookalike import Library, fingerprint
from lookalike.confirm import confidence_of
from lookalike.fingerprints import turned_fingerprints
from lookalike.kinds import Kind
from lookalike.library.candidates import START_WHOLE, gather, tighter
from lookalike.library.queries import _of_turned
from lookalike.library.sql import SCHEMA_VERSION
from lookalike.turns import ALL_TURNS, NAMES, inverse

KINDS = ("phash", "dhash")
COUNT = 24


def scene(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """A picture with as much to tell it from others as a photograph has, and no border."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0], 3))
    for side in (3, 6, 12, 24, 60):
        noise = rng.normal(0, 1, (side, side, 3)) * 24 + rng.normal(0, 1, (side, side, 1)) * 60
        layer = [Image.fromarray(noise[..., n].astype("f4")).resize(size, Image.Resampling.BICUBIC) for n in range(3)]
        total += np.stack([np.asarray(one) for one in layer], axis=-1) * side**-0.35
    return Image.fromarray((total + 128).clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int = 75) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def cropped(image: Image.Image, left: float, upper: float, right: float, lower: float) -> Image.Image:
    width, height = image.size
    return image.crop((int(left * width), int(upper * height), int(right * width), int(lower * height)))


def framed(image: Image.Image, color: str = "white", width: int = 40) -> Image.Image:
    return ImageOps.expand(image, width, color)


def captioned(image: Image.Image) -> Image.Image:
    tall = Image.new("RGB", (image.width, image.height + 70), "white")
    tall.paste(image, (0, 70))
    ImageDraw.Draw(tall).text((20, 20), "when you see it", fill="black", font_size=30)
    return tall


EDITS = {
    "smaller": lambda image: image.resize((200, 150)),
    "narrower": lambda image: image.resize((300, 360)),
    "darker": lambda image: image.point(lambda value: value * 0.6),
    "grey": lambda image: image.convert("L"),
    "left off": lambda image: cropped(image, 0.1, 0, 1, 1),
    "corner off": lambda image: cropped(image, 0, 0.05, 0.95, 1),
    "middle": lambda image: cropped(image, 0.025, 0.025, 0.975, 0.975),
    "tilted": lambda image: cropped(image.rotate(2, Image.Resampling.BICUBIC), 0.03, 0.03, 0.97, 0.97),
    "framed": framed,
    "letterbox": lambda image: ImageOps.pad(image, (480, 640), color="black"),
    "captioned": captioned,
}


@pytest.fixture(scope="module")
def scenes() -> list[Image.Image]:
    return [scene(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def filled(scenes: list[Image.Image], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("scenes")
    for number, image in enumerate(scenes):
        (folder / f"{number}.jpg").write_bytes(jpeg(image, 90))
    with Library(tmp_path_factory.mktemp("library") / "lib") as library:
        library.add(sorted(folder.iterdir()), image=[path.stem for path in sorted(folder.iterdir())])
        yield library


@pytest.mark.parametrize("edit", EDITS)
def test_copies_are_found_and_nothing_else(filled: Library, scenes: list[Image.Image], edit: str) -> None:
    table = filled.search_many([jpeg(EDITS[edit](image)) for image in scenes])
    assert list(table["image"]) == [str(number) for number in range(COUNT)]
    assert table["confidence"].between(0.85, 1).all()
    assert (table["transform"] == "none").all()
    assert (table["trimmed"] == (edit in ("framed", "letterbox", "captioned"))).mean() > 0.9
    assert table["level"].isin([1, 3]).all()


def test_turned_copies_say_how(filled: Library, scenes: list[Image.Image]) -> None:
    ways = {
        "mirror": Image.Transpose.FLIP_LEFT_RIGHT,
        "rotate180": Image.Transpose.ROTATE_180,
        "flip": Image.Transpose.FLIP_TOP_BOTTOM,
        "transpose": Image.Transpose.TRANSPOSE,
        "rotate90": Image.Transpose.ROTATE_270,  # Pillow counts the other way round
        "transverse": Image.Transpose.TRANSVERSE,
        "rotate270": Image.Transpose.ROTATE_90,
    }
    assert set(ways) | {"none"} == set(NAMES)
    for number, (name, way) in enumerate(ways.items()):
        [(image, turn, level)] = filled.search(jpeg(scenes[number].transpose(way)))[
            ["image", "transform", "level"]
        ].values.tolist()
        assert (image, turn) == (str(number), name)
        assert level in (2, 3)
        framed_too = filled.search(jpeg(framed(scenes[number].transpose(way))))
        assert framed_too[["image", "transform"]].values.tolist() == [[str(number), name]]


def test_only_the_transforms_that_are_asked_for(filled: Library, scenes: list[Image.Image]) -> None:
    mirrored = jpeg(ImageOps.mirror(scenes[3]))
    assert filled.search(mirrored, transforms="none").empty
    assert filled.search(mirrored, transforms=[]).empty
    assert filled.search(mirrored, transforms=["rotate90"]).empty
    assert list(filled.search(mirrored, transforms=["flip", "mirror"])["image"]) == ["3"]
    assert filled.search(mirrored, k=1, transforms="all")["transform"].tolist() == ["mirror"]
    assert filled.search(mirrored, radius=6, transforms="mirror")["image"].tolist() == ["3"]
    with pytest.raises(ValueError, match="unknown transform 'sideways'"):
        filled.search(mirrored, transforms="sideways")


def test_a_library_of_bordered_pictures(scenes: list[Image.Image], tmp_path: Path) -> None:
    with Library(tmp_path / "lib") as library:
        library.add([jpeg(captioned(image)) for image in scenes], image=[str(number) for number in range(COUNT)])
        for edit in (lambda image: image, lambda image: framed(image, "red"), captioned, ImageOps.mirror):
            table = library.search_many([jpeg(edit(image), 60) for image in scenes])
            assert list(table["image"]) == [str(number) for number in range(COUNT)]


def test_a_cropped_picture_in_the_library(scenes: list[Image.Image], tmp_path: Path) -> None:
    with Library(tmp_path / "lib") as library:
        library.add([jpeg(cropped(image, 0, 0, 0.9, 1)) for image in scenes])
        assert len(library.search_many([jpeg(image) for image in scenes])) == COUNT


@pytest.mark.parametrize(
    ("value", "number"), [("strict", 0.99), ("normal", 0.85), ("loose", 0.5), (0.3, 0.3), (1, 1.0)]
)
def test_confidence_by_name_and_number(value: Any, number: float) -> None:
    assert confidence_of(value) == number


@pytest.mark.parametrize("value", ["sure", 1.5, -0.1, True, None])
def test_what_is_no_confidence(filled: Library, value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="expected a confidence"):
        filled.search("0" * 16, kinds="phash", confidence=value)


def test_less_confidence_finds_no_less(filled: Library, scenes: list[Image.Image]) -> None:
    query = jpeg(cropped(scenes[1], 0.1, 0.1, 0.9, 0.9), 40)
    rows = [set(filled.search(query, confidence=least)["row"]) for least in ("strict", "normal", "loose", 0.0)]
    assert rows[0] <= rows[1] <= rows[2] <= rows[3]
    found = filled.search(query, confidence=0.0)
    assert (found["confidence"].diff().dropna() <= 0.01).all(), "best first"


def test_every_kind_says_how_far(filled: Library, scenes: list[Image.Image]) -> None:
    copy = jpeg(ImageOps.mirror(scenes[5]))
    [row] = filled.search(copy).to_dict("records")
    mirrored = jpeg(scenes[5], 90)
    for kind in KINDS:
        turned = turned_fingerprints(copy, kinds=KINDS)[1]
        assert row[f"{kind}_distance"] == turned[kind] - fingerprint(mirrored, kinds=KINDS)[kind]
    assert row["distance"] == row[f"{row['kind']}_distance"]


def within(name: str, turn: int) -> int:
    kind = Kind(name)
    assert kind.radius is not None
    assert kind.loose is not None
    return kind.loose if turn == 1 else tighter(kind.radius, kind.loose)


def test_candidates_are_those_of_brute_force(filled: Library, scenes: list[Image.Image]) -> None:
    """Whole pictures within the loose radius, in every turn, with the chance that follows from the distance."""
    copies = [jpeg(ImageOps.flip(scenes[2])), jpeg(scenes[7].resize((90, 300)))]
    prints = [turned_fingerprints(copy, kinds=KINDS, look=True, digest=True) for copy in copies]
    index = filled._opened.index
    with index.fresh():
        found = gather(index, [_of_turned(one, KINDS) for one in prints], KINDS, ALL_TURNS)
    got = {(q, r, t) for q, r, t, s in zip(*(c.tolist() for c in found[:4]), strict=True) if s == START_WHOLE}
    hashes = list(filled.rows())
    for query, turns in enumerate(prints):
        for turn in ALL_TURNS:
            for row in hashes:
                apart = {
                    kind: turns[inverse(turn) - 1][kind].value ^ int(row[kind], 16)  # type: ignore[union-attr]
                    for kind in KINDS
                }
                near = any(bits.bit_count() <= within(kind, turn) for kind, bits in apart.items())
                assert ((query, row["row"], turn) in got) == near


def test_hashes_decide_where_there_is_no_look(filled: Library, scenes: list[Image.Image], tmp_path: Path) -> None:
    prints = [fingerprint(jpeg(image, 90), kinds=KINDS).as_row() | {"image": str(n)} for n, image in enumerate(scenes)]
    with Library(tmp_path / "bare") as bare:
        bare.add_fingerprints(prints)
        assert bare.stats()["looks"] == 0
        found = bare.search(jpeg(scenes[4], 50))
        assert found[["image", "level"]].values.tolist() == [["4", 1]]
        assert found["confidence"].isna().all()
        assert bare.search(jpeg(ImageOps.mirror(scenes[4])))["transform"].tolist() == ["mirror"]
    by_hash = filled.search(prints[4]["phash"], kinds="phash")
    assert by_hash["image"].tolist() == ["4"]
    assert by_hash["confidence"].isna().all()


def test_ready_fingerprints_bring_their_looks(scenes: list[Image.Image], tmp_path: Path) -> None:
    rows = [
        fingerprint(jpeg(image), kinds=KINDS, look=True).as_row() | {"image": str(n)}
        for n, image in enumerate(scenes[:4])
    ]
    with Library(tmp_path / "lib") as library:
        library.add_fingerprints(rows)
        assert library.stats()["looks"] == 4
        assert library.search(jpeg(framed(ImageOps.mirror(scenes[2]))))["image"].tolist() == ["2"]
        library.remove("2")
        assert library.stats()["looks"] == 3
        assert library.search(jpeg(scenes[2])).empty


def test_pictures_without_detail_are_in_no_group(tmp_path: Path) -> None:
    blanks = [Image.new("RGB", (200 + n, 150), (n, 2 * n, 200)) for n in range(30)]
    ramps = [Image.linear_gradient("L").resize((200 + n, 200)) for n in range(5)]
    with Library(tmp_path / "lib") as library:
        library.add([jpeg(image, 80 + n % 9) for n, image in enumerate([*blanks, *ramps])])
        assert library.groups().empty
        assert library.pairs().empty
        assert not library.groups(radius=6).empty
        assert library.stats()["poor"] == 35
        assert library.search(jpeg(blanks[3], 60)).empty
        same = library.search(jpeg(blanks[3], 83))
        assert same["level"].tolist() == [0], "the same bytes are the same, whatever they show"
        assert (library.frame()["quality"] < 33).all()
        [first, *_] = library.popular().to_dict("records")
        assert first["images"] >= 30
        assert library.popular(least=100).empty


def test_pairs_and_groups_are_looked_at_twice(scenes: list[Image.Image], tmp_path: Path) -> None:
    """Two pictures that are alike in all that 64 bits tell, but not in their details, are taken apart."""
    small = scenes[0].resize((24, 18), Image.Resampling.BOX).resize((480, 360), Image.Resampling.BICUBIC)
    rng = np.random.default_rng(1)
    others = []
    for _ in range(2):
        noise = Image.fromarray(rng.normal(0, 90, (30, 30)).astype("f4")).resize((480, 360), Image.Resampling.BICUBIC)
        joint = np.asarray(small).astype(float) * 0.6 + np.asarray(noise)[..., None] * 0.5 + 40
        others.append(Image.fromarray(joint.clip(0, 255).astype(np.uint8)))
    with Library(tmp_path / "lib") as library:
        library.add([jpeg(image, quality) for image in others for quality in (90, 60)])
        wide = library.groups(radius=40)
        assert len(wide) == 4, "the codes alone do not tell them apart"
        groups = library.groups()
        assert sorted(map(sorted, groups.groupby("group")["row"].agg(list))) == [[1, 2], [3, 4]]
        pairs = library.pairs()
        assert sorted(map(sorted, pairs[["row_a", "row_b"]].values.tolist())) == [[1, 2], [3, 4]]


def downgraded(library: Library) -> Path:
    """Make a directory's library one of the first version."""
    path = Path(library._opened.location) / "catalog.sqlite"
    library.close()
    with sqlite3.connect(path) as connection:
        for statement in (
            "ALTER TABLE images DROP COLUMN parts",
            "ALTER TABLE images DROP COLUMN quality",
            "DROP TABLE looks",
            "UPDATE meta SET value = '1' WHERE key = 'schema'",
        ):
            connection.execute(statement)
    connection.close()
    return path.parent


@pytest.mark.directory
def test_a_library_of_the_first_version_is_carried_on(tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", 1, 2, 3)
    with Library(tmp_path / "lib") as library:
        library.add(paths, owner="ann")
    with Library(downgraded(library)) as old:
        assert old._opened.catalog.meta("schema") == str(SCHEMA_VERSION)
        assert old.search(picture(2))["confidence"].isna().all()
        assert len(old) == 3
        assert old.stats()["looks"] == 0
        added = old.add(paths, owner="ann")
        assert (added.updated, added.total) == (3, 3)
        assert old.stats()["looks"] == 3
        assert old.search(picture(2))["confidence"].notna().all()
        assert old.add(paths, owner="ann").unchanged == 3
        old.compact()
        assert old.verify().ok


@pytest.mark.directory
def test_parts_are_folded_with_all_else(tmp_path: Path, scenes: list[Image.Image]) -> None:
    with Library(tmp_path / "lib") as library:
        library.add([jpeg(image) for image in scenes])
        library.compact()
        assert {segment.kind for segment in library._opened.catalog.segments()} == {*KINDS, "parts"}
        library.compact()
        assert library.verify().ok
        library.remove(rows=[1, 2, 3])
        library.add([jpeg(scene(99))])
        table = library.search_many([jpeg(cropped(image, 0.1, 0, 1, 1)) for image in scenes])
        assert len(table) == COUNT - 3
        library.compact()
        assert library.verify().ok
        assert len(library.search_many([jpeg(cropped(image, 0, 0, 1, 0.9)) for image in scenes])) == COUNT - 3


def test_export_keeps_looks_in_parquet(filled: Library, scenes: list[Image.Image], tmp_path: Path) -> None:
    filled.export(tmp_path / "all.parquet")
    with Library(tmp_path / "copy") as copy:
        copy.import_file(tmp_path / "all.parquet")
        assert copy.stats()["looks"] == COUNT
        assert copy.search(jpeg(framed(scenes[6])))["image"].tolist() == ["6"]


def test_rows_of_codes_alone_have_no_parts(location: str) -> None:
    with Library(location) as library:
        library.add_fingerprints(ready(codes(50)))
        library.compact()
        assert library.verify().ok
        assert {segment.kind for segment in library._opened.catalog.segments()} == set(KINDS)


def test_copies_on_any_store(location: str, scenes: list[Image.Image]) -> None:
    with Library(location) as library:
        library.add([jpeg(image, 90) for image in scenes[:6]], image=[str(number) for number in range(6)])
        found = library.search_many([jpeg(framed(ImageOps.mirror(image))) for image in scenes[:6]])
        assert list(found["image"]) == [str(number) for number in range(6)]
        assert set(found["transform"]) == {"mirror"}
        library.remove("3")
        library.compact()
        assert library.stats()["looks"] == 5
        assert library.search(jpeg(scenes[3])).empty
        assert len(library.search_many([jpeg(cropped(image, 0.1, 0, 1, 1)) for image in scenes[:6]])) == 5
        assert library.verify().ok
