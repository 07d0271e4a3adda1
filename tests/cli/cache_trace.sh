#!/usr/bin/env bash
# `wattle bench cache-trace`: generated and given traces, its JSON, and what it refuses.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq gzip
cd "$tmp" || exit 1
small=(--keys 2000 --requests 20000)

exits "the generated trace" 0 "$wattle" bench cache-trace "${small[@]}"
like "  has a row of objects at 1 %" "$out" "^zipf +1 % objects( +[01]\.[0-9]{4}){9} +[+-]0\.[0-9]{4}"
like "  and one of bytes at 10 %" "$out" "^zipf +10 % bytes( +[01]\.[0-9]{4}){9}"
is "  and nothing on standard error, which is no terminal" "$err" ''
first=$out
exits "again" 0 "$wattle" bench cache-trace "${small[@]}"
is "  gives the same figures but for the cache itself, whose threads are real" "$(sed 's/[^ ]* *[^ ]*$//' <<<"$out")" "$(sed 's/[^ ]* *[^ ]*$//' <<<"$first")"

exits "as JSON" 0 "$wattle" bench cache-trace "${small[@]}" --size 0.5,5,100 --json
is "  two rows a size" "$(jq '.rows | length' <<<"$out")" 6
is "  each with the members and types that the page says" "$(jq '[.rows[] | (.trace | type) == "string" and (.requests == 20000) and (.keys > 0 and .keys <= 2000)
  and (.footprint_bytes > 0) and (.capacity_bytes <= .footprint_bytes) and (.percent > 0) and (.measure == "objects" or .measure == "bytes")
  and (.policies | length == 9 and all(.miss_ratio >= 0 and .miss_ratio <= 1 and (.policy | type) == "string"))
  and (.best | type) == "string" and (.over_best | type) == "number" and (.met == (.over_best <= 0.005))] | all' <<<"$out")" true
is "  the best is the best of those that are not Wattle's" "$(jq '[.rows[] | .best as $b | ([.policies[] | select(.policy | startswith("wattle") | not)] | min_by(.miss_ratio).miss_ratio) == (.policies[] | select(.policy == $b).miss_ratio)] | all' <<<"$out")" true
is "  with room for all, each key misses once" "$(jq '[.rows[] | select(.percent == 100 and .measure == "objects") | (.policies[] | select(.policy == "LRU" or .policy == "wattle").miss_ratio) * .requests - .keys | fabs < 0.5] | all' <<<"$out")" true

seq 0 99 >lirs_loop.trace; for _ in 1 2 3 4 5 6 7 8 9; do seq 0 99; done >>lirs_loop.trace
gzip -k lirs_loop.trace
cp lirs_loop.trace loop.txt
exits "a text, packed and not, and the generated trace" 0 "$wattle" bench cache-trace --zipf "${small[@]}" lirs_loop.trace lirs_loop.trace.gz --json
is "  three traces" "$(jq -c '[.rows[].trace] | unique' <<<"$out")" '["lirs_loop.trace","lirs_loop.trace.gz","zipf"]'
is "  packed or not, the same" "$(jq '[.rows[] | select(.trace != "zipf" and .measure == "objects" and .percent == 10) | .policies[0:8] | map(.miss_ratio)] | .[0] == .[1]' <<<"$out")" true
is "  of 100 keys" "$(jq '.rows[0].keys' <<<"$out")" 100
exits "a name that tells nothing" 2 "$wattle" bench cache-trace loop.txt
says "  is told" "loop.txt does not tell by its name.*--format"
exits "  with the format" 0 "$wattle" bench cache-trace --format lirs loop.txt
like "  one line for both measures, where all objects are alike" "$out" "^loop.txt +10 % both"

exits "an absent file" 3 "$wattle" bench cache-trace lirs_absent.trace
says "  is named" "lirs_absent"
head -c 60 lirs_loop.trace.gz >lirs_cut.gz
exits "a packed file that is cut" 4 "$wattle" bench cache-trace lirs_cut.gz
says "  is named" "lirs_cut.gz.*damaged"
echo nonsense >lirs_bad.trace
exits "another format" 4 "$wattle" bench cache-trace lirs_bad.trace
says "  tells the line" "lirs_bad.trace.*line 1"
head -c 25 /dev/zero >x.oracleGeneral.bin
exits "a record that is cut" 4 "$wattle" bench cache-trace x.oracleGeneral.bin
: >lirs_empty.trace
exits "an empty file" 4 "$wattle" bench cache-trace lirs_empty.trace
says "  has no request" "no request"

refuses() { # REGEX WORDS...
  local regex=$1; shift
  exits "wattle bench cache-trace $*" 2 "$wattle" bench cache-trace "$@"
  says "  is told" "$regex"
  is "  once" "$(wc -l <<<"$err")" 1
}
for size in 0 101 1,,2 , 1, x -1 1e1 1.2.3 nan 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17; do refuses "--size takes" --size "$size"; done
refuses "--skew takes" --skew 6
refuses "--skew takes" --skew -1
refuses "--skew takes" --skew inf
refuses "--keys takes a number" --keys 0
refuses "--requests takes a number" --requests 1000000000
refuses "--seed takes a number" --seed x
refuses "--format" --format csv loop.txt
finish
