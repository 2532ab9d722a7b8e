"""The second look in NumPy, written for its sentences and not for its speed: what the core must agree with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]

COARSE_STEPS, FINE_STEPS = 6, 5
LONGEST, FURTHEST, SHORTEST = 0.15, 0.45, 0.002


@dataclass
class Looked:
    """A look taken apart."""

    quality: float
    box: NDArray[np.float64]
    size: NDArray[np.float64]
    colours: Plane
    grey: Plane


def taken_apart(look: bytes) -> Looked:
    """Reads the 1170 bytes."""
    numbers = np.frombuffer(look, np.uint8)
    box = np.frombuffer(look[2:10], "<u2") / 65535.0
    whole = np.frombuffer(look[10:18], "<u4").astype(float)
    size = whole * np.array([box[2] - box[0], box[3] - box[1]])
    colours = numbers[18:146].reshape(2, 8, 8).astype(float) - 128
    return Looked(min(numbers[1], 100) / 100, box, size, colours, numbers[146:].reshape(32, 32).astype(float))


def blurred(plane: Plane) -> Plane:
    for axis in (0, 1):
        padded = np.pad(plane, [(1, 1) if axis == a else (0, 0) for a in (0, 1)], mode="edge")
        first, last = np.take(padded, range(len(plane)), axis), np.take(padded, range(2, len(plane) + 2), axis)
        plane = (first + 2 * plane + last) / 4
    return plane


def halved(plane: Plane) -> Plane:
    return plane.reshape(16, 2, 16, 2).mean((1, 3))


def coordinates(side: int) -> tuple[Plane, Plane]:
    at = (2 * np.arange(side) + 1) / side - 1
    v, u = np.meshgrid(at, at, indexing="ij")
    return u, v


def warped(plane: Plane, matrix: Plane) -> tuple[Plane, Plane]:
    """The plane where the map takes each pixel, and which pixels it has."""
    side = len(plane)
    u, v = coordinates(side)
    x, y = ((row[0] * u + row[1] * v + row[2] + 1) * side / 2 - 0.5 for row in matrix)
    inside = (x >= -0.5) & (x <= side - 0.5) & (y >= -0.5) & (y <= side - 0.5)
    x, y = x.clip(0, side - 1), y.clip(0, side - 1)
    left, upper = np.minimum(x.astype(int), side - 2), np.minimum(y.astype(int), side - 2)
    x, y = x - left, y - upper
    top = plane[upper, left] * (1 - x) + plane[upper, left + 1] * x
    bottom = plane[upper + 1, left] * (1 - x) + plane[upper + 1, left + 1] * x
    return top * (1 - y) + bottom * y, inside.astype(float)


def tone(query: Plane, library: Plane, inside: Plane) -> tuple[float, float, Plane, Plane]:
    """Gain, bias, robust weights and residuals, in two rounds."""
    weights = inside
    for _ in range(2):
        count = max(weights.sum(), 1e-3)
        mean_q, mean_w = (weights * query).sum() / count, (weights * library).sum() / count
        shared = (weights * library * query).sum() / count - mean_q * mean_w
        gain = float(np.clip(shared / max((weights * library**2).sum() / count - mean_w**2, 1e-2), 0.05, 20))
        bias = mean_q - gain * mean_w
        residuals = query - gain * library - bias
        scale = 3 * (weights * abs(residuals)).sum() / count + 0.5
        weights = inside / (1 + (residuals / scale) ** 2) ** 2
    return gain, bias, weights, residuals


def aligned(query: Plane, library: Plane, begin: Plane, matrix: Plane, steps: int) -> Plane:
    """Gauss and Newton's steps from where the map stands, by all eight parameters at once."""
    side = len(query)
    u, v = (plane.ravel() for plane in coordinates(side))
    for _ in range(steps):
        moved, inside = warped(library, matrix)
        gain, _, weights, residuals = tone(query, moved, inside)
        down, across = (0.5 * (q + gain * w) for q, w in zip(np.gradient(query), np.gradient(moved), strict=True))
        across, down, m = across.ravel(), down.ravel(), weights.ravel()
        jacobian = np.stack([across * u, across * v, across, down * u, down * v, down], 1)
        # What a change of gain or bias explains is taken out of each column.
        tones = np.stack([np.ones_like(m), moved.ravel() - (m * moved.ravel()).sum() / max(m.sum(), 1e-3)], 1)
        square = np.array([max(m.sum(), 1e-3), max((m * tones[:, 1] ** 2).sum(), 1.0)])
        hessian = jacobian.T @ (m[:, None] * jacobian)
        for column, size in zip(tones.T, square, strict=True):
            share = jacobian.T @ (m * column)
            hessian -= np.outer(share, share) / size
        hessian += np.eye(6) * (0.01 * max(np.trace(hessian) / 6, 0) + 1e-3)
        step = np.linalg.solve(hessian, jacobian.T @ (m * residuals.ravel())) * 2 / side
        step = step.clip(-LONGEST, LONGEST).reshape(2, 3)
        whole = np.vstack([np.eye(3)[:2] + step, [0, 0, 1]])
        matrix = (np.vstack([matrix, [0, 0, 1]]) @ whole)[:2]
        matrix = matrix.clip(begin - FURTHEST, begin + FURTHEST)
        if (abs(step) < SHORTEST).all():
            break
    return matrix


def correlation(one: Plane, other: Plane, weights: Plane) -> float:
    count = max(weights.sum(), 1e-3)
    one, other = (plane - (weights * plane).sum() / count for plane in (one, other))
    shared, squares = (weights * one * other).sum() / count, [(weights * p * p).sum() / count for p in (one, other)]
    return float(shared / max(np.sqrt(squares[0] * squares[1]), 0.25))


def figures(query: Looked, library: Looked, matrix: Plane, begin: Plane) -> dict[str, float]:
    """All figures but those of the blocks, under a map; see `lookalike.confirm.FEATURES`."""
    fine = blurred(query.grey)
    moved, inside = warped(blurred(library.grey), matrix)
    _, _, weights, _ = tone(fine, moved, inside)
    return {
        **blocks(fine, moved, inside),
        **geometry(matrix, begin, query.size, library.size),
        "plain": correlation(fine, moved, inside),
        "overlap": inside.mean(),
        "fitting": weights.mean() / max(inside.mean(), 1e-3),
        "colour": colour(query.colours, library.colours, matrix),
        "quality": min(query.quality, library.quality),
    }


def blocks(query: Plane, library: Plane, inside: Plane) -> dict[str, float]:
    """What 5 by 5 blocks of gradients say."""

    def cut(plane: Plane) -> Plane:
        return plane[1:-1, 1:-1].reshape(5, 6, 5, 6).swapaxes(1, 2).reshape(25, 36)

    mask = inside.copy()
    for axis in (0, 1):
        mask *= np.roll(inside, 1, axis) * np.roll(inside, -1, axis)
    m = cut(mask)
    (qy, qx), (wy, wx) = ([m * cut(g) for g in np.gradient(plane)] for plane in (query, library))
    pixels, both = m.sum(1), (qx * wx + qy * wy).sum(1)
    squares = [(x * x + y * y).sum(1) for x, y in ((qx, qy), (wx, wy))]
    energies = np.sqrt(squares[0] * squares[1])
    strengths = np.sqrt(np.maximum(energies - 0.1 * pixels, 0))
    ordered = np.sort(strengths)
    strengths = np.minimum(strengths, 2 * max(ordered[12], ordered[20] / 2) + 1e-2)
    agrees = both / np.maximum(energies + 0.1 * pixels, 1e-3)
    weight = strengths.sum() + 1e-3
    count = np.maximum(pixels, 1)
    means = [(x.sum(1) ** 2 + y.sum(1) ** 2) / count for x, y in ((qx, qy), (wx, wy))]
    changes = np.maximum(np.minimum(squares[0] - means[0], squares[1] - means[1]), 0)
    order = np.argsort(-agrees)
    taken = np.diff(np.minimum(np.cumsum(strengths[order]), 0.6 * weight), prepend=0)
    whole = np.sqrt(squares[0].sum() * squares[1].sum())
    return {
        "agreement": (strengths * agrees).sum() / weight,
        "gradients": both.sum() / max(whole + 0.1 * pixels.sum(), 1e-3),
        "good": strengths[agrees > 0.6].sum() / weight,
        "best": (taken * agrees[order]).sum() / (0.6 * weight),
        "energy": np.sqrt(changes.sum() / max(pixels.sum(), 1)),
        "detail": (changes > 0.5 * count).mean(),
    }


def geometry(matrix: Plane, begin: Plane, query: Plane, library: Plane) -> dict[str, float]:
    """How odd the map is."""
    linear = matrix[:, :2] * library[:, None] / query[None, :]
    across, down = np.linalg.norm(linear, axis=0)
    inner = np.linalg.inv(np.vstack([begin, [0, 0, 1]])) @ np.vstack([matrix, [0, 0, 1]])
    beyond = [max(0.0, abs(inner[i, 2]) - abs(1 - abs(inner[i, i]))) for i in (0, 1)]
    return {
        "shear": abs((linear[:, 0] @ linear[:, 1]) / (across * down)),
        "aspect": abs(np.log(across / down)),
        "rotation": min(2.0, abs((linear[1, 0] - linear[0, 1]) / (linear[0, 0] + linear[1, 1]))),
        "scale": abs(np.log(abs(np.linalg.det(inner)))) / 2,
        "shift": max(beyond),
    }


def colour(query: Plane, library: Plane, matrix: Plane) -> float:
    both, squares, pixels = 0.0, np.zeros(2), 1e-3
    for one, other in zip(query, library, strict=True):
        moved, inside = warped(other, matrix)
        both += (inside * one * moved).sum()
        squares += [(inside * one * one).sum(), (inside * moved * moved).sum()]
        pixels += inside.sum()
    return float(both / (np.sqrt(squares.prod()) + 16 * pixels))


def confidence(f: dict[str, Any]) -> float:
    """The fitted function."""
    agreement, best = (-np.log(1.04 - min(f[name], 1)) for name in ("agreement", "best"))
    logit = -27.03 + 2.88 * agreement + 2.45 * best + 0.73 * max(f["colour"], -0.2) + 21.9 * f["fitting"]
    logit -= 8.25 * min(f["shear"], 0.4) + 16.4 * min(f["aspect"], 0.2) + 46.3 * min(f["shift"], 0.3)
    told = min(f["quality"] / 0.33, f["detail"] / 0.12)
    return float(1 / (1 + np.exp(-min(logit, 2 * told + 20 * max(told - 1, 0)))))


def judged(query: bytes, library: bytes) -> tuple[float, Plane, dict[str, float]]:
    """Confidence, map and figures without a turn, from the whole thumbs onto each other."""
    one, other, begin = taken_apart(query), taken_apart(library), np.eye(3)[:2]
    coarse = [blurred(halved(look.grey)) for look in (one, other)]
    before = correlation(coarse[0], coarse[1], np.ones((16, 16)))
    if before < 0.3:
        return 0.0, begin, {}
    tried = [begin] if before >= 0.8 else []
    if not tried or confidence(figures(one, other, begin, begin)) < 0.99:
        matrix = aligned(*coarse, begin, begin, COARSE_STEPS)
        after = correlation(coarse[0], *warped(coarse[1], matrix))
        if max(before, after) >= 0.65:
            matrix = begin if after < before else matrix
            tried.append(aligned(blurred(one.grey), blurred(other.grey), begin, matrix, FINE_STEPS))
    if not tried:
        return 0.0, begin, {}
    seen = [(matrix, figures(one, other, matrix, begin)) for matrix in tried]
    matrix, found = max(seen, key=lambda pair: confidence(pair[1]))
    return confidence(found), matrix, found
