#!/usr/bin/env bash
# Holds the fluid model of links against SimGrid; see compare-simgrid.py. It needs a C++ compiler and SimGrid's library: on Debian
# `apt-get install g++ pkg-config libsimgrid-dev` (the package of the Python registry compiles the same library, and its actors cost more).
# Exit 1 when a bar is missed.
#
#     ci/compare-simgrid.sh                # EC2's network, and 20 random ones
#     ci/compare-simgrid.sh --random 100   # more
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/compare-simgrid"
if ! "${CXX:-g++}" -O2 -o "$target/compare-simgrid/simgrid" ci/compare-simgrid.cpp -lsimgrid; then
    echo "no SimGrid to compare with: apt-get install g++ libsimgrid-dev" >&2
    exit 2
fi
cargo build --locked --quiet --release -p emulator --example fluid_flows
version=$(pkg-config --modversion simgrid 2>/dev/null || true)
exec python3 ci/compare-simgrid.py --peer "SimGrid${version:+ $version}" --engine "$target/release/examples/fluid_flows" --simgrid "$target/compare-simgrid/simgrid" "$@"
