#!/usr/bin/env bash
# Builds every binary of the product, optimised, into ./target/release.
. "$(dirname "$0")/environment.sh"

scripts/setup.sh build
scripts/ui.sh
mapfile -t names < <(binaries)
say "building ${names[*]} (a first build takes 10 to 15 minutes on two cores)"
cargo build --locked --release --workspace --exclude xtask --bins
collect_binaries release release "${names[@]}"
say "built ./target/release: ${names[*]}"
