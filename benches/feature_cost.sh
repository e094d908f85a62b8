#!/usr/bin/env bash
# What each feature of chainrule adds to a clean release build: benches/feature_cost.sh [FEATURE...]
#
# Builds once, with all these features, and writes down the seconds of processor time that each crate takes. The row of a
# feature sums up the crates that it adds to `std` alone, with all features that it enables in turn. chainrule's own code
# is not in it; the last row is chainrule itself, with all these features.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- fit checkpoint flow threads serde nalgebra plot theory csv bpe npy npz images idx gzip onnx
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Cargo calls this in place of the compiler.
cat >"$folder/timed" <<'END'
#!/usr/bin/env bash
TIMEFORMAT="$CARGO_PKG_NAME %U %S"
exec 3>&2
{ time "$@" 2>&3; } 2>>"$FEATURE_COST_LOG"
END
chmod +x "$folder/timed"
cargo fetch --quiet
features=$(IFS=,; echo "std,$*")
FEATURE_COST_LOG=$folder/log RUSTC_WRAPPER=$folder/timed RUSTC_WORKSPACE_WRAPPER='' \
    cargo build --quiet --release --lib --no-default-features --features "$features" --target-dir "$folder/target"

tree() { # tree FEATURES EDGES: the crates, without chainrule itself
    cargo tree --quiet --prefix none --edges "$2" --no-default-features --features "$1" |
        sed 's/ (.*//' | sort -u | grep -v '^chainrule v'
}
row() { # row NAME FEATURES BASE: the crates of FEATURES that are not among those of BASE
    local crates seconds
    crates=$(comm -23 <(tree "$2" normal) <([ -z "$3" ] || tree "$3" normal) | wc -l)
    seconds=$(comm -23 <(tree "$2" normal,build) <([ -z "$3" ] || tree "$3" normal,build) | cut -d ' ' -f 1 | sort -u |
        awk 'NR == FNR { wanted[$1]; next } $1 in wanted { sum += $2 + $3 } END { printf "%.1f", sum }' - "$folder/log")
    printf '%-12s %7s %8s\n' "$1" "$crates" "$seconds"
}
printf '%-12s %7s %8s\n' feature crates seconds
row alloc alloc ""
row std std ""
for feature in "$@"; do row "$feature" "std,$feature" std; done
awk '$1 == "chainrule" { printf "%-12s %7s %8.1f\n", "chainrule", 1, $2 + $3 }' "$folder/log"
