#!/usr/bin/env bash
# What a small program and a deep one cost to build for release with the default features: benches/build_time.sh
#
# Prints seconds of processor time and by the clock: a clean build of a program with one small network, and a build after
# a touch of a program with 50 linear layers of 50 different shapes.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TIMEFORMAT='%R %U %S'

new() { # new NAME TYPE INPUT OUTPUT: a program that trains a network of this type
    mkdir -p "$folder/$1/src"
    cat >"$folder/$1/Cargo.toml" <<END_OF_MANIFEST
[package]
name = "$1"
edition = "2024"
[dependencies]
chainrule = { path = "$root" }
[workspace]
END_OF_MANIFEST
    cp "$root/Cargo.lock" "$folder/$1/"
    cat >"$folder/$1/src/main.rs" <<END_OF_PROGRAM
use chainrule::prelude::*;

type Net = $2;

fn main() -> Result<(), chainrule::Error> {
    let mut trainer = Trainer::new(Net::init(&mut rng(0)), MeanSquaredError, Adam::new(1e-3), 0);
    let (inputs, targets) = ([Vector([0.1; $3]); 32], [Vector([0.2; $4]); 32]);
    for _ in 0..10 {
        println!("{}", trainer.step(&inputs, &targets)?);
    }
    Ok(())
}
END_OF_PROGRAM
    cd "$folder/$1"
    cargo fetch --quiet
}
build() { # build WHAT
    { time cargo build --quiet --release --target-dir "$folder/target"; } 2>&1 |
        awk -v what="$1" '{ printf "%-55s %6.1f s of processor %6.1f s by the clock\n", what, $2 + $3, $1 }'
}

new small "(Linear<16, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 4>)" 16 4
build "a small network, clean"
groups=""
for group in 0 1 2 3 4; do
    layers=""
    for at in 0 1 2 3 4 5 6 7 8 9; do
        width=$((40 + 10 * group + at))
        layers+="Linear<$width, $((width + 1))>, "
    done
    groups+="(${layers%, }), "
done
new deep "(${groups%, })" 40 90
build "" >"$folder/first"
touch src/main.rs
build "50 linear layers of 50 shapes, after a touch"
