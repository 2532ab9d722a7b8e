"""Words for what was done to a picture, that all accounts share."""

from __future__ import annotations

__all__ = ["DONE", "LEAST_DEGREES", "joined", "percent", "reshaped", "sure"]

DONE = {
    "mirror": "mirrored",
    "rotate180": "turned by 180 degrees",
    "flip": "flipped upside down",
    "transpose": "transposed (mirrored along the falling diagonal)",
    "rotate90": "turned clockwise by 90 degrees",
    "transverse": "transposed (mirrored along the rising diagonal)",
    "rotate270": "turned anticlockwise by 90 degrees",
}
"""What a turn does, by its name."""

LEAST_DEGREES = 0.75
"""A smaller rotation is not told: the thumbs of 32 x 32 cannot tell it."""

# Nor what is smaller than these.
_LEAST_SCALE, _LEAST_ASPECT, _LEAST_SHEAR = 0.03, 0.025, 0.03


def reshaped(scale: float, aspect: float, degrees: float, shear: float) -> list[str]:
    """What became of the shape of pixels, as far as it can be told.

    Args:
        scale: how many pixels one has become, along a side.
        aspect: how much wider than high it has become.
        degrees: of rotation, clockwise.
        shear: tangent of the angle by which upright lines lean against level ones.
    """
    done = []
    if abs(scale - 1) >= _LEAST_SCALE:
        done.append(f"scaled to {percent(scale)}")
    if abs(aspect - 1) >= _LEAST_ASPECT:
        wide = aspect > 1
        done.append(f"stretched {percent((aspect if wide else 1 / aspect) - 1)} {'wider' if wide else 'higher'}")
    if abs(degrees) >= LEAST_DEGREES:
        done.append(f"rotated by {abs(degrees):.1f} degrees {'clockwise' if degrees > 0 else 'anticlockwise'}")
    if abs(shear) >= _LEAST_SHEAR:
        done.append("skewed")
    return done


def sure(confidence: float) -> str:
    """Two digits, and never as sure as nobody can be."""
    return f"{min(0.99, confidence):.2f}"


def percent(share: float) -> str:
    """Such as `"52 %"`."""
    return f"{100 * share:.0f} %"


def joined(words: list[str]) -> str:
    """Such as `"a, b and c"`."""
    *rest, last = words or [""]
    return f"{', '.join(rest)} and {last}" if rest else last
