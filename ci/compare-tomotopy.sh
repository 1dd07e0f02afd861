#!/usr/bin/env bash
# Holds the Gibbs sampler against tomotopy, the fastest exact one in the Python registry; see compare-tomotopy.py. It is
# installed into a virtual environment under target/. Exit 1 when a bar is missed.
#
#     ci/compare-tomotopy.sh                         # a generated corpus, and KOS where the real data are
#     ci/compare-tomotopy.sh --corpus docword.x.txt  # another
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
environment=$target/compare-tomotopy/venv
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
fi
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check 'tomotopy==0.14.0' numpy
cargo build --locked --quiet --release -p gaia-core --example lda_train
exec "$environment/bin/python" ci/compare-tomotopy.py --engine "$target/release/examples/lda_train" "$@"
