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
    python3 ci/reference.py "$out" results/reference
    exit
fi
# With the sources of the reference simulated cells have its digests, which is checked whatever the tolerance: it is for other sources. Left
# out: runs in real time, which are never quite equal, and image classification: libtorch's bits depend on the processor, and a build without
# libtorch has none. --common: the reference also keeps sweeps, which `all` does not run; with other seeds only cells and claims are compared.
status=0
target/release/experiments compare results/reference "$out" --common --worse --tolerance 5% \
    --leave-out validation --leave-out 'ic*' --leave-out '*-ic' --leave-out 'IC*' --leave-out '*.ic*' || status=$?
# 3 says that something is worse: a regression.
if [ "$status" = 3 ]; then exit 1; fi
exit "$status"
