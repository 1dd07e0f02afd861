#!/usr/bin/env bash
# The workspace compiles for aarch64 without a lint's warning: types, sizes and instruction sets other than x86's. Some libraries
# bring C: the cross compiler is installed with apt-get, which needs root.
#
# These are the gate's lints of a build without libtorch: those of one with it look at all that is x86's.
#
# --test: also runs gaia-core's tests of kernels and bits under an emulator of that processor (qemu-user).
set -euo pipefail
cd "$(dirname "$0")/.."

lints() { cargo clippy --workspace --all-targets --locked --quiet "$@" -- -D warnings; }

if [ "$(uname -m)" = aarch64 ]; then
    echo "this is such a processor: the tests run on it"
    lints
    exit 0
fi
target=aarch64-unknown-linux-gnu
packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
needed=(aarch64-linux-gnu-gcc)
if [ "${1:-}" = --test ]; then packages+=(qemu-user) needed+=(qemu-aarch64); fi
are_there() {
    local tool
    for tool in "$@"; do command -v "$tool" >/dev/null || return 1; done
}
if ! are_there "${needed[@]}"; then
    if [ "${CI:-}" != true ] && { [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; }; then
        echo "aarch64 NOT CHECKED: needs ${needed[*]}, which this script installs with apt-get as root"
        lints
        exit 0
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
fi
rustup --quiet target add "$target"
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"

lints --target "$target"
if [ "${1:-}" = --test ]; then
    cargo test -p gaia-core --locked --target "$target" --lib --test mf_kernel --test lda_sampler
    cargo test -p gaia-core --locked --target "$target" --test protocol oracles
fi
