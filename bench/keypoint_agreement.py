"""The matching of pairs against OpenCV's own, on the same keypoints: its brute-force matcher with the ratio test, and
RANSAC for a similarity or a homography. True pairs are edits of photographs, false ones are of two photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.keypoint_index import PairMatch, match_pairs

from .harness import Line, alternate, main, milliseconds, use_one_core
from .keypoint_sets import EDITS, _fields, keypoints_of, photos

LIBRARY_BUDGET, QUERY_BUDGET = 160, 800
NAMES = ("crop to 50 %", "crop to 25 %", "rotation by 45 degrees", "perspective")
RATIO = 0.85
TOLERANCE = 6.0
"""Units, 512ths of the plane's longer side."""

FEWEST = 8
"""Inliers that tell a match, for OpenCV's; and ours in different cells."""

SAME_CORNERS = 0.02
"""How far apart, as a share of the longer side, the same corner may be by both."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """OpenCV's: a map in units, and how many pairs agree with it."""

    matrix: Matrix | None
    inliers: int


def opencv(cv2: Any, query: bytes, other: bytes, perspective: bool) -> Answer:
    """Brute force with the ratio test from the other's keypoints to the query's, then RANSAC."""
    codes, places = zip(*(_placed(blob) for blob in (query, other)), strict=True)
    if min(map(len, codes)) < FEWEST:
        return Answer(None, 0)
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    pairs = [two for two in matcher.knnMatch(codes[1], codes[0], k=2) if len(two) == 2]
    good = [one for one, two in pairs if one.distance < RATIO * two.distance]
    if len(good) < FEWEST:
        return Answer(None, 0)
    start = places[0][[one.trainIdx for one in good]]
    end = places[1][[one.queryIdx for one in good]]
    cv2.setRNGSeed(1)
    if perspective:
        matrix, inside = cv2.findHomography(start, end, cv2.RANSAC, TOLERANCE, maxIters=5000)
    else:
        matrix, inside = cv2.estimateAffinePartial2D(
            start, end, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=5000
        )
        matrix = None if matrix is None else np.vstack([matrix, [0, 0, 1]])
    inliers = 0 if matrix is None else int(inside.sum())
    return Answer(matrix if inliers >= FEWEST else None, inliers)


def _placed(blob: bytes) -> tuple[NDArray[np.uint8], Matrix]:
    """Codes, and places in units."""
    codes, places, _, _ = _fields(blob)
    return np.array(codes), places / 65535 * frame(blob)


def frame(blob: bytes) -> Matrix:
    """Width and height of a plane in units."""
    sides = np.frombuffer(blob, "<u2", 2, 4).astype(float)
    return np.asarray(sides * 512 / sides.max())


def in_units(pair: PairMatch, query: bytes, other: bytes) -> Matrix | None:
    """Our map, in units; None if it is too weak to count."""
    if pair.matrix is None or pair.figures.cells < FEWEST:
        return None
    return np.asarray(np.diag([*frame(other), 1]) @ pair.matrix @ np.diag([*1 / frame(query), 1]))


def applied(matrix: Matrix, points: Matrix) -> Matrix:
    """Where points go."""
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:])


def apart(ours: Matrix, theirs: Matrix, pair: PairMatch, query: bytes) -> tuple[float, float]:
    """How far apart both put the corners of what was matched, as a share; and the share of our inliers that they agree
    with.
    """
    _, places = _placed(query)
    own = places[pair.inliers[:, 0]]
    (left, upper), (right, lower) = own.min(0), own.max(0)
    corners = np.array([(left, upper), (right, upper), (right, lower), (left, lower)])
    errors = np.linalg.norm(applied(ours, corners) - applied(theirs, corners), axis=1)
    inliers = np.linalg.norm(applied(ours, own) - applied(theirs, own), axis=1) <= TOLERANCE
    return float(errors.max() / 512), float(inliers.mean())


def run(quick: bool) -> list[Line]:
    """True pairs by edit, then false ones, then times."""
    use_one_core()
    try:
        import cv2
    except ImportError:
        return [Line("matching of pairs, as OpenCV's", "", "not measured: OpenCV is not installed", None)]
    cv2.setNumThreads(1)
    pictures = photos(12 if quick else 60)
    known = [photo.keypoints(LIBRARY_BUDGET) for photo in pictures]
    rng = np.random.default_rng(3)
    asked = {name: [keypoints_of(EDITS[name](photo.image, rng), QUERY_BUDGET) for photo in pictures] for name in NAMES}
    lines = [true_pairs(cv2, name, asked[name], known) for name in NAMES]
    queries = asked["crop to 50 %"]
    lines.append(false_pairs(cv2, queries, known, 3 if quick else 12))
    pairs = list(zip(queries, known, strict=True))
    ours, theirs = alternate(
        3,
        lambda: [match_pairs(query, [other]) for query, other in pairs],
        lambda: [opencv(cv2, query, other, False) for query, other in pairs],
    )
    figures = f"{milliseconds(ours / len(pairs))} a true pair, OpenCV {milliseconds(theirs / len(pairs))}"
    return [*lines, Line("matching of a pair", "", figures, None)]


def true_pairs(cv2: Any, name: str, queries: list[bytes], known: list[bytes]) -> Line:
    """An edit of each photograph with the photograph."""
    errors, shares, only = [], [], [0, 0]
    for query, other in zip(queries, known, strict=True):
        theirs = opencv(cv2, query, other, name == "perspective").matrix
        pair = match_pairs(query, [other])[0]
        ours = in_units(pair, query, other)
        if ours is None or theirs is None:
            only[0] += ours is not None
            only[1] += theirs is not None
            continue
        error, share = apart(ours, theirs, pair, query)
        errors.append(error)
        shares.append(share)
    near = float(np.mean(np.array(errors) <= SAME_CORNERS)) if errors else 0.0
    figures = f"corners {np.median(errors):.4f} apart (median), {near:.3f} within {SAME_CORNERS}"
    figures += f"; inliers {np.mean(shares):.3f}; found by both {len(errors)}"
    figures += f", by ours alone {only[0]}, by OpenCV's alone {only[1]}"
    passed = near >= 0.95 and float(np.mean(shares)) >= 0.95 and only[1] <= 0.02 * len(queries) + 1
    return Line(f"as OpenCV's: {name}", f"0.95 within {SAME_CORNERS}", figures, passed)


def false_pairs(cv2: Any, queries: list[bytes], known: list[bytes], each: int) -> Line:
    """Different photographs."""
    counts = [0, 0]
    total = 0
    for number, query in enumerate(queries):
        others = [known[(number + 1 + 4 * step) % len(known)] for step in range(each)]
        for other, pair in zip(others, match_pairs(query, others), strict=True):
            counts[0] += in_units(pair, query, other) is not None
            counts[1] += opencv(cv2, query, other, False).matrix is not None
            total += 1
    figures = f"ours {counts[0]}, OpenCV's {counts[1]} of {total}"
    return Line("as OpenCV's: found in unrelated pairs", "0 by ours", figures, counts[0] == 0)


if __name__ == "__main__":
    main(run)
