"""A library into a file and back: `library/exchange.py`, `exporting.py`, `importing.py`."""

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookalike
from commands import picture_folder
from lookalike import ColumnError, Library, MismatchError, NoFileError, NoLibraryError
from lookalike.library import exporting, importing

COLUMNS = [
    *("image", "place", "size", "mtime_ns", "digest", "width", "height", "format", "owner", "listing", "time", "facts"),
    *("phash", "dhash", "quality", "recipe", "warning", "error", "added"),
]
RECIPE = "standard/2"


def ready(image: str, **more: Any) -> dict[str, Any]:
    """A row of a ready fingerprint."""
    row = {"image": image, "phash": "0e40000000000800", "dhash": "0012000000000000", "recipe": RECIPE}
    return {**row, "width": 640, "height": 480, "format": "JPEG", "warning": None, "error": None, **more}


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, *rows: dict[str, Any]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def library(tmp_path: Path, location: str) -> Iterator[Library]:
    """Two pictures, one of them for two owners, and one that cannot be read."""
    folder = picture_folder(tmp_path / "photos", 2)
    (folder / "broken.png").write_bytes(b"no picture")
    with Library(location) as made:
        made.add(folder, owner="007", listing="1e10", time="2024-05-01", price=12, by={"name": ["=x", None]})
        made.add(folder / "0.png", owner="=SUM(A1)", listing="'quoted'", note='a\r\nb,"c"\t')
        yield made


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_exported_comes_back(library: Library, tmp_path: Path, form: str) -> None:
    assert library.export(tmp_path / f"x.{form}") == len(library) == 5
    with Library(tmp_path / "b.library") as copy:
        added = copy.import_file(tmp_path / f"x.{form}")
        assert (added.added, added.failed, added.total) == (4, 1, 5)
        pd.testing.assert_frame_equal(copy.frame(), library.frame())
        assert not copy.verify(files=True).problems
        library.export(tmp_path / "x.csv")
        copy.export(tmp_path / "y.csv")
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_a_library_that_was_imported_knows_its_files(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.parquet")
    with Library(tmp_path / "b.library") as copy:
        copy.import_file(tmp_path / "x.parquet")
        again = copy.add(tmp_path / "photos", owner="007", listing="1e10")
        assert (again.unchanged, again.failed, again.total) == (3, 1, 4)


def test_csv_has_no_looks_and_the_next_scan_makes_them(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.csv")
    with Library(tmp_path / "b.library") as copy:
        copy.import_file(tmp_path / "x.csv")
        assert copy.stats()["looks"] == 0
        again = copy.add(tmp_path / "photos", owner="007", listing="1e10")
        assert (again.updated, again.failed, again.total) == (3, 1, 4)
        assert copy.stats()["looks"] == 3


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
AWKWARD = st.sampled_from(
    ["=1", "'", "''", "'=", "-", "+1", "@", "\t", "\r", "\n", "\r\n", "007", "1e10", "0x1", '"', ","]
)
VALUE = st.one_of(TEXT, AWKWARD)
ROW = st.fixed_dictionaries(
    {"image": VALUE.filter(bool), "owner": VALUE, "listing": VALUE, "warning": st.none() | VALUE.filter(bool)},
    optional={"f": st.one_of(VALUE, st.integers(-9, 9), st.booleans(), st.lists(VALUE, max_size=2)), "g": st.none()},
)


@settings(max_examples=25)
@given(rows=st.lists(ROW, max_size=6), form=st.sampled_from(["csv", "parquet"]))
def test_any_text_comes_back(rows: list[dict[str, Any]], form: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Library(folder / "a") as library, Library(folder / "b") as copy:
            library.add_fingerprints([ready(**row) for row in rows] or [ready("x")])
            library.export(folder / f"x.{form}")
            copy.import_file(folder / f"x.{form}")
            assert list(copy.rows()) == list(library.rows())
            library.export(folder / "x.csv")
            copy.export(folder / "y.csv")
        assert (folder / "x.csv").read_bytes() == (folder / "y.csv").read_bytes()


def test_the_columns_of_csv(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.csv")
    first, *_, broken, _, again = lines_of(tmp_path / "x.csv")
    assert list(first) == COLUMNS
    assert (first["owner"], first["listing"], first["time"]) == ("007", "1e10", "2024-05-01T00:00:00+00:00")
    assert json.loads(first["facts"]) == {"price": 12, "by": {"name": ["=x", None]}}
    assert (broken["phash"], broken["error"] != "", broken["recipe"]) == ("", True, RECIPE)
    # Safe to open in a spreadsheet, and to be read back.
    assert (again["owner"], again["listing"]) == ("'=SUM(A1)", "''quoted'")


def test_the_columns_of_parquet(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.parquet")
    frame = pd.read_parquet(tmp_path / "x.parquet")
    assert list(frame.columns) == [*COLUMNS, "look"]
    assert frame["owner"].tolist() == ["007"] * 4 + ["=SUM(A1)"]
    assert frame["phash"].isna().sum() == 1


def test_parquet_is_written_in_parts(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    monkeypatch.setattr(exporting, "_GROUP", 2)
    library.export(tmp_path / "x.parquet")
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    assert (file.num_row_groups, file.metadata.num_rows) == (3, 5)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_empty_library(tmp_path: Path, form: str) -> None:
    with Library(tmp_path / "a", kinds="dhash") as library, Library(tmp_path / "b") as copy:
        library.add_fingerprints([ready("x")])
        library.remove("x")
        assert library.export(tmp_path / f"x.{form}") == 0
        assert copy.import_file(tmp_path / f"x.{form}").total == 0
        assert (copy.kinds, len(copy)) == (("dhash",), 0)


def test_a_new_library_is_of_the_files_kinds_and_recipe(tmp_path: Path) -> None:
    with Library(tmp_path / "a", kinds=["whash", "phash:16"], recipe="imagehash") as library:
        library.add(picture_folder(tmp_path / "photos", 1))
        library.export(tmp_path / "x.csv")
    with Library(tmp_path / "b") as copy:
        copy.import_file(tmp_path / "x.csv")
        assert (copy.kinds, copy.recipe) == (("whash", "phash:16"), library.recipe)


def test_a_table_of_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = picture_folder(tmp_path / "photos", 2)
    kinds = ["phash", "dhash", "crop_resistant"]
    frame = lookalike.fingerprint_many(["photos", "http://127.0.0.1:9/x.jpg"], kinds=kinds)
    frame.to_csv("frame.csv", index=False)
    with Library("a.library") as library:
        assert library.import_file("frame.csv").added == 3
        # Hashes without a fixed length stay outside; a name that is a file's is where that file is.
        assert library.kinds == ("phash", "dhash")
        places = [row["place"] for row in library.rows()]
        assert places == [
            str(folder / "0.png"),
            str(folder / "1.png"),
            str(folder / "copy-of-0.png"),
            *frame["image"][3:],
        ]
        found = library.search(folder / "0.png", k=1)
        assert list(found["image"]) == ["photos/0.png"]


def test_other_columns_become_facts(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ready("a", shop="north", price="7"), ready("b", shop="", price="08"))
    with Library(tmp_path / "a") as library:
        library.import_file(tmp_path / "x.csv")
        rows = [{name: row.get(name) for name in ("shop", "price")} for row in library.rows()]
    assert rows == [{"shop": "north", "price": "7"}, {"shop": None, "price": "08"}]


def test_what_is_known_is_not_added_again(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.csv")
    again = library.import_file(tmp_path / "x.csv")
    assert (again.unchanged, again.failed, again.total) == (4, 1, 5)


def test_a_file_of_other_kinds(library: Library, tmp_path: Path) -> None:
    row = ready("a", whash="00ff00ff00ff00ff")
    with_more, with_less = write_csv(tmp_path / "more.csv", row), tmp_path / "less.csv"
    assert library.import_file(with_more).added == 1
    del row["dhash"]
    write_csv(with_less, row)
    with pytest.raises(
        MismatchError, match=r"less\.csv: expected the kinds of the library, phash, dhash; got phash, whash"
    ):
        library.import_file(with_less)
    with (
        Library(tmp_path / "b.library", kinds="ahash") as other,
        pytest.raises(MismatchError, match="expected the kinds of the library, ahash"),
    ):
        other.import_file(with_more)


def test_a_file_of_another_recipe(library: Library, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ready("a", recipe="imagehash"))
    with pytest.raises(MismatchError, match=r"x\.csv: expected fingerprints of the recipe standard/2"):
        library.import_file(tmp_path / "x.csv")
    assert len(library) == 5


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", ValueError, "expected a line with the names of the columns"),
        ("phash,phash\n", ValueError, "each once; got 'phash,phash'"),
        ("phash,owner\n00,x\n", ColumnError, "expected a column 'image'"),
        ("image,owner\na,x\n", ColumnError, "expected a column for each hash kind"),
        ("image,phash\na,00ff00ff00ff00ff\nb\n", ValueError, "line 3 has 1 cells, not 2: is the file whole"),
        ('image,phash\na,00ff00ff00ff00ff\nb,"00', ValueError, "unexpected end of data"),
        ("image,phash\na,xyz\n", ValueError, "expected hash"),
        ("image,phash\n,00ff00ff00ff00ff\n", ValueError, "expected an image id in every row"),
        (
            "image,phash,size\na,00ff00ff00ff00ff,12k\n",
            ValueError,
            "line 2: expected size as a whole number, got '12k'",
        ),
        ("image,phash,facts\na,00ff00ff00ff00ff,[1]\n", ValueError, "expected facts as a JSON object"),
        ("image,phash,facts\na,00ff00ff00ff00ff,{\n", ValueError, "Expecting property name"),
        ("image,phash,time\na,00ff00ff00ff00ff,soon\n", ValueError, "expected a time as ISO 8601 text"),
        ("image,phash,added\na,00ff00ff00ff00ff,2024-01-01T1\n", ValueError, "expected a time as ISO 8601 text"),
        ("image,phash,distance\na,00ff00ff00ff00ff,1\n", ValueError, "a fact cannot be named 'distance'"),
        (b"\x89PNG\r\n", ValueError, "codec can't decode"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(
    tmp_path: Path, text: str | bytes, error: type[Exception], message: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with Library(tmp_path / "a.library") as library, pytest.raises(error) as caught:
        library.import_file(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"image,phash\n")
    with Library(tmp_path / "a.library") as library, pytest.raises(ValueError, match=r"x\.parquet: "):
        library.import_file(tmp_path / "x.parquet")
    assert not (tmp_path / "a.library").exists()


def test_rows_before_a_bad_one_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_PART", 2)
    path = write_csv(tmp_path / "x.csv", *(ready(str(number)) for number in range(6)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with Library(tmp_path / "a.library") as library:
        with pytest.raises(ValueError, match=r"is the file whole.*; the 4 rows before are added"):
            library.import_file(path)
        assert [row["image"] for row in library.rows()] == ["0", "1", "2", "3"]
        path.write_bytes(whole)
        assert str(library.import_file(path)) == "6 images: 2 added, 4 unchanged"


def test_an_import_is_one_writer(library: Library, tmp_path: Path) -> None:
    library.export(tmp_path / "x.csv")
    with Library(tmp_path / "b.library") as copy:
        copy.add_fingerprints([ready("x")])
        for _ in importing.imported(copy._opened, tmp_path / "x.csv"):
            other = Library(tmp_path / "b.library")
            with pytest.raises(lookalike.LockedError):
                other.add_fingerprints([ready("y")])
            other.close()
        copy.add_fingerprints([ready("z")])


def test_names(library: Library, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a file name that ends in \.csv or \.parquet, got '.*x\.json'"):
        library.export(tmp_path / "x.json")
    with pytest.raises(ValueError, match=r"expected a file name that ends in"):
        library.import_file(tmp_path / "x.txt")
    with pytest.raises(NoFileError, match="no such file"):
        library.import_file(tmp_path / "x.csv")
    with pytest.raises(NoLibraryError):
        Library(tmp_path / "none").export(tmp_path / "x.csv")
    assert not list(tmp_path.glob("*.csv"))


def test_places_that_cannot_be_written(library: Library, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    for name, reason in [("no/x.csv", "there is no folder"), ("folder.csv", "it is a folder"), ("loop.csv", "")]:
        with pytest.raises(OSError, match=f"cannot write: .*{reason}") as caught:
            library.export(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)


def test_a_link_stays_and_permissions_too(library: Library, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o640)
    (tmp_path / "x.csv").symlink_to("real.csv")
    library.export(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").is_symlink()
    assert len(lines_of(tmp_path / "real.csv")) == 5
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_disk_that_fills_up(library: Library, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_up(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / f"x.{form}"
    path.write_text("old")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "fsync", fill_up)
    with pytest.raises(OSError, match="cannot write: No space left on device") as caught:
        library.export(path)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == before


def test_an_error_of_the_library_is_not_one_of_the_file(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise OSError(errno.EIO, "the library's catalog cannot be read", str(tmp_path / "a.library"))

    monkeypatch.setattr(type(library._opened.catalog), "every", broken)
    with pytest.raises(OSError, match="the library's catalog") as caught:
        library.export(tmp_path / "x.csv")
    assert caught.value.filename == str(tmp_path / "a.library")
    assert not (tmp_path / "x.csv").exists()


def test_long_cells(tmp_path: Path) -> None:
    with Library(tmp_path / "a.library") as library, Library(tmp_path / "b.library") as copy:
        library.add_fingerprints([ready("x", note="n" * 200_000)])
        library.export(tmp_path / "x.csv")
        before = csv.field_size_limit()
        copy.import_file(tmp_path / "x.csv")
        assert csv.field_size_limit() == before
        assert next(copy.rows())["note"] == "n" * 200_000
