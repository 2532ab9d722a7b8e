"""What nobody means to give a library, and somebody will: names, facts, numbers, paths, loops."""

from __future__ import annotations

import math
import os
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from lookalike import Library

from .brute import check_search
from .places import picture, picture_folder, ready, small_folds

TEXTS = {
    "lines": "two\nlines\r\n\tand a tab",
    "quotes": 'it\'s "quoted" `so`',
    "SQL": "'); DROP TABLE images; --",
    "a place for a value": "? :name @name $1 %s {}",
    "emoji": "👩‍👩‍👧 \u202eright to left\ufeff",
    "NUL": "before\0after",
    "null": "null",
    "None": "None",
    "nan": "nan",
    "a number": "0012",
    "spaces": "  ",
    "very long": "x" * 1_000_000,
    "no Unicode": "caf\udce9",
    "half a character": "\ud800",
    "not composed": "e\u0301 and \u00e9",
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def whole(library: Library) -> list[dict[str, Any]]:
    """All rows, after a look through every door."""
    rows = list(library.rows())
    for to in ("pandas", "polars", "arrow"):
        assert len(library.frame(to=to)) == len(rows)
        if rows:
            library.search(rows[0]["phash"], kinds="phash", to=to)
            library.pairs(radius=0, to=to)
    assert library.verify().ok
    return rows


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["owner", "image", "note"])
def test_a_text_is_kept_or_refused_with_its_name(name: str, text: str, library: Library) -> None:
    """And if it is refused, then before anything is added, so that other rows do not go with it."""
    rows = ready(3)
    rows[1][name] = text
    try:
        added = library.add_fingerprints(rows)
    except (ValueError, TypeError) as error:
        assert not isinstance(error, UnicodeError)  # noqa: PT017
        assert "row 1" in str(error) or name in str(error)  # noqa: PT017
        assert any(0xD800 <= ord(letter) < 0xE000 for letter in text), "refused without need"
        assert not library.exists or len(library) == 0
        return
    assert added.added == 3
    found = whole(library)[1][name]
    if not any(0xD800 <= ord(letter) < 0xE000 for letter in text):
        assert found == text
    assert library.remove(rows=[2]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system whose names are bytes")
def test_files_with_names_that_are_hard(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    made = picture(folder / "plain.png")
    hard = [
        b"two\nlines.png",
        b"'quote\".png",
        b"caf\xe9.png",
        "👩‍👩‍👧.png".encode(),
        b"100%.png",
        b"a?b#c.png",
        b"-.png",
        b" .png",
    ]
    for number, name in enumerate(hard):
        picture(made.with_name("new.png"), number + 1).rename(os.fsdecode(os.fsencode(folder) + b"/" + name))
    assert library.add(folder).added == 9
    assert library.add(folder).unchanged == 9
    assert len({row["place"] for row in whole(library)}) == 9
    assert library.verify(files=True).gone == 0
    for name in hard:
        assert library.remove(os.fsdecode(os.fsencode(folder) + b"/" + name)) == 1, name
    assert len(library) == 1


FACTS: dict[str, tuple[Any, Any]] = {
    "nested": ({"a": [1, {"b": None}], "": "empty"}, {"a": [1, {"b": None}], "": "empty"}),
    "not a number": (math.nan, None),
    "infinite": (math.inf, None),
    "infinite within": ({"a": math.inf}, {"a": None}),
    "a key that is no text": ({1: 2}, {"1": 2}),
    "large": (2**63, 2**63),
    "huge": (10**300, 10**300),
    "small": (5e-324, 5e-324),
    "a lie": (False, False),
    "null": ("null", "null"),
    "empty": ({}, {}),
    "long": ({"a": ["x" * 100] * 5_000}, {"a": ["x" * 100] * 5_000}),
}


@pytest.mark.parametrize(("told", "kept"), FACTS.values(), ids=FACTS)
def test_a_fact_comes_back(told: Any, kept: Any, library: Library) -> None:
    library.add_fingerprints(ready(2), note=told)
    library.add_fingerprints(ready(1, 1, "other "), note="a text")
    library.add_fingerprints(ready(1, 2, "another "), note=1)
    found = [row.get("note") for row in whole(library)]
    assert found == [kept, kept, "a text", 1]


@pytest.mark.parametrize("told", [object(), {1, 2}, b"bytes", {"a": object()}, 1j])
def test_a_fact_without_a_form_in_json_is_refused(told: Any, library: Library) -> None:
    with pytest.raises(TypeError, match="note"):
        library.add_fingerprints(ready(2), note=told)
    assert not library.exists or len(library) == 0


def test_a_fact_that_holds_itself_is_refused(library: Library) -> None:
    told: dict[str, Any] = {}
    told["self"] = told
    with pytest.raises((ValueError, TypeError, RecursionError)):
        library.add_fingerprints(ready(2), note=told)
    assert not library.exists or len(library) == 0


TIMES = {
    "2024-02-30": None,
    "2024-03-31T02:30:00+01:00": "2024-03-31T01:30:00+00:00",
    "2024-06-30T23:59:60Z": None,
    "2024-01-01T00:00:00+23:59": "2023-12-31T00:01:00+00:00",
    "2024-01-01T00:00:00-00:00:01": "2024-01-01T00:00:01+00:00",
    "0001-01-01T00:00:00+14:00": None,
    "9999-12-31T23:59:59-14:00": None,
    "": None,
    "null": None,
    "yesterday": None,
}


@pytest.mark.parametrize(("told", "kept"), TIMES.items())
def test_odd_times(told: str, kept: str | None, library: Library) -> None:
    if kept is None:
        with pytest.raises(ValueError, match="time"):
            library.add_fingerprints(ready(2), time=told)
        assert not library.exists or len(library) == 0
    else:
        library.add_fingerprints(ready(2), time=told)
        assert [row["time"] for row in whole(library)] == [kept] * 2


@pytest.mark.parametrize("told", [1e300, -1e300, 2**70, math.inf, True, [1, 2, 3], object()])
def test_times_that_are_none(told: Any, library: Library) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        library.add_fingerprints(ready(2), time=told)
    assert not isinstance(caught.value, OverflowError)
    assert not library.exists or len(library) == 0


BAD_ROWS: list[dict[str, Any]] = [
    {"image": None}, {"phash": None}, {"phash": "zz" * 8}, {"phash": "00" * 9}, {"phash": "0"}, {"phash": 7},
    {"width": 2**70}, {"width": object()}, {"size": "x"}, {"mtime_ns": 2**64}, {"warning": ["x"]}, {"error": {"a": 1}},
    {"owner": [1]}, {"owner": 1.5}, {"time": "x"}, {"format": b"x"}, {"digest": object()},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_ROWS, ids=str)
def test_a_bad_row_is_refused_with_all_of_its_table(bad: dict[str, Any], library: Library) -> None:
    library.add_fingerprints(ready(1, 9, "before "))
    rows = ready(3)
    rows[1].update(bad)
    with pytest.raises((ValueError, TypeError)) as caught:
        library.add_fingerprints(rows)
    assert str(caught.value).startswith("expected"), caught.value
    assert [row["image"] for row in whole(library)] == ["before 0"]


@pytest.mark.parametrize(
    "what",
    [
        {"rows": [2**70]},
        {"rows": [-1]},
        {"images": "\udcff"},
        {"images": ["a\0b"]},
        {"images": []},
        {},
        {"images": ["'"]},
    ],
)
def test_removing_what_is_not_there(what: dict[str, Any], library: Library) -> None:
    library.add_fingerprints(ready(3))
    assert library.remove(**what) == 0
    assert len(library) == 3


@pytest.mark.parametrize("what", [{"rows": True}, {"rows": "1"}, {"images": [1]}, {"rows": [1.5]}])
def test_removing_what_is_no_name(what: dict[str, Any], library: Library) -> None:
    library.add_fingerprints(ready(3))
    with pytest.raises((TypeError, ValueError)):
        library.remove(**what)
    assert len(library) == 3


def test_a_thousand_rows_with_one_code(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch, 300)
    rows = [{"image": f"blank {n}", "phash": "0" * 16, "dhash": "f" * 16} for n in range(1_000)]
    library.add_fingerprints(rows[:600])
    library.add_fingerprints([*rows[600:], *ready(20)])
    found = library.search("0" * 16, kinds="phash", radius=3)
    assert list(found["row"]) == list(range(1, 1_001))
    assert list(library.search("0" * 16, kinds="phash", k=7)["row"]) == list(range(1, 8))
    library.remove([f"blank {n}" for n in range(500)])
    check_search(library, list(library.rows()), random.Random(1))
    assert len(library.groups(radius=0)) == 500
    assert len(library.duplicates(on="phash")) == 500
    with pytest.raises(ValueError, match="limit"):
        library.pairs(radius=0, limit=1_000)


def test_thirty_thousand_rows_go_at_once(library: Library) -> None:
    rows = ready(30_000)
    library.add_fingerprints(rows)
    assert library.remove(rows=range(2, 30_001)) == 29_999
    assert list(library.search(rows[0]["phash"], kinds="phash", radius=64)["row"]) == [1]
    assert library.remove(rows=range(2, 30_001)) == 0
    library.compact()
    assert library.verify().ok
    assert list(library.search(rows[0]["phash"], kinds="phash", k=5)["row"]) == [1]


PATHS = [
    "with spaces",
    "ünï-códe 👩‍👩‍👧",
    "what?mode=ro&immutable=1",
    "hash#tag",
    "100%25",
    "a;b",
    "file:x",
    "it's \"",
    "-rf",
]


@pytest.mark.parametrize("name", PATHS)
def test_a_library_of_a_hard_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch, 5)
    for location in (tmp_path / name, str(tmp_path / "in" / name / "deep")):
        with Library(location) as library:
            library.add_fingerprints(ready(20))
        assert Path(location, "catalog.sqlite").is_file()
        assert len(Library(location).search(ready(20)[3]["phash"], kinds="phash", radius=0)) == 1
        assert Library(location).verify().ok
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "in"])


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system whose names are bytes")
def test_a_library_whose_name_is_no_text(tmp_path: Path) -> None:
    location = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    with Library(location) as library:
        library.add_fingerprints(ready(20))
    assert len(Library(location)) == 20


def test_its_own_folder_is_added(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_folds(monkeypatch, 5)
    library.add_fingerprints(ready(20))
    before = len(library)
    assert library.add(tmp_path / "library").added == 0
    assert library.add([str(path) for path in sorted((tmp_path / "library").iterdir())]).added == 0
    assert len([row for row in whole(library) if row["error"] is None]) == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_links_in_a_circle(library: Library, tmp_path: Path) -> None:
    picture_folder(tmp_path / "pictures", 2)
    (tmp_path / "pictures" / "again").symlink_to(tmp_path / "pictures")
    (tmp_path / "pictures" / "self.png").symlink_to("self.png")
    (tmp_path / "pictures" / "nowhere.png").symlink_to("nothing")
    added = library.add(tmp_path / "pictures")
    assert added.total < 20
    assert {Path(row["place"]).name for row in whole(library) if row["error"] is None} == {"000.png", "001.png"}
    assert library.add(tmp_path / "pictures").added == 0


def test_a_file_that_is_replaced_while_it_is_added(library: Library, tmp_path: Path) -> None:
    """Whatever was read, the next add sees the file as it is."""
    paths = picture_folder(tmp_path / "pictures", 6)
    other = picture(tmp_path / "other.png", 77)
    for number, row in enumerate(library.add_rows(map(str, paths), workers=1)):
        assert row["status"] == "added"
        shutil.copyfile(other, paths[min(number + 1, 5)])
    library.add(paths)
    fresh = Library(tmp_path / "fresh")
    fresh.add(paths)
    assert contents(library) == contents(fresh)


def contents(library: Library) -> dict[str, tuple[str, str]]:
    return {row["place"]: (row["phash"], row["digest"]) for row in library.rows()}


def test_a_file_that_goes_while_it_is_added(library: Library, tmp_path: Path) -> None:
    paths = picture_folder(tmp_path / "pictures", 30)
    told = []
    for row in library.add_rows(map(str, paths), workers=1):
        told.append(row["image"])
        paths[-len(told)].unlink(missing_ok=True)
    assert told == [str(path) for path in paths]
    assert len(whole(library)) == 30
