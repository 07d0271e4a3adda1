#!/usr/bin/env bash
# Key files: made, never overwritten, shown without their secret, encrypted, refused when wrong.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1

for alg in $("$wattle" algs --json | jq -r '.algorithms[] | select(.key_generate) | .name'); do
  case $alg in SLH-DSA-*s) [ "$alg" = SLH-DSA-SHA2-128s ] || continue ;; esac
  exits "key generate --alg $alg" 0 "$wattle" key generate --alg "$alg" --out "k-$alg" --json
  is "its private file is for the owner alone" "$(stat -c %a "k-$alg.key")" 600
  is "its public file can be read" "$(stat -c %a "k-$alg.pub")" 644
  pub=$("$wattle" key show "k-$alg.pub" --json); key=$("$wattle" key show "k-$alg.key" --json)
  is "key show names it" "$(jq -r '.algorithm+" "+(.private|tostring)' <<<"$pub")" "$alg false"
  is "both halves have one id" "$(jq -r .key_id <<<"$pub")" "$(jq -r .key_id <<<"$key")"
  is "the private file's public key is the public file" "$("$wattle" key show "k-$alg.key" --public)" "$(cat "k-$alg.pub")"
  case $alg in
    X-Wing) like "age's recipient" "$(cat "k-$alg.pub")" '^age1pq1[a-z0-9]+$'; continue ;;
  esac
  ok "openssl reads the private key" "$openssl" pkey -in "k-$alg.key" -noout -check
  ok "openssl reads the public key" "$openssl" pkey -pubin -in "k-$alg.pub" -noout
  is "and derives the same public key" "$("$openssl" pkey -in "k-$alg.key" -pubout)" "$(cat "k-$alg.pub")"
  ok "DER too" "$wattle" key generate --alg "$alg" --out "d-$alg" --der
  ok "openssl reads it" "$openssl" pkey -inform DER -in "d-$alg.key" -noout -check
  is "key show reads it" "$("$wattle" key show "d-$alg.key" --json | jq -r .algorithm)" "$alg"
done
is "an ML-DSA private key is the seed alone: 54 bytes of DER" "$(stat -c %s d-ML-DSA-65.key)" 54

exits "no key is overwritten" 5 "$wattle" key generate --alg ML-DSA-44 --out k-ML-DSA-65
is "the old one is still there" "$("$wattle" key show k-ML-DSA-65.key --json | jq -r .algorithm)" ML-DSA-65
rm k-ML-DSA-65.key
exits "nor is a lone public file" 5 "$wattle" key generate --alg ML-DSA-44 --out k-ML-DSA-65
ok "and no private one was left" test ! -e k-ML-DSA-65.key
exits "an unknown algorithm" 2 "$wattle" key generate --alg RSA --out r
exits "a TLS group has no key file" 2 "$wattle" key generate --alg X25519MLKEM768 --out r
exits "a folder that is not there" 3 "$wattle" key generate --alg ML-DSA-44 --out nowhere/k
is "leaves nothing" "$(ls r* 2>/dev/null)" ""

printf 'open sesame\n' >pass; printf 'wrong\n' >wrong
exits "an encrypted key" 0 "$wattle" key generate --alg ML-DSA-65 --out enc --passphrase-file pass
like "is PKCS#8" "$(head -n1 enc.key)" "BEGIN ENCRYPTED PRIVATE KEY"
exits "opens with its passphrase" 0 "$wattle" key show enc.key --passphrase-file pass
exits "and by descriptor" 0 bash -c '"$0" key show enc.key --passphrase-fd 7 7<pass' "$wattle"
exits "not with another" 1 "$wattle" key show enc.key --passphrase-file wrong
exits "nor with none" 2 setsid "$wattle" key show enc.key
ok "openssl opens it" "$openssl" pkey -in enc.key -passin file:pass -noout -check
ok "openssl's encryption" "$openssl" pkey -in d-ML-DSA-65.key -inform DER -aes-256-cbc -passout file:pass -out oenc.key
exits "opens here" 0 "$wattle" key show oenc.key --passphrase-file pass

echo hello >junk
exits "a file that is no key" 4 "$wattle" key show junk
: >nothing
exits "an empty file" 4 "$wattle" key show nothing
exits "a missing file" 3 "$wattle" key show missing
says "is named" "missing"
exits "a directory" 5 "$wattle" key show .
cat k-ML-DSA-44.pub k-ML-DSA-87.pub >two.pub
exits "two keys in one file" 4 "$wattle" key show two.pub
chmod 644 k-ML-DSA-87.key
exits "a private key open to others" 0 "$wattle" key show k-ML-DSA-87.key
says "is noticed" "can be read by others"
mkdir model; echo x >model/f
exits "a public key where a private one belongs" 2 "$wattle" sign model --key k-ML-DSA-87.pub
exits "a private key where a public one belongs" 2 "$wattle" verify model --key k-ML-DSA-87.key
exits "a KEM key cannot sign" 2 "$wattle" sign model --key k-X-Wing.key
finish
