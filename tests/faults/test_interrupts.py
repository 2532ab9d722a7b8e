"""Ctrl-C at random instants: the same `Library` goes on, and has kept every promise."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .brute import check_search
from .kills import make_pool
from .promises import Promises, lines_of, states
from .worker import SMALL, Journal, Worker


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """A block that ends by Ctrl-C."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        with pytest.raises(KeyboardInterrupt):
            yield  # the block does not end of itself
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="needs timers of the system")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file that Ctrl-C found half open
def test_a_library_goes_on_after_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in SMALL:
        monkeypatch.setattr(module, name, value)
    dice = random.Random(1)
    promises = Promises(make_pool(tmp_path / "pool"))
    paths = {name: str(tmp_path / name) for name in ("library", "tree", "pool")}
    journal = tmp_path / "journal"
    worker = Worker({**paths, "seed": 1, "made": 0}, Journal(journal))
    seen = 0
    for _ in range(20):
        with interrupted_after(dice.random() * 0.2):
            worker.work()
        lines = lines_of(journal)
        step = promises.follow(lines[seen:])
        seen = len(lines)
        worker.step += 1
        if worker.library.exists:
            rows = list(worker.library.rows())
            promises.check(states(rows), step)
            check_search(worker.library, rows, dice)
    worker.library.compact()
    assert worker.library.verify().ok
    assert promises.acknowledged > 200
    worker.journal.close()
