#!/usr/bin/env bash
# What each feature of chainrule adds to a clean release build, in crates and in seconds of processor time:
# benches/feature_cost.sh [FEATURE...]
#
# The row of a feature holds what it adds to `std` alone, with all that it enables in turn: what a program pays that enables
# this feature and no other. Two features that need the same crate pay for it once. The first rows are whole builds, of no
# feature, of `std`, and of the default features.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[ $# -gt 0 ] || set -- serde checkpoint fit flow threads theory csv npy idx gzip plot
cd "$root"
cargo fetch --quiet
TIMEFORMAT="%U %S"

crates() { # crates FEATURES
    cargo tree --quiet --prefix none --edges normal --no-default-features --features "$1" | sed 's/ (.*//' | sort -u | wc -l
}
build() { # build TARGET FEATURES: the processor's seconds
    { time cargo build --quiet --release --lib --no-default-features --features "$2" --target-dir "$1" 2>"$folder/log"; } 2>&1 |
        awk '{ printf "%.1f", $1 + $2 }' || { cat "$folder/log" >&2; exit 1; }
}
row() { printf '%-12s %7s %7s\n' "$@"; }

row feature crates cpu
row "(none)" "$(crates "")" "$(build "$folder/none" "")"
row std "$(crates std)" "$(build "$folder/std" std)"
row default "$(crates default)" "$(build "$folder/default" default)"

# chainrule itself is compiled anew for each feature; `again` is what that takes without any.
cp -r "$folder/std" "$folder/again"
find "$folder/again/release/.fingerprint" -maxdepth 1 -name 'chainrule-[0-9a-f]*' -exec rm -r {} +
again=$(build "$folder/again" std)
for feature in "$@"; do
    rm -rf "$folder/with"
    cp -r "$folder/std" "$folder/with"
    cpu=$(build "$folder/with" "std,$feature")
    row "$feature" "+$(($(crates "std,$feature") - $(crates std)))" "$(awk "BEGIN { printf \"%+.1f\", $cpu - $again }")"
done
