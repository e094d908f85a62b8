#!/usr/bin/env bash
# What it costs to build chainrule's program, and those of dfdx, candle and burn: ./build_cost.sh [PEER...]
#
# For each: the crates it is made of, without this benchmark's own; a clean release build, sources fetched before; a build
# after a change to its main.rs alone; the size of the binary, and stripped. All are built alike, by a plain
# `cargo build --release` without processor flags. Seconds are of the processor, and by the clock: the former stay true on
# a machine that is at work. chainrule is built with its default features (`chainrule`), and with what training alone needs
# (`chainrule-training`: `std` and `threads`).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${PEERS_BUILD:-$HOME/.cache/peers}
[ $# -gt 0 ] || set -- chainrule chainrule-training dfdx candle burn
TIMEFORMAT="%R %U %S"

printf '%-20s %7s %9s %9s %9s %9s %9s %9s\n' peer crates 'clean cpu' clock 'touch cpu' clock KiB stripped
for peer in "$@"; do
    folder=$here/${peer%-training}
    target=$build/cost/$peer
    options=()
    [ "$folder" != "$here/chainrule" ] || [ "$peer" = chainrule ] || options=(--no-default-features)
    cd "$folder"
    rm -rf "$target"
    cargo fetch --quiet
    crates=$(cargo tree --quiet --prefix none --edges normal,build "${options[@]}" | sed 's/ (.*//' | sort -u | grep -vcE '^(common|peer-)')
    # The processor's seconds, then the clock's.
    build() {
        { time cargo build --quiet --release --target-dir "$target" "${options[@]}" 2> /dev/null; } 2>&1 |
            awk '{ printf "%.1f %.1f", $2 + $3, $1 }'
    }
    clean=$(build)
    touch src/main.rs
    touched=$(build)
    binary=$target/release/peer-${peer%-training}
    strip -o "$target/stripped" "$binary"
    size() { echo $(($(stat -c %s "$1") / 1024)); }
    # shellcheck disable=SC2086 # two words each
    printf '%-20s %7s %9s %9s %9s %9s %9s %9s\n' "$peer" "$crates" $clean $touched "$(size "$binary")" "$(size "$target/stripped")"
    rm -rf "$target"
done
