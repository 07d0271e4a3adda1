# `wattle bench cache-lib` beside Concurrency Kit's ck_ht of Debian 13, as tools/bench-cache builds it: short runs. DashMap and abseil are built where
# a run of the tool has fetched them already.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command jq timeout cc c++
tool=$WATTLE_SOURCE/tools/bench-cache
cd "$tmp" || exit 1
exits "tools/bench-cache -h" 0 "$tool" -h
exits "a peer that there is not" 1 "$tool" --build nothing
says "is told" "'nothing' is none of ck_ht, abseil and dashmap"
cat >made.json <<'J'
{"rows": [{"part": "keys", "operation": "get", "unit": "ns", "keys": 100000, "value_bytes": 64, "distribution": "uniform", "threads": 1,
   "results": [{"table": "wattle", "value": 20}, {"table": "b", "value": 50.04}, {"table": "c", "value": null}]},
  {"part": "keys", "operation": "get, two threads", "unit": "M/s", "keys": 100000, "value_bytes": 64, "distribution": "uniform", "threads": 2,
   "results": [{"table": "wattle", "value": 90}, {"table": "b", "value": 40}, {"table": "c", "value": 45}]}],
 "goals": [{"goal": "ns a get", "keys": 100000, "limit_is": "at most", "limit": 32, "value": 20, "met": true}]}
J
exits "a table from a file" 0 "$tool" --table made.json
like "  has the figures, and how many times as fast as the best peer" "$out" '^\| get \| 100,000 \| ns \| 20 \| 50 \|  \| 2.5 \|$'
like "  of threads too" "$out" '^\| get, two threads \| 100,000 \| M/s \| 90 \| 40 \| 45 \| 2 \|$'
like "  and the goals" "$out" '^\| ns a get \| 100,000 \| <= 32 \| 20 \| met \|$'

[ "$(readlink -f "$WATTLE_BUILD")" = "$(readlink -f "$WATTLE_SOURCE/build/release")" ] || { skip "this is not the release build, which is measured"; finish; }
run_with() { # NAME TABLES FILE
  exits "a run with $1" 0 timeout 300 "$wattle" bench cache-lib --quick --rounds 1 --keys 5000 --value 690 --peer "$3" --json
  is "  has it in its table" "$(jq -r '[.tables[1:][].table] | join(", ")' <<<"$out")" "$2"
  is "  with a version" "$(jq '[.tables[1:][].version | test("[0-9]")] | all' <<<"$out")" true
  is "  and figures of every kind" "$(jq '[.rows[] | select(.operation | test("^(get|lone get.*|set.*|memory.*|get, one set in ten)$")) | .results[].value > 0] | all' <<<"$out")" true
}
file=$("$tool" --build ck_ht 2>err) || { skip "ck_ht cannot be had here: $(tail -n 1 err)"; finish; }
run_with ck_ht ck_ht "$file"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wattle/peers
[ ! -d "$cache/trixie-source-abseil" ] || run_with abseil "abseil, abseil, AES hash" "$("$tool" --build abseil)"
[ ! -d "$cache/trixie-whole-librust-dashmap-dev_librust-ahash-dev_cargo_rustc" ] || run_with DashMap "DashMap + aHash" "$("$tool" --build dashmap)"
exits "a peer that cannot be fetched" 1 env XDG_CACHE_HOME="$tmp/none" PATH="$tmp/bin:$PATH" sh -c "mkdir -p bin; printf '#!/bin/sh\nexit 1\n' >bin/apt-get; chmod +x bin/apt-get; exec '$tool' --build ck_ht"
says "  is left out with a sentence" "ck_ht is left out: it cannot be fetched: "
finish
