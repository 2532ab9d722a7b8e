"""Frames of fingerprints in, frames of matches out."""

from __future__ import annotations

from .duplicates import find_duplicates, is_duplicate
from .similar import find_similar

__all__ = ["find_duplicates", "find_similar", "is_duplicate"]
