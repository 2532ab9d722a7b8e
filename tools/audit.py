"""What we build on: pins, licences, code that runs before ours, and known holes.

    tools/audit.py [--list] [--osv PATH] [--strict]

Everything is read from this machine: Cargo's metadata and locks, and what pip has installed beside this interpreter.
Known holes come from `tools/advisories.toml`, which knows crates only, or with `--osv` from a folder or ZIP file of
advisories in the OSV format (the `all.zip` of each ecosystem at https://osv.dev). Packages of which nothing is
known are counted and said to be so; with `--strict` that is a fault too. Status 1 if something is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("Cargo.lock", "fuzz/Cargo.lock")
REGISTRY = re.compile(r"registry\+https://github\.com/rust-lang/crates\.io-index")
RUST, PYTHON = "Rust", "Python"

PERMISSIVE = "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT MIT-0 MIT-CMU NCSA PSF-2.0 Unlicense Zlib"
ALLOWED = frozenset([*PERMISSIVE.split(), "Unicode-3.0"])
"""Licences that ask for no more than to be named."""
ALLOWED_PYTHON = {"MPL-2.0": "a file's changes stay open; we change none", "LGPL-3.0-only": "an extra, loaded as it is"}
"""Of packages that users install beside ours, and that are no part of what we give away."""
WORDS = {
    "2-clause BSD License": "BSD-2-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What older packages write instead of SPDX's names."""

BUILD_SCRIPTS = {
    "blake3": "chooses the code for the processor; we take its pure Rust",
    "crc32fast": "looks at the compiler's version",
    "getrandom": "looks at the target",
    "libc": "looks at the compiler's version",
    "libfuzzer-sys": "compiles libFuzzer's C++, for fuzzing only",
    "libm": "looks at the target",
    "portable-atomic": "looks at the compiler's version",
    "proc-macro2": "looks at the compiler's version",
    "pyo3": "looks at Python's version",
    "pyo3-ffi": "looks at Python's version",
    "pyo3-macros-backend": "looks at Python's version",
    "quote": "looks at the compiler's version",
    "rustix": "looks at the target",
    "target-lexicon": "looks at the target",
}
"""Crates whose code runs when ours are built, and what it does there. Each was looked through before it came into this
list: what it starts is the compiler, and what it writes goes into Cargo's own folder."""
MACROS = frozenset({"pyo3-macros"})
"""Crates whose code runs in the compiler."""
STARTED = {"distutils-precedence.pth": "of setuptools, which venv installs"}
"""Files by which a package runs code whenever Python starts."""


@dataclass(frozen=True, order=True)
class Package:
    """Something of others that we build on."""

    ecosystem: str
    name: str
    version: str
    licence: str = field(compare=False)
    runs: tuple[str, ...] = field(default=(), compare=False)
    """Code of it that runs when it is installed, or before ours."""


def crates() -> set[Package]:
    """All crates of both workspaces, for all targets."""
    found = set()
    for manifest in ("Cargo.toml", "fuzz/Cargo.toml"):
        command = ["cargo", "metadata", "--locked", "--format-version=1", f"--manifest-path={ROOT / manifest}"]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        for one in told["packages"]:
            if one["source"] is not None:
                kinds = {kind for target in one["targets"] for kind in target["kind"]}
                runs = tuple(sorted(kinds & {"custom-build", "proc-macro"}))
                found.add(Package(RUST, one["name"], one["version"], one["license"] or "", runs))
    return found


def pythons() -> set[Package]:
    """All packages beside this interpreter, but ours."""
    found = (_python(one) for one in distributions())
    return {one for one in found if one.name != "lookalike"}


def _python(one: Distribution) -> Package:
    about = one.metadata
    name = re.sub(r"[-_.]+", "-", about["Name"]).lower()
    classes = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier", []) if text.startswith("License")]
    classes = [text for text in classes if text not in ("OSI Approved", "DFSG approved")]
    told = {name: (about.get_all(name) or [""])[0] for name in ("License-Expression", "License")}
    licence = told["License-Expression"] or " AND ".join(WORDS.get(text, text) for text in classes)
    licence = licence or WORDS.get(told["License"], told["License"])
    runs = [Path(str(file)).name for file in one.files or [] if str(file).endswith(".pth") and _has_code(one, file)]
    if one.read_text("WHEEL") is None:
        runs.append("no wheel")
    return Package(PYTHON, name, about["Version"], licence, tuple(runs))


def _has_code(one: Distribution, file: Any) -> bool:
    lines = Path(str(one.locate_file(file))).read_text().splitlines()
    return any(line.startswith("import") for line in lines)


def unpinned() -> Iterator[str]:
    """What could become another version, or another's code, without a change here."""
    for name in LOCKS:
        for one in tomllib.loads((ROOT / name).read_text())["package"]:
            if "source" in one and not (REGISTRY.fullmatch(one["source"]) and "checksum" in one):
                yield f"{name}: expected {one['name']} from Rust's registry with a checksum, got {one['source']}"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]
    yield from (
        f"pyproject.toml: expected a least version of {one!r}"
        for one in wanted
        if not re.search(r"[=]=|>=|^lookalike\[", one)
    )
    for one in project["build-system"]["requires"]:
        if "<" not in one and "==" not in one:
            yield f"pyproject.toml: expected the build requirement {one!r} to exclude what comes after it"
    for path in [*ROOT.glob("crates/*/build.rs"), *ROOT.glob("setup.*")]:
        yield f"{path.relative_to(ROOT)}: expected no code of ours that runs when it is installed"


def unlicensed(packages: Iterable[Package]) -> Iterator[str]:
    for one in packages:
        allowed = ALLOWED if one.ecosystem == RUST else ALLOWED | ALLOWED_PYTHON.keys()
        if not is_allowed(one.licence, allowed):
            yield f"{one.name} {one.version}: expected a licence that we have agreed to, got {one.licence or 'none'!r}"


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Whether an SPDX expression can be met with these: `AND` needs both, `OR` one; an exception only allows more."""
    words = re.findall(r"[()]|[^\s()/]+|/", re.sub(r" WITH \S+", "", expression))
    tokens = ["or" if word in ("OR", "/") else "and" if word == "AND" else word for word in words]
    known = [token if token in ("or", "and", "(", ")") else str(token in set(allowed)) for token in tokens]
    # What is left is made of True, False, and, or and parentheses, by us.
    return bool(known) and _value(known)


def _value(tokens: list[str]) -> bool:
    value = _product(tokens)
    while tokens and tokens[0] == "or":
        tokens.pop(0)
        value |= _product(tokens)
    return value


def _product(tokens: list[str]) -> bool:
    value = _one(tokens)
    while tokens and tokens[0] == "and":
        tokens.pop(0)
        value &= _one(tokens)
    return value


def _one(tokens: list[str]) -> bool:
    token = tokens.pop(0) if tokens else "False"
    if token != "(":
        return token == "True"
    value = _value(tokens)
    del tokens[:1]
    return value


def early(packages: Iterable[Package]) -> Iterator[str]:
    """Code that runs before ours, and that nobody here has looked at."""
    for one in packages:
        for what in one.runs:
            known = {"custom-build": one.name in BUILD_SCRIPTS, "proc-macro": one.name in MACROS}.get(what)
            if not (what in STARTED if known is None else known):
                yield f"{one.name} {one.version}: it runs code before ours ({what}): read it, and add it to the list"


@dataclass
class Advisories:
    """Known holes: for each package the range of versions that has one."""

    source: str
    known: set[tuple[str, str]] = field(default_factory=set)
    """Packages that the source would know of."""
    ecosystems: set[str] = field(default_factory=set)
    """Where it knows all packages."""
    entries: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, ecosystem: str, name: str, entry: dict[str, Any]) -> None:
        self.entries.setdefault((ecosystem, name), []).append(entry)

    def covers(self, one: Package) -> bool:
        return one.ecosystem in self.ecosystems or (one.ecosystem, one.name) in self.known

    def holes(self, one: Package) -> Iterator[str]:
        for entry in self.entries.get((one.ecosystem, one.name), []):
            if is_affected(one.version, entry):
                yield f"{one.name} {one.version}: {entry['id']}"


def of_the_house() -> Advisories:
    told = tomllib.loads((ROOT / "tools" / "advisories.toml").read_text())
    found = Advisories(f"tools/advisories.toml, which has advisories until {told['date']}")
    found.known = {(RUST, name) for name in told["looked_up"]}
    for one in told["advisory"]:
        events = [{"introduced": "0"}, {"fixed": one["fixed"]}]
        found.add(RUST, one["crate"], {"id": one["id"], "ranges": [{"type": "SEMVER", "events": events}]})
    return found


def of_osv(path: Path) -> Advisories:
    """All that is in a folder or a ZIP file."""
    found, newest = Advisories(""), ""
    for text in _texts(path):
        told = json.loads(text)
        newest = max(newest, told.get("modified", ""))
        for affected in told.get("affected", []):
            ecosystem, name = affected["package"]["ecosystem"], affected["package"]["name"]
            ecosystem = PYTHON if ecosystem == "PyPI" else RUST if ecosystem.startswith("crates") else ecosystem
            found.ecosystems.add(ecosystem)
            if "withdrawn" not in told:
                name = re.sub(r"[-_.]+", "-", name).lower() if ecosystem == PYTHON else name
                found.add(ecosystem, name, {"id": told["id"], **affected})
    found.source = f"{path}, whose newest entry is of {newest or 'no date'}"
    return found


def _texts(path: Path) -> Iterator[bytes]:
    if path.is_dir():
        yield from (file.read_bytes() for file in sorted(path.rglob("*.json")))
        return
    with zipfile.ZipFile(path) as archive:
        yield from (archive.read(name) for name in archive.namelist() if name.endswith(".json"))


def is_affected(version: str, entry: dict[str, Any]) -> bool:
    """Whether a version is among those of an OSV entry."""
    if version in entry.get("versions", ()):
        return True
    ranges = [one for one in entry.get("ranges", ()) if one["type"] in ("SEMVER", "ECOSYSTEM")]
    return any(_is_within(version, one["events"]) for one in ranges)


def _is_within(version: str, events: list[dict[str, str]]) -> bool:
    own, inside = _ordered(version), False
    for event in sorted(events, key=lambda event: _ordered(next(iter(event.values())))):
        [(what, where)] = event.items()
        if what == "introduced" and _ordered(where) <= own:
            inside = True
        elif _ordered(where) < own or (what == "fixed" and _ordered(where) == own):
            inside = False
    return inside


def _ordered(version: str) -> tuple[int, ...]:
    """The numbers of a version, as far as they tell one from another here: what follows them is left out."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    found = [int(number) for number in numbers[0].split(".")] if numbers else []
    return tuple([*found, 0, 0, 0, 0][: max(4, len(found))])


def report(packages: list[Package], advisories: Advisories, strict: bool) -> list[str]:
    """Prints what was looked at; what is wrong."""
    problems = [*unpinned(), *unlicensed(packages), *early(packages)]
    for one in packages:
        problems += advisories.holes(one)
    for ecosystem in (RUST, PYTHON):
        own = [one for one in packages if one.ecosystem == ecosystem]
        unknown = [one.name for one in own if not advisories.covers(one)]
        print(f"{ecosystem}: {len(own)} packages; known holes were looked for in {len(own) - len(unknown)} of them")
        if unknown:
            print(f"  NO ADVISORY DATA, so nobody has looked, for {len(unknown)}: {', '.join(unknown)}")
            problems += [f"no advisory data for {name}" for name in unknown if strict]
    print(f"known holes: {advisories.source}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/audit.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print every package with its licence")
    parser.add_argument("--osv", type=Path, help="folder or ZIP file of advisories in the OSV format")
    parser.add_argument("--strict", action="store_true", help="fail where there is no advisory data")
    options = parser.parse_args()
    packages = sorted(crates() | pythons())
    if options.list:
        for one in packages:
            print(f"| {one.ecosystem} | {one.name} | {one.version} | {one.licence} |")
    problems = report(packages, of_osv(options.osv) if options.osv else of_the_house(), options.strict)
    for problem in problems:
        print(f"audit: {problem}", file=sys.stderr)
    print(f"audit: {len(problems)} problems" if problems else "audit: pins, licences and early code are as agreed")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
