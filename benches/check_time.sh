#!/usr/bin/env bash
# How long `cargo check` takes for networks of 10, 50, 100 and 1,000 layers, once the dependencies are built.
# Makes a crate in the target folder, and prints the median of five checks of each network, and of an empty one.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
crate=$root/target/check_time
mkdir -p "$crate/src"
cat >"$crate/Cargo.toml" <<END
[package]
name = "check_time"
edition = "2024"
[dependencies]
chainrule = { path = "$root" }
[workspace]
END
cp "$root/Cargo.lock" "$crate/"

# Ten layers of mixed kinds, 8 x 8 pixels of 4 channels to the same.
ten="(Conv2d<4, 8, 3, 1, 1>, Relu, BatchNorm<8>, Residual<(Conv2d<8, 8, 3, 1, 1>, Relu, Conv2d<8, 8, 3, 1, 1>)>, Dropout<10>, Conv2d<8, 4, 3, 1, 1>, Tanh)"

check() { # check NAME TYPE
    cat >"$crate/src/lib.rs" <<END
use chainrule::prelude::*;
pub type Net = $2;
pub fn scores(net: &Net, image: &Image<4, 8, 8>) -> Image<4, 8, 8> {
    net.predict(image).unwrap_or_default()
}
END
    cargo check --quiet --manifest-path "$crate/Cargo.toml"
    local times=()
    for _ in 1 2 3 4 5; do
        touch "$crate/src/lib.rs"
        local start=$EPOCHREALTIME
        cargo check --quiet --manifest-path "$crate/Cargo.toml"
        times+=($(((${EPOCHREALTIME/./} - ${start/./}) / 1000)))
    done
    printf '%-38s %5s ms\n' "$1" "$(printf '%s\n' "${times[@]}" | sort -n | sed -n 3p)"
}

repeat() { # repeat N: a tuple of N times ten layers
    local all=""
    for _ in $(seq "$1"); do all+="$ten, "; done
    printf '(%s)' "$all"
}

# Sixteen layers, written out, and with the sizes of their inputs left to the compiler.
written="(Conv2d<4, 8, 3, 1, 1>, Relu, BatchNorm<8>, Conv2d<8, 8, 3, 1, 1>, Relu, BatchNorm<8>, MaxPool2d<2>, Conv2d<8, 16, 3, 1, 1>, Relu, BatchNorm<16>, Upsample2d<2>, Conv2d<16, 8, 3, 1, 1>, Tanh, Dropout<10>, Conv2d<8, 4, 3, 1, 1>, Tanh)"
inferred="Infer<Image<4, 8, 8>, (ConvTo<8, 3, 1, 1>, Relu, AutoBatchNorm, ConvTo<8, 3, 1, 1>, Relu, AutoBatchNorm, MaxPool2d<2>, ConvTo<16, 3, 1, 1>, Relu, AutoBatchNorm, Upsample2d<2>, ConvTo<8, 3, 1, 1>, Tanh, Dropout<10>, ConvTo<4, 3, 1, 1>, Tanh)>"

check "no layers" "Identity"
check "16 layers written out" "$written"
check "16 layers inferred" "$inferred"
check "10 layers of mixed kinds" "$ten"
check "50 layers of mixed kinds" "$(repeat 5)"
check "100 layers of mixed kinds" "$(repeat 10)"
check "100 layers of mixed kinds in Infer" "Infer<Image<4, 8, 8>, $(repeat 10)>"
check "1,000 residual blocks in an array" "[Residual<(Conv2d<4, 4, 3, 1, 1>, Relu)>; 1000]"
