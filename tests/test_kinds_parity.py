"""The recipe `imagehash` of fingerprints and the drop-in are one thing: every kind, in every mode of Pillow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

import make_golden
import pictures
from lookalike import imagehash
from lookalike.fingerprints import compute, fingerprint
from lookalike.kinds import _VARIANTS, NAMES, Kind

CALLS: dict[str, Callable[[Image.Image], Any]] = {
    "ahash": imagehash.average_hash,
    "ahash:16": partial(imagehash.average_hash, hash_size=16),
    "ahash:median": partial(imagehash.average_hash, mean=np.median),
    "phash": imagehash.phash,
    "phash:16": partial(imagehash.phash, hash_size=16),
    "phash_simple": imagehash.phash_simple,
    "dhash": imagehash.dhash,
    "dhash:5": partial(imagehash.dhash, hash_size=5),
    "dhash_vertical": imagehash.dhash_vertical,
    "whash": imagehash.whash,
    "whash:16": partial(imagehash.whash, hash_size=16),
    "whash:db4": partial(imagehash.whash, mode="db4"),
    "whash:keep_ll": partial(imagehash.whash, remove_max_haar_ll=False),
    "whash:db4_keep_ll": partial(imagehash.whash, mode="db4", remove_max_haar_ll=False),
    "colorhash": imagehash.colorhash,
    "colorhash:4": partial(imagehash.colorhash, binbits=4),
    "crop_resistant": imagehash.crop_resistant_hash,
    "crop_resistant:phash": partial(imagehash.crop_resistant_hash, hash_func=imagehash.phash),
    "crop_resistant:colorhash": partial(imagehash.crop_resistant_hash, hash_func=imagehash.colorhash),
}
KINDS = [Kind.parse(text) for text in CALLS]
NOT_CONVERTIBLE = {"LAB", "La"}


def assert_parity(image: Image.Image) -> None:
    found = compute(image, KINDS, "imagehash")
    assert {kind: value.hex for kind, value in found.items()} == {
        kind: str(call(image)) for kind, call in CALLS.items()
    }


def test_every_kind_and_variant_is_compared() -> None:
    assert {kind.name for kind in KINDS} == set(NAMES) - {"pdq"}  # which ImageHash does not have: see test_pdq.py
    for name, variants in _VARIANTS.items():
        assert {kind.variant for kind in KINDS if kind.name == name} == {"", *variants}


@pytest.mark.parametrize("formula", make_golden.FORMULAS)
@pytest.mark.parametrize("size", [(33, 160), (301, 203), (7, 5)], ids=str)
def test_golden_pictures(formula: str, size: tuple[int, int]) -> None:
    assert_parity(make_golden.picture(formula, *size))


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("mode", sorted(pictures.MODES.keys() - NOT_CONVERTIBLE))
def test_every_mode(mode: str) -> None:
    image = pictures.MODES[mode](make_golden.picture("discs", 250, 190))
    assert_parity(image)
    whole = fingerprint(image, kinds=KINDS, recipe="imagehash")
    assert whole["whash:db4"].hex == str(CALLS["whash:db4"](image))
