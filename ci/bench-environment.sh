#!/usr/bin/env bash
# The peers of the benches, and what reads our tables, in a virtual environment under target/bench, made at the first time; prints its Python.
# LIBMF is compiled here, from the source in its package: it chooses its vector code when it is compiled, and the package's own build has none.
# Needs Python 3 with venv, and a C++ compiler.
#
#   python=$(bash ci/bench-environment.sh)
set -euo pipefail
cd "$(dirname "$0")/.."

peers=(libmf==0.9.2 cornac==3.0.1 tomotopy==0.14.0 numpy pyarrow)
flags="-O3 -DNDEBUG -DUSEAVX -march=native"
there=${CARGO_TARGET_DIR:-target}/bench/venv
stamp="$there/complete: ${peers[*]} $flags"
if [ ! -e "$stamp" ]; then
    echo "peers into $there: ${peers[*]}" >&2
    rm -rf "$there"
    python3 -m venv "$there"
    CFLAGS=$flags CXXFLAGS=$flags "$there/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
        --no-binary libmf "${peers[@]}" >&2
    touch "$stamp"
fi
echo "$PWD/$there/bin/python" | sed "s|^$PWD//|/|"
