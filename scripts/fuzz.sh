#!/usr/bin/env bash
# Feeds a parser with mutated input, guided by what it reaches, until it fails or the time is over. usage: scripts/fuzz.sh CRATE TARGET [SECONDS]
# CRATE is one of crates/*/fuzz, TARGET one of its fuzz_targets. It begins with what lies in the crate's fuzz/seeds/TARGET, if anything;
# what was found lies in target/fuzz and is used again the next time.
. "$(dirname "$0")/environment.sh"

[ $# -ge 2 ] || fail "say what to feed: scripts/fuzz.sh CRATE TARGET [SECONDS], with one of$(printf '\n  %s' crates/*/fuzz/fuzz_targets/*.rs)"
crate=$1 target=$2 seconds=${3:-60}
manifest=crates/$crate/fuzz/Cargo.toml
[ -f "crates/$crate/fuzz/fuzz_targets/$target.rs" ] || fail "there is no crates/$crate/fuzz/fuzz_targets/$target.rs"
machine=$(rustc -vV | sed -n 's/^host: //p')
# libFuzzer needs counters in the code and a sanitizer: both are unstable flags, which this variable lets a stable compiler take.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$CARGO_TARGET_DIR/fuzz
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1"
cargo build --release --manifest-path "$manifest" --bin "$target" --target "$machine"
found=$ROOT/target/fuzz/$crate/$target
mkdir -p "$found"
begin=("$found")
[ ! -d "crates/$crate/fuzz/seeds/$target" ] || begin+=("crates/$crate/fuzz/seeds/$target")
"$CARGO_TARGET_DIR/$machine/release/$target" -max_total_time="$seconds" -artifact_prefix="$found." "${begin[@]}"
