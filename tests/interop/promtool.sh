# Prometheus' own checker (Debian 12's package): our text, our rules with their tests, the dashboard's queries.
. "${WATTLE_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}/tests/lib/tap.sh"
requires_command jq
peer=$("$WATTLE_SOURCE/tools/fetch-peer" --suite bookworm prometheus 2>"$tmp/fetch") ||
  skip_all "promtool could not be fetched: $(tail -n1 "$tmp/fetch")"
promtool=$peer/usr/bin/promtool
"$promtool" --version >/dev/null 2>&1 || skip_all "Debian 12's promtool does not run on this system"
diag "$("$promtool" --version 2>&1 | head -n1)"

ok "metrics of every kind, with hostile names" "$WATTLE_BUILD/tests/metrics_peer"
cp "$tmp/.out" "$tmp/metrics"
is "each metric of the table is in it" "$(grep -c '^# TYPE' "$tmp/metrics")" \
  "$(($(grep -c '^METRIC(' "$WATTLE_SOURCE/src/proxy/proxy_metric.def") + 1))"
# shellcheck disable=SC2317 # by `exits`
lint() { "$promtool" check metrics <"$1"; }
exits "promtool reads it and finds nothing to better" 0 lint "$tmp/metrics"
is "not a word" "$out$err" ''
sed '/^# TYPE tls_handshakes_total/s/counter/gauge/' "$tmp/metrics" >"$tmp/worse"
exits "it would" 3 lint "$tmp/worse"
head -c -20 "$tmp/metrics" >"$tmp/cut"
exits "and it sees a text that is cut off" 1 lint "$tmp/cut"

dist=$WATTLE_SOURCE/dist/prometheus
exits "the rules are rules" 0 "$promtool" check rules "$dist/wattle-proxy.rules.yml"
like "all of them" "$out" "SUCCESS: $(grep -cE '^ +- (alert|record):' "$dist/wattle-proxy.rules.yml") rules"
exits "their tests pass" 0 "$promtool" test rules "$dist/wattle-proxy.test.yml"
diag "$err"

# promtool is content with a rule that no test names: we are not.
alerts=$(sed -nE 's/^ +- alert: //p' "$dist/wattle-proxy.rules.yml" | LC_ALL=C sort)
named() { # REGEX of what follows exp_alerts:
  awk -v what="$1" '/alertname:/ { name = $NF } /exp_alerts:/ { if ($0 ~ "exp_alerts:" what "$") print name }' "$dist/wattle-proxy.test.yml" | LC_ALL=C sort -u
}
is "each alert is seen to fire" "$(named '')" "$alerts"
is "and not to fire" "$(named ' \[\]')" "$alerts"
is "each recording rule is tested" "$(sed -nE 's/^ +- expr: (.*)/\1/p' "$dist/wattle-proxy.test.yml" | LC_ALL=C sort -u)" \
  "$(sed -nE 's/^ +- record: ([a-z0-9_]+).*/\1/p' "$dist/wattle-proxy.rules.yml" | LC_ALL=C sort)"
# A test that is wrong is noticed.
mkdir "$tmp/spoilt"
cp "$dist"/*.yml "$tmp/spoilt"
sed -i 's/pqc_negotiation_rate < 0.999/pqc_negotiation_rate < 0.9/' "$tmp/spoilt/wattle-proxy.rules.yml"
exits "another limit does not pass them" 1 "$promtool" test rules "$tmp/spoilt/wattle-proxy.test.yml"

# The dashboard's queries as rules, with its variables filled in.
jq '{groups: [{name: "dashboard", rules: [.panels[].targets[]?.expr] | to_entries | map({
    record: "panel:\(.key)",
    expr: (.value | gsub("\\$__rate_interval"; "5m") | gsub("\\$(job|service)"; ".*"))})}]}' \
  "$WATTLE_SOURCE/dist/grafana/wattle-proxy.json" >"$tmp/dashboard.yml"
exits "the dashboard's queries are PromQL" 0 "$promtool" check rules "$tmp/dashboard.yml"
like "all of them" "$out" 'SUCCESS: (2[5-9]|[3-9][0-9]) rules'
finish
