"""The demo's evidence: what is true of its four pairs is what is said of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "demo"))

from photos import find_samples  # noqa: E402


def test_the_demo_says_what_is_true(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="needs the extra 'parts'")
    try:
        find_samples()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    path = os.pathsep.join(filter(None, [str(ROOT / "python"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, ROOT / "demo" / "evidence.py", tmp_path],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("crop", "collage", "repost", "refused"):
        assert (tmp_path / f"{name}-evidence.png").read_bytes().startswith(b"\x89PNG")
        assert "<html" in (tmp_path / f"{name}-evidence.html").read_text(encoding="utf-8")
