"""The bar on standard error: how many are done, how fast, how long still."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .output import say

__all__ = ["Progress"]

_QUIET_SECONDS = 0.3
_REDRAW_SECONDS = 0.2


class Progress:
    """Counts rows, and shows a bar while the work takes more than a moment, on a terminal only.

    Attributes:
        done: rows so far.
        seconds: since the beginning.
    """

    def __init__(self, *, show: bool = True, total: Callable[[], int] | None = None) -> None:
        """
        Args:
            show: whether a bar is wanted at all.
            total: counts the inputs, in a thread beside the work; the bar has no end until it is known.
        """
        self.done = 0
        self._start = time.monotonic()
        self._bar: Any = None
        self._drawn = 0.0
        self._show = show and _terminal()
        self._total: int | None = None
        if self._show and total is not None:
            threading.Thread(target=self._count, args=(total,), daemon=True).start()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return time.monotonic() - self._start

    def step(self) -> None:
        """Count one more row."""
        self.done += 1
        if self._bar is not None:
            self._bar.update(1)
        self.tick()

    def tick(self) -> None:
        """Keep the clock of the bar going."""
        if self._bar is None and self._show and self.seconds > _QUIET_SECONDS:
            self._bar = self._open()
        if self._bar is not None and self.seconds - self._drawn > _REDRAW_SECONDS:
            self._bar.total = None if self._total is None else max(self._total, self.done)
            self._bar.refresh()
            self._drawn = self.seconds

    def complain(self, message: str) -> None:
        """Say what went wrong, above the bar."""
        if self._bar is not None:
            self._bar.clear()
        say(f"lookalike: {message}")
        if self._bar is not None:
            self._bar.refresh()

    def _open(self) -> Any:
        from tqdm import tqdm

        # Its watching thread would only be in the way: tick draws the bar again.
        tqdm.monitor_interval = 0
        # Told nothing of its size, as some consoles do, tqdm would show nothing at all.
        sized = _has_size()
        bar = tqdm(
            total=self._total,
            unit=" images",
            file=sys.stderr,
            leave=False,
            dynamic_ncols=sized,
            ncols=None if sized else 80,
            nrows=None if sized else 24,
            smoothing=0.05,
            mininterval=0.1,
        )
        bar.start_t -= self.seconds
        bar.n = bar.last_print_n = self.done
        return bar

    def _count(self, total: Callable[[], int]) -> None:
        self._total = total()


def _terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _has_size() -> bool:
    """Whether the terminal says how many columns and rows it has."""
    try:
        return all(os.get_terminal_size(sys.stderr.fileno()))
    except (OSError, ValueError):
        return False
