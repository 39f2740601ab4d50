#!/usr/bin/env bash
# Builds the web interface into ui/dist, and the licence server's portals into ui/dist-portal, unless they are there and none of its sources changed.
. "$(dirname "$0")/environment.sh"

STAMP=ui/node_modules/.guildhall-built

# Which version of the sources this is: their names and contents.
sources() {
    find ui -type f -not -path '*/node_modules/*' -not -path 'ui/dist/*' -not -path 'ui/dist-portal/*' -not -name '*.test.ts*' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

now=$(sources)
if [ -f ui/dist/index.html ] && [ -f ui/dist-portal/index.html ] && [ "$(cat "$STAMP" 2>/dev/null)" = "$now" ]; then
    exit 0
fi
say "building the web interface"
(cd ui && npm run --silent build)
printf '%s\n' "$now" >"$STAMP"
