#!/usr/bin/env bash
# Builds the book and the API documentation in target/book. It needs mdBook (`cargo install mdbook`) and Python.
set -euo pipefail
cd "$(dirname "$0")/.."

RUSTDOCFLAGS=--deny\ warnings cargo doc --no-deps --package chainrule --all-features
rm -rf target/book
mdbook build docs
cp -r target/doc target/book/api
echo '<meta http-equiv="refresh" content="0; url=chainrule/index.html">' > target/book/api/index.html
