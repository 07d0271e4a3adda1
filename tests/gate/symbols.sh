# Exported names: the list, the library and the public headers agree; a file exports its noun alone.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command ctags nm
check=$WATTLE_SOURCE/tools/check-symbols.sh

exits "libwattle.so, src/wattle.syms, include/wattle and the rooms agree" 0 "$check" "$WATTLE_BUILD"
diag "$out"

before=$(printf '%s\n' "$out" | grep -c .)
findings() { printf '%s\n' "$out" | grep -c .; }
grep -v '^wtl_version$' "$WATTLE_SOURCE/src/wattle.syms" >"$tmp/short.syms"
WATTLE_SYMS=$tmp/short.syms exits "a name that is missing in the list is refused" 1 "$check" "$WATTLE_BUILD"
like "as exported" "$out" 'wtl_version is exported by libwattle.so'
like "and as declared" "$out" 'wtl_version is declared in include/wattle'
is "and nothing else changed" "$(findings)" $((before + 2))
{ cat "$WATTLE_SOURCE/src/wattle.syms"; echo wtl_nowhere; } >"$tmp/long.syms"
WATTLE_SYMS=$tmp/long.syms exits "a name too many in the list is refused" 1 "$check" "$WATTLE_BUILD"
like "as not defined" "$out" 'wtl_nowhere is listed in src/wattle.syms, but libwattle.so does not define it'
if [ -e "$WATTLE_BUILD/lib/wattle.so" ]; then
  WATTLE_MODULE=$WATTLE_BUILD/lib/libwattle.so exits "a provider that exports more than its entry is refused" 1 "$check" "$WATTLE_BUILD"
  like "with the names" "$out" 'wtl_version is exported by wattle.so'
  like "and one without an entry" "$out" 'OSSL_provider_init is not exported by wattle.so'
fi
WATTLE_ALLOW=/dev/null exits "a foreign name in a noun's file is refused" 1 "$check" "$WATTLE_BUILD"
like "with file and name" "$out" 'src/base/secret.c exports wtl_ct_eq; its names begin with wtl_secret_'
finish
