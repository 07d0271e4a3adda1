# The OpenSSF Model Signing format: bundles of the reference implementation, and ours read without Wattle (jq, openssl,
# coreutils).
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
"$wattle" sign -h 2>&1 | grep -q -- --key || skip_all "this wattle has no command sign"
requires_command jq base64 sha256sum b2sum xxd

# ---- theirs
oms=$WATTLE_VECTORS/oms
if [ -d "$oms" ]; then
  verify() { "$wattle" verify "$1" --key "$oms/keys/$2.pub" --signature "$oms/sigs/$3.sig"; }
  mkdir "$tmp/basic"
  ok "a single file" verify "$oms/models/single.bin" p256 single.bin.p256
  exits "a single file, another key" 1 verify "$oms/models/single.bin" p384 single.bin.p256
  cp "$oms/models/single.bin" "$tmp/single.bin" && chmod u+w "$tmp/single.bin" && printf x >>"$tmp/single.bin"
  exits "a single file that grew" 1 verify "$tmp/single.bin" p256 single.bin.p256
  for k in p256 p384; do
    exits "basic.$k without its files" 1 verify "$tmp/basic" $k basic.$k
    says "basic.$k: the signature is good and files are missing" 'config\.json.*(is missing|missing)'
  done
  exits "a certificate bundle and a key that is not the certificate's" 1 verify "$tmp/basic" p256 basic.cert
  exits "blake3 is refused" 5 verify "$tmp/basic" p256 basic.blake3
  says "by name" blake3
  exits "shards" 0 verify "$oms/models/shard" p256 shard1000.sha256
  says "of which the reference covers no empty file" '1 empty file is not covered'
  exits "shards, another key" 1 verify "$oms/models/shard" p384 shard1000.sha256
  shards() { # NAME CODE REGEX COMMANDS in a copy of the model
    rm -rf "$tmp/shard" && cp -r "$oms/models/shard" "$tmp/shard" && chmod -R u+w "$tmp/shard" && (cd "$tmp/shard" && eval "$4")
    exits "shards, $1" "$2" verify "$tmp/shard" p256 shard1000.sha256
    [ -z "$3" ] || says "shards, $1: named" "$3"
  }
  shards "a changed byte" 1 'changed: big.bin' 'printf x | dd of=big.bin bs=1 seek=11999 conv=notrunc status=none'
  shards "cut at a shard" 1 'changed: weights.bin' 'truncate -s 2000 weights.bin'
  shards "grown" 1 'changed: weights.bin' 'echo >>weights.bin'
  shards "a file missing" 1 'missing: big.bin' 'rm big.bin'
  shards "a file more" 1 'extra: more' 'echo >more'
  shards "an empty file filled" 1 'extra: empty' 'echo >empty'
  jq -r '.verificationMaterial.x509CertificateChain.certificates[0].rawBytes' "$oms/sigs/basic.cert.sig" | base64 -d |
    "$openssl" x509 -inform DER -noout -pubkey >"$tmp/leaf.pub"
  exits "a certificate bundle and its leaf's key" 1 "$wattle" verify "$tmp/basic" --key "$tmp/leaf.pub" --signature "$oms/sigs/basic.cert.sig"
  says "the signature is good and files are missing" 'config\.json'
  exits "a certificate bundle and its authority" 1 "$wattle" verify "$tmp/basic" --ca "$oms/keys/ca.pem" --cert-identity oms-test-signer \
    --at 2027-01-01T00:00:00Z --signature "$oms/sigs/basic.cert.sig"
  says "the chain is good and files are missing" 'config\.json'
else
  skip "the public vectors oms are not beside the project"
fi

# ---- ours
mkdir -p "$tmp/m/sub" "$tmp/m/.git"
printf 'weights' >"$tmp/m/weights.bin"
printf '{}' >"$tmp/m/sub/config.json"
printf 'x' >"$tmp/m/sub-config"
: >"$tmp/m/empty"
printf 'x' >"$tmp/m/.git/HEAD"

check_signature() { # BUNDLE KEY.pub ALG
  local payload=$tmp/payload sig=$tmp/sig pae=$tmp/pae
  jq -r .dsseEnvelope.payload "$1" | base64 -d >"$payload"
  jq -r '.dsseEnvelope.signatures[0].sig' "$1" | base64 -d >"$sig"
  { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s "$payload")"; cat "$payload"; } >"$pae"
  case $3 in
    ECDSA-P256) "$openssl" dgst -sha256 -verify "$2" -signature "$sig" "$pae" ;;
    ECDSA-P384) "$openssl" dgst -sha384 -verify "$2" -signature "$sig" "$pae" ;;
    ECDSA-P521) "$openssl" dgst -sha512 -verify "$2" -signature "$sig" "$pae" ;;
    *) "$openssl" pkeyutl -verify -pubin -inkey "$2" -rawin -in "$pae" -sigfile "$sig" ;;
  esac
}

check_files() { # DIR SUM-PROGRAM, the statement in $tmp/payload: digests, their order and the root
  local name digest all=''
  while read -r digest name; do
    [ "$(cd "$1" && "$2" "$name" | cut -d' ' -f1)" = "$digest" ] || { echo "digest of $name"; return 1; }
    all+=$digest
  done < <(jq -r '.predicate.resources[] | .digest + " " + .name' "$tmp/payload")
  [ "$(printf %s "$all" | xxd -r -p | sha256sum | cut -d' ' -f1)" = "$(jq -r '.subject[0].digest.sha256' "$tmp/payload")" ]
}

for alg in ECDSA-P256 ECDSA-P384 ECDSA-P521 Ed25519 ML-DSA-44 ML-DSA-65 ML-DSA-87 SLH-DSA-SHA2-128f; do
  k=$tmp/$alg
  ok "$alg: key generate" "$wattle" key generate --alg "$alg" --out "$k"
  hash=sha256 sum=sha256sum
  case $alg in ML-DSA-65|ECDSA-P384) hash=blake2b sum=b2sum ;; esac
  ok "$alg: sign" "$wattle" sign "$tmp/m" --key "$k.key" --hash $hash --out "$k.sig"
  ok "$alg: openssl finds the signature good" check_signature "$k.sig" "$k.pub" "$alg"
  ok "$alg: $sum finds the digests good" check_files "$tmp/m" $sum
  is "$alg: the hint is the SHA-256 of the PEM key" "$(jq -r .verificationMaterial.publicKey.hint "$k.sig")" \
    "$("$openssl" pkey -pubin -in "$k.pub" | sha256sum | cut -d' ' -f1)"
done
is "names in code-point order" "$(jq -r '[.predicate.resources[].name] | join(" ")' "$tmp/payload")" \
  "empty sub-config sub/config.json weights.bin"
is "what is ignored" "$(jq -c .predicate.serialization "$tmp/payload")" \
  '{"method":"files","hash_type":"sha256","allow_symlinks":false,"ignore_paths":[".git",".gitattributes",".github",".gitignore"]}'
is "the bundle's form" "$(jq -c '.dsseEnvelope.payload = "" | .dsseEnvelope.signatures[0].sig = "" | .verificationMaterial.publicKey.hint = ""' "$k.sig")" \
  '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":""},"tlogEntries":[]},"dsseEnvelope":{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"","keyid":""}]}}'

check_shards() { # DIR, the statement in $tmp/payload: digests of the ranges that the names say, and the root
  local name digest path start end all=''
  while read -r digest name; do
    end=${name##*:} path=${name%:*} start=${path##*:} path=${path%:*}
    [ "$(tail -c +$((start + 1)) "$1/$path" | head -c $((end - start)) | sha256sum | cut -d' ' -f1)" = "$digest" ] || { echo "digest of $name"; return 1; }
    all+=$digest
  done < <(jq -r '.predicate.resources[] | .digest + " " + .name' "$tmp/payload")
  [ "$(printf %s "$all" | xxd -r -p | sha256sum | cut -d' ' -f1)" = "$(jq -r '.subject[0].digest.sha256' "$tmp/payload")" ]
}
k=$tmp/ECDSA-P256
ok "shards: sign" "$wattle" sign "$tmp/m" --key "$k.key" --shard-size 3 --out "$k.shards.sig"
ok "shards: openssl finds the signature good" check_signature "$k.shards.sig" "$k.pub" ECDSA-P256
ok "shards: sha256sum finds the digests good" check_shards "$tmp/m"
is "shards: their names in the reference's form, and none for the empty file" "$(jq -r '[.predicate.resources[].name] | join(" ")' "$tmp/payload")" \
  "sub-config:0:1 sub/config.json:0:2 weights.bin:0:3 weights.bin:3:6 weights.bin:6:7"
is "shards: how they were made" "$(jq -c '[.predicate.serialization, .predicate.resources[0].algorithm]' "$tmp/payload")" \
  '[{"method":"shards","hash_type":"sha256","shard_size":3,"allow_symlinks":false,"ignore_paths":[".git",".gitattributes",".github",".gitignore"]},"sha256-sharded-3"]'

ok "two keys, side by side" "$wattle" sign "$tmp/m" --key "$tmp/ML-DSA-65.key" --key "$tmp/ECDSA-P256.key"
is "one payload" "$(jq -r .dsseEnvelope.payload "$tmp/m/model.sig" | sha256sum)" "$(jq -r .dsseEnvelope.payload "$tmp/m/model.ECDSA-P256.sig" | sha256sum)"
check_signature "$tmp/m/model.sig" "$tmp/ML-DSA-65.pub" ML-DSA-65 >/dev/null
is "that names both files" "$(jq -r '.predicate.serialization.ignore_paths[4:] | join(" ")' "$tmp/payload")" "model.sig model.ECDSA-P256.sig"
ok "both verify" "$wattle" verify "$tmp/m" --key "$tmp/ML-DSA-65.pub" --key "$tmp/ECDSA-P256.pub"
rm "$tmp/m/model.ECDSA-P256.sig"
exits "one stripped is seen" 5 "$wattle" verify "$tmp/m" --key "$tmp/ML-DSA-65.pub" --key "$tmp/ECDSA-P256.pub"
finish
