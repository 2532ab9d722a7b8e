"""A pytest plugin for `make fuzz`: the property tests alone, over and over with new random cases.

    FUZZ_SECONDS=600 python -m pytest -p tests.fuzz_profile

Each round runs every property test with FUZZ_EXAMPLES cases (unless the test fixes their number); it ends
at the first failure, whose smallest case Hypothesis prints and keeps, so that `make test` meets it again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

SECONDS = float(os.environ.get("FUZZ_SECONDS", "600"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1000"))


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile(
        "fuzz",
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=False,
        print_blob=True,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("fuzz")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = [item for item in items if getattr(getattr(item, "obj", None), "is_hypothesis_test", False)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if session.testsfailed or session.config.option.collectonly or not session.items:
        return None
    for item in _again_and_again(session.items):
        # Without a next item every fixture is torn down: the same test may come next.
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed or session.shouldfail or session.shouldstop:
            break
    return True


def _again_and_again(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """All items at least once, then on until the time is up."""
    end = time.monotonic() + SECONDS
    yield from items
    while True:
        for item in items:
            if time.monotonic() > end:
                return
            yield item
