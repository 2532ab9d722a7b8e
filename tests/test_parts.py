"""Parts: a map by keypoints, whether the pictures agree under it, and what is a copy then."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from lookalike import fingerprint
from lookalike.direct import plan_of
from lookalike.kinds import Kind
from lookalike.looks import Look
from lookalike.options import DEFAULT_LIMITS
from lookalike.overlay import agreement_of
from lookalike.parts import PartMatch, part_match
from lookalike.regions import area
from lookalike.single import turned_item
from lookalike.sources import expand
from lookalike.strays import share_of_strays

pytest.importorskip("cv2", reason="needs the extra 'parts'")

SAME = np.eye(3)


def scene(seed: int, size: tuple[int, int] = (600, 450)) -> Image.Image:
    """Soft ground with two hundred shapes of all sizes: as rich in corners as a photograph."""
    rng = np.random.default_rng(seed)
    ground = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(ground)
    for _ in range(200):
        x, y = rng.integers(0, size[0]), rng.integers(0, size[1])
        reach = int(rng.integers(4, 60))
        points = [
            (x + int(dx), y + int(dy)) for dx, dy in rng.integers(-reach, reach + 1, (int(rng.integers(3, 6)), 2))
        ]
        draw.polygon(points, fill=tuple(int(level) for level in rng.integers(0, 256, 3)))
    return ground.filter(ImageFilter.GaussianBlur(0.7))


def found(query: Image.Image, other: Image.Image, *, looks: bool = True) -> PartMatch | None:
    """What `part_match` says of two pictures, as a library asks it."""
    kept = fingerprint(other, kinds="phash", look=True, keypoints=True)
    plan = plan_of([Kind.parse("phash")], "standard", DEFAULT_LIMITS, False, True, keypoints=True)
    upright, mirrored = turned_item(next(iter(expand(query))), plan)[:2]
    assert upright.keypoints is not None
    assert kept.keypoints is not None
    return part_match((upright.keypoints, mirrored.keypoints), kept.keypoints, upright.look if looks else None,
                      kept.look if looks else None)  # fmt: skip


def logo() -> Image.Image:
    """A shop's mark, rich in corners."""
    mark = scene(99, (110, 80))
    ImageDraw.Draw(mark).text((8, 30), "SHOP 24", fill="white", font_size=22)
    return mark


def test_crop_lies_where_it_was_cut() -> None:
    whole = scene(1)
    match = found(whole.crop((150, 90, 450, 315)).resize((500, 375)), whole)
    assert match is not None
    assert match.verdict == "part"
    assert match.confidence > 0.95
    assert not match.mirrored
    assert match.overlap[0] == pytest.approx(1.0, abs=0.05)
    assert match.overlap[1] == pytest.approx(0.25, abs=0.03)
    corners = match.matrix @ np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    assert np.allclose((corners[:2] / corners[2]).T, [(0.25, 0.2), (0.75, 0.2), (0.75, 0.7), (0.25, 0.7)], atol=0.02)
    assert area(match.region[1]) == pytest.approx(match.overlap[1])
    put = match.matrix @ np.concatenate([match.inliers[:, :2].T, np.ones((1, len(match.inliers)))])
    assert np.median(np.hypot(*((put[:2] / put[2]).T - match.inliers[:, 2:]).T)) < 0.01


def test_mirrored_and_rotated_in_another_picture() -> None:
    original, page = scene(2), scene(3, (900, 700))
    small = ImageOps.mirror(original).resize((400, 300)).rotate(20, expand=True)
    page.paste(
        small, (100, 80), Image.new("L", ImageOps.mirror(original).resize((400, 300)).size, 255).rotate(20, expand=True)
    )
    match = found(page, original)
    assert match is not None
    assert match.verdict == "part"
    assert match.mirrored
    assert np.linalg.det(match.matrix) < 0
    assert match.overlap[1] > 0.9


def test_unrelated_pictures_share_nothing() -> None:
    verdicts = {getattr(found(scene(seed), scene(seed + 100)), "verdict", "none") for seed in range(4, 10)}
    assert verdicts == {"none"}


def test_shared_logo_is_no_copy() -> None:
    one, other = scene(20), scene(21)
    for page in (one, other):
        page.paste(logo().resize((165, 120)), (20, 20))
    match = found(one, other)
    assert match is not None
    assert match.verdict == "shared logo"
    assert match.confidence < 0.5


def test_shared_surroundings_are_no_copy() -> None:
    """As two screenshots of one app are: most keypoints lie alike, and the pictures in them differ."""
    one, other = scene(22), scene(22)
    one.paste(scene(23, (330, 250)), (140, 100))
    other.paste(scene(24, (330, 250)), (140, 100))
    match = found(one, other)
    assert match is not None
    assert match.surprise > 20
    assert match.verdict == "shared logo"


def test_picture_under_a_box_is_a_copy() -> None:
    one = scene(25)
    other = one.copy()
    ImageDraw.Draw(other).rectangle((350, 200, 590, 440), fill="white")
    match = found(other, one)
    assert match is not None
    assert match.verdict == "part"


def test_second_view_is_no_copy() -> None:
    """What is near has moved against what is far, as from the other eye."""
    far, near = scene(26), scene(27)
    mask = Image.new("L", near.size)
    draw = ImageDraw.Draw(mask)
    for x in range(20, 600, 120):
        draw.rectangle((x, 0, x + 60, 450), fill=255)
    one, other = far.copy(), far.copy()
    one.paste(near, (0, 0), mask)
    moved = Image.new("L", near.size)
    moved.paste(mask, (10, 0))
    other.paste(near, (10, 0), moved)
    match = found(one, other)
    assert match is not None
    assert match.surprise > 20
    assert match.verdict != "part"


@pytest.mark.parametrize("empty", ["query", "other", "both"])
def test_pictures_without_keypoints(empty: str) -> None:
    blank = Image.new("RGB", (400, 300), "white")
    match = found(blank if empty != "other" else scene(5), blank if empty != "query" else scene(5))
    assert match is None or match.verdict == "none"


def test_without_looks_keypoints_decide() -> None:
    whole = scene(6)
    match = found(whole.crop((100, 60, 500, 360)), whole, looks=False)
    assert match is not None
    assert match.agreement is None
    assert match.verdict == "part"
    assert getattr(found(scene(7), scene(107), looks=False), "verdict", "none") == "none"


def look_of(image: Image.Image) -> Look:
    kept = fingerprint(image, kinds="phash", look=True).look
    assert kept is not None
    return kept


def test_agreement_of_a_picture_and_its_crop() -> None:
    whole = scene(30)
    part = look_of(whole.crop((150, 90, 450, 315)))
    back = np.array([[0.5, 0, 0.25], [0, 0.5, 0.2], [0, 0, 1]])
    right = agreement_of(part, look_of(whole), back)
    assert 200 < right.cells <= 256
    assert right.changes > 0.9
    assert right.middle > 0.9
    assert right.clashing < 0.02
    wrong = agreement_of(part, look_of(whole), back + np.array([[0, 0, 0.15], [0, 0, 0.1], [0, 0, 0]]))
    assert wrong.changes < 0.5
    assert wrong.clashing > 0.1


def test_agreement_of_stripes_proves_nothing() -> None:
    stripes = Image.fromarray(np.tile(np.uint8([[40] * 24 + [220] * 24]), (480, 12)))
    assert agreement_of(look_of(stripes), look_of(stripes), SAME).repeated > 0.9
    assert agreement_of(look_of(scene(31)), look_of(scene(31)), SAME).repeated < 0.6


def test_agreement_of_nothing_in_common() -> None:
    aside = np.array([[1, 0, 5.0], [0, 1, 0], [0, 0, 1]])
    nothing = agreement_of(look_of(scene(32)), look_of(scene(33)), aside)
    assert (nothing.cells, nothing.changes, nothing.middle) == (0, 0.0, 0.0)


def test_strays_are_the_details_beside_their_place() -> None:
    whole = scene(34)
    kept = fingerprint(whole, kinds="phash", keypoints=True).keypoints
    assert kept is not None
    assert share_of_strays(kept, kept, SAME) == 0
    moved = np.array([[1, 0, 0.03], [0, 1, 0], [0, 0, 1]])
    assert share_of_strays(kept, kept, moved) > 0.5


def test_agreement_of_flat_ground_has_no_warnings() -> None:
    """Sums by differences of running sums can be a little below zero."""
    half = Image.new("RGB", (400, 300), (200, 201, 202))
    half.paste(scene(35, (200, 300)), (0, 0))
    nearly = np.array([[1, 0.001, 0.002], [0, 1, 0], [0, 0, 1]])
    assert agreement_of(look_of(half), look_of(half), nearly).changes > 0.8
