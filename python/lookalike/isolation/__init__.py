"""Work in processes of their own, which may crash, hang or swell without harm to the one that asks.

A worker is a fresh interpreter, started without `fork` (threads do not survive one) and without loading the caller's
script again. Questions and answers are JSON and bytes with their lengths before them, never pickle: whoever takes over
a decoder can make it give false answers, but not run anything here.
"""

from __future__ import annotations

from .crew import ask, held
from .worker import Died

__all__ = ["Died", "ask", "held"]
