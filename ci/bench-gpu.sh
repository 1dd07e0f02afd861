#!/usr/bin/env bash
# Image classification on a GPU against PyTorch on the same card in the same run: GoogLeNet, batch 128, random 224 x 224 images,
# 22 machines of 11 sites simulated over the one device, each step with its pull, push and significance filter.
# Needs a Python 3 with PyTorch 2.11 for CUDA (PYTHON=...), and the program, built elsewhere where there is no Rust here:
#
#   cargo build --release -p gaia-core --features torch --example ic_throughput && strip -o ic_throughput \
#       target/release/examples/ic_throughput
#   bash ci/bench-gpu.sh ./ic_throughput OUT
#
# Leaves OUT/gpu.json and prints a table. Takes at most SECONDS_AT_MOST (230): cases that find no time are left out, those that
# take too long leave what they had.
set -uo pipefail
at_most=${SECONDS_AT_MOST:-230}
program=$(realpath "${1:?usage: bench-gpu.sh PROGRAM [OUT]}")
out=${2:-.}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3.12 python3 python; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import torch' 2>/dev/null; then python=$candidate; break; fi
    done
fi
[ -n "$python" ] || { echo "no Python with PyTorch here: set PYTHON" >&2; exit 2; }
lib=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
"$python" - <<'PY'
import torch
print("PyTorch", torch.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version(), "sees", torch.cuda.device_count(), "devices:",
      torch.cuda.get_device_name() if torch.cuda.is_available() else "none")
PY
export LD_LIBRARY_PATH="$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

diagnose() {
    echo "-- the program, its libraries and the folder $lib:" >&2
    ldd "$program" >&2
    ls -l "$lib" | grep -E 'torch|c10|cudart|gomp' >&2
    command -v nvidia-smi >/dev/null && nvidia-smi >&2
}

if ! timeout 60 "$program" --network cifar10-quick --clocks 3 --warm-up 1 --device cuda:0 >"$out/small.json" 2>"$out/small.err"; then
    echo "the program cannot use the GPU:" >&2
    cat "$out/small.err" >&2
    diagnose
    exit 1
fi
echo "$SECONDS s: the program trains a small network on the GPU"

: >"$out/gpu.json"
case_of() { # name, seconds at most, command...: its lines of JSON, each with the name
    local name=$1 limit=$2 left=$((at_most - SECONDS)) begun=$SECONDS
    shift 2
    [ "$left" -ge 25 ] || { echo "$name: left out, $left s are left"; return; }
    [ "$limit" -le "$left" ] || limit=$left
    echo "$SECONDS s: $name"
    timeout "$limit" "$@" >"$out/case.json" 2> >(tee -a "$out/gpu.err" | grep --line-buffered -v Warning | sed -u 's/^/    /' >&2)
    local code=$?
    [ "$code" = 0 ] || echo "$name: ended with $code after $((SECONDS - begun)) s; what it had by then counts"
    sed "s/^{/{\"case\":\"$name\",/" "$out/case.json" >>"$out/gpu.json"
    tail -n 1 "$out/case.json"
}
ours() { # name, seconds, options...
    case_of "$1" "$2" "$program" --network googlenet --batch 128 --sites 11 --machines-per-site 2 --device cuda:0 "${@:3}"
}

# TF32: convolutions, as PyTorch has it by default, on both sides; without: on neither.
threads=$(nproc)
case_of "PyTorch" 75 "$python" "$here/torch_networks.py" --network googlenet --batch 128 --device cuda --steps 60 --warm-up 8 --tf32 both
ours "1 step a clock" 60 --threads "$threads" --clocks 12 --warm-up 2
NVIDIA_TF32_OVERRIDE=0 ours "1 step a clock, no TF32" 50 --threads "$threads" --clocks 6 --warm-up 2
ours "one thread" 50 --threads 1 --clocks 3 --warm-up 1
ours "4 steps a clock" 50 --threads "$threads" --clocks 4 --warm-up 1 --steps-per-clock 4

"$python" - "$out/gpu.json" <<'PY'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
theirs = {line["tf32"]: line["images_per_second"] for line in lines if line["case"] == "PyTorch"}
ours = {line["case"]: line for line in lines if line["case"] != "PyTorch"}  # the last line of each
print(f"{'case':26} {'images/s':>9} {'/ PyTorch':>9} {'memory GB':>9}  seconds a step, over all threads")
for tf32, rate in theirs.items():
    memory = next(l for l in lines if l["case"] == "PyTorch" and l["tf32"] == tf32)["device_memory_bytes"][0]
    print(f"{'PyTorch' + ('' if tf32 else ', no TF32'):26} {rate:9.1f} {1:9.3f} {memory / 1e9:9.2f}")
for name, line in ours.items():
    peer = theirs.get("no TF32" not in name)
    ratio = f"{line['images_per_second'] / peer:.3f}" if peer else "-"
    phases = ", ".join(f"{k} {v * 1e3:.1f} ms" for k, v in line["seconds_a_step"].items())
    print(f"{name:26} {line['images_per_second']:9.1f} {ratio:>9} {line['device_memory_bytes'][0] / 1e9:9.2f}  {phases}")
if "one thread" in ours:
    s = ours["one thread"]["seconds_a_step"]
    print(f"one thread, where nothing overlaps: transfers are {100 * s['transfer'] / (s['transfer'] + s['train'] + s['launch']):.1f} % of transfers and training")
print("card:", ", ".join({line["device"] for line in lines if line["case"] == "PyTorch"}))
PY
