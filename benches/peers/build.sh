#!/usr/bin/env bash
# Builds the peers into ${PEERS_BUILD:-~/.cache/peers}; in this folder only Cargo.lock files appear.
#
#   ./build.sh                     all of them, in this order: an hour of processor time, half of it burn's
#   ./build.sh chainrule hand      some: python chainrule hand dfdx dfdx-conv rtneural eigen candle tract burn
#
# PEERS_PYTHON  a Python that has torch, jax, onnxruntime and onnx already: then `python` installs nothing
# RTNEURAL      a checkout of github.com/jatinchowdhury18/RTNeural: without it `rtneural` is left out
# XSIMD         the folder of xsimd's headers (it has xsimd/xsimd.hpp), if not RTNeural's submodule: for `rtneural-xsimd`
# EIGEN         the folder of Eigen 3.4's headers (it has Eigen/Dense): without it `eigen` is left out
# KEEP_TARGETS  if set, cargo's target folders of the other libraries stay (some gigabytes)
# `hand` links OpenBLAS where the linker finds it (libopenblas-dev); without it there is no hand-openblas.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${PEERS_BUILD:-$HOME/.cache/peers}
mkdir -p "$build/bin"

# The others are built for the processor at hand, which is an advantage that chainrule does not take.
native="-C target-cpu=native"

# A program of its own target folder, so that the features of one crate do not leak into another.
program() { # name, folder, RUSTFLAGS, cargo's options
    local name=$1 folder=$2 flags=$3 target=$build/target/$1
    shift 3
    (cd "$here/$folder" && RUSTFLAGS=$flags cargo build --quiet --release --target-dir "$target" "$@")
    cp "$target/release/peer-$folder" "$build/bin/$name"
    [ "$name" = chainrule ] || [ -n "${KEEP_TARGETS:-}" ] || rm -rf "$target"
}

python() {
    [ -z "${PEERS_PYTHON:-}" ] || return 0
    [ -d "$build/venv" ] || python3 -m venv "$build/venv"
    "$build/venv/bin/pip" install --quiet -r "$here/python/requirements.txt"
}

hand() {
    local openblas=()
    ! ldconfig -p | grep 'libopenblas\.so ' > /dev/null || openblas=(--features openblas)
    # LLVM divides vectors of 64 bytes on most processors that have them.
    local whole=""
    ! grep -q avx512f /proc/cpuinfo || whole=" -C target-feature=-prefer-256-bit"
    program hand hand "$native$whole" "${openblas[@]}"
}

# dfdx has convolutions on nightly compilers only, and with today's they no longer build. This makes a copy in which the
# bounds say what the compiler asks for since, and tells a stable compiler to take nightly features.
dfdx_conv() {
    (cd "$here/dfdx" && cargo fetch --quiet)
    local copy=$build/dfdx
    rm -rf "$copy"
    cp -r "$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/dfdx-0.13.0 | head -1)" "$copy"
    (
        cd "$copy"
        sed -i 's/\r$//' src/nn/{conv,convtrans,upscale,flatten}.rs src/shapes/slice.rs
        sed -i '/^nightly = \[/,/^\]/c nightly = []' Cargo.toml # gemm's own nightly feature is gone
        sed -i "s/^        Img,\$/        Img: 'static,/" src/nn/{conv,convtrans}.rs
        sed -i "s/M: UpscaleMethod/M: 'static + UpscaleMethod/" src/nn/upscale.rs
        sed -i "s/T: Tape</T: 'static + Tape</" src/nn/flatten.rs
        sed -i "s/range: RangeBounds<usize>),\*> SliceShape/range: 'static + RangeBounds<usize>),*> SliceShape/" src/shapes/slice.rs
    )
    RUSTC_BOOTSTRAP=1 program dfdx-conv dfdx "$native" --features conv --config "patch.crates-io.dfdx.path='$copy'"
}

# RTNeural brings its own Eigen; xsimd is a submodule of it.
rtneural() {
    [ -n "${RTNEURAL:-}" ] || { echo "RTNEURAL is not set: no rtneural" >&2; return 0; }
    local xsimd=${XSIMD:-$RTNEURAL/modules/xsimd/include}
    rtneural_with rtneural EIGEN -DEIGEN_STACK_ALLOCATION_LIMIT=0 -I "$RTNEURAL/modules/Eigen"
    [ -e "$xsimd/xsimd/xsimd.hpp" ] || { echo "no xsimd in $xsimd: no rtneural-xsimd" >&2; return 0; }
    rtneural_with rtneural-xsimd XSIMD -I "$xsimd"
}

rtneural_with() { # name, backend, g++'s options
    local name=$1 backend=$2
    shift 2
    g++ -std=c++17 -O3 -march=native -DNDEBUG "-DRTNEURAL_USE_$backend=1" -DRTNEURAL_DEFAULT_ALIGNMENT=32 "$@" \
        -I "$RTNEURAL" "$here/rtneural/main.cpp" -o "$build/bin/$name"
}

eigen() {
    [ -n "${EIGEN:-}" ] || { echo "EIGEN is not set: no eigen" >&2; return 0; }
    g++ -std=c++17 -O3 -march=native -DNDEBUG -DEIGEN_STACK_ALLOCATION_LIMIT=0 \
        -I "$EIGEN" "$here/eigen/main.cpp" -o "$build/bin/eigen"
}

# It reads models, which a Python program writes.
tract() {
    mkdir -p "$build/onnx"
    for workload in A1 A2 C1 V256; do
        "${PEERS_PYTHON:-$build/venv/bin/python}" "$here/python/onnx_peer.py" --save "$build/onnx/$workload.onnx" "$workload"
    done
    program tract tract "$native"
}

[ $# -gt 0 ] || set -- python chainrule hand dfdx dfdx-conv rtneural eigen candle tract burn
for peer in "$@"; do
    echo "building $peer"
    case $peer in
        python | hand | rtneural | eigen | tract) $peer ;;
        chainrule) program chainrule chainrule "" ;;
        dfdx | candle | burn) program "$peer" "$peer" "$native" ;;
        dfdx-conv) dfdx_conv ;;
        *) echo "no peer $peer" >&2; exit 2 ;;
    esac
done
