#!/usr/bin/env bash
# The one gate, the same at home and in CI: form, lints, dependencies, another processor, documentation, purity, tests, determinism,
# crashes, runs in real time.
# Needs Rust (by rustup) with rustfmt and clippy, a C++ compiler, Python 3 with pip and root; leaves its results in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."

begun=$(date +%s) last=$begun step=''
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

step "no new circles of modules"
python3 ci/circles.py

step "lints (clippy, warnings denied)"
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

step "gaia-core is pure"
bash ci/purity.sh

step "dependencies: licences, sources, advisories"
bash ci/deny.sh

step "compiles for aarch64"
bash ci/aarch64.sh

step "documentation (rustdoc, warnings denied)"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

step "tests"
cargo test --workspace --locked

step "inputs that fuzzing found, on every reader"
cargo fmt --manifest-path ci/fuzz/Cargo.toml --check
cargo run --quiet --locked --manifest-path ci/fuzz/Cargo.toml --target-dir target --bin corpora -- ci/fuzz/corpora

step "image classification on libtorch: lints, tests"
bash ci/setup-torch.sh
cargo clippy -p gaia-core -p harness-planning -p harness-running -p harness --features torch --all-targets --locked --quiet -- -D warnings
cargo test -p gaia-core --features torch --locked --lib --test ic_torch

step "the same results for any number of threads and any instructions"
cargo build --locked --quiet --features torch --bin experiments
bash ci/determinism.sh target/debug/experiments ic

step "killed three times, finished, the same files"
cargo build --locked --quiet --bin experiments
bash ci/crash.sh target/debug/experiments

step "in real time: the simulation's bits, kills of processes, nothing left behind"
bash ci/real.sh target/debug/experiments 3

step "all of it passed"
printf '%d s in all\n' $((last - begun))
