"""The catalog beside a plain dictionary: whatever is done to both, in any order, they tell the same."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from library_help import apart, codes, ready
from lookalike import Fingerprint, Hash, Library, MismatchError

pytestmark = pytest.mark.directory

CODES = [code.tobytes() for code in codes(24, seed=7, spread=5)]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NAME = st.one_of(st.integers(0, 12).map("image {}".format), TEXT.filter(bool))
OWNER = st.sampled_from([None, "ann", "bob", "=1+1", "é\r\n"])
FACT = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.lists(TEXT),
)
ROW = st.tuples(NAME, st.sampled_from(range(len(CODES))), OWNER, FACT)

Key = tuple[str, str]
"""An image and its owner: the same image may be there for several."""


def query(code: bytes) -> Fingerprint:
    values = {"phash": Hash.from_hex(code[:8].hex(), "phash"), "dhash": Hash.from_hex(code[8:].hex(), "dhash")}
    return Fingerprint("query", values, 1, 1, None, "standard/2")


class Catalog(RuleBasedStateMachine):
    """Adding, changing, removing, compacting, rebuilding, reopening; and files there and back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.library = Library(self.path / "library")
        self.model: dict[Key, tuple[bytes, Any]] = {}
        self.copies = 0

    @initialize(rows=st.lists(ROW, min_size=1, max_size=5))
    def begin(self, rows: list[Any]) -> None:
        self.add(rows)

    @rule(rows=st.lists(ROW, max_size=6))
    def add(self, rows: list[Any]) -> None:
        """New ones, others of the same name, and the same again."""
        table = []
        for name, number, owner, fact in rows:
            code = CODES[number]
            row = {"image": name, "owner": owner, "phash": code[:8].hex(), "dhash": code[8:].hex(), "fact": fact}
            table.append({**ready(codes(1))[0], **row})
            before = self.model.get((name, owner or ""), (b"", None))[1]
            self.model[name, owner or ""] = (code, before if fact is None else fact)
        added = self.library.add_fingerprints(table)
        assert added.total == len(table)

    @rule(names=st.lists(NAME, max_size=4))
    def remove(self, names: list[str]) -> None:
        """By name, whoever has it."""
        gone = [key for key in self.model if key[0] in names]
        for key in gone:
            del self.model[key]
        assert self.library.remove(names) == len(gone)

    @rule(how=st.sampled_from(["compact", "rebuild", "close"]))
    def tidy(self, how: str) -> None:
        getattr(self.library, how)()

    @rule(number=st.sampled_from(range(len(CODES))), radius=st.integers(0, 64))
    def search(self, number: int, radius: int) -> None:
        code = CODES[number]
        found = self.library.search(query(code), radius=radius)
        distances = {
            key: min(apart(own[:8], code[:8]), apart(own[8:], code[8:])) for key, (own, _) in self.model.items()
        }
        wanted = sorted((distance, *key) for key, distance in distances.items() if distance <= radius)
        got = zip(found["distance"], found["image"], found["owner"].fillna(""), strict=True)
        assert sorted(got) == wanted

    @precondition(lambda self: self.model)
    @rule(form=st.sampled_from(["csv", "parquet"]))
    def export(self, form: str) -> None:
        """Into a file, and from there into another library, in which nothing is missing or twice."""
        self.copies += 1
        file = self.path / f"{self.copies}.{form}"
        assert self.library.export(file) == len(self.model)
        with Library(self.path / f"copy {self.copies}") as copy:
            assert copy.import_file(file).total == len(self.model)
            assert not copy.verify().problems
            assert told(copy) == self.model

    @rule()
    def refused(self) -> None:
        """What cannot be added changes nothing."""
        wrong = {**ready(codes(1), ["image 0"])[0], "recipe": "imagehash/1"}
        with pytest.raises(MismatchError):
            self.library.add_fingerprints([wrong])

    @invariant()
    def is_the_same(self) -> None:
        if not self.library.exists:
            assert not self.model
            return
        assert told(self.library) == self.model
        assert len(self.library) == len(self.model)

    def teardown(self) -> None:
        if self.library.exists:
            assert not self.library.verify().problems
        self.library.close()
        self.folder.cleanup()


def told(library: Library) -> dict[Key, tuple[bytes, Any]]:
    """What a library tells of its rows; each image of an owner is there once, and each row number."""
    rows = list(library.rows())
    model = {(row["image"], row["owner"] or ""): (code(row), row.get("fact")) for row in rows}
    assert len(model) == len(rows) == len({row["row"] for row in rows})
    return model


def code(row: dict[str, Any]) -> bytes:
    return bytes.fromhex(row["phash"] + row["dhash"])


Catalog.TestCase.settings = settings(max_examples=12, stateful_step_count=12)
test_any_sequence_tells_what_a_dictionary_tells = Catalog.TestCase
