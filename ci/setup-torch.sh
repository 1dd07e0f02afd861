#!/usr/bin/env bash
# libtorch for the feature `torch`, in .libtorch/ (0.5 GB; 0.5 GB to download): what PyTorch 2.11's wheel holds of it, and the two
# libraries that it needs to load. Does nothing when that is there already. Needs pip, of any Python 3.
set -euo pipefail
cd "$(dirname "$0")/.."

torch=2.11.0
runtime=13.0.96
cupti=13.0.85
there=.libtorch
stamp="$there/complete-$torch-$runtime-$cupti"

if [ -e "$stamp" ]; then
    echo "libtorch $torch is in $there"
    exit 0
fi
if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "this script knows libtorch for Linux on x86-64, found $(uname -sm): set LIBTORCH to the folder of a libtorch $torch" >&2
    exit 2
fi
python=$(command -v python3 || command -v python) || { echo "needs Python 3 with pip" >&2; exit 2; }

half=$there.half
rm -rf "$half" && mkdir -p "$half"
trap 'rm -rf "$half"' EXIT
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --no-cache-dir --target "$half/wheel" \
    --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 --abi none \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    "torch==$torch" "nvidia-cuda-runtime==$runtime" "nvidia-cuda-cupti==$cupti"

# The libraries find one another by run paths that hold for the wheels' own layout.
mkdir -p "$half/kept/torch/lib" "$half/kept/nvidia/cu13/lib"
mv "$half/wheel/torch/include" "$half/kept/torch/include"
for library in libc10.so libtorch.so libtorch_cpu.so libgomp.so.1; do
    mv "$half/wheel/torch/lib/$library" "$half/kept/torch/lib/"
done
for library in libcudart.so.13 libcupti.so.13; do
    mv "$half/wheel/nvidia/cu13/lib/$library" "$half/kept/nvidia/cu13/lib/"
done
echo "$torch" >"$half/kept/torch/build-version"
touch "$half/kept/${stamp##*/}"
rm -rf "$there"
mv "$half/kept" "$there"
echo "libtorch $torch is in $there"
