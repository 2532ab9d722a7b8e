"""What a library has promised, from the journal of whoever worked on it; and whether it is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .worker import PART

Codes = tuple[str | None, str | None]
NOTHING: Codes = (None, None)


class State(NamedTuple):
    """What is known of one image."""

    number: int
    codes: Codes
    note: int | None
    failed: bool


def states(rows: list[dict[str, Any]]) -> dict[str, State]:
    """Each image of a library by its place; of which there must be one each."""
    found = {r["place"]: State(r["row"], (r["phash"], r["dhash"]), r.get("note"), bool(r["error"])) for r in rows}
    assert len(found) == len(rows), "the same image twice"
    assert len({state.number for state in found.values()}) == len(rows), "the same row number twice"
    return found


def lines_of(journal: Path) -> list[dict[str, Any]]:
    """What was written of a journal; its last line may be half there."""
    lines = journal.read_bytes().split(b"\n") if journal.exists() else []
    return [json.loads(line) for line in lines[:-1]]


@dataclass
class Promises:
    """All that must be there.

    Attributes:
        pool: codes of each file that is copied into the tree; `NOTHING` if it is broken.
        now: by place.
        last: the highest row number that was told.
        acknowledged: how many rows were, in all.
    """

    pool: dict[str, Codes]
    now: dict[str, State] = field(default_factory=dict)
    last: int = 0
    acknowledged: int = 0

    def follow(self, lines: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Take in what was acknowledged; the step that was not."""
        step: dict[str, Any] | None = None
        for line in lines:
            assert "crashed" not in line, line["crashed"]
            if "do" in line:
                step = {**line, "told": []}
            elif "row" in line:
                assert step is not None
                step["told"].append(line["row"]["image"])
                self._told(step, line["row"])
            elif "done" in line:
                assert step is not None
                self._done(step)
                step = None
        return step

    def _told(self, step: dict[str, Any], row: dict[str, Any]) -> None:
        """One row of `add_rows`."""
        place = row["image"]
        before = {state.number: name for name, state in self.now.items()}.get(row["row"])
        if row["status"] == "moved":
            assert before is not None, f"{row} moved from nowhere"
            del self.now[before]
        elif before is not None:
            assert before == place, f"{row} has the number of {before}"
        self.now[place] = self.after(step, place, self.now.get(place))._replace(number=row["row"])
        self.acknowledged += 1

    def after(self, step: dict[str, Any], place: str, known: State | None) -> State:
        """What a file is when it was added. Its number is left open."""
        content = step["paths"][place]
        if content is None:
            # Not there: what is known of it stays.
            return known if known is not None and not known.failed else State(0, NOTHING, step["note"], True)
        codes = self.pool[content]
        return State(0, codes, step["note"], codes == NOTHING)

    def _done(self, step: dict[str, Any]) -> None:
        if step["do"] == "add_ready":
            for row in step["rows"]:
                self.now[row["image"]] = _of_ready(row)
            self.acknowledged += len(step["rows"])
        elif step["do"] == "add_files":
            assert step["told"] == list(step["paths"]), "not one row for each input, in order"
        elif step["do"] == "remove":
            for image in step["images"]:
                del self.now[image]
            self.acknowledged += len(step["images"])

    def check(self, found: dict[str, State], step: dict[str, Any] | None) -> None:
        """Every promise is kept; a step that was not acknowledged is done wholly or not, image by image.

        What is found is taken over: it must be there from now on.
        """
        doubtful = set(_named(step))
        for place, state in self.now.items():
            if place not in doubtful and place not in found:
                assert self._is_moved(state, found, doubtful), f"{place!r} is lost: {state}; unfinished: {_short(step)}"
            elif place not in doubtful:
                _same(place, state, found[place])
        for place in found.keys() - self.now.keys() - doubtful:
            raise AssertionError(f"{place!r} is there, and nobody added it: {found[place]}; unfinished: {_short(step)}")
        if step is not None:
            self._check_step(step, found)
        self.now = found

    def _is_moved(self, state: State, found: dict[str, State], doubtful: set[str]) -> bool:
        return any(place in doubtful and other.number == state.number for place, other in found.items())

    def _check_step(self, step: dict[str, Any], found: dict[str, State]) -> None:
        if step["do"] == "remove":
            there = [image in found for image in step["images"]]
            assert all(there) or not any(there), "a removal is half done"
            for image in step["images"] if there[0] else ():
                _same(image, self.now[image], found[image])
        elif step["do"] == "add_ready":
            self._check_ready(step["rows"], found)
        elif step["do"] == "add_files":
            for place in step["paths"]:
                self._check_file(step, place, found)

    def _check_ready(self, rows: list[dict[str, Any]], found: dict[str, State]) -> None:
        """In parts, each wholly or not, the first parts first."""
        parts = [rows[start : start + PART] for start in range(0, len(rows), PART)]
        ended = False
        for part in parts:
            done = [self._is_ready(row, found.get(row["image"])) for row in part]
            ended = ended or not all(done)
            for row, is_done in zip(part, done, strict=True):
                old, new = self.now.get(row["image"]), found.get(row["image"])
                if ended:
                    assert (old and old[1:]) == (new and new[1:]), f"half of a commit is there: {old}, {row}, {new}"
                else:
                    assert is_done

    def _is_ready(self, row: dict[str, Any], new: State | None) -> bool:
        return new is not None and new[1:] == _of_ready(row)[1:]

    def _check_file(self, step: dict[str, Any], place: str, found: dict[str, State]) -> None:
        old, new = self.now.get(place), found.get(place)
        # A file that is gone may have become another's row: that was told (then it is not in `now`), or not yet.
        others = set(step["paths"]) - {place}
        moved = old is not None and step["paths"][place] is None and self._is_moved(old, found, others)
        if new is None:
            assert moved or old is None, f"{place!r} is lost: {old}"
            return
        told = [] if place in step["told"] else [self.after(step, place, old)]
        allowed = [self.after(step, place, None)] if moved else [state for state in (old, *told) if state is not None]
        assert new[1:] in [state[1:] for state in allowed], f"{place!r}: {new} is none of {allowed}"


def _of_ready(row: dict[str, Any]) -> State:
    return State(0, (row["phash"], row["dhash"]), row["note"], False)


def _named(step: dict[str, Any] | None) -> list[str]:
    """The images that an unfinished step may have changed."""
    if step is None:
        return []
    named = {"add_ready": lambda: [row["image"] for row in step["rows"]], "remove": lambda: step["images"]}
    named["add_files"] = lambda: list(step["paths"])
    return named.get(step["do"], list)()


def _same(place: str, promised: State, found: State) -> None:
    numbered = promised._replace(number=found.number) if promised.number == 0 else promised
    assert numbered == found, f"{place!r}: promised {promised}, found {found}"


def _short(step: dict[str, Any] | None) -> str:
    return "none" if step is None else f"{step['do']}, step {step['step']}"
