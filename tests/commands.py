"""Running the real command in a process of its own, and small pictures for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["COMMAND", "Result", "listing", "noise", "picture_folder", "run", "start"]

COMMAND = [sys.executable, "-m", "lookalike"]


@dataclass(frozen=True)
class Result:
    """What a process left."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def run(*words: object, input: str | bytes | None = None, deadline: float = 60, **settings: Any) -> Result:
    """Run `lookalike` to its end. Fails if it shows a traceback: none of the tests asks for one."""
    content = input.encode() if isinstance(input, str) else input
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    if content is None:
        settings.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([*COMMAND, *map(str, words)], input=content, timeout=deadline, **settings)
    out, err = ((stream or b"").decode(errors="surrogateescape") for stream in (done.stdout, done.stderr))
    assert "Traceback" not in err, err
    return Result(done.returncode, out, err)


def start(*words: object, **settings: Any) -> subprocess.Popen[str]:
    """Start `lookalike`, ready to be interrupted even where the tests themselves ignore SIGINT."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdin=settings.pop("stdin", subprocess.DEVNULL),
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **settings,
    )


def noise(seed: int, size: int = 64) -> Image.Image:
    """A picture of large blotches, unlike that of any other seed."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)


def picture_folder(folder: Path, count: int = 4) -> Path:
    """A folder with pictures `0.png`, `1.png`, … and `copy-of-0.png`, which has the bytes of `0.png`."""
    folder.mkdir()
    for seed in range(count):
        noise(seed).save(folder / f"{seed}.png")
    (folder / "copy-of-0.png").write_bytes((folder / "0.png").read_bytes())
    return folder


def listing() -> list[str]:
    """Names in the current folder, hidden ones too."""
    return sorted(path.name for path in Path().iterdir())
