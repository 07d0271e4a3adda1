#!/usr/bin/env bash
# What is told of real handshakes: each field of the log with its value, each reason of a downgrade, and counters that agree with the log.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq curl
cd "$tmp" || exit 1
authority; leaf server; leaf client; echo_server
page=$WATTLE_SOURCE/docs/formats/proxy-log.md

serve() { # NAME WORDS...
  local name=$1; shift
  proxy "$name" server --listen 127.0.0.1:0 --connect "127.0.0.1:$echo_port" --cert server.pem --key server.key --workers 2 --control "$name.sock" --state "$name.pins" \
    --metrics 127.0.0.1:0 "$@"
}
call() { # NAME WORDS...
  local name=$1; shift
  proxy "$name" client --listen 127.0.0.1:0 --ca ca.pem --server-name localhost --workers 1 --control "$name.sock" --state "$name.pins" --metrics 127.0.0.1:0 "$@"
}
# visit PORT WORDS...: OpenSSL's client says a word and hears it, or is refused
visit() {
  local port=$1; shift
  : >visit.out
  { echo hello; wait_for 20 grep -qE '^hello$|error:' visit.out; } |
    timeout 60 "$openssl" s_client -connect "127.0.0.1:$port" -CAfile ca.pem "$@" >visit.out 2>&1
  cat visit.out
}
# The event after the line where `mark` was called, when it is there: $e. A handshake where nothing else is asked for.
mark() { wc -l <"$tmp/$1.log" >"$tmp/$1.mark"; }
find_event() { e=$(tail -n "+$(($(cat "$tmp/$1.mark") + 1))" "$tmp/$1.log" | jq -c "select($2)" 2>/dev/null | tail -n 1); [ -n "$e" ]; }
told() { wait_for 20 find_event "$1" "${2:-.event == \"tls.handshake\" or .event == \"tls.downgrade\"}"; find_event "$1" "${2:-.event == \"tls.handshake\" or .event == \"tls.downgrade\"}"; }
# field NAME WANTED: of $e
field() { is "  $1 is $2" "$(jq -r --arg k "$1" '.[$k] | if . == null then "absent" else tostring end' <<<"$e")" "$2"; }
number() { is "  $1 is a number, and not below 0" "$(jq -r --arg k "$1" '.[$k] | type == "number" and . >= 0' <<<"$e")" true; }

# ---- one whole handshake
ok "a server" serve server --alpn h2,http/1.1 --tls12
port=$(port_of server)
mark server
seen=$(visit "$port" -servername models.example.org -alpn h2 -sess_out session.pem)
ok "a handshake is told" told server
field event tls.handshake
field severity INFO
field service.name server
field wattle.role server
field wattle.outcome ok
field tls.established true
field wattle.kex.class hybrid
field wattle.reason absent
field error.type absent
field network.peer.address 127.0.0.1
number network.peer.port
field tls.protocol.name tls
field tls.protocol.version 1.3
field tls.cipher "$(sed -n 's/^New, TLSv1.3, Cipher is //p' <<<"$seen" | head -n 1)"
field tls.curve "$(sed -n 's/^Negotiated TLS1.3 group: //p' <<<"$seen" | head -n 1)"
field tls.curve X25519MLKEM768
field tls.resumed false
field tls.next_protocol h2
field server.address models.example.org
field wattle.hello_retry_request false
field wattle.signature.own "$(sed -n 's/^Peer signature type: //p' <<<"$seen" | head -n 1)"
field wattle.signature.peer absent
field wattle.peer absent
number wattle.milliseconds
like "  time is UTC with microseconds" "$(jq -r .time <<<"$e")" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$'
is "  and is now" "$(jq -r '(.time | sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601) as $t | now - $t | . >= 0 and . < 120' <<<"$e")" true
handshake_port=$(jq -r '.["network.peer.port"]' <<<"$e")
ok "its end is told" told server '.event == "connection.end"'
field network.peer.port "$handshake_port"
field wattle.bytes.in 6
field wattle.bytes.out 6
field severity INFO
number wattle.milliseconds

# ---- others that go well
mark server; visit "$port" -sess_in session.pem >resumed
ok "a resumed one" told server
field tls.resumed true
field wattle.signature.own absent
field tls.curve X25519MLKEM768
mark server; visit "$port" -groups X25519:X25519MLKEM768 >retried
ok "one with a classical share first" told server
field wattle.hello_retry_request true
field wattle.kex.class hybrid
mark server; visit "$port" -groups MLKEM768 >pure
ok "one of ML-KEM alone" told server
field wattle.kex.class pq
field tls.curve MLKEM768

# ---- why it is weaker
mark server; visit "$port" -groups X25519 >classical
ok "a client without a post-quantum group" told server
field event tls.downgrade
field severity WARN
field wattle.outcome ok
field wattle.kex.class classical
field tls.curve X25519
field wattle.reason peer-did-not-offer
mark server; visit "$port" -tls1_2 >old
ok "a client of TLS 1.2" told server
field tls.protocol.version 1.2
field tls.cipher "$("$openssl" ciphers -stdname ALL | awk -v name="$(sed -n 's/^New, TLSv1.2, Cipher is //p' old | head -n 1)" '$3 == name { print $1 }')"
field wattle.reason peer-did-not-offer
ok "a server that takes one hybrid group, or a classical one" serve chosen --groups X25519MLKEM768:X25519
mark chosen; visit "$(port_of chosen)" -groups MLKEM768:X25519 >chosen.out
ok "a client that has another post-quantum group" told chosen
field event tls.downgrade
field wattle.reason policy
"$peer" narrow "$port" 600 >narrow.port & at_end "kill $! 2>/dev/null"
wait_for 10 test -s narrow.port
ok "a client behind a middlebox that closes what is large" call fallback --connect "127.0.0.1:$(cat narrow.port)" --policy classical-fallback
mark fallback
ok "comes through" "$peer" burst "$(port_of fallback)" 1
ok "the first attempt failed" told fallback '.["wattle.outcome"] == "lost"'
field error.type lost
field tls.established false
field severity WARN
like "  it is said why" "$(jq -r '.["wattle.error.message"]' <<<"$e")" 'lost|closed'
ok "the second did not" told fallback '.event == "tls.downgrade"'
field wattle.role client
field wattle.outcome ok
field wattle.reason peer-refused

# ---- refused
ok "a strict server that knows its clients" serve strict --policy pq-only --client-ca ca.pem
mark strict; visit "$(port_of strict)" -cert client.pem -key client.key -groups X25519:P-256 >refused
ok "a classical client" told strict
field event tls.handshake
field wattle.outcome refused
field error.type refused
field tls.established false
field wattle.kex.class none
field wattle.reason peer-did-not-offer
field wattle.offered_groups X25519:secp256r1
mark strict
ok "our own client with a certificate" call mutual --connect "127.0.0.1:$(port_of strict)" --cert client.pem --key client.key --policy pq-only
mark mutual
ok "is let in" "$peer" burst "$(port_of mutual)" 1
ok "who it is" told strict
field wattle.peer localhost
field wattle.signature.peer ecdsa_secp256r1_sha256
ok "its own side" told mutual
field wattle.role client
field service.name client
field server.address localhost
field network.peer.port "$(port_of strict)"
field wattle.kex.class hybrid
kill "$(pid_of strict)"; wait_for 20 ended strict
mark mutual; "$peer" burst "$(port_of mutual)" 1 >/dev/null
ok "when the server is gone" told mutual '.event == "wattle.upstream.down"'
like "  it is said" "$(jq -r .message <<<"$e")" "127.0.0.1"

# ---- the page and the log
cat ./*.log | jq -r keys[] | LC_ALL=C sort -u >printed
grep -oE '`[a-z_]+(\.[a-z_]+)*`' "$page" | tr -d '`' | LC_ALL=C sort -u >named
is "every field is documented" "$(LC_ALL=C comm -23 printed named)" ''
sed -n '/^## Fields of every line/,/^## `connection.end`/p' "$page" | sed -nE 's/^\| (`[^|]*`) \|.*/\1/p' | grep -oE '`[^`]+`' | tr -d '`' | LC_ALL=C sort -u >rows
is "every field of handshakes that is documented was seen" "$(LC_ALL=C comm -23 rows printed)" ''
{ cat ./*.log | jq -r .event; grep -rhoE '"wattle(\.[a-z_]+)+"' "$WATTLE_SOURCE/src/proxy" "$WATTLE_SOURCE/src/proxyd" | tr -d '"'; } | LC_ALL=C sort -u >events
is "every event is documented" "$(LC_ALL=C comm -23 events named)" ''
# OpenTelemetry's semantic conventions, registry of attributes: those that are ours to use.
printf '%s\n' error.type network.peer.address network.peer.port server.address service.name tls.cipher tls.curve tls.established tls.next_protocol \
  tls.protocol.name tls.protocol.version tls.resumed event message severity time | LC_ALL=C sort >conventions
is "what is not OpenTelemetry's begins with our name" "$(grep -v '^wattle\.' printed | LC_ALL=C comm -23 - conventions)" ''

# ---- counters are what the log says
idle() { curl -s "http://$address/metrics" | grep -q '^proxy_connections{[^}]*} 0$'; }
counted_bytes() {
  [ "$(curl -s "http://$address/metrics" | grep ^proxy_bytes_total | sed 's/.*direction=//' | LC_ALL=C sort | tr -d '"}' | tr '\n' ' ')" = "$bytes" ]
}
for name in server chosen mutual fallback; do
  address=127.0.0.1:$(port_of "$name" '"metrics"')
  ok "$name: no connection is left" wait_for 20 idle
  curl -s "http://$address/metrics" >metrics
  jq -r 'select(.event == "tls.handshake" or .event == "tls.downgrade") |
    "tls_handshakes_total{service=\"\(.["service.name"])\",role=\"\(.["wattle.role"])\",outcome=\"\(.["wattle.outcome"])\",group=\"\(.["tls.curve"] // "none")\",kex_class=\"\(.["wattle.kex.class"])\",resumed=\"\(.["tls.resumed"] // false)\"}",
    if .["wattle.hello_retry_request"] then "tls_hello_retry_requests_total{service=\"\(.["service.name"])\",role=\"\(.["wattle.role"])\"}" else empty end,
    if .event == "tls.downgrade" then "tls_downgrades_total{service=\"\(.["service.name"])\",role=\"\(.["wattle.role"])\",reason=\"\(.["wattle.reason"])\"}" else empty end,
    if .["wattle.outcome"] == "ok" then "tls_handshake_duration_seconds_count{service=\"\(.["service.name"])\",role=\"\(.["wattle.role"])\",kex_class=\"\(.["wattle.kex.class"])\",resumed=\"\(.["tls.resumed"])\"}" else empty end,
    (if .["wattle.role"] == "server" then .["wattle.signature.own"] else .["wattle.signature.peer"] end) as $s |
    if .["wattle.outcome"] == "ok" and $s != null then "tls_signatures_total{service=\"\(.["service.name"])\",role=\"\(.["wattle.role"])\",signature=\"\($s)\"}" else empty end' \
    "$name.log" | LC_ALL=C sort | uniq -c | sed -E 's/^ *([0-9]+) (.*)$/\2 \1/' | LC_ALL=C sort >wanted
  grep -E '^tls_(handshakes|hello_retry_requests|downgrades|signatures)_total|^tls_handshake_duration_seconds_count' metrics | LC_ALL=C sort >counted
  is "$name: counters and log agree" "$(diff wanted counted)" ''
  bytes=$(jq -rs 'map(select(.event == "connection.end")) | "in \(map(.["wattle.bytes.in"]) | add // 0) out \(map(.["wattle.bytes.out"]) | add // 0) "' "$name.log")
  ok "$name: bytes, too, within a second or so: $bytes" wait_for 20 counted_bytes
  like "$name: seconds are those of the log" "$(awk '/^tls_handshake_duration_seconds_sum/ { s += $NF } END { printf "%.3f", s * 1000 }' metrics)" \
    "^$(jq -rs 'map(select(.["wattle.outcome"] == "ok" and has("tls.resumed")) | .["wattle.milliseconds"]) | add | floor' "$name.log" | awk '{ printf "(%d|%d)", $1, $1 + 1 }')\\."
done
address=127.0.0.1:$(port_of server '"metrics"')
curl -s "http://$address/metrics" >metrics
ends=$(date -u -d "$("$openssl" x509 -in server.pem -noout -enddate | cut -d= -f2)" +%s)
like "the certificate's end is the file's" "$(grep ^x509_cert_not_after_timestamp_seconds metrics)" "service=\"server\",path=\"[^\"]*server.pem\",algorithm=\"ECDSA-P256\",subject=\"CN=server\"\} $ends$"
leaf newer newer; mv newer.key server.key; mv newer.pem server.pem
mark server
kill -HUP "$(pid_of server)"
ok "a new certificate is taken" told server '.event == "wattle.reload" and (.message | test("in use"))'
curl -s "http://$address/metrics" >metrics
is "the old one's end is gone from the metrics" "$(grep ^x509_cert_not_after_timestamp_seconds metrics | grep -oE 'subject="[^"]*"')" 'subject="CN=newer"'
like "two configurations were taken" "$(cat metrics)" 'proxy_reloads_total\{outcome="ok"\} 2'
is "when is told" "$(awk -v now="$(date +%s)" '/^proxy_last_reload_timestamp_seconds / { print ($2 <= now && $2 > now - 120) }' metrics)" 1

# ---- health
is "healthz" "$(curl -s -o health -w '%{http_code} %{content_type}' "http://$address/healthz") $(cat health)" "200 text/plain; charset=utf-8 ok"
is "its head alone" "$(curl -sI -o health -w '%{http_code} %header{content-length}' "http://$address/healthz")" "200 3"
is "the type of the metrics" "$(curl -s -o /dev/null -w '%{content_type}' "http://$address/metrics")" "text/plain; version=0.0.4; charset=utf-8"
is "POST is not served" "$(curl -s -o /dev/null -w '%{http_code}' -X POST "http://$address/healthz")" 405
finish
