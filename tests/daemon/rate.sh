#!/usr/bin/env bash
# New connections at a steady rate while the configuration is taken over anew: none fails, and how long they take. RATE=1000 RATE_SECONDS=10
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq
load=$WATTLE_BUILD/tests/load_peer
rate=${RATE:-300} for=${RATE_SECONDS:-6} limit=${RATE_P99_MS:-1000}
authority; leaf localhost
"$WATTLE_BUILD/tests/upstream_peer" echo >"$tmp/echo.port" & at_end "kill $! 2>/dev/null"
wait_for 20 test -s "$tmp/echo.port"
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$(cat "$tmp/echo.port")" --cert "$tmp/localhost.pem" --key "$tmp/localhost.key" --workers "${RATE_WORKERS:-2}" --watch 0 --log-level info
"$load" rate "$(port_of server)" "$rate" "$for" "$(pid_of server)" 2 >"$tmp/rate"; rc=$?
diag "$(cat "$tmp/rate")"
is "$rate new connections a second for $for s with reloads: none fails" "$rc" 0
reloads() { [ "$(grep -ac '"wattle.reload".*in use' "$tmp/server.log")" -ge $(((for - 1) / 2)) ]; }
ok "all reloads happened" wait_for 30 reloads
# On a machine with other work the time says little: this limit is for what hangs.
ok "p99 of the first byte during a reload is below $limit ms" awk -v most="$limit" '/^reload:/ {sub(/.*first byte/, ""); exit !($4 < most)}' "$tmp/rate"
kill -TERM "$(pid_of server)"; ok "it ends" wait_for 20 ended server
finish
