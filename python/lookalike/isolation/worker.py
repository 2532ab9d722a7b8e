"""One worker process, and how it ended if it did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from .messages import Fields, receive, send

__all__ = ["Died", "Worker"]

_ROOT = str(Path(__file__).resolve().parents[2])
# The paths come as arguments, for the interpreter takes none from the environment or the current folder (`-I`): a
# folder of strange files may hold a `PIL.py`.
_START = "import sys; sys.path[:] = sys.argv[1:]; from lookalike.decoding import serve; serve()"
_STARTING = 60.0
_ENDING = 0.5
# By which a worker ends itself when its time is over.
_ALARM = getattr(signal, "SIGALRM", 0)


class Died(Exception):
    """The worker ended, was ended, or said what is no answer; the text says how.

    Attributes:
        late: whether it ended because its time was over.
        used: whether it had answered before, so that the fault may be that of an earlier question.
    """

    def __init__(self, text: str, *, late: bool = False, used: bool = False) -> None:
        super().__init__(text)
        self.late = late
        self.used = used


class Worker:
    """A process that answers questions, one at a time.

    It ends when its input does: with us, however we end.

    Attributes:
        answers: how many it has given.
        is_for_crew: whether who asked it may have left meanwhile.
    """

    def __init__(self) -> None:
        if not sys.executable:
            raise RuntimeError("isolation needs a Python to start, and sys.executable names none; use isolate=False")
        options: dict[str, Any] = {}
        if os.name == "posix":
            options["start_new_session"] = True  # Ctrl-C is for us, and we end it
        elif sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START, *_paths()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            **options,
        )
        self._late = False
        self.is_for_crew = False
        self._ready = False
        self.answers = 0

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether it has started."""
        return self._ready

    def wait_ready(self) -> None:
        """Wait until it has loaded what it needs.

        Raises:
            Died: if it could not.
        """
        if not self._ready:
            self._exchange(None, b"", 0, None)
            self._ready = True

    def ask(self, fields: Fields, data: bytes, most_data: int, told: Callable[[int], None]) -> tuple[Fields, bytes]:
        """One question, one answer.

        Args:
            fields: of the question.
            data: the rest of it.
            most_data: bytes that may come with the answer.
            told: called with the size of the work, which the worker may tell once, before it answers.

        Raises:
            Died: if there is no answer, or none that is one. The worker is of no more use then.
        """
        answer = self._exchange(fields, data, most_data, told)
        self.answers += 1
        return answer

    def _exchange(
        self, fields: Fields | None, data: bytes, most_data: int, told: Callable[[int], None] | None
    ) -> tuple[Fields, bytes]:
        process, used = self._process, self.answers > 0
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if fields is not None:
                # A worker that dies in the middle of a question has said why, by how it ended.
                with suppress(OSError):
                    send(cast("BinaryIO", process.stdin), fields, data)
            answer = receive(cast("BinaryIO", process.stdout), most_data)
            if told is not None and isinstance(size := answer[0].get("size"), int):
                told(size)
                answer = receive(cast("BinaryIO", process.stdout), most_data)
            return answer
        except (EOFError, OSError):
            self.end(patience=_ENDING)
            late = self._late or (_ALARM > 0 and process.returncode == -_ALARM)
            raise Died(_how(process.returncode), late=late, used=used) from None
        except ValueError as error:
            self.end()
            raise Died(f"it gave what is no answer ({error})", used=used) from None
        except BaseException:
            self.end()  # Ctrl-C: nobody will read the answer
            raise

    @property
    def is_late(self) -> bool:
        """Whether it was ended because its time was over."""
        return self._late

    def stop_late(self) -> None:
        """End it because its time is over; to be called from another thread."""
        self._late = True
        self._kill()

    def end(self, patience: float = 0.0) -> None:
        """End it, at the latest after so many seconds."""
        process = self._process
        if patience:
            with suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        self._kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STARTING)
        self._close()

    def abandon(self) -> None:
        """Let go of it in a forked process, which shares its pipes but is not its parent."""
        self._close()
        self._process.returncode = 0  # or it would be waited for

    def _kill(self) -> None:
        with suppress(OSError):
            self._process.kill()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()


def _paths() -> list[str]:
    """Where this process finds its packages, but not in the current folder."""
    paths = [path for path in sys.path if path and Path(path).is_absolute()]
    return paths if _ROOT in paths else [*paths, _ROOT]


def _how(status: int | None) -> str:
    """How a process ended, in words."""
    if status is None:
        return "it did not end"
    if status >= 0:
        return f"it ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "an unknown one"
    hint = ", which the system sends where memory runs out" if name == "SIGKILL" else ""
    return f"it was ended by signal {-status}, {name}{hint}"
