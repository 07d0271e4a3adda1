# Every wire room has a fuzz target, and every target seeds.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
check=$WATTLE_SOURCE/tools/check-fuzz.sh

exits "every wire room has a target with seeds" 0 "$check" "$WATTLE_SOURCE"
diag "$out"

fresh() {
  rm -rf "$tmp/t"; mkdir -p "$tmp/t/src/"{text,base} "$tmp/t/tests/fuzz/corpus/text_line"
  printf 'base: @openssl\ntext: wire base\nempty: wire base\n' >"$tmp/t/src/rooms.dag"
  : >"$tmp/t/src/text/line.c"; : >"$tmp/t/tests/fuzz/text_line_fuzz.c"; echo x >"$tmp/t/tests/fuzz/corpus/text_line/one"
}
fresh
exits "a room with a target passes; one without code needs none" 0 "$check" "$tmp/t"
fresh; rm "$tmp/t/tests/fuzz/text_line_fuzz.c"
exits "a wire room without a target is refused" 1 "$check" "$tmp/t"
like "by name" "$out" 'the wire room "text" has no tests/fuzz/text_<noun>_fuzz.c'
fresh; rm "$tmp/t/tests/fuzz/corpus/text_line/one"
exits "a target without seeds is refused" 1 "$check" "$tmp/t"
like "by name" "$out" 'tests/fuzz/corpus/text_line has no seeds'
finish
