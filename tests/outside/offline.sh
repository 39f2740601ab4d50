#!/usr/bin/env bash
# The main job with the network off, and a witness that the node never tries to reach one: first_use, air_gap and air_gap_paths in a
# network namespace that has a loopback and nothing else, with every socket watched that the node and its engines make, connect or send
# through. Then air_gap_paths once more with the egress switch open: the witness must see each of its ways out, or its silence before
# would mean nothing.
#
# Where the system forbids a namespace, the same runs without one, and the switch is opened towards this machine only. Where it forbids
# strace, a library loaded into the program watches instead (witness.c). OFFLINE_WITNESS_KIND=library tries that on purpose.
set -euo pipefail
cd "$(dirname "$0")"

PROGRAM=${GUILDHALL_BIN:-$(cd ../.. && pwd)/target/test/guildhall}
FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
say() { echo "offline: $*"; }
fail() {
    say "FAILED: $*" >&2
    exit 1
}

isolate=(env)
if unshare --net --map-root-user ip link set lo up 2>/dev/null; then
    isolate=(unshare --net --map-root-user sh -c 'ip link set lo up; exec "$@"' sh)
    address=44.128.0.1
else
    say "WITHOUT A NETWORK NAMESPACE: this system does not let unshare make one; every socket is watched all the same"
    address=127.0.0.1
fi

# A program in front of the real one, which names the folder of the run in OFFLINE_WITNESS.
if [ "${OFFLINE_WITNESS_KIND:-strace}" = strace ] && strace -f -e trace=connect -o /dev/null true 2>/dev/null; then
    witness=strace
    # The watcher runs beside (-D), so that the process keeps its id and signals reach it.
    calls=socket,connect,sendto,sendmsg,sendmmsg
    watched="exec strace -D -f --seccomp-bpf -qq -e trace=$calls -e signal=none -o \"\$OFFLINE_WITNESS/connects.\$\$\" \"$PROGRAM\" \"\$@\""
elif ${CC:-cc} -shared -fPIC -O2 -Wall -o "$FOLDER/witness.so" witness.c -ldl; then
    witness='a library'
    say "WITHOUT STRACE: it may not watch a process here, or is not wanted; a library in the program watches instead"
    watched="LD_PRELOAD=$FOLDER/witness.so exec \"$PROGRAM\" \"\$@\""
else
    say "SKIPPED, NOTHING PROVED: neither strace nor a C compiler can be used here, so nobody would see what the node connects to" >&2
    # Where tests gate a change, a proof that was not given is none.
    [ "${CI:-}" != true ] || exit 1
    exit 0
fi
printf '#!/bin/sh\n%s\n' "$watched" >"$FOLDER/guildhall"
chmod +x "$FOLDER/guildhall"
export GUILDHALL_BIN=$FOLDER/guildhall

# Runs tests with the witness writing into a folder of its own.
run_watched() {
    local run=$1
    shift
    mkdir "$FOLDER/$run"
    NODE_OPTIONS='' OFFLINE_WITNESS=$FOLDER/$run OFFLINE_WAYS=$FOLDER/$run.ways \
        "${isolate[@]}" node --test --test-reporter=spec --test-concurrency=1 "$@"
}

say "the main job without a network, every connect watched by $witness"
run_watched closed first_use.test.mjs air_gap.test.mjs air_gap_paths.test.mjs
# Lines such as: 123 connect(9, {sa_family=AF_UNIX, sun_path="…"}, 110) = 0. A name that is looked up would show as a
# datagram socket, a provider that is called as a connect; the node does neither, not even on loopback.
connects=$(cat "$FOLDER"/closed/connects.* | grep -c 'connect(' || true)
elsewhere=$(cat "$FOLDER"/closed/connects.* |
    grep -e 'connect(.*sa_family=AF_INET' -e 'send[a-z]*(.*sa_family=AF_INET' -e 'socket(AF_INET6*, SOCK_DGRAM' \
        -e 'socket(AF_PACKET' -e 'socket(AF_INET6*, SOCK_RAW' || true)
[ -z "$elsewhere" ] || fail "the node tried to reach:
$elsewhere"
# A command reaches its running node through a Unix socket: a witness that saw no connect at all saw nothing.
[ "$connects" -gt 0 ] || fail "$witness watched nothing"

say "the same ways with the switch open: the witness must see each of them"
OFFLINE_SWITCH=open OFFLINE_ADDRESS=$address run_watched open air_gap_paths.test.mjs
ways=$(wc -l <"$FOLDER/open.ways")
[ "$ways" -gt 0 ] && cmp -s "$FOLDER/closed.ways" "$FOLDER/open.ways" || fail "the two runs did not go the same ways"
while read -r port way; do
    grep -qs "connect(.*htons($port)" "$FOLDER"/open/connects.* || fail "$witness did not see the way \"$way\" (port $port) with the switch open"
done <"$FOLDER/open.ways"

processes=$(find "$FOLDER/closed" -name 'connects.*' | wc -l)
say "closed: $processes processes of guildhall made $connects connects, all of them to Unix sockets, and looked no name up"
say "open: $witness saw each of the $ways ways out"
