#!/usr/bin/env bash
# Checks formatting, lints, generated files and the rules of STYLE.md that a program can check.
. "$(dirname "$0")/environment.sh"

scripts/setup.sh test
for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 ||
        fail "cargo $component is missing; run \`rustup component add rustfmt clippy\`, then the command again"
done

say "lint: Rust formatting"
cargo fmt --all --check
say "lint: scripts"
bash -n .ci/run scripts/*.sh tests/outside/*.sh
if command -v shellcheck >/dev/null; then
    shellcheck --severity=warning --external-sources --source-path=scripts .ci/run scripts/*.sh tests/outside/*.sh
fi
say "lint: interface and browser tests"
(cd ui && npm run --silent lint && npm run --silent typecheck)
(cd tests && ../ui/node_modules/.bin/biome check)
scripts/ui.sh
say "lint: clippy"
cargo clippy --locked --workspace --all-targets -- --deny warnings
if cargo deny --version >/dev/null 2>&1; then
    say "lint: licences, banned crates and sources"
    cargo deny --locked check bans licenses sources
else
    say "lint: cargo-deny is not installed, so licences and sources of dependencies are not checked (cargo install cargo-deny)"
fi
scripts/test_binaries.sh
say "lint: generated files and house rules"
GUILDHALL_BIN=$ROOT/target/test/guildhall cargo xtask check
say "lint: all clean"
