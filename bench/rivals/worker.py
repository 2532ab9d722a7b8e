"""A rival's process: each line of the input names a file; each answer is a line of JSON.

Run as `worker.py ROAD`, by an interpreter in which that rival is installed: so nothing of the project is
imported, but by the road that is the project's own. An answer has `codes` (hex text by kind of hash) and
`seconds` (the processor's time, from the file's name to its hashes), or an `error`.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

Codes = Mapping[str, str]
Road = Callable[[str], Codes]


def lookalike() -> Road:
    """This project: the five article hashes."""
    fingerprint = importlib.import_module("lookalike").fingerprint
    return lambda path: {kind: value.hex for kind, value in fingerprint(path).hashes.items()}


def imagehash(draft: bool) -> Road:
    """ImageHash's five; with `draft`, libjpeg hands over only each block's mean (other formats come whole)."""
    hashes, pil = importlib.import_module("imagehash"), importlib.import_module("PIL.Image")
    names = ("average_hash", "phash", "dhash", "whash", "colorhash")

    def road(path: str) -> Codes:
        with pil.open(path) as image:
            if draft:
                image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
            return {name: str(getattr(hashes, name)(image)) for name in names}

    return road


def imagededup(*names: str) -> Road:
    """imagededup's methods, each of which reads the file, as its documentation shows."""
    # Its packages import neural networks and plots; those of the hashes are reached without them.
    home = Path(str(importlib.import_module("imagededup").__file__)).parent
    for part in ("methods", "utils"):
        package = ModuleType(f"imagededup.{part}")
        package.__path__ = [str(home / part)]
        sys.modules[package.__name__] = package
    module = importlib.import_module("imagededup.methods.hashing")
    methods = {name: getattr(module, name)(verbose=False) for name in names}
    return lambda path: {name: method.encode_image(image_file=path) for name, method in methods.items()}


def opencv(reduced: bool) -> Road:
    """OpenCV's averageHash and pHash; `reduced` lets its reader scale JPEG down to an eighth."""
    cv2 = _cv2()
    how = cv2.IMREAD_REDUCED_COLOR_8 if reduced else cv2.IMREAD_COLOR

    def road(path: str) -> Codes:
        pixels = cv2.imread(path, how)
        return {name: getattr(cv2.img_hash, name)(pixels).tobytes().hex() for name in ("averageHash", "pHash")}

    return road


def pdqhash() -> Road:
    """PDQ of the pixels as OpenCV reads them, as its documentation shows: 256 bits."""
    cv2, pdq, numpy = _cv2(), importlib.import_module("pdqhash"), importlib.import_module("numpy")

    def road(path: str) -> Codes:
        vector, _ = pdq.compute(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB))
        return {"pdq": numpy.packbits(vector).tobytes().hex()}

    return road


def dhash() -> Road:
    """The package dhash, on Pillow: rows and columns, 128 bits."""
    module, pil = importlib.import_module("dhash"), importlib.import_module("PIL.Image")

    def road(path: str) -> Codes:
        with pil.open(path) as image:
            return {"dhash": module.format_hex(*module.dhash_row_col(image))}

    return road


def _cv2() -> Any:
    cv2 = importlib.import_module("cv2")
    cv2.setNumThreads(1)
    return cv2


ROADS: dict[str, Callable[[], Road]] = {
    "lookalike": lookalike,
    "imagehash": partial(imagehash, False),
    "imagehash-draft": partial(imagehash, True),
    "imagededup-phash": partial(imagededup, "PHash"),
    "imagededup": partial(imagededup, "AHash", "PHash", "DHash", "WHash"),
    "opencv": partial(opencv, False),
    "opencv-eighth": partial(opencv, True),
    "pdqhash": pdqhash,
    "dhash": dhash,
}


def answer(road: Road, path: str) -> dict[str, object]:
    """Time one file."""
    start = time.process_time()
    try:
        codes = road(path)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"codes": dict(codes), "seconds": time.process_time() - start}


if __name__ == "__main__":
    chosen = ROADS[sys.argv[1]]()
    for line in sys.stdin:
        print(json.dumps(answer(chosen, line.rstrip("\n"))), flush=True)
