#!/usr/bin/env bash
# Key files between wattle and the openssl program, both ways, in every form that either writes.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq
cd "$tmp" || exit 1
printf 'open sesame\n' >pass

show() { "$wattle" key show "$@" --json; }
id() { show "$@" | jq -r .key_id; }
# same NAME FILE [OPTIONS]: wattle sees the key $want of algorithm $alg in the file.
same() { local name=$1; shift; is "$alg: $name" "$(show "$@" | jq -r '.algorithm+" "+.key_id')" "$alg $want"; }

# genpkey's words for a row of the table
words() {
  case $1 in
    ECDSA-P*) echo "-algorithm EC -pkeyopt group:P-${1#ECDSA-P}" ;;
    *) echo "-algorithm $1" ;;
  esac
}

algs=$("$wattle" algs --json | jq -r '.algorithms[] | select(.key_generate) | select(.name != "X-Wing") | .name')
for alg in $algs; do
  # shellcheck disable=SC2046 # words are words
  "$openssl" genpkey $(words "$alg") -out k.pem -outpubkey k.pub 2>/dev/null ||
    { "$openssl" genpkey $(words "$alg") -out k.pem && "$openssl" pkey -in k.pem -pubout -out k.pub; }
  want=$(id k.pub)
  same "public PEM" k.pub
  same "private PEM" k.pem
  "$openssl" pkey -in k.pem -outform DER -out k.der
  "$openssl" pkey -pubin -in k.pub -outform DER -out kpub.der
  same "private DER" k.der
  same "public DER" kpub.der
  is "$alg: the same key id as SHA-256 of the DER" "$want" "$(sha256sum kpub.der | cut -d' ' -f1)"
  "$openssl" pkcs8 -topk8 -in k.pem -scrypt -passout file:pass -out enc.pem
  same "encrypted, scrypt" enc.pem --passphrase-file pass
  "$openssl" pkcs8 -topk8 -in k.pem -v2 aes-128-cbc -v2prf hmacWithSHA512 -outform DER -passout file:pass -out enc.der
  same "encrypted, PBKDF2 with SHA-512, DER" enc.der --passphrase-file pass
  exits "$alg: wattle's key, encrypted" 0 "$wattle" key generate --alg "$alg" --out own --passphrase-file pass
  is "$alg: openssl opens it and finds the same public key" \
    "$("$openssl" pkey -in own.key -passin file:pass -pubout)" "$(cat own.pub)"
  rm -f own.key own.pub
done

# ML-DSA and ML-KEM: the three forms of RFC 9881 and 9935.
for alg in ML-DSA-44 ML-DSA-65 ML-DSA-87 ML-KEM-512 ML-KEM-768 ML-KEM-1024; do
  family=$(tr '[:upper:]' '[:lower:]' <<<"${alg%-*}")
  "$openssl" genpkey -algorithm "$alg" -out k.pem
  "$openssl" pkey -in k.pem -pubout -out k.pub
  want=$(id k.pub)
  for form in seed-only priv-only seed-priv; do
    "$openssl" pkey -in k.pem -provparam "$family.output_formats=$form" -out form.pem
    same "$form" form.pem
  done
  for form in bare-seed bare-priv; do
    "$openssl" pkey -in k.pem -provparam "$family.output_formats=$form" -out form.pem
    exits "$alg: $form, which no RFC has, is refused" 4 "$wattle" key show form.pem
  done
done

# EC's older and odder forms.
for curve in 256 384 521; do
  alg=ECDSA-P$curve
  "$openssl" genpkey -algorithm EC -pkeyopt group:P-$curve -out k.pem
  "$openssl" pkey -in k.pem -pubout -out k.pub
  want=$(id k.pub)
  "$openssl" ec -in k.pem -out sec1.pem 2>/dev/null
  like "$alg: a SEC 1 file" "$(head -n1 sec1.pem)" 'BEGIN EC PRIVATE KEY'
  same "SEC 1" sec1.pem
  "$openssl" ec -in k.pem -no_public -out bare.pem 2>/dev/null
  same "SEC 1 without the public point" bare.pem
  "$openssl" ec -in k.pem -pubout -conv_form compressed -out small.pub 2>/dev/null
  same "a compressed point" small.pub
  "$openssl" ec -in k.pem -pubout -conv_form hybrid -out hybrid.pub 2>/dev/null
  exits "$alg: a point in the hybrid form is refused" 4 "$wattle" key show hybrid.pub
  "$openssl" ec -in k.pem -pubout -param_enc explicit -out explicit.pub 2>/dev/null
  exits "$alg: a curve described instead of named is refused" 4 "$wattle" key show explicit.pub
  "$openssl" ec -in k.pem -aes256 -passout file:pass -out old.pem 2>/dev/null
  exits "$alg: PEM's own old encryption is refused" 5 "$wattle" key show old.pem --passphrase-file pass
done

# What Wattle has no use for is refused by name.
for other in RSA ED448 X448 DSA; do
  case $other in
    DSA) "$openssl" genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out dsa.par 2>/dev/null
      "$openssl" genpkey -paramfile dsa.par -out other.pem ;;
    *) "$openssl" genpkey -algorithm "$other" -out other.pem 2>/dev/null ;;
  esac
  exits "$other is refused" 4 "$wattle" key show other.pem
  says "and named" "$(case $other in RSA) echo rsaEncryption ;; DSA) echo dsaEncryption ;; *) echo "$other" ;; esac)"
done
"$openssl" genpkey -algorithm EC -pkeyopt group:secp256k1 -out other.pem
exits "another curve is refused" 4 "$wattle" key show other.pem

"$openssl" genpkey -algorithm ED25519 -out k.pem
"$openssl" pkcs8 -topk8 -in k.pem -v2 des3 -passout file:pass -out des.pem
exits "triple DES is refused" 5 "$wattle" key show des.pem --passphrase-file pass
"$openssl" pkcs8 -topk8 -in k.pem -v1 PBE-SHA1-3DES -passout file:pass -out v1.pem
exits "PKCS#12's scheme is refused" 5 "$wattle" key show v1.pem --passphrase-file pass
finish
