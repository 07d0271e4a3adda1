# Sizes of files and functions, and that the checker counts.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command ctags
check=$WATTLE_SOURCE/tools/check-size.sh

exits "files have at most 700 lines, functions 100, the median 20" 0 "$check" "$WATTLE_SOURCE"
diag "$out" "$err"

fresh() { rm -rf "$tmp/t"; mkdir -p "$tmp/t/src/a"; }
function_of() { # NAME LINES
  printf 'int %s(void)\n{\n' "$1"
  awk -v n=$(($2 - 4)) 'BEGIN { for (i = 0; i < n; i++) print "    x++;" }'
  printf '    return 0;\n}\n'
}
fresh; { function_of small 20; function_of edge 100; } >"$tmp/t/src/a/a.c"
exits "a function of 100 lines passes" 0 "$check" "$tmp/t"
like "and is named in a warning" "$err" 'src/a/a.c:21: warning: edge has 100 lines'
fresh; { function_of small 20; function_of lengthy 101; } >"$tmp/t/src/a/a.c"
exits "a function of 101 lines is refused" 1 "$check" "$tmp/t"
like "by name and place" "$out" '^src/a/a.c:21: lengthy has 101 lines'
fresh; printf 'static int\nwrapped(int a,\n        int b)\n{\n%s\n    return a + b;\n}\n' "$(yes '    a++;' | head -n 120)" >"$tmp/t/src/a/a.c"
exits "a long static function with a wrapped head is refused" 1 "$check" "$tmp/t"
fresh; yes 'int x;' | head -n 700 >"$tmp/t/src/a/a.c"
exits "a file of 700 lines passes" 0 "$check" "$tmp/t"
echo 'int x;' >>"$tmp/t/src/a/a.c"
exits "a file of 701 lines is refused" 1 "$check" "$tmp/t"
like "by name" "$out" '^src/a/a.c: 701 lines'
fresh; for i in $(seq 20); do function_of "f$i" 30; done >"$tmp/t/src/a/a.c"
exits "a high median is refused" 1 "$check" "$tmp/t"
like "with the number" "$out" 'median function has 30 lines'
finish
