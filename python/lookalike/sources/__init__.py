"""From what a user has to pictures: find the sources, read them, decode them under one policy, hand over pixels.

Nothing here imports PIL, numpy or urllib3 before a source needs it.
"""

from __future__ import annotations

from .digests import digested, pixel_digest
from .files import FileName
from .items import Item, expand
from .opening import Picture, open_picture

__all__ = ["FileName", "Item", "Picture", "digested", "expand", "open_picture", "pixel_digest"]
