#!/usr/bin/env bash
# Formats the sources.
. "$(dirname "$0")/environment.sh"

cargo fmt --all
(cd ui && npm run --silent format)
(cd tests && ../ui/node_modules/.bin/biome check --write)
