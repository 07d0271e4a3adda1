#!/usr/bin/env bash
# Every wire room of src/rooms.dag that has code has a fuzz target, and every target has seeds.
#   tools/check-fuzz.sh [SOURCE]
set -euo pipefail
shopt -s nullglob
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
bad=0
finding() { printf '%s\n' "$*"; bad=1; }
while read -r room; do
  code=(src/"$room"/*.c)
  [ ${#code[@]} -gt 0 ] || continue
  targets=(tests/fuzz/"$room"_*_fuzz.c)
  [ ${#targets[@]} -gt 0 ] || finding "src/rooms.dag: the wire room \"$room\" has no tests/fuzz/${room}_<noun>_fuzz.c"
done < <(sed -nE 's/^([a-z0-9]+):[[:space:]]+wire\b.*/\1/p' src/rooms.dag)
for target in tests/fuzz/*_fuzz.c; do
  name=${target##*/}; name=${name%_fuzz.c}
  seeds=(tests/fuzz/corpus/"$name"/*)
  [ ${#seeds[@]} -gt 0 ] || finding "tests/fuzz/corpus/$name has no seeds: the target starts from nothing"
done
exit "$bad"
