#!/usr/bin/env bash
# Compiles every test and, with them, the product's binaries; leaves these in ./target/test.
# Lint, Rust tests and the tests from outside use the same build, so nothing heavy is compiled twice.
. "$(dirname "$0")/environment.sh"

mapfile -t names < <(binaries)
say "compiling the tests and ${names[*]}"
cargo test --locked --workspace --no-run
collect_binaries debug test "${names[@]}"
