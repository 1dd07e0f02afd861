#!/usr/bin/env bash
# One target under libFuzzer, on stable Rust.
#
#   bash ci/fuzz/run.sh TARGET [OPTIONS]     OPTIONS are libFuzzer's: -runs=2000000 -max_total_time=1800
#
# New inputs go to target/fuzz-corpora/TARGET; to keep them, minimised:  bash ci/fuzz/run.sh TARGET -merge=1 KEPT NEW, folders both.
# An input that a target cannot stand is left in target/fuzz-found.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

target=${1:?usage: bash ci/fuzz/run.sh TARGET [libFuzzer options]}
shift
RUSTC_WRAPPER="$here/rustc.sh" cargo build --quiet --locked --manifest-path ci/fuzz/Cargo.toml --profile fuzz --features libfuzzer \
    --bin fuzz_one --target-dir target/fuzz-build
new=target/fuzz-corpora/$target
mkdir -p "$new" target/fuzz-found
folders=("$new" "ci/fuzz/corpora/$target")
case " $* " in *" -merge=1 "*) folders=() ;; esac
FUZZ_TARGET=$target exec target/fuzz-build/fuzz/fuzz_one -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=20 -max_len=65536 \
    -artifact_prefix=target/fuzz-found/ -verbosity=0 -print_final_stats=1 "$@" "${folders[@]}"
