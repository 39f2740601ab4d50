#!/usr/bin/env bash
# The main job with the network off, and a witness that the node never tries to reach one: everything of
# first_use.test.mjs and air_gap.test.mjs in a network namespace that has a loopback and nothing else, with strace
# watching every socket that the node and its engines make or connect.
set -euo pipefail
cd "$(dirname "$0")"

PROGRAM=${GUILDHALL_BIN:-$(cd ../.. && pwd)/target/test/guildhall}
FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT

skip() {
    echo "offline: skipped: $*"
    exit 0
}

for tool in strace unshare; do
    command -v "$tool" >/dev/null || {
        echo "offline: $tool is not installed; \`make setup\` installs it" >&2
        exit 1
    }
done
unshare --net --map-root-user ip link set lo up 2>/dev/null || skip "this system does not let unshare make a network namespace"
strace -f -e trace=connect -o /dev/null true 2>/dev/null || skip "this system does not let strace watch a process"

# A program in front of the real one. The watcher runs beside (-D), so that the process keeps its id and signals reach it.
cat >"$FOLDER/guildhall" <<WATCHED
#!/bin/sh
exec strace -D -f --seccomp-bpf -qq -e trace=socket,connect,sendto,sendmsg -e signal=none -o "$FOLDER/connects.\$\$" "$PROGRAM" "\$@"
WATCHED
chmod +x "$FOLDER/guildhall"

echo "offline: the main job without a network, every connect watched"
export GUILDHALL_BIN=$FOLDER/guildhall
NODE_OPTIONS='' unshare --net --map-root-user sh -c '
    ip link set lo up
    exec node --test --test-reporter=spec first_use.test.mjs air_gap.test.mjs'

# Lines such as: 123 connect(9, {sa_family=AF_UNIX, sun_path="…"}, 110) = 0. A name that is looked up would show as a
# datagram socket, a provider that is called as a connect; the node does neither, not even on loopback.
connects=$(cat "$FOLDER"/connects.* | grep -c 'connect(' || true)
elsewhere=$(cat "$FOLDER"/connects.* |
    grep -e 'connect(.*sa_family=AF_INET' -e 'send[a-z]*(.*sa_family=AF_INET' -e 'socket(AF_INET6*, SOCK_DGRAM' \
        -e 'socket(AF_PACKET' -e 'socket(AF_INET6*, SOCK_RAW' || true)
if [ -n "$elsewhere" ]; then
    echo "offline: FAILED: the node tried to reach:" >&2
    echo "$elsewhere" >&2
    exit 1
fi
watched=$(find "$FOLDER" -name 'connects.*' | wc -l)
# A command reaches its running node through a Unix socket: a witness that saw no connect at all saw nothing.
[ "$connects" -gt 0 ] || { echo "offline: FAILED: strace watched nothing" >&2; exit 1; }
echo "offline: $watched processes of guildhall made $connects connects, all of them to Unix sockets, and looked no name up"
