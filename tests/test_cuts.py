"""Pictures that were cut to the form of their place: what is left of them, and that it is found."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike.cuts import cuts_of
from lookalike.overlay import agreement_of
from lookalike.regions import region_of
from test_parts import found, look_of, scene

SAME = np.eye(3)


def placed(left: float, upper: float, wide: float, high: float) -> np.ndarray:
    """From a query to the picture that lies in it there."""
    return np.linalg.inv(np.array([[wide, 0.0, left], [0.0, high, upper], [0.0, 0.0, 1.0]]))


def keypoints(matrix: np.ndarray, corners: list[tuple[float, float]]) -> np.ndarray:
    """Places in the other picture, and where they are in the query."""
    back = np.linalg.inv(matrix) @ np.array([(x, y, 1.0) for x, y in corners]).T
    return np.concatenate([(back[:2] / back[2]).T, np.array(corners)], axis=1)


def test_strips_go_as_far_as_the_keypoints() -> None:
    matrix = placed(0.1, 0.2, 0.5, 0.4)
    cuts = list(cuts_of(matrix, region_of(matrix), keypoints(matrix, [(0.3, 0.2), (0.7, 0.9), (0.5, 0.5)])))
    assert [cut.of_query for cut in cuts] == [False, False]
    assert np.allclose([cut.frame for cut in cuts], [(0.25, 0, 0.75, 1), (0, 0.15, 1, 0.95)])
    assert [cut.region.of_b for cut in cuts] == pytest.approx([0.5, 0.8])
    assert [cut.region.of_a for cut in cuts] == pytest.approx([0.1, 0.16])


def test_strips_of_a_query_in_a_collage() -> None:
    matrix = np.linalg.inv(placed(0.1, 0.2, 0.5, 0.4))
    places = keypoints(np.linalg.inv(matrix), [(0.3, 0.2), (0.7, 0.9)])[:, [2, 3, 0, 1]]
    upright, level = cuts_of(matrix, region_of(matrix), places)
    assert upright.of_query
    assert np.allclose(upright.frame, (0.25, 0, 0.75, 1))
    assert upright.region.of_a == pytest.approx(0.5)
    assert level.region.of_a == pytest.approx(0.8)


def test_no_strips_of_what_is_as_large_in_both_or_narrow() -> None:
    assert not list(cuts_of(SAME, region_of(SAME), keypoints(SAME, [(0.3, 0.2), (0.7, 0.9)])))
    matrix = placed(0.1, 0.2, 0.5, 0.4)
    assert not list(cuts_of(matrix, region_of(matrix), keypoints(matrix, [(0.4, 0.4), (0.6, 0.6)])))
    assert not list(cuts_of(matrix, region_of(matrix), keypoints(matrix, [(0.01, 0.01), (0.99, 0.99)])))
    assert not list(cuts_of(matrix, region_of(matrix), np.zeros((0, 4))))


@pytest.mark.parametrize("fine", [False, True])
def test_agreement_within_a_frame(fine: bool) -> None:
    """Beside the frame the pictures differ, which does not count; whichever has the finer cells."""
    one = scene(40)
    other = scene(41)
    other.paste(one.crop((150, 0, 450, 450)), (150, 0))
    matrix = SAME
    if fine:
        other, matrix = other.crop((0, 0, 600, 300)), np.array([[1, 0, 0], [0, 1.5, 0], [0, 0, 1.0]])
    whole = agreement_of(look_of(one), look_of(other), matrix)
    within = agreement_of(look_of(one), look_of(other), matrix, (0.25, 0.0, 0.75, 1.0))
    assert within.cells == pytest.approx(whole.cells / 2, rel=0.1)
    assert within.changes > 0.95
    assert within.clashing < 0.02
    assert whole.changes < 0.8


@pytest.mark.parametrize("way", ["collage is the query", "picture is the query"])
def test_picture_cut_to_a_cell_of_a_collage(way: str) -> None:
    pytest.importorskip("cv2", reason="needs the extra 'parts'")
    original = scene(42, (600, 360))
    collage = Image.new("RGB", (800, 800), "white")
    cells = [original.crop((120, 0, 480, 360)), *(scene(seed, (360, 360)) for seed in (43, 44, 45))]
    for number, cell in enumerate(cells):
        collage.paste(cell.resize((400, 400)), (400 * (number % 2), 400 * (number // 2)))
    match = found(collage, original) if way == "collage is the query" else found(original, collage)
    assert match is not None
    assert match.verdict == "part"
    assert match.confidence > 0.9
    of_collage, of_original = match.overlap if way == "collage is the query" else match.overlap[::-1]
    assert of_collage == pytest.approx(0.25, abs=0.05)
    assert of_original == pytest.approx(0.6, abs=0.1)
