# What scheme.sh shows of plain C and AVX2, for the AVX-512 level: clang's MemorySanitizer with the secrets poisoned. The inline
# assembly of curve25519_adx is not instrumented: scheme.sh and trace.sh watch it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib/build.sh"
requires_command clang-19
[ -e "$WATTLE_BUILD/tests/fault_shim.so" ] || skip_all "once is enough, and not with sanitizers"
for flag in avx512f avx512bw avx512vl avx512dq avx512ifma avx512vbmi avx512_vbmi2 adx; do
  grep -m1 ^flags /proc/cpuinfo | grep -qw "$flag" || skip_all "this machine has no $flag"
done
printf 'int main(void) { return 0; }\n' >"$tmp/works.c"
clang-19 -fsanitize=memory "$tmp/works.c" -o "$tmp/works" 2>/dev/null && "$tmp/works" || skip_all "MemorySanitizer does not work here"
prefix=${openssl%/bin/openssl}
ct_link=-Wl,--wrap=wtl_curve25519_adx_divide # see msan_around.c
cd "$WATTLE_SOURCE" || exit 1
export MSAN_OPTIONS=exit_code=9
for o in -O2 -O3; do
  program=$tmp/msan$o
  ok "clang-19 $o compiles the harness" ct_build "$program" clang-19 "$o" -fsanitize=memory -fno-sanitize-memory-param-retval \
    -fno-omit-frame-pointer -- tests/ct/scheme_harness.c tests/ct/msan_around.c
  exits "$o: nothing depends on a secret" 0 "$program" avx512
  diag "$out" "$err"
  exits "$o: a branch on a secret is caught" 9 "$program" avx512 branch
  says "$o: where it is" " in leak "
  exits "$o: a table looked up by a secret is caught" 9 "$program" avx512 index
done
finish
