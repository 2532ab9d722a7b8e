#!/bin/sh
# Makes .bench, the environment of the rivals, so that the project itself needs none of them.
#
#     bench/rivals/setup.sh [PYTHON]      PYTHON: the interpreter to make it with, .venv's by default
#
# A rival that cannot be installed is no failure: .bench/NAME.missing says why, the race goes on without it,
# and the next run tries again. One job and low priority: a benchmark's environment is in nobody's way.
set -u
cd "$(dirname "$0")/../.."
PATH="$PATH:${HOME:-}/.cargo/bin"
mkdir -p .bench

# As in the development environment: the same decoder and arrays for all.
PINNED="pillow==12.3.0 numpy==2.4.6"

# install NAME COMMAND...: once, and remember why not.
install() {
    name=$1
    shift
    [ -e ".bench/$name.done" ] && return
    rm -f ".bench/$name.missing"
    echo "rivals: installing $name" >&2
    if "$@" >".bench/$name.log" 2>&1; then
        touch ".bench/$name.done"
    else
        # The last line that is not blank: what pip and cargo end with.
        sed -n '/[^[:space:]]/h;${x;p;}' ".bench/$name.log" >".bench/$name.missing"
        echo "rivals: not installed: $name: $(cat ".bench/$name.missing")" >&2
    fi
}

pip_install() {
    # shellcheck disable=SC2086
    nice -n 10 .bench/venv/bin/python -m pip install --quiet --disable-pip-version-check $PINNED "$@"
}

# Its declared dependencies are those of its neural networks too: torch, torchvision and matplotlib, several
# gigabytes. Its hashes need only these.
install_imagededup() {
    pip_install "scipy>=1.14" PyWavelets==1.9.0 tqdm scikit-learn &&
        pip_install --no-deps imagededup==0.3.3.post2
}

build_czkawka() {
    nice -n 10 cargo build --quiet --release --locked --jobs 1 \
        --manifest-path bench/rivals/czkawka_way/Cargo.toml --target-dir .bench/target
}

install venv "${1:-.venv/bin/python}" -m venv --clear .bench/venv
install duckdb pip_install duckdb==2.0.0
install opencv pip_install opencv-contrib-python-headless==5.0.0.93
install pdqhash pip_install pdqhash==0.2.8
install dhash pip_install dhash==1.4
install imagededup install_imagededup
install faiss pip_install faiss-cpu==1.15.1
install czkawka build_czkawka
