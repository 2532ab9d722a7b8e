#!/bin/sh
# Makes .venv where it is missing, and installs the package into it in editable mode, its core optimised.
#
#     tools/setup.sh [EXTRA]      EXTRA: dev, for what the tests need
#
# PYTHON names the interpreter to make .venv with; without it, the first of those below that is new enough.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:${HOME:-}/.cargo/bin"

fail() {
    echo "setup: $*" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    fail "expected Python 3.11 or newer as ${PYTHON:-python3 or python3.11 to python3.14}, found none:" \
        "install it, or say where it is, as in 'make PYTHON=/opt/python3.12/bin/python3 demo'"
}

make_venv() {
    python=$(find_python)
    echo "setup: making .venv with $python ($("$python" --version))"
    "$python" -m venv --clear .venv ||
        fail "$python could not make a virtual environment: on Debian and Ubuntu, install python3-venv"
}

check_rust() {
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    command -v cargo >/dev/null ||
        fail "expected Rust $wanted or newer, found no cargo: get it from https://rustup.rs, then try again"
    found=$(rustc --version | cut -d ' ' -f 2)
    minor=${found#*.}
    [ "${minor%%.*}" -ge "${wanted#*.}" ] ||
        fail "expected Rust $wanted or newer, found $found: 'rustup update' or https://rustup.rs brings a newer one"
    command -v cc >/dev/null ||
        fail "Rust links with the C compiler, found no cc: install gcc or clang (on Debian and Ubuntu, build-essential)"
}

check_rust
new_enough .venv/bin/python || make_venv
echo "setup: installing; the core is compiled if it has changed, which takes a minute or two the first time"
# pip builds by maturin's release profile; --locked keeps it to Cargo.lock.
MATURIN_PEP517_ARGS="--locked" \
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${1:+[$1]}"
