"""SIGKILL at random instants: in short here, by the hundreds with `python -m tests.faults.kills`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from . import kills, promises
from .promises import NOTHING, Promises, State


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
def test_a_killed_writer_has_kept_every_promise(tmp_path: Path) -> None:
    count = kills.run(25, 4, tmp_path)
    assert count.kills == 25
    assert count.acknowledged > 300
    # They fell into the midst of things, not between them.
    assert len(count.phases) >= 4, str(count)
    assert count.steps.total() - count.steps["none"] >= 10, str(count)


class TestTheCheckItself:
    """What it is for: each of these is a library that has broken its word."""

    HERE = State(3, ("aa", "bb"), 1, False)
    FILES: ClassVar[dict[str, Any]] = {
        "step": 1,
        "do": "add_files",
        "paths": {"x": "01.png", "y": None},
        "note": 5,
        "told": [],
    }
    READY: ClassVar[dict[str, Any]] = {
        "step": 1,
        "do": "add_ready",
        "rows": [{"image": f"r{n}", "phash": "a", "dhash": "b", "note": 1} for n in range(20)],
    }

    def _kept(self, now: dict[str, State], found: dict[str, State], step: dict[str, object] | None = None) -> bool:
        held = Promises({"01.png": ("cc", "dd"), "02.png": NOTHING}, dict(now))
        try:
            held.check(found, step)
        except AssertionError:
            return False
        return True

    def test_without_an_unfinished_step(self) -> None:
        assert self._kept({"x": self.HERE}, {"x": self.HERE})
        assert not self._kept({"x": self.HERE}, {})
        assert not self._kept({}, {"x": self.HERE})
        assert not self._kept({"x": self.HERE}, {"x": self.HERE._replace(number=4)})
        assert not self._kept({"x": self.HERE}, {"x": self.HERE._replace(note=2)})
        assert not self._kept({"x": self.HERE}, {"x": self.HERE._replace(codes=("aa", "bc"))})

    def test_a_removal_is_done_or_not(self) -> None:
        two = {"x": self.HERE, "y": self.HERE._replace(number=4)}
        step: dict[str, object] = {"step": 1, "do": "remove", "images": ["x", "y"]}
        assert self._kept(two, two, step)
        assert self._kept(two, {}, step)
        assert not self._kept(two, {"x": self.HERE}, step)

    def test_a_commit_is_there_or_not(self) -> None:
        rows = {f"r{n}": State(n + 1, ("a", "b"), 1, False) for n in range(20)}
        part = dict(list(rows.items())[: promises.PART])
        assert self._kept({}, rows, self.READY)
        assert self._kept({}, {}, self.READY)
        assert self._kept({}, part, self.READY)
        assert not self._kept({}, dict(list(rows.items())[: promises.PART + 1]), self.READY)
        assert not self._kept({}, dict(list(rows.items())[promises.PART :]), self.READY)
        assert not self._kept({}, {**rows, "r3": State(4, ("a", "c"), 1, False)}, self.READY)

    def test_a_file_is_what_it_was_or_is(self) -> None:
        new = State(9, ("cc", "dd"), 5, False)
        assert self._kept({"x": self.HERE}, {"x": new}, self.FILES)
        assert self._kept({"x": self.HERE}, {"x": self.HERE}, self.FILES)
        assert not self._kept({"x": self.HERE}, {}, self.FILES)
        assert not self._kept({"x": self.HERE}, {"x": new}, {**self.FILES, "told": ["x"]})
        assert not self._kept({"x": self.HERE}, {"x": new._replace(note=1)}, self.FILES)

    def test_a_file_that_is_gone_may_have_moved(self) -> None:
        codes = ("cc", "dd")
        old, moved = State(2, codes, 1, False), State(2, codes, 5, False)
        assert self._kept({"y": old}, {"x": moved}, self.FILES)
        assert not self._kept({"y": old}, {"x": moved._replace(number=7)}, self.FILES)
