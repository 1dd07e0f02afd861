#!/usr/bin/env bash
# Compares the Gibbs sampler with tomotopy, the fastest exact one in the Python registry; see compare-tomotopy.py. It is
# installed by bench-environment.sh. Exit 1 when their likelihoods differ.
#
#     ci/compare-tomotopy.sh                         # a generated corpus, and KOS where the real data are
#     ci/compare-tomotopy.sh --corpus docword.x.txt  # another
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
python=$(bash ci/bench-environment.sh)
cargo build --locked --quiet --release -p gaia-core --example lda_train
exec "$python" ci/compare-tomotopy.py --engine "$target/release/examples/lda_train" "$@"
