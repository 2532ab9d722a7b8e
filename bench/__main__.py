"""Runs all benchmarks, each in a process of its own, and prints one table; status 1 if a target is missed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from .harness import Line

NAMES = (
    "file_hashes",
    "look",
    "keypoints",
    "draft",
    "two_workers",
    "fidelity",
    "rivals",
    "cold",
    "article_hashes",
    "crop_resistant",
    "imports",
    "memory",
    "million_names",
    "pdq",
    "chance",
    "second_look",
    "copy_search",
    "neardup",
    "recall",
    "hamming_search",
    "keypoint_agreement",
    "keypoint_search",
    "library",
    "hamming_join",
    "hostile",
)


def run_all(options: list[str]) -> int:
    """Run them in turn."""
    lines: list[Line] = []
    for name in NAMES:
        print(f"bench.{name} ...", file=sys.stderr)
        command = [sys.executable, "-m", f"bench.{name}", "--json", *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.stdout:
            lines += [Line(**line) for line in json.loads(done.stdout)]
        else:
            lines.append(Line(f"bench.{name}", "an answer", f"status {done.returncode}, see above", False))
    print(_about())
    print(table(lines))
    return int(any(line.passed is False for line in lines))


def table(lines: list[Line]) -> str:
    """The lines as a table in Markdown."""
    words = {True: "pass", False: "**MISS**", None: ""}
    rows = [f"| {line.name} | {line.target} | {line.measured} | {words[line.passed]} |" for line in lines]
    return "\n".join(["| what | target | measured | |", "| --- | --- | --- | --- |", *rows])


def _about() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("lookalike", "ImageHash", "pillow", "numpy", "scipy"))
    return f"Python {platform.python_version()}, {packages}; {os.cpu_count()} x {_processor()}\n"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


if __name__ == "__main__":
    sys.exit(run_all(sys.argv[1:]))
