#!/usr/bin/env bash
# Deletes what was built, in the clone and in Cargo's target directory. ./data stays.
. "$(dirname "$0")/environment.sh"

say "deleting $CARGO_TARGET_DIR, ./target, ui/dist"
cargo clean
rm -rf target ui/dist ui/node_modules/.guildhall-built
