"""Pictures of modes that cannot be hashed, and of numbers that could mean two things."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dropin import PICTURE
from lookalike.errors import NoImageError
from lookalike.fingerprints import compute, fingerprint, fingerprint_rows
from lookalike.kinds import Kind


def hashes(source: object) -> dict[str, str]:
    return {kind: value.hex for kind, value in fingerprint(source).hashes.items()}


@pytest.mark.parametrize("mode", ["LAB", "La"])
@pytest.mark.parametrize("kind", ["ahash", "colorhash", "crop_resistant"])
def test_a_mode_that_pillow_cannot_convert_is_no_image(mode: str, kind: str) -> None:
    image = PICTURE.convert("LAB") if mode == "LAB" else PICTURE.convert("LA").convert("La")
    text = f"no hash of a picture of 300 x 200 and mode {mode}: conversion from"
    with pytest.raises(NoImageError, match=text):
        compute(image, [Kind.parse(kind)], "imagehash")
    with pytest.raises(NoImageError, match=f"^image 0: {text}"):
        fingerprint(image, kinds=kind, recipe="imagehash")
    bad, good = fingerprint_rows([image, PICTURE], kinds=kind, recipe="imagehash")
    assert text in bad["error"]
    assert (bad[kind], bad["width"], good["error"]) == (None, None, None)


def test_a_picture_without_pixels_is_no_image() -> None:
    with pytest.raises(NoImageError, match="no hash of a picture of 0 x 5 and mode RGB"):
        compute(Image.new("RGB", (0, 5)), [Kind("ahash")], "standard")


def test_32_bits_hold_bytes_or_16_bits() -> None:
    grey = PICTURE.convert("L")
    values = np.asarray(grey).astype(np.int32)
    expected = hashes(grey)
    for source in (grey.convert("I"), values, values * 257, Image.fromarray(values * 257)):
        assert hashes(source) == expected


def test_floats_that_overshoot_are_shares() -> None:
    shares = np.asarray(PICTURE) / 255
    shares[5, 5] = 1.02
    clipped = np.asarray(PICTURE).copy()
    clipped[5, 5] = 255
    assert hashes(shares) == hashes(clipped)
