#!/usr/bin/env bash
# Kills a run three times at moments of its own (kill -9), finishes it, and compares every file with an unbroken run.
# usage: crash.sh BINARY
set -euo pipefail
binary=$(realpath "$1")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# Large enough to be under way at every one of these moments, on a fast host too.
run=(run fig13 --seed 1 --quiet --checkpoint-every 0.5 --set data.generated.scale=0.04)

"$binary" "${run[@]}" --out "$out/whole" >/dev/null
kills=0
for delay in 0.3 0.9 1.6; do
    "$binary" "${run[@]}" --out "$out/broken" >/dev/null &
    process=$!
    # From the first checkpoint on, however slow the host: a kill before that tests nothing.
    until [ -n "$(find "$out/broken" -name checkpoint.bin 2>/dev/null)" ] || ! kill -0 "$process" 2>/dev/null; do
        sleep 0.1
    done
    sleep "$delay"
    if kill -9 "$process" 2>/dev/null; then kills=$((kills + 1)); fi
    wait "$process" 2>/dev/null || true
    find "$out/broken" -name checkpoint.bin -printf 'left %f of %s bytes\n' || true
done
"$binary" "${run[@]}" --out "$out/broken" >/dev/null
diff -r -x host.json "$out/whole" "$out/broken" || { echo "a broken run leaves other files" >&2; exit 1; }
[ "$kills" -ge 1 ] || { echo "every run ended before it was killed: nothing was tested" >&2; exit 1; }
echo "killed $kills times, equal files"
