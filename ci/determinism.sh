#!/usr/bin/env bash
# Runs fig13, fig16 and lr small with one thread, with two, and without vector instructions: every file but host.json must be equal byte
# by byte. Another seed must differ. The same for image classification, where the binary has libtorch.
#   usage: determinism.sh BINARY [ic]
set -euo pipefail
binary=$(realpath "$1")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# usage: compare SPEC CELLS SETTING...
compare() {
    local spec=$1 cells=$2
    shift 2
    run() {
        local folder=$1
        shift
        "$binary" run "$spec" --quiet "${settings[@]}" --out "$out/$spec/$folder" "$@" >/dev/null
    }
    local settings=("$@") other alone
    # Slow, and on one processor: the others run meanwhile.
    run one --seed 1 --jobs 1 &
    alone=$!
    run two --seed 1 --jobs 2
    GAIA_ISA=scalar run scalar --seed 1 --jobs 2
    run other --seed 2 --jobs 2
    wait "$alone" || { echo "$spec: the run on one thread failed" >&2; exit 1; }
    for other in two scalar; do
        diff -r -x host.json "$out/$spec/one" "$out/$spec/$other" || { echo "$spec: one thread and $other differ" >&2; exit 1; }
    done
    digests() { cat "$out/$spec/$1/$spec"/*/summary.json | grep '"digest"' | sort; }
    [ "$(digests one | wc -l)" = "$cells" ] || { echo "$spec: $cells cells leave as many digests" >&2; exit 1; }
    if [ "$(digests one)" = "$(digests other)" ]; then
        echo "$spec: another seed gives the same run" >&2
        exit 1
    fi
}

compare fig13 5 --set data.generated.scale=0.01
# Twelve clocks: on so small a corpus most of the time is that of messages, and every clock has the same kinds of them.
compare fig16 4 --set data.generated-corpus.scale=0.001 --set workload.lda.topics=10 --set 'goal={ clocks: 12 }'
compare lr 4 --set data.generated-examples.examples=2000 --set data.generated-examples.features=1000 --set data.generated-examples.nonzeros=20
if [ "${2:-}" = ic ]; then
    # Two machines in each of two sites, three clocks.
    compare ic 3 --set 'panels=[{ name: V/C, profile: va-ca }]' --set machines-per-site=2 --set 'goal={ clocks: 3 }' \
        --set workload.ic.evaluation.every-clocks=2 --set data.generated-images.train=160
fi
echo "equal for 1 and 2 threads and without vector instructions; another seed differs"
