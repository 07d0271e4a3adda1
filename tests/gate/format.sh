# clang-format 19 agrees with every C file.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command clang-format-19
check=$WATTLE_SOURCE/tools/check-format.sh

exits "every C file is formatted" 0 "$check" "$WATTLE_SOURCE"
diag "$out"
mkdir -p "$tmp/t/src/a"; cp "$WATTLE_SOURCE/.clang-format" "$tmp/t/"
printf 'int  a( void ){return 0;}\n' >"$tmp/t/src/a/a.c"
exits "an unformatted file is refused" 1 "$check" "$tmp/t"
exits "--fix formats it" 0 "$check" --fix "$tmp/t"
exits "and then it passes" 0 "$check" "$tmp/t"
finish
