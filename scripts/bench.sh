#!/usr/bin/env bash
# Measures one topic (TOPIC, http when left out) and writes docs/benchmarks. PROFILE=dist measures the node as it ships, which
# takes far longer to build than the release build that is measured otherwise.
. "$(dirname "$0")/environment.sh"

TOPIC=${TOPIC:-http}
export PROFILE=${PROFILE:-release}
# What the gateway is compared with; nothing of the product needs it.
LITELLM_VERSION=1.108.7

# Installs LiteLLM's proxy into a folder of its own; without it or nginx, their columns stay empty.
install_litellm() {
    local folder=$ROOT/target/bench/litellm-$LITELLM_VERSION
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ||
        say "nginx is not installed; \`apt-get install nginx\` lets it be measured too"
    if [ ! -e "$folder/installed" ]; then
        say "installing LiteLLM $LITELLM_VERSION for the comparison (about 800 MB)"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
            "litellm[proxy]==$LITELLM_VERSION" || return 0
        touch "$folder/installed"
    fi
    export LITELLM_BIN=$folder/bin/litellm
}

case $PROFILE in
    dist) scripts/dist.sh ;;
    release) scripts/build.sh ;;
    *) fail "there is no profile \`$PROFILE\` to measure; use release or dist" ;;
esac
# Thousands of open connections need as many open files.
ulimit -n "$(ulimit -H -n)"
[ "$TOPIC" != gateway ] || install_litellm
# Optimised, so that the load takes little of what is measured.
GUILDHALL_BIN=$ROOT/target/$PROFILE/guildhall cargo run --quiet --release --package xtask -- bench "$TOPIC"
