"""Fingerprints kept on disk, with what the user knows of each image, and searched exactly."""

from __future__ import annotations

from .adding import Added
from .checking import Verified
from .library import Library

__all__ = ["Added", "Library", "Verified"]
