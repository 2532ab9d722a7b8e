"""Who may import whom: read from the sources, so that imports inside functions count too."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python" / "lookalike"

LAYERS = (
    ("_core",),
    ("errors",),
    ("kinds",),
    ("options",),
    ("hashes", "regions", "turns"),
    ("looks",),
    ("corners",),
    ("keypoints",),
    ("confirm",),
    ("overlay",),
    ("cuts", "keypoint_index", "strays"),
    ("parts",),
    ("cells", "parquet"),
    # A frame is a table; what is in it is the business of those above.
    ("frames", "memory", "workers"),
    # Other processes; what is asked of them is the business of those above.
    ("isolation",),
    ("joins",),
    ("hamming",),
    ("sources",),
    ("prints",),
    ("direct",),
    ("isolated",),
    ("single",),
    # What the other processes do.
    ("decoding",),
    ("batch",),
    ("fingerprints",),
    ("matching",),
    ("show",),
    ("comparing",),
    ("imagehash",),
    ("library",),
    # Measures all of that, from outside.
    ("evaluate",),
    # Needs scikit-learn, so that nobody imports it but who wants it.
    ("features",),
    ("cli",),
    ("__init__", "__main__"),
)
"""From the lowest. A file imports from its own part and from lower layers."""

HEAVY = {
    "PIL",
    "cv2",
    "fsspec",
    "matplotlib",
    "narwhals",
    "numpy",
    "pandas",
    "polars",
    "psycopg",
    "pyarrow",
    "sklearn",
    "sqlite3",
    "tqdm",
    "urllib3",
}
"""What costs a user time or memory: loaded when it is needed."""


@dataclass(frozen=True)
class Import:
    """One import statement's target.

    Attributes:
        line: where it stands.
        target: a module in full, such as `"lookalike.sources.web"` or `"numpy"`.
        when: `"start"`, `"call"` (inside a function) or `"typing"` (never, when run).
    """

    line: int
    target: str
    when: str


def modules() -> dict[str, Path]:
    """Every module of the package by its full name; a package has its own name, without `__init__`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {**found, "lookalike._core": PACKAGE / "_core.pyi"}


MODULES = modules()


def imports_of(name: str) -> list[Import]:
    """All imports in a module, wherever they stand."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node, when in _statements(ast.parse(path.read_text(encoding="utf-8")), "start"):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name, when) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [Import(node.lineno, target, when) for target in _targets(node, package)]
    return found


def _statements(node: ast.AST, when: str) -> Iterator[tuple[ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        inner = when
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inner = "call"
        elif isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            inner = "typing"
        yield child, inner
        yield from _statements(child, inner)


def _targets(node: ast.ImportFrom, package: str) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, base] if base else parents)
    for alias in node.names:
        # `from .sources import web` is an import of the module; `from .sources import Item` one of the package.
        inner = f"{base}.{alias.name}"
        yield inner if inner in MODULES else base


def part_of(module: str) -> str:
    """The first name below `lookalike`: a file, or a folder as a whole."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def rank(module: str) -> int:
    """Number of a module's layer, 0 for the lowest."""
    return next(n for n, layer in enumerate(LAYERS) if part_of(module) in layer)


def test_every_module_has_a_layer() -> None:
    named = {part for layer in LAYERS for part in layer}
    assert {part_of(module) for module in MODULES} == named


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    if part_of(module) in ("__init__", "__main__"):
        return
    wrong = [
        f"line {found.line}: {found.target}"
        for found in imports_of(module)
        if found.target.split(".")[0] == "lookalike"
        and part_of(found.target) != part_of(module)
        and rank(found.target) >= rank(module)
    ]
    assert not wrong, f"{module} imports what does not lie below it: {wrong}"


def test_drop_in_knows_only_the_pixels() -> None:
    own = {
        found.target
        for module in MODULES
        if part_of(module) == "imagehash"
        for found in imports_of(module)
        if found.target.startswith("lookalike.") and part_of(found.target) != "imagehash"
    }
    assert own <= {"lookalike._core", "lookalike.sources.pixels"}


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {
        module: {found.target for found in imports_of(module) if found.target in MODULES and found.when != "typing"}
        for module in MODULES
    }
    # A package's `__init__` gathers names from its files; a file that asked the package would be a cycle.
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("module", ["lookalike", *(name for name in MODULES if part_of(name) == "cli")])
def test_start_is_light(module: str) -> None:
    """The package and each file of the command line, with all that they load at once."""
    heavy = {}
    todo, seen = [module], {module}
    while todo:
        name = todo.pop()
        for found in imports_of(name):
            if found.when != "start":
                continue
            if found.target.split(".")[0] in HEAVY:
                heavy[f"{name}, line {found.line}"] = found.target
            elif found.target in MODULES and found.target not in seen:
                seen.add(found.target)
                todo.append(found.target)
    assert not heavy, f"import {module} would load {heavy}"


@pytest.mark.parametrize("module", ["lookalike", "lookalike.cli"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    """The same for real, network included, in a fresh interpreter."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    loaded = {name.partition(".")[0] for name in json.loads(output)}
    assert module.partition(".")[0] in loaded
    assert not loaded & (HEAVY | {"http", "requests", "ssl", "concurrent", "asyncio"})


def test_core_knows_no_python() -> None:
    core = ROOT / "crates" / "core"
    files = [path for path in core.rglob("*") if path.suffix in (".rs", ".toml")]
    assert files
    assert [str(path.relative_to(ROOT)) for path in files if "pyo3" in path.read_text(encoding="utf-8").lower()] == []
