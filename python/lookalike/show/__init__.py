"""Fingerprints and matches as something to look at."""

from __future__ import annotations

from .gallery import Gallery, gallery

__all__ = ["Gallery", "gallery"]
