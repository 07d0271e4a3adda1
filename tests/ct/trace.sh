# The code that is shipped executes the same instructions whatever the secret is, and divides nothing: operations are stepped
# through with two secrets. A step costs up to 15 us: here the levels that scheme.sh does not see as they are shipped (AVX-512,
# and mulx with adcx); `ct_trace LEVEL` steps through all of a level.
. "$(dirname "$0")/../lib/tap.sh"
[ -x "$WATTLE_BUILD/tests/ct_trace" ] || skip_all "not with sanitizers, and on x86-64 alone"
for level in avx2 avx512; do
  what=(curve_ "kem_decaps WTL_MLKEM_768" "kem_decaps rejecting WTL_MLKEM_768")
  [ "$level" = avx2 ] || what+=(kem_ntt kem_intt kem_tomont kem_add kem_sub kem_mulacc kem_cbd kem_to kem_from kem_compress kem_decompress dsa_ keccak_ shake)
  "$WATTLE_BUILD/tests/ct_trace" "$level" leak >"$tmp/leak" 2>&1
  case $? in
    0) pass "$level: a branch on a secret and a division are caught" ;;
    77) skip "$level: not on this machine"; continue ;;
    *) fail "$level: a branch on a secret and a division are caught" "$(cat "$tmp/leak")" ;;
  esac
  exits "$level: the same instructions whatever the secret" 0 "$WATTLE_BUILD/tests/ct_trace" "$level" "${what[@]}"
  diag "$out"
done
finish
