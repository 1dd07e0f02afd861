#!/usr/bin/env bash
# Reproduces the paper's figures, and fails on a regression: builds, runs `all`, compares with results/reference and prints
# every claim against the paper.
# usage: reproduce.sh --fast | --full [--variants] [--out DIR] [--keep]
#   --fast   the specs as they are: default scale, one seed (15 minutes on 2 cores after the build)
#   --full   the same with five seeds (about five times as long)
#   --variants  the variants too, with one seed: other settings of machines and of Gaia, which the claims show in columns
#   --out    where results go (results/reproduction); what is finished there is reused
#   --keep   make what came out the new reference instead of comparing
# Exit codes: 0 no regression, 1 a run failed or a regression, 2 wrong usage. A claim that fails here as it fails in the reference
# is no regression: docs/reproduction.md says why each does.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds='' variants='' out=results/reproduction keep=''
usage() { sed -n '4,6p' "$0" >&2; exit 2; }
[ $# -ge 1 ] || usage
while [ $# -gt 0 ]; do
    case $1 in
        --fast) seeds='[1]' ;;
        --full) seeds='[1, 2, 3, 4, 5]' ;;
        --variants) variants=yes ;;
        --out) out=${2:?--out needs a folder}; shift ;;
        --keep) keep=yes ;;
        *) usage ;;
    esac
    shift
done
[ -n "$seeds" ] || usage

cargo build --release --locked --bin experiments
begun=$(date +%s)
target/release/experiments run all --set "seeds=$seeds" --out "$out"
if [ -n "$variants" ]; then
    target/release/experiments run authors-code derived calibrated-low-lan calibrated-high-lan --set 'seeds=[1]' --out "$out"
fi
echo "ran in $((($(date +%s) - begun) / 60)) minutes"
target/release/experiments claims "$out" | tee "$out/claims.txt"
if [ -n "$keep" ]; then
    python3 ci/reference.py store "$out" results/reference
else
    python3 ci/reference.py compare "$out" results/reference
fi
