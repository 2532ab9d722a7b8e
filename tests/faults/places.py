"""Rows and pictures to add, disks to add them on, and other processes to do it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike import Library
from lookalike.library import folding

__all__ = ["mounted", "other", "picture", "picture_folder", "ready", "segments", "small_folds"]


def ready(count: int, seed: int = 0, prefix: str = "image ", **more: Any) -> list[dict[str, Any]]:
    """Rows of ready fingerprints with codes by chance."""
    dice = np.random.default_rng(seed)
    return [
        {"image": f"{prefix}{n}", "phash": dice.bytes(8).hex(), "dhash": dice.bytes(8).hex(), **more}
        for n in range(count)
    ]


def picture(path: Path, seed: int = 0) -> Path:
    """A small picture of noise, written to a file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
    Image.fromarray(pixels).resize((48, 40)).save(path)
    return path


def picture_folder(folder: Path, count: int) -> list[Path]:
    """Some of them."""
    folder.mkdir(parents=True, exist_ok=True)
    return [picture(folder / f"{number:03}.png", number) for number in range(count)]


def small_folds(monkeypatch: pytest.MonkeyPatch, rows: int = 20) -> None:
    """Let a library of some dozens of rows have segments."""
    monkeypatch.setattr(folding, "TAIL", rows)


def segments(library: Library) -> list[Path]:
    """The files of its index that are used, by name."""
    opened = library._opened
    return sorted(opened.index.folder / segment.file for segment in opened.catalog.segments())


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A file system of its own kind for the time of a block, or a skipped test."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs Linux and the right to mount a small file system")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a small file system: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def other(code: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs some Python for the time of a block; its arguments are `sys.argv[1:]`."""
    head = "import sys, time, os, warnings\nfrom lookalike import Library, LookalikeError\n"
    command = [sys.executable, "-c", head + code, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
