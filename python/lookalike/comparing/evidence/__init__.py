"""What was found of two pictures as evidence: as a picture and as a page."""

from __future__ import annotations
