# A Prometheus of Debian's scrapes proxies that serve connections, evaluates our rules and answers the dashboard's queries.
. "${WATTLE_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}/tests/lib/tap.sh"
. "$WATTLE_SOURCE/tests/lib/daemon.sh"
requires_command jq curl
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
root=$("$WATTLE_SOURCE/tools/fetch-peer" --suite bookworm prometheus 2>"$tmp/fetch") || skip_all "Prometheus could not be fetched: $(tail -n1 "$tmp/fetch")"
"$root/usr/bin/prometheus" --version >/dev/null 2>&1 || skip_all "Debian 12's Prometheus does not run on this system"
diag "$("$root/usr/bin/prometheus" --version 2>&1 | head -n1)"
cd "$tmp" || exit 1

authority; leaf server; echo_server
both() { # both sides in one program, and a service whose upstream is not there
  cat >both.ini <<INI
[proxy]
workers = 1
metrics = 127.0.0.1:0
control = both.sock
state = pins
log = both.log
[far]
mode = server
listen = 127.0.0.1:0
connect = 127.0.0.1:$echo_port
cert = server.pem
key = server.key
[lost]
mode = server
listen = 127.0.0.1:0
connect = 127.0.0.1:1
cert = server.pem
key = server.key
INI
  "$proxyd" run --config both.ini 2>both.err & echo $! >both.pid
  at_end "stop_now $!"
  wait_for 60 started both && logged both wattle.started
}
: >both.log
ok "a server" both
far=$(port_of both '"far"') lost=$(port_of both '"lost"') pages=127.0.0.1:$(port_of both '"metrics"')
ok "a client with warm connections" proxy near client --listen 127.0.0.1:0 --connect 127.0.0.1:"$far" --server-name localhost --ca ca.pem --pool 2 --workers 1 --state near.pins \
  --control near.sock --metrics 127.0.0.1:0 --policy classical-fallback
near=$(port_of near) near_pages=127.0.0.1:$(port_of near '"metrics"')
"$peer" narrow "$far" 600 >narrow.port & at_end "kill $! 2>/dev/null"
wait_for 10 test -s narrow.port
ok "another behind a middlebox that closes what is large" proxy narrow client --listen 127.0.0.1:0 --connect 127.0.0.1:"$(cat narrow.port)" --server-name localhost --ca ca.pem \
  --workers 1 --state narrow.pins --control narrow.sock --metrics 127.0.0.1:0 --policy classical-fallback
narrow_pages=127.0.0.1:$(port_of narrow '"metrics"')
visit() { timeout 30 "$openssl" s_client -connect "127.0.0.1:$1" -CAfile ca.pem "${@:2}" </dev/null >/dev/null 2>&1; }
traffic() { "$peer" burst "$near" 1; visit "$far" -groups X25519; visit "$far" -groups X25519:X25519MLKEM768; visit "$far" -groups P-521; visit "$lost"; } >/dev/null 2>&1
traffic

# The scrape itself.
curl -s "http://$pages/metrics" >metrics
exits "promtool reads what is served" 0 bash -c "'$root/usr/bin/promtool' check metrics <metrics"
is "and finds nothing to better" "$out$err" ''

cat >prometheus.yml <<YML
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [$WATTLE_SOURCE/dist/prometheus/wattle-proxy.rules.yml]
scrape_configs:
  - job_name: wattle-proxy
    static_configs: [{ targets: ["$pages", "$near_pages", "$narrow_pages"] }]
YML
# A port that is free now; another is tried where somebody was quicker.
up() { curl -sf "http://$prometheus/-/ready"; }
serve() {
  local try pid
  for try in 1 2 3 4 5; do
    prometheus=127.0.0.1:$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    "$root/usr/bin/prometheus" --config.file=prometheus.yml --storage.tsdb.path="data$try" --web.listen-address="$prometheus" --log.level=warn >prometheus.err 2>&1 & pid=$!
    at_end "kill $pid 2>/dev/null; wait $pid 2>/dev/null"
    until up >/dev/null 2>&1; do kill -0 "$pid" 2>/dev/null || continue 2; sleep 0.1; done
    return 0
  done
  return 1
}
ok "Prometheus starts with our rules" serve
ask() { curl -sf --data-urlencode "query=$1" "http://$prometheus/api/v1/query"; }
all_up() { traffic; [ "$(ask 'sum(up)' | jq -r '.data.result[0].value[1]')" = 3 ]; }
ok "all three are scraped" wait_for 60 all_up
is "no rule fails" "$(curl -s "http://$prometheus/api/v1/rules" | jq -r '.data.groups[].rules[] | select(.health == "err") | "\(.name): \(.lastError)"')" ''

# Each panel shows something. What has not happened here has no series.
jq -r '.panels[].targets[]?.expr' "$WATTLE_SOURCE/dist/grafana/wattle-proxy.json" |
  sed 's/\$__rate_interval/1m/g; s/\$job/wattle.*/g; s/\$service/.*/g' | grep -vE 'proxy_worker_exits_total|proxy_log_lines_lost_total' >queries
empty() { while IFS= read -r query; do [ "$(ask "$query" | jq '.data.result | length')" -gt 0 ] 2>/dev/null || printf '%s\n' "$query"; done <queries; }
all_filled() { traffic; [ -z "$(empty)" ]; }
wait_for 90 all_filled
is "each of the dashboard's $(wc -l <queries) queries has an answer" "$(empty)" ''
for name in pqc_negotiation_rate pqc_fallback_rate pqc_handshake_latency_p99 pqc_certificate_expiry_days tls_pqc_negotiation_total; do
  like "$name is recorded" "$(ask "$name" | jq -r '.data.result | length')" '^[1-9]'
done
is "the group and the fallback are told as the plan has them" \
  "$(ask 'tls_pqc_negotiation_total{service="far"}' | jq -r '.data.result[].metric | "\(.group) \(.fallback)"' | LC_ALL=C sort | tr '\n' ',')" 'X25519 true,X25519MLKEM768 false,'
days=$((($(date -u -d "$("$openssl" x509 -in server.pem -noout -enddate | cut -d= -f2)" +%s) - $(date +%s)) / 86400))
like "days until the certificate ends" "$(ask 'pqc_certificate_expiry_days{service="far"}' | jq -r '.data.result[0].value[1]')" "^($days|$((days + 1)))\\."

# Alerts that need no time.
firing() { curl -s "http://$prometheus/api/v1/alerts" | jq -r '.data.alerts[] | select(.state == "firing") | "\(.labels.alertname) \(.labels.service // "")"' | LC_ALL=C sort -u; }
fires() { traffic; firing | grep -q "^$1"; }
ok "a certificate of 20 days is warned of" wait_for 60 fires "WattleCertificateExpiresSoon far"
ok "clients that were refused are told of" fires "WattleClientsRefused far"
is "and nothing that did not happen" "$(firing | grep -vE '^Wattle(CertificateExpiresSoon|NegotiationRateLow|FallbackRateHigh|UpstreamErrors|HandshakeSlow|ClientsRefused) ')" ''
"$peer" burst "$(port_of narrow)" 1 >/dev/null
ok "a server that took less from a client of ours is told at once" wait_for 60 fires "WattleUpstreamDowngraded client"
"$wattle" proxy status --control both.sock --json | jq -r '.proxies[0].workers[0].pid' >worker
kill -KILL "$(cat worker)"
ok "a worker that was killed, too" wait_for 60 fires WattleWorkerCrashed
finish
