"""Thumbnails of large photographs: light on the page and in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

MEMORY_PROBE = """
import resource, sys
import pandas as pd
from lookalike.show import gallery
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
frame = pd.DataFrame({"image": [sys.argv[1]] * int(sys.argv[2])})
gallery(frame.iloc[:1])
before = peak()
result = gallery(frame, limit=None)
print(len(result.html()) / len(frame), peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the resource module is not on Windows")
def test_large_photos_stay_light() -> None:
    photos = sorted((SHARED / "photos" / "large-baseline").glob("*.jpg"), key=lambda path: path.stat().st_size)
    if not photos:
        pytest.skip("the shared photographs are not here")
    command = [sys.executable, "-c", MEMORY_PROBE, str(photos[-1]), "60"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    bytes_a_row, grown = map(float, answer.stdout.split())
    assert bytes_a_row < 10_000
    assert grown < 60
