"""Adding to a library: what is known is not opened, what moved or changed is noticed, what failed is kept."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from library_help import codes, picture, ready, saved, statuses
from lookalike import ColumnError, Library, MismatchError, fingerprint_many
from lookalike.library.adding import Adding
from lookalike.library.values import as_time


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    with Library(location) as made:
        yield made


def touch(path: Path, seconds: float) -> None:
    """Another time of change."""
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + seconds))


def test_known_files_are_not_opened(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "photos", 1, 2, 3)
    first = library.add(tmp_path / "photos")
    assert (first.added, first.total, str(first)) == (3, 3, "3 images: 3 added")
    monkeypatch.setattr(Adding, "_from_row", None)  # nothing is read
    assert str(library.add(tmp_path / "photos")) == "3 images: 3 unchanged"


def test_rows_are_in_order_and_one_for_each_input(library: Library, tmp_path: Path) -> None:
    one, two = saved(tmp_path / "photos", 1, 2)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    sources: list[Any] = [two, tmp_path / "broken.jpg", "nowhere.jpg", one, None, two, tmp_path / "photos"]
    rows = list(library.add_rows(sources))
    expected = ["added", "failed", "failed", "added", "failed", "unchanged", "unchanged", "unchanged"]
    assert [row["status"] for row in rows] == expected
    assert [row["row"] for row in rows] == [1, 2, 3, 4, 5, 1, 4, 1]
    assert [bool(row["error"]) for row in rows] == [status == "failed" for status in expected]
    assert set(rows[0]) == {"image", "status", "row", "error", "warning"}
    assert [row["image"] for row in rows[:2]] == [str(two), str(tmp_path / "broken.jpg")]


def test_empty_folder_and_missing_path_are_rows(library: Library, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert statuses(library, tmp_path / "empty") == ["failed"]
    assert statuses(library, tmp_path / "nowhere") == ["failed"]
    assert library.failures()["error"].str.contains("no ").all()


def test_changed_file_gets_a_new_row_and_keeps_its_facts(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path, price=12, time="2024-01-01")
    picture(2).save(path)
    touch(path, 5)
    [row] = library.add_rows(path, color="red")
    assert (row["status"], row["row"]) == ("changed", 2)
    [kept] = library.rows()
    assert (kept["price"], kept["color"], kept["time"]) == (12, "red", "2024-01-01T00:00:00+00:00")
    assert list(library.search(picture(2))["row"]) == [2]
    assert len(library.search(picture(1), radius=0)) == 0


def test_touched_file_keeps_its_row(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path)
    touch(path, 5)
    assert [(row["status"], row["row"]) for row in library.add_rows(path)] == [("unchanged", 1)]
    assert library.frame()["mtime_ns"][0] == path.stat().st_mtime_ns


def test_moved_file_keeps_row_and_facts(library: Library, tmp_path: Path) -> None:
    [path, other] = saved(tmp_path / "old", 1, 2)
    library.add(path, price=3)
    (tmp_path / "new").mkdir()
    path.rename(tmp_path / "new" / "moved.png")
    rows = list(library.add_rows([tmp_path / "new", other]))
    assert [(row["status"], row["row"]) for row in rows] == [("moved", 1), ("added", 2)]
    frame = library.frame()
    assert list(frame["place"]) == [str(tmp_path / "new" / "moved.png"), str(other)]
    assert frame["price"][0] == 3


def test_old_place_of_a_moved_file(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path)
    path.rename(tmp_path / "b.png")
    rows = list(library.add_rows([tmp_path / "b.png", path]))
    assert [(row["status"], row["row"]) for row in rows] == [("moved", 1), ("failed", 2)]
    assert list(library.failures()["place"]) == [str(path)]


def test_copy_is_not_a_move(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path)
    (tmp_path / "copy.png").write_bytes(path.read_bytes())
    assert statuses(library, tmp_path / "copy.png") == ["added"]
    assert list(library.duplicates()["row"]) == [1, 2]


def test_move_is_of_the_same_owner(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path, owner="ann")
    path.rename(tmp_path / "b.png")
    assert statuses(library, tmp_path / "b.png", owner="bob") == ["added"]


def test_failures_are_kept_and_retried(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    assert statuses(library, path, price=1) == ["failed"]
    with monkeypatch.context() as patch:
        patch.setattr(Adding, "_from_row", None)
        assert statuses(library, path) == ["failed"]
    assert statuses(library, path, retry=True) == ["failed"]
    [failure] = library.failures(to="arrow").to_pylist()
    assert failure["row"] == 1
    assert failure["phash"] is None
    picture(1).save(path)
    touch(path, 5)
    assert statuses(library, path) == ["added"]
    assert len(library.failures()) == 0
    assert library.frame()["price"][0] == 1


def test_file_that_breaks_is_a_failure(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path, price=1)
    path.write_bytes(b"no picture any more")
    assert statuses(library, path) == ["failed"]
    assert len(library.search(picture(1))) == 0
    assert library.frame()["price"][0] == 1


def test_file_that_is_gone_stays_known(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path)
    path.unlink()
    assert statuses(library, [path]) == ["failed"]
    assert list(library.search(picture(1))["row"]) == [1]
    assert library.remove(missing=True) == 1
    assert len(library) == 0


def test_same_file_for_other_owners_is_not_decoded_again(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path, owner="ann")
    monkeypatch.setattr(Adding, "_from_row", None)  # nothing is read
    assert statuses(library, [path, path], owner=["bob", "bob"], listing=[1, 2]) == ["added", "added"]
    frame = library.frame()
    assert list(frame["owner"]) == ["ann", "bob", "bob"]
    assert list(frame["listing"]) == [None, "1", "2"]
    assert frame["phash"].nunique() == 1


def test_same_new_file_twice_in_one_call_is_read_once(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    (tmp_path / "bad.png").write_bytes(b"bad")
    sources = [path, path, tmp_path / "bad.png", tmp_path / "bad.png"]
    rows = list(library.add_rows(sources, owner=["ann", "bob", "ann", "bob"]))
    assert [row["status"] for row in rows] == ["added", "added", "failed", "failed"]
    assert rows[3]["error"] == rows[2]["error"]


def test_facts_are_updated_without_decoding(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = saved(tmp_path, 1, 2)
    library.add(paths, price=[1, 2])
    monkeypatch.setattr(Adding, "_from_row", None)  # nothing is read
    assert statuses(library, paths, price=[1, 5]) == ["unchanged", "updated"]
    assert statuses(library, paths, tags=[["a", "b"], None], image=["one", None]) == ["updated", "unchanged"]
    frame = library.frame()
    assert list(frame["price"]) == [1, 5]
    assert list(frame["tags"]) == [["a", "b"], None]
    assert list(frame["image"]) == ["one", str(paths[1])]


def test_values_of_columns(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path, 1, 2, 3)
    when = pd.to_datetime(pd.Series(["2024-01-01T00:00Z", None, "2024-01-03T01:00Z"]), utc=True)
    frame = pd.DataFrame({"path": [str(path) for path in paths], "when": when})
    library.add(frame["path"], owner=np.array(["a", "b", "a"]), time=frame["when"], score=np.array([0.5, np.nan, 2]))
    rows = list(library.rows())
    assert [row["time"] for row in rows] == ["2024-01-01T00:00:00+00:00", None, "2024-01-03T01:00:00+00:00"]
    assert [row.get("score") for row in rows] == [0.5, None, 2.0]
    assert [row["owner"] for row in rows] == ["a", "b", "a"]


def test_wrong_values_are_refused_before_anything_is_made(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", 1, 2)
    with pytest.raises(ValueError, match="one for each of 2 sources; got 3 values"):
        library.add_rows(paths, owner=["a", "b", "c"])
    with pytest.raises(ValueError, match="'phash'"):
        library.add_rows(paths, phash=1)
    with pytest.raises(ValueError, match="'kind'"):
        library.add_rows(paths, kind=1)
    assert not library.exists


def test_pictures_in_memory(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    data, array = path.read_bytes(), np.asarray(picture(2))
    sources: list[Any] = [data, array, picture(3), io.BytesIO(data)]
    assert statuses(library, sources) == ["added", "added", "added", "unchanged"]
    assert statuses(library, [data, array, picture(3)]) == ["unchanged"] * 3
    assert statuses(library, [data, data], image=["one", "two"]) == ["added", "added"]
    assert statuses(library, [data, array], image=["one", "two"]) == ["unchanged", "changed"]
    assert [bool(digest.startswith("pixels:")) for digest in library.frame()["digest"]] == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_iterators_may_reuse_their_arrays(library: Library) -> None:
    def frames() -> Iterator[np.ndarray]:
        buffer = np.zeros((48, 48, 3), np.uint8)
        for number in range(5):
            buffer[:] = np.asarray(picture(number))
            yield buffer

    assert statuses(library, frames()) == ["added"] * 5
    for number in range(5):
        assert list(library.search(picture(number), radius=0)["row"]) == [number + 1]


def test_names_that_are_no_unicode(library: Library, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.png"
    try:
        picture(1).save(os.fsdecode(path), format="png")
    except OSError:
        pytest.skip("the file system takes only Unicode names")
    assert statuses(library, tmp_path) == ["added"]
    assert statuses(library, tmp_path) == ["unchanged"]
    assert list(library.search(os.fsdecode(path))["image"]) == [str(tmp_path / "\\xff.png")]
    assert library.verify(files=True).gone == 0
    assert library.remove(os.fsdecode(path)) == 1


def test_interrupted_add_goes_on(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path, *range(6))

    def sources() -> Iterator[Path]:
        yield from paths[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(library.add_rows(sources()))
    rows = library.add_rows(paths)
    first = next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert first["status"] == "added"
    assert statuses(library, paths) == ["unchanged"] * 6


def test_stopping_early_keeps_what_was_told(
    library: Library, location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.library.writing.ROWS", 2)
    paths = saved(tmp_path, *range(6))
    told = []
    for row in library.add_rows(paths):
        told.append(row["row"])
        if len(told) == 3:
            break
    assert set(told) <= set(library.frame()["row"])
    assert Library(location).add(paths).failed == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (datetime(2024, 5, 1, 12, 30), "2024-05-01T12:30:00+00:00"),
        (datetime(2024, 5, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2024-04-30T23:00:00+00:00"),
        (date(2024, 5, 1), "2024-05-01T00:00:00+00:00"),
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01 14:00+02:00", "2024-05-01T12:00:00+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
        (1.5, "1970-01-01T00:00:01.500000+00:00"),
        (np.datetime64("2024-05-01T00:00:00.123456789"), "2024-05-01T00:00:00.123456+00:00"),
        (pd.Timestamp("2024-05-01", tz="Europe/Paris"), "2024-04-30T22:00:00+00:00"),
        (np.int64(60), "1970-01-01T00:01:00+00:00"),
        (None, None),
        (pd.NaT, None),
        (float("nan"), None),
    ],
)
def test_times(given: Any, kept: str | None) -> None:
    assert as_time(given) == kept


def test_times_sort_as_text() -> None:
    moments = [datetime(2024, 5, 1, tzinfo=UTC) + timedelta(milliseconds=250 * step) for step in range(9)]
    texts = [as_time(moment) for moment in moments]
    assert texts == sorted(texts)  # type: ignore[type-var]


@pytest.mark.parametrize("wrong", ["yesterday", True, 1e30, [1], "0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00"])
def test_wrong_times(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="expected"):
        as_time(wrong)


def test_ready_fingerprints(library: Library) -> None:
    values = codes(50)
    table = pd.DataFrame(ready(values, shop=[f"s{n % 3}" for n in range(50)], price=list(range(50))))
    assert library.add_fingerprints(table, owner="shop").added == 50
    assert library.add_fingerprints(table, owner="shop").unchanged == 50
    table["price"] += 1
    assert library.add_fingerprints(table, owner="shop").updated == 50
    table.loc[0, "phash"] = "0" * 16
    assert str(library.add_fingerprints(table, owner="shop")) == "50 images: 1 changed, 49 unchanged"
    frame = library.frame()
    assert list(frame["owner"][:3]) == ["s1", "s2", "s0"]
    assert list(frame["row"])[-1] == 51
    assert set(library.search("0" * 16, kinds="phash", radius=0)["price"]) == {1}


def test_own_table_goes_in_as_it_came_out(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", 1, 2)
    library.add([*paths, "nowhere.jpg"], owner="ann", time="2024-01-01", price=[1, 2, 3])
    other = Library(tmp_path / "other")
    assert str(other.add_fingerprints(library.frame())) == "3 images: 2 added, 1 failed"
    assert list(other.rows()) == list(library.rows())
    assert statuses(other, paths, owner="ann") == ["updated"] * 2, "they get a look"
    assert statuses(other, paths, owner="ann") == ["unchanged"] * 2


def test_ready_fingerprints_of_a_folder(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", 1, 2)
    table = fingerprint_many([*paths, "nowhere.jpg"], kinds=["dhash", "phash", "ahash"], to="polars")
    assert str(library.add_fingerprints(table, owner="ann")) == "3 images: 2 added, 1 failed"
    assert list(library.search(paths[0])["image"]) == [str(paths[0])]
    assert set(library.frame()["owner"]) == {"ann"}


def test_text_that_is_no_unicode(library: Library) -> None:
    odd = "a\udcff"
    library.add(picture(1), image=odd, owner=odd, note=odd, more={odd: [odd]})
    library.add_fingerprints(
        [row | {"place": odd, "format": odd} for row in ready(codes(1), [odd])], listing=odd, note=odd
    )
    frame = library.frame(to="polars")
    assert set(frame["image"]) == {"a\\xff"}
    assert frame["owner"][0] == frame["note"][0] == "a\\xff"
    assert library.remove("\ud800") == 0
    assert library.remove([odd]) == 2


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_numbers_that_are_too_large(library: Library, to: str) -> None:
    library.add([picture(1), picture(2)], number=[10**400, 3])
    column = library.frame(to=to)["number"]
    assert (column.to_pylist() if to == "arrow" else list(column)) == [str(10**400), "3"]
    assert library.remove(rows=[2**70, -1]) == 0
    with pytest.raises(TypeError, match="bool"):
        library.remove(rows=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": b"x"},
        {"digest": 1},
        {"added": 3},
        {"warning": ["x"]},
        {"width": 2**70},
        {"size": 0.5},
        {"height": "1"},
    ],
)
def test_ready_fingerprints_of_wrong_types(library: Library, wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
        library.add_fingerprints([ready(codes(1))[0] | wrong])
    missing = dict.fromkeys(("width", "error", "warning", "digest"), float("nan"))
    assert library.add_fingerprints([ready(codes(1))[0] | missing]).added == 1


def test_ready_fingerprints_that_do_not_fit(library: Library) -> None:
    rows = ready(codes(2))
    with pytest.raises(ColumnError, match="'dhash'"):
        library.add_fingerprints([{"image": "a", "phash": "0" * 16}])
    with pytest.raises(MismatchError, match="imagehash/1"):
        library.add_fingerprints([row | {"recipe": "imagehash/1"} for row in rows])
    with pytest.raises(ValueError, match="in row 1"):
        library.add_fingerprints([rows[0], rows[1] | {"phash": "12"}])
    with pytest.raises(ValueError, match="in row 0"):
        library.add_fingerprints([rows[0] | {"image": None}])
    assert len(library) == 0
