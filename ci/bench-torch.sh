#!/usr/bin/env bash
# The training step compared with PyTorch's, in the same run by turns: same network, same libtorch, one thread, batch 64, channels last.
# Ours has the pull, the push, the significance filter and the exchange of two machines in two sites with it.
# Needs Python 3 with venv. The first time it downloads PyTorch with what its wheel needs to be imported (5 GB on disk).
# PYTHON=... and PROGRAM=... name a Python with PyTorch 2.11 and a built program that are there already.
#
#   bash ci/bench-torch.sh [ROUNDS] [--quick]   # --quick: few steps
#   bash ci/bench-torch.sh --setup              # downloads and builds what is needed, no more
#   bash ci/bench-torch.sh --check              # exit 1 where something would have to be downloaded
set -euo pipefail
cd "$(dirname "$0")/.."
there=${CARGO_TARGET_DIR:-target}/bench-torch
python=${PYTHON:-$there/venv/bin/python}
program=${PROGRAM:-${CARGO_TARGET_DIR:-target}/release/examples/ic_throughput}
rounds=3 quick='' only=''
for argument in "$@"; do
    case $argument in
        --quick) quick=1 ;;
        --setup | --check) only=$argument ;;
        *[!0-9]* | '') echo "bench-torch.sh: $argument: expected a number of rounds, --quick, --setup or --check" >&2; exit 2 ;;
        *) rounds=$argument ;;
    esac
done
if [ "$only" = --check ]; then
    "$python" -c 'import torch' && { [ -n "${PROGRAM:-}" ] || compgen -G '.libtorch/complete-*' >/dev/null; }
    exit
fi
mkdir -p "$there"
if ! "$python" -c 'import torch' 2>/dev/null; then
    echo "PyTorch 2.11 into $there/venv"
    python3 -m venv "$there/venv"
    "$there/venv/bin/pip" install --quiet --no-compile --no-cache-dir torch==2.11.0
    python=$there/venv/bin/python
fi
if [ -z "${PROGRAM:-}" ]; then
    bash ci/setup-torch.sh
    cargo build --release --locked --quiet -p gaia-core --features torch --example ic_throughput
fi
[ "$only" != --setup ] || exit 0
: >"$there/step.json"
for network in cifar10-quick resnet-20; do
    clocks=60
    [ "$network" = cifar10-quick ] || clocks=24
    [ -z "$quick" ] || clocks=8
    for _ in $(seq "$rounds"); do
        ours=$("$program" --network $network --batch 64 --clocks $((clocks / 2 + 3)) --warm-up 3 --device cpu 2>/dev/null | tail -n 1)
        theirs=$("$python" ci/torch_networks.py --network $network --batch 64 --steps $clocks --warm-up 6)
        echo "{\"network\":\"$network\",\"ours\":$ours,\"theirs\":$theirs}" >>"$there/step.json"
    done
done
PYTHONPATH=ci python3 - "$there/step.json" <<'PY'
import json, statistics, sys
from bench_line import line
lines = [json.loads(text) for text in open(sys.argv[1])]
for network in dict.fromkeys(each["network"] for each in lines):
    def of(who, what):
        return [each[who][what] for each in lines if each["network"] == network]
    wall = [statistics.median(of(who, "images_per_second")) for who in ("ours", "theirs")]
    print(f"{network}: {wall[0]:.0f} and {wall[1]:.0f} images per second of the wall clock, ours and PyTorch's")
    print(line(f"torch/{network}", "images/CPU-s", of("ours", "images_per_cpu_second"), "PyTorch 2.11", of("theirs", "images_per_cpu_second")))
PY
