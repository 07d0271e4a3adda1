#!/usr/bin/env bash
# Keys as JWK: converted to and fro, read by every command, never overwritten, refused when they do not fit.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq
cd "$tmp" || exit 1

id() { "$wattle" key show "$1" --json | jq -r .key_id; }
for alg in ML-DSA-44 ML-DSA-65 ML-DSA-87 ECDSA-P256 ECDSA-P384 ECDSA-P521 Ed25519 X25519; do
  "$wattle" key generate --alg "$alg" --out "$alg" >/dev/null
  exits "$alg: private key to JWK" 0 "$wattle" key convert "$alg.key" --to jwk --out "$alg.jwk" --json
  is "says what it wrote" "$(jq -r '"\(.algorithm) \(.form) \(.private) \(.encrypted)"' <<<"$out")" "$alg jwk true false"
  is "it is for the owner alone" "$(stat -c %a "$alg.jwk")" 600
  is "one line of JSON" "$(wc -l <"$alg.jwk")" 1
  exits "public part to JWK" 0 "$wattle" key convert "$alg.jwk" --to jwk --public --out "$alg.pub.jwk"
  is "it can be read" "$(stat -c %a "$alg.pub.jwk")" 644
  is "and has no private member" "$(jq -r 'has("d") or has("priv")' "$alg.pub.jwk")" false
  is "it is the private one without it" "$(jq -cS 'del(.d, .priv)' "$alg.jwk")" "$(jq -cS . "$alg.pub.jwk")"
  is "the public file gives the same" "$("$wattle" key convert "$alg.pub" --to jwk --out p.jwk >/dev/null; cat p.jwk; rm -f p.jwk)" "$(cat "$alg.pub.jwk")"
  exits "JWK back to PEM" 0 "$wattle" key convert "$alg.jwk" --to pem --out back.key
  ok "the same bytes" cmp "$alg.key" back.key
  exits "JWK to DER" 0 "$wattle" key convert "$alg.jwk" --to der --out back.der
  is "the same as openssl's" "$("$openssl" pkey -in "$alg.key" -pubout)" "$("$openssl" pkey -inform DER -in back.der -pubout)"
  is "one key id in all forms" "$(id "$alg.pub.jwk") $(id "$alg.jwk") $(id back.der)" "$(id "$alg.pub") $(id "$alg.pub") $(id "$alg.pub")"
  rm -f back.key back.der
done

is "AKP" "$(jq -r '.kty, .alg, (.pub|length), (.priv|length)' ML-DSA-65.jwk | paste -sd ' ')" "AKP ML-DSA-65 2603 43"
is "EC, full lengths" "$(jq -r '.kty, .crv, .alg, (.x|length), (.y|length), (.d|length)' ECDSA-P521.jwk | paste -sd ' ')" "EC P-521 ES512 88 88 88"
is "OKP" "$(jq -r '.kty, .crv, (.x|length), (.d|length)' Ed25519.jwk | paste -sd ' ')" "OKP Ed25519 43 43"
is "the kid is the thumbprint (RFC 7638)" "$(jq -r .kid ECDSA-P256.jwk)" \
  "$(jq -cSj '{crv,kty,x,y}' ECDSA-P256.jwk | "$openssl" dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')"
is "for AKP over alg, kty, pub (RFC 9964)" "$(jq -r .kid ML-DSA-44.jwk)" \
  "$(jq -cSj '{alg,kty,pub}' ML-DSA-44.jwk | "$openssl" dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')"
exits "another kid" 0 "$wattle" key convert Ed25519.pub --to jwk --kid 'key "7"' --out kid.jwk
is "is written" "$(jq -r .kid kid.jwk)" 'key "7"'

mkdir model; echo weights >model/w
exits "sign with a JWK" 0 "$wattle" sign model --key ML-DSA-65.jwk
exits "verify with a JWK" 0 "$wattle" verify model --key ML-DSA-65.pub.jwk
exits "verify with the PEM" 0 "$wattle" verify model --key ML-DSA-65.pub
exits "a public JWK cannot sign" 2 "$wattle" sign model --key ML-DSA-65.pub.jwk --force
exits "a private JWK is not to be handed out" 2 "$wattle" verify model --key ML-DSA-65.jwk
chmod 644 ML-DSA-87.jwk
exits "a private JWK open to others" 0 "$wattle" key show ML-DSA-87.jwk
says "is noticed" "can be read by others"

cp ML-DSA-44.jwk before
exits "nothing is overwritten" 5 "$wattle" key convert ML-DSA-65.key --to jwk --out ML-DSA-44.jwk
says "and no --force is advised" "never written over another"
ok "the old file is as it was" cmp before ML-DSA-44.jwk
ln -s target link
exits "nor written through a link" 5 "$wattle" key convert ML-DSA-65.key --to jwk --out link
ok "no file came of it" test ! -e target
exits "a folder that is not there" 3 "$wattle" key convert ML-DSA-65.key --to jwk --out no/where
exits "there is no --force" 2 "$wattle" key convert ML-DSA-65.key --to jwk --out x --force

printf 'open sesame\n' >pass
"$wattle" key generate --alg ML-DSA-65 --out enc --passphrase-file pass >/dev/null
exits "an encrypted key to JWK" 0 "$wattle" key convert enc.key --to jwk --out enc.jwk --passphrase-file pass
is "is the same key" "$(id enc.jwk)" "$(id enc.pub)"
exits "not without the passphrase" 2 setsid "$wattle" key convert enc.key --to jwk --out enc2.jwk
exits "--encrypt asks on the terminal" 2 setsid "$wattle" key convert enc.jwk --to pem --encrypt --out enc3.key
ok "nothing was written" test ! -e enc3.key
exits "a JWK cannot be encrypted" 2 "$wattle" key convert enc.jwk --to jwk --encrypt --out enc3.jwk
exits "nor a public key" 2 "$wattle" key convert enc.pub --to pem --encrypt --out enc3.pub

"$wattle" key generate --alg X-Wing --out x >/dev/null
"$wattle" key generate --alg SLH-DSA-SHA2-128f --out slh >/dev/null
exits "X-Wing to age's text" 0 "$wattle" key convert x.key --to age --public --out x.age
is "is its recipient" "$(cat x.age)" "$(cat x.pub)"
exits "X-Wing has no JWK" 2 "$wattle" key convert x.key --to jwk --out x.jwk
exits "nor PEM" 2 "$wattle" key convert x.key --to pem --out x.pem
exits "SLH-DSA has no JWK" 2 "$wattle" key convert slh.key --to jwk --out slh.jwk
says "and it is said which have" "no JWK form"
ok "nothing was left" test ! -e slh.jwk
exits "SLH-DSA to DER" 0 "$wattle" key convert slh.key --to der --out slh.der
exits "ML-DSA is not age's" 2 "$wattle" key convert ML-DSA-65.key --to age --out a
exits "an unknown form" 2 "$wattle" key convert ML-DSA-65.key --to jwks --out a
exits "--kid without JWK" 2 "$wattle" key convert ML-DSA-65.key --to pem --kid 7 --out a

"$openssl" genpkey -algorithm ML-DSA-65 -provparam ml-dsa.output_formats=priv-only -out expanded.pem 2>/dev/null
exits "an ML-DSA key without its seed" 2 "$wattle" key convert expanded.pem --to jwk --out e.jwk
says "is explained" "expanded form"

spoil() { jq -c "$1" ML-DSA-65.jwk >bad.jwk; chmod 600 bad.jwk; }
spoil '.pub = "AAAA"'; exits "a short public key" 4 "$wattle" key show bad.jwk
spoil '.priv = .kid'; exits "a private part of another key" 4 "$wattle" key show bad.jwk
says "is said" "does not belong"
spoil '.priv += "="'; exits "padding" 4 "$wattle" key show bad.jwk
spoil '.use = "enc"'; exits "not for signatures" 5 "$wattle" key show bad.jwk
spoil 'del(.alg)'; exits "AKP without alg" 4 "$wattle" key show bad.jwk
spoil '{keys: [.]}'; exits "a set" 4 "$wattle" key show bad.jwk
like "the file is named" "$err" "bad.jwk"
spoil '.other = 1 | .x5t = []'; exits "members of no meaning are passed over" 0 "$wattle" key show bad.jwk
sed 's/"priv"/"priv":"x","priv"/' ML-DSA-65.jwk >bad.jwk; exits "a member twice" 4 "$wattle" key show bad.jwk
seed=$(jq -r .priv ML-DSA-65.jwk)
sed 's/"priv":"[^"]*"/"priv":'"$seed"'/' ML-DSA-65.jwk >bad.jwk; exits "a private part without quotes" 4 "$wattle" key show bad.jwk
ok "is not repeated on the terminal" bash -c '! grep -qF "${1:0:12}" <<<"$2"' _ "$seed" "$err"
finish
