"""The audit of what we build on: `tools/audit.py`."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[1] / "tools" / "audit.py"
INDEX = "registry+https://github.com/rust-lang/crates" + ".io-index"
RANGES = [{"type": "SEMVER", "events": [{"introduced": "0.5.0"}, {"fixed": "0.9.11"}, {"introduced": "2.0"}]}]


@pytest.fixture(scope="module")
def audit() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("audit", FILE)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules["audit"]


def test_everything_is_pinned(audit: ModuleType) -> None:
    assert list(audit.unpinned()) == []


def test_what_is_not_pinned_is_named(audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    (tmp_path / "fuzz").mkdir()
    (tmp_path / "crates" / "x").mkdir(parents=True)
    (tmp_path / "crates" / "x" / "build.rs").touch()
    (tmp_path / "Cargo.lock").write_text('[[package]]\nname = "a"\nversion = "1"\nsource = "git+https://x.y/a"\n')
    (tmp_path / "fuzz" / "Cargo.lock").write_text(f'[[package]]\nname = "b"\nversion = "1"\nsource = "{INDEX}"\n')
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["maturin>=1"]\n[project]\ndependencies = ["numpy>=2", "pandas"]\n'
        '[project.optional-dependencies]\nx = ["lookalike[y]", "polars==1"]\n'
    )
    found = "\n".join(audit.unpinned())
    assert found.count("\n") == 4
    assert all(word in found for word in ("expected a from", "expected b from", "'pandas'", "'maturin>=1'", "build.rs"))


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT/Apache-2.0", True),
        ("(MIT OR GPL-3.0-only) AND Unicode-3.0", True),
        ("GPL-3.0-only AND MIT OR MIT", True),
        ("GPL-3.0-only AND (MIT OR MIT)", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MPL-2.0", False),
    ],
)
def test_licences(audit: ModuleType, expression: str, is_allowed: bool) -> None:
    assert audit.is_allowed(expression, audit.ALLOWED) == is_allowed
    own = [audit.Package("Rust", "x", "1", expression)]
    assert len(list(audit.unlicensed(own))) == (not is_allowed)


def test_early_code_is_known_or_named(audit: ModuleType) -> None:
    known = audit.Package("Rust", "libc", "1", "MIT", ("custom-build",))
    strangers = [
        audit.Package("Rust", "x", "1", "MIT", ("custom-build",)),
        audit.Package("Rust", "libc", "1", "MIT", ("proc-macro",)),
        audit.Package("Python", "y", "1", "MIT", ("y.pth",)),
        audit.Package("Python", "z", "1", "MIT", ("no wheel",)),
    ]
    assert list(audit.early([known])) == []
    assert len(list(audit.early(strangers))) == 4


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [
        ("0.4.9", False),
        ("0.5.0", True),
        ("0.9.10", True),
        ("0.9.11", False),
        ("1.0", False),
        ("2.0.0", True),
        ("3", True),
    ],
)
def test_versions(audit: ModuleType, version: str, is_affected: bool) -> None:
    assert audit.is_affected(version, {"ranges": RANGES}) == is_affected
    assert audit.is_affected(version, {"versions": [version]})
    last = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "2.0"}]}]
    assert audit.is_affected(version, {"ranges": last}) == (version != "3")


def test_holes_are_found_and_what_nobody_knows_is_said(
    audit: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"id": "X-1", "modified": "2026-01-02T00:00:00Z"}
    affected = [{"package": {"ecosystem": "PyPI", "name": "Some.Name"}, "ranges": RANGES}]
    (tmp_path / "a.json").write_text(json.dumps({**entry, "affected": affected}))
    (tmp_path / "b.json").write_text(
        json.dumps({**entry, "id": "X-2", "withdrawn": "2026-01-03", "affected": affected})
    )
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "a.json", "a.json")
    packages = [audit.Package("Python", "some-name", "0.6", "MIT"), audit.Package("Rust", "x", "1", "MIT")]
    for path in (tmp_path, tmp_path / "all.zip"):
        advisories = audit.of_osv(path)
        assert audit.report(packages, advisories, False) == ["some-name 0.6: X-1"]
        out = capsys.readouterr().out
        assert "NO ADVISORY DATA, so nobody has looked, for 1: x" in out
        assert "2026-01-02" in out
        assert audit.report(packages, advisories, True)[-1] == "no advisory data for x"


def test_the_house_s_own_advisories(audit: ModuleType) -> None:
    advisories = audit.of_the_house()
    old, new = (audit.Package("Rust", "memmap2", version, "MIT") for version in ("0.9.10", "0.9.12"))
    assert list(advisories.holes(old)) == ["memmap2 0.9.10: RUSTSEC-2026-0186"]
    assert list(advisories.holes(new)) == []
    assert not advisories.covers(audit.Package("Python", "pillow", "12.3.0", "MIT-CMU"))


def test_packages_of_this_python_have_licences(audit: ModuleType) -> None:
    packages: set[Any] = audit.pythons()
    assert {"numpy", "pillow", "urllib3"} <= {one.name for one in packages}
    assert "lookalike" not in {one.name for one in packages}
