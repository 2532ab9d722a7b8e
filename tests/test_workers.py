"""Threads and the gate: what an interrupt leaves behind, and that nothing waits for ever."""

from __future__ import annotations

import os
import signal
import threading
import time
from queue import SimpleQueue
from typing import Any

import pytest

from lookalike import workers
from lookalike.workers import Gate, ordered_map

pytestmark = pytest.mark.timeout(30)


def test_results_come_in_order() -> None:
    assert list(ordered_map(lambda number: number * 2, range(50), 3)) == list(range(0, 100, 2))


def test_an_interrupted_waiter_gives_up_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(10)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with gate.visit() as enter:
        enter(10)
        with monkeypatch.context() as patch:
            patch.setattr(gate._changed, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt), gate.visit() as late:
                late(5)
    with gate.visit() as enter:
        enter(10)
    assert (gate._used, list(gate._queue)) == (0, [])


def test_those_behind_an_interrupted_waiter_get_in() -> None:
    gate = Gate(10)
    held = threading.Event()
    inside = threading.Event()

    def visitor() -> None:
        held.wait()
        with gate.visit() as enter:
            enter(1)
            inside.set()

    class Interrupting(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            if threading.current_thread() is not threading.main_thread():
                return super().wait(timeout)
            # Interrupted only once the other stands behind this one.
            held.set()
            while len(gate._queue) < 2:
                super().wait(0.01)
            raise KeyboardInterrupt

    gate._changed = Interrupting()
    thread = threading.Thread(target=visitor, daemon=True)
    thread.start()
    with gate.visit() as first:
        first(9)
        with pytest.raises(KeyboardInterrupt), gate.visit() as late:
            late(5)
        assert inside.wait(5)
    thread.join(5)
    assert gate._used == 0


def test_the_gate_keeps_to_its_capacity_and_order() -> None:
    gate = Gate(10)
    used, most = 0, 0
    lock = threading.Lock()

    def work(size: int) -> int:
        nonlocal used, most
        with gate.visit() as enter:
            enter(size)
            with lock:
                used += min(size, 10)
                most = max(most, used)
            with lock:
                used -= min(size, 10)
        return size

    sizes = [1, 7, 4, 99, 3, 10, 2] * 20
    assert list(ordered_map(work, sizes, 4)) == sizes
    assert most <= 10
    assert gate._used == 0


def test_dismissing_never_waits_for_a_queue_that_has_just_run_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    class Racing(SimpleQueue[Any]):
        def empty(self) -> bool:
            return False  # as it was a moment ago, before a thread took the last task

    monkeypatch.setattr(workers, "SimpleQueue", Racing)
    results = ordered_map(lambda number: number, range(100), 2)
    assert next(results) == 0
    results.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_finds_the_gate_open() -> None:
    gate = Gate(10)
    with gate.visit() as enter:
        enter(10)
        child = os.fork()
        if not child:
            with gate.visit() as enter_child:
                enter_child(10)
            os._exit(7)
        deadline = time.monotonic() + 20
        done, status = os.waitpid(child, os.WNOHANG)
        while not done and time.monotonic() < deadline:
            time.sleep(0.02)
            done, status = os.waitpid(child, os.WNOHANG)
        if not done:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert done
        assert os.waitstatus_to_exitcode(status) == 7
