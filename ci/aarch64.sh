#!/usr/bin/env bash
# The workspace compiles for aarch64: types, sizes and instruction sets other than x86's. Some libraries bring C: the cross
# compiler is installed with apt-get, which needs root.
#
# --test: also runs gaia-core's tests of kernels and bits under an emulator of that processor (qemu-user).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname -m)" = aarch64 ]; then
    echo "this is such a processor: the tests have run on it"
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
        exit 0
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
fi
rustup --quiet target add "$target"
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"

cargo check --workspace --locked --quiet --target "$target"
if [ "${1:-}" = --test ]; then
    cargo test -p gaia-core --locked --target "$target" --lib --test mf_kernel --test lda_sampler
    cargo test -p gaia-core --locked --target "$target" --test protocol oracles
fi
