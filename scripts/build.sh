#!/usr/bin/env bash
# Builds the product's binaries, optimised, into ./target/release. usage: scripts/build.sh [node]
# `node`: only what a node needs, without the vendor's programs.
. "$(dirname "$0")/environment.sh"

NODE=(guildhall guildhall-engine)

scripts/setup.sh build
scripts/ui.sh
if [ "${1:-}" = node ]; then
    names=("${NODE[@]}")
else
    mapfile -t names < <(binaries)
fi
say "building ${names[*]} (a first build takes 10 to 15 minutes on two cores)"
# Two builds: the vendor's programs sign, and Cargo would give the node that feature too if all were built as one.
cargo build --locked --release --package guildhall --package guildhall-engine --bins
if [ "${1:-}" != node ]; then
    cargo build --locked --release --workspace --exclude xtask --exclude guildhall --exclude guildhall-engine --bins
fi
collect_binaries release release "${names[@]}"
say "built ./target/release: ${names[*]}"
