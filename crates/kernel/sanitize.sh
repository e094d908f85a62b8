#!/usr/bin/env bash
# Runs the kernel's tests under AddressSanitizer, with a nightly compiler or with the pinned one's unstable options.
set -euo pipefail
cd "$(dirname "$0")"

target=$(rustc -vV | sed -n 's/^host: //p')
toolchain=
if rustup run nightly rustc --version >/dev/null 2>&1; then
    toolchain=+nightly
else
    export RUSTC_BOOTSTRAP=1
fi
export RUSTFLAGS="${RUSTFLAGS:-} -Zsanitizer=address"

if ! echo 'fn main() {}' | rustc $toolchain -Zsanitizer=address --target "$target" -o /dev/null - 2>/dev/null; then
    echo "sanitize.sh: skipped, because no compiler here can build for AddressSanitizer on $target"
    exit 0
fi
# The target directory is separate, because the flags would rebuild everything.
cargo $toolchain test --lib --features threads --target "$target" --target-dir ../../target/sanitize "$@"
