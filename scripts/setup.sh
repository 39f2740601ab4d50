#!/usr/bin/env bash
# Installs what building and testing need. Every step is skipped when its result is there.
# usage: scripts/setup.sh [build|test]     build: what `make run` needs; test (the default): everything
. "$(dirname "$0")/environment.sh"

RUST_MIN=1.95
NODE_MIN=20.19
WHAT=${1:-test}

at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

has_libclang() {
    compgen -G "${LIBCLANG_PATH:-/nonexistent}/libclang*.so*" >/dev/null ||
        compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null ||
        compgen -G '/usr/lib/*/libclang*.so*' >/dev/null
}

# Prints the Debian packages that are missing, each found missing by what it provides.
missing_packages() {
    { command -v cc && command -v c++ && command -v make; } >/dev/null || echo build-essential
    command -v pkg-config >/dev/null || echo pkg-config
    command -v cmake >/dev/null || echo cmake
    command -v clang >/dev/null || echo clang
    has_libclang || echo libclang-dev
    command -v python3 >/dev/null || echo python3
    python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
    [ "$WHAT" = test ] || return 0
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || echo chromium
    command -v softhsm2-util >/dev/null || echo softhsm2
    command -v xmlsec1 >/dev/null || echo xmlsec1
    command -v curl >/dev/null || echo curl
    command -v strace >/dev/null || echo strace
    command -v unshare >/dev/null || echo util-linux
    command -v ip >/dev/null || echo iproute2
    [ -x /usr/sbin/slapd ] || echo slapd
    command -v ldapmodify >/dev/null || echo ldap-utils
    command -v openssl >/dev/null || echo openssl
}

# Without asking for a password, or with somebody there to give it.
may_use_sudo() {
    command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 1 ]; }; }
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" -gt 0 ] || return 0
    local line="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
    command -v apt-get >/dev/null ||
        fail "these are missing and this is not Debian: ${packages[*]}; install them with this system's package manager, then run the command again"
    if [ "$(id -u)" -eq 0 ]; then
        say "installing Debian packages: ${packages[*]}"
        DEBIAN_FRONTEND=noninteractive bash -c "$line"
    elif may_use_sudo; then
        say "installing Debian packages with sudo: ${packages[*]}"
        sudo DEBIAN_FRONTEND=noninteractive bash -c "$line"
    else
        fail "some Debian packages are missing; run this line, then the command again:
    sudo bash -c '$line'"
    fi
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" -eq 0 ] || fail "still missing after installing: ${packages[*]}"
}

check_rust() {
    local found
    { command -v cargo && command -v rustc; } >/dev/null ||
        fail "Rust is missing; install $RUST_MIN or newer from https://rustup.rs, then run the command again"
    found=$(rustc --version | cut -d ' ' -f 2)
    at_least "$RUST_MIN" "$found" ||
        fail "Rust $found is too old; Guildhall needs $RUST_MIN or newer: run \`rustup update stable\`, then the command again"
}

check_node() {
    local found
    { command -v node && command -v npm; } >/dev/null ||
        fail "Node.js is missing; install $NODE_MIN or newer (with npm) from https://nodejs.org, then run the command again"
    found=$(node --version | tr -d v)
    at_least "$NODE_MIN" "$found" ||
        fail "Node.js $found is too old; Guildhall needs $NODE_MIN or newer: see https://nodejs.org, then run the command again"
}

# Installs a folder's npm packages when its lock file changed since the last time.
install_npm() {
    local stamp=$1/node_modules/.guildhall-lock digest
    digest=$(sha256sum <"$1/package-lock.json")
    [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ] && return 0
    say "installing npm packages of $1"
    (cd "$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund)
    printf '%s\n' "$digest" >"$stamp"
}

# Installs what a folder's Python tests stand on into an environment of their own: the official API clients, the independent verifier.
install_python() {
    local folder=$1/.venv digest
    digest=$( (python3 --version && cat "$1/requirements.txt") | sha256sum)
    [ "$(cat "$folder/.guildhall-lock" 2>/dev/null)" = "$digest" ] && return 0
    say "installing Python packages of $1"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        --requirement "$1/requirements.txt"
    printf '%s\n' "$digest" >"$folder/.guildhall-lock"
}

fetch_embedding_model() {
    python3 models/minilm/fetch.py
}

install_packages
check_rust
check_node
install_npm ui
if [ "$WHAT" = test ]; then
    install_npm ui/tools/api
    install_npm tests/browser
    install_python tests/sdk
    install_python tests/license
    install_python tests/identity
    install_python tests/contract
fi
fetch_embedding_model
