#!/usr/bin/env bash
# `wattle bench cache-lib` without peers: short runs, what it prints and what it refuses.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq
cd "$tmp" || exit 1

short=(--quick --rounds 1 --keys 2000)
exits "one number of keys" 0 "$wattle" bench cache-lib "${short[@]}" --part keys
like "  has a row of gets" "$out" '^2000 +64 get +ns +[0-9.]+'
like "  and one of zipf keys" "$out" '^2000 zipf +64 get +ns +[0-9.]+'
like "  of two threads" "$out" 'get, two threads +M/s +[0-9.]+'
like "  and names the processor and the version" "$out" '^wattle \([0-9]+\.[0-9.]+, (ref|aes|vaes)\): '
is "  and says nothing on standard error, which is no terminal" "$err" ''

exits "everything, as JSON" 0 "$wattle" bench cache-lib "${short[@]}" --value 690 --json
is "  all parts" "$(jq -r '[.rows[].part] | unique | join(" ")' <<<"$out")" "keys sets sizes"
is "  every value is a positive number" "$(jq '[.rows[].results[].value > 0] | all' <<<"$out")" true
is "  of the size that was asked for" "$(jq -c '[.rows[].value_bytes] | unique' <<<"$out")" '[690]'
is "  and of as many keys" "$(jq -c '[.rows[].keys] | unique' <<<"$out")" '[2000]'
is "  one table" "$(jq -r '[.tables[].table] | join(" ")' <<<"$out")" wattle
is "  results name it" "$(jq -r '[.rows[].results[].table] | unique | join(" ")' <<<"$out")" wattle
is "  p99 is no less than p50" "$(jq '[.rows[] | select(.operation == "lone get, p50" or .operation == "lone get, p99")] | group_by([.part, .distribution]) | map(.[1].results[0].value >= .[0].results[0].value) | all' <<<"$out")" true
is "  memory is more than what is in it" "$(jq '.rows[] | select(.operation == "memory an entry") | .results[0].value > 690' <<<"$out")" true
is "  rounds are told" "$(jq .rounds <<<"$out")" 1
is "  the goals are for other numbers and sizes" "$(jq -c .goals <<<"$out")" '[]'
exits "a number that has goals" 0 "$wattle" bench cache-lib --quick --rounds 1 --part keys --keys 10000 --json
is "  has them" "$(jq -r '[.goals[] | "\(.keys) \(.limit_is) \(.limit)"] | join(", ")' <<<"$out")" "10000 at most 20, 10000 at least 1.9"
is "  each met or not" "$(jq '[.goals[] | .met == (if .limit_is == "at most" then .value <= .limit else .value >= .limit end)] | all' <<<"$out")" true
exits "sizes" 0 "$wattle" bench cache-lib "${short[@]}" --part sizes --json
is "  are seven" "$(jq -c '[.rows[].value_bytes] | unique' <<<"$out")" '[64,690,1088,3309,4493,17088,49856]'

mkdir pictures
exits "pictures" 0 "$wattle" bench cache-lib "${short[@]}" --value 64 --plot pictures
is "  are four" "$(ls pictures | tr '\n' ' ')" "cache-keys.svg cache-lone.svg cache-sets.svg cache-sizes.svg "
like "  with bars" "$(cat pictures/cache-keys.svg)" '<svg .*'
exits "pictures that exist" 5 "$wattle" bench cache-lib "${short[@]}" --part sets --plot pictures
says "  are kept" "--force"
exits "with --force they are replaced" 0 "$wattle" bench cache-lib "${short[@]}" --part sets --plot pictures --force
exits "a folder that is none" 3 "$wattle" bench cache-lib "${short[@]}" --part sets --plot nowhere
says "  is named" nowhere

refuses() { # REGEX WORDS...
  local regex=$1; shift
  exits "wattle bench cache-lib $*" 2 "$wattle" bench cache-lib "$@"
  says "  is told" "$regex"
  is "  once" "$(wc -l <<<"$err")" 1
}
refuses "--keys takes a number from 1000 to" --keys 999
refuses "--keys takes a number" --keys 100000001
refuses "--keys takes a number" --keys 1e6
refuses "--value takes a number from 1 to 1048576" --value 0
refuses "--value takes a number from 1 to 1048576" --value 1048577
refuses "--rounds takes a number from 1 to 101" --rounds 102
refuses "--part does not know" --part gets
refuses "write ./ before the name of a file" --peer libc.so.6
refuses "no object that can be loaded" --peer ./nowhere.so
printf 'int nothing;\n' >no_peer.so
refuses "no object that can be loaded" --peer ./no_peer.so
refuses "x1bx.so: no object that can be loaded" --peer "./a$(printf '\033')x.so"

# What is no table, and one of another version.
if command -v cc >/dev/null; then
  printf 'int nothing;\n' | cc -shared -fPIC -x c -o other.so -
  cat >old.c <<'C'
#include <bench/cachepeer.h>
const wtl_cachepeer *wtl_cachepeer_at(unsigned i);
const wtl_cachepeer *wtl_cachepeer_at(unsigned i) { static const wtl_cachepeer p = {.abi = WTL_CACHEPEER_ABI + WHICH}; return i == 0 ? &p : 0; }
C
  cc -DWHICH=1 -I"$WATTLE_SOURCE/src" -shared -fPIC -o old.so old.c
  cc -DWHICH=0 -I"$WATTLE_SOURCE/src" -shared -fPIC -o empty.so old.c
  refuses "exports no wtl_cachepeer_at" --peer ./other.so
  refuses "is made for version 2 of bench/cachepeer.h" --peer ./old.so
  refuses "lacks what bench/cachepeer.h asks for" --peer ./empty.so
else
  skip "no C compiler to make objects with"
fi

# Memory that nobody has: told, and left out.
exits "a number of keys beyond this machine's memory" 0 "$wattle" bench cache-lib --quick --rounds 1 --part sizes --keys 100000000 --value 1048576 --json
says "  is left out with a sentence" "are left out: that takes [0-9]+ MiB of memory"
is "  no row" "$(jq -c .rows <<<"$out")" '[]'

# An end on request.
(trap - INT; exec "$wattle" bench cache-lib --part keys --keys 10000 --rounds 101 >/dev/null 2>cut.err) & pid=$!
for ((i = 0; i < 1200; i++)); do [ -n "$(ps -o pid= --ppid "$pid" 2>/dev/null)" ] && break; sleep 0.05; done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
is "TERM ends it" "$status" 143
like "  with a sentence" "$(cat cut.err)" "ended on request"
finish
