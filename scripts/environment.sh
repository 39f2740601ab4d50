# Sourced by the other scripts: where things are, and how they speak.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# The installed toolchain is the one to use.
export RUSTUP_AUTO_INSTALL=0

# Compiled code lies in a cache outside the clone when there is one, so that a fresh clone builds quickly.
choose_target_directory() {
    local cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/guildhall/target
    if [ -n "${GUILDHALL_CARGO_TARGET_DIR:-}" ]; then
        echo "$GUILDHALL_CARGO_TARGET_DIR"
    elif [ -n "${CARGO_TARGET_DIR:-}" ]; then
        echo "$CARGO_TARGET_DIR"
    elif [ -d "$cache" ] || [ "${CI:-}" = true ]; then
        echo "$cache"
    else
        echo "$ROOT/target"
    fi
}
CARGO_TARGET_DIR=$(choose_target_directory)
export CARGO_TARGET_DIR

say() {
    printf '\033[1m==>\033[0m %s\n' "$*"
}

fail() {
    printf 'guildhall: %s\n' "$*" >&2
    exit 1
}

# Names of the product's binaries, one per line, read from the workspace.
binaries() {
    cargo metadata --no-deps --format-version 1 --locked | node -e '
        const { packages } = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
        const product = packages.filter((one) => one.name !== "xtask").flatMap((one) => one.targets)
        for (const target of product) if (target.kind.includes("bin")) console.log(target.name)'
}

# Copies the named binaries from a Cargo profile's folder ($1) to a folder of the clone ($2).
# Each is replaced whole: a running node keeps the file it was started from.
collect_binaries() {
    local source=$CARGO_TARGET_DIR/$1 destination=$ROOT/target/$2 name
    shift 2
    mkdir -p "$destination"
    for name in "$@"; do
        if [ "$source/$name" -ef "$destination/$name" ]; then
            continue
        fi
        cp "$source/$name" "$destination/.$name.new"
        mv -f "$destination/.$name.new" "$destination/$name"
    done
}
