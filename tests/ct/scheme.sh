# No branch and no address in ML-KEM, ML-DSA, X25519 and their kernels depends on a secret: plain C and AVX2, as gcc and clang
# compile them at -O2 and -O3, and no kernel of any level divides. (Valgrind does not know AVX-512: see msan.sh and trace.sh.)
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib/build.sh"
requires_command valgrind objdump
[ -e /usr/include/valgrind/memcheck.h ] || skip_all "valgrind's headers are not installed"
[ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "once is enough, and not with sanitizers"
prefix=${openssl%/bin/openssl}
libdir=$(sed -n 's/^OPENSSL_CRYPTO_LIBRARY:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt"); libdir=${libdir%/*}
ct_link="-L$libdir -Wl,-rpath,$libdir -lcrypto"
cd "$WATTLE_SOURCE" || exit 1
memcheck() { valgrind -q --error-exitcode=9 --num-callers=8 "$@"; }
printf 'unsigned leak(unsigned x) { return 1000 / x; }\n' >"$tmp/leak.c"
tried=0
for cc in gcc clang-19; do
  command -v "$cc" >/dev/null || { skip "$cc is not installed"; continue; }
  for o in -O2 -O3; do
    tried=1 program=$tmp/$cc$o
    ok "$cc $o compiles the harness" ct_build "$program" "$cc" "$o" -- tests/ct/scheme_harness.c
    for level in ref avx2; do
      [ "$level" = ref ] || grep -m1 ^flags /proc/cpuinfo | grep -qw "$level" || { skip "$level: not on this machine"; continue; }
      exits "$cc $o $level: nothing depends on a secret" 0 memcheck "$program" "$level"
      diag "$out" "$err"
      [ "$o" = -O2 ] || continue
      exits "$cc $level: a branch on a secret is caught" 9 memcheck "$program" "$level" branch
      exits "$cc $level: a table looked up by a secret is caught" 9 memcheck "$program" "$level" index
    done
    is "$cc $o: no kernel divides" "$(ct_divisions "$program.d"/{keccak,polykem,polydsa,curve25519}_*.o)" ""
    "$cc" "$o" -gdwarf-4 -c "$tmp/leak.c" -o "$tmp/leak.o"
    like "$cc $o: a division is caught" "$(ct_divisions "$tmp/leak.o")" leak
  done
done
[ "$tried" = 1 ] || skip_all "neither gcc nor clang-19 is here"
finish
