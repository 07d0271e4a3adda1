#!/usr/bin/env bash
# --crypto and WATTLE_CRYPTO: Wattle's kernels, OpenSSL's own code and its FIPS module give the same results, and each says what
# it cannot do.
. "$(dirname "$0")/../lib/tap.sh"
cd "$tmp" || exit 1
mkdir model && for n in 0 1 64 70000; do head -c "$n" /dev/urandom >"model/$n.bin"; done
for alg in ML-DSA-44 ML-DSA-65 ML-DSA-87 ECDSA-P256 SLH-DSA-SHA2-128f; do
  exits "a key of $alg by Wattle" 0 "$wattle" key generate --alg "$alg" --out "w-$alg"
  exits "and by OpenSSL" 0 "$wattle" key generate --alg "$alg" --out "o-$alg" --crypto openssl
  for pair in "wattle openssl w" "openssl wattle o"; do
    read -r one other whose <<<"$pair"
    exits "$alg: signed by $one" 0 "$wattle" sign model --key "$whose-$alg.key" --out "$whose-$alg.sig" --crypto "$one"
    exits "verified by $other" 0 env WATTLE_CRYPTO="$other" "$wattle" verify model --key "$whose-$alg.pub" --signature "$whose-$alg.sig"
    is "without a word of warning" "${err##*only classical signatures*}" ''
  done
done
for alg in X-Wing ML-KEM-512 ML-KEM-768 ML-KEM-1024; do
  exits "a key of $alg" 0 "$wattle" key generate --alg "$alg" --out "$alg"
  for pair in "wattle openssl" "openssl wattle"; do
    read -r one other <<<"$pair"
    rm -rf back
    exits "$alg: sealed by $one" 0 "$wattle" seal model --to "$alg.pub" --out "$alg-$one.wtl" --crypto "$one"
    exits "opened by $other" 0 "$wattle" open "$alg-$one.wtl" --identity "$alg.key" --out back --crypto "$other"
    is "to the same files" "$(diff -r model back)" ''
  done
done
exits "an unknown one is refused" 2 "$wattle" version --crypto nobody
says "with those that there are" 'wattle, openssl or fips'
exits "in the environment too" 2 env WATTLE_CRYPTO=nobody "$wattle" version
exits "an option goes before the environment" 0 env WATTLE_CRYPTO=nobody "$wattle" version --crypto openssl
exits "an empty one is none" 0 env WATTLE_CRYPTO= "$wattle" version
exits "doctor says who computes" 0 "$wattle" doctor --crypto openssl
like "and that it is OpenSSL" "$out" "OpenSSL's own code computes everything"
exits "there is nothing to compare without kernels" 5 "$wattle" bench primitives --crypto openssl

# A configuration that would end every OpenSSL program that reads it.
printf 'config_diagnostics = 1\nopenssl_conf = i\n[i]\nproviders = p\n[p]\nnothere = s\n[s]\nmodule = %s/nothere.so\nactivate = 1\n' "$tmp" >hostile.cnf
exits "OPENSSL_CONF is not read" 0 env OPENSSL_CONF="$tmp/hostile.cnf" "$wattle" verify model --key w-ML-DSA-65.pub --signature w-ML-DSA-65.sig

export WATTLE_FIPS_CONF=$tmp/none.cnf
exits "without the module's settings FIPS is refused" 5 "$wattle" version --crypto fips
says "and told how to have them" 'openssl fipsinstall'
printf '[fips_sect]\nactivate = 1\n' >broken.cnf
exits "without a module too" 5 env WATTLE_FIPS_CONF="$tmp/broken.cnf" OPENSSL_MODULES="$tmp" "$wattle" version --crypto fips
says "and told what to install" 'openssl-provider-fips'

# Debian 13's module; it asks for nothing but the C library.
if [ "$(uname -m)" = x86_64 ] && peer=$("$WATTLE_SOURCE/tools/fetch-peer" --suite trixie openssl-provider-fips 2>"$tmp/fetch") &&
  module=$(find "$peer" -name fips.so) && "$openssl" fipsinstall -module "$module" -out fipsmodule.cnf >install.log 2>&1; then
  export WATTLE_FIPS_CONF=$tmp/fipsmodule.cnf OPENSSL_MODULES=${module%/*}
  for alg in ML-DSA-65 ECDSA-P256 SLH-DSA-SHA2-128f; do
    exits "FIPS: signed with $alg" 0 "$wattle" sign model --key "w-$alg.key" --out "f-$alg.sig" --crypto fips
    says "and it says that our kernels are not validated" 'not validated'
    exits "verified by Wattle" 0 "$wattle" verify model --key "w-$alg.pub" --signature "f-$alg.sig"
    exits "FIPS verifies Wattle's" 0 "$wattle" verify model --key "w-$alg.pub" --signature "w-$alg.sig" --crypto fips
  done
  exits "FIPS: a key" 0 "$wattle" key generate --alg ML-DSA-87 --out fips --crypto fips
  rm -rf back
  exits "FIPS: sealed" 0 "$wattle" seal model --to ML-KEM-1024.pub --out f.wtl --crypto fips
  exits "opened by Wattle" 0 "$wattle" open f.wtl --identity ML-KEM-1024.key --out back
  is "to the same files" "$(diff -r model back)" ''
  exits "what FIPS does not approve is refused" 5 "$wattle" seal model --to X-Wing.pub --out x.wtl --crypto fips
  says "by name" 'FIPS module has no X'
  exits "doctor says who computes" 0 "$wattle" doctor --crypto fips
  like "and that it is FIPS" "$out" "FIPS module computes everything"
else
  skip "OpenSSL's FIPS module could not be had here: $(tail -n1 "$tmp/fetch" install.log 2>/dev/null | tr '\n' ' ')"
fi
finish
