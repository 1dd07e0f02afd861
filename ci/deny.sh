#!/usr/bin/env bash
# Licences and sources of all dependencies, and known advisories about them (cargo deny, by deny.toml).
#
# The database of advisories lies on a Git host that not every machine reaches: then the copy that is in target/advisory-db is used,
# and where there is none, the output says that advisories were not checked.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
tools=target/tools
if [ ! -x "$tools/bin/cargo-deny" ] || [ "$("$tools/bin/cargo-deny" --version)" != "cargo-deny $version" ]; then
    # Unoptimised and without debug information it builds in a third of the time, and checks in seconds all the same.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$tools" --target-dir target/tools-build --version "$version" cargo-deny
    rm -rf target/tools-build
fi
deny() { "$tools/bin/cargo-deny" --log-level error "$@"; }

deny --locked check licenses bans sources
if timeout 60 "$tools/bin/cargo-deny" --log-level off fetch db >/dev/null 2>&1; then
    deny --locked check advisories
elif compgen -G 'target/advisory-db/advisory-db-*' >/dev/null; then
    echo "the database of advisories is not reached: its copy in target/advisory-db is used"
    deny --locked --offline check advisories
else
    echo "advisories NOT CHECKED: their database is not reached, and target/advisory-db holds no copy"
fi
