# `wattle bench handshake` and `bulk` beside nginx, HAProxy and stunnel of Debian 13, as tools/bench-tls starts them: short runs.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command jq timeout
tool=$WATTLE_SOURCE/tools/bench-tls
cd "$tmp" || exit 1
exits "tools/bench-tls -h" 0 "$tool" -h
exits "a table that there is not" 1 "$tool" cache
says "is told" "'cache' is neither handshake nor bulk"
cat >made.json <<'J'
{"rows": [{"server": "a", "exchange": "X", "certificate": "C", "suite": "S", "full_us": 10.4, "resumed_us": null, "p50_ms": 0.126, "p99_ms": 1,
  "per_second": null, "flight_bytes": 12, "to_nginx": 0.5, "to_haproxy": null, "goal": 0.65, "met": true}]}
J
exits "a table from a file" 0 "$tool" --table made.json
is "has the figures" "$(tail -n 1 <<<"$out")" "| C | X | a | 10 |  | 0.13 | 1 |  | 12 | 0.5 |  | <= 0.65 met |"

[ "$(readlink -f "$WATTLE_BUILD")" = "$(readlink -f "$WATTLE_SOURCE/build/release")" ] || { skip "this is not the release build, which tools/bench-tls measures"; finish; }
"$WATTLE_SOURCE/tools/fetch-peer" --suite trixie --whole nginx libnginx-mod-stream haproxy stunnel4 >fetch 2>&1 ||
  { skip "the programs of Debian 13 cannot be had here: $(tail -n 1 fetch)"; finish; }
mkdir json
exits "a row of handshakes with all peers" 0 env JSON="$tmp/json" timeout 300 "$tool" handshake --rounds 1 --connections 8 --at-once 2 \
  --exchange X25519MLKEM768 --certificate ML-DSA-65
is "  all of them" "$(jq -r '[.rows[].server] | join(", ")' json/handshake.json)" \
  "wattle proxy, wattle proxy, its defaults, nginx stream, HAProxy tcp, stunnel, nginx stream with wattle.so, OpenSSL's library alone, the library with Wattle, OpenSSL QUIC"
is "  with their versions" "$(jq '[.programs[] | select(.version | test("^[0-9]+[.][0-9]"))] | length' json/handshake.json)" 6
is "  with the suite that was asked for" "$(jq -r '[.rows[] | select(.server != "wattle proxy, its defaults") | .suite] | unique | join(" ")' json/handshake.json)" TLS_AES_128_GCM_SHA256
is "  resumed too" "$(jq '[.rows[] | select(.server != "OpenSSL QUIC") | .resumed_us > 0] | all' json/handshake.json)" true
is "  compared" "$(jq '.rows[0] | .to_nginx > 0 and .to_haproxy > 0 and .goal == 0.35' json/handshake.json)" true
like "  as Markdown" "$out" '^\| ML-DSA-65 \| X25519MLKEM768 \| nginx stream \| [0-9]+ \| [0-9]+ '
exits "bytes with all peers" 0 env JSON="$tmp/json" timeout 300 "$tool" bulk --rounds 1 --mib 2 --suite TLS_AES_256_GCM_SHA384
is "  all of them on both sides, both ways" "$(jq '.rows | length' json/bulk.json)" 20
is "  compared" "$(jq '[.rows[] | select(.server == "wattle proxy") | .to_nginx > 0 and .goal == 1.4] | all' json/bulk.json)" true
finish
