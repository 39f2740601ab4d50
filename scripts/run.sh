#!/usr/bin/env bash
# Builds and starts a node on https://localhost:8443 with its data in ./data.
# DEMO=0 starts an empty one, which the wizard sets up in the browser.
. "$(dirname "$0")/environment.sh"

scripts/build.sh node
options=(--data-dir ./data)
[ "${DEMO:-1}" = 0 ] || options+=(--demo)
say "starting the node; Ctrl C stops it"
exec ./target/release/guildhall serve "${options[@]}"
