# Model signatures and Sigstore's cosign (Debian sid's package): it accepts our bundles, we read its own.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
"$wattle" sign -h 2>&1 | grep -q -- --key || skip_all "this wattle has no command sign"
requires_command jq base64
peer=$("$WATTLE_SOURCE/tools/fetch-peer" cosign 2>"$tmp/fetch") || skip_all "cosign could not be fetched: $(tail -n1 "$tmp/fetch")"
cosign=$peer/usr/bin/cosign
"$cosign" version >/dev/null 2>&1 || skip_all "Debian sid's cosign does not run on this system"
diag "$("$cosign" version 2>&1 | grep -E '^(GitVersion|GoVersion)' | tr '\n' ' ')"
type=https://model_signing/signature/v1.0
export COSIGN_PASSWORD=''

mkdir -p "$tmp/m/sub"
printf 'weights' >"$tmp/m/weights.bin"
printf '{}' >"$tmp/m/sub/config.json"
: >"$tmp/m/empty"

accepts() { # KEY.pub BUNDLE OPTION...
  local key=$1 bundle=$2; shift 2
  "$cosign" verify-blob-attestation --key "$key" --insecure-ignore-tlog=true --bundle "$bundle" --type $type --check-claims=false "$@"
}

for row in P256: P384:sha384 P521:sha512; do
  curve=${row%%:*} digest=${row#*:}
  options=(); [ -z "$digest" ] || options=(--signature-digest-algorithm "$digest")
  k=$tmp/$curve
  ok "$curve: key generate" "$wattle" key generate --alg "ECDSA-$curve" --out "$k"
  ok "$curve: sign" "$wattle" sign "$tmp/m" --key "$k.key" --out "$k.sig"
  ok "$curve: cosign accepts our bundle" accepts "$k.pub" "$k.sig" "${options[@]}"
  jq -c '.dsseEnvelope.payload |= (@base64d | sub("weights.bin"; "weights.bim") | @base64)' "$k.sig" >"$k.bad"
  exits "$curve: and refuses a changed one" 1 accepts "$k.pub" "$k.bad" "${options[@]}"
  exits "$curve: as we do" 1 "$wattle" verify "$tmp/m" --key "$k.pub" --signature "$k.bad"
done
exits "cosign refuses another key" 1 accepts "$tmp/P384.pub" "$tmp/P256.sig"

# The other way: the same statement, signed and bundled by cosign with our key.
ok "cosign imports our private key" "$cosign" import-key-pair --key "$tmp/P256.key" --output-key-prefix "$tmp/theirs" -y
jq -r .dsseEnvelope.payload "$tmp/P256.sig" | base64 -d >"$tmp/statement.json"
ok "cosign signs the statement" "$cosign" attest-blob --key "$tmp/theirs.key" --statement "$tmp/statement.json" \
  --bundle "$tmp/theirs.sig" --use-signing-config=false --tlog-upload=false --new-bundle-format -y
ok "we accept cosign's bundle" "$wattle" verify "$tmp/m" --key "$tmp/P256.pub" --signature "$tmp/theirs.sig"
exits "but not for another key" 1 "$wattle" verify "$tmp/m" --key "$tmp/P384.pub" --signature "$tmp/theirs.sig"
printf 'weightz' >"$tmp/m/weights.bin"
exits "nor for a changed file" 1 "$wattle" verify "$tmp/m" --key "$tmp/P256.pub" --signature "$tmp/theirs.sig"
finish
