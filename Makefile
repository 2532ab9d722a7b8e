# Verbs for people and for CI: make demo | test | test-postgres | lint | audit | bench | fuzz | build | clean.
# Each works on a bare clone: it makes .venv and installs what it needs, once.
# PYTHON=... names the interpreter to begin with; otherwise the first python3 that is new enough is taken.

.DEFAULT_GOAL := help
.PHONY: help demo test test-postgres lint audit bench fuzz build clean

export PYTHON
export PATH := $(PATH):$(HOME)/.cargo/bin

BIN := .venv/bin
SOURCES := python tests demo bench fuzz tools
CORE := pyproject.toml Cargo.toml Cargo.lock tools/setup.sh $(shell find crates -name '*.rs' -o -name Cargo.toml)
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?=
BENCH ?=
AUDIT ?=
LIBRARY_TESTS := $(sort $(wildcard tests/test_library*.py) tests/test_postgres.py tests/test_exchange.py tests/test_copies.py tests/test_negative_copies.py)

# Only the pictures in it are wanted, and they are the same in every wheel of this version: so one wheel
# for all machines, without its dependencies.
SAMPLES := scikit-image==0.26.0
SAMPLES_WHEEL := --only-binary=:all: --platform manylinux_2_28_x86_64 --python-version 3.12 --implementation cp

help:
	@echo "make demo    set up, and do the main job on real photographs"
	@echo "make test    all tests, Rust and Python"
	@echo "make test-postgres"
	@echo "             the tests of libraries, with the catalog on a private PostgreSQL server (Debian's package)"
	@echo "make lint    formatting, lint and types"
	@echo "make audit   pins, licences, code that runs before ours, and known holes of what we build on (AUDIT=--list)"
	@echo "make bench   speed, fidelity and memory against their targets, and rivals (BENCH=--quick for a short run)"
	@echo "make fuzz    property tests with new random cases, then what Python takes in, then each fuzz target of the"
	@echo "             core (FUZZ_TARGETS=jpeg for one), for FUZZ_SECONDS=$(FUZZ_SECONDS) each"
	@echo "make build   wheel and source package into dist/"
	@echo "make clean   remove all that the other verbs made"

demo: .venv/.base .demo/.packages
	$(BIN)/python demo/demo.py

test: .venv/.dev .demo/.packages
	cargo test --locked -p lookalike-core
	$(BIN)/python -m pytest

test-postgres: .venv/.dev
	tools/postgres.sh $(BIN)/python -m pytest -m "not directory" $(LIBRARY_TESTS)

lint: .venv/.dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/mypy bench demo
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --workspace --all-targets -- -D warnings

bench: .venv/.dev
	bench/rivals/setup.sh
	$(BIN)/python -m bench $(BENCH)

audit: .venv/.dev
	$(BIN)/python tools/audit.py $(AUDIT)

fuzz: .venv/.dev .venv/.fuzz
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -p tests.fuzz_profile
	$(BIN)/python fuzz/entries.py $(FUZZ_SECONDS)
	fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)

build: .venv/.dev
	$(BIN)/maturin build --release --locked --sdist --out dist

clean:
	rm -rf .venv .demo .bench target fuzz/target fuzz/seeds fuzz/corpus fuzz/artifacts dist .mypy_cache .ruff_cache .pytest_cache .hypothesis python/lookalike/*.so
	find python tests demo bench -name __pycache__ -prune -exec rm -rf {} +

# Stamps: the Rust sources are newer than the last build, or nothing is to be done. Python sources are
# used in place.
.venv/.base: $(CORE)
	tools/setup.sh
	@touch $@

.venv/.dev: $(CORE)
	tools/setup.sh dev
	@touch .venv/.base $@

# Atheris is not there for every Python: entries.py says so, and goes by chance.
.venv/.fuzz: | .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: "atheris>=3,<4" || true
	@touch $@

.demo/.packages: Makefile | .venv/.base
	rm -rf .demo/packages
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile $(SAMPLES_WHEEL) \
		--target .demo/packages $(SAMPLES)
	@touch $@
