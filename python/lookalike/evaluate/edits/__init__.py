"""The suite of edits: what people and platforms do to pictures, by name, each with a seed."""

from __future__ import annotations

from .edit import FAMILIES, Edit, copy_of, generator, normal
from .suite import EDITS, GROUPS, chosen, table

__all__ = ["EDITS", "FAMILIES", "GROUPS", "Edit", "chosen", "copy_of", "generator", "normal", "table"]
