#!/usr/bin/env bash
# Builds every binary of the product, optimised, into ./target/release.
. "$(dirname "$0")/environment.sh"

scripts/setup.sh build
scripts/ui.sh
mapfile -t names < <(binaries)
say "building ${names[*]} (a first build takes 10 to 15 minutes on two cores)"
# Two builds: the vendor's programs sign, and Cargo would give the node that feature too if all were built as one.
cargo build --locked --release --package guildhall --package guildhall-engine --bins
cargo build --locked --release --workspace --exclude xtask --exclude guildhall --exclude guildhall-engine --bins
collect_binaries release release "${names[@]}"
say "built ./target/release: ${names[*]}"
