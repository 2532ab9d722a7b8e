"""The eight ways to turn a picture: their names, and the hashes of all eight from one decoding."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike import turns
from lookalike.errors import NoFileError, NoImageError
from lookalike.fingerprints import fingerprint, turned_fingerprints, turned_many
from lookalike.hashes import Hash
from lookalike.sources.pillow import turned
from pictures import MODES

KINDS = (
    *("ahash", "phash", "phash:16", "phash_simple", "dhash", "dhash_vertical"),
    *("whash", "whash:db4", "colorhash", "pdq"),
)
ALL = (*KINDS, "crop_resistant", "crop_resistant:pdq", "crop_resistant:colorhash")
ORIENTATION = 0x0112


def picture(width: int = 300, height: int = 200, seed: int = 1) -> Image.Image:
    """Colours with some order, so that bits are not near their thresholds."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str, orientation: int = 1, **options: object) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.save(file, form, exif=exif, **options)
    return file.getvalue()


def hexes(prints: object) -> list[str]:
    return [value.hex for value in prints.hashes.values()]  # type: ignore[attr-defined]


def test_names_say_what_was_done() -> None:
    grid = np.arange(6, dtype=np.uint8).reshape(2, 3)
    expected = {
        "none": grid,
        "mirror": grid[:, ::-1],
        "rotate180": grid[::-1, ::-1],
        "flip": grid[::-1],
        "transpose": grid.T,
        "rotate90": np.rot90(grid, -1),  # NumPy turns counterclockwise
        "transverse": grid[::-1, ::-1].T,
        "rotate270": np.rot90(grid),
    }
    assert tuple(expected) == turns.NAMES
    for turn, (name, pixels) in enumerate(expected.items(), 1):
        assert (turns.number_of(name), turns.name_of(turn)) == (turn, name)
        assert np.array_equal(turned(Image.fromarray(grid), turn), pixels), name
        assert turns.is_across(turn) == (pixels.shape != grid.shape)


def test_an_inverse_undoes() -> None:
    grid = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    for turn in turns.ALL_TURNS:
        back = turned(turned(grid, turn), turns.inverse(turn))
        assert np.array_equal(back, grid)


def test_asked_for_by_name() -> None:
    assert turns.parse_turns("all") == tuple(range(1, 9))
    assert turns.parse_turns("none") == turns.parse_turns([]) == (1,)
    assert turns.parse_turns("mirror") == (1, 2)
    assert turns.parse_turns(["rotate90", "none", "mirror", "mirror"]) == (1, 2, 6)
    with pytest.raises(ValueError, match="unknown transform 'twist': expected one of none, mirror"):
        turns.parse_turns(["twist"])
    with pytest.raises(TypeError, match="expected 'all', 'none' or names"):
        turns.parse_turns([6])  # type: ignore[list-item]
    for wrong in (0, 9):
        with pytest.raises(ValueError, match="from 1 to 8"):
            turns.name_of(wrong)


@pytest.mark.parametrize("recipe", ["standard", "imagehash"])
@pytest.mark.parametrize("size", [(300, 200), (61, 90), (8, 3)])
def test_all_pixels_give_the_hashes_of_turned_pixels(size: tuple[int, int], recipe: str) -> None:
    image = picture(*size)
    for source in (encoded(image, "PNG"), image, np.asarray(image)):
        found = turned_fingerprints(source, kinds=ALL, recipe=recipe)
        assert len(found) == 8
        for turn, one in enumerate(found, 1):
            expected = fingerprint(turned(image, turn), kinds=ALL, recipe=recipe)
            assert hexes(one) == hexes(expected), turns.name_of(turn)
            assert (one.width, one.height) == (expected.width, expected.height)
            assert one.pdq_quality == expected.pdq_quality is not None


@pytest.mark.parametrize("mode", ["P", "CMYK"])
def test_pdq_of_other_colours_is_of_red_green_and_blue_however_turned(mode: str) -> None:
    image = MODES[mode](picture(200, 150))
    for turn, one in enumerate(turned_fingerprints(image, kinds="pdq", recipe="imagehash"), 1):
        expected = fingerprint(turned(image.convert("RGB"), turn), kinds="pdq", recipe="imagehash")
        assert (hexes(one), one.pdq_quality) == (hexes(expected), expected.pdq_quality), turns.name_of(turn)


def test_kinds_of_the_core_alone() -> None:
    """Without colours of segments the core has all to itself."""
    image = picture()
    kinds = (*KINDS, "crop_resistant")
    for turn, one in enumerate(turned_fingerprints(encoded(image, "PNG"), kinds=kinds), 1):
        expected = fingerprint(turned(image, turn), kinds=kinds)
        assert (hexes(one), one.pdq_quality) == (hexes(expected), expected.pdq_quality)


@pytest.mark.parametrize("size", [(403, 329), (250, 180), (100, 90), (50, 60)])
@pytest.mark.parametrize("progressive", [False, True])
def test_reduced_samples_give_the_hashes_of_a_turned_file(size: tuple[int, int], progressive: bool) -> None:
    """A JPEG whose EXIF data say that it is turned has the same samples: the same bits, at every scale."""
    image = picture(*size)
    upright = turned_fingerprints(encoded(image, "JPEG", progressive=progressive), kinds=ALL, look=True)
    for turn in turns.ALL_TURNS:
        expected = fingerprint(encoded(image, "JPEG", turn, progressive=progressive), kinds=ALL, look=True)
        assert hexes(upright[turn - 1]) == hexes(expected), turns.name_of(turn)
        mine, theirs = upright[turn - 1].look, expected.look
        assert mine is not None
        assert theirs is not None
        assert mine.size == theirs.size
        assert np.abs(mine.grey.astype(int) - theirs.grey).max() <= 6
        assert np.abs(mine.colour.astype(int) - theirs.colour).max() <= 1


def test_photos_are_within_a_bit_or_so(shared: Path) -> None:
    """Of JPEG photos, against the hashes of all their pixels turned."""
    kinds = ("phash", "dhash")
    bits: list[int] = []
    for path in sorted((shared / "photos" / "everyday").glob("*.jpg"))[:12]:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        for turn, one in enumerate(turned_fingerprints(path, kinds=kinds), 1):
            expected = fingerprint(turned(image, turn), kinds=kinds)
            for kind in kinds:
                mine, theirs = one[kind], expected[kind]
                assert isinstance(mine, Hash)
                assert isinstance(theirs, Hash)
                bits.append(mine - theirs)
    assert sum(bits) / len(bits) < 0.5
    assert max(bits) <= 6


def test_a_turned_file_is_upright_first() -> None:
    """The eight begin with the picture as it is shown."""
    image = picture()
    for form in ("JPEG", "PNG"):
        content = encoded(image, form, 6)
        first = turned_fingerprints(content, kinds=KINDS)[0]
        assert hexes(first) == hexes(fingerprint(content, kinds=KINDS))
        assert (first.width, first.height) == (200, 300)


def test_looks_and_digests_come_along() -> None:
    found = turned_fingerprints(encoded(picture(), "PNG"), kinds="phash", digest=True, look=True)
    assert len({one.digest for one in found}) == 1
    assert found[0].digest is not None
    assert found[0].look is not None
    for turn, one in enumerate(found, 1):
        assert one.look == found[0].look.turned(turn)
    plain = turned_fingerprints(encoded(picture(), "PNG"), kinds="phash")
    assert all(one.look is None and one.digest is None for one in plain)


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoFileError):
        turned_fingerprints(tmp_path / "none.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    with pytest.raises(NoImageError, match=r"bad\.jpg: expected"):
        turned_fingerprints(tmp_path / "bad.jpg")


def test_many_come_in_order_with_their_errors(tmp_path: Path) -> None:
    def sources() -> Iterator[object]:
        for seed in range(6):
            yield encoded(picture(seed=seed), "JPEG")
            yield picture(seed=seed)
        yield b"no picture"
        yield tmp_path / "none.jpg"

    found = list(turned_many(sources(), kinds="dhash", workers=2, look=True))
    assert len(found) == 14
    for seed in range(6):
        jpeg, pixels = found[2 * seed : 2 * seed + 2]
        assert jpeg.error is None
        assert len(jpeg.prints) == 8
        assert hexes(pixels.prints[4]) == hexes(fingerprint(turned(picture(seed=seed), 5), kinds="dhash"))
    assert all(one.prints == [] and one.error for one in found[-2:])
    with pytest.raises(ValueError, match="at least 1 worker"):
        turned_many([], workers=0)
