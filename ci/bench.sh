#!/usr/bin/env bash
# All benches, in one command: ours against the peers, which are installed into a virtual environment (ci/bench-environment.sh).
# Leaves bench.csv, with a line per figure, and README.md, with bars and verdicts, in results/bench/DATE (UTC).
#
#   bash ci/bench.sh                      # everything: about an hour on two cores
#   bash ci/bench.sh --only mf            # one step, by name; may be given several times
#   bash ci/bench.sh --quick              # few rounds and sizes, to see that everything runs: no figure to go by
#   bash ci/bench.sh --out DIR --rounds N # another folder; another number of rounds (default 5)
#
# A ratio is of one run: in each round ours and the peer take their turn, and both are in CPU time of one thread. Exit 1 if a step failed
# (the others run), 2 on options that are not known. A missed bar is a figure, not a failure.
#
# To add a bench: a line in the table of steps below. Its command prints lines of the form that ci/bench_line.py documents, and makes them
# with it; other lines go to the terminal. `{rounds}` and `{quick}` (--quick or nothing) stand for the options. Where the bench has a bar, a
# line in ci/bench-bars.csv.
set -euo pipefail
cd "$(dirname "$0")/.."

# name | command | a command that fails where the step cannot run, and what to do then (both may be left out)
steps=(
    "mf         | python3 ci/bench-mf.py --rounds {rounds} {quick}"
    "lda        | bash ci/compare-tomotopy.sh --rounds {rounds} {quick}"
    "mf-kernel  | python3 ci/bench-criterion.py gaia-core mf_kernel"
    "lda-kernel | python3 ci/bench-criterion.py gaia-core lda_kernel"
    "links      | python3 ci/bench-criterion.py emulator chunk_events"
    "fluid      | bash ci/compare-simgrid.sh --rounds {rounds} {quick} | pkg-config --exists simgrid | apt-get install g++ pkg-config libsimgrid-dev"
    "growth     | python3 ci/bench-growth.py {quick}"
    "torch      | bash ci/bench-torch.sh {rounds} {quick} | bash ci/bench-torch.sh --check | set up libtorch and PyTorch (5 GB): bash ci/bench-torch.sh --setup"
)

usage() { sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"; }
names() { for step in "${steps[@]}"; do echo "${step%% *}"; done | paste -sd' '; }
refuse() { echo "ci/bench.sh: $1" >&2; exit 2; }

only=() quick='' rounds='' out=''
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=--quick ;;
        --only | --out | --rounds)
            [ $# -gt 1 ] || refuse "$1 needs a value"
            case $1 in
                --only) only+=("$2") ;;
                --out) out=$2 ;;
                --rounds) rounds=$2 ;;
            esac
            shift ;;
        -h | --help) usage; exit 0 ;;
        *) refuse "option $1 is not known: expected --only NAME, --quick, --rounds N, --out DIR" ;;
    esac
    shift
done
for name in "${only[@]}"; do
    [[ " $(names) " = *" $name "* ]] || refuse "--only $name: no such step, expected one of $(names)"
done
rounds=${rounds:-$([ -n "$quick" ] && echo 2 || echo 5)}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || refuse "--rounds $rounds: expected a number of at least 1"
out=${out:-results/bench/$(date -u +%F)}
mkdir -p "$out"

trim() { sed 's/^ *//; s/ *$//' <<<"$1"; }
collected=$(mktemp)
trap 'rm -f "$collected"' EXIT
failed=() left_out=()
for step in "${steps[@]}"; do
    IFS='|' read -r name command check remedy <<<"$step"
    name=$(trim "$name") command=$(trim "$command") check=$(trim "$check") remedy=$(trim "$remedy")
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " = *" $name "* ]] || continue
    if [ -n "$check" ] && ! bash -c "$check" >/dev/null 2>&1; then
        printf '\n== %s: left out. %s\n' "$name" "$remedy"
        left_out+=("$name")
        continue
    fi
    printf '\n== %s\n' "$name"
    command=${command//\{rounds\}/$rounds} command=${command//\{quick\}/$quick}
    if ! bash -o pipefail -c "$command" | tee >(grep '^bench,' >>"$collected"); then
        echo "$name: failed" >&2
        failed+=("$name")
    fi
done
# tee's reader may be a moment behind.
wait

python3 ci/bench_report.py "$out" "${quick:---full}" "left out: ${left_out[*]:-none}; failed: ${failed[*]:-none}" <"$collected"
[ ${#failed[@]} = 0 ]
