#!/usr/bin/env bash
# Measures one topic (TOPIC, http when left out) with the release build and writes docs/benchmarks.
. "$(dirname "$0")/environment.sh"

scripts/build.sh
# Thousands of open connections need as many open files.
ulimit -n "$(ulimit -H -n)"
GUILDHALL_BIN=$ROOT/target/release/guildhall cargo xtask bench "${TOPIC:-http}"
