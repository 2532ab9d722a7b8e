"""Frozen settings: the recipes and the limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "RECIPES", "Limits", "recipe_name"]

RECIPES = {"imagehash": "imagehash/1", "standard": "standard/2"}
"""Name of each recipe, and the version of it that this release computes.

A recipe is the exact road from a source to its bits. `imagehash` gives what ImageHash 4.3.2 gives for
the same PIL image; `standard` has one decode policy for every kind of source, and decodes a JPEG file
no further than its hashes need (version 1 decoded it in full).
"""
_VERSION = re.compile(r"(\w+)/[0-9]+")


def recipe_name(text: str) -> str:
    """The full name of a recipe with its version, from either form.

    Raises:
        ValueError: if there is no such recipe, or not in this version.
    """
    if text in RECIPES.values():
        return text
    version = _VERSION.fullmatch(text)
    if version and version[1] in RECIPES:
        raise ValueError(
            f"recipe {text!r} is of another release: this one computes {RECIPES[version[1]]}, whose bits differ; "
            "fingerprint the pictures again"
        )
    if text not in RECIPES:
        raise ValueError(f"unknown recipe {text!r}: expected one of {', '.join(RECIPES)}")
    return RECIPES[text]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one source may cost before it is refused.

    Attributes:
        pixels: width times height, checked before the pixels are decoded. Pillow has a limit of its own for
            files: it refuses more than twice `PIL.Image.MAX_IMAGE_PIXELS` (178,956,970 pixels unless that is
            raised too), and from half of that on it warns with `DecompressionBombWarning`.
        bytes: length of a file or of a download.
        seconds: from asking an address to its last byte.
    """

    pixels: int = 178_000_000
    bytes: int = 512 * 1024 * 1024
    seconds: float = 30.0


DEFAULT_LIMITS = Limits()
"""The limits unless others are given."""
