#!/usr/bin/env bash
# Builds the engine once more for other instruction sets: the plain one needs AVX2, which processors since 2013 have.
# The node starts the best one that it finds beside itself. usage: scripts/engines.sh [avx512] [baseline]
. "$(dirname "$0")/environment.sh"

# llama.cpp's build reads these; the Rust parts choose their instructions while they run.
declare -A FLAGS=(
    [avx512]="GGML_AVX512=ON GGML_AVX512_VNNI=ON"
    [baseline]="GGML_SSE42=OFF GGML_AVX=OFF GGML_AVX2=OFF GGML_FMA=OFF GGML_F16C=OFF GGML_BMI2=OFF"
)

[ $# -gt 0 ] || set -- avx512 baseline
[ "$(uname -m)" = x86_64 ] || fail "engines differ by instruction set on x86-64 only; this machine is $(uname -m)"
scripts/setup.sh build
mkdir -p target/release
for variant in "$@"; do
    [ -n "${FLAGS[$variant]:-}" ] || fail "there is no engine for \`$variant\`; use one of: ${!FLAGS[*]}"
    say "building guildhall-engine-$variant (about 8 minutes the first time on two cores)"
    # A folder of its own: llama.cpp is compiled anew for each set.
    env ${FLAGS[$variant]} CARGO_TARGET_DIR="$CARGO_TARGET_DIR/engine-$variant" \
        cargo build --locked --release --package guildhall-engine --bin guildhall-engine
    cp "$CARGO_TARGET_DIR/engine-$variant/release/guildhall-engine" "target/release/.engine-$variant.new"
    mv -f "target/release/.engine-$variant.new" "target/release/guildhall-engine-$variant"
done
say "built ./target/release: ${*/#/guildhall-engine-}"
