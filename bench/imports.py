"""What `import lookalike` and `lookalike --help` cost, each in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median

from .harness import Line, main

HEAVY = ("PIL", "http", "narwhals", "numpy", "pandas", "polars", "pyarrow", "requests", "ssl", "tqdm", "urllib3")
IMPORT_TARGET = 1.3
HELP_TARGET = 2.0

# Inside the process, so that the start of the interpreter does not hide the import.
_TIMED = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
_LOADED = "import json, sys; import {}; print(json.dumps(sorted(sys.modules)))"


def run(quick: bool) -> list[Line]:
    """Measure, and look at what was loaded."""
    rounds = 5 if quick else 25
    return [_nothing_heavy(), _import_time(rounds), _help_time(rounds)]


def _nothing_heavy() -> Line:
    loaded = {name.partition(".")[0] for name in json.loads(_python("-c", _LOADED.format("lookalike")))}
    assert "lookalike" in loaded
    found = sorted(loaded & set(HEAVY))
    return Line("import lookalike loads", f"none of {', '.join(HEAVY)}", ", ".join(found) or "none", not found)


def _import_time(rounds: int) -> Line:
    numpy, lookalike = [], []
    for _ in range(rounds):
        numpy.append(float(_python("-c", _TIMED.format("numpy"))))
        lookalike.append(float(_python("-c", _TIMED.format("lookalike"))))
    return _line("import lookalike / import numpy", median(lookalike), median(numpy), IMPORT_TARGET)


def _help_time(rounds: int) -> Line:
    """Whole processes, as a user waits for them."""
    numpy, shown = [], []
    for _ in range(rounds):
        numpy.append(_seconds("-c", "import numpy", expected=""))
        shown.append(_seconds("-m", "lookalike", "--help", expected="lookalike"))
    return _line("lookalike --help / python -c 'import numpy'", median(shown), median(numpy), HELP_TARGET)


def _line(name: str, mine: float, other: float, target: float) -> Line:
    ratio = mine / other
    figures = f"{mine * 1e3:.1f} ms / {other * 1e3:.1f} ms = {ratio:.2f} times"
    return Line(name, f"at most {target} times", figures, ratio <= target)


def _seconds(*arguments: str, expected: str) -> float:
    start = time.perf_counter()
    output = _python(*arguments)
    seconds = time.perf_counter() - start
    assert expected in output
    return seconds


def _python(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(run)
