"""Pictures that were cut to the form of their place: what is left of them, and that it is found."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike import parts
from lookalike.cuts import cuts_of
from lookalike.overlay import Agreement, agreement_of
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


def test_strips_go_as_far_as_the_keypoints_or_a_little_farther() -> None:
    matrix = placed(0.1, 0.2, 0.5, 0.4)
    cuts = list(cuts_of(matrix, region_of(matrix), keypoints(matrix, [(0.3, 0.2), (0.7, 0.7), (0.5, 0.5)])))
    assert not any(cut.of_query for cut in cuts)
    assert np.allclose(
        [cut.frame for cut in cuts],
        [
            *((0.3, 0, 0.7, 1), (0, 0.2, 1, 0.7)),
            *((0.28, 0, 0.72, 1), (0, 0.18, 1, 0.72)),
            *((0.25, 0, 0.75, 1), (0, 0.15, 1, 0.75)),
        ],
    )
    assert [cut.region.of_b for cut in cuts] == pytest.approx([0.4, 0.5, 0.44, 0.54, 0.5, 0.6])
    assert [cut.region.of_a for cut in cuts] == pytest.approx([0.2 * cut.region.of_b for cut in cuts])


def test_where_much_of_both_sides_is_left_both_may_be_cut() -> None:
    matrix = placed(0.1, 0.2, 0.5, 0.4)
    cuts = list(cuts_of(matrix, region_of(matrix), keypoints(matrix, [(0.2, 0.1), (0.8, 0.9)])))
    assert np.allclose(
        [cut.frame for cut in cuts][2::3], [(0.2, 0.1, 0.8, 0.9), (0.18, 0.08, 0.82, 0.92), (0.15, 0.05, 0.85, 0.95)]
    )
    assert len(cuts) == 9


def test_strips_of_a_query_in_a_collage() -> None:
    matrix = np.linalg.inv(placed(0.1, 0.2, 0.5, 0.4))
    places = keypoints(np.linalg.inv(matrix), [(0.3, 0.2), (0.7, 0.7)])[:, [2, 3, 0, 1]]
    upright, level = list(cuts_of(matrix, region_of(matrix), places))[-2:]
    assert upright.of_query
    assert np.allclose(upright.frame, (0.25, 0, 0.75, 1))
    assert upright.region.of_a == pytest.approx(0.5)
    assert level.region.of_a == pytest.approx(0.6)


def test_no_strips_of_wholes_and_none_that_are_narrow_or_all() -> None:
    assert not list(cuts_of(SAME, region_of(SAME), keypoints(SAME, [(0.3, 0.2), (0.7, 0.9)])))
    matrix = placed(0.1, 0.2, 0.5, 0.4)
    assert not list(cuts_of(matrix, region_of(matrix), keypoints(matrix, [(0.42, 0.42), (0.58, 0.58)])))
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


def test_square_cut_from_a_picture_and_as_large_as_it_was() -> None:
    pytest.importorskip("cv2", reason="needs the extra 'parts'")
    original, page = scene(46, (600, 450)), scene(47, (675, 450))
    page.paste(original.crop((75, 0, 525, 450)), (0, 0))
    match = found(page, original)
    assert match is not None
    assert not region_of(match.matrix).is_scaled
    assert match.verdict == "part"
    assert match.overlap[1] == pytest.approx(0.75, abs=0.1)


def agreement(agreeing: float, changes: float) -> Agreement:
    return Agreement(cells=400, changes=changes, agreeing=agreeing, clashing=0.0, middle=changes)


@pytest.mark.parametrize("scaled", [True, False])
def test_a_cut_ends_at_once_and_a_second_view_does_not(scaled: bool) -> None:
    matrix = placed(0.1, 0.1, 0.5, 0.5) if scaled else placed(0.4, 0.0, 1.0, 1.0)
    whole, half = region_of(matrix), region_of(matrix, frame_b=(0.3, 0, 0.6, 1))
    assert whole.is_scaled == scaled
    share = half.of_b / whole.of_b

    def clean(left: float, beside: float, changes: float) -> bool:
        both = share * left + (1 - share) * beside
        return parts._is_clean(whole, agreement(both, 0.5), half, agreement(left, changes))

    assert clean(0.98, 0.2, 0.97)
    assert not clean(0.98, 0.6, 0.97), "what lies beside it agrees as well"
    assert not clean(0.98, 0.2, 0.9), "and it does not agree itself"
    assert clean(0.8, 0.2, 0.97) == scaled
    assert clean(0.98, 0.2, 0.945)
    assert clean(0.98, 0.42, 0.96) == scaled
    assert not parts._is_clean(whole, agreement(0.98, 0.97), whole, agreement(0.98, 0.97)), "nothing was cut"


def test_patterns_agree_with_each_other_but_their_keypoints_do_not() -> None:
    assert parts._doubt(0.0) == parts._doubt(20.0) == 1.0
    assert parts._doubt(25.0) == pytest.approx(0.7)
    assert parts._doubt(30.0) == parts._doubt(300.0) == pytest.approx(0.4)
