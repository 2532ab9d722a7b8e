"""Searching a library: the answers are those of brute force, whatever was added, removed, folded and damaged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lookalike
from library_help import apart, brute, codes, picture, ready, saved
from lookalike import Hash, Library, MismatchError, NoLibraryError, fingerprint
from lookalike.library import folding
from lookalike.library.records import default_radius
from lookalike.matching.groups import star_groups

RADIUS = {kind: default_radius(lookalike.Kind(kind)) for kind in ("phash", "dhash")}


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    with Library(location) as made:
        yield made


def answers(frame: Any) -> list[tuple[Any, ...]]:
    return list(frame[["image", "kind", "distance"]].itertuples(index=False, name=None))


def hashes(code: np.ndarray) -> lookalike.Fingerprint:
    """A fingerprint with these codes."""
    kinds = {"phash": code[:8].tobytes().hex(), "dhash": code[8:].tobytes().hex()}
    values = {kind: Hash.from_hex(text, kind) for kind, text in kinds.items()}
    return lookalike.Fingerprint("query", values, 1, 1, None, "standard/2")


def test_search_is_brute_force(library: Library) -> None:
    values = codes(600, spread=6)
    library.add_fingerprints(ready(values))
    model = {f"image {number}": code.tobytes() for number, code in enumerate(values)}
    order = {image: number for number, image in enumerate(model)}
    for query in [*values[:5], *codes(2, seed=9)]:
        expected = brute(model, query.tobytes(), RADIUS, order)
        assert answers(library.search(hashes(query))) == expected
        whole = brute(model, query.tobytes(), {"phash": 64, "dhash": 64}, order)
        assert answers(library.search(hashes(query), k=7)) == whole[:7]
        assert answers(library.search(hashes(query), k=7, radius=RADIUS)) == expected[:7]
        assert answers(library.search(hashes(query), radius=12)) == brute(
            model, query.tobytes(), {"phash": 12, "dhash": 12}, order
        )


def test_search_many_is_search(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", *range(8))
    library.add(paths)
    (tmp_path / "bad.png").write_bytes(b"bad")
    table = library.search_many([*paths, tmp_path / "bad.png", b"bad"], k=3)
    assert list(table.columns[:3]) == ["query", "image", "confidence"]
    for path in paths:
        one = library.search(path, k=3)
        many = table[table["query"] == str(path)].drop(columns=["query", "error"])
        assert one.fillna(-1).values.tolist() == many.fillna(-1).values.tolist()
    failed = table[table["error"].notna()]
    assert list(failed["query"]) == [str(tmp_path / "bad.png"), "bytes 9"]
    texts = library.search_many(["0" * 16, "f" * 16], kinds="phash", k=1)
    assert list(texts["query"]) == ["0" * 16, "f" * 16]


def test_levels(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    picture(1, side=96).save(tmp_path / "large.png")
    library.add([path, tmp_path / "large.png"], owner=["ann", "bob"])
    found = library.search(path)
    assert list(found["level"]) == [0, 1]
    assert list(found["owner"]) == ["ann", "bob"]
    assert list(library.search(path.read_bytes())["level"]) == [0, 1]
    with path.open("rb") as file:
        assert list(library.search(file)["level"]) == [0, 1]


def test_queries_of_every_sort(library: Library, tmp_path: Path) -> None:
    [path] = saved(tmp_path, 1)
    library.add(path)
    made = fingerprint(path, kinds=["phash", "dhash"])
    sources: list[Any] = [path, str(path), picture(1), np.asarray(picture(1)), made, made["dhash"]]
    for source in sources:
        assert list(library.search(source)["row"]) == [1]
    assert list(library.search(made["phash"].hex, kinds="phash")["row"]) == [1]
    with pytest.raises(ValueError, match="say of which"):
        library.search(made["phash"].hex)
    with pytest.raises(MismatchError, match="ahash"):
        library.search(path, kinds="ahash")
    with pytest.raises(MismatchError, match="imagehash/1"):
        library.search(fingerprint(path, kinds=["phash"], recipe="imagehash"))
    with pytest.raises(lookalike.NoFileError):
        library.search(tmp_path / "nowhere.png")
    for wrong in ({"k": 0}, {"radius": 65}, {"radius": {"ahash": 1}}, {"k": True}, {"to": "list"}):
        with pytest.raises(ValueError, match=r"expected|unknown"):
            library.search(path, **wrong)


@pytest.mark.parametrize("to", ["pandas", "polars", "arrow"])
def test_tables(library: Library, to: str) -> None:
    library.add_fingerprints(ready(codes(5)), mixed=1)
    library.add_fingerprints(ready(codes(1, seed=2), ["last"]), mixed={"a": 1}, owner="ann")
    for table in (
        library.search("0" * 16, kinds="phash", k=6, to=to),
        library.search("0" * 16, kinds="phash", radius=0, to=to),
        library.frame(to=to),
        library.failures(to=to),
        library.pairs(to=to),
        library.groups(to=to),
        library.duplicates(to=to),
    ):
        names = getattr(table, "column_names", None) or list(table.columns)
        integers = [name for name in names if name in ("row", "distance", "level", "row_a", "row_b", "group", "width")]
        assert integers
        if to == "pandas":
            assert {str(table[name].dtype) for name in integers} == {"Int64"}


def test_kinds_of_odd_widths(location: str, tmp_path: Path) -> None:
    kinds = ["colorhash", "phash:16", "ahash:3", "dhash"]
    library = Library(location, kinds=kinds)
    paths = saved(tmp_path / "photos", *range(5))
    library.add(paths)
    for path in paths:
        assert library.search(path, radius=0)["image"][0] == str(path)
        made = fingerprint(path, kinds=kinds)
        row = next(row for row in library.rows() if row["image"] == str(path))
        assert [row[kind] for kind in kinds] == [made[kind].hex for kind in kinds]
    found = library.search(picture(0), k=5, kinds="colorhash")
    query = fingerprint(picture(0), kinds="colorhash")["colorhash"]
    distances = sorted(fingerprint(path, kinds="colorhash")["colorhash"] - query for path in paths)
    assert list(found["distance"]) == distances
    library.compact()
    assert library.verify().ok
    assert list(library.search(picture(0), k=5, kinds="colorhash")["distance"]) == distances


def test_kinds_that_do_not_fit(location: str) -> None:
    for kind in ("crop_resistant", "whash:db4"):
        with pytest.raises(ValueError, match="depends on the"):
            Library(location, kinds=kind)
    Library(location, kinds="ahash").add(picture(1))
    assert Library(location).kinds == ("ahash",)
    with pytest.raises(MismatchError, match="ahash, got phash"):
        Library(location, kinds="phash")
    with pytest.raises(MismatchError, match="standard/2, got imagehash/1"):
        Library(location, recipe="imagehash")


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    library = Library(tmp_path / "none")
    for look in (library.frame, library.stats, library.compact, library.verify, lambda: library.search(picture(1))):
        with pytest.raises(NoLibraryError, match="first pictures are added"):
            look()
    assert not (tmp_path / "none").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("a")
    with pytest.raises(lookalike.LibraryError, match=r"'a\.txt'"):
        Library(tmp_path / "full").add(picture(1))
    with pytest.raises(lookalike.LibraryError, match="got the file"):
        Library(tmp_path / "full" / "a.txt").add(picture(1))


def test_remove(library: Library, tmp_path: Path) -> None:
    paths = saved(tmp_path / "photos", *range(6))
    library.add(paths, image=[f"image {n}" for n in range(6)])
    assert library.remove(paths[0]) == 1
    assert library.remove(["image 1", "nobody"]) == 1
    assert library.remove(rows=[3, 99]) == 1
    assert list(library.frame()["row"]) == [4, 5, 6]
    assert list(library.search(picture(0), k=9)["row"].sort_values()) == [4, 5, 6]
    assert library.remove(rows=list(range(9))) == 3
    assert len(library.search(picture(0), k=9)) == 0
    library.compact()
    assert library.add(paths[5]).added == 1
    assert list(library.frame()["row"]) == [7]


def test_nearest_looks_behind_the_removed(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "TAIL", 1)
    values = np.repeat(codes(1), 50, axis=0)
    values[40:] = codes(10, seed=3)
    library.add_fingerprints(ready(values))
    assert library.stats()["segments"] == 2
    library.remove(rows=list(range(1, 40)))
    found = library.search(hashes(values[0]), k=5, kinds="phash")
    assert found["distance"][0] == 0
    assert len(found) == 5
    assert found["row"][0] == 40


def test_pairs_are_brute_force(library: Library) -> None:
    values = codes(120, spread=5)
    library.add_fingerprints(ready(values, owner=[f"o{n % 2}" for n in range(120)]))
    library.remove(rows=[1, 50])
    expected = {}
    for one in range(120):
        for other in range(one + 1, 120):
            near = [
                (distance, number, kind)
                for number, (kind, part) in enumerate({"phash": slice(8), "dhash": slice(8, 16)}.items())
                if (distance := apart(values[one][part].tobytes(), values[other][part].tobytes())) <= RADIUS[kind]
            ]
            if near and not {one, other} & {0, 49}:
                expected[one + 1, other + 1] = (min(near)[2], min(near)[0])
    found = library.pairs()
    rows = found[["row_a", "row_b", "kind", "distance"]].itertuples(index=False, name=None)
    assert {(a, b): (kind, distance) for a, b, kind, distance in rows} == expected
    assert list(found["distance"]) == sorted(found["distance"])
    assert set(found["owner_a"]) == {"o0", "o1"}
    with pytest.raises(ValueError, match="at most 3 pairs"):
        library.pairs(limit=3)


def test_one_popular_code_is_no_trouble(library: Library) -> None:
    library.add_fingerprints(ready(np.zeros((6000, 16), np.uint8)))
    with pytest.raises(ValueError, match="shared by 6,000"):
        library.pairs()
    assert list(library.groups()["representative"].unique()) == ["image 0"]
    assert len(library.groups()) == 6000


def test_groups_do_not_chain(library: Library) -> None:
    values = np.zeros((5, 16), np.uint8)
    values[1, 0], values[2, :2], values[4] = 0xFF, 0xFF, 0x55
    library.add_fingerprints(ready(values))
    table = library.groups(radius=8, kind="phash")
    assert list(table["image"]) == ["image 0", "image 3", "image 1"]
    assert list(table["distance"]) == [0, 0, 8]
    assert list(library.groups(radius=0, kind="phash")["image"]) == ["image 0", "image 3"]
    assert list(library.duplicates(on="phash")["image"]) == ["image 0", "image 3"]
    assert len(library.duplicates()) == 0


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11))))
def test_star_groups(count: int, pairs: list[tuple[int, int]]) -> None:
    pairs = [(a % count, b % count) for a, b in pairs if a % count != b % count]
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    chosen = star_groups(count, left, right).tolist()
    expected: dict[int, int] = {}
    for item in range(count):
        if item not in expected:
            near = {b for a, b in pairs if a == item} | {a for a, b in pairs if b == item}
            expected |= {other: item for other in [item, *near] if other not in expected}
    assert chosen == [expected[item] for item in range(count)]


def test_duplicates_by_bytes(library: Library, tmp_path: Path) -> None:
    [one, two] = saved(tmp_path / "photos", 1, 2)
    (tmp_path / "copy.png").write_bytes(one.read_bytes())
    library.add([two, one, tmp_path / "copy.png"])
    assert list(library.duplicates()["image"]) == [str(one), str(tmp_path / "copy.png")]


def test_stats(library: Library, tmp_path: Path) -> None:
    library.add([*saved(tmp_path / "photos", 1, 2), "nowhere.png"], owner="ann")
    stats = library.stats()
    assert (stats["images"], stats["hashed"], stats["failed"], stats["owners"], stats["listings"]) == (3, 2, 1, 1, 0)
    assert stats["tail"] == 2
    assert len(library) == 3


STEP = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 30), st.integers(0, 5)),
    st.tuples(st.just("change"), st.integers(0, 30), st.integers(0, 5)),
    st.tuples(st.just("remove"), st.integers(0, 30), st.integers(1, 9)),
    st.tuples(st.sampled_from(["compact", "reopen", "damage", "rebuild"]), st.just(0), st.just(0)),
)


class Model:
    """A library beside a plain dictionary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = Library(folder)
        self.reader = Library(folder)
        self.codes: dict[str, bytes] = {}
        self.order: dict[str, int] = {}
        self.seed = 0

    def step(self, what: str, first: int, count: int) -> None:
        if what in ("add", "change"):
            self._put(first, count, change=what == "change")
        elif what == "remove":
            names = [f"image {number}" for number in range(first, first + count)]
            there = [name for name in names if self.codes.pop(name, None) is not None]
            assert not self.library.exists or self.library.remove(names) == len(there)
        elif what == "reopen":
            self.library.close()
            self.library = Library(self.folder)
        elif self.library.exists:
            self._index(what)

    def _put(self, first: int, count: int, change: bool) -> None:
        self.seed += change
        names = [f"image {number}" for number in range(first, first + count)]
        values = codes(64, seed=self.seed, spread=4)[first : first + count]
        table = ready(values, names)
        self.library.add_fingerprints(table)
        rows = {row["image"]: row["row"] for row in self.library.rows()}
        self.codes |= {name: value.tobytes() for name, value in zip(names, values, strict=True)}
        self.order = rows

    def _index(self, what: str) -> None:
        if what == "compact":
            self.library.compact()
        elif what == "rebuild":
            self.library.rebuild()
        else:
            for path in sorted((self.folder / "index").glob("*.seg"))[:1]:
                path.write_bytes(path.read_bytes()[:-1])
            found = Library(self.folder).verify(repair=True)
            assert found.ok, str(found)

    def check(self) -> None:
        for library in (self.library, self.reader):
            if not library.exists:
                assert not self.codes
                continue
            for query in codes(64, seed=self.seed, spread=4)[:3]:
                expected = brute(self.codes, query.tobytes(), {"phash": 20, "dhash": 20}, self.order)
                assert answers(library.search(hashes(query), radius=20)) == expected
                near = brute(self.codes, query.tobytes(), {"phash": 64, "dhash": 64}, self.order)
                assert answers(library.search(hashes(query), k=4)) == near[:4]
            assert sorted(library.frame()["image"]) == sorted(self.codes)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=12), st.sampled_from([1, 3, 1000]))
def test_any_sequence_answers_as_a_dictionary(monkeypatch: pytest.MonkeyPatch, steps: list[Any], tail: int) -> None:
    monkeypatch.setattr(folding, "TAIL", tail)
    with tempfile.TemporaryDirectory() as folder:
        model = Model(Path(folder) / "lib")
        for step in steps:
            model.step(*step)
            model.check()
        if model.library.exists:
            verified = model.library.verify()
            assert verified.ok, str(verified)
            sizes = [s.codes for s in model.library._opened.index.segments if s.kind == "phash"]
            assert len(sizes) <= 8
        model.library.close()
        model.reader.close()


def test_compacting_twice_writes_once(library: Library) -> None:
    library.add_fingerprints(ready(codes(30)))
    for removed in (1, 2, None, None):
        before = library._opened.catalog.generation()
        assert removed is None or library.remove(rows=removed) == 1
        library.compact()
        assert library._opened.catalog.generation() - before == (removed is not None)
        assert library.verify().ok
    assert len(library.search("0" * 16, kinds="phash", radius=64)) == 28


def test_segments_stay_few(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "TAIL", 10)
    values = codes(1200)
    for start in range(0, 1200, 12):
        part = range(start, start + 12)
        library.add_fingerprints(ready(values[part], [f"image {n}" for n in part]))
        sizes = [s.codes for s in library._opened.catalog.segments() if s.kind == "phash"]
        assert len(sizes) <= 5
        assert all(one >= 4 * other for one, other in pairwise(sizes))
    assert library.stats()["tail"] == 0
    assert library.verify().ok
    assert len(list((library._opened.store.index_folder).iterdir())) == library.stats()["segments"]
