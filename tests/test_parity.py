"""The parity proof: the same bits as ImageHash 4.3.2 on real pictures, every kind, many sizes, every mode.

`make test` takes an even sample of the files. The whole proof takes an hour or two:

    LOOKALIKE_FULL=1 pytest tests/test_parity.py     every file is a test
    python tests/test_parity.py [STEP [START]]       every STEPth file from START; prints the sums
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import PIL
import pytest
from PIL import Image

import parity
import pictures

reference = pytest.importorskip("imagehash", reason="needs ImageHash 4.3.2 to compare with")
pytest.importorskip("scipy", reason="ImageHash's phash needs SciPy")
pytest.importorskip("pywt", reason="ImageHash's whash needs PyWavelets")

FULL = os.environ.get("LOOKALIKE_FULL") == "1"
INNER = (*parity.GREY, "whash", "colorhash")
REGIONS = (
    {"segmentation_image_size": 100, "min_segment_size": 50},
    {"segmentation_image_size": 61, "min_segment_size": 0, "segment_threshold": 100.5},
    {"segmentation_image_size": 80, "min_segment_size": 20, "limit_segments": 3},
    {"segmentation_image_size": 80, "min_segment_size": 2, "limit_segments": -2, "segment_threshold": 180},
    {"segmentation_image_size": 7, "min_segment_size": 1},
)
OF_THE_PHOTOS, OF_THE_BAD = (1, 1) if FULL else (53, 41)


def _sample(folder: str, step: int) -> list[Path]:
    return pictures.files(folder)[step // 2 :: step]


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(pictures.SHARED)) for path in paths]


PHOTOS, BAD = _sample("photos", OF_THE_PHOTOS), _sample("bad", OF_THE_BAD)
needs_data = pytest.mark.skipif(not PHOTOS, reason="needs the shared data beside the project")


def proof_of(path: Path) -> parity.Tally:
    """Everything about one file; nothing if it is no picture."""
    tally = parity.Tally()
    image = pictures.opened(path)
    if image is None:
        return tally
    tally.files = 1
    for part in _parts(image, str(path.relative_to(pictures.SHARED))):
        tally.add(part)
    return tally


def _parts(image: Image.Image, name: str) -> Iterator[parity.Tally]:
    yield parity.compare(reference, image, parity.all_sizes(image.width * image.height), name)
    yield parity.compare_regions(reference, image, INNER, name)
    for settings in REGIONS:
        yield parity.compare_regions(reference, image, ("dhash",), name, **settings)
    if image.mode not in pictures.MODES or 0 in image.size:
        return
    for mode, picture in zip(pictures.MODES, pictures.in_every_mode(image), strict=True):
        yield parity.compare(reference, picture, parity.default_sizes(), f"{name} as {mode}")
        settings = {"segmentation_image_size": 50, "min_segment_size": 12}
        yield parity.compare_regions(reference, picture, ("dhash", "colorhash"), f"{name} as {mode}", **settings)


@needs_data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", PHOTOS, ids=_names(PHOTOS))
def test_photos_have_the_same_bits(path: Path) -> None:
    tally = proof_of(path)
    assert not tally.failures
    assert tally.files == 1
    assert tally.bits > 20_000
    assert not tally.order_bits or int(PIL.__version__.split(".")[0]) > 12


@needs_data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", BAD, ids=_names(BAD))
def test_odd_files_have_the_same_bits(path: Path) -> None:
    tally = proof_of(path)
    assert not tally.failures
    if not tally.files:
        pytest.skip("Pillow does not open it, or it is larger than 50 megapixels")


def _flat(side: int, *values: int) -> Image.Image:
    picture = Image.new("L", (side, side), values[0])
    for band, value in enumerate(values):
        picture.paste(value, (band * side // len(values), 0, (band + 1) * side // len(values), side))
    return picture


@pytest.mark.parametrize("values", [(0,), (255,), (37,), (10, 200), (200, 10), (0, 255, 0), (1, 2, 3, 3, 2, 1)])
@pytest.mark.parametrize("side", [1, 2, 8, 32, 100])
def test_blank_and_symmetric_pictures(values: tuple[int, ...], side: int) -> None:
    picture = _flat(side, *values)
    tally = parity.compare(reference, picture, parity.all_sizes(side * side), f"bands {values}")
    tally.add(parity.compare(reference, picture.rotate(90), parity.all_sizes(side * side), f"bands {values} lying"))
    assert not tally.failures


@pytest.mark.parametrize("width", [1, 2, 3, 7, 9, 31, 33, 64, 127])
@pytest.mark.parametrize("height", [1, 2, 5, 8, 40, 65])
def test_small_and_narrow_pictures(width: int, height: int) -> None:
    picture = Image.frombytes("RGB", (width, height), bytes(i * i * 7 // 5 % 256 for i in range(3 * width * height)))
    tally = parity.compare(reference, picture, parity.all_sizes(width * height), f"{width} x {height}")
    for settings in REGIONS:
        inner = ("dhash", "colorhash")
        tally.add(parity.compare_regions(reference, picture, inner, f"{width} x {height}", **settings))
    assert not tally.failures


def test_the_order_of_passes_in_tall_pictures() -> None:
    picture = Image.frombytes("L", (7, 1500), bytes(i * i * 11 // 3 % 256 for i in range(7 * 1500)))
    assert not parity.compare(reference, picture, parity.all_sizes(10_500), "tall").failures
    assert not parity.compare_regions(reference, picture, INNER, "tall").failures


def test_the_proof_can_fail() -> None:
    picture = Image.linear_gradient("L")
    mine, its = parity.ours.dhash(picture), reference.dhash(picture)
    its.hash[3, 4] ^= True
    tally = parity.judged(picture, parity.Case.of("dhash"), its, mine, "gradient")
    tally.add(parity.judged(picture, parity.Case.of("dhash"), ValueError("no"), mine, "gradient"))
    tally.add(parity.judged(picture, parity.Case.of("phash"), its, parity.ours.phash(picture), "gradient"))
    assert (len(tally.failures), tally.noise_bits) == (3, 0)
    assert tally.differing_bits > 1


def main(step: int = 1, start: int = 0) -> int:
    """Prove all files, or every `step`th, and print the sums."""
    total = {}
    for folder in ("photos", "bad"):
        total[folder] = parity.Tally()
        paths = pictures.files(folder)[start::step]
        for done, path in enumerate(paths, 1):
            tally = proof_of(path)
            total[folder].add(tally)
            for failure in tally.failures:
                print("DIFFERS", failure, flush=True)
            if done % 100 == 0:
                print(f"... {folder} {done} of {len(paths)}: {total[folder]}", flush=True)
        print(f"{folder}: {len(paths)} files looked at; {total[folder]}", flush=True)
    return 1 if any(tally.failures for tally in total.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
