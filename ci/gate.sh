#!/usr/bin/env bash
# The one gate, the same at home and in CI: form, lints, purity, dependencies, another processor, documentation, tests, crashes, runs in
# real time, determinism.
# Needs Rust (by rustup) with rustfmt and clippy, a C++ compiler, Python 3 with pip and root; leaves its results in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing here is built twice after a change, so nothing is kept for that: 5 % less to do.
export CARGO_INCREMENTAL=0

begun=$(date +%s) last=$begun step=''

# libtorch arrives while the first steps keep the processor busy; its own step waits for it.
work=$(mktemp -d)
trap 'kill "$libtorch" 2>/dev/null || true; rm -rf "$work"' EXIT
bash ci/setup-torch.sh >"$work/libtorch" 2>&1 &
libtorch=$!
# Prints the name of the step that begins, and the time that the one before took.
step() {
    local now
    now=$(date +%s)
    [ -z "$step" ] || printf '== %s: %d s\n' "$step" $((now - last))
    last=$now step=$*
    printf '\n== %s\n' "$*"
}

step "form (cargo fmt)"
cargo fmt --all --check

step "what must not be committed"
python3 ci/tidy.py

step "figures of benches"
python3 ci/bench_test.py

step "no new circles of modules"
python3 ci/circles.py

step "gaia-core is pure"
bash ci/purity.sh

step "dependencies: licences, sources, advisories"
bash ci/deny.sh

step "lints without libtorch (clippy, warnings denied), compiling for aarch64"
bash ci/aarch64.sh

step "documentation (rustdoc, warnings denied)"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

# One cargo command resolves one set of features: what the workspace and its tests ask for of the libraries. Every build from here
# on asks for the same set, so that what stands is not built again: the binary is the one that the tests ran, libtorch's
# build names the packages that the features come from (and a test: without one, features that tests ask for are off).
step "tests, and inputs that fuzzing found on every reader"
cargo test --workspace --locked
cargo fmt --manifest-path ci/fuzz/Cargo.toml --check
cargo metadata --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu --manifest-path ci/fuzz/Cargo.toml >/dev/null

step "killed three times, finished, the same files"
bash ci/crash.sh target/debug/experiments

step "traces open in Perfetto's own parser, where it is to be had"
python3 ci/trace.py target/debug/experiments

step "the Python package reads results as they were written"
bash ci/python.sh target/debug/experiments

step "in real time: the simulation's bits, kills of processes, nothing left behind"
bash ci/real.sh target/debug/experiments 3

step "image classification on libtorch: lints, tests"
wait "$libtorch" || { cat "$work/libtorch" >&2; exit 1; }
cat "$work/libtorch"
with_torch=(-p datasets -p emulator -p gaia-core -p harness --features torch --locked)
cargo clippy --workspace --features torch --all-targets --locked --quiet -- -D warnings
cargo test "${with_torch[@]}" --lib --test ic_torch

step "the same results for any number of threads and any instructions"
cargo build "${with_torch[@]}" --quiet --bin experiments --test ic_torch
bash ci/determinism.sh target/debug/experiments ic

step "all of it passed"
printf '%d s in all\n' $((last - begun))
