# Every header compiles alone, the public ones also as pedantic C11 and C++17; and the checker notices when not.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
check=$WATTLE_SOURCE/tools/check-headers.sh
if [ -z "${WATTLE_OPENSSL:-}" ] && [ -n "${OPENSSL:-}" ]; then export WATTLE_OPENSSL=${OPENSSL%/bin/openssl}; fi

exits "every header compiles alone, with each compiler" 0 "$check" "$WATTLE_SOURCE"
diag "$err" "$out"
case $err in *++*) ;; *) skip "no C++ compiler is installed: the headers were not tried as C++" ;; esac

red() { # NAME FILE REGEX, the header's text on stdin
  rm -rf "$tmp/t"; mkdir -p "$tmp/t/src/a" "$tmp/t/include/wattle"
  cat >"$tmp/t/$2"
  exits "$1: refused" 1 "$check" "$tmp/t"
  like "$1: says so" "$out" "$3"
}
red "a header that needs another" src/a/a.h 'src/a/a.h|a/a.h: does not compile alone' <<<'uint8_t a(void);'
red "a header without a guard" src/a/a.h 'does not compile alone' <<<'struct a { int x; };'
red "a public header with a GNU extension" include/wattle/a.h 'does not compile alone' <<<'struct a { int n; char x[0]; };'
if command -v g++ >/dev/null || command -v clang++-19 >/dev/null; then
  red "a public header that is no C++" include/wattle/a.h 'as c\+\+' <<<'static inline int a(int class) { return class; }'
fi
finish
