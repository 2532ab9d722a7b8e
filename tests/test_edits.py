"""The suite of edits: that each does what its family promises, and always the same."""

from __future__ import annotations

import io
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from lookalike.evaluate.edits import EDITS, FAMILIES, GROUPS, Edit, chosen, copy_of, generator, normal, table
from lookalike.evaluate.edits.canvas import encoded, made_up
from lookalike.evaluate.edits.geometry import inner_size
from lookalike.evaluate.edits.turns import TURNS
from lookalike.evaluate.pictures import SAME, plane_of, twins

BY_NAME = {edit.name: edit for edit in EDITS}
PICTURE = made_up(np.random.default_rng(7), (240, 180))


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return normal(image)


def applied(name: str, image: Image.Image = PICTURE, seed: int = 0) -> Image.Image:
    """An edit's picture before it is saved."""
    made = BY_NAME[name].apply(image, generator(seed, "p", name))
    return opened(made) if isinstance(made, bytes) else made


def correlation(one: Image.Image, other: Image.Image) -> float:
    first, second = (plane_of(image).ravel() for image in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


def family(name: str) -> list[str]:
    return [edit.name for edit in EDITS if edit.family == name]


def test_the_suite_is_broad() -> None:
    counts = Counter(edit.family for edit in EDITS)
    assert set(counts) == set(FAMILIES)
    assert len(EDITS) >= 90
    assert min(counts.values()) >= 12
    assert len(BY_NAME) == len(EDITS)
    assert [row["edit"] for row in table()] == list(BY_NAME)
    assert all(edit.text for edit in EDITS)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_is_the_same_for_a_seed(edit: Edit) -> None:
    before = PICTURE.tobytes()
    one = copy_of(PICTURE, edit, 3, "photo.jpg")
    assert one == copy_of(PICTURE, edit, 3, "photo.jpg")
    assert PICTURE.tobytes() == before
    image = opened(one)
    assert image.mode == "RGB"
    assert min(image.size) > 8


def test_what_is_drawn_depends_on_seed_original_and_edit() -> None:
    edit = BY_NAME["frame-6"]
    one = copy_of(PICTURE, edit, 0, "a.jpg")
    assert one != copy_of(PICTURE, edit, 1, "a.jpg")
    assert one != copy_of(PICTURE, edit, 0, "b.jpg")
    assert one == copy_of(PICTURE, edit, 0, "/photos/a.jpg") == copy_of(PICTURE, edit, 0, "..\\photos\\a.jpg")
    draws = {generator(0, "a.jpg", edit.name).integers(1 << 62) for edit in EDITS}
    assert len(draws) == len(EDITS)


def test_a_name_that_is_no_unicode_has_a_generator() -> None:
    assert generator(0, "\udcff.jpg", "png").random() != generator(0, "\udcfe.jpg", "png").random()


@pytest.mark.parametrize("name", family("mild"))
def test_mild_edits_keep_the_whole_picture(name: str) -> None:
    # Other hues of colours as strong as these are other greys too.
    assert correlation(PICTURE, applied(name)) > (0.5 if name.startswith("hue") else 0.8)


@pytest.mark.parametrize("how", TURNS)
def test_turns_are_exact(how: str) -> None:
    assert applied(how).tobytes() == PICTURE.transpose(TURNS[how]).tobytes()


@pytest.mark.parametrize("name", [name for name in family("turned") if name.endswith("-again")])
def test_turned_and_saved_again(name: str) -> None:
    back = PICTURE.transpose(TURNS[name.removesuffix("-again")])
    assert correlation(back, applied(name)) > 0.98


@pytest.mark.parametrize("seed", range(12))
def test_a_picture_with_a_tag_is_shown_upright(seed: int) -> None:
    data = copy_of(PICTURE, BY_NAME["exif-turned"], seed, "p")
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif()[0x0112] in range(2, 9)
        assert correlation(PICTURE, normal(image)) > 0.99


ROUND = {"card"}
"""Their corners are cut."""


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("name", [name for name in family("borders") if name not in ROUND])
def test_borders_leave_the_whole_picture_inside(name: str, seed: int) -> None:
    whole = np.asarray(applied(name, seed=seed))
    inner = np.asarray(PICTURE)
    assert whole.shape[0] * whole.shape[1] > inner.shape[0] * inner.shape[1]
    height, width = inner.shape[:2]
    first = np.lib.stride_tricks.sliding_window_view(whole[: whole.shape[0] - height + 1], (1, width, 3))
    places = np.argwhere((first == inner[:1]).all((-3, -2, -1)))[:, :2]
    assert any((whole[y : y + height, x : x + width] == inner).all() for y, x in places)


@pytest.mark.parametrize("name", [edit.name for edit in EDITS if edit.name.startswith("frame-") and edit.strength])
def test_frames_are_as_wide_as_they_say(name: str) -> None:
    for seed in range(5):
        width = (applied(name, seed=seed).width - PICTURE.width) / 2
        wanted = BY_NAME[name].strength / 100 * PICTURE.height
        assert 0.8 * wanted - 0.5 <= width <= 1.2 * wanted + 0.5


def test_borders_have_many_colours() -> None:
    colours = {applied("frame-6", seed=seed).getpixel((0, 0)) for seed in range(40)}
    assert {(0, 0, 0), (255, 255, 255)} < colours
    assert len(colours) > 10


CROPS = [(f"crop-{keep}-{where}", keep) for keep in (98, 95, 90) for where in ("centre", "side", "any")]
LARGE_CROPS = [(f"crop-{keep}{form}", keep) for keep in (75, 50, 25, 10) for form in ("", "-form")]
LARGE_CROPS += [("crop-50-centre", 50), ("crop-25-centre", 25), ("crop-75-side", 75), ("crop-50-side", 50)]


@pytest.mark.parametrize(("name", "keep"), [*CROPS, *LARGE_CROPS])
def test_crops_keep_what_they_say(name: str, keep: int) -> None:
    picture = made_up(np.random.default_rng(0), (900, 700))
    for seed in range(6):
        part = applied(name, picture, seed)
        share = part.width * part.height / (picture.width * picture.height)
        assert share == pytest.approx(keep / 100, abs=0.004)
        if name.endswith("-side"):
            assert part.width == picture.width or part.height == picture.height


@pytest.mark.parametrize("degrees", ["0.5", "1", "2", "5", "15", "30", "45", "60", "100", "135", "170", "any"])
@pytest.mark.parametrize("size", [(240, 180), (180, 240), (200, 200), (400, 90)])
def test_rotations_with_and_without_fill(degrees: str, size: tuple[int, int]) -> None:
    grey = Image.new("RGB", size, (90, 140, 190))
    for seed in range(4):
        cut = np.asarray(applied(f"rotate-{degrees}-crop", grey, seed)).astype(int)
        assert abs(cut - (90, 140, 190)).max() <= 1, "something else than picture is in it"
        filled = np.asarray(applied(f"rotate-{degrees}-fill", grey, seed)).astype(int)
        assert abs(filled - (90, 140, 190)).max() > 1, "nothing was filled"


@given(size=st.tuples(st.integers(40, 900), st.integers(40, 900)), degrees=st.floats(0.1, 89.9, allow_subnormal=False))
def test_the_inner_part_is_the_largest_that_fits(size: tuple[int, int], degrees: float) -> None:
    angle = math.radians(degrees)
    width, height = inner_size(size, angle)
    assert fits(width, height, size, angle)
    # Taken a little larger in proportion, it does not fit any more.
    scale = 1 + 8 / min(width + 2, height + 2)
    assert not fits((width + 2) * scale, (height + 2) * scale, size, angle)


def fits(width: float, height: float, size: tuple[int, int], angle: float) -> bool:
    """Whether an upright rectangle lies within a turned one of the same centre."""
    across = width / 2 * abs(math.cos(angle)) + height / 2 * abs(math.sin(angle))
    down = width / 2 * abs(math.sin(angle)) + height / 2 * abs(math.cos(angle))
    return across <= size[0] / 2 + 1e-6 and down <= size[1] / 2 + 1e-6


@pytest.mark.parametrize("name", family("geometry"))
def test_small_geometry_shows_nearly_all(name: str) -> None:
    assert correlation(PICTURE, applied(name)) > 0.6


@pytest.mark.parametrize("name", [edit.name for edit in EDITS if edit.needs_other])
def test_the_other_picture_is_in_it(name: str) -> None:
    edit = BY_NAME[name]
    other = Image.new("RGB", (300, 300), (255, 0, 255))
    made = edit.apply(PICTURE, generator(0, "p", name), other)
    values = np.asarray(opened(made) if isinstance(made, bytes) else made).astype(int)
    assert (values[..., 0] + values[..., 2] - 2 * values[..., 1]).mean() > 25


def test_a_pasted_picture_has_its_share_of_the_area() -> None:
    other = Image.new("RGB", (300, 300), (255, 0, 255))
    for share in (70, 50, 35, 25, 15):
        made = BY_NAME[f"pasted-{share}"].apply(PICTURE, generator(0, "p", "x"), other)
        assert isinstance(made, Image.Image)
        inside = (np.asarray(made) != (255, 0, 255)).any(-1).mean()
        assert inside == pytest.approx(share / 100, abs=0.02)


# A picture of one colour that is in nothing else, and where it lies.
CYAN = (0, 255, 255)
WHOLE = [
    "app-post", "app-viewer", "app-chat", "browser-page", "shop-page", "shop-page-phone", "shop-results",
    "collage-4-margin", "collage-9-margin", "strip-3",
]  # fmt: skip


def cyan(name: str, size: tuple[int, int], seed: int) -> np.ndarray:
    """Where a cyan picture lies in the edited one."""
    other = Image.new("RGB", (300, 240), (255, 0, 255))
    made = BY_NAME[name].apply(Image.new("RGB", size, CYAN), generator(seed, "p", name), other)
    assert isinstance(made, Image.Image)
    return (abs(np.asarray(made).astype(int) - CYAN) < 40).all(-1)


@pytest.mark.parametrize("size", [(400, 300), (300, 420)])
@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_picture_is_on_the_page(name: str, size: tuple[int, int]) -> None:
    for seed in range(2):
        rows, columns = np.nonzero(cyan(name, size, seed))
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert width / height == pytest.approx(size[0] / size[1], rel=0.03)
        assert len(rows) > 0.97 * width * height


def test_a_feed_shows_nearly_all_of_it() -> None:
    for seed in range(8):
        shown = cyan("app-feed", (400, 300), seed)
        rows, columns = np.nonzero(shown)
        assert np.ptp(columns) + 1 > 0.9 * shown.shape[1] * min(1, 400 / 300)
        assert np.ptp(rows) + 1 > 0.3 * (np.ptp(columns) + 1)


@pytest.mark.parametrize(("name", "share"), [(f"pasted-{share}-turned", share) for share in (50, 25, 15)])
def test_a_turned_print_has_its_share_of_the_area(name: str, share: int) -> None:
    for seed in range(4):
        assert cyan(name, (400, 300), seed).mean() == pytest.approx(share / 100, rel=0.06)


@pytest.mark.parametrize(("name", "cells"), [("collage-4-cut", 4), ("collage-9-cut", 9), ("strip-4-cut", 4)])
def test_a_cell_is_filled(name: str, cells: int) -> None:
    for seed in range(4):
        shown = cyan(name, (400, 300), seed)
        assert 0.7 / cells < shown.mean() <= 1.02 / cells
        rows, columns = np.nonzero(shown)
        assert len(rows) > 0.97 * (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


@pytest.mark.parametrize("loss", [20, 40])
def test_a_tilt_shortens_the_far_side(loss: int) -> None:
    sides = set()
    for seed in range(16):
        shown = cyan(f"tilt-{loss}", (400, 400), seed)
        edges = {"top": shown.sum(1), "left": shown.sum(0)}
        for name, lengths in edges.items():
            lengths = lengths[lengths > 0.3 * 400].astype(float)
            ends = lengths[4], lengths[-5]
            if abs(ends[0] - ends[1]) > 0.1 * 400:
                sides.add((name, ends[0] < ends[1]))
                assert min(ends) / max(ends) == pytest.approx(1 - loss / 100, abs=0.04)
    assert len(sides) == 4


@pytest.mark.parametrize("move", [6, 12, 20, 30])
def test_perspective_moves_corners_inwards(move: int) -> None:
    for seed in range(4):
        share = cyan(f"perspective-{move}", (400, 300), seed).mean()
        assert (1 - 2 * move / 100) ** 2 - 0.01 < share < 1
    assert cyan("perspective-cut", (400, 300), 0).mean() > 0.995


def test_any_angle_is_any() -> None:
    sizes = {applied("rotate-any-crop", seed=seed).size for seed in range(8)}
    assert len(sizes) == 8


def test_a_taken_picture_is_of_quality_40() -> None:
    with Image.open(io.BytesIO(copy_of(PICTURE, BY_NAME["taken-60"], 0, "p"))) as image:
        found = image.quantization
    with Image.open(io.BytesIO(encoded(PICTURE, "JPEG", quality=40))) as image:
        assert image.quantization == found


def test_a_mirrored_crop_is_of_the_mirrored_picture() -> None:
    """The darker half of a picture is on the other side of its crop."""
    ramp = Image.fromarray(np.tile(np.linspace(0, 255, 240).astype(np.uint8), (180, 1))).convert("RGB")
    for seed in range(3):
        part = np.asarray(applied("mirrored-crop-85", ramp, seed)).mean((0, 2))
        assert part[:20].mean() > part[-20:].mean() + 50


def test_groups_are_of_edits_that_there_are() -> None:
    grouped = Counter(edit.name for patterns in GROUPS.values() for edit in chosen(patterns))
    assert set(grouped.values()) == {1}
    assert set(family("parts")) <= set(grouped)


def test_chosen() -> None:
    assert chosen() == EDITS
    assert {edit.family for edit in chosen("turned,borders")} == {"turned", "borders"}
    assert [edit.name for edit in chosen(["jpeg-50", "png"])] == ["jpeg-50", "png"]
    assert all(edit.name.startswith("crop-") for edit in chosen("crop-*"))
    assert chosen("png,mild") == chosen("mild")
    for wrong in ("nothing", "", "mild,,png"):
        with pytest.raises(ValueError, match="expected the name of an edit"):
            chosen(wrong)


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a family among"):
        Edit("x", "strange", "", lambda image, rng: image)


def with_alpha() -> Image.Image:
    image = Image.new("RGBA", (60, 40), (200, 30, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, 30, 40))
    return image


def test_normal_lays_alpha_on_white() -> None:
    image = normal(with_alpha())
    assert image.mode == "RGB"
    assert image.getpixel((5, 5)) == (255, 255, 255)
    assert image.getpixel((50, 5)) == (200, 30, 30)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "I", "F", "HSV"])
def test_normal_takes_every_mode(mode: str) -> None:
    grey = PICTURE.convert("L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = PICTURE.convert("L" if mode in ("I", "F") else "RGB").convert(mode)
    shown = normal(image)
    assert (shown.mode, shown.size) == ("RGB", PICTURE.size)
    assert correlation(PICTURE, shown) > 0.8


def test_normal_turns_and_shrinks(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (3000, 1000)).save(tmp_path / "a.jpg", exif=exif)
    with Image.open(tmp_path / "a.jpg") as image:
        shown = normal(image, 600)
    assert shown.size == (200, 600)


def test_twins_are_told_turned_or_not() -> None:
    pictures = [made_up(np.random.default_rng(seed), (200, 150)) for seed in range(6)]
    planes = [plane_of(picture) for picture in pictures]
    planes += [plane_of(ImageOps.mirror(pictures[0])), plane_of(pictures[1].rotate(90, expand=True))]
    planes += [plane_of(pictures[2].resize((90, 60)))]
    assert twins(np.stack(planes)) == {(0, 6), (1, 7), (2, 8)}
    assert 0.9 < SAME < 1


def test_flat_pictures_are_twins_by_their_level() -> None:
    planes = np.stack([np.full((32, 32), level, np.float32) for level in (0, 2, 100, 250)])
    assert twins(planes) == {(0, 1)}
    assert twins(planes[:0]) == set()
