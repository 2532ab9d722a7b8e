"""Hashes that ImageHash 4.3.2 gave once, so that parity holds without it, and under any later Pillow."""

from __future__ import annotations

import json
from typing import Any

import pytest

import make_golden
from lookalike import imagehash

RECORD = json.loads(make_golden.GOLDEN.read_text(encoding="utf-8"))


def test_the_record_says_where_it_comes_from() -> None:
    assert RECORD["made"]["ImageHash"] == "4.3.2"
    assert RECORD["made"]["command"] == "python tests/make_golden.py"
    assert [tuple(entry["picture"]) for entry in RECORD["pictures"]] == list(make_golden.named_pictures())
    assert sum(len(entry["hashes"]) for entry in RECORD["pictures"]) > 2000


@pytest.mark.parametrize("entry", RECORD["pictures"], ids=lambda entry: "-".join(map(str, entry["picture"])))
def test_golden_hashes(entry: dict[str, Any]) -> None:
    image = make_golden.picture(*entry["picture"])
    for call, expected in entry["hashes"].items():
        function, settings = json.loads(call)
        assert str(make_golden.compute(imagehash, image, function, settings)) == expected, call
