# No branch and no address in code of our own depends on a secret: comparison, bech32, base64url and PEM of private keys,
# copies of secrets; as gcc -O2 and as clang -O2 compile it. What OpenSSL does inside is its own claim.
. "$(dirname "$0")/../lib/tap.sh"
requires_command valgrind
[ -e /usr/include/valgrind/memcheck.h ] || skip_all "valgrind's headers are not installed"
[ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "once is enough, and not with sanitizers"
prefix=${openssl%/bin/openssl}
libdir=$(sed -n 's/^OPENSSL_CRYPTO_LIBRARY:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt"); libdir=${libdir%/*}
cd "$WATTLE_SOURCE" || exit 1
memcheck() { valgrind -q --error-exitcode=9 --suppressions=tests/ct/ct.supp --num-callers=8 "$@"; }
tried=0
for cc in gcc clang-19; do
  command -v "$cc" >/dev/null || { skip "$cc is not installed"; continue; }
  tried=1
  ok "$cc -O2 compiles the harness" "$cc" -std=gnu11 -O2 -gdwarf-4 -D_GNU_SOURCE -include tests/ct/public.h -Isrc -Iinclude -I"$WATTLE_BUILD/generated" -I"$prefix/include" \
    tests/ct/harness.c src/base/{buf,err,secret,text}.c src/crypto/{bech32,key_pem}.c -o "$tmp/ct-$cc" -L"$libdir" -Wl,-rpath,"$libdir" -lcrypto
  exits "$cc: nothing depends on a secret" 0 memcheck "$tmp/ct-$cc"
  diag "$err"
  exits "$cc: a branch on a secret is caught" 9 memcheck "$tmp/ct-$cc" leak
  exits "$cc: a table looked up by a secret is caught" 9 memcheck "$tmp/ct-$cc" index
done
[ "$tried" = 1 ] || skip_all "neither gcc nor clang-19 is here"
finish
