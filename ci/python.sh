#!/usr/bin/env bash
# Tests of the Python package on results that a binary makes in seconds: ci/python.sh target/debug/experiments. Needs Python 3.11 or newer
# with venv. What the package and its tests need is installed once, into a virtual environment in the temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${1:?names the binary: ci/python.sh target/debug/experiments}")
[ -x "$binary" ] || { echo "$binary: expected the program experiments; \`cargo build --bin experiments\` makes it" >&2; exit 2; }
# hatchling builds the package.
needs=(polars==2.1.0 matplotlib==3.11.2 pytest==9.2.0 hatchling==1.33.0)
python=$(command -v python3 || command -v python) || { echo "needs Python 3.11 with venv" >&2; exit 2; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "needs Python 3.11, found $("$python" --version)" >&2; exit 2; }

names=$("$python" --version | tr ' ' -)$(printf -- '-%s' "${needs[@]}")
environment=${TMPDIR:-/tmp}/gaia-testbed-$names
if [ ! -e "$environment/complete" ]; then
    "$python" -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "${needs[@]}" || {
        echo "the Python package is NOT tested: ${needs[*]} cannot be installed; needs a package index that pip can reach" >&2
        exit 1
    }
    touch "$environment/complete"
fi

# No index is asked from here on. The package is installed as users install it, so that what it leaves out is missing here as well.
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation \
    --force-reinstall harness/python
EXPERIMENTS=$binary PYTHONDONTWRITEBYTECODE=1 MPLBACKEND=Agg "$environment/bin/python" -m pytest --quiet -p no:cacheprovider harness/python/tests
