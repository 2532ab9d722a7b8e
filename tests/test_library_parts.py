"""Parts in a library: what is kept, what a search finds by it, and what is told where it cannot."""

from __future__ import annotations

import builtins
import json
import sqlite3
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from keypoint_help import NOTHING, cut_out, looked_for, made_up, pasted, rows_with, textured
from library_help import picture, saved, statuses
from lookalike import Hash, Library, LookalikeError, MissingExtraError, parts
from lookalike.library.sql import SCHEMA_VERSION

COLUMNS = ["verdict", "overlap_query", "overlap_image", "inliers", "region"]


def filled(location: str, count: int = 12, without: int = 0) -> Library:
    """A library of made-up pictures, of which the last so many have no keypoints."""
    blobs = [made_up(seed) if seed < count - without else None for seed in range(count)]
    library = Library(location)
    library.add_fingerprints(rows_with(blobs))
    return library


def without_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    true = builtins.__import__

    def refused(name: str, *rest: Any) -> Any:
        if name == "cv2":
            raise ImportError("No module named 'cv2'")
        return true(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refused)


@pytest.fixture
def textures(tmp_path: Path) -> list[Path]:
    """Six photos with enough to see in them."""
    folder = tmp_path / "textures"
    folder.mkdir()
    paths = [folder / f"{seed}.png" for seed in range(6)]
    for seed, path in enumerate(paths):
        textured(seed).save(path)
    return paths


def cropped(path: Path, turn: float = 0) -> Image.Image:
    """The middle of a picture, turned."""
    return Image.open(path).convert("RGB").crop((80, 60, 320, 240)).rotate(turn, Image.Resampling.BICUBIC)


# What a search finds.


def test_a_part_is_found_where_no_whole_picture_is(location: str) -> None:
    library = filled(location)
    found = library.search(looked_for(cut_out(made_up(7))))
    assert found["image"].tolist() == ["image 7"]
    assert list(found)[-5:] == COLUMNS
    [row] = found.to_dict("records")
    assert (row["level"], row["verdict"], row["transform"], row["trimmed"]) == (4, "part", "none", False)
    assert 0.85 <= row["confidence"] <= 1
    assert row["inliers"] >= 20
    assert row["overlap_query"] > 0.9
    assert 0.2 < row["overlap_image"] < 0.6
    region = json.loads(row["region"])
    assert region.keys() == {"query", "image"}
    corners = np.array(region["image"])
    assert abs(corners.min(axis=0) - 0.2).max() < 0.06
    assert abs(corners.max(axis=0) - 0.8).max() < 0.06


def test_a_picture_in_a_collage_is_found_and_its_collage_by_it(location: str) -> None:
    library = filled(location)
    collage = pasted([(made_up(3), (0, 0, 0.5, 0.5)), (made_up(5), (0.5, 0.5, 1, 1))])
    assert set(library.search(looked_for(collage))["image"]) == {"image 3", "image 5"}
    library.add_fingerprints([{**row, "image": "collage"} for row in rows_with([collage])])
    assert library.search(looked_for(made_up(3)))["image"].tolist() == ["image 3", "collage"]


def test_whole_pictures_come_first_and_parts_only_where_there_are_none(location: str) -> None:
    library = Library(location)
    [row] = rows_with([made_up(1)])
    part = {**rows_with([cut_out(made_up(1)), None])[0], "image": "part"}
    library.add_fingerprints([row, part])
    query = looked_for(made_up(1))
    copy = replace(query, hashes=hashes_of(row))
    assert library.search(copy)["image"].tolist() == ["image 0"]
    both = library.search(copy, parts="always")
    assert both[["image", "level", "verdict"]].to_numpy().tolist() == [["image 0", 1, "copy"], ["part", 4, "part"]]
    # Of what both have found, the figures of parts are told too.
    assert both["inliers"].tolist()[0] > 50
    assert library.search(copy, parts=False)["image"].tolist() == ["image 0"]
    assert "verdict" not in library.search(copy, parts=False)


def hashes_of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: Hash.from_hex(row[name], name, row["recipe"]) for name in ("phash", "dhash")}


def test_a_shared_logo_is_told_only_if_asked_for(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(query: Any, others: Any, *looks: Any) -> Any:
        """As if what image 7 has were nothing but a logo."""
        found = parts.part_matches(query, others, *looks)
        is_logo = [match is not None and other.data == made_up(7) for match, other in zip(found, others, strict=True)]
        return [replace(one, verdict="shared logo") if is_7 else one for one, is_7 in zip(found, is_logo, strict=True)]

    monkeypatch.setattr("lookalike.library.parts.part_matches", judged)
    library = filled(location)
    query = looked_for(pasted([(made_up(7), (0, 0, 0.5, 0.5)), (made_up(8), (0.5, 0.5, 1, 1))]))
    assert library.search(query)["image"].tolist() == ["image 8"]
    both = library.search(query, logos=True)
    assert both[["image", "verdict"]].to_numpy().tolist() == [["image 8", "part"], ["image 7", "shared logo"]]
    assert library.search(looked_for(cut_out(made_up(7))), parts="always").empty


def test_parts_are_not_for_radius_and_k(location: str) -> None:
    library = filled(location)
    query = looked_for(cut_out(made_up(7)))
    assert "verdict" not in library.search(query, k=2)
    assert library.search(query, radius=0).empty
    with pytest.raises(ValueError, match="expected parts or a radius or k, got both"):
        library.search(query, k=2, parts=True)
    with pytest.raises(ValueError, match="expected parts as True, False, None or 'always', got 'sometimes'"):
        library.search(query, parts="sometimes")


def test_confidence_counts_for_parts(location: str) -> None:
    library = filled(location)
    query = looked_for(cut_out(made_up(7)))
    sure = library.search(query)["confidence"].item()
    assert library.search(query, confidence=min(1.0, sure + 1e-6)).empty or sure > 1 - 1e-6
    assert len(library.search(query, confidence="loose")) == 1


def test_search_many_tells_of_each_query(location: str) -> None:
    library = filled(location)
    queries = [looked_for(cut_out(made_up(2))), looked_for(None), looked_for(NOTHING), looked_for(made_up(500))]
    found = library.search_many(queries)
    assert found[["query", "image"]].to_numpy().tolist() == [["query", "image 2"]]
    assert found.attrs == {"without_parts": 0, "queries_without_parts": 2}
    assert list(found)[-6:] == [*COLUMNS, "error"]
    assert library.search_many(queries, to="polars").height == 1
    told = library.search_many(queries, to="arrow").schema.metadata
    assert told[b"queries_without_parts"] == b"2"


def test_what_cannot_be_found_by_parts_is_told(location: str) -> None:
    library = filled(location, 10, without=4)
    query = looked_for(cut_out(made_up(1)))
    with pytest.warns(UserWarning, match=r"4 images of the library have no keypoints.*add_parts\(\)"):
        found = library.search(query)
    assert found["image"].tolist() == ["image 1"]
    assert found.attrs["without_parts"] == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert library.search(query).attrs["without_parts"] == 4  # said once
    assert [library.stats()[name] for name in ("parts", "with_parts", "without_parts")] == [False, 6, 4]
    library.remove(rows=[10])
    assert library.search(query).attrs["without_parts"] == 3


def test_a_library_without_keypoints_is_searched_as_ever(location: str) -> None:
    library = filled(location, 4, without=4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = library.search(looked_for(made_up(1)))
    assert not set(COLUMNS) & set(found)
    assert found.attrs == {}
    with pytest.warns(UserWarning, match="4 images of the library have no keypoints"):
        assert library.search(looked_for(made_up(1)), parts=True).empty


# Pictures, with OpenCV.


def test_pictures_are_found_by_parts(location: str, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    library = Library(location, parts=True)
    assert not library.parts or not library.exists
    library.add(textures[:4])
    assert Library(location).parts
    found = library.search(cropped(textures[2], 20))
    assert found["image"].tolist() == [str(textures[2])]
    assert found["verdict"].tolist() == ["part"]
    assert library.search(cropped(textures[5])).empty
    many = Library(location).search_many([cropped(textures[0]), textures[1], cropped(textures[3], 90)])
    assert many["image"].tolist() == [str(textures[n]) for n in (0, 1, 3)]
    assert many["verdict"].tolist() == ["part", "copy", "part"]


def test_mirrored_parts_are_found_unless_no_turn_mirrors(location: str, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    library = Library(location, parts=True)
    library.add(textures[:4])
    mirrored = ImageOps.mirror(cropped(textures[1]))
    found = library.search(mirrored)
    assert found[["image", "transform"]].to_numpy().tolist() == [[str(textures[1]), "mirror"]]
    assert library.search(mirrored, transforms="none").empty
    assert library.search(mirrored, transforms=["rotate90", "rotate180"]).empty
    # To rotate is free: keypoints turn with the picture.
    assert len(library.search(cropped(textures[1], 30), transforms="none")) == 1


def test_pictures_without_features_are_no_error(location: str, tmp_path: Path, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    odd = [tmp_path / name for name in ("blank.png", "tiny.png", "long.png")]
    for path, size in zip(odd, ((300, 200), (3, 2), (4000, 12)), strict=True):
        Image.new("RGB", size, (200, 30, 30)).save(path)
    library = Library(location, parts=True)
    assert library.add([*odd, *textures[:2]]).added == 5
    assert library.stats()["without_parts"] == 0
    assert library.add(odd).unchanged == 3  # though there is nothing in them, they have been read
    for query in (*odd, np.zeros((200, 300), np.uint8)):
        assert library.search(query, parts="always").attrs["queries_without_parts"] == 1


# What is kept.


def test_the_library_remembers_that_it_keeps_parts(location: str, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    library = Library(location)
    assert not library.parts
    library.add(textures[:1])
    with pytest.raises(TypeError, match="expected parts as True, False or None, got 'yes'"):
        Library(location, parts="yes")  # type: ignore[arg-type]
    Library(location, parts=True).add(textures[1:2])
    assert library.parts
    library.add(textures[2:3])
    library.add(textures[3:4], parts=False)
    assert [library.stats()[name] for name in ("with_parts", "without_parts")] == [2, 2]
    Library(location, parts=False).add(textures[4:5])
    assert not library.parts
    library.add(textures[5:6], parts=True)
    assert [library.stats()[name] for name in ("with_parts", "without_parts")] == [3, 3]


def test_adding_again_gives_keypoints_under_the_same_number(location: str, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    library = Library(location)
    library.add(textures, owner="ann", shop=3)
    library.add(textures[:1], owner="bob")
    before = library.frame()
    assert statuses(library, textures, owner="ann") == ["unchanged"] * 6
    assert statuses(library, textures[:2], owner="ann", parts=True) == ["updated"] * 2
    assert library.stats()["with_parts"] == 2
    assert statuses(library, textures[:2], owner="ann", parts=True) == ["unchanged"] * 2
    assert library.add_parts().updated == 5
    assert library.add_parts().total == 0
    assert library.frame().equals(before)
    found = library.search(cropped(textures[0]))
    assert found["owner"].tolist() == ["ann", "bob"]
    assert library.verify().ok


def test_add_parts_reads_what_is_there(location: str, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    paths = saved(tmp_path / "photos", 1, 2, 3, 4)
    library = Library(location)
    library.add(paths)
    library.add(picture(9), image="in memory")
    paths[1].unlink()
    picture(77, 64).save(paths[2])
    told: list[tuple[int, str]] = []
    added = library.add_parts(progress=lambda done, image: told.append((done, image)))
    assert (added.updated, added.failed, added.changed, added.total) == (2, 1, 1, 4)
    assert [done for done, _ in told] == [1, 2, 3, 4]
    assert len(library) == 5
    assert library.stats()["without_parts"] == 2
    assert library.failures().empty  # what is known of the one that is gone stays
    assert library.search(picture(2), parts=False)["image"].tolist() == [str(paths[1])]
    assert library.count_without_parts() == 1


def test_add_parts_goes_on_after_an_interrupt(location: str, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    library = Library(location)
    library.add(textures)
    rows = library.add_parts_rows(workers=1)
    assert next(rows)["status"] == "updated"
    rows.close()  # type: ignore[attr-defined]
    kept = library.stats()["with_parts"]
    assert kept >= 1
    assert library.add_parts().updated == 6 - kept


def test_fingerprints_that_are_ready_bring_keypoints(location: str) -> None:
    library = Library(location)
    rows = rows_with([None, made_up(1), made_up(2)])
    library.add_fingerprints(rows)
    rows[0]["keypoints"] = made_up(0)
    rows[1]["keypoints"] = None  # what is there is not forgotten
    assert library.add_fingerprints(rows).updated == 1
    assert library.frame()["row"].tolist() == [1, 2, 3]
    for seed in range(3):
        assert library.search(looked_for(cut_out(made_up(seed))))["image"].tolist() == [f"image {seed}"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "expected keypoints, as bytes or base64 text, in row 1: expected keypoints of 16 bytes"),
        (made_up(1)[:-1], "expected keypoints, as bytes or base64 text, in row 1"),
        ("no base64", "expected keypoints, as bytes or base64 text, in row 1"),
        (made_up(1, 300), "in row 1: at most 8,192 bytes, got 11,416"),
    ],
)
def test_what_are_no_keypoints_is_refused(location: str, value: Any, message: str) -> None:
    rows = rows_with([made_up(0), None])
    rows[1]["keypoints"] = value
    with pytest.raises(ValueError, match=message):
        Library(location).add_fingerprints(rows)


def test_removed_and_changed_rows_leave_no_keypoints(location: str) -> None:
    library = filled(location, 6)
    query = looked_for(cut_out(made_up(4)))
    library.remove("image 4")
    assert library.search(query).empty
    rows = rows_with([made_up(90 + n) for n in range(6)])[:1]
    rows[0] |= {"phash": "0123456789abcdef"}
    assert library.add_fingerprints(rows).changed == 1
    assert library.search(looked_for(cut_out(made_up(0)))).empty
    assert library.search(looked_for(cut_out(made_up(90))))["image"].tolist() == ["image 0"]
    store = library._opened.store
    assert store.query("SELECT count(*) FROM keypoints") == [(5,)]
    assert store.query("SELECT count(DISTINCT place / 8) FROM keypoint_bytes") == [(5,)]


def test_keypoints_stay_with_what_is_moved_or_told_again(location: str, textures: list[Path]) -> None:
    pytest.importorskip("cv2")
    library = Library(location, parts=True)
    library.add(textures[:2], owner="ann")
    moved = textures[0].with_name("moved.png")
    textures[0].rename(moved)
    assert statuses(library, moved, owner="ann") == ["moved"]
    assert statuses(library, textures[1], owner="ann", shop="x") == ["updated"]
    assert statuses(library, textures[1], owner="bob") == ["added"]  # from the row that is there, unread
    found = library.search_many([cropped(moved), cropped(textures[1])])
    assert found["image"].tolist() == [str(moved), str(textures[1]), str(textures[1])]


def test_export_and_import_keep_keypoints(tmp_path: Path, location: str) -> None:
    pytest.importorskip("pyarrow")
    library = filled(location, 5, without=2)
    library.export(tmp_path / "all.parquet")
    library.export(tmp_path / "all.csv")
    other = Library(tmp_path / "other")
    assert other.import_file(tmp_path / "all.parquet").added == 5
    assert other.stats()["with_parts"] == 3
    query = looked_for(cut_out(made_up(2)))
    with pytest.warns(UserWarning, match="2 images"):
        assert other.search(query)["image"].tolist() == ["image 2"]
    other.export(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "all.parquet").read_bytes()
    bare = Library(tmp_path / "bare")
    bare.import_file(tmp_path / "all.csv")
    assert bare.stats()["with_parts"] == 0
    assert bare.import_file(tmp_path / "all.parquet").updated == 3  # under the numbers that they have
    assert bare.frame()["row"].tolist() == [1, 2, 3, 4, 5]


# Without OpenCV, and with other releases.


def test_without_opencv(location: str, textures: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    Library(location, parts=True).add(textures[:3])
    without_opencv(monkeypatch)
    library = Library(location)
    with pytest.warns(UserWarning, match=r"only whole pictures are searched.*pip install 'lookalike\[parts\]'"):
        assert library.search(textures[1])["image"].tolist() == [str(textures[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # said once
        assert library.search(cropped(textures[1])).empty
        assert library.search_many([textures[0], textures[2]])["row"].tolist() == [1, 3]
    for ask in (
        lambda: library.search(textures[1], parts=True),
        lambda: library.search_many(textures[:1], parts="always"),
        lambda: library.add(textures[3]),
        lambda: library.add_parts(),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'lookalike\[parts\]'"):
            ask()
    assert library.add(textures[3], parts=False).added == 1


def test_keypoints_that_are_ready_need_no_opencv(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_opencv(monkeypatch)
    library = filled(location)
    with pytest.warns(UserWarning, match="only whole pictures are searched"):
        assert library.search(looked_for(cut_out(made_up(7))))["image"].tolist() == ["image 7"]


def older(library: Library) -> Path:
    """Make a directory's library one of the second version, which had no keypoints."""
    folder = Path(library._opened.location)
    library.close()
    with sqlite3.connect(folder / "catalog.sqlite") as connection:
        for statement in (
            "DROP TABLE keypoints",
            "DROP TABLE keypoint_bytes",
            "UPDATE meta SET value = '2' WHERE key = 'schema'",
        ):
            connection.execute(statement)
    connection.close()
    return folder


@pytest.mark.directory
def test_a_library_of_the_second_version_is_carried_on(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    paths = saved(tmp_path / "photos", 1, 2, 3)
    library = Library(tmp_path / "lib")
    library.add(paths)
    with Library(older(library)) as old:
        assert old._opened.catalog.meta("schema") == str(SCHEMA_VERSION)
        assert not old.parts
        assert old.search(picture(2))["row"].tolist() == [2]
        assert old.add_parts().updated == 3
        assert old.frame()["row"].tolist() == [1, 2, 3]


@pytest.mark.directory
def test_a_library_of_the_second_version_is_searched_where_it_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.library.lock import FileLock

    paths = saved(tmp_path / "photos", 1, 2, 3)
    library = Library(tmp_path / "lib")
    library.add(paths)
    folder = older(library)

    def refused(*_: object) -> None:
        raise PermissionError(30, "the library can be searched but not written")

    with monkeypatch.context() as context:
        context.setattr(FileLock, "_open", refused)
        old = Library(folder)
        assert old._opened.catalog.head.schema == 2
        assert old.search(picture(2))["row"].tolist() == [2]
        assert [old.stats()[name] for name in ("parts", "with_parts", "without_parts")] == [False, 0, 3]
        assert old.verify().ok
        with pytest.raises(LookalikeError, match="can be searched here but not written"):
            old.add(paths)
    # Where it can be written after all, it is one of this version.
    assert old.add(paths).unchanged == 3
    assert old._opened.catalog.head.schema == SCHEMA_VERSION


# Evidence.


def test_evidence_is_of_the_image_and_the_picture(location: str, textures: list[Path]) -> None:
    library = Library(location)
    library.add(textures[:2])
    found = library.search(textures[1])
    for row in (2, np.int64(2), found.iloc[0], found.to_dict("records")[0]):
        shown = library.evidence(textures[1], row)
        assert (shown.a, shown.verdict) == (str(textures[1]), "same bytes")
    with pytest.raises(LookalikeError, match="row 9: expected an image of the library, got no such row"):
        library.evidence(textures[1], 9)
