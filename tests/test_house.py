"""The house rules that a machine can hold: sizes, exports, one version, where `unsafe` may stand."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import lookalike

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sorted((ROOT / "python").rglob("*.py")) + sorted((ROOT / "python").rglob("*.pyi"))
RUST = sorted((ROOT / "crates").rglob("*.rs"))

MOST_LINES_OF_FUNCTION = 60
MOST_LINES_OF_FILE = 500
UNSAFE_FILES = {
    "crates/core/src/hamming/distance.rs",
    "crates/core/src/segment/mapped.rs",
    "crates/core/src/simd.rs",
}

# Written in pieces, or this file would find itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.~/-])/" + "(work|root|home|Users|tmp)/"),
    "a package registry's host": re.compile(r"\b(pypi|pythonhosted|npmjs|crates)" + r"\.(org|io|com)\b"),
}
TEXT_SUFFIXES = {"", ".cfg", ".css", ".html", ".json", ".md", ".py", ".pyi", ".rs", ".sh", ".toml", ".txt", ".yml"}
NOT_OURS = {"Cargo.lock", "LICENSE"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Each function's name, line and length, with its documentation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


# A function's signature up to its body, or to the semicolon of a declaration in a trait.
RUST_FUNCTION = re.compile(r"\bfn\s+(\w+)[^;{]*?[;{]")
# What may hold braces and words that are no code: comments, raw and plain strings, characters.
RUST_NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|\bb?"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*"|b?'(?:\\(?:.[^']*)|[^\\'])'""",
    re.DOTALL,
)


def rust_code(path: Path) -> str:
    """A source without comments, strings and characters, its lines kept."""
    return RUST_NO_CODE.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"))


def rust_functions(path: Path) -> Iterator[tuple[str, int, int]]:
    code = rust_code(path)
    for found in RUST_FUNCTION.finditer(code):
        if found[0].endswith(";"):
            continue
        end, depth = found.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(code[end], 0)
            end += 1
        yield found[1], code.count("\n", 0, found.start()) + 1, code.count("\n", found.start(), end) + 1


def test_functions_are_read_right(tmp_path: Path) -> None:
    source = tmp_path / "a.rs"
    source.write_text(
        "trait T { fn declared(&self) -> u8; }\n"
        "fn one<'a>(x: &'a str) -> char {\n    // }\n    let s = \"}\\\"}\"; let c = '}'; let q = '\\'';\n    c\n}\n"
        'fn two() -> &\'static str { r#"fn three() {"# }\n'
    )
    assert list(rust_functions(source)) == [("one", 2, 5), ("two", 7, 1)]


@pytest.mark.parametrize("path", [*PYTHON, *RUST], ids=named)
def test_files_and_functions_are_small(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES_OF_FILE, f"{named(path)} has {lines} lines: split it by nouns"
    functions = rust_functions(path) if path.suffix == ".rs" else python_functions(path)
    long = [f"{name} (line {line}): {length}" for name, line, length in functions if length > MOST_LINES_OF_FUNCTION]
    assert not long, f"{named(path)}: functions of more than {MOST_LINES_OF_FUNCTION} lines: {long}"


def test_unsafe_stands_in_few_files() -> None:
    assert {named(path) for path in RUST if re.search(r"\bunsafe\b", rust_code(path))} <= UNSAFE_FILES


def test_exports_are_the_public_names() -> None:
    homes = set(lookalike._HOMES) | set(lookalike._MODULES) | {"__version__"}
    assert set(lookalike.__all__) == homes == set(dir(lookalike))
    assert lookalike.__all__ == sorted(lookalike.__all__)
    assert set(_typed_exports()) == homes - {"__version__"}


def _typed_exports() -> Iterator[str]:
    """The names that type checkers see."""
    source = Path(lookalike.__file__).read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                assert isinstance(statement, ast.ImportFrom)
                yield from (alias.name for alias in statement.names)


@pytest.mark.parametrize(
    "first",
    [
        "lookalike.fingerprint",
        "lookalike.fingerprint_many",
        "lookalike.is_duplicate",
        "lookalike.gallery",
        "import lookalike.fingerprints",
        "from lookalike.show.gallery import gallery",
        "from lookalike.fingerprints import compute",
    ],
)
def test_exports_do_not_depend_on_order(first: str) -> None:
    """Whatever is loaded first: a file of the package must not take the place of a function of its name."""
    code = (
        f"import types, lookalike\n{first}\n"
        "for name in lookalike.__all__:\n"
        "    is_module = isinstance(getattr(lookalike, name), types.ModuleType)\n"
        "    assert is_module == (name in lookalike._MODULES), name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lookalike.nothing


def test_version_is_one() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    version = cargo["workspace"]["package"]["version"]
    assert lookalike.__version__ == version
    assert importlib.metadata.version("lookalike") == version
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def text_files() -> list[Path]:
    """The project's own texts: what version control has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a clone, to tell the project's files from what was built")
    paths = [ROOT / name for name in listed]
    return [path for path in paths if path.is_file() and path.suffix in TEXT_SUFFIXES and path.name not in NOT_OURS]


def test_nothing_names_one_machine() -> None:
    found = [
        f"{named(path)}, line {number}: {what}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        for what, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]
    assert not found


def test_licence_is_there() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
