"""Measures how well copies are found: on photos of yours, by a suite of edits, beside the rivals.

`evaluate(photos)` makes edited copies and counts what is found and what is taken for a copy; `calibrate(library)` says
which radius to use in a library that there is. `EDITS` are the edits, each with a name, a family and a seed of its own.
"""

from __future__ import annotations

from .calibration import Calibration, calibrate
from .edits import EDITS, FAMILIES, GROUPS, Edit, copy_of, normal
from .evaluating import Settings
from .evaluation import Evaluation, evaluate

__all__ = [
    "EDITS",
    "FAMILIES",
    "GROUPS",
    "Calibration",
    "Edit",
    "Evaluation",
    "Settings",
    "calibrate",
    "copy_of",
    "evaluate",
    "normal",
]
