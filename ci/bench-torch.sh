#!/usr/bin/env bash
# The training step against PyTorch's, in the same run by turns: same network, same libtorch, one thread, batch 64, channels last.
# Ours has the pull, the push, the significance filter and the exchange of two machines in two sites with it.
# Needs Python 3 with venv. The first time it downloads PyTorch with what its wheel needs to be imported (5 GB on disk).
# PYTHON=... and PROGRAM=... name a Python with PyTorch 2.11 and a built program that are there already.
#
#   bash ci/bench-torch.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
there=target/bench-torch
mkdir -p "$there"
python=${PYTHON:-$there/venv/bin/python}
if ! "$python" -c 'import torch' 2>/dev/null; then
    echo "PyTorch 2.11 into $there/venv"
    python3 -m venv "$there/venv"
    "$there/venv/bin/pip" install --quiet --no-compile --no-cache-dir torch==2.11.0
    python=$there/venv/bin/python
fi
program=${PROGRAM:-target/release/examples/ic_throughput}
if [ -z "${PROGRAM:-}" ]; then
    bash ci/setup-torch.sh
    cargo build --release --locked --quiet -p gaia-core --features torch --example ic_throughput
fi
: >"$there/step.json"
for network in cifar10-quick resnet-20; do
    clocks=60
    [ "$network" = cifar10-quick ] || clocks=24
    for _ in $(seq "$rounds"); do
        ours=$("$program" --network $network --batch 64 --clocks $((clocks / 2 + 3)) --warm-up 3 --device cpu 2>/dev/null | tail -n 1)
        theirs=$("$python" ci/torch_networks.py --network $network --batch 64 --steps $clocks --warm-up 6)
        echo "{\"network\":\"$network\",\"ours\":$ours,\"theirs\":$theirs}" >>"$there/step.json"
    done
done
python3 - "$there/step.json" <<'PY'
import json, statistics, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
print(f"{'network':14} {'ours':>8} {'PyTorch':>8} {'ratio':>6}   images a CPU-second, medians of the rounds (images a second of the wall clock: ours, PyTorch)")
for network in dict.fromkeys(line["network"] for line in lines):
    of = lambda who, what: statistics.median(l[who][what] for l in lines if l["network"] == network)
    ratio = statistics.median(l["ours"]["images_per_cpu_second"] / l["theirs"]["images_per_cpu_second"] for l in lines if l["network"] == network)
    cpu = [of(who, "images_per_cpu_second") for who in ("ours", "theirs")]
    wall = [of(who, "images_per_second") for who in ("ours", "theirs")]
    print(f"{network:14} {cpu[0]:8.0f} {cpu[1]:8.0f} {ratio:6.2f}   ({wall[0]:.0f}, {wall[1]:.0f})")
PY
