"""Two pictures, and how they are related: in figures, in words and as a picture."""

from __future__ import annotations
