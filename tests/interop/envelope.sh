#!/usr/bin/env bash
# Envelopes against other implementations: canonical JSON by a JavaScript engine, whole envelopes by a verifier in
# JavaScript (node:crypto and npm's @noble/post-quantum) and by jq with the openssl program.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
. "$(dirname "$0")/../lib/noble.sh"
requires_command jq
peer=$WATTLE_BUILD/tests/canon_peer
[ -x "$peer" ] || skip_all "$peer was not built"
golden=$WATTLE_SOURCE/tests/golden/envelope-v1
cd "$tmp" || exit 1

# openssl and jq: what is signed is built without Wattle.
pae() { # ENVELOPE: to standard output
  local body type=application/vnd.wattle.envelope.v1+json
  body=$(jq -cjS 'del(.signature)' "$1")
  printf 'DSSEv1 %d %s %d %s' ${#type} "$type" ${#body} "$body"
}
by_openssl() { # ENVELOPE PUBLIC-KEY
  local digest=()
  pae "$1" >pae
  jq -j .signature "$1" | sed 's/^base64://' | base64 -d >sig
  case $(jq -r .algorithm "$1") in
    ECDSA-P256) digest=(-digest sha256) ;;
    ECDSA-P384) digest=(-digest sha384) ;;
    ECDSA-P521) digest=(-digest sha512) ;;
  esac
  "$openssl" pkeyutl -verify -pubin -inkey "$2" -rawin "${digest[@]+"${digest[@]}"}" -in pae -sigfile sig
}
key_hash() { printf 'sha3-256:%s' "$("$openssl" pkey -pubin -in "$1" -outform DER | "$openssl" dgst -sha3-256 -r | cut -d' ' -f1)"; }

make_keys ec=ECDSA-P256 ec384=ECDSA-P384 ec521=ECDSA-P521 ed=Ed25519 ml44=ML-DSA-44 ml65=ML-DSA-65 ml87=ML-DSA-87 \
  slh=SLH-DSA-SHA2-128f shake=SLH-DSA-SHAKE-192f
keys="ec ec384 ec521 ed ml44 ml65 ml87 slh shake"
head -c 70000 /dev/urandom >f.bin
options=()
for k in $keys; do options+=(--key "$k.key"); done
exits "an envelope by each kind of key" 0 "$wattle" sign f.bin --format envelope "${options[@]}" --rotate-by 2099-01-01
mv f.bin.sig.json f.bin.ec.sig.json
for k in $keys; do
  ok "openssl verifies $k" by_openssl "f.bin.$k.sig.json" "$k.pub"
  is "$k's public_key_hash" "$(jq -r .public_key_hash "f.bin.$k.sig.json")" "$(key_hash "$k.pub")"
done
is "digest by coreutils" "$(jq -r .digest f.bin.ec.sig.json)" "sha256:$(sha256sum f.bin | cut -d' ' -f1)"
for e in "$golden"/note.txt.*.sig.json; do
  k=$(basename "$e" .sig.json); k=${k#note.txt.}
  ok "openssl verifies the golden $k" by_openssl "$e" "$golden/${k%-compact}.pub"
done

# An envelope that Wattle never saw being made.
"$openssl" genpkey -algorithm ML-DSA-65 -out other.key 2>/dev/null && "$openssl" pkey -in other.key -pubout -out other.pub
jq -n --arg h "$(key_hash other.pub)" --arg d "sha256:$(sha256sum f.bin | cut -d' ' -f1)" '{signed_at: "2026-05-05T05:05:05Z",
  size: 70000, digest: $d, version: "wattle-envelope-v1", payload_type: "application/x-test", public_key_hash: $h, algorithm: "ML-DSA-65"}' >body
pae body >pae
"$openssl" pkeyutl -sign -inkey other.key -rawin -in pae -out sig
jq --arg s "base64:$(base64 -w0 sig)" '.signature = $s' body >other.sig.json
exits "one made by jq and openssl" 0 "$wattle" verify f.bin --key other.pub --signature other.sig.json

noble_ready canon.mjs envelope.mjs
"$node" "$work/canon.mjs" generate 20000 input wanted
"$peer" <input >got
is "canonical JSON of 20,000 documents" "$(wc -l <got)" 20000
if cmp -s got wanted; then pass "as a JavaScript engine has it"; else fail "as a JavaScript engine has it" "$(diff got wanted | head -n 4 | cut -c1-400)"; fi
"$peer" <wanted >again
ok "which is its own canonical form" cmp again wanted

in_node() { "$node" "$work/envelope.mjs" "$@"; }
for k in $keys; do
  is "node verifies $k" "$(in_node f.bin "f.bin.$k.sig.json" "$k.pub")" good
done
for e in "$golden"/note.txt.*.sig.json; do
  k=$(basename "$e" .sig.json); k=${k#note.txt.}
  is "node verifies the golden $k" "$(in_node "$golden/note.txt" "$e" "$golden/${k%-compact}.pub")" good
done
jq '.signed_at = "2026-01-01T00:00:00Z"' f.bin.ml65.sig.json >later.json
is "node refuses a changed time" "$(in_node f.bin later.json ml65.pub)" signature
finish
