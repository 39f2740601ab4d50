#!/usr/bin/env bash
# Runs every test and ends with one line: how many passed and how many failed.
. "$(dirname "$0")/environment.sh"

RESULTS=$ROOT/target/test-results
export GUILDHALL_BIN=$ROOT/target/test/guildhall
export GUILDHALL_LICENSE_BIN=$ROOT/target/test/guildhall-license
export GUILDHALL_SCREENSHOTS=${GUILDHALL_SCREENSHOTS:-$ROOT/target/screenshots}
FAILED=()

# Runs a part, keeps its output in a file, and goes on when it fails: one run shows everything that is wrong.
part() {
    local name=$1
    shift
    say "test: $name"
    "$@" 2>&1 | tee "$RESULTS/$name.log" || FAILED+=("$name")
}

in_ui() {
    (cd ui && NO_COLOR=1 npm run --silent "$1")
}

run_in_node() {
    NODE_OPTIONS='' node --test --test-reporter=spec --test-concurrency=1 "$@"
}

run_with_clients() {
    (cd tests/sdk && LANGSMITH_TRACING=false PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m unittest --verbose)
}

walk_through_oauth() {
    (cd tests/identity && PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m unittest --verbose test_oauth)
}

check_contract() {
    (cd tests/contract && PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m unittest --verbose)
}

verify_licences() {
    (cd tests/license && PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m unittest --verbose)
}

# The sum of one figure over everything that ran: "passed" or "failed".
total() {
    awk -v want="$1" '
        /^test result: / { split($0, field, /[ ;.]+/); passed += field[4]; failed += field[6] }
        /^ℹ pass /       { passed += $3 }
        /^ℹ fail /       { failed += $3 }
        /^ +Tests +/     { for (k = 2; k <= NF; k++) { if ($k == "passed") passed += $(k-1); if ($k == "failed") failed += $(k-1) } }
        /^Ran [0-9]+ tests? in / { passed += $2 }
        /^FAILED \(/     { while (match($0, /(failures|errors)=[0-9]+/)) { count = substr($0, RSTART, RLENGTH); sub(/.*=/, "", count)
                          passed -= count; failed += count; $0 = substr($0, RSTART + RLENGTH) } }
        END { print (want == "passed" ? passed : failed) + 0 }' "$RESULTS"/*.log
}

scripts/setup.sh test
scripts/ui.sh
rm -rf "$RESULTS"
mkdir -p "$RESULTS"
for name in lint typecheck test budget; do
    part "ui-$name" in_ui "$name"
done
scripts/test_binaries.sh
part rust cargo test --locked --workspace --no-fail-fast
part outside run_in_node tests/outside/*.test.mjs
part sdk run_with_clients
part license verify_licences
part identity run_in_node tests/identity/*.test.mjs
part oauth walk_through_oauth
part contract check_contract
part offline tests/outside/offline.sh
part browser run_in_node tests/browser/*.test.mjs

passed=$(total passed)
failed=$(total failed)
# A part that broke before it could count counts as one failure.
if [ "${#FAILED[@]}" -gt 0 ]; then
    [ "$failed" -gt 0 ] || failed=${#FAILED[@]}
    say "failed parts: ${FAILED[*]} (their output lies in target/test-results)"
fi
echo "$passed passed, $failed failed" | tee "$RESULTS/summary"
[ "$failed" -eq 0 ]
