#!/usr/bin/env bash
# gaia-core, as it is without the feature torch, must not reach a clock, files, sockets, threads or the environment: neither
# itself nor through what it is built on.
set -euo pipefail
cd "$(dirname "$0")/.."

banned='^(tokio|mio|socket2|polars|serde_yaml|csv|flate2|tempfile|indicatif|plotters|tch|torch-sys|nix|rustix)$'
found=$(cargo tree --locked -p gaia-core -e normal --prefix none --format '{p}' | cut -d' ' -f1 | sort -u | grep -E "$banned" || true)
if [ -n "$found" ]; then
    echo "gaia-core is built on what it must not know: $found" >&2
    exit 1
fi

cargo check --locked --quiet -p gaia-core

words='std::(fs|env|net|process|thread|time|io)\b|Instant::now|SystemTime|thread::spawn|println!|eprintln!'
# Of emulator/base it is built with what needs no feature.
base=(emulator/base/src/{lib,streams,causes}.rs)
if grep -rnE --exclude-dir=torch "$words" gaia-core/src || grep -nE "^[^/]*($words)" "${base[@]}"; then
    echo "the lines above reach out of gaia-core: time, work and data come in through emulator::node::Node" >&2
    exit 1
fi
echo "pure"
