#!/usr/bin/env bash
# Fuzzes the decoders with libFuzzer: fuzz/run.sh SECONDS [TARGET...]
#
# Each target (all of them, if none is named) runs for SECONDS, from the seeds and from what earlier runs found in
# fuzz/corpus/TARGET. At the first crash, hang or greedy allocation it stops: the input is in fuzz/artifacts and the
# exit status is not zero. Stable Rust and a C++ compiler are enough. FUZZ_SEED=1 tries the same mutations each time.
set -euo pipefail
cd "$(dirname "$0")"
PATH="$PATH:${HOME:-}/.cargo/bin"

seconds=${1:?"expected a number of seconds, as in: fuzz/run.sh 600 [TARGET...]"}
shift
mapfile -t targets < <(sed -n 's/^path = "targets\/\(.*\)\.rs"$/\1/p' Cargo.toml | grep -v '^heap$')
[ $# -eq 0 ] || targets=("$@")
python=${PYTHON:-../.venv/bin/python}
host=$(rustc -vV | sed -n 's/^host: //p')

# Probes at every edge of the program, and at its comparisons, for libFuzzer to see where an input leads. With
# --target, build scripts are compiled without them.
probes=(-Cpasses=sancov-module --cfg=fuzzing)
for option in -sanitizer-coverage-level=4 -sanitizer-coverage-inline-8bit-counters -sanitizer-coverage-pc-table \
    -sanitizer-coverage-trace-compares -simplifycfg-branch-fold-threshold=0; do
    probes+=("-Cllvm-args=$option")
done
RUSTFLAGS="${probes[*]}" cargo build --release --locked --target-dir target --target "$host" \
    "${targets[@]/#/--bin=}"

run() {
    target=$1
    "$python" seeds.py "$target"
    mkdir -p "corpus/$target" artifacts
    echo "fuzz: $target for $seconds seconds, log in fuzz/artifacts/$target.log"
    # A unit of more than 10 s is a hang.
    options=(-seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
        -artifact_prefix="artifacts/$target-" -dict="$target.dict")
    "target/$host/release/$target" "corpus/$target" "seeds/$target" "${options[@]}" >"artifacts/$target.log" 2>&1 ||
        failed "$target" $?
    grep -E '^#[0-9]+\s+(INITED|DONE)|^stat::' "artifacts/$target.log"
}

failed() {
    grep -vE '^#[0-9]+|^INFO|^stat::' "artifacts/$1.log" | head -40
    input=$(grep -oE "artifacts/$1-[a-z]+-[0-9a-f]+" "artifacts/$1.log" | tail -1)
    echo "fuzz: $1 failed (status $2) on fuzz/${input:-artifacts, where no input was written}" >&2
    echo "fuzz: to see it again, from fuzz/:  target/$host/release/$1 $input" >&2
    exit 1
}

for target in "${targets[@]}"; do
    run "$target"
done
