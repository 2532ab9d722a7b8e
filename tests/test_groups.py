"""star_groups against a loop over all items, and on shapes that chain."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.matching.groups import star_groups


def slow_groups(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """What the documentation says, word by word."""
    neighbours: dict[int, set[int]] = {item: set() for item in range(count)}
    for left, right in pairs:
        neighbours[left].add(right)
        neighbours[right].add(left)
    groups: dict[int, int] = {}
    for item in range(count):
        if item not in groups:
            groups[item] = item
            groups |= {other: item for other in neighbours[item] if other not in groups}
    return [groups[item] for item in range(count)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 12))
    item = st.integers(0, count - 1)
    return count, draw(st.lists(st.tuples(item, item), max_size=30))


@given(graphs())
def test_groups_are_those_of_a_loop(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = graph
    left, right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert star_groups(count, left, right).tolist() == slow_groups(count, pairs)


@given(graphs(), st.randoms())
def test_order_of_pairs_does_not_matter(graph: tuple[int, list[tuple[int, int]]], dice: random.Random) -> None:
    count, pairs = graph
    groups = star_groups(count, [a for a, _ in pairs], [b for _, b in pairs])
    shuffled = [pair if dice.random() < 0.5 else pair[::-1] for pair in dice.sample(pairs, len(pairs))]
    assert (groups == star_groups(count, [a for a, _ in shuffled], [b for _, b in shuffled])).all()


@given(graphs())
def test_every_member_is_a_neighbour_of_its_representative(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = graph
    known = {frozenset(pair) for pair in pairs}
    groups = star_groups(count, [a for a, _ in pairs], [b for _, b in pairs]).tolist()
    for item, head in enumerate(groups):
        assert item == head or frozenset((item, head)) in known
        assert groups[head] == head


def test_a_chain_is_cut() -> None:
    links = np.arange(6)
    assert star_groups(7, links, links + 1).tolist() == [0, 0, 2, 2, 4, 4, 6]


def test_nothing() -> None:
    assert star_groups(0, [], []).tolist() == []
    assert star_groups(3, [], []).tolist() == [0, 1, 2]


def test_bad_numbers_are_errors() -> None:
    with pytest.raises(ValueError, match="from 0 to 2, got 0 to 3"):
        star_groups(3, [0, 3], [1, 2])
    with pytest.raises(ValueError, match="got 1 and 2"):
        star_groups(3, [0], [1, 2])


@pytest.mark.parametrize("shape", ["random", "chain", "star"])
def test_a_million_pairs_take_a_second_at_most(shape: str) -> None:
    count = pairs = 1_000_000
    dice = np.random.default_rng(1)
    left = {"random": dice.integers(0, count, pairs), "chain": np.arange(pairs), "star": np.zeros(pairs, np.int64)}[
        shape
    ]
    right = dice.integers(0, count, pairs) if shape == "random" else np.arange(1, pairs + 1)
    start = time.perf_counter()
    groups = star_groups(count + 1, left, right)
    assert time.perf_counter() - start < 2  # measured: 0.2 s; a slow machine may take longer
    assert len(np.unique(groups)) == {"random": len(np.unique(groups)), "chain": 500_001, "star": 1}[shape]
