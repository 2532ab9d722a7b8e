"""The second look: what it calls copies, and the fit of its score.

Copies are made by the suite of `lookalike.evaluate`; other pairs are photographs that `phash` has near each other
in any of eight turns, and all pairs of the folders of like photographs. Three originals in ten are
held out: the figures come from them, unless the name of a line says otherwise.

`python -m bench.second_look --fit` fits again, and prints the lines for `crates/core/src/look/score.rs`.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import fingerprint
from lookalike.confirm import CONFIDENCES, FEATURES, features, second_look
from lookalike.evaluate.edits import EDITS, copy_of, normal
from lookalike.looks import Look

from .harness import Line, main
from .pictures import PHOTOS

FIT = False
"""Whether to fit again."""

FAMILIES = {"mild": 0.985, "turned": 0.99, "geometry": 0.99, "borders": None, "parts": None, "hard": None}
"""Families of edits, and the share of copies that `normal` is to confirm."""
THRESHOLDS = CONFIDENCES
ALIKE = ("products-grocery", "large-baseline", "same-scene-not-copies")
RADIUS = 16
"""Bits of `phash` within which other photographs are taken for candidates."""
EDITS_EACH = 40
ORIGINALS = 330
HELD_OUT = 77
"""Of 256 originals."""
# One picture in several sizes, and one jacket photographed twice within a second.
_SAME = ("demo__1-", "demo__1.", "demo__2", "demo__thumb-2", "demo__4", "demo__thumb-4", "demo__13", "demo__3")
_BURST = ("31bfad90-ce1e", "f86d0bfd-6a44")

SHARP = ("agreement", "best")
CLIPS = {"colour": (-0.2, 1.0), "fitting": (0.0, 1.0), "shear": (0.0, 0.4), "aspect": (0.0, 0.2), "shift": (0.0, 0.3)}
AGAINST = ("shear", "aspect", "shift")
MOST = {"colour": 0.5, "fitting": 15.0}
"""Light evidence stays light, whatever the fit makes of it."""
STRETCH, MARGIN = 1.46, -0.15
"""The fitted logit times the one plus the other: .9 lies a step above the worst pair of different photographs."""
HARDEST, REPEATS = 400, 20


@dataclass(frozen=True)
class Tried:
    """The best try of each pair: one row a pair."""

    figures: NDArray[np.float32]
    confidence: NDArray[np.float32]
    held: NDArray[np.bool_]
    about: list[tuple[str, str]]


def run(quick: bool) -> list[Line]:
    """Confirm copies and others, and count."""
    if not PHOTOS.is_dir():
        return [Line("the second look", "", "not measured: needs the shared photographs", None)]
    photos = {path: _look(_opened(path)) for path in _paths(quick)}
    copies = _copies(photos, 8 if quick else EDITS_EACH)
    others = _others(photos)
    if FIT:
        print(_fitted(copies, others), file=sys.stderr)
    return [*_confirmed(copies), *_mistaken(others), *_alike(photos)]


def _paths(quick: bool) -> list[Path]:
    paths = sorted(path for path in PHOTOS.glob("*/*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    return paths[::8] if quick else paths


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return normal(image)


def _look(image: Image.Image) -> Look:
    look = fingerprint(image, kinds=["phash"], look=True).look
    assert isinstance(look, Look)
    return look


def _root(path: Path) -> str:
    """The same for files that show one photograph."""
    for mark in _SAME:
        if mark in path.name:
            return mark.replace("thumb-", "").rstrip("-.")
    return "burst" if any(mark in path.name for mark in _BURST) else str(path)


def _is_held(path: Path) -> bool:
    return hashlib.md5(path.name.encode(), usedforsecurity=False).digest()[0] < HELD_OUT


def _copies(photos: dict[Path, Look], count: int) -> Tried:
    paths = list(photos)
    rng = np.random.default_rng(8)
    rows = []
    for path in (paths[n] for n in rng.permutation(len(paths))[:ORIGINALS]):
        image = _opened(path)
        for edit in (EDITS[n] for n in rng.permutation(len(EDITS))[:count]):
            with Image.open(io.BytesIO(copy_of(image, edit, seed=1, original=path.name))) as copy:
                rows.append((path, edit, _look(normal(copy))))
    return _tried([(look, photos[path], _is_held(path), (edit.family, edit.name)) for path, edit, look in rows])


def _others(photos: dict[Path, Look]) -> Tried:
    """Pairs of different photographs that `phash` has near each other."""
    paths, looks = list(photos), list(photos.values())
    codes = {turn: _phash([look.turned(turn) for look in looks]) for turn in range(1, 9)}
    near = set()
    for turned in codes.values():
        distances = np.bitwise_count(codes[1][:, None] ^ turned[None]).astype(np.uint8)
        near |= {tuple(sorted(pair)) for pair in np.argwhere(distances <= RADIUS).tolist()}
    pairs = sorted((one, two) for one, two in near if _root(paths[one]) != _root(paths[two]))
    return _tried(
        [
            (looks[a], looks[b], _is_held(paths[a]) or _is_held(paths[b]), (paths[a].name, paths[b].name))
            for a, b in pairs
        ]
    )


def _phash(looks: list[Look]) -> NDArray[np.uint64]:
    """Of the inner picture, if there is one, else of the picture."""
    return np.array([int.from_bytes(look.inner_code(), "big") for look in looks], np.uint64)


def _tried(pairs: list[tuple[Look, Look, bool, tuple[str, str]]]) -> Tried:
    """All turns and starts of each pair."""
    figures, confidence = [], []
    for query, library, _, _ in pairs:
        seen = second_look(query, library.data)
        row = [(0, int(seen.turn[0]), int(seen.start[0]))]
        figures.append(features(query, library.data, row)[0])
        confidence.append(seen.confidence[0])
    held = np.array([pair[2] for pair in pairs])
    return Tried(np.array(figures), np.array(confidence), held, [pair[3] for pair in pairs])


def _confirmed(copies: Tried) -> Iterator[Line]:
    families = np.array([family for family, _ in copies.about])
    for family, target in FAMILIES.items():
        kept = copies.held & (families == family)
        shares = {name: float((copies.confidence[kept] >= least).mean()) for name, least in THRESHOLDS.items()}
        measured = ", ".join(f"{name} {share:.2%}" for name, share in shares.items()) + f" of {kept.sum()}"
        passed = None if target is None else shares["normal"] >= target
        yield Line(f"copies confirmed, {family}", f"normal {target:.1%}" if target else "", measured, passed)


def _mistaken(others: Tried) -> Iterator[Line]:
    for name, least in THRESHOLDS.items():
        wrong = int((others.confidence >= least).sum())
        rate = f"{wrong} of {len(others.confidence):,} ({wrong / len(others.confidence) * 1e6:.0f} in a million)"
        line = f"different photographs within {RADIUS} bits of phash, called copies, {name} (all)"
        yield Line(line, "0" if name != "loose" else "", rate, wrong == 0 if name != "loose" else None)


def _alike(photos: dict[Path, Look]) -> Iterator[Line]:
    for folder in ALIKE:
        paths = [path for path in photos if path.parent.name == folder]
        pairs = [pair for pair in combinations(paths, 2) if _root(pair[0]) != _root(pair[1])]
        called = []
        for first, group in groupby(pairs, key=lambda pair: pair[0]):
            seconds = [second for _, second in group]
            tries = np.stack([np.arange(len(seconds)), np.ones(len(seconds), int), np.zeros(len(seconds), int)], 1)
            confidence = second_look(photos[first], [photos[second] for second in seconds], tries).confidence
            called += [f"{first.name} {seconds[n].name}" for n in np.flatnonzero(confidence >= THRESHOLDS["normal"])]
        measured = f"{len(called)} of {len(pairs):,} {' '.join(called)}".strip()
        yield Line(f"all pairs of {folder} called copies, normal (all)", "0", measured, not called)


def _terms(figures: NDArray[np.float32]) -> tuple[list[str], NDArray[np.float64]]:
    """What the logit is a weighted sum of: all weights are positive."""
    of = dict(zip(FEATURES, figures.T.astype(float), strict=True))
    terms = {name: -np.log(1.04 - np.minimum(of[name], 1)) for name in SHARP}
    for name, (least, most) in CLIPS.items():
        terms[name] = np.clip(of[name], least, most) * (-1 if name in AGAINST else 1)
    return list(terms), np.stack(list(terms.values()), 1)


def _fitted(copies: Tried, others: Tried) -> str:
    """The constants, from what is not held out: copies that agree at least a little, and others."""
    names, ours = _terms(copies.figures[~copies.held & (copies.figures[:, 0] > 0.55)])
    _, theirs = _terms(others.figures[~others.held & (others.figures[:, 0] > 0)])
    offset, weights = _logistic(ours, theirs, names)
    for _ in range(2):
        # The pairs that look most like copies decide where the line is.
        hardest = theirs[np.argsort(theirs @ weights)[-HARDEST:]]
        offset, weights = _logistic(ours, np.concatenate([theirs, *[hardest] * REPEATS]), names)
    lines = [f"const OFFSET: f32 = {STRETCH * offset + MARGIN:.2f};"]
    lines += [
        f"const {name.upper()}: f32 = {STRETCH * weight:.2f};" for name, weight in zip(names, weights, strict=True)
    ]
    return "\n".join(lines).replace("const BEST:", "const BEST_BLOCKS:")


def _logistic(ours: Any, theirs: Any, names: list[str]) -> tuple[float, NDArray[np.float64]]:
    """Logistic regression with positive weights, both sides counting the same."""
    from scipy.optimize import minimize

    terms = np.concatenate([ours, theirs])
    sign = np.repeat([1.0, -1.0], [len(ours), len(theirs)])
    share = np.repeat([1 / len(ours), 1 / len(theirs)], [len(ours), len(theirs)])
    middle, scale = terms.mean(0), terms.std(0) + 1e-9
    terms = (terms - middle) / scale

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logit = sign * (terms @ x[1:] + x[0])
        slope = -share * sign / (1 + np.exp(logit))
        return (share * np.logaddexp(0, -logit)).sum() + 1e-5 * (x[1:] ** 2).sum(), np.r_[
            slope.sum(), terms.T @ slope + 2e-5 * x[1:]
        ]

    bounds = [
        (None, None),
        *((0, MOST[name] * s if name in MOST else None) for name, s in zip(names, scale, strict=True)),
    ]
    found = minimize(loss, np.r_[0, np.full(len(names), 0.01)], jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / scale
    return float(found[0] - weights @ middle), weights


if __name__ == "__main__":
    FIT = "--fit" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--fit"]
    main(run)
