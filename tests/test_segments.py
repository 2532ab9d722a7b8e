"""`crop_resistant` fingerprints of pictures so small that a segment can have no pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike.fingerprints import compute
from lookalike.kinds import Kind

reference = pytest.importorskip("imagehash", reason="needs ImageHash 4.3.2 to compare with")


@pytest.mark.parametrize("width", [1, 2, 3, 5, 9, 16])
@pytest.mark.parametrize("height", [1, 2, 7, 20])
def test_tiny_pictures_have_the_same_segments(width: int, height: int) -> None:
    pixels = np.random.default_rng(100 * width + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    hashes = compute(image, [Kind.parse("crop_resistant")], "imagehash")
    assert hashes["crop_resistant"].hex == str(reference.crop_resistant_hash(image))


def test_every_inner_kind_has_an_answer() -> None:
    image = Image.fromarray(np.random.default_rng(5).integers(0, 256, (2, 3, 3), dtype=np.uint8))
    for inner in ("ahash", "phash", "dhash_vertical", "whash", "colorhash"):
        (value,) = compute(image, [Kind.parse(f"crop_resistant:{inner}")], "standard").values()
        assert value.kind.inner == Kind.parse(inner)
