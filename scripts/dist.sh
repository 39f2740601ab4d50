#!/usr/bin/env bash
# Builds the node and its engine as they ship, into ./target/dist. Where LLVM's profile tool is at hand, the node is compiled with a
# profile of its own work (ADR 0018): built once with counters, put under load, and built again with what was counted.
. "$(dirname "$0")/environment.sh"

HOST=$(rustc -vV | sed -n 's/^host: //p')
# A profile is read by the LLVM that wrote it or a later one.
LLVM=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
WORK=$CARGO_TARGET_DIR/profile

# Prints where the profile tool is: the one that LLVM_PROFDATA names, Rust's component `llvm-tools`, or the system's.
find_profile_tool() {
    local tool
    if [ -n "${LLVM_PROFDATA:-}" ]; then
        command -v "$LLVM_PROFDATA"
        return
    fi
    for tool in "$(rustc --print sysroot)/lib/rustlib/$HOST/bin/llvm-profdata" \
        "llvm-profdata-$LLVM" "/usr/lib/llvm-$LLVM/bin/llvm-profdata"; do
        ! command -v "$tool" || return 0
    done
    return 1
}

# Compiles the node with more flags ($@). With a target named, they are not given to build scripts and macros.
build_node() {
    RUSTFLAGS="${RUSTFLAGS:-} $*" \
        cargo build --locked --profile dist --target "$HOST" --package guildhall --bin guildhall
}

# Leaves a profile at $WORK/node.profdata ($1: the profile tool); one of the same counting node is kept.
write_profile() {
    local counting=$CARGO_TARGET_DIR/$HOST/dist/guildhall
    say "building a guildhall that counts what it does"
    build_node "-Cprofile-generate=$WORK/counts"
    if [ -e "$WORK/node.profdata" ] && cmp -s "$counting" "$WORK/guildhall"; then
        return
    fi
    say "putting it under load (about three minutes)"
    rm -rf "$WORK"
    mkdir -p "$WORK"
    cp "$counting" "$CARGO_TARGET_DIR/dist/guildhall-engine" "$WORK/"
    (
        ulimit -n "$(ulimit -H -n)"
        GUILDHALL_BIN=$WORK/guildhall cargo run --quiet --release --package xtask -- train
    )
    # Whole or not at all: what was cut off would be taken for a profile the next time.
    "$1" merge --output "$WORK/.node.profdata.new" "$WORK/counts"
    mv "$WORK/.node.profdata.new" "$WORK/node.profdata"
}

[ -z "${LLVM_PROFDATA:-}" ] || find_profile_tool >/dev/null ||
    fail "LLVM_PROFDATA names $LLVM_PROFDATA, which cannot be run; name LLVM's llvm-profdata, or leave it out to have it looked for"
scripts/setup.sh build
scripts/ui.sh
say "building guildhall-engine"
cargo build --locked --profile dist --package guildhall-engine --bin guildhall-engine
if tool=$(find_profile_tool); then
    write_profile "$tool"
    say "building guildhall with the profile"
    build_node "-Cprofile-use=$WORK/node.profdata"
else
    say "building guildhall without a profile, which makes it slower; \`apt-get install llvm-$LLVM\` brings the tool"
    build_node
fi
collect_binaries dist dist guildhall-engine
collect_binaries "$HOST/dist" dist guildhall
say "built ./target/dist: guildhall guildhall-engine"
