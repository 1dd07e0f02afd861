#!/usr/bin/env bash
# Runs in real time, six machines: the same objective as in virtual time, twenty times in a row without a hang, and
# kills of a machine, of the relay and of the launcher (kill -9), after which nothing is left behind, what was measured
# is kept and marked, and a run goes on.
# Needs no more than two cores, but a host on which little else runs. usage: real.sh BINARY [TIMES]
set -euo pipefail
binary=$(realpath "$1")
times=${2:-20}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
spec() { # NAME CLOCKS
    cat > "$out/$1.yaml" <<YAML
goal: { clocks: $2 }
workload: { mf: { rank: 8 } }
data: { generated: { users: 600, items: 120, ratings: 12000 } }
similitude: netflix
cells:
  - name: simulated
    profile: va-ca
    machines-per-site: 3
    system: { global: { bsp: {} } }
  - name: real
    profile: va-ca
    machines-per-site: 3
    system: { global: { bsp: {} } }
    launcher: { local: { dilation: 0.5 } }
YAML
}
spec short 4
spec long 300
run() { timeout 120 "$binary" run "$out/$1.yaml" --quiet --checkpoint-every 0.2 --out "$out/$1$2"; }
fail() { echo "$*" >&2; exit 1; }
# Processes of this test's runs: their command lines hold its folder.
processes() { # PATTERN
    for entry in /proc/[0-9]*; do
        tr '\0' ' ' 2>/dev/null < "$entry/cmdline" | grep -q -- "$1" && echo "${entry#/proc/}" || true
    done 2>/dev/null
}
left() { processes "node --assignment $out/"; }
wait_for() { # PATTERN
    for _ in $(seq 600); do processes "$1" | head -n 1 | grep . && return; sleep 0.05; done
    fail "no process $1 within 30 s"
}

# What a broken-off run had is there, and says in summary, manifest, table and figure that it must not be believed.
kept() { # FOLDER WHY
    "$binary" report "$1" > "$out/report" || { cat "$out/report" >&2; fail "no report of a broken-off run"; }
    python3 - "$1" "$2" <<'PYTHON' || fail "what a broken-off run had is not kept, or not marked: $1"
import csv, json, os, sys
folder, why = sys.argv[1:]
cells = {cell["cell"]: f"{folder}/{cell['plan']}" for cell in json.load(open(folder + "/cells.json"))["cells"]}
summary, manifest = (json.load(open(f"{cells['real']}/{name}.json")) for name in ("summary", "manifest"))
assert summary["outcome"] == "broken-off" and summary["clocks"] < 300, summary
assert len(summary["faults"]) == 1 and why in summary["faults"][0], summary["faults"]
assert manifest["faults"] == summary["faults"]
assert os.path.getsize(f"{cells['real']}/samples.parquet") > 0
rows = {row["cell"]: row["outcome"] for row in csv.DictReader(open(folder + "/table.csv"))}
assert rows == {"simulated": "clocks done", "real": "broken off"}, rows
assert "real (broken off)" in open(folder + "/figure.svg").read()
PYTHON
}

for i in $(seq "$times"); do
    run short "-$i" > "$out/log" 2>&1 || { cat "$out/log" >&2; fail "run $i failed"; }
    python3 - "$out/short-$i/short" <<'PYTHON' || fail "run $i: another objective than in virtual time"
import json, sys
folder = sys.argv[1]
cells = {c["cell"]: json.load(open(f"{folder}/{c['plan']}/summary.json")) for c in json.load(open(f"{folder}/cells.json"))["cells"]}
sys.exit(cells["real"]["last_objective"] != cells["simulated"]["last_objective"])
PYTHON
done
[ -z "$(left)" ] || fail "processes are left: $(left)"
echo "ran $times times, the simulation's objective to the bit"

for victim in m2 relay; do
    run long "-$victim" > "$out/log" 2>&1 &
    launcher=$!
    process=$(wait_for "node --assignment $out/long-$victim/.* --as $victim")
    [ "$victim" = relay ] || wait_for "node --assignment $out/long-$victim/.* --as relay" > /dev/null
    sleep 1
    kill -9 "$process"
    begun=$(date +%s)
    if wait "$launcher"; then fail "the run ended well without $victim"; fi
    [ $(($(date +%s) - begun)) -le 10 ] || fail "the end took more than 10 s after $victim was killed"
    grep -q "${victim/relay/the relay}: process $process was killed by signal 9" "$out/log" || { cat "$out/log" >&2; fail "the error does not name $victim"; }
    [ -z "$(left)" ] || fail "processes are left after $victim was killed: $(left)"
    kept "$out/long-$victim/long" "${victim/relay/the relay}: process $process was killed by signal 9"
    echo "killed $victim: $(grep -c . "$out/log") lines say so, and what was measured is kept"
done

"$binary" run "$out/long.yaml" --quiet --checkpoint-every 0.2 --out "$out/long-launcher" > "$out/log" 2>&1 &
launcher=$!
# Until the real cell, the second, has been kept for the first time.
for _ in $(seq 600); do [ "$(find "$out"/long-launcher/long/*/ -name hashes.json 2> /dev/null | wc -l)" -ge 2 ] && break; sleep 0.05; done
kill -9 "$launcher"
wait "$launcher" 2> /dev/null || true
for _ in $(seq 100); do [ -z "$(left)" ] && break; sleep 0.1; done
[ -z "$(left)" ] || fail "processes are left after the launcher was killed: $(left)"
kept "$out/long-launcher/long" "the launcher ended before the run did"
sed -i 's/clocks: 300/clocks: 5/' "$out/long.yaml"
run long -launcher > "$out/log" 2>&1 || { cat "$out/log" >&2; fail "the run after a kill failed"; }
echo "killed the launcher: nothing is left, and what was measured is kept, and the next run goes on"
