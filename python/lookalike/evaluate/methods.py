"""Ways to a code that are measured beside the library's verdict: our own kinds, and the rivals that are installed."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from ..fingerprints import fingerprint_rows
from ..kinds import NAMES, Kind

__all__ = ["RIVALS", "Road", "absent", "default_kinds", "own_roads", "rival_roads", "verified"]

File = str | bytes
"""A path, or a file's bytes."""

Codes = dict[str, list[bytes | None]]

IMAGEHASH = ("ahash", "phash", "dhash", "whash")
RIVALS = {"pdqhash": ("pdq",), "imagededup": ("AHash", "PHash", "DHash", "WHash")}
"""Packages that are measured where they are installed, with the methods of each."""


@dataclass(frozen=True)
class Road:
    """One pass over files that gives the codes of one method or several.

    Attributes:
        bits: of each method, by name.
        run: gives for each method the packed code of each file; `None` for one that it cannot read.
        note: what is to be known of it.
        slow: whether it takes longer than all of ours together, so that fewer originals must do.
    """

    bits: dict[str, int]
    run: Callable[[Sequence[File]], Codes]
    note: str = ""
    slow: bool = False


def default_kinds() -> tuple[str, ...]:
    """Our own kinds that are measured: those of a library, and the strongest of 256 bits that there are."""
    return tuple(kind for kind in ("phash", "dhash", "phash:16", "pdq") if kind.partition(":")[0] in NAMES)


def own_roads(kinds: Iterable[str], recipe: str = "standard") -> list[Road]:
    """Our own kinds, under a recipe.

    Raises:
        ValueError: for a kind whose codes have no fixed length.
    """
    parsed = [Kind.parse(kind) for kind in kinds]
    for kind in parsed:
        if kind.bits is None:
            raise ValueError(f"expected kinds with a fixed length, got {kind}")
    return [_road([str(kind) for kind in parsed], recipe, "")] if parsed else []


def _road(kinds: list[str], recipe: str, prefix: str) -> Road:
    def run(files: Sequence[File]) -> Codes:
        rows = list(fingerprint_rows(list(files), kinds=kinds, recipe=recipe, workers=1))
        return {prefix + kind: [_packed(row[kind]) for row in rows] for kind in kinds}

    return Road({prefix + kind: Kind.parse(kind).bits or 0 for kind in kinds}, run)


def _packed(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text.zfill(len(text) + len(text) % 2))


def rival_roads() -> list[Road]:
    """ImageHash's kinds (which our recipe `imagehash` computes bit for bit), and the rivals that are installed."""
    roads = [_road(list(IMAGEHASH), "imagehash", "ImageHash ")]
    makers = {"pdqhash": _pdqhash, "imagededup": _imagededup}
    return [*roads, *(make() for name, make in makers.items() if find_spec(name) is not None)]


def absent() -> list[str]:
    """The rivals that are not installed."""
    return [name for name in RIVALS if find_spec(name) is None]


def verified(files: Sequence[File]) -> str:
    """Compare our `imagehash` recipe with the package, bit for bit; what came of it, in words."""
    if find_spec("imagehash") is None:
        return "ImageHash: by lookalike's recipe imagehash; the package is not installed, so nothing was compared"
    package: Any = importlib.import_module("imagehash")
    functions = {"ahash": "average_hash", "phash": "phash", "dhash": "dhash", "whash": "whash"}
    ours = _road(list(IMAGEHASH), "imagehash", "").run(files)
    differ = 0
    for number, file in enumerate(files):
        with _opened(file) as image:
            theirs = {kind: str(getattr(package, name)(image)) for kind, name in functions.items()}
        differ += sum(_packed(text) != ours[kind][number] for kind, text in theirs.items())
    return (
        f"ImageHash {package.__version__}: by lookalike's recipe imagehash; compared with the package on "
        f"{len(files)} files, {len(files) * len(functions)} hashes: {differ} differ"
    )


def _opened(file: File) -> Any:
    return Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)


def _each(bits: dict[str, int], hashed: Callable[[Any], dict[str, bytes]], note: str) -> Road:
    """A road that takes one RGB array at a time."""

    def run(files: Sequence[File]) -> Codes:
        codes: Codes = {name: [] for name in bits}
        for file in files:
            try:
                with _opened(file) as image:
                    found: Any = hashed(np.asarray(image.convert("RGB")))
            except Exception:  # a rival may fail at a file in its own way: then it has not found the copy
                found = {}
            for name, column in codes.items():
                column.append(found.get(name))
        return codes

    return Road(bits, run, note, slow=True)


def _pdqhash() -> Road:
    package: Any = importlib.import_module("pdqhash")

    def hashed(pixels: Any) -> dict[str, bytes]:
        return {"pdqhash pdq": np.packbits(package.compute(pixels)[0]).tobytes()}

    return _each({"pdqhash pdq": 256}, hashed, "pdqhash: on the pixels as Pillow reads them")


def _imagededup() -> Road:
    module = _imagededup_hashing()
    names = RIVALS["imagededup"]
    methods = {f"imagededup {name}": getattr(module, name)(verbose=False) for name in names}

    def hashed(pixels: Any) -> dict[str, bytes]:
        return {name: bytes.fromhex(method.encode_image(image_array=pixels)) for name, method in methods.items()}

    return _each(dict.fromkeys(methods, 64), hashed, "imagededup: its hashes, on the pixels as Pillow reads them")


def _imagededup_hashing() -> Any:
    """The module of its hashes. Its packages import neural networks and plots, which the hashes do not need."""
    home = Path(str(importlib.import_module("imagededup").__file__)).parent
    for part in ("methods", "utils"):
        name = f"imagededup.{part}"
        if name not in sys.modules:
            package = ModuleType(name)
            package.__path__ = [str(home / part)]
            sys.modules[name] = package
    return importlib.import_module("imagededup.methods.hashing")
