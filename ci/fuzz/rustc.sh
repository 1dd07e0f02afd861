#!/usr/bin/env bash
# rustc for ci/fuzz/run.sh: with LLVM's coverage for libFuzzer in the testbed's crates, and as it is for all others.
rustc=$1
shift
name=''
for ((i = 1; i < $#; i++)); do
    [ "${!i}" != --crate-name ] || { next=$((i + 1)) && name=${!next}; }
done
case $name in
emulator | datasets | resize | gaia_core | record | planning | running | paper | harness | fuzz | fuzz_one)
    exec "$rustc" "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
*) exec "$rustc" "$@" ;;
esac
